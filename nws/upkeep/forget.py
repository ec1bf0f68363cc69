"""Removing predictions from the index for good, where the pipeline that they are of is gone.

This room chooses and refuses; it must not know how segments are written again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import Conflict, UnknownName
from nws.ids import closest, is_prefix
from nws.index import compaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from nws.workspace import Workspace

_SHOWN = ("prediction_id", "run_id", "ref", "deleted")


def forgettable(workspace: Workspace, names: Sequence[str], *, deleted: bool = False) -> pl.DataFrame:
    """Return the predictions that names stand for: `prediction_id`, `run_id`, `ref` and `deleted`, each once.

    Parameters
    ----------
    workspace
        Whose index.
    names
        Names of runs, RUN/0007 for one pipeline, or the beginning of a record or prediction id.
    deleted
        Also every prediction of a run or pipeline that is gone.

    Raises
    ------
    UnknownName
        If the index has nothing of that name.
    Conflict
        If one of the pipelines is still in `runs/`, from where the index would get it back.
    """
    import polars as pl

    parts = [_named(workspace, name) for name in names]
    if deleted or not parts:
        parts.append(workspace.predictions.filter_by_criteria(deleted=True, show=_SHOWN))
    found = pl.concat(parts).unique("prediction_id", keep="first", maintain_order=True)
    there = found.filter(~pl.col("deleted"))
    if len(there):
        raise Conflict(
            f"{there['ref'][0]} is still in runs/, and the index would get it back from there",
            hint=f"nws runs delete {there['run_id'][0]}, then forget it",
        )
    return found


def forget(workspace: Workspace, prediction_ids: Iterable[str]) -> int:
    """Remove predictions with their arrays from the index, and return how many there were.

    Tags and archives of their pipelines stay.

    Raises
    ------
    Locked
        If other processes keep changing the index.
    Damaged
        If a segment cannot be read; nothing is changed then.
    """
    return compaction.forget(workspace.catalog, list(prediction_ids))


def _named(workspace: Workspace, name: str) -> pl.DataFrame:
    predictions = workspace.predictions
    run, _, number = name.rstrip("/").removeprefix("runs/").partition("/")
    runs = predictions.run_names()
    if run in runs:
        digits = number.partition("_")[0]
        where = f"pipeline_number == {int(digits)}" if digits.isdecimal() else None
        found = predictions.filter_by_criteria(run=run, where=where, show=_SHOWN)
        if len(found) and not (number and where is None):
            return found
    elif is_prefix(name.replace("-", "").lower()):
        identity = predictions.resolve(name.lower())["prediction_id"]
        return predictions.filter_by_criteria(where=f"prediction_id == '{identity}'", show=_SHOWN)
    near = closest(run, runs)
    hint = f"did you mean {near[0]}?" if near and run not in runs else "nws catalog list --deleted shows what is gone"
    raise UnknownName(f"the catalog has nothing named {name!r}", hint=hint)
