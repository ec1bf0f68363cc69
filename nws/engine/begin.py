"""Beginning: which run a plan is done in, what of it the workspace has already, and which numbers the rest asks for.

This room finds or makes the run; it must not know how tasks are run or published.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nws.engine.known import held_anywhere, held_in_run
from nws.errors import Conflict, Locked, UnknownName
from nws.run import INTERRUPTED, RUNNING
from nws.upkeep.reindex import complete

if TYPE_CHECKING:
    from collections.abc import Callable

    from nws.engine.known import Held
    from nws.engine.request import Plan, Request
    from nws.engine.tasks import Task
    from nws.ids import ObjectId
    from nws.run import Run
    from nws.workspace import Workspace

    Naming = tuple[dt.date, str, str | None]


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """Where and with what a plan begins.

    `run` is None where there is nothing to do and so no run is made; `held` says by position what is there already, in
    `run` or in others; `resumed` says that the run was cut off before; `finished` that it had come to its end and there
    is nothing to go on with; `numbers` gives the number to ask for by position.
    """

    run: Run | None
    held: dict[int, Held]
    resumed: bool = False
    finished: bool = False
    numbers: dict[int, int] = field(default_factory=dict)


def begin(
    workspace: Workspace,
    plan: Plan,
    request: Request,
    presence: contextlib.ExitStack,
    *,
    report: Callable[[int], None] = lambda _: None,
) -> Beginning:
    """Find or make the run to work in, and be seen to be at work in it for as long as `presence` lasts.

    A run that was cut off in the same plan, under the same name, is gone on with, and what it has is not run again,
    whatever made it. Of the rest, what any run of the workspace has is not run again either, unless `force` is asked.

    Raises
    ------
    UnknownName
        If the run to go on with is not there.
    Locked
        If a process is at work in it.
    """
    run = _to_go_on_with(workspace, plan, request, presence)
    here: dict[str, Held] = {}
    if run is not None:
        if request.resume is not None and not unfinished(run):
            return Beginning(run=run, held={}, finished=True)
        complete(workspace, run)
        here = held_in_run(run)
    held = {task.position: here[task.key] for task in plan.tasks if task.key in here}
    if not request.force:
        damaged: set[ObjectId] = set()
        others = [task for task in plan.tasks if task.position not in held]
        held |= held_anywhere(workspace, others, report=report, damaged=damaged)
        for oid in damaged:
            # Who makes it again is to write it anew, which a store does not do where an object seems to be there.
            workspace.store.removal.distrust(oid)
    todo = [task for task in plan.tasks if task.position not in held]
    if run is not None:
        own = [task for task in plan.tasks if task.key in here or task.position not in held]
        return Beginning(run=run, held=held, resumed=True, numbers=_numbers(run, own, todo, request))
    naming = (dt.datetime.now().astimezone().date(), plan.dataset_name, request.run_name)
    if not todo and not (request.append and workspace.runs.has(*naming)):
        return Beginning(run=None, held=held)
    run = _joined(workspace, naming, presence) if request.append else _made(workspace, naming, presence)
    return Beginning(run=run, held=held, numbers=_numbers(run, todo, todo, request))


def _to_go_on_with(workspace: Workspace, plan: Plan, request: Request, presence: contextlib.ExitStack) -> Run | None:
    """Return the run that is named, or one that was cut off in the same plan; be alone in it."""
    if request.resume is not None:
        run = workspace.runs.get(request.resume)
        if not presence.enter_context(run.at_work(alone=True)):
            raise Locked(f"a process is at work in run {run.name}", hint="wait for its end, or stop it")
        return run
    if request.append:
        return None
    cut_off = workspace.runs.unfinished(plan.dataset_name, request.run_name, plan=plan.id, force=request.force)
    # Of two processes that find the same run cut off, one goes on with it.
    return cut_off if cut_off is not None and presence.enter_context(cut_off.at_work(alone=True)) else None


def _joined(workspace: Workspace, naming: Naming, presence: contextlib.ExitStack) -> Run:
    run = workspace.runs.obtain(*naming)
    if run.numbers() and not run.is_asked():
        hint = "nws runs list says what goes on with it; or choose another --run-name"
        raise Conflict(f"run {run.name} was cut off while it was made of its copy", hint=hint)
    presence.enter_context(run.at_work())
    return run


def _made(workspace: Workspace, naming: Naming, presence: contextlib.ExitStack) -> Run:
    """Return a run that has nothing yet: a new one, or one that was cut off before it could say what was asked."""
    for run in workspace.runs.bare(*naming):
        if _taken(run, presence, alone=True):
            # Of an import that was cut off before anything came of it.
            workspace.runs.imported.remove(run.name)
            return run
    while True:
        run = workspace.runs.create(*naming)
        # Between the making of a folder and the sign in it, another process may have taken it for one left behind.
        if _taken(run, presence, alone=False):
            return run


def _taken(run: Run, presence: contextlib.ExitStack, *, alone: bool) -> bool:
    """Be seen to be at work in a run, if it still has nothing."""
    with contextlib.ExitStack() as trial:
        if trial.enter_context(run.at_work(alone=alone)) and run.is_bare():
            presence.push(trial.pop_all())
            return True
    return False


def unfinished(run: Run) -> bool:
    """Say whether a run has not come to its end, by what it says itself."""
    try:
        return run.summary().status in {RUNNING, INTERRUPTED}
    except UnknownName:
        return True


def _numbers(run: Run, own: list[Task], todo: list[Task], request: Request) -> dict[int, int]:
    """Return the number to ask for, by position.

    A run has numbers without gaps in the order of the plan, those of pipelines that others have left out; one that is
    appended to goes on from its last.
    """
    if request.append:
        return {task.position: number for number, task in enumerate(todo, run.next_number())}
    return {task.position: number for number, task in enumerate(own, 1)}
