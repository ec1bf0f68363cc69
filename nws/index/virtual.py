"""Columns that no segment has: whether a pipeline is gone, and what it is tagged with.

This room adds them to rows; it must not look for runs or tags itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from nws.index.standing import Standing

REF, DELETED, TAGS = "ref", "deleted", "tags"
# What the columns are made of.
SOURCES = {REF: ("run_id", "pipeline_number"), DELETED: ("run_id", "pipeline_number"), TAGS: ("record",)}


def ref() -> pl.Expr:
    """Return the column that names a pipeline as commands take it."""
    import polars as pl

    number = pl.col("pipeline_number").cast(pl.String).str.zfill(4)
    return pl.concat_str("run_id", pl.lit("/"), number).alias(REF)


def deleted(standing: Standing | None) -> pl.Expr:
    """Return the column that says whether a pipeline is gone; without knowing, none is."""
    import polars as pl

    if standing is None:
        return pl.lit(value=False).alias(DELETED)
    return (~pl.col("run_id").is_in(list(standing.runs)) | taken_out(standing)).alias(DELETED)


def taken_out(standing: Standing | None) -> pl.Expr:
    """Return whether a pipeline was deleted out of a run that is there."""
    import polars as pl

    if standing is None or not standing.deleted:
        return pl.lit(value=False)
    # Few runs have such pipelines, and only their rows are looked at closely.
    runs = sorted({run for run, _ in standing.deleted})
    named = pl.concat_str("run_id", pl.lit("/"), "pipeline_number")
    listed = [f"{run}/{number}" for run, number in standing.deleted if run in standing.runs]
    return pl.when(pl.col("run_id").is_in(runs)).then(named.is_in(listed)).otherwise(pl.lit(value=False))


def with_tags(rows: pl.DataFrame, tags: Mapping[str, list[str]]) -> pl.DataFrame:
    """Return rows with the tags of each: a list, empty where there is none."""
    import polars as pl

    listed = [tags.get(record, []) for record in rows["record"]]
    return rows.with_columns(pl.Series(TAGS, listed, dtype=pl.List(pl.String())))
