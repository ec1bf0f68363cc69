"""Bringing views and index up to what the refs say.

These functions walk runs and the index; they must not know what a person asked for.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from nws.index import segments
from nws.pipeline.rows import index_row, stored_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nws.pipeline import Pipeline
    from nws.run import Run
    from nws.workspace import Workspace

BATCH = 256


def reindex(workspace: Workspace) -> int:
    """Add to the index every published pipeline that it lacks, and return how many there were."""
    return _index(workspace, (pipeline for run in workspace.runs.list() for pipeline in run.pipelines()))


def complete(workspace: Workspace, run: Run) -> int:
    """Bring one run's views and rows of the index up to its refs, after a writer was killed between them.

    Returns
    -------
    int
        How many pipelines lacked one or the other.
    """
    pipelines = list(run.pipelines())
    bare = [pipeline for pipeline in pipelines if not pipeline.is_rendered()]
    for pipeline in bare:
        pipeline.render()
    return max(len(bare), _index(workspace, pipelines))


def _index(workspace: Workspace, pipelines: Iterable[Pipeline]) -> int:
    known = workspace.predictions.records()
    missing = (pipeline for pipeline in pipelines if str(pipeline.record_id) not in known)
    added = 0
    for batch in _batches(missing):
        rows = [
            index_row(pipeline.record, pipeline.record_id, pipeline.metrics(), stored_blocks(pipeline))
            for pipeline in batch
        ]
        segments.append(workspace.catalog, rows)
        added += len(batch)
    return added


def _batches(pipelines: Iterable[Pipeline]) -> Iterator[list[Pipeline]]:
    source = iter(pipelines)
    while batch := list(islice(source, BATCH)):
        yield batch
