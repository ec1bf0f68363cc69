"""A report as Markdown, which every program shows as text at least.

Pictures are in the HTML page, and are named here. This room must not know what a report says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nws.report import wording
from nws.report.blocks import Commands, Explorer, Facts, Line, Picture, Table, Text
from nws.report.markup import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nws.report.blocks import Block, Cell, Report

_SPECIAL = re.compile(r"([\\`*\[\]<>|~&]|(?<!\w)_|_(?!\w))")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def markdown(report: Report) -> str:
    """Return a report as Markdown."""
    lines = [f"# {escaped(report.title)}", "", escaped(report.lead), ""]
    for section in report.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            lines += [*_lines(block), ""]
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
        yield from _table(block)
    elif isinstance(block, Picture):
        yield f"(picture in the HTML report: {escaped(block.shows)})"
    elif isinstance(block, Line):
        yield f"(drawn in the HTML report: {escaped(block.title)})"
    elif isinstance(block, Commands):
        yield from ["```sh", *map(plain, block.lines), "```"]
    elif isinstance(block, Explorer):
        yield "Charts of the predictions, sample by sample, are in the HTML report."


def _table(table: Table) -> Iterator[str]:
    yield f"**{escaped(table.caption)}**"
    yield ""
    yield f"| {' | '.join(escaped(column.label) for column in table.columns)} |"
    yield f"| {' | '.join('---:' if column.numeric else '---' for column in table.columns)} |"
    for row in table.rows:
        yield f"| {' | '.join(_cell(value) for value in row)} |"


def _cell(value: Cell) -> str:
    return escaped(value) if isinstance(value, str) else wording.figure(value)
