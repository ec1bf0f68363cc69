"""Doing what `nws run` asks: how far it is, on one line, and what came of it.

This room follows a request that is complete; it must not know from which words it was made.
"""

import signal
import time
from typing import TYPE_CHECKING

from nws.cli.charting import Charts, chosen, put_charts
from nws.cli.ending import report
from nws.cli.lines import in_runs
from nws.cli.output import Output, Progress, number
from nws.cli.session import Session
from nws.errors import DONE, INTERRUPTED, PARTIAL
from nws.metrics import METRICS, badness, label
from nws.words import plural, span

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.engine.request import Request
    from nws.engine.result import Progress as Reached


def perform(session: Session, workspace: "Workspace", request: "Request", *, charts: Charts = "best") -> int:
    """Do what a request asks, show how far it is, print what came of it, and draw pictures of that."""
    # A scheduler ends a job with SIGTERM; it is to leave as usable a run as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, _interrupt)
    watcher = Watcher(session.output)
    try:
        results = workspace.execute(request, report=watcher)
    finally:
        watcher.line.clear()
        signal.signal(signal.SIGTERM, before)
    for result in results:
        pictures = put_charts(session, workspace, chosen(result, charts), explain=session.output.verbose)
        report(session.output, workspace, result, pictures)
    # Only now, so that every run that was done is shown; the exit code is that of the failure.
    for result in results:
        if result.unarchived is not None:
            raise result.unarchived
    if any(result.interrupted for result in results):
        return INTERRUPTED
    return PARTIAL if any(result.failed for result in results) else DONE


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


class Watcher:
    """Follows a run and keeps one line of progress.

    Parameters
    ----------
    output
        How to speak.
    """

    def __init__(self, output: Output) -> None:
        self.line = Progress(output, time.monotonic)
        self._output = output
        self._began = time.monotonic()
        self._best: dict[str, tuple[float, str]] = {}

    def __call__(self, reached: "Reached") -> None:
        """Take the next piece of news."""
        if reached.looked_up is not None:
            self.line.update(f"{reached.looked_up:,} of {plural(reached.total, 'pipeline')} looked up")
            return
        if reached.outcome is None:
            self._begin(reached)
            return
        self._note_best(reached)
        self.line.update(self._text(reached))

    def _begin(self, reached: "Reached") -> None:
        self._began = time.monotonic()
        self._best = {}
        self.line.clear()
        for line in reached.understood:
            self._output.say(line)
        if reached.run is None:
            return
        verb = "going on with" if reached.resumed else "running"
        there = f", {reached.skipped:,} of them there already{in_runs(reached.held)}" if reached.held else ""
        self._output.say(f"{verb} {reached.run}: {plural(reached.total, 'pipeline')}{there}")

    def _note_best(self, reached: "Reached") -> None:
        outcome = reached.outcome
        if outcome is None or outcome.metrics is None or outcome.metrics.val is None:
            return
        name = outcome.metrics.metric
        value = outcome.metrics.val.get(name)
        if value is None:
            return
        rank = badness(METRICS[name], value)
        target = outcome.task.target
        if target not in self._best or rank < self._best[target][0]:
            once = (outcome.metrics.cross_validation or {}).get("folds") == 1
            self._best[target] = (rank, f"best {label(f'val_{name}', once=once)} {number(value)}")

    def _text(self, reached: "Reached") -> str:
        todo = reached.total - reached.skipped
        spent = time.monotonic() - self._began
        left = spent / reached.done * (todo - reached.done)
        parts = [f"{reached.done}/{todo}"]
        if reached.failed:
            parts.append(f"{reached.failed} failed")
        parts += [text for _, text in list(self._best.values())[:1]]
        return " · ".join([*parts, f"{span(left)} left"])
