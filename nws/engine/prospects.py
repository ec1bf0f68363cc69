"""What would become of a plan: which of its pipelines would run, and who has the others.

This room looks without writing; it must not begin a run, nor store anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.engine.begin import unfinished
from nws.engine.known import held_anywhere, held_in_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nws.engine.known import Held
    from nws.engine.request import Plan, Request
    from nws.engine.tasks import Task
    from nws.run import Run
    from nws.workspace import Workspace

# So many tasks are looked up at once, which is what one query of the index is worth.
_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """A task, and the pipeline that has its outcome already; None if it would run."""

    task: Task
    held: Held | None


class Prospects:
    """The prospects of a plan, looked up as they are gone through.

    Parameters
    ----------
    workspace
        Where to look.
    plan
        What is asked.
    request
        How it is asked: with `force` everything would run.
    """

    def __init__(self, workspace: Workspace, plan: Plan, request: Request) -> None:
        self._workspace = workspace
        self._request = request
        self.plan = plan
        self.run = self._run()

    def _run(self) -> Run | None:
        """Return the run that would be gone on with, if any."""
        if self._request.resume is not None:
            return self._workspace.runs.get(self._request.resume)
        if self._request.append:
            return None
        plan, request = self.plan, self._request
        return self._workspace.runs.unfinished(plan.dataset_name, request.run_name, plan=plan.id, force=request.force)

    @property
    def finished(self) -> bool:
        """Whether the run to go on with has come to its end, so that nothing would run."""
        return self._request.resume is not None and self.run is not None and not unfinished(self.run)

    def __iter__(self) -> Iterator[Prospect]:
        """Yield the prospect of each task, in the order of the plan."""
        here = {} if self.run is None else held_in_run(self.run)
        for start in range(0, len(self.plan.tasks), _AT_ONCE):
            tasks = self.plan.tasks[start : start + _AT_ONCE]
            held = {task.position: here[task.key] for task in tasks if task.key in here}
            if not self._request.force:
                held |= held_anywhere(self._workspace, [task for task in tasks if task.position not in held])
            for task in tasks:
                yield Prospect(task=task, held=held.get(task.position))
