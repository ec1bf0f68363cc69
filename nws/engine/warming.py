"""What this process does while its workers load their libraries: small grids, which are done as soon.

Loading takes a second, in which some hundred quick pipelines are fitted. This room must not know how workers are given
their tasks.
"""

from __future__ import annotations

import contextlib
import math
import threading
from typing import TYPE_CHECKING, Any

from nws.engine.apart import check_test
from nws.engine.cv import check_cv
from nws.engine.steps import build
from nws.engine.tasks import SPLIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import BaseContext

    from nws.dataset import Dataset
    from nws.engine.tasks import Task

PRELOADED = ["nws.engine.fit", "numpy", "sklearn.base", "sklearn.model_selection", "sklearn.metrics"]
# What most pipelines use, loaded once for all workers while this process does something else.
USUAL = [
    "sklearn.cross_decomposition",
    "sklearn.decomposition",
    "sklearn.linear_model",
    "sklearn.preprocessing",
    "chemotools.derivative",
    "chemotools.scatter",
]
# Values to fit. For so few, no quick model takes more than some seconds in all folds.
SMALL = 8_000_000
# For so many, in all tasks, workers are worth their libraries: a guess, before the first tasks tell how long they take.
MANY = 200_000_000
# Seconds of work that workers are not worth, which take as long to load their libraries, and a processor.
SHORT = 1.5
_QUICK_MODELS = (
    "sklearn.cross_decomposition.PLSRegression",
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
    "sklearn.linear_model.LinearRegression",
    "sklearn.linear_model.Ridge",
    "sklearn.neighbors.KNeighbors",
)
_QUICK = ("chemotools.", "sklearn.decomposition.PCA", "sklearn.model_selection.", "sklearn.preprocessing.")


def server() -> BaseContext:
    """Return how workers are started: from a clean server that has the libraries loaded, where there is one.

    It begins to load them, which takes a second, and goes on by itself.
    """
    import multiprocessing

    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED + USUAL)
    # Started now, it loads the libraries while this process reads its files. Ctrl-C is for the driver; whether a
    # signal is ignored passes on to the server, where it would else end the loading with a traceback.
    with _deaf_to_interrupts():
        forkserver.ensure_running()
    return context


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    import signal

    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        # Only the main thread may, and only there does Ctrl-C arrive.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


class Warming:
    """The time that the server of a context takes to load its libraries, until it has started a first process."""

    def __init__(self, context: BaseContext) -> None:
        self.context = context
        # Where the work is done before, nobody waits for it: both end with this process.
        self._thread = threading.Thread(target=self._start, args=(context,), daemon=True)
        self._thread.start()

    def goes_on(self) -> bool:
        """Say whether a worker would still have to be waited for."""
        return self._thread.is_alive()

    @staticmethod
    def _start(context: Any) -> None:
        process = context.Process(target=_nothing)
        process.start()
        process.join()


def _nothing() -> None:
    """Do nothing, in a process that is there for no more than to have started."""


def volume(task: Task, dataset: Dataset) -> float:
    """Return how many values are fitted for a task: those of the spectra, in each fold.

    Infinity where its steps are not all quick for their number.
    """
    if not all(step.path.startswith(_QUICK + _QUICK_MODELS) for step in task.config.steps):
        return math.inf
    return dataset.spectra.size * _folds(task, dataset.samples)


def _folds(task: Task, samples: int) -> float:
    """Return how often a model of a task is fitted at most; infinity where its splitter does not say."""
    tested = 1 if task.test is None else check_test(task.test).most(samples)
    splitters = [step for step in task.config.steps if step.kind == SPLIT]
    if not splitters:
        return tested * check_cv(task.cv).most(samples)
    try:
        return tested * int(build(splitters[0], seed=0).get_n_splits(range(samples)))
    except Exception:  # noqa: BLE001 -- whatever is wrong with it is told when it is asked to split
        return math.inf
