"""Figures over many predictions: how many, the best, the middle and the worst of each group.

This room computes; it must not know where the rows are from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import UnknownName, UsageError
from nws.index.columns import DATE, INTEGER, META, TEXT
from nws.index.criteria import suggestion
from nws.index.ranking import badness, own_badness, streamed

if TYPE_CHECKING:
    import polars as pl

    from nws.metrics import Metric

IDENTITIES = frozenset({"prediction_id", "record", "metric", "task_type"})
# What can be grouped by: everything that names or counts, and is not a figure.
LABELS = tuple(column.name for column in META if column.kind in {TEXT, DATE, INTEGER} and column.name not in IDENTITIES)
FIGURES = ("best", "median", "mean", "std", "worst")


def check_label(name: str) -> str:
    """Return a column to group by.

    Raises
    ------
    UnknownName
        If there is no such column.
    UsageError
        If it cannot be grouped by.
    """
    if name in LABELS:
        return name
    if name in {column.name for column in META}:
        raise UsageError(f"cannot group by {name}", hint=f"group by one of {', '.join(LABELS[:12])}, …")
    raise UnknownName(f"unknown column: {name!r}", hint=suggestion(name, LABELS))


def summary(frame: pl.LazyFrame, by: str, *, partition: str, metric: Metric | None) -> pl.DataFrame:
    """Return one row a group: predictions, failed ones, and figures (`val_rmse`, …) of those that have one.

    Figures of different metrics, or of different tasks, are never put together: they stand in rows of their own.

    Parameters
    ----------
    frame
        Predictions, failed ones among them.
    by
        A column of `LABELS`.
    partition
        Whose figures.
    metric
        Which figure; the primary metric of each prediction if None.
    """
    import polars as pl

    if metric is not None:
        of_task = pl.col("task_type").eq(metric.task) | pl.col("task_type").is_null()
        frame = frame.filter(of_task).with_columns(pl.lit(metric.name).alias("metric"))
    name = f"{partition}_{metric.name}" if metric else f"{partition}_score"
    bad = badness(name) if metric else own_badness(partition)
    done = pl.when(pl.col("status") == "completed").then(pl.col(name).fill_nan(None)).alias("score")
    keys = [by, "task_type", "metric"]
    figures = frame.select(*keys, "status", done, bad.alias("bad"))
    groups = streamed(figures.group_by(keys).agg(_aggregates()))
    whole = groups.join(_medians(figures, groups.select(keys)), on=keys, how="left", nulls_equal=True)
    counted = _with_the_failed(whole, by).sort(keys, nulls_last=True)
    named = (pl.lit(f"{partition}_") + pl.col("metric")).alias("metric")
    return counted.select(by, "task_type", named, "predictions", "failed", *FIGURES)


def _aggregates() -> list[pl.Expr]:
    import polars as pl

    score = pl.col("score")
    bad = pl.when(score.is_not_null()).then(pl.col("bad"))
    return [
        pl.len().alias("predictions"),
        (pl.col("status") == "failed").sum().alias("failed"),
        score.min_by(bad).alias("best"),
        score.mean().alias("mean"),
        score.std().alias("std"),
        score.max_by(bad).alias("worst"),
    ]


def _medians(figures: pl.LazyFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Return the median of each group. It needs all figures at once: they stand with a number in place of the names."""
    import polars as pl

    numbered = groups.with_row_index("group")
    joined = figures.join(numbered.lazy(), on=groups.columns, nulls_equal=True).select("group", "score")
    medians = streamed(joined).group_by("group").agg(pl.col("score").median().alias("median"))
    return numbered.join(medians, on="group").drop("group")


def _with_the_failed(groups: pl.DataFrame, by: str) -> pl.DataFrame:
    """Count pipelines that failed before their task or metric was known with the only one that their group has."""
    import polars as pl

    known = groups.filter(pl.col("task_type").is_not_null() & pl.col("metric").is_not_null())
    only = known.filter(pl.len().over(by) == 1).select(by)
    unknown = groups.join(known, on=[by, "task_type", "metric"], how="anti", nulls_equal=True)
    counted = unknown.join(only, on=by, how="semi", nulls_equal=True)
    extra = counted.group_by(by).agg(pl.col("predictions", "failed").sum().name.prefix("more_"))
    joined = groups.join(counted, on=[by, "task_type", "metric"], how="anti", nulls_equal=True)
    joined = joined.join(extra, on=by, how="left", nulls_equal=True)
    more = [pl.col(name) + pl.col(f"more_{name}").fill_null(0) for name in ("predictions", "failed")]
    return joined.with_columns(more).drop("more_predictions", "more_failed")
