"""Removing predictions from the index for good, where the pipeline that they are of is gone.

This room chooses and refuses; it must not know how segments are written again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import Conflict, UnknownName
from nws.ids import closest, is_prefix
from nws.index import compaction, segments
from nws.index.reading import collect, lazily

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
    """Remove predictions from the index, with their arrays and tags, and return how many there were.

    Archives of their pipelines stay.

    Raises
    ------
    Locked
        If other processes keep changing the index.
    Damaged
        If a segment cannot be read; nothing is changed then.
    """
    ids, catalog = list(prediction_ids), workspace.catalog
    records = collect(catalog, lambda: lazily(catalog, segments.META, ids=ids).select("record"))["record"]
    count = compaction.forget(catalog, ids)
    tags = workspace.predictions.tags
    for tag in tags.counts():
        for record in sorted(tags.records(tag) & set(records)):
            tags.remove(record, tag)
    return count


def _named(workspace: Workspace, name: str) -> pl.DataFrame:
    predictions = workspace.predictions
    runs, run = predictions.run_names(), name.rstrip("/").removeprefix("runs/")
    if run in runs:
        return predictions.filter_by_criteria(run=run, show=_SHOWN)
    if "/" not in run and not is_prefix(run.replace("-", "").lower()):
        near = closest(run, runs)
        hint = f"did you mean {near[0]}?" if near else "nws catalog list --deleted shows what is gone"
        raise UnknownName(f"the catalog has no run {run!r}", hint=hint)
    identity = workspace.remembered(name)["prediction_id"]
    return predictions.filter_by_criteria(where=f"prediction_id == '{identity}'", show=_SHOWN)
