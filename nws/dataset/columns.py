"""The columns of X, Y and M files: which are the spectrum, and the others joined over the partitions.

This room keeps rows and places together; it must not decide what a column that is no spectrum is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.dataset.axis import axis_of, is_counting, spectral_columns, wave
from nws.dataset.cells import NO_DELIMITER, is_missing, number
from nws.dataset.columnar import Columnar
from nws.dataset.contents import INDEX, Axis
from nws.dataset.parsing import said
from nws.dataset.table import column_names, taken_for
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nws.dataset.contents import ReadOptions
    from nws.dataset.table import File, Table

# Headings as people write them, compared without case, blanks and punctuation.
ID_NAMES = {"id", "ids", "sampleid", "sample", "samplename", "sampleno", "samplenumber", "name", "rownames", "specimen"}
PARTITION_NAMES = {"partition", "split", "set", "subset", "train", "istrain", "training", "test", "istest", "cal"}
TARGET_NAMES = {"target", "y", "class", "label", "reference"}


def plain(name: str) -> str:
    """Return a heading as it is compared with known ones: letters and digits in lower case."""
    return re.sub(r"[\W_]+", "", name).casefold()


def same_name(one: str, other: str) -> bool:
    """Say whether a name given by a person means this column."""
    return one.strip().casefold() == other.strip().casefold()


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column that is no part of the spectrum, over all partitions.

    `origin` is "X", "Y" or "M", and "X2" and so on for other sources of spectra; `position` its place in the file;
    `headed` says whether it has a name of its own; `pieces` are the tables that it comes from, each with the row it
    begins at.
    """

    name: str
    origin: str
    position: int
    headed: bool
    cells: list[str | None]
    pieces: list[tuple[int, Table, int]]

    def place(self, row: int) -> str:
        """Say where the cell of a sample stands."""
        start, table, position = max((piece for piece in self.pieces if piece[0] <= row), key=lambda piece: piece[0])
        return table.place(row - start, position)

    def numbers(self) -> list[float | None]:
        """Return the cells as numbers; None for missing ones and for text."""
        values: list[float | None] = []
        starts = {start: table.file.decimal for start, table, _ in self.pieces}
        decimal = "."
        for row, cell in enumerate(self.cells):
            decimal = starts.get(row, decimal)
            values.append(None if cell is None else number(cell, decimal))
        return values

    @property
    def is_empty(self) -> bool:
        """Whether every cell is missing."""
        return all(cell is None for cell in self.cells)

    @property
    def is_numeric(self) -> bool:
        """Whether every cell that is there is a number, and there is one."""
        found = [value for cell, value in zip(self.cells, self.numbers(), strict=True) if cell is not None]
        return bool(found) and all(value is not None for value in found)

    @property
    def is_mostly_numeric(self) -> bool:
        """Whether more cells are numbers than text: what else there is may be an error."""
        found = sum(value is not None for value in self.numbers())
        return 2 * found > sum(cell is not None for cell in self.cells)

    @property
    def is_nameless(self) -> bool:
        """Whether it has no heading where the others of its file do, as row names have."""
        return not self.headed and self.pieces[0][1].header

    @property
    def is_unique(self) -> bool:
        """Whether every sample has a value, and no two the same."""
        return None not in self.cells and len(set(self.cells)) == len(self.cells)


def spectrum(file: File, options: ReadOptions, *, header: bool) -> tuple[list[int], Axis, bool]:
    """Find the columns of the spectrum in an X file.

    Returns
    -------
    positions
        Their places.
    axis
        What they stand for.
    assumed
        Whether the unit was taken from the values.

    Raises
    ------
    BadInput
        If there are fewer than two, or a unit is asked for and the header has no numbers.
    """
    positions, axis, assumed = _found(file, options, header=header)
    if options.unit is None:
        return positions, axis, assumed
    if axis.unit == INDEX and options.unit != INDEX and not _numbers_named(file, positions, header=header):
        raise BadInput(
            f"{file.path}: no header with numbers, so the axis cannot be in {options.unit}",
            hint="leave out --unit; where the first line holds the axis, say --header yes",
        )
    return positions, Axis(unit=options.unit, values=axis.values), False


def _numbers_named(file: File, positions: list[int], *, header: bool) -> bool:
    names = column_names(file, header=header)
    return header and all(wave(names[place]) is not None for place in positions)


def _found(file: File, options: ReadOptions, *, header: bool) -> tuple[list[int], Axis, bool]:
    names = column_names(file, header=header)
    named = {place for place, name in enumerate(names) if any(same_name(name, given) for given in options.named)}
    positions = spectral_columns(names, excluded=named) if header else []
    if positions:
        return positions, *axis_of([names[place] for place in positions])
    other = named | _named_otherwise(names) if header else named | _row_numbers(file)
    positions = [place for place in range(file.width) if place not in other and _holds_numbers(file, place)]
    if len(positions) < 2:
        raise _no_spectrum(file)
    return positions, *axis_of([""] * len(positions))


def _named_otherwise(names: list[str]) -> set[int]:
    known = ID_NAMES | PARTITION_NAMES | TARGET_NAMES
    return {place for place, name in enumerate(names) if plain(name) in known} | ({0} if not names[0] else set())


def _row_numbers(file: File) -> set[int]:
    """Return the first column of a file without a header if it counts rows, and the others hold decimals."""
    first = [number(row[0]) for row in file.sample]
    counts = [value for value in first if value is not None]
    decimals = any(file.decimal in cell for row in file.sample for cell in row[1:])
    return {0} if len(counts) == len(first) > 2 and is_counting(counts) and decimals else set()


def _holds_numbers(file: File, place: int) -> bool:
    cells = [row[place] for row in file.sample[1:] or file.sample if place < len(row) and not is_missing(row[place])]
    if not cells:
        return place < file.width - 1
    # A column that is half numbers is likelier one with mistakes in it than one of words.
    return 2 * sum(number(cell, file.decimal) is not None for cell in cells) >= len(cells)


def _no_spectrum(file: File) -> BadInput:
    if file.width > 1:
        return BadInput(
            f"{file.path}: no spectrum found in {file.width} columns",
            hint=taken_for(file),
        )
    if isinstance(file, Columnar):
        return BadInput(f"{file.path}: only one column; a spectrum has at least two", hint="one row is one spectrum")
    line = "\t".join(file.sample[-1])
    blanks = len(line.split()) > 2 and all(number(word) is not None for word in line.split())
    hint = "separated by blanks? save it with commas, semicolons or tabs" if blanks else "see --delimiter"
    delimiter = "no delimiter found" if file.delimiter == NO_DELIMITER else f"with delimiter {said(file.delimiter)}"
    return BadInput(f"{file.path}: only one column ({delimiter}); a spectrum has at least two", hint=hint)


def beside(sources: Sequence[Sequence[Table]], sizes: Sequence[int]) -> list[Column]:
    """Join the other columns of the X files of all sources; one that stands in several sources alike counts once.

    Parameters
    ----------
    sources
        For each source its tables, one per partition.
    sizes
        Number of samples of each partition.
    """
    found: list[Column] = []
    for place, tables in enumerate(sources):
        for column in join("X" if not place else f"X{place + 1}", tables, sizes):
            if not any(same_name(column.name, other.name) and column.cells == other.cells for other in found):
                found.append(column)
    return found


def join(kind: str, tables: Sequence[Table | None], sizes: Sequence[int]) -> list[Column]:
    """Join the other columns of the X, Y or M files of all partitions by name.

    Parameters
    ----------
    kind
        "X", "Y" or "M", or "X2" and so on.
    tables
        One per partition, None where there is no such file.
    sizes
        Number of samples of each partition.

    Raises
    ------
    BadInput
        If Y files have different columns, or a file two of the same name.
    """
    there = [table for table in tables if table is not None]
    if kind == "Y":
        _same_columns(there)
    keys: dict[str, tuple[int, bool]] = {}
    for table in there:
        for place in table.texts:
            keys.setdefault(_key(table, place), (place, bool(table.header and table.names[place])))
    columns = []
    for key, (position, headed) in keys.items():
        cells: list[str | None] = []
        pieces: list[tuple[int, Table, int]] = []
        for each, size in zip(tables, sizes, strict=True):
            found = None if each is None else _places(each).get(key)
            if each is not None and found is not None:
                pieces.append((len(cells), each, found))
            cells.extend([None] * size if each is None or found is None else each.texts[found])
        columns.append(Column(name=key, origin=kind, position=position, headed=headed, cells=cells, pieces=pieces))
    return columns


def _key(table: Table, place: int) -> str:
    return table.names[place] or f"column {place + 1}"


def _places(table: Table) -> dict[str, int]:
    places: dict[str, int] = {}
    for place in table.texts:
        if places.setdefault(_key(table, place), place) != place:
            raise BadInput(
                f"{table.file.path}: two columns are named {table.names[place]!r}", hint="rename one of them"
            )
    return places


def _same_columns(tables: Sequence[Table]) -> None:
    for table in tables[1:]:
        one, other = ({_key(each, place) for place in each.texts} for each in (tables[0], table))
        if one != other:
            lone = min(one ^ other)
            raise BadInput(
                f"{tables[0].file.path} and {table.file.path} have different columns: {lone!r} is in one only",
                hint="the Y files of a dataset have the same columns",
            )
