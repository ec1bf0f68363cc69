"""What predictions are asked for: criteria as a filter, metrics as an order.

This room makes polars expressions; it must not read anything.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypedDict

from nws.errors import UnknownName, UsageError
from nws.ids import closest
from nws.metrics import ALIASES, CLASSIFICATION, REGRESSION, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

TASKS = (REGRESSION, CLASSIFICATION)
ORDERS = {"min": "lowest first", "max": "highest first", "zero": "nearest 0 first", "one": "nearest 1 first"}
_PIPELINE_TEXTS = ("pipeline_id", "config_name", "preprocessing", "model")


class Criteria(TypedDict, total=False):
    """Which predictions of a dataset; what is None or left out does not limit.

    `target` names what is predicted; `task` is regression or classification; `pipeline` is text that is found in the
    name, the preprocessing or the model of a pipeline, or begins its config hash; `model` is text found in its
    model's class path (both without regard to case); `since` is the earliest beginning, a date counting from midnight
    UTC; `run` is the name of a run; `status` is completed or failed.
    """

    target: str | None
    task: str | None
    pipeline: str | None
    model: str | None
    since: dt.date | None
    run: str | None
    status: str | None


class Selection(Criteria, total=False):
    """Which predictions of all."""

    dataset: str | None


EQUAL = {"dataset": "dataset_name", "target": "target", "task": "task_type", "run": "run_id", "status": "status"}


def condition(selection: Selection) -> pl.Expr:
    """Return the filter that a selection makes.

    Raises
    ------
    UnknownName
        If the task is not one of the two.
    UsageError
        If there is no such criterion.
    """
    import polars as pl

    known = Selection.__annotations__
    if unknown := selection.keys() - known.keys():
        raise UsageError(f"no such criterion: {min(unknown)}", hint=f"criteria: {', '.join(known)}")
    task = selection.get("task")
    if task is not None and task not in TASKS:
        raise UnknownName(f"unknown task: {task!r}", hint=suggestion(task, TASKS))
    equal = {column: selection.get(key) for key, column in EQUAL.items() if selection.get(key) is not None}
    parts: list[pl.Expr] = [pl.col(column).eq(value) for column, value in equal.items()]
    if text := selection.get("pipeline"):
        parts.append(_contains(text, _PIPELINE_TEXTS) | pl.col("pipeline_hash").str.starts_with(text.lower()))
    if text := selection.get("model"):
        parts.append(_contains(text, ("model_class",)))
    if since := selection.get("since"):
        parts.append(pl.col("created_at") >= _moment(since))
    return pl.all_horizontal(parts) if parts else pl.lit(value=True)


def _contains(text: str, columns: Iterable[str]) -> pl.Expr:
    import polars as pl

    found = [pl.col(name).str.to_lowercase().str.contains(text.lower(), literal=True) for name in columns]
    return pl.any_horizontal(item.fill_null(value=False) for item in found)


def _moment(since: dt.date) -> dt.datetime:
    if not isinstance(since, dt.datetime):
        return dt.datetime(since.year, since.month, since.day, tzinfo=dt.UTC)
    return since.replace(tzinfo=dt.UTC) if since.tzinfo is None else since.astimezone(dt.UTC)


def badness(column: str) -> pl.Expr:
    """Return an expression that is smaller the better a score is; the same order as `nws.metrics.badness`."""
    import polars as pl

    score = pl.col(column)
    return {"min": score, "max": -score, "zero": score.abs(), "one": (score - 1).abs()}[parse(column)[1].goal]


def heading(column: str) -> str:
    """Return what a `PARTITION_METRIC` column is called, with its name: `RMSECV (val_rmse)`, `R² (val_r2)`."""
    alias = next((alias.upper() for alias, known in ALIASES.items() if known == column), None)
    return f"{alias or parse(column)[1].label} ({column})"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known names nearest to `name`, or with the first of them."""
    known = sorted(known)
    near = closest(name, known)
    return f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(known[:8])}"
