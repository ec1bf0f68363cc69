"""What the index has of some pipelines on one dataset: the rows among which finished work is looked for.

This room makes one query; it must not know whether what a row tells of is still there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.index import segments
from nws.index.reading import collect, lazily

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import polars as pl

COLUMNS = (
    "record", "run_id", "pipeline_id", "pipeline_number", "pipeline_hash", "target", "task_type", "status",
    "created_at",
)  # fmt: skip


def having(catalog: Path, dataset_id: str, hashes: Collection[str], figures: Sequence[str] = ()) -> pl.DataFrame:
    """Return the rows of these configs on one dataset: those that completed first, of each kind the newest first.

    Parameters
    ----------
    catalog
        The folder of the index.
    dataset_id
        The snapshot.
    hashes
        Full config hashes.
    figures
        Columns of figures to return beside `COLUMNS`.

    Raises
    ------
    Damaged
        If a segment cannot be read.
    NewerFormat
        If a newer nws wrote one.
    """
    import polars as pl

    wanted = pl.col("dataset_id").eq(dataset_id) & pl.col("pipeline_hash").is_in(list(hashes))
    order = [pl.col("status") != "completed", pl.col("created_at"), pl.col("record")]

    def query() -> pl.LazyFrame:
        rows = lazily(catalog, segments.META).filter(wanted)
        return rows.select([*COLUMNS, *figures]).sort(order, descending=[False, True, False])

    return collect(catalog, query)
