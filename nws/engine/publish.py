"""From outcomes to published pipelines: record, ref, view, rows of the index, line of the log.

The same code serves every executor; it must not know which one computed an outcome.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.index import segments
from nws.index.compaction import tidy
from nws.index.tags import TAGS, Tags
from nws.pipeline.rows import index_row
from nws.records import Metrics, PipelineRecord

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nws.engine.tasks import Outcome, Task
    from nws.pipeline import Pipeline
    from nws.run import Run

# What is finished waits for others only as long as work took that is quickly done again: to publish costs some
# hundredths of a second, whether one outcome or many, and a kill is to lose no more than moments of work.
BATCH_SIZE = 256
BATCH_SECONDS = 0.5
FIRST_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A published pipeline with its figures."""

    pipeline: Pipeline
    metrics: Metrics | None


@dataclass
class Publisher:
    """Publishes the outcomes of one run in batches.

    Parameters
    ----------
    run
        Where to publish.
    catalog
        The folder of the index.
    numbers
        Position of a task in the plan → the number to ask for.
    environment
        What the records say of Python, packages, host and commit.
    description
        What the person said of the run.
    """

    run: Run
    catalog: Path
    numbers: Mapping[int, int]
    environment: dict[str, Any]
    description: str = ""
    published: list[Entry] = field(default_factory=list)
    _waiting: list[Outcome] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)

    def add(self, outcome: Outcome) -> None:
        """Take an outcome, and publish what has gathered if it is time to."""
        self._waiting.append(outcome)
        # The first come soon, so that little is left to publish at the end of a short run.
        pause = min(BATCH_SECONDS, max(FIRST_SECONDS, (self._last - self._begun) / 2))
        if len(self._waiting) >= BATCH_SIZE or time.monotonic() - self._last >= pause:
            self.flush()

    def flush(self) -> None:
        """Publish everything that has gathered."""
        outcomes = sorted(self._waiting, key=lambda outcome: outcome.task.position)
        self._waiting = []
        if not outcomes:
            return
        name = segments.once_name()
        pipelines = self.run.publish([self._draft(outcome) for outcome in outcomes], segment=name)
        # Before the rows: whoever adds rows that are missing after a crash adds the tags with them.
        Tags(self.catalog / TAGS).add_all((pipeline.record_id, pipeline.record.tags) for pipeline in pipelines)
        rows = [
            index_row(pipeline.record, pipeline.record_id, outcome.metrics, outcome.blocks)
            for pipeline, outcome in zip(pipelines, outcomes, strict=True)
        ]
        if segments.append(self.catalog, rows, name=name) is None:
            # Somebody who found the refs without rows is indexing them; readers see a row once.
            segments.append(self.catalog, rows)
        tidy(self.catalog)
        for pipeline, outcome in zip(pipelines, outcomes, strict=True):
            self.published.append(Entry(pipeline=pipeline, metrics=outcome.metrics))
        self.run.log(*(_line(entry) for entry in self.published[-len(outcomes) :]))
        self._last = time.monotonic()

    def _draft(self, outcome: Outcome) -> PipelineRecord:
        task, config = outcome.task, outcome.task.config
        return PipelineRecord(
            number=self.numbers[task.position],
            name=config.name,
            run_id=self.run.name,
            hash=config.hash,
            created_at=outcome.created_at,
            completed_at=outcome.completed_at,
            duration_seconds=outcome.duration_seconds,
            status=outcome.status,
            dataset=outcome.dataset or {"name": task.dataset_name, "id": task.dataset_id, "targets": [task.target]},
            steps=outcome.steps,
            artifacts=outcome.artifacts,
            files=outcome.files,
            config=config.given,
            canonical_config=config.canonical,
            environment=self.environment,
            seed=task.seed,
            evaluation={**outcome.evaluation, "asked": _asked(task)},
            task=task.key,
            config_file=config.file,
            description=config.description or self.description,
            tags=list(config.tags),
            metadata=config.metadata,
            warnings=outcome.warnings,
            error=_told(outcome.error),
        )


def _asked(task: Task) -> dict[str, Any]:
    """Return what was asked of a task beside what the record says elsewhere, so that it can be run again."""
    said = {"position", "config", "dataset_name", "dataset_id", "target", "seed"}
    values = {item.name: getattr(task, item.name) for item in dataclasses.fields(task) if item.name not in said}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _told(error: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return an error as a record keeps it: the traceback, with its paths of this machine, is in `error.log`."""
    return None if error is None else {key: value for key, value in error.items() if key != "traceback"}


def _line(entry: Entry) -> str:
    record, metrics = entry.pipeline.record, entry.metrics
    if metrics is None:
        return f"{record.id} {record.status}: {(record.error or {}).get('message', '')}"
    figures = (metrics.val or {}).get(metrics.metric)
    return f"{record.id} {record.status} val_{metrics.metric}={figures} {record.duration_seconds:.3f} s"
