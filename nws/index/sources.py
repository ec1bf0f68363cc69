"""Segments as sources of rows: what their rows are sorted by, and the rows themselves in any order that is asked for.

Small segments are read at once, each of them once; a large one is read from front to back, in pieces. This room must
not know which order is wanted, or why.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nws.index.segments import DATA, GROUP_ROWS, META, scan, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

# A segment of up to so many bytes is read whole, until all that are take so much.
SMALL = 1 << 20
_SMALL_TOGETHER = 32 << 20
_READ_ROWS = {META: GROUP_ROWS[META] // 16, DATA: GROUP_ROWS[DATA]}


class Source:
    """Rows that are in a certain order, and are asked for in another.

    Parameters
    ----------
    keys
        Some columns of all rows.
    batches
        Reads all rows, in the order of `keys`, a piece at a time.
    """

    def __init__(self, keys: pl.DataFrame, batches: Callable[[], Iterable[pa.Table]]) -> None:
        self.keys = keys
        self._batches = batches
        self._held: list[pa.Table] = []
        self._rows: Iterator[pa.Table] = iter(())

    def ask(self, places: NDArray[np.int64]) -> None:
        """Say which rows will be taken, by their positions in `keys`, in the order in which they will be.

        Nothing is opened before the first of them is: segments follow each other in time, and few are open at once.
        """
        self._rows = self._read(places)

    def take(self, count: int) -> pa.Table:
        """Return the next rows of those asked for."""
        import pyarrow as pa

        while sum(map(len, self._held)) < count:
            self._held.append(next(self._rows))
        gathered = pa.concat_tables(self._held)
        self._held = [gathered.slice(count)]
        return gathered.slice(0, count)

    def _read(self, places: NDArray[np.int64]) -> Iterator[pa.Table]:
        import numpy as np
        import pyarrow as pa

        if not np.all(np.diff(places) > 0):
            # In another order are only rows that were appended, which are few.
            yield pa.concat_tables(self._batches()).take(pa.array(places))
            return
        start = 0
        for batch in self._batches():
            first, last = np.searchsorted(places, [start, start + len(batch)])
            yield batch.take(pa.array(places[first:last] - start))
            start += len(batch)


def sources(paths: Sequence[Path], table: str, columns: Sequence[str]) -> tuple[list[Source], list[Path]]:
    """Return segments as sources, with these columns for keys, and those of the segments that have no rows.

    Raises
    ------
    Damaged
        If a segment cannot be read.
    """
    import polars as pl
    import pyarrow as pa

    small, large = _by_size(paths)
    tables = [pa.concat_tables(_batches(path, table)) for path in small]
    empty = [path for path, rows in zip(small, tables, strict=True) if not len(rows)]
    found = [Source(_keys(path, table, columns), partial(_batches, path, table)) for path in large]
    if tables:
        together = pa.concat_tables(tables)
        keys = pl.from_arrow(together.select(list(columns)))
        assert isinstance(keys, pl.DataFrame)
        found.append(Source(keys, lambda: [together]))
    return found, empty


def _by_size(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    small, large, gathered = [], [], 0
    for path in paths:
        size = path.stat().st_size
        if size <= SMALL and gathered + size <= _SMALL_TOGETHER:
            small.append(path)
            gathered += size
        else:
            large.append(path)
    return small, large


def _keys(path: Path, table: str, columns: Sequence[str]) -> pl.DataFrame:
    with unreadable(path):
        return scan([path], table).select(columns).collect()


def _batches(path: Path, table: str) -> Iterator[pa.Table]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with unreadable(path), pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
        for batch in file.iter_batches(_READ_ROWS[table]):
            yield pa.Table.from_batches([batch])
        if not file.metadata.num_rows:
            yield file.schema_arrow.empty_table()
