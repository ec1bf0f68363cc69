"""What this process does while its workers load their libraries: small grids, which are done as soon.

Loading takes a second, in which some hundred quick pipelines are fitted. This room must not know how workers are given
their tasks.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.context import BaseContext

    from nws.dataset import Dataset
    from nws.engine.tasks import Task

# Values of spectra. Of so few none of the quick models takes seconds, not with as many folds as samples.
SMALL = 200_000
# Seconds of work that are not worth handing over.
SHORT = 0.3
_QUICK_MODELS = (
    "sklearn.cross_decomposition.PLSRegression",
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
    "sklearn.linear_model.LinearRegression",
    "sklearn.linear_model.Ridge",
    "sklearn.neighbors.KNeighbors",
)
_QUICK = ("chemotools.", "sklearn.decomposition.PCA", "sklearn.model_selection.", "sklearn.preprocessing.")


class Warming:
    """The time that the server of a context takes to load its libraries, until it has started a first process."""

    def __init__(self, context: BaseContext) -> None:
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


def is_quick(tasks: Iterable[Task], datasets: Iterable[Dataset]) -> bool:
    """Say whether none of some tasks on some datasets keeps a process busy for long."""
    if not all(dataset.spectra.size <= SMALL for dataset in datasets):
        return False
    return all(step.path.startswith(_QUICK + _QUICK_MODELS) for task in tasks for step in task.config.steps)
