"""Bringing views and index up to what the refs say.

These functions walk runs and the index; they must not know what a person asked for.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from nws.index import compaction, segments, state
from nws.index.healing import heal
from nws.index.reading import collect, lazily
from nws.index.tags import TAGS, Tags
from nws.pipeline.rows import index_row, stored_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from nws.records import Ref
    from nws.run import Run
    from nws.workspace import Workspace

# So many refs are compared with the index at once, and so many pipelines appended to it.
COMPARED = 10_000
BATCH = 256
T = TypeVar("T")


def reindex(workspace: Workspace, *, report: Callable[[str], None] = lambda _: None) -> int:
    """Add to the index every published pipeline that it lacks, rows or arrays, and return how many there were.

    Merged segments that were taken away do not count from then on, so that what was in them is lacking. `report` is
    told how far it is, in words.
    """

    def refs() -> Iterator[tuple[Run, Ref]]:
        count = 0
        for run in workspace.runs.list():
            for ref in run.refs():
                yield run, ref
                count += 1
                report(f"{count:,} pipelines looked at")

    heal(workspace.catalog)
    compaction.compact(workspace.catalog, report=report)
    return _index(workspace, refs())


def complete(workspace: Workspace, run: Run) -> int:
    """Bring one run's views and rows of the index up to its refs, after a writer was killed between them.

    Returns
    -------
    int
        How many pipelines lacked one or the other.
    """
    refs = list(run.refs())
    bare = [pipeline for ref in refs if ref.record is not None and not (pipeline := run.open(ref)).is_rendered()]
    for pipeline in bare:
        pipeline.render()
    return max(len(bare), _index(workspace, ((run, ref) for ref in refs)))


def _index(workspace: Workspace, refs: Iterable[tuple[Run, Ref]]) -> int:
    added = 0
    for several in _batches(((run, ref) for run, ref in refs if ref.record is not None), COMPARED):
        for batch in _batches(iter(_lacking(workspace.catalog, several)), BATCH):
            added += _append(workspace.catalog, batch)
    if added:
        # Rows that were added here may be anywhere, for all that a reader knows, until they are merged.
        compaction.compact(workspace.catalog)
    return added


def _append(catalog: Path, batch: list[tuple[Run, Ref]]) -> int:
    names = {ref.segment for _, ref in batch if ref.segment is not None}
    if names:
        relied_on = state.read(catalog).relied_on
        for name in sorted(filter(relied_on, names)):
            segments.void(catalog, name)
        # Whoever was quicker than that has them in the index by now.
        batch = _lacking(catalog, batch)
    pipelines = [run.open(ref) for run, ref in batch]
    Tags(catalog / TAGS).add_all((one.record_id, one.record.tags) for one in pipelines)
    rows = [index_row(one.record, one.record_id, one.metrics(), stored_blocks(one)) for one in pipelines]
    segments.append(catalog, rows)
    return len(rows)


def _lacking(catalog: Path, refs: list[tuple[Run, Ref]]) -> list[tuple[Run, Ref]]:
    """Return those refs whose record has no row in the index, or completed and has no arrays there."""
    import polars as pl

    asked = pl.col("record").is_in([ref.record for _, ref in refs])
    columns = ["prediction_id", "record", "status"]
    rows = collect(catalog, lambda: lazily(catalog, segments.META).filter(asked).select(columns))
    ids = rows["prediction_id"].to_list()
    arrays = collect(catalog, lambda: lazily(catalog, segments.DATA, ids=ids).select("prediction_id").unique())
    whole = rows.filter(
        (pl.col("status") == "failed") | pl.col("prediction_id").is_in(arrays["prediction_id"].to_list())
    )
    known = set(whole["record"])
    return [(run, ref) for run, ref in refs if ref.record not in known]


def _batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch
