"""What a report is made of: sections of sentences, facts, tables and pictures, as plain values.

Whoever writes a report fills these; how they look as Markdown or HTML is not known here, and nothing here reads a
workspace.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Cell = str | int | float | None


@dataclass(frozen=True)
class Text:
    """A paragraph; `hint` says that it explains rather than tells."""

    text: str
    hint: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and what each is: `target: octane`. Those with nothing to say are left out."""

    pairs: Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and whether it holds numbers."""

    label: str
    numeric: bool = False


def columns(*labels: str, numeric: Collection[str] = ()) -> list[Column]:
    """Return columns by their headings; those in `numeric` hold numbers."""
    return [Column(label, label in numeric) for label in labels]


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    `name` tells a table that the page does more with than sorting it; `keys` name its rows for that. `ordered` says
    that the order of the rows has a meaning, so that nobody is offered another one.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    name: str = ""
    keys: Sequence[str] = ()
    ordered: bool = False


def filled(table: Table) -> Table:
    """Return a table without the columns that say nothing in any row."""
    kept = [place for place in range(len(table.columns)) if any(row[place] not in {None, ""} for row in table.rows)]
    if not table.rows or len(kept) == len(table.columns):
        return table
    rows = [[row[place] for place in kept] for row in table.rows]
    return replace(table, columns=[table.columns[place] for place in kept], rows=rows)


@dataclass(frozen=True)
class Picture:
    """A drawing: a name that no other of its report has, its bytes as SVG or PNG, and what it shows."""

    name: str
    data: bytes
    shows: str


@dataclass(frozen=True)
class Line:
    """Values over steps in time, one line of them; drawn by the page itself."""

    title: str
    labels: Sequence[str]
    values: Sequence[float]
    unit: str


@dataclass(frozen=True)
class Commands:
    """Commands to type."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Explorer:
    """Predictions to look into, sample by sample and two pipelines at a time; see `nws.report.explore`."""

    data: Mapping[str, Any]
    about: str


Block = Text | Facts | Table | Picture | Line | Commands | Explorer


@dataclass(frozen=True)
class Section:
    """A part of a report under a heading."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """A report: what it is of, in a title and a sentence, and its sections.

    `kind` is `run`, `dataset` or `global`, and `name` what it is of (nothing for the last).
    """

    kind: str
    name: str
    title: str
    lead: str
    sections: Sequence[Section] = field(default=())

    @property
    def stem(self) -> str:
        """The name of its files, without the suffix."""
        return {"run": self.name, "dataset": f"dataset_{self.name}", "global": "global"}[self.kind]

    @property
    def pictures(self) -> dict[str, bytes]:
        """Its pictures by name."""
        blocks = (block for section in self.sections for block in section.blocks)
        return {block.name: block.data for block in blocks if isinstance(block, Picture)}

    def markdown(self, *, pictures: str | None = None) -> str:
        """Return it as Markdown that shows the pictures of a folder beside it; if None, names them only."""
        from nws.report.markdown import markdown

        return markdown(self, pictures=pictures)

    def html(self) -> str:
        """Return it as one HTML page that needs nothing else."""
        from nws.report.html import page

        return page(self)
