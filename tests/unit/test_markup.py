"""Text in pages and in Markdown stays text, whatever it holds."""

import html.parser
import json

import pytest

from nws.report.blocks import Report, Section, Table, Text, columns
from nws.report.markdown import escaped
from nws.report.markup import Html, data, raw, tag

HOSTILE = "</script><img onerror=\"x\" src='y'>&amp;<!--"


class Seen(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.attributes = [], "", {}
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes.update(attributes)

    def handle_data(self, text):
        self.text += text


def test_text_and_attributes_are_escaped():
    seen = Seen(tag("p", HOSTILE, title=HOSTILE))
    assert (seen.tags, seen.text, seen.attributes) == (["p"], HOSTILE, {"title": HOSTILE})


def test_only_what_tag_made_is_markup():
    assert tag("p", tag("b", "x")) == "<p><b>x</b></p>"
    assert tag("p", str(tag("b", "x"))) == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    assert isinstance(tag("br"), Html)


def test_attributes_that_are_false_are_left_out():
    assert tag("input", hidden=True, disabled=False, title=None, aria_label="") == '<input hidden aria-label="">'


def test_control_characters_and_halves_of_pairs_can_be_written():
    text = tag("p", "a\x00b\x85\udc80")
    assert text == "<p>a\ufffdb\ufffd\\udc80</p>"
    text.encode()


def test_data_ends_nowhere_and_is_read_back():
    element = data({"name": HOSTILE + "\u2028"}, name="it")
    inner = element.partition(">")[2].rpartition("</script>")[0]
    assert not {"<", ">", "&"} & set(inner)
    assert json.loads(inner) == {"name": HOSTILE + "\u2028"}


def test_a_script_that_ends_itself_is_refused():
    with pytest.raises(ValueError, match="own end"):
        raw("script", "x = '</SCRIPT>'")


def test_markdown_takes_text_as_it_is():
    assert escaped("a|b\n*c* <i> `d` [e](f) snake_case _g_") == (
        "a\\|b \\*c\\* \\<i\\> \\`d\\` \\[e\\](f) snake_case \\_g\\_"
    )


def test_a_table_has_one_line_a_row_in_markdown():
    table = Table("of | things", columns("name", "value", numeric={"value"}), [["a\n| b", 0.123456], [None, None]])
    report = Report("global", "", "T", "L", [Section("S", [Text("x"), table])])
    rows = [line for line in report.markdown().splitlines() if line.startswith("|")]
    assert rows == ["| name | value |", "| --- | ---: |", "| a \\| b | 0.1235 |", "|  |  |"]
