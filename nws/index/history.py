"""Runs as the index remembers them, those that are gone among them.

This room groups rows by run; it must not look for runs on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.index import virtual
from nws.index.ranking import own_badness, streamed
from nws.metrics import VALIDATION

if TYPE_CHECKING:
    import polars as pl

    from nws.index.standing import Standing

SCORE = f"{VALIDATION}_score"


def run_rows(frame: pl.LazyFrame, standing: Standing | None, n: int | None) -> pl.DataFrame:
    """Return one row a run, the one begun last first.

    The best pipeline of a run is that of its first target, by the primary metric on `val`. A pipeline that was deleted
    out of a run that is there does not count; a run that is gone is shown as it was.

    Parameters
    ----------
    frame
        The meta table.
    standing
        Which runs are still there; all of them if None.
    n
        How many runs at most; None for all.
    """
    import polars as pl

    begun = pl.col("created_at").min().alias("first_created_at")
    runs = streamed(frame.group_by("run_id").agg(begun)).sort("first_created_at", "run_id", descending=True)
    if n is not None:
        runs = runs.head(n)
        frame = frame.filter(pl.col("run_id").is_in(runs["run_id"].to_list()))
    frame = frame.with_columns(virtual.taken_out(standing).alias("taken_out"))
    whole = (
        _by_target(frame)
        .group_by("run_id", maintain_order=True)
        .agg(
            pl.col("run_date", "dataset_name").first(),
            pl.col("predictions", "failed").sum(),
            pl.col("last_created_at").max(),
            pl.col("metric", SCORE, "pipeline_id").first(),
        )
    )
    gone = pl.lit(value=False) if standing is None else ~pl.col("run_id").is_in(list(standing.runs))
    joined = runs.join(whole, on="run_id", how="left", maintain_order="left").with_columns(gone.alias(virtual.DELETED))
    return joined.select(
        "run_id", "run_date", "dataset_name", "predictions", "failed", "first_created_at", "last_created_at",
        virtual.DELETED, "metric", SCORE, "pipeline_id",
    )  # fmt: skip


def _by_target(frame: pl.LazyFrame) -> pl.DataFrame:
    """Return the figures of each run and target, and its best pipeline; the targets in the order of their numbers."""
    import polars as pl

    there = ~pl.col("taken_out")
    scored = there & pl.col(SCORE).is_not_null() & pl.col(SCORE).is_not_nan()
    bad = pl.when(scored).then(own_badness(VALIDATION))
    keys = ["run_id", "target"]
    groups = streamed(
        frame.group_by(keys).agg(
            pl.col("run_date", "dataset_name").first(),
            there.sum().alias("predictions"),
            (there & (pl.col("status") == "failed")).sum().alias("failed"),
            pl.col("created_at").max().alias("last_created_at"),
            pl.when(there).then(pl.col("pipeline_number")).min().alias("number"),
            bad.min().alias("least"),
        )
    )
    named = frame.select(*keys, "metric", SCORE, "pipeline_id", "pipeline_number", bad.alias("bad"))
    least = groups.lazy().select(*keys, "least")
    best = streamed(named.join(least, on=keys, nulls_equal=True).filter(pl.col("bad") == pl.col("least")))
    best = best.sort("pipeline_number").unique(keys, keep="first").drop("bad", "least", "pipeline_number")
    return groups.join(best, on=keys, how="left", nulls_equal=True).sort("number", "run_id", "target", nulls_last=True)
