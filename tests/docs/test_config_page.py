"""The examples of the page on pipeline configs expand to what the page says."""

import re
from pathlib import Path

import pytest

from nws.engine import generators, nirs4all, steps
from nws.engine.plan import read_configs
from nws.engine.splits import FORMS
from nws.errors import NwsError
from nws.pipeline.rows import chain_text, model_text

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "config.md"
TEXT = PAGE.read_text(encoding="utf-8")
# The paragraph before a block, the block, and the pipelines that it is said to give.
BLOCK = re.compile(
    r"(?P<said>(?:^[^\n]+\n)+)\n```(?P<kind>json|yaml)\n(?P<body>.*?)^```\n(?:```text\n(?P<told>.*?)^```)?",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = list(BLOCK.finditer(TEXT))
TABLE = re.compile(r"(<!-- made by [^\n]* -->\n)(.*?)(<!-- end -->)", re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda found: str(TEXT.count("\n", 0, found.start()) + 1))
def test_an_example_expands_to_what_is_said(example, tmp_path):
    path = tmp_path / f"config.{example['kind']}"
    path.write_text(example["body"], encoding="utf-8")
    words = " ".join(example["said"].split())
    refused = re.search(r"is refused: `([^`]+)`$", words)
    if refused:
        with pytest.raises(NwsError) as caught:
            read_configs(path)
        assert refused[1] in caught.value.message
        return
    configs = read_configs(path)
    said = re.search(r"gives (\d+) pipelines?\b", words)
    assert said, f"how many pipelines? {example['line']}"
    assert len(configs) == int(said[1])
    if example["told"] is not None:
        assert [_told(config) for config in configs] == example["told"].splitlines()


def test_every_example_is_looked_at():
    assert len(EXAMPLES) == len(re.findall(r"^```(?:json|yaml)$", TEXT, re.MULTILINE)) > 20


def test_the_two_forms_of_a_file_have_the_same_hashes(tmp_path):
    one, other = EXAMPLES[:2]
    assert (one["kind"], other["kind"]) == ("json", "yaml")
    hashes = []
    for example in (one, other):
        path = tmp_path / f"config.{example['kind']}"
        path.write_text(example["body"], encoding="utf-8")
        hashes.append([config.hash for config in read_configs(path)])
    assert hashes[0] == hashes[1]


def test_every_keyword_is_on_the_page():
    words = {*generators.GENERATORS, *generators.MODIFIERS, *generators.UNSUPPORTED, *generators.UNSUPPORTED_BESIDE}
    words |= {*steps._UNSUPPORTED, *generators.HEADS, "group", "name"}
    forms = {form.replace(":5:0.25", ":TIMES:FRACTION").replace(":5", ":N") for form in FORMS}
    for word in words | forms:
        assert re.search(rf"[`\"]{re.escape(word)}[`\"]", TEXT), word


def test_the_table_of_nirs4all_is_that_of_the_code():
    """`python tests/docs/test_config_page.py` writes the table anew."""
    assert TABLE.search(TEXT)[2] == table()


def table():
    lines = ["| name | stands for | its parameters |", "| --- | --- | --- |"]
    for name, equal in sorted(nirs4all._OPERATORS.items()):
        calls = [_call(path, params) for path, params in equal.chain]
        chain = f"{calls[0]}, twice" if calls[0] in calls[1:] else ", then ".join(calls)
        taken = [f"`{given}`" for given in equal.passed]
        taken += [f"`{given}` = {_plain(value)} only" for given, value in equal.fixed.items()]
        lines.append(f"| `{name}` | {chain} | {', '.join(taken) or 'none'} |")
    return "\n".join(["", *lines, "", ""])


def _call(path, params):
    given = ", ".join(f"{name}={_plain(value)}" for name, value in params.items())
    return f"`{path}({given})`" if given else f"`{path}`"


def _plain(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(config):
    made = [{"operator": step.kind, "class": step.path, "params": step.params} for step in config.steps]
    return f"{chain_text(made)} | {model_text(made)}"


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda found: found[1] + table() + found[3], TEXT), encoding="utf-8")
