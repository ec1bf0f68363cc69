"""What came of a run: its ranking, its statistics, `run_summary.json`.

Everything here is derived from published records; it must not depend on who published them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nws.engine.estimate import nested_estimates
from nws.engine.publish import Entry
from nws.errors import UnknownName
from nws.ids import ObjectId
from nws.metrics import METRICS, badness
from nws.records import RunSummary, now, parse_time, timestamp
from nws.run import FAILED, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nws.run import Run
    from nws.store import ObjectStore


def entries(run: Run, known: Iterable[Entry] = ()) -> list[Entry]:
    """Return every pipeline of a run with its figures, in the order of numbers.

    Parameters
    ----------
    run
        The run.
    known
        Entries that need not be read again.
    """
    held = {entry.pipeline.record_id: entry for entry in known}
    found = []
    for ref in run.refs():
        if ref.record is None:
            continue
        entry = held.get(ObjectId(ref.record))
        if entry is None:
            pipeline = run.open(ref)
            entry = Entry(pipeline=pipeline, metrics=pipeline.metrics())
        found.append(entry)
    return found


def ranked(found: Iterable[Entry]) -> list[Entry]:
    """Return the entries that have a figure to rank by, best first; ties keep the order of numbers.

    The figure is the primary metric on the validation partition.
    """
    scored = [(score, entry) for entry in found if (score := validation_score(entry)) is not None]
    return [entry for _, entry in sorted(scored, key=lambda pair: _badness(pair[1], pair[0]))]


def best_by_target(found: Iterable[Entry]) -> dict[str, Entry]:
    """Return the first of the ranked entries of each target."""
    best: dict[str, Entry] = {}
    for entry in ranked(found):
        best.setdefault(entry.pipeline.record.dataset["targets"][0], entry)
    return best


def validation_score(entry: Entry) -> float | None:
    """Return the primary metric of an entry on the validation partition."""
    if entry.metrics is None or entry.metrics.val is None:
        return None
    value: float | None = entry.metrics.val.get(entry.metrics.metric)
    return value


def _badness(entry: Entry, score: float) -> float:
    assert entry.metrics is not None
    return badness(METRICS[entry.metrics.metric], score)


def summarize(
    run: Run, found: Sequence[Entry], *, status: str, held_in: Mapping[str, int], started_at: str
) -> RunSummary:
    """Return the summary of a run as it stands.

    Parameters
    ----------
    run
        The run.
    found
        All its pipelines.
    status
        `running`, `completed` or `interrupted`.
    held_in
        How many of what was asked were there already, by run.
    started_at
        When the run began.
    """
    records = [entry.pipeline.record for entry in found]
    failed = [record for record in records if record.status == FAILED]
    done = status != "running"
    firsts = best_by_target(found)
    best = {
        target: _told(firsts.get(target)) for target in sorted({record.dataset["targets"][0] for record in records})
    }
    first = records[0].dataset["targets"][0] if records else None
    return RunSummary(
        run_id=run.name,
        dataset_name=run.config().dataset_name,
        run_date=run.name[:10],
        status=status,
        started_at=started_at,
        completed_at=timestamp(now()) if done else None,
        duration_seconds=round((now() - parse_time(started_at)).total_seconds(), 6),
        total_pipelines=len(records),
        successful_pipelines=sum(record.status == SUCCEEDED for record in records),
        failed_pipelines=len(failed),
        skipped_pipelines=sum(held_in.values()),
        best_pipeline=best[first] if first is not None else None,
        statistics={
            **_storage(run.store, found),
            "best_by_target": best,
            **_nested(found),
            "skipped_in": dict(held_in),
        },
        errors=[
            {
                "pipeline_id": record.id,
                "message": (record.error or {}).get("message", ""),
                "timestamp": record.completed_at,
            }
            for record in failed
        ],
    )


def _nested(found: Sequence[Entry]) -> dict[str, Any]:
    estimates = nested_estimates(found)
    return {"nested": estimates} if estimates else {}


def renew(run: Run) -> None:
    """Write the summary of a run anew, after pipelines were taken out of it; when it ran stays as it was."""
    try:
        before = run.summary()
    except UnknownName:
        # It was cut off while it began, and has none.
        return
    after = summarize(
        run,
        entries(run),
        status=before.status,
        held_in=before.statistics.get("skipped_in") or {},
        started_at=before.started_at,
    )
    # An older version did not say where those were that it left out.
    kept = {name: getattr(before, name) for name in ("completed_at", "duration_seconds", "skipped_pipelines", "extra")}
    run.write(dataclasses.replace(after, **kept))


def _told(first: Entry | None) -> dict[str, Any] | None:
    if first is None or first.metrics is None:
        return None
    return {
        "pipeline_id": first.pipeline.record.id,
        "metric_name": f"val_{first.metrics.metric}",
        "metric_value": validation_score(first),
    }


def _storage(store: ObjectStore, found: Sequence[Entry]) -> dict[str, Any]:
    artifacts = [artifact for entry in found for artifact in entry.pipeline.record.artifacts]
    distinct = {ObjectId(artifact["object"]) for artifact in artifacts}
    plain = sum(artifact["size_bytes"] for artifact in artifacts)
    stored = sum(store.info(oid).stored for oid in distinct)
    return {
        "artifact_count": len(artifacts),
        "artifact_objects": len(distinct),
        "artifact_bytes": plain,
        "stored_bytes": stored,
        "saved_percent": round(100 * (1 - stored / plain), 1) if plain else 0.0,
    }
