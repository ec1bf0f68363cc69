"""Bringing the rows of several segments into one order, in memory that does not grow with their size.

This room knows rows, keys and orders; it must not know which segments are to be merged, or why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.index.reading import KEYS, scan
from nws.index.segments import DATA, GROUP_ROWS, META, unreadable
from nws.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

# What is held and written at once: a row group of meta, and as many of arrays as take about this many bytes.
PART_BYTES = 8 << 20
_MOST_GROUPS = 256
_READ_ROWS = {META: GROUP_ROWS[META] // 16, DATA: GROUP_ROWS[DATA]}
_KEY_COLUMNS = {
    META: ["prediction_id", "dataset_name", "task_type", "metric", "val_score"],
    DATA: ["prediction_id", "partition"],
}
_SEGMENT, _PLACE = "segment", "place"


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Rows of some segments in one order.

    `order` has a row for each row that is kept: `segment`, the position of its segment in `paths`; `place`, its
    position in that. `first_id` and `last_id` are the lowest and the highest prediction_id, empty ones where there are
    no rows. `empty` are the segments that have no rows at all.
    """

    paths: Sequence[Path]
    table: str
    order: pl.DataFrame
    first_id: str = ""
    last_id: str = ""
    empty: tuple[Path, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.order)

    def parts(self) -> Iterator[pa.Table]:
        """Yield the rows in their order, in tables of bounded size.

        Raises
        ------
        Damaged
            If a segment cannot be read.
        """
        import numpy as np
        import pyarrow as pa

        owners, places = self.order[_SEGMENT].to_numpy(), self.order[_PLACE].to_numpy()
        sources = [_Source(path, self.table, places[owners == position]) for position, path in enumerate(self.paths)]
        size = self._part_rows()
        for start in range(0, len(owners), size):
            part = owners[start : start + size]
            counts = np.bincount(part, minlength=len(sources))
            taken = [source.take(int(count)) for source, count in zip(sources, counts, strict=True) if count]
            # The rows lie one source after the other; this is where each of them is to go.
            gathered = np.argsort(np.argsort(part, kind="stable"))
            yield pa.concat_tables(taken).take(pa.array(gathered))

    def _part_rows(self) -> int:
        group = GROUP_ROWS[self.table]
        if self.table == META:
            return group
        stored = sum(path.stat().st_size for path in self.paths)
        return group * min(max(PART_BYTES * self.rows // max(stored, 1) // group, 1), _MOST_GROUPS)


def merge(paths: Sequence[Path], table: str, *, without: Sequence[pl.DataFrame] = ()) -> Merge:
    """Order the rows of segments: meta by dataset, task, metric and score, best first; arrays by prediction.

    Parameters
    ----------
    paths
        The segments. Of rows that stand in several of them the one in the first of them is kept.
    table
        Which table they are of.
    without
        Keys, or parts of keys, of rows to leave out.

    Raises
    ------
    Damaged
        If a segment cannot be read.
    """
    import polars as pl

    found = [_keys(path, table).with_columns(pl.lit(at, pl.Int32).alias(_SEGMENT)) for at, path in enumerate(paths)]
    if not found:
        return Merge(paths=[], table=table, order=pl.DataFrame())
    every = pl.concat(found).unique(KEYS[table], keep="first", maintain_order=True)
    for keys in without:
        every = every.join(keys, on=keys.columns, how="anti", maintain_order="left")
    ordered = every.sort(_order(table), nulls_last=True, maintain_order=True)
    empty = tuple(path for path, rows in zip(paths, found, strict=True) if not len(rows))
    ids = (ordered["prediction_id"].min(), ordered["prediction_id"].max()) if len(ordered) else ("", "")
    return Merge(
        paths=paths,
        table=table,
        order=ordered.select(_SEGMENT, _PLACE),
        first_id=str(ids[0]),
        last_id=str(ids[1]),
        empty=empty,
    )


def _order(table: str) -> list[pl.Expr]:
    import polars as pl

    if table == DATA:
        # What was appended has this order already, and is read from front to back.
        return [pl.col("prediction_id")]
    return [*map(pl.col, ("dataset_name", "task_type", "metric")), _badness(), pl.col("prediction_id")]


def _badness() -> pl.Expr:
    """Return an expression that is smaller the better `val_score` is, in the direction of each row's own metric."""
    import polars as pl

    score = pl.col("val_score")
    ways = {"min": score, "max": -score, "zero": score.abs(), "one": (score - 1).abs()}
    by_goal: dict[str, list[str]] = {}
    for metric in METRICS.values():
        by_goal.setdefault(metric.goal, []).append(metric.name)
    known = [pl.when(pl.col("metric").is_in(names)).then(ways[goal]) for goal, names in by_goal.items()]
    return pl.coalesce(*known)


def _keys(path: Path, table: str) -> pl.DataFrame:
    import polars as pl

    with unreadable(path):
        return scan([path], table).select(_KEY_COLUMNS[table]).collect().with_row_index(_PLACE).cast({_PLACE: pl.Int64})


class _Source:
    """One segment, read from front to back as its rows are asked for.

    Parameters
    ----------
    path
        The segment.
    table
        Which table it is of.
    places
        The positions of the rows that will be asked for, in the order in which they will be.
    """

    def __init__(self, path: Path, table: str, places: NDArray[np.int64]) -> None:
        self._path = path
        self._table = table
        self._places = places
        self._held: list[pa.Table] = []
        # Nothing is opened before its first row is due: segments follow each other in time, and few are open at once.
        self._source = self._read()

    def take(self, count: int) -> pa.Table:
        """Return the next rows."""
        import pyarrow as pa

        while sum(map(len, self._held)) < count:
            self._held.append(next(self._source))
        gathered = pa.concat_tables(self._held)
        self._held = [gathered.slice(count)]
        return gathered.slice(0, count)

    def _read(self) -> Iterator[pa.Table]:
        import numpy as np
        import pyarrow as pa

        if np.all(np.diff(self._places) > 0):
            yield from self._in_order()
        else:
            # A segment in another order is one that was appended, which are small.
            yield pa.concat_tables(self._batches()).take(pa.array(self._places))

    def _in_order(self) -> Iterator[pa.Table]:
        import numpy as np
        import pyarrow as pa

        start = 0
        for batch in self._batches():
            first, last = np.searchsorted(self._places, [start, start + len(batch)])
            yield batch.take(pa.array(self._places[first:last] - start))
            start += len(batch)

    def _batches(self) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with (
            unreadable(self._path),
            pq.ParquetFile(self._path, pre_buffer=False, page_checksum_verification=True) as file,
        ):
            for batch in file.iter_batches(_READ_ROWS[self._table]):
                yield pa.Table.from_batches([batch])
