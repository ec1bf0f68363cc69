"""One file as a table: numbers as a matrix, the other columns as text, and the place of every cell.

This room must not know what a column is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.dataset.cells import is_missing
from nws.dataset.columnar import Columnar
from nws.dataset.parsing import Layout, column_place, cut_as, frames, row_place
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from nws.dataset.dialect import Delimited

    File = Delimited | Columnar


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
        """Say where a cell stands: file, line as an editor counts (or row), column."""
        file = self.file
        at = file.place(row) if isinstance(file, Columnar) else row_place(file, row, header=self.header)
        return f"{at}, {self.column(column)}"

    def column(self, column: int) -> str:
        """Say which column it is, by name and number."""
        return column_place(Layout(names=self.names, header=self.header, numeric=frozenset()), column)


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
    names = column_names(file, header=header)
    chosen = frozenset(numeric)
    others = [place for place in range(len(names)) if place not in chosen]
    if isinstance(file, Columnar):
        numbers, texts = file.numbers(numeric), {place: file.texts(place) for place in others}
    else:
        layout = Layout(names=names, header=header, numeric=chosen)
        numbers, texts = _parsed(file, layout, list(numeric), others)
    return Table(file=file, header=header, names=names, numeric=list(numeric), numbers=numbers, texts=texts)


def _parsed(
    file: Delimited, layout: Layout, numeric: list[int], others: list[int]
) -> tuple[NDArray[np.float64], dict[int, list[str | None]]]:
    import numpy as np

    numbers = np.empty((file.count - layout.header, len(numeric)))
    texts: dict[int, list[str | None]] = {place: [] for place in others}
    start = 0
    for frame in frames(file, layout):
        end = start + frame.height
        if numeric:
            numbers[start:end] = frame.select([str(place) for place in numeric]).to_numpy()
        for place in others:
            texts[place].extend(_texts(frame, place))
        start = end
    return numbers, texts


def _texts(frame: pl.DataFrame, place: int) -> list[str | None]:
    cells = frame[str(place)].str.strip_chars().to_list()
    return [None if cell is None or is_missing(cell) else cell for cell in cells]


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


def taken_for(file: File) -> str:
    """Say how a file was cut, for hints."""
    return "one column for each wavelength is expected" if isinstance(file, Columnar) else cut_as(file)
