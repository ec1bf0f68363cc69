"""A report as one HTML page: no network, no other file, readable without its script and in print.

The page says in its own policy that nothing may be fetched and that no script runs but the one it came with. This room
must not know what a report says.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from nws.report import wording
from nws.report.blocks import Commands, Explorer, Facts, Line, Picture, Table, Text, filled
from nws.report.drawing import line_chart
from nws.report.markup import Html, data, joined, raw, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nws.report.blocks import Block, Cell, Report, Section

# A page must open anywhere and go into a mail; pictures beyond this are left out, and the page says so.
MOST_BYTES = 4_800_000
# Text up to the first stays in one line, from the second on it has room to be read.
_SHORT, _LONG = 32, 60


def page(report: Report) -> str:
    """Return a report as a page. The same report gives the same bytes."""
    style, script = _ours("page.css"), _ours("page.js")
    sections = [_section(section, place) for place, section in enumerate(report.sections)]
    body = _body(report, sections)
    if len(body.encode()) > MOST_BYTES:
        body = _body(
            report, [_section(section, place, pictures=False) for place, section in enumerate(report.sections)]
        )
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{report.title} · nws"),
        raw("style", style),
    )
    whole = tag("html", head, tag("body", body, raw("script", script)), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _ours(name: str) -> str:
    return (importlib.resources.files("nws.report") / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _body(report: Report, sections: list[Html]) -> Html:
    links = [tag("li", tag("a", section.title, href=f"#s{place}")) for place, section in enumerate(report.sections)]
    return joined(
        [
            tag("a", "Skip to the report", class_="skip", href="#main"),
            tag("header", tag("h1", report.title), tag("p", report.lead, class_="lead")),
            tag("nav", tag("ol", *links), aria_label="Sections"),
            tag("main", *sections, id="main"),
            tag("footer", tag("p", "Made by nws from the records of its workspace; make it again at any time.")),
        ],
        "\n",
    )


def _section(section: Section, place: int, *, pictures: bool = True) -> Html:
    blocks = [
        tag("p", f"A picture is left out, because the page would be too large: {block.shows}.", class_="hint")
        if isinstance(block, Picture) and not pictures
        else _block(block)
        for block in section.blocks
    ]
    return tag(
        "section",
        tag("h2", section.title, id=f"h{place}"),
        joined(_side_by_side(section.blocks, blocks), "\n"),
        id=f"s{place}",
        aria_labelledby=f"h{place}",
    )


def _side_by_side(blocks: Sequence[Block], made: list[Html]) -> Iterator[Html]:
    """Yield what was made of blocks, pictures that follow one another in one element."""
    for are_pictures, group in groupby(zip(blocks, made, strict=True), key=lambda pair: isinstance(pair[0], Picture)):
        elements = [element for _, element in group]
        if are_pictures:
            yield tag("div", *elements, class_="pictures")
        else:
            yield from elements


def _block(block: Block) -> Html:
    return _MADE[type(block)](block)


def _text(block: Text) -> Html:
    return tag("p", block.text, class_="hint" if block.hint else None)


def _facts(block: Facts) -> Html:
    pairs = [tag("div", tag("dt", name), tag("dd", text)) for name, text in block.pairs.items() if text]
    return tag("dl", *pairs) if pairs else Html("")


def _picture(block: Picture) -> Html:
    words = wording.sentence(block.shows)
    return tag("figure", tag("img", src=_source(block), alt=words, loading="lazy"), tag("figcaption", words))


def _line(block: Line) -> Html:
    return tag("figure", line_chart(block), tag("figcaption", block.title))


def _commands(block: Commands) -> Html:
    return tag("pre", tag("code", "\n".join(block.lines)))


def _source(picture: Picture) -> str:
    """Return a picture as the address of itself.

    As an image it is a document of its own: it runs no script, its ids and styles meet no others, it fetches nothing.
    """
    if picture.name.endswith(".svg"):
        text = re.sub(r">\s+<", "><", picture.data.decode())
        return f"data:image/svg+xml,{quote(text, safe=_UNQUOTED)}"
    return f"data:image/png;base64,{base64.b64encode(picture.data).decode()}"


_UNQUOTED = " !$()*+,-./:;=?@[]^_`{|}~'"


def _table(given: Table) -> Html:
    table = filled(given)
    heads = [tag("th", column.label, scope="col", class_="n" if column.numeric else None) for column in table.columns]
    keys: Sequence[str | None] = table.keys or [None] * len(table.rows)
    rows = [
        tag(
            "tr",
            *(_cell(value, numeric=column.numeric) for value, column in zip(row, table.columns, strict=True)),
            data_key=key,
        )
        for row, key in zip(table.rows, keys, strict=True)
    ]
    caption = tag("caption", tag("span", table.caption))
    whole = tag(
        "table",
        caption,
        tag("thead", tag("tr", *heads)),
        tag("tbody", joined(rows, "\n")),
        data_name=table.name or None,
        data_ordered=table.ordered,
    )
    # A table that is wider than the screen is moved by itself, with the keyboard too.
    return tag("div", whole, class_="wide", tabindex=0, role="region", aria_label=table.caption)


def _cell(value: Cell, *, numeric: bool) -> Html:
    if isinstance(value, str) or value is None:
        text = value or ""
        return tag("td", text, class_="n" if numeric else _width(text))
    return tag("td", wording.figure(value), class_="n", data_value=repr(value))


def _width(text: str) -> str | None:
    return "short" if len(text) <= _SHORT else "long" if len(text) >= _LONG else None


def _explorer(block: Explorer) -> Html:
    return tag(
        "div",
        tag("p", block.about),
        tag(
            "noscript", tag("p", "The charts here are drawn by the page's script, which is not running.", class_="hint")
        ),
        tag("div", id="explorer"),
        data(block.data, name="predictions"),
    )


_MADE: dict[type[Block], Callable[[Any], Html]] = {
    Text: _text, Facts: _facts, Table: _table, Picture: _picture, Line: _line, Commands: _commands, Explorer: _explorer,
}  # fmt: skip
