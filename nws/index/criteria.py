"""What predictions are asked for: criteria as a filter, metrics as an order.

This room makes polars expressions; it must not read anything.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypedDict

from nws.errors import UnknownName, UsageError
from nws.ids import closest
from nws.index import thresholds, where
from nws.metrics import CLASSIFICATION, REGRESSION, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

TASKS = (REGRESSION, CLASSIFICATION)
STATUSES = ("completed", "failed")
_PIPELINE_TEXTS = ("pipeline_id", "config_name", "preprocessing", "model")


class Criteria(TypedDict, total=False):
    """Which predictions of a dataset; what is None, empty or left out does not limit.

    `target` names what is predicted; `config` is a whole config hash; `task` is regression or classification;
    `pipeline` is text that is found in the name, the preprocessing or the model of a pipeline, or begins its config
    hash; `model` is text found in its model's class path (both without regard to case); `since` and `until` are the
    earliest and the latest beginning, a date standing for the whole day in UTC; `run` is the name of a run; `status`
    is completed or failed; `tag` is what its pipeline is tagged with, several if all of them; `deleted` says whether
    its pipeline is gone from runs/; `thresholds` limit figures (see `nws.index.thresholds`); `where` is a condition
    (see `nws.index.where`).
    """

    target: str | None
    config: str | None
    task: str | None
    pipeline: str | None
    model: str | None
    since: dt.date | None
    until: dt.date | None
    run: str | None
    status: str | None
    tag: str | Sequence[str] | None
    deleted: bool | None
    thresholds: Mapping[str, float | str] | None
    where: str | None


class Selection(Criteria, total=False):
    """Which predictions of all."""

    dataset: str | None


EQUAL = {
    "dataset": "dataset_name", "config": "pipeline_hash", "target": "target", "task": "task_type", "run": "run_id",
    "status": "status",
}  # fmt: skip
_ONE_OF = {"task": TASKS, "status": STATUSES}


def check(selection: Selection) -> None:
    """Find out, before anything is read, whether a selection can be understood.

    Raises
    ------
    UnknownName
        If the task is not one of the two, nor the status; if a metric or a column is not there.
    UsageError
        If there is no such criterion, or a condition or limit is none.
    """
    known = Selection.__annotations__
    if unknown := selection.keys() - known.keys():
        raise UsageError(f"no such criterion: {min(unknown)}", hint=f"criteria: {', '.join(known)}")
    for key, allowed in _ONE_OF.items():
        value = selection.get(key)
        if value is not None and value not in allowed:
            raise UnknownName(f"unknown {key}: {value!r}", hint=suggestion(str(value), allowed))
    thresholds.read(selection.get("thresholds") or {})
    needs_standing(selection)


def needs_standing(selection: Selection) -> bool:
    """Say whether it depends on the column `deleted`."""
    if selection.get("deleted") is not None:
        return True
    text = selection.get("where")
    return text is not None and "deleted" in where.read(text).columns


def tags_of(selection: Selection) -> list[str]:
    """Return the tags that a selection asks for."""
    tag = selection.get("tag") or ()
    return [tag] if isinstance(tag, str) else list(tag)


def condition(selection: Selection, tagged: Iterable[str] | None = None) -> pl.Expr:
    """Return the filter that a selection makes.

    Parameters
    ----------
    selection
        What `check` found sound.
    tagged
        The records that have the tags asked for; None where no tag is asked for.
    """
    import polars as pl

    equal = {column: selection.get(key) for key, column in EQUAL.items() if selection.get(key) is not None}
    parts: list[pl.Expr] = [pl.col(column).eq(value) for column, value in equal.items()]
    parts += [limit.expression() for limit in thresholds.read(selection.get("thresholds") or {})]
    if text := selection.get("pipeline"):
        parts.append(_contains(text, _PIPELINE_TEXTS) | pl.col("pipeline_hash").str.starts_with(text.lower()))
    if text := selection.get("model"):
        parts.append(_contains(text, ("model_class",)))
    if since := selection.get("since"):
        parts.append(pl.col("created_at") >= _moment(since))
    if until := selection.get("until"):
        parts.append(pl.col("created_at") <= _moment(until, end=True))
    if tagged is not None:
        parts.append(pl.col("record").is_in(list(tagged)))
    if (gone := selection.get("deleted")) is not None:
        parts.append(pl.col("deleted") if gone else ~pl.col("deleted"))
    if text := selection.get("where"):
        parts.append(where.read(text).expression)
    return pl.all_horizontal(parts) if parts else pl.lit(value=True)


def _contains(text: str, columns: Iterable[str]) -> pl.Expr:
    import polars as pl

    found = [pl.col(name).str.to_lowercase().str.contains(text.lower(), literal=True) for name in columns]
    return pl.any_horizontal(item.fill_null(value=False) for item in found)


def _moment(day: dt.date, *, end: bool = False) -> dt.datetime:
    if not isinstance(day, dt.datetime):
        return dt.datetime.combine(day, dt.time.max if end else dt.time.min, tzinfo=dt.UTC)
    return day.replace(tzinfo=dt.UTC) if day.tzinfo is None else day.astimezone(dt.UTC)


def heading(column: str, *, once: bool = False) -> str:
    """Return what a `PARTITION_METRIC` column is called, with its name: `RMSECV (val_rmse)`, `R² (val_r2)`.

    Where validation samples were set apart `once`, nothing was crossed: `RMSE (val_rmse)`.
    """
    return f"{label(column, once=once).partition(' (')[0]} ({column})"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known names nearest to `name`, or with the first of them."""
    known = sorted(known)
    near = closest(name, known)
    return f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(known[:8])}"
