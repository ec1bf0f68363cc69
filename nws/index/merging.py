"""Bringing the rows of several segments into one order, in memory that does not grow with their size.

This room knows rows, keys and orders; it must not know which segments are to be merged, or why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.index.ranking import own_badness
from nws.index.reading import KEYS
from nws.index.segments import DATA, GROUP_ROWS, META
from nws.index.sources import sources
from nws.metrics import VALIDATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl
    import pyarrow as pa

    from nws.index.sources import Source

# What is held and written at once: a row group of meta, and as many of arrays as take about this many bytes.
PART_BYTES = 8 << 20
_MOST_GROUPS = 256
_KEY_COLUMNS = {
    META: ["prediction_id", "dataset_name", "task_type", "metric", "val_score"],
    DATA: ["prediction_id", "partition"],
}
_SOURCE, _PLACE = "source", "place"


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Rows of some segments in one order.

    `order` has a row for each row that is kept: `source`, the position of its source in `sources`; `place`, its
    position in that. `stored` is how many bytes the segments take. `first_id` and `last_id` are the lowest and the
    highest prediction_id, empty ones where there are no rows. `empty` are the segments that have no rows at all.
    """

    table: str
    sources: Sequence[Source]
    order: pl.DataFrame
    stored: int = 0
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

        owners, places = self.order[_SOURCE].to_numpy(), self.order[_PLACE].to_numpy()
        for position, source in enumerate(self.sources):
            source.ask(places[owners == position])
        size = self._part_rows()
        for start in range(0, len(owners), size):
            part = owners[start : start + size]
            counts = np.bincount(part, minlength=len(self.sources))
            taken = [source.take(int(count)) for source, count in zip(self.sources, counts, strict=True) if count]
            # The rows lie one source after the other; this is where each of them is to go.
            gathered = np.argsort(np.argsort(part, kind="stable"))
            yield pa.concat_tables(taken).take(pa.array(gathered))

    def _part_rows(self) -> int:
        group = GROUP_ROWS[self.table]
        if self.table == META:
            return group
        return group * min(max(PART_BYTES * self.rows // max(self.stored, 1) // group, 1), _MOST_GROUPS)


def merge(paths: Sequence[Path], table: str, *, without: Sequence[pl.DataFrame] = ()) -> Merge:
    """Order the rows of segments: meta by dataset, task, metric and score, best first; arrays by prediction.

    Parameters
    ----------
    paths
        The segments. Of rows that stand in several of them, which are equal, one is kept.
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

    found, empty = sources(paths, table, _KEY_COLUMNS[table])
    if not found:
        return Merge(table=table, sources=[], order=pl.DataFrame())
    keyed = [
        source.keys.with_row_index(_PLACE).with_columns(pl.col(_PLACE).cast(pl.Int64), pl.lit(at).alias(_SOURCE))
        for at, source in enumerate(found)
    ]
    every = pl.concat(keyed).unique(KEYS[table], keep="first", maintain_order=True)
    for keys in without:
        every = every.join(keys, on=keys.columns, how="anti", maintain_order="left")
    ordered = every.sort(_order(table), nulls_last=True, maintain_order=True)
    ids = (ordered["prediction_id"].min(), ordered["prediction_id"].max()) if len(ordered) else ("", "")
    return Merge(
        table=table,
        sources=found,
        order=ordered.select(_SOURCE, _PLACE),
        stored=sum(path.stat().st_size for path in paths),
        first_id=str(ids[0]),
        last_id=str(ids[1]),
        empty=tuple(empty),
    )


def _order(table: str) -> list[pl.Expr]:
    import polars as pl

    if table == DATA:
        # What was appended has this order already, and is read from front to back.
        return [pl.col("prediction_id")]
    return [*map(pl.col, ("dataset_name", "task_type", "metric")), own_badness(VALIDATION), pl.col("prediction_id")]
