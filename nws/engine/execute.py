"""Driving a plan: begin or go on with a run, hand its tasks to an executor, publish what comes back, sum up.

It must not know how tasks are run (an executor does) nor how progress is shown (the caller does).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from nws import __version__
from nws.engine.archiving import archive_best
from nws.engine.publish import Entry, Publisher
from nws.engine.request import Plan, Request, environment
from nws.engine.summary import entries, summarize
from nws.errors import NwsError, UnknownName
from nws.ids import view_name
from nws.records import RunConfig, RunSummary, now, timestamp
from nws.run import COMPLETED, FAILED, INTERRUPTED, RUNNING, SKIPPED
from nws.upkeep.reindex import complete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nws.engine.tasks import Outcome, Task
    from nws.run import Run
    from nws.workspace import Workspace

PACKAGES = ("nws", "numpy", "scipy", "scikit-learn", "chemotools", "joblib")


class Executor(Protocol):
    """Runs tasks, somewhere."""

    def map(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Run every task and yield outcomes as they come."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is: of `total` tasks asked for, those done, failed, and skipped; the latest outcome.

    `understood` says how the files of the dataset were read, where they were given by path.
    """

    run: str
    total: int
    done: int = 0
    failed: int = 0
    skipped: int = 0
    resumed: bool = False
    understood: tuple[str, ...] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one plan: the run, its summary, its pipelines, and those that were there already.

    `archived` are the permanent copies of the best predictions; `unarchived` is why one is not there. Such a failure is
    not raised, since the run itself is finished and kept.
    """

    run: Run
    summary: RunSummary
    entries: list[Entry]
    failed: int
    skipped: dict[int, str]
    archived: tuple[Path, ...] = ()
    unarchived: NwsError | OSError | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before its end."""
        return self.summary.status == INTERRUPTED


def execute(
    workspace: Workspace, plan: Plan, request: Request, executor: Executor, *, report: Callable[[Progress], None]
) -> Result:
    """Run a plan to its end, or as far as an interruption lets it come.

    Parameters
    ----------
    workspace
        Where to publish.
    plan
        The tasks.
    request
        What was asked, for `run_config.json` and the rules of appending.
    executor
        Who runs the tasks.
    report
        Called after every outcome.

    Returns
    -------
    Result
        With status `interrupted` if Ctrl-C or SIGTERM ended it; everything finished is published then.
    """
    with contextlib.ExitStack() as presence:
        run, known, resumed = _begin(workspace, plan, request, presence)
        config = _config(run, plan, request)
        held = _held(workspace, run) if known else {}
        skipped = {task.position: held[task.key] for task in plan.tasks if task.key in held}
        todo = [task for task in plan.tasks if task.position not in skipped]
        publisher = _publisher(workspace, run, _wishes(run, plan, todo, request), request)
        run.write(config)
        run.write(_summary(run, [], config, status=RUNNING, skipped=len(skipped)))
        run.log(f"{'resumed' if resumed else 'started'}: {len(todo)} to run, {len(skipped)} there already")
        progress = Progress(
            run=run.name, total=len(plan.tasks), skipped=len(skipped), resumed=resumed, understood=plan.understood
        )
        finished = _drive(executor, todo, publisher, progress, report)
        # Before this process is seen to leave: who finds the run left is to find that it came to its end.
        result = _finish(run, config, plan, publisher, skipped, finished=finished)
    result = _leave(result)
    # Only the last process at work in a run knows the best of it.
    if result.summary.status != COMPLETED or not workspace.settings.archive_best:
        return result
    paths, failure = archive_best(workspace.archives, run, result.entries)
    return dataclasses.replace(result, archived=tuple(paths), unarchived=failure)


def _begin(
    workspace: Workspace, plan: Plan, request: Request, presence: contextlib.ExitStack
) -> tuple[Run, bool, bool]:
    """Find or make the run to work in, and be seen to be at work in it for as long as `presence` lasts.

    Returns
    -------
    run
        The run.
    known
        Whether what it has already is not to be run again.
    resumed
        Whether it is one that was cut off.
    """
    day = dt.datetime.now().astimezone().date()
    naming = (day, plan.dataset_name, request.run_name)
    if request.append:
        run = workspace.runs.obtain(*naming)
        known = run.abandoned() and not request.force
        presence.enter_context(run.at_work())
        return run, known, False
    cut_off = None if request.force else workspace.runs.unfinished(*naming, plan=plan.id)
    # Of two processes that find the same run cut off, one goes on with it.
    if cut_off is not None and presence.enter_context(cut_off.at_work(alone=True)):
        return cut_off, True, True
    run = workspace.runs.create(*naming)
    presence.enter_context(run.at_work())
    return run, False, False


def _held(workspace: Workspace, run: Run) -> dict[str, str]:
    """Return what the run already has: key of the task → id of the pipeline."""
    complete(workspace, run)
    return {pipeline.record.task: pipeline.record.id for pipeline in run.pipelines()}


def _wishes(run: Run, plan: Plan, todo: Sequence[Task], request: Request) -> dict[int, int]:
    """Return the number to ask for, by position: that of the plan, or what follows in a run that is appended to."""
    if not request.append:
        return {task.position: task.position + 1 for task in plan.tasks}
    return {task.position: number for number, task in enumerate(todo, run.next_number())}


def _publisher(workspace: Workspace, run: Run, numbers: dict[int, int], request: Request) -> Publisher:
    origin = request.provenance
    return Publisher(
        run=run,
        catalog=workspace.catalog,
        numbers=numbers,
        environment={
            **environment([*PACKAGES, *workspace.settings.trusted_packages]),
            "host": origin.host,
            "git_commit": origin.git_commit,
        },
        description=request.description,
    )


def _drive(
    executor: Executor,
    todo: Sequence[Task],
    publisher: Publisher,
    progress: Progress,
    report: Callable[[Progress], None],
) -> bool:
    """Run and publish; return whether it came to the end."""
    report(progress)
    try:
        with contextlib.closing(_closable(executor.map(todo))) as outcomes:
            for outcome in outcomes:
                publisher.add(outcome)
                progress = dataclasses.replace(
                    progress,
                    done=progress.done + 1,
                    failed=progress.failed + (outcome.status == FAILED),
                    outcome=outcome,
                )
                report(progress)
    except KeyboardInterrupt:
        publisher.flush()
        return False
    except Exception:
        # What is finished goes on record before the run stops, if the system lets it.
        with contextlib.suppress(NwsError, OSError):
            publisher.flush()
        raise
    publisher.flush()
    return True


def _closable(outcomes: Iterator[Outcome]) -> Any:
    return outcomes if hasattr(outcomes, "close") else (outcome for outcome in outcomes)


def _finish(
    run: Run, config: RunConfig, plan: Plan, publisher: Publisher, skipped: dict[int, str], *, finished: bool
) -> Result:
    found = entries(run, publisher.published)
    status = COMPLETED if finished else INTERRUPTED
    run.write(dataclasses.replace(config, pipelines=_pipelines(found, plan, skipped)))
    summary = _summary(run, found, config, status=status, skipped=len(skipped))
    run.write(summary)
    asked = {*skipped.values(), *(entry.pipeline.record.id for entry in publisher.published)}
    failed = sum(entry.pipeline.record.status == FAILED for entry in found if entry.pipeline.record.id in asked)
    return Result(run=run, summary=summary, entries=found, failed=failed, skipped=skipped)


def _leave(result: Result) -> Result:
    """Return the result as it stands when this process is not at work any more: others may be."""
    run, summary = result.run, result.summary
    if summary.status == COMPLETED and not run.abandoned():
        summary = dataclasses.replace(summary, status=RUNNING, completed_at=None)
        run.write(summary)
    run.log(f"{summary.status}: {summary.successful_pipelines} completed, {summary.failed_pipelines} failed")
    return dataclasses.replace(result, summary=summary)


def _summary(run: Run, found: Sequence[Entry], config: RunConfig, *, status: str, skipped: int) -> RunSummary:
    return summarize(run, found, status=status, skipped=skipped, started_at=config.created_at)


def _pipelines(found: Sequence[Entry], plan: Plan, skipped: dict[int, str]) -> list[dict[str, Any]]:
    """Return the list of `run_config.json`: what the run has, then what was asked and is not there."""
    records = [entry.pipeline.record for entry in found]
    listed = [
        {"pipeline_id": record.id, "config_file": record.config_file, "status": record.status} for record in records
    ]
    shown = {item["pipeline_id"] for item in listed}
    again = [
        {"pipeline_id": skipped[task.position], "config_file": task.config.file, "status": SKIPPED}
        for task in plan.tasks
        if task.position in skipped and skipped[task.position] not in shown
    ]
    there = {record.task for record in records}
    missing = [_planned(task) for task in plan.tasks if task.key not in there]
    return listed + again + missing


def _planned(task: Task) -> dict[str, Any]:
    expected = view_name(task.position + 1, task.config.hash, task.config.name)
    return {"pipeline_id": expected, "config_file": task.config.file, "status": "planned"}


def _config(run: Run, plan: Plan, request: Request) -> RunConfig:
    try:
        return run.config()
    except UnknownName:
        pass
    origin = request.provenance
    versions = environment(PACKAGES)
    return RunConfig(
        run_id=run.name,
        dataset_name=plan.dataset_name,
        dataset_id=plan.dataset_id,
        created_at=timestamp(now()),
        created_by=origin.created_by,
        host=origin.host or platform.node(),
        nws_version=__version__,
        python_version=versions["python"],
        packages=versions["packages"],
        command=list(origin.command),
        dataset_source=plan.source,
        task_type=plan.task_type,
        pipelines=[_planned(task) for task in plan.tasks],
        global_params={"cv": request.cv, "metric": request.metric, "targets": list(request.targets)},
        random_seed=request.seed,
        plan=plan.id,
        description=request.description,
        git_commit=origin.git_commit,
        git_dirty=origin.git_dirty,
        job_id=origin.job_id,
    )
