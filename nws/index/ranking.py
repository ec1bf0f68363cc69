"""Orders of predictions: the first of many rows, and the best of each group, without reading more than that takes.

Fetching all columns of all candidates is what would cost time and memory, so the figures are looked at first, and only
the rows that are shown are fetched whole. Each function takes one lazy frame, which is one state of the index however
often it is read. This room must not know where the rows are from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from nws.metrics import METRICS, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

ORDERS = {"min": "lowest first", "max": "highest first", "zero": "nearest 0 first", "one": "nearest 1 first"}
# Rows that may be fetched beyond those that are shown, rather than looking at one more column.
SPARE = 1_000
_GROUPS_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """Predictions, best first, and what they were ranked by.

    `column` is the `PARTITION_METRIC` column; `order` says its direction in words; `elsewhere` names, when there are
    no rows, the columns of the same metric in which the selected predictions do have figures.
    """

    rows: pl.DataFrame
    column: str
    order: str
    elsewhere: tuple[str, ...] = ()


class Key(NamedTuple):
    """Something to sort by; never null."""

    expression: pl.Expr
    descending: bool = False

    def ahead(self, limit: Any) -> pl.Expr:
        """Return whether a row comes before the limit."""
        return self.expression.gt(limit) if self.descending else self.expression.lt(limit)

    def not_after(self, limit: Any) -> pl.Expr:
        """Return whether a row comes before the limit, or at it."""
        return self.expression.ge(limit) if self.descending else self.expression.le(limit)


def best_first(column: str) -> list[Key]:
    """Return the order by a `PARTITION_METRIC` column; ties break by date, then id."""
    import polars as pl

    # A plain column, where it will do, lets whole groups of rows be passed over by their statistics.
    key = Key(pl.col(column), descending=True) if _goal(column) == "max" else Key(badness(column))
    return [key, Key(pl.col("created_at")), Key(pl.col("prediction_id"))]


def newest_first() -> list[Key]:
    """Return the order by date, then id, the newest first."""
    import polars as pl

    return [Key(pl.col("created_at"), descending=True), Key(pl.col("prediction_id"), descending=True)]


def has_figure(column: str) -> pl.Expr:
    """Return whether a prediction can be ranked by a column."""
    import polars as pl

    return (pl.col("status") == "completed") & pl.col(column).is_not_null() & pl.col(column).is_not_nan()


def badness(column: str) -> pl.Expr:
    """Return an expression that is smaller the better a score is; the same order as `nws.metrics.badness`."""
    import polars as pl

    return _by_goal(pl.col(column))[_goal(column)]


def own_badness(partition: str) -> pl.Expr:
    """Return the badness of each prediction's own primary metric on a partition."""
    import polars as pl

    score, metric = pl.col(f"{partition}_score"), pl.col("metric")
    expression = score
    for goal, value in _by_goal(score).items():
        if goal != "min":
            expression = pl.when(metric.is_in(_named(goal))).then(value).otherwise(expression)
    return expression


def _by_goal(score: pl.Expr) -> dict[str, pl.Expr]:
    return {"min": score, "max": -score, "zero": score.abs(), "one": (score - 1).abs()}


def _goal(column: str) -> str:
    return parse(column)[1].goal


def _named(goal: str) -> list[str]:
    return [name for name, metric in METRICS.items() if metric.goal == goal]


def first(frame: pl.LazyFrame, order: Sequence[Key], *, n: int | None, columns: Sequence[str]) -> pl.DataFrame:
    """Return the first `n` rows in an order (all of them if None), with these columns."""
    by = [key.expression for key in order]
    descending = [key.descending for key in order]
    if n is None:
        return streamed(frame.sort(by, descending=descending).select(columns))
    needed = list(dict.fromkeys([*columns, *(name for key in by for name in key.meta.root_names())]))
    limit, found = _nth(frame, order[0], n)
    near = frame if found < n else frame.filter(order[0].not_after(limit))
    few = streamed(near.select(needed).head(n + SPARE + 1))
    if few.height > n + SPARE:
        few = streamed(_cut(near, order, n).select(needed))
    return few.sort(by, descending=descending).head(n).select(columns)


def _nth(frame: pl.LazyFrame, key: Key, n: int) -> tuple[Any, int]:
    """Return the value of the n-th row, and how many of these n rows there are."""
    nearest = key.expression.top_k(n) if key.descending else key.expression.bottom_k(n)
    last = nearest.min() if key.descending else nearest.max()
    limit, found = streamed(frame.select(last.alias("limit"), nearest.len().alias("found"))).row(0)
    return limit, int(found)


def streamed(frame: pl.LazyFrame) -> pl.DataFrame:
    """Collect a frame a piece at a time."""
    return frame.collect(engine="streaming")


def _cut(frame: pl.LazyFrame, order: Sequence[Key], n: int) -> pl.LazyFrame:
    """Return a frame with the first `n` rows and few others, where many tie.

    The n-th value of the first key divides the rows. Those that tie there are divided by the next.
    """
    import polars as pl

    ahead: list[pl.Expr] = []
    tied: pl.Expr = pl.lit(value=True)
    for key in order:
        limit, found = _nth(frame.filter(tied), key, n)
        if found < n:
            break
        counts = key.ahead(limit).sum().alias("before"), (key.expression == limit).sum().alias("ties")
        before, ties = streamed(frame.filter(tied).select(counts)).row(0)
        ahead.append(tied & key.ahead(limit))
        tied &= key.expression == limit
        n -= before
        if ties <= n + SPARE:
            break
    return frame.filter(pl.any_horizontal([*ahead, tied]))


def best_of_each(frame: pl.LazyFrame, keys: Sequence[str], bad: pl.Expr) -> pl.DataFrame:
    """Return the best row of each group, in the order of the groups; ties break by date, then id.

    Parameters
    ----------
    frame
        Rows, all of which have a figure.
    keys
        Columns that are equal in a group.
    bad
        Smaller the better a row is.
    """
    import polars as pl

    least = streamed(frame.group_by(keys).agg(bad.min().alias("least"))).sort(keys)
    parts = [frame.head(0).collect()]
    for groups in least.iter_slices(_GROUPS_AT_ONCE):
        wanted = [
            pl.all_horizontal([pl.col(key).eq_missing(pl.lit(group[key])) for key in keys]) & (bad <= group["least"])
            for group in groups.iter_rows(named=True)
        ]
        parts.append(streamed(frame.filter(pl.any_horizontal(wanted))))
    found = pl.concat(parts).sort(*keys, "created_at", "prediction_id")
    return found.unique(list(keys), keep="first", maintain_order=True)
