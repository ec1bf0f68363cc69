"""A report as Markdown, which every program shows as text at least.

Pictures are files in a folder beside it. What the page draws by itself stands here in the tables. This room must not
know what a report says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from nws.report import wording
from nws.report.blocks import Commands, Explorer, Facts, Picture, Table, Text, filled
from nws.report.markup import plain
from nws.report.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nws.report.blocks import Block, Cell, Report

_SPECIAL = re.compile(r"([\\`*\[\]<>|~&]|(?<!\w)_|_(?!\w))")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def markdown(report: Report, *, pictures: str | None = None) -> str:
    """Return a report as Markdown; `pictures` is the folder beside it that has them, None if there is none."""
    lines = [f"# {escaped(report.title)}", "", escaped(report.lead), ""]
    for section in report.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            made = list(_picture(block, pictures) if isinstance(block, Picture) else _lines(block))
            lines += [*made, ""] if made else []
    return "\n".join(lines).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown takes as it is, in one line."""
    return _SPECIAL.sub(r"\\\1", _BREAKS.sub(" ", plain(text)))


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield f"> {escaped(block.text)}" if block.hint else escaped(block.text)
    elif isinstance(block, Facts):
        yield from (f"- **{escaped(name)}**: {escaped(text)}" for name, text in block.pairs.items() if text)
    elif isinstance(block, Table):
        yield from _table(filled(block))
    elif isinstance(block, Commands):
        yield from ["```sh", *map(plain, block.lines), "```"]
    elif isinstance(block, Explorer):
        yield "Charts of the predictions, sample by sample, are in the HTML report."


def _picture(picture: Picture, folder: str | None) -> Iterator[str]:
    words = escaped(sentence(picture.shows))
    if folder is not None:
        yield f"![{words}]({quote(f'{folder}/{picture.name}')})"
        yield ""
    yield f"*{words}*"


def _table(table: Table) -> Iterator[str]:
    yield f"**{escaped(table.caption)}**"
    yield ""
    yield f"| {' | '.join(escaped(column.label) for column in table.columns)} |"
    yield f"| {' | '.join('---:' if column.numeric else '---' for column in table.columns)} |"
    for row in table.rows:
        yield f"| {' | '.join(_cell(value) for value in row)} |"


def _cell(value: Cell) -> str:
    return escaped(value) if isinstance(value, str) else wording.figure(value)
