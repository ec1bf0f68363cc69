"""Delimited text turned into frames, one block of rows after the other, so that only one is held besides the result.

polars parses; this room checks that nothing was lost on the way, and finds the line of what is wrong. It must not
know what a column is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.dataset.cells import MISSING, NO_DELIMITER, number, rows
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from nws.dataset.dialect import Delimited

BLOCK = 4 << 20
_HEADER_HINT = "if the first line holds names, say --header yes; if the column is not part of the spectrum, --metadata"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What to make of a file: names of its columns, whether the first row holds them, which columns are numbers."""

    names: list[str]
    header: bool
    numeric: frozenset[int]


def frames(file: Delimited, layout: Layout) -> Iterator[pl.DataFrame]:
    """Yield the rows of a file as frames whose columns are called "0", "1", …: Float64 where numeric, else String.

    Raises
    ------
    BadInput
        For rows of different lengths and for text among numbers, with line and column.
    """
    _check_widths(file, layout)
    samples = file.count - layout.header
    found = 0
    for block, header in _blocks(file.body, header=layout.header):
        if file.blank_lines and not block.strip():
            continue
        frame = _frame(file, layout, block, header=header, start=found)
        found += frame.height
        if found <= samples:
            yield frame
    if found != samples:
        raise BadInput(f"{file.path}: {found} rows parsed of {samples}", hint="check the quotes in this file")


def _blocks(body: bytes, *, header: bool) -> Iterator[tuple[bytes, bool]]:
    """Cut text at line ends, and say of each block whether it begins with a header. Quotes may hold line ends."""
    if len(body) <= 2 * BLOCK or b'"' in body:
        yield body, header
        return
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + BLOCK)
        end = len(body) if end < 0 else end
        yield body[start:end], header and not start
        start = end + 1


def _frame(file: Delimited, layout: Layout, body: bytes, *, header: bool, start: int) -> pl.DataFrame:
    """Parse a block; `start` is the number of samples before it."""
    import polars as pl

    if file.blank_lines:
        body = re.sub(rb"\A(?:[ \t]*\n)+|\n[ \t]*(?=\n|\Z)", b"", body)
    # polars reads points in decimal-comma files too, so that 1.234 would pass for a number.
    mixed = file.decimal == "," and re.search(rb"\d\.\d", body[body.find(b"\n") if header else 0 :]) is not None
    places = range(len(layout.names))
    if not mixed:
        types = {str(place): pl.Float64 if place in layout.numeric else pl.String for place in places}
        try:
            return _polars(file, body, types, header=header)
        except pl.exceptions.PolarsError:
            pass
    try:
        frame = _polars(file, body, dict.fromkeys(map(str, places), pl.String), header=header)
    except pl.exceptions.PolarsError as err:
        _check_every_row(file)
        raise BadInput(f"{file.path}: {str(err).splitlines()[0]}", hint="check the quotes in this file") from err
    frame, fault = _cast(frame, file, layout.numeric)
    if fault is not None:
        row, place, cell = fault
        where = f"{row_place(file, start + row, header=layout.header)}, {column_place(layout, place)}"
        raise _text_among_numbers(file, where, cell)
    return frame


def _polars(file: Delimited, body: bytes, types: Mapping[str, type[pl.DataType]], *, header: bool) -> pl.DataFrame:
    import polars as pl

    return pl.read_csv(
        body,
        has_header=False,
        skip_rows=int(header),
        separator=file.delimiter,
        decimal_comma=file.decimal == ",",
        schema=types,
        quote_char='"' if b'"' in body else None,
    )


def _cast(
    frame: pl.DataFrame, file: Delimited, numeric: frozenset[int]
) -> tuple[pl.DataFrame, tuple[int, int, str] | None]:
    """Turn text columns into numbers one by one; the way for files that have something to strip or to complain of.

    Returns
    -------
    frame
        With numbers.
    fault
        Row, column and text of the first cell that is none.
    """
    import polars as pl

    faults: list[tuple[int, int, str]] = []
    for place in sorted(numeric):
        text = frame[str(place)].str.strip_chars()
        text = text.set(text.is_in(list(MISSING)), None)
        plain = text if file.decimal == "." else text.set(text.str.contains(".", literal=True), "?")
        values = plain.str.replace(file.decimal, ".", literal=True).cast(pl.Float64, strict=False)
        bad = (values.is_null() & text.is_not_null()).arg_max()
        if bad is not None and values[bad] is None and text[bad] is not None:
            faults.append((bad, place, text[bad]))
        frame = frame.with_columns(values.alias(str(place)))
    return frame, min(faults, default=None)


def _text_among_numbers(file: Delimited, where: str, cell: str) -> BadInput:
    shown = cell if len(cell) <= 40 else cell[:40] + "…"
    hint = _HEADER_HINT
    if number(cell, "," if file.decimal == "." else ".") is not None:
        hint = f"decimal mark taken for {said(file.decimal)}; see --decimal"
    return BadInput(f"{where}: text among numbers: {shown!r}", hint=hint)


def _check_widths(file: Delimited, layout: Layout) -> None:
    """Refuse rows that are too long or too short; polars would fill short ones silently."""
    first = len(file.sample[0]) if layout.header else file.width
    expected = first - 1 + (file.count - 1) * (file.width - 1)
    if first in (file.width, file.width - 1) and file.body.count(file.delimiter.encode()) == expected:
        return
    columns = len(layout.names)
    for place, (line, cells) in enumerate(_rows(file)):
        allowed = {columns} if place or not layout.header else {columns, file.width - 1}
        if len(cells) not in allowed or columns != file.width:
            raise _ragged(file, line, len(cells))


def _check_every_row(file: Delimited) -> None:
    width = None
    for line, cells in _rows(file):
        if width is not None and len(cells) != file.width:
            raise _ragged(file, line, len(cells))
        width = len(cells)


def _ragged(file: Delimited, line: int, found: int) -> BadInput:
    hint = cut_as(file)
    if found == 1 and line == file.first_line:
        hint = "a title above the table? take it out, or begin its lines with #"
    return BadInput(f"{file.path} {file.unit} {line}: {found} cells where other rows have {file.width}", hint=hint)


def _rows(file: Delimited) -> Iterator[tuple[int, list[str]]]:
    return rows(file.body, file.delimiter, where=str(file.path), first_line=file.first_line)


def row_place(file: Delimited, row: int, *, header: bool) -> str:
    """Say where a row stands, counted from 0 without the header: file, and line as an editor counts."""
    line = next(line for place, (line, _) in enumerate(_rows(file)) if place == row + header)
    return f"{file.path} {file.unit} {line}"


def column_place(layout: Layout, column: int) -> str:
    """Say which column it is, by name and number."""
    return f"column {layout.names[column]!r} ({column + 1})" if layout.header else f"column {column + 1}"


def said(mark: str) -> str:
    """Return the word for a delimiter or decimal mark."""
    words = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", ".": "point", NO_DELIMITER: "none"}
    return words[mark]


def cut_as(file: Delimited) -> str:
    """Say how a file was cut, for hints."""
    if file.form is not None:
        return "one column for each wavelength is expected"
    return (
        f"delimiter taken for {said(file.delimiter)}, decimal mark for {said(file.decimal)}; see --delimiter, --decimal"
    )
