"""What the workspace already has of a plan: which pipeline, in any run, is the outcome of a task.

The index says where to look, and the record decides. This room reads; it must not know what is done about it.
"""

from __future__ import annotations

import builtins
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine import software
from nws.errors import Damaged, NwsError, UnknownName
from nws.ids import ObjectId
from nws.index.having import having
from nws.metrics import METRICS, PRIMARY
from nws.pipeline import Pipeline
from nws.run import FAILED, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nws.engine.tasks import Task
    from nws.records import PipelineRecord
    from nws.workspace import Workspace

# Objects up to this size are read whole and checked; of larger ones the headers are.
READ_WHOLE = 1 << 20
# Failures that a record cannot tell by the class of their error: a killed worker, and a full memory by numpy's name.
_OF_THE_MACHINE = frozenset({"WorkerDied", "_ArrayMemoryError", "BrokenProcessPool", "TerminatedWorkerError"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A pipeline that is the outcome of a task.

    `score` is the figure on the validation partition that tasks of its kind are ranked by; None where there is none.
    """

    record: ObjectId
    run_id: str
    pipeline_id: str
    status: str
    metric: str | None = None
    score: float | None = None

    @property
    def ref(self) -> str:
        """What commands call it: `RUN/0007_snv_a1b2c3`."""
        return f"{self.run_id}/{self.pipeline_id}"


def held_in_run(run: Run) -> dict[str, Held]:
    """Return what a run has, by the key of the task; what another version of a package made is among it."""
    return {
        pipeline.record.task: Held(
            record=pipeline.record_id,
            run_id=run.name,
            pipeline_id=pipeline.record.id,
            status=pipeline.record.status,
        )
        for pipeline in run.pipelines()
    }


def held_anywhere(
    workspace: Workspace,
    tasks: Sequence[Task],
    *,
    report: Callable[[int], None] = lambda _: None,
    damaged: set[ObjectId] | None = None,
) -> dict[int, Held]:
    """Return what the workspace has of some tasks on one dataset, by position.

    A pipeline counts if its ref is there, its record says the same dataset, config, splits, seed and versions of the
    packages that decide its result, and no object that it names is missing or torn. So does one that failed, unless
    it failed by the machine and not by itself.

    Parameters
    ----------
    workspace
        Where to look.
    tasks
        What is asked, all on one dataset.
    report
        Called with how many tasks have been looked up, every so often.
    damaged
        Is given the objects that were found damaged.

    Raises
    ------
    Damaged
        If the index cannot be read.
    NewerFormat
        If a newer nws wrote it.
    """
    rows = _candidates(workspace, tasks)
    if not rows:
        return {}
    judge = _Judge(workspace)
    found: dict[int, Held] = {}
    for count, task in enumerate(tasks, 1):
        for row in rows.get((task.config.hash, task.target), ()):
            if judge.is_outcome(row, task):
                found[task.position] = _held(row, task)
                break
        if count % 100 == 0:
            report(count)
    if damaged is not None:
        damaged |= judge.damaged
    return found


def _candidates(workspace: Workspace, tasks: Sequence[Task]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    if not tasks:
        return rows
    wanted = sorted({_metric(task.metric, kind) for task in tasks for kind in PRIMARY})
    hashes = {task.config.hash for task in tasks}
    figures = [f"val_{name}" for name in wanted]
    for row in having(workspace.catalog, tasks[0].dataset_id, hashes, figures).iter_rows(named=True):
        rows[row["pipeline_hash"], row["target"]].append(row)
    return rows


def _metric(asked: str | None, kind: str) -> str:
    """Return what tasks on a target of this kind are ranked by."""
    return asked if asked is not None and METRICS[asked].task == kind else PRIMARY[kind]


def _held(row: dict[str, Any], task: Task) -> Held:
    metric = None if row["task_type"] is None else _metric(task.metric, row["task_type"])
    return Held(
        record=ObjectId(row["record"]),
        run_id=row["run_id"],
        pipeline_id=row["pipeline_id"],
        status=row["status"],
        metric=metric,
        score=None if metric is None else row[f"val_{metric}"],
    )


class _Judge:
    """Says whether what the index tells of is there, whole, and the outcome of a task; `damaged` are objects it met."""

    def __init__(self, workspace: Workspace) -> None:
        self._store = workspace.store
        self._folder = workspace.runs.folder
        self._now = software.environment(workspace.settings.trusted_packages)
        self._whole: dict[ObjectId, bool] = {}
        self.damaged: set[ObjectId] = set()

    def is_outcome(self, row: dict[str, Any], task: Task) -> bool:
        record = self._record(row)
        return (
            record is not None
            and record.task == task.key
            and software.equal(record.environment, self._now, record.canonical_config)
            and not _failed_by_the_machine(record)
            and self._is_whole(record.objects())
        )

    def _record(self, row: dict[str, Any]) -> PipelineRecord | None:
        """Return the record, if the pipeline was not deleted and the record can be read."""
        run = Run(self._folder / row["run_id"], self._store)
        try:
            ref = run.ref(row["pipeline_number"])
            return run.open(ref).record if ref.record == row["record"] else None
        except (NwsError, OSError):
            return None

    def _is_whole(self, objects: Iterable[ObjectId]) -> bool:
        for oid in objects:
            if oid not in self._whole:
                self._whole[oid] = self._is_sound(oid)
            if not self._whole[oid]:
                return False
        return True

    def _is_sound(self, oid: ObjectId) -> bool:
        try:
            if self._store.info(oid).size <= READ_WHOLE:
                self._store.get(oid)
        except Damaged:
            self.damaged.add(oid)
            return False
        except (UnknownName, OSError):
            return False
        return True


def _failed_by_the_machine(record: PipelineRecord) -> bool:
    """Say whether a pipeline failed for want of memory, a worker, a file or a package, and may succeed another time."""
    if record.status != FAILED:
        return False
    name = str((record.error or {}).get("type", ""))
    known = getattr(builtins, name, None)
    of_machine = isinstance(known, type) and issubclass(known, OSError | MemoryError | ImportError)
    return of_machine or name in _OF_THE_MACHINE


def load(workspace: Workspace, held: Held) -> Pipeline:
    """Return the pipeline that is held.

    Raises
    ------
    UnknownName, Damaged
        If it is gone by now, or not what its id says.
    """
    return Pipeline.load(workspace.store, held.record, runs=workspace.runs.folder)
