"""One delimited file parsed: numbers as a matrix, the other columns as text, and the place of every cell.

polars parses; this room checks that nothing was lost on the way, and finds the line of what is wrong. It must not
know what a column is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.dataset.cells import MISSING, NO_DELIMITER, is_missing, number, rows
from nws.dataset.columnar import Columnar
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from nws.dataset.dialect import Delimited

    File = Delimited | Columnar

_HEADER_HINT = "if the first line holds names, say --header yes; if the column is not part of the spectrum, --metadata"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A parsed file.

    `names` has one entry per column ("1", "2", … without a header); `numbers` is the float64 matrix, C order, of the
    columns at `numeric`, with NaN for missing cells; `texts` maps the other columns to their cells, None if missing.
    """

    file: File
    header: bool
    names: list[str]
    numeric: list[int]
    numbers: NDArray[np.float64]
    texts: dict[int, list[str | None]]

    @property
    def samples(self) -> int:
        """Number of rows without the header."""
        return int(self.numbers.shape[0])

    def place(self, row: int, column: int) -> str:
        """Say where a cell stands: file, line as an editor counts, column."""
        return f"{row_place(self.file, row, header=self.header)}, {self.column(column)}"

    def column(self, column: int) -> str:
        """Say which column it is, by name and number."""
        return _column(self.names, column, header=self.header)


def row_place(file: File, row: int, *, header: bool) -> str:
    """Say where a row stands, counted from 0 without the header: file and line as an editor counts, or row."""
    if isinstance(file, Columnar):
        return file.place(row)
    return f"{file.path} {file.unit} {_row_at(file, row + header)[0]}"


def column_names(file: File, *, header: bool) -> list[str]:
    """Return the names of the columns: of the header, or "1", "2", …; an empty name stands for row names."""
    if isinstance(file, Columnar) and file.names is not None:
        return file.names
    if not header:
        return [str(place + 1) for place in range(file.width)]
    names = list(file.sample[0])
    if len(names) == file.width - 1:
        # Either every row ends with a delimiter, or R wrote row names without a heading.
        ends_empty = all(not row[-1] for row in file.sample[1:])
        names = [*names, ""] if ends_empty else ["", *names]
    return names


def parse(file: File, *, header: bool, numeric: Sequence[int]) -> Table:
    """Parse a file; of one with types, take out its columns.

    Raises
    ------
    BadInput
        For rows of different lengths and for text among numbers, with line and column.
    """
    import numpy as np

    names = column_names(file, header=header)
    if isinstance(file, Columnar):
        texts = {place: file.texts(place) for place in range(len(names)) if place not in set(numeric)}
        numbers = file.numbers(numeric)
        return Table(file=file, header=header, names=names, numeric=list(numeric), numbers=numbers, texts=texts)
    _check_widths(file, names, header=header)
    frame = _frame(file, names, header=header, numeric=set(numeric))
    if frame.height != file.count - header:
        raise BadInput(
            f"{file.path}: {frame.height} rows parsed of {file.count - header}", hint="check the quotes in this file"
        )
    texts = {place: _texts(frame, place) for place in range(len(names)) if place not in set(numeric)}
    matrix = frame.select([str(place) for place in numeric]).to_numpy(order="c") if numeric else None
    numbers = np.empty((frame.height, 0)) if matrix is None else np.ascontiguousarray(matrix, dtype=np.float64)
    return Table(file=file, header=header, names=names, numeric=list(numeric), numbers=numbers, texts=texts)


def check_numbers(table: Table) -> None:
    """Refuse missing and infinite numbers.

    Raises
    ------
    BadInput
        With the place of the first, or the column if it is empty all the way down.
    """
    import numpy as np

    finite = np.isfinite(table.numbers)
    if finite.all():
        return
    empty = np.flatnonzero(np.isnan(table.numbers).all(axis=0))
    if empty.size:
        column = table.column(table.numeric[int(empty[0])])
        raise BadInput(f"{table.file.path}: {column} is empty in all {table.samples} rows", hint="take the column out")
    row, position = (int(index) for index in np.argwhere(~finite)[0])
    place = table.place(row, table.numeric[position])
    if np.isinf(table.numbers[row, position]):
        raise BadInput(f"{place}: an infinite value", hint="correct the cell, or take the row out")
    count = int((~finite).sum())
    more = f" ({count} such cells in all)" if count > 1 else ""
    raise BadInput(f"{place}: a value of the spectrum is missing{more}", hint="fill it in, or take the row out")


def _check_widths(file: Delimited, names: list[str], *, header: bool) -> None:
    """Refuse rows that are too long or too short; polars would fill short ones silently."""
    first = len(file.sample[0]) if header else file.width
    expected = first - 1 + (file.count - 1) * (file.width - 1)
    if first in (file.width, file.width - 1) and file.body.count(file.delimiter.encode()) == expected:
        return
    for place, (line, cells) in enumerate(_rows(file)):
        allowed = {len(names)} if place or not header else {len(names), file.width - 1}
        if len(cells) not in allowed or len(names) != file.width:
            raise _ragged(file, line, len(cells))


def _ragged(file: Delimited, line: int, found: int) -> BadInput:
    return BadInput(
        f"{file.path} {file.unit} {line}: {found} cells where other rows have {file.width}",
        hint=taken_for(file),
    )


def said(mark: str) -> str:
    """Return the word for a delimiter or decimal mark."""
    words = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", ".": "point", NO_DELIMITER: "none"}
    return words[mark]


def taken_for(file: File) -> str:
    """Say how a file was cut, for hints."""
    if isinstance(file, Columnar) or file.form is not None:
        return "one column for each wavelength is expected"
    taken = f"delimiter taken for {said(file.delimiter)}, decimal mark for {said(file.decimal)}"
    return f"{taken}; see --delimiter, --decimal"


def _frame(file: Delimited, names: list[str], *, header: bool, numeric: set[int]) -> pl.DataFrame:
    import polars as pl

    body = file.body
    if file.blank_lines:
        body = re.sub(rb"\n[ \t]*(?=\n)", b"", body)
    # polars reads points in decimal-comma files too, so that 1.234 would pass for a number.
    mixed = file.decimal == "," and re.search(rb"\d\.\d", body[body.find(b"\n") if header else 0 :]) is not None
    if not mixed:
        types = {str(place): pl.Float64 if place in numeric else pl.String for place in range(len(names))}
        try:
            return _polars(file, body, types, header=header)
        except pl.exceptions.PolarsError:
            pass
    try:
        frame = _polars(file, body, dict.fromkeys(map(str, range(len(names))), pl.String), header=header)
    except pl.exceptions.PolarsError as err:
        _check_every_row(file)
        raise BadInput(f"{file.path}: {str(err).splitlines()[0]}", hint="check the quotes in this file") from err
    return _cast(frame, file, names, header=header, numeric=numeric)


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


def _cast(frame: pl.DataFrame, file: Delimited, names: list[str], *, header: bool, numeric: set[int]) -> pl.DataFrame:
    """Turn text columns into numbers one by one; the way for files that have something to strip or to complain of."""
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
    if not faults:
        return frame
    row, place, cell = min(faults)
    shown = cell if len(cell) <= 40 else cell[:40] + "…"
    hint = _HEADER_HINT
    if number(cell, "," if file.decimal == "." else ".") is not None:
        hint = f"decimal mark taken for {said(file.decimal)}; see --decimal"
    where = f"{row_place(file, row, header=header)}, {_column(names, place, header=header)}"
    raise BadInput(f"{where}: text among numbers: {shown!r}", hint=hint)


def _check_every_row(file: Delimited) -> None:
    width = None
    for line, cells in _rows(file):
        if width is not None and len(cells) != file.width:
            raise _ragged(file, line, len(cells))
        width = len(cells)


def _rows(file: Delimited) -> Iterator[tuple[int, list[str]]]:
    return rows(file.body, file.delimiter, where=str(file.path), first_line=file.first_line)


def _row_at(file: Delimited, index: int) -> tuple[int, list[str]]:
    for place, row in enumerate(_rows(file)):
        if place == index:
            return row
    raise IndexError(index)


def _column(names: list[str], column: int, *, header: bool) -> str:
    return f"column {names[column]!r} ({column + 1})" if header else f"column {column + 1}"


def _texts(frame: pl.DataFrame, place: int) -> list[str | None]:
    cells = frame[str(place)].str.strip_chars().to_list()
    return [None if cell is None or is_missing(cell) else cell for cell in cells]
