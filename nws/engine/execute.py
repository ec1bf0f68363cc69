"""Driving a plan: begin or go on with a run, hand its tasks to an executor, publish what comes back, sum up.

It must not know how tasks are run (an executor does) nor how progress is shown (the caller does).
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

from nws.engine import software
from nws.engine.archiving import archive_best
from nws.engine.asked import config_of
from nws.engine.begin import begin
from nws.engine.publish import Publisher
from nws.engine.result import Progress, Result, by_run, listed
from nws.engine.summary import entries, summarize
from nws.errors import NwsError
from nws.run import COMPLETED, FAILED, INTERRUPTED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nws.engine.begin import Beginning
    from nws.engine.known import Held
    from nws.engine.publish import Entry
    from nws.engine.request import Plan, Request
    from nws.engine.tasks import Outcome, Task
    from nws.records import RunConfig, RunSummary
    from nws.run import Run
    from nws.workspace import Workspace


class Executor(Protocol):
    """Runs tasks, somewhere."""

    def map(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Run every task and yield outcomes as they come."""


def execute(
    workspace: Workspace, plan: Plan, request: Request, executor: Executor, *, report: Callable[[Progress], None]
) -> Result:
    """Run what the workspace does not have of a plan, or as much of it as an interruption lets it.

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

    Raises
    ------
    Locked
        If the run to go on with is at work elsewhere.
    Damaged, NewerFormat
        If what is there already cannot be told; with `force` nobody asks.
    """
    total = len(plan.tasks)

    def look(count: int) -> None:
        report(Progress(run=None, total=total, looked_up=count, understood=plan.understood))

    with contextlib.ExitStack() as presence:
        begun = begin(workspace, plan, request, presence, report=look)
        if begun.run is None or begun.finished:
            progress = Progress(run=None, total=total, held=by_run(begun.held), understood=plan.understood)
            report(progress)
            return _nothing_to_do(workspace, plan, begun)
        result = _work(workspace, plan, request, begun, executor, report)
    result = _leave(result)
    # Only the last process at work in a run knows the best of it.
    if result.run is None or result.status != COMPLETED or not workspace.settings.archive_best:
        return result
    paths, failure = archive_best(workspace.archives, result.run, result.entries)
    return dataclasses.replace(result, archived=tuple(paths), unarchived=failure)


def _nothing_to_do(workspace: Workspace, plan: Plan, begun: Beginning) -> Result:
    """Return what there is already; nothing is written."""
    run = begun.run
    names = by_run(begun.held)
    if run is None and len(names) == 1:
        run = workspace.runs.get(next(iter(names)))
    summary = None
    if run is not None:
        with contextlib.suppress(NwsError, OSError):
            summary = run.summary()
    found = entries(run) if run is not None and begun.finished else []
    failed = sum(held.status == FAILED for held in begun.held.values())
    failed += sum(entry.pipeline.record.status == FAILED for entry in found)
    return Result(
        run=run,
        summary=summary,
        plan=plan,
        total=len(plan.tasks),
        ran=0,
        failed=failed,
        entries=found,
        held=begun.held,
        nothing_to_do=True,
    )


def _work(
    workspace: Workspace,
    plan: Plan,
    request: Request,
    begun: Beginning,
    executor: Executor,
    report: Callable[[Progress], None],
) -> Result:
    run, held = begun.run, begun.held
    assert run is not None
    todo = [task for task in plan.tasks if task.position not in held]
    config = config_of(run, plan, request)
    config = dataclasses.replace(config, pipelines=config.pipelines or listed([], plan, begun))
    publisher = _publisher(workspace, run, begun.numbers, request)
    run.write(config)
    run.write(_summary(run, [], config, status=RUNNING, held=held))
    run.log(f"{'resumed' if begun.resumed else 'started'}: {len(todo)} to run, {len(held)} there already")
    progress = Progress(
        run=run.name, total=len(plan.tasks), resumed=begun.resumed, held=by_run(held), understood=plan.understood
    )
    finished = _drive(executor, todo, publisher, progress, report)
    # Before this process is seen to leave: who finds the run left is to find that it came to its end.
    return _finish(begun, config, plan, publisher, finished=finished)


def _publisher(workspace: Workspace, run: Run, numbers: Mapping[int, int], request: Request) -> Publisher:
    origin = request.provenance
    return Publisher(
        run=run,
        catalog=workspace.catalog,
        numbers=numbers,
        environment={
            **software.environment(workspace.settings.trusted_packages),
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


def _finish(begun: Beginning, config: RunConfig, plan: Plan, publisher: Publisher, *, finished: bool) -> Result:
    run, held = begun.run, begun.held
    assert run is not None
    found = entries(run, publisher.published)
    status = COMPLETED if finished else INTERRUPTED
    run.write(dataclasses.replace(config, pipelines=listed(found, plan, begun)))
    summary = _summary(run, found, config, status=status, held=held)
    run.write(summary)
    failed = sum(entry.pipeline.record.status == FAILED for entry in publisher.published)
    failed += sum(item.status == FAILED for item in held.values())
    return Result(
        run=run,
        summary=summary,
        total=len(plan.tasks),
        ran=len(publisher.published),
        failed=failed,
        entries=found,
        held=held,
        interrupted=not finished,
        plan=plan,
    )


def _leave(result: Result) -> Result:
    """Return the result as it stands when this process is not at work any more: others may be."""
    run, summary = result.run, result.summary
    assert run is not None
    assert summary is not None
    if summary.status == COMPLETED and not run.abandoned():
        summary = dataclasses.replace(summary, status=RUNNING, completed_at=None)
        run.write(summary)
    run.log(f"{summary.status}: {summary.successful_pipelines} completed, {summary.failed_pipelines} failed")
    return dataclasses.replace(result, summary=summary)


def _summary(
    run: Run, found: Sequence[Entry], config: RunConfig, *, status: str, held: Mapping[int, Held]
) -> RunSummary:
    return summarize(run, found, status=status, held_in=by_run(held), started_at=config.created_at)
