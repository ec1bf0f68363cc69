"""Permanent copies of pipelines: of those that a person names, and the best predictions of a run as its last step.

Nothing is taken away here: a run that is added to keeps what it archived before. This module must not know how
pipelines are ranked, nor how a copy is written.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from nws.engine.sources import Source
from nws.engine.summary import best_by_target
from nws.errors import NwsError
from nws.shelf.contents import BEST_PREDICTIONS, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nws.engine.publish import Entry
    from nws.pipeline import Pipeline
    from nws.run import Run
    from nws.shelf import Shelf
    from nws.workspace import Workspace


class Archived(NamedTuple):
    """A permanent copy of a pipeline; `known` if it was there already."""

    pipeline: Pipeline
    path: Path
    known: bool


def archive(
    workspace: Workspace,
    pipelines: Sequence[Pipeline],
    kind: str = WHOLE,
    *,
    trusts: Callable[[Pipeline], bool] = lambda _: False,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Archived]:
    """Archive pipelines, one after the other; all are looked at before the first is copied.

    Parameters
    ----------
    workspace
        Where they are.
    pipelines
        The pipelines.
    kind
        `pipeline` (everything, the data too), `filtered` (what predicting takes) or `best_predictions`.
    trusts
        Whether the model of a pipeline is copied though it is of another user or came by import.
    report
        Told which one is archived, in words.

    Raises
    ------
    UsageError
        If there is no such kind.
    NotTrusted
        If a model is not that of this person.
    Conflict
        If another copy has its name, or a pipeline that failed lacks what the kind is of.
    Damaged
        If an object is missing or not what its id says; there is no copy of that pipeline then.
    """
    for pipeline in pipelines if kind != BEST_PREDICTIONS else ():
        # The archive will belong to whoever makes it, and is loaded without another question.
        Source.in_workspace(workspace, pipeline, trust=trusts(pipeline))
    for pipeline in pipelines:
        known = workspace.archives.has(pipeline, kind)
        report(f"archiving {pipeline.path}")
        yield Archived(pipeline, workspace.archives.add(pipeline, kind), known)


def archive_best(archives: Shelf, run: Run, found: Sequence[Entry]) -> tuple[list[Path], NwsError | OSError | None]:
    """Archive the predictions of the best pipeline on each target.

    Parameters
    ----------
    archives
        Where to.
    run
        The run.
    found
        All its pipelines.

    Returns
    -------
    list of Path
        The copies, new or there already.
    NwsError, OSError or None
        The first failure, handed back rather than raised: the run is finished, whatever becomes of the copies.
    """
    paths: list[Path] = []
    failure: NwsError | OSError | None = None
    for entry in best_by_target(found).values():
        try:
            paths.append(archives.add(entry.pipeline, BEST_PREDICTIONS))
            run.log(f"archived the predictions of {entry.pipeline.record.id}: {paths[-1].name}")
        except (NwsError, OSError) as err:
            failure = failure or err
            with contextlib.suppress(OSError):
                run.log(f"could not archive the predictions of {entry.pipeline.record.id}: {err}")
    return paths, failure
