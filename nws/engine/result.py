"""What a plan has come to: how far it is while it runs, and what came of it.

This room holds values and puts them together from records; it must not know who made them, nor print.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.engine.known import load
from nws.engine.publish import Entry
from nws.engine.summary import validation_score
from nws.ids import view_name
from nws.metrics import METRICS, badness
from nws.run import SKIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nws.engine.begin import Beginning
    from nws.engine.known import Held
    from nws.engine.request import Plan
    from nws.engine.tasks import Outcome, Task
    from nws.errors import NwsError
    from nws.records import RunSummary
    from nws.run import Run
    from nws.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a plan is: of `total` tasks asked for, those done, and those failed of them; the latest outcome.

    `run` is None while it is looked up what is there already (`looked_up` tasks so far), and where that is everything.
    `held` says how many are there already, by run. `understood` says how the files of the dataset were read, where they
    were given by path.
    """

    run: str | None
    total: int
    done: int = 0
    failed: int = 0
    held: Mapping[str, int] = field(default_factory=dict)
    resumed: bool = False
    looked_up: int | None = None
    understood: tuple[str, ...] = ()
    outcome: Outcome | None = None

    @property
    def skipped(self) -> int:
        """How many are there already."""
        return sum(self.held.values())


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one plan of `total` pipelines, of which this call ran `ran`.

    `held` are those that were there already, by position in the plan. `run` is the run that was worked in, and
    `entries` are its pipelines; where nothing was to be done, `run` is the one that has everything, None if several
    have it, and `entries` is empty but for a run that was named. `failed` counts pipelines that failed, now or before.
    `interrupted` says that this call was stopped before its end, `nothing_to_do` that no run was
    made or gone on with.
    `archived` are the permanent copies of the best predictions; `unarchived` is why one is not there. Such a failure is
    not raised, since the run itself is finished and kept.
    """

    run: Run | None
    summary: RunSummary | None
    plan: Plan
    total: int
    ran: int
    failed: int
    entries: list[Entry]
    held: Mapping[int, Held]
    interrupted: bool = False
    nothing_to_do: bool = False
    archived: tuple[Path, ...] = ()
    unarchived: NwsError | OSError | None = None

    @property
    def status(self) -> str | None:
        """What the run says of itself."""
        return None if self.summary is None else self.summary.status

    def best(self, workspace: Workspace, n: int = 10) -> list[Entry]:
        """Return the best pipelines of the run and of those that were there already in others, best first.

        They are ranked by the metric that was asked for, each with its figure of that metric; else each by its own.

        Raises
        ------
        UnknownName, Damaged
            If one of them is gone by now, or not what its id says.
        """
        asked = next((task.metric for task in self.plan.tasks), None)
        own = {entry.pipeline.record_id for entry in self.entries}
        known = {held.record: held for held in self.held.values() if held.record not in own}
        ranked: list[tuple[float, int, Entry | Held]] = []
        for entry in (_by(entry, asked) for entry in self.entries):
            score = validation_score(entry)
            if score is not None and entry.metrics is not None:
                ranked.append((badness(METRICS[entry.metrics.metric], score), len(ranked), entry))
        for held in known.values():
            if held.score is not None and held.metric is not None:
                ranked.append((badness(METRICS[held.metric], held.score), len(ranked), held))
        first = [item for *_, item in sorted(ranked)[:n]]
        return [item if isinstance(item, Entry) else _by(_entry(workspace, item), asked) for item in first]


def _entry(workspace: Workspace, held: Held) -> Entry:
    pipeline = load(workspace, held)
    return Entry(pipeline=pipeline, metrics=pipeline.metrics())


def _by(entry: Entry, metric: str | None) -> Entry:
    """Return an entry ranked by another of its figures."""
    import dataclasses

    metrics = entry.metrics
    if metric is None or metrics is None or metrics.metric == metric or METRICS[metric].task != metrics.task_type:
        return entry
    return dataclasses.replace(entry, metrics=dataclasses.replace(metrics, metric=metric))


def by_run(held: Mapping[int, Held]) -> dict[str, int]:
    """Return how many pipelines each run has, in the order of runs."""
    counts: dict[str, int] = {}
    for name in sorted(item.run_id for item in held.values()):
        counts[name] = counts.get(name, 0) + 1
    return counts


def listed(found: Sequence[Entry], plan: Plan, begun: Beginning) -> list[dict[str, Any]]:
    """Return the list of `run_config.json`: what the run has, then what was asked and is elsewhere, or not there."""
    records = [entry.pipeline.record for entry in found]
    own = [{"pipeline_id": record.id, "config_file": record.config_file, "status": record.status} for record in records]
    there = {(record.id, begun.run and begun.run.name) for record in records}
    done = {record.task for record in records}
    skipped, planned = [], []
    for task in plan.tasks:
        held = begun.held.get(task.position)
        if held is None and task.key not in done:
            planned.append(_planned(task, begun))
        elif held is not None and (held.pipeline_id, held.run_id) not in there:
            where = {"pipeline_id": held.pipeline_id, "run_id": held.run_id, "record": held.record}
            skipped.append({**where, "config_file": task.config.file, "status": SKIPPED})
    return own + skipped + planned


def _planned(task: Task, begun: Beginning) -> dict[str, Any]:
    expected = view_name(begun.numbers[task.position], task.config.hash, task.config.name)
    return {"pipeline_id": expected, "config_file": task.config.file, "status": "planned"}
