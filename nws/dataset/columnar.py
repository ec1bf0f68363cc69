"""A table whose columns have types already: arrays and Parquet, in the place of a delimited file.

This room turns typed values into numbers, cells and places; it must not read files or know what a column is for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nws.dataset.cells import is_missing, number
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

_SAMPLE = 60


@dataclass(frozen=True, kw_only=True)
class Columnar:
    """A typed table.

    `values` is a matrix of shape (samples, columns) or a frame; `names` has one entry per column, None where there
    are none; `form` is the kind of file it comes from; `notes` is what there is to say about it. `path` may name an
    array inside a file, `wheat.npz/Xcal`.
    """

    path: Path
    values: NDArray[Any] | pl.DataFrame
    names: list[str] | None
    form: str
    decimal: str = "."
    notes: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Number of rows."""
        return int(self.values.shape[0])

    @property
    def header(self) -> bool:
        """Whether the columns have names; that is no question here."""
        return self.names is not None

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.values.shape[1])

    @property
    def count(self) -> int:
        """Number of rows, the names as one of them, as in a delimited file."""
        return self.samples + self.header

    @cached_property
    def sample(self) -> list[list[str]]:
        """The first rows as cells, the names first where there are any."""
        columns = [cells(self.values[:_SAMPLE, place]) for place in range(self.width)]
        body = [["" if cell is None else cell for cell in row] for row in zip(*columns, strict=True)]
        return [self.names, *body] if self.names is not None else body

    def place(self, row: int) -> str:
        """Say where a row stands, counted from 1."""
        return f"{self.path} row {row + 1}"

    def texts(self, place: int) -> list[str | None]:
        """Return the cells of a column as text, None for missing ones."""
        return [None if cell is None or is_missing(cell) else cell for cell in cells(self.values[:, place])]

    def numbers(self, places: Sequence[int]) -> NDArray[np.float64]:
        """Return columns as a float64 matrix in C order, NaN for missing cells.

        Raises
        ------
        BadInput
            For a column that holds no numbers, with the place of the first cell that is none.
        """
        import numpy as np

        if isinstance(self.values, np.ndarray) and self.values.dtype.kind in "fiu":
            chosen = self.values if list(places) == list(range(self.width)) else self.values[:, list(places)]
            return np.ascontiguousarray(chosen, dtype=np.float64)
        matrix = np.empty((self.samples, len(places)))
        for position, place in enumerate(places):
            matrix[:, position] = self._column(place)
        return matrix

    def _column(self, place: int) -> Any:
        import polars as pl

        column = self.values[:, place]
        if isinstance(column, pl.Series) and column.dtype.is_numeric():
            return column.cast(pl.Float64).to_numpy()
        values = []
        for row, cell in enumerate(self.texts(place)):
            value = math.nan if cell is None else number(cell)
            if value is None:
                name = self.names[place] if self.names is not None else str(place + 1)
                raise BadInput(
                    f"{self.place(row)}, column {name!r} ({place + 1}): text among numbers: {str(cell)[:40]!r}",
                    hint="correct the cell; if the column is not part of the spectrum, --metadata",
                )
            values.append(value)
        return values


def cells(column: Any) -> list[str | None]:
    """Return typed values as cells: whole numbers without a point, others in full, None for what is missing."""
    return [cell_of(value) for value in (column.to_list() if hasattr(column, "to_list") else column.tolist())]


def cell_of(value: Any) -> str | None:
    """Return one value as a cell."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 2**53 and not (value == 0 and math.copysign(1, value) < 0)
        return str(int(value)) if whole else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    return str(value).strip()
