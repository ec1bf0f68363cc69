"""Which figure a question is about: the one that is named, or the one that the predictions themselves go by.

This room chooses a column; it must not rank by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import UnknownName, UsageError
from nws.index.criteria import TASKS
from nws.index.ranking import streamed
from nws.metrics import METRICS, PARTITIONS, PRIMARY, VALIDATION, parse

if TYPE_CHECKING:
    from nws.index.criteria import Selection
    from nws.index.table import Table


def partition_of(name: str | None) -> str:
    """Return the partition that is named; `val` where none is, and never another one.

    Raises
    ------
    UnknownName
        If there is no such partition.
    """
    if name is not None and name not in PARTITIONS:
        raise UnknownName(f"unknown partition: {name!r}", hint=f"one of {', '.join(PARTITIONS)}")
    return name or VALIDATION


def named(metric: str, partition: str | None) -> str:
    """Return the `PARTITION_METRIC` column that a metric names.

    Raises
    ------
    UnknownName
        If there is no such metric or partition.
    UsageError
        If the metric is of another partition than the one named beside it.
    """
    where = partition_of(partition)
    of, figure = parse(metric)
    if of and partition and of != partition:
        raise UsageError(f"{metric} is not of the {partition} partition", hint="name one of the two")
    return f"{of or where}_{figure.name}"


def primary(table: Table, selection: Selection) -> str:
    """Return the primary metric that the selected predictions agree on, else that of their task.

    Raises
    ------
    UsageError
        If they are of both tasks.
    """
    import polars as pl

    done = pl.col("status") == "completed"
    rows = table.rows(
        lambda: streamed(table.selected(selection).filter(done).select("task_type", "metric").unique()).lazy()
    )
    tasks = sorted(set(rows["task_type"].drop_nulls()))
    if len(tasks) > 1:
        raise UsageError(
            f"the selected predictions are of {' and '.join(tasks)}",
            hint="choose a task (--task regression), a dataset or a metric (--metric rmse)",
        )
    metrics = set(rows["metric"].drop_nulls())
    if len(metrics) == 1 and metrics <= METRICS.keys():
        return str(metrics.pop())
    return PRIMARY[tasks[0] if tasks else TASKS[0]]


def elsewhere(table: Table, metric: str, selection: Selection) -> tuple[str, ...]:
    """Return the columns of a metric in which the selected predictions have figures."""
    names = [f"{partition}_{metric}" for partition in PARTITIONS]
    counts = table.rows(lambda: streamed(table.selected(selection).select(names).count()).lazy())
    return tuple(name for name in names if counts[name][0])
