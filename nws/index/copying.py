"""Copies of predictions into an index of their own.

This room moves rows from one index to another; it must not know what they mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.index import segments
from nws.index.compaction import tidy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nws.index.table import Table

AT_ONCE = 1000


def copy(table: Table, folder: Path, prediction_ids: Sequence[str] | None) -> int:
    """Copy predictions with their arrays into the index in another folder, and return how many."""
    import polars as pl

    chosen = pl.lit(value=True) if prediction_ids is None else pl.col("prediction_id").is_in(list(prediction_ids))
    ids = table.rows(lambda: table.meta(chosen).select("prediction_id").sort("prediction_id"))["prediction_id"]
    for start in range(0, len(ids), AT_ONCE):
        segments.append(folder, _rows(table, ids[start : start + AT_ONCE].to_list()))
        tidy(folder)
    return len(ids)


def _rows(table: Table, ids: Sequence[str]) -> list[segments.Row]:
    meta = table.rows(lambda: table.of(segments.META, ids))
    arrays = table.rows(lambda: table.of(segments.DATA, ids))
    data: dict[str, list[dict[str, Any]]] = {}
    for row in arrays.iter_rows(named=True):
        data.setdefault(row["prediction_id"], []).append(row)
    return [segments.Row(row, data.get(row["prediction_id"], [])) for row in meta.iter_rows(named=True)]
