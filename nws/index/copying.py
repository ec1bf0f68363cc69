"""Copies of predictions into an index of their own.

This room moves rows from one index to another; it must not know what they mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.index import segments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from nws.index.table import Table

AT_ONCE = 1000


def copy(table: Table, folder: Path, prediction_ids: Sequence[str] | None) -> int:
    """Copy predictions with their arrays into the index in another folder, and return how many."""
    import polars as pl

    chosen = pl.lit(value=True) if prediction_ids is None else pl.col("prediction_id").is_in(list(prediction_ids))
    meta = table.rows(lambda: table.meta(chosen).sort("prediction_id"))
    for part in meta.iter_slices(AT_ONCE):
        segments.append(folder, _rows(table, part))
    return len(meta)


def _rows(table: Table, meta: pl.DataFrame) -> list[segments.Row]:
    ids = meta["prediction_id"].to_list()
    arrays = table.rows(lambda: table.of(segments.DATA, ids))
    data: dict[str, list[dict[str, Any]]] = {}
    for row in arrays.iter_rows(named=True):
        data.setdefault(row["prediction_id"], []).append(row)
    return [segments.Row(row, data.get(row["prediction_id"], [])) for row in meta.iter_rows(named=True)]
