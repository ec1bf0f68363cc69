"""The `y_processing` of a pipeline: reference values made fit for a model, and its predictions brought back.

Steps are fitted on the training values of each fold. This room must not know spectra or models.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine.steps import build
from nws.errors import BadInput
from nws.metrics import REGRESSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import ndarray

    from nws.engine.ambient import Place
    from nws.engine.tasks import Numbered

    Array = ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class FittedTargets:
    """Values of shape (samples,) as the model gets them, and the fitted steps that made them, in order."""

    values: Array
    steps: tuple[tuple[Numbered, Any], ...] = ()

    def restore(self, predicted: Array) -> Array:
        """Bring predictions back to the units of the target."""
        column = predicted
        for _, transformer in reversed(self.steps):
            column = transformer.inverse_transform(column.reshape(len(column), -1))
        return column


class TargetSteps:
    """The steps, not yet fitted.

    Parameters
    ----------
    steps
        In order.
    task
        "regression" or "classification".
    seed
        The seed of the run.
    place
        Is told which step is at work.
    """

    def __init__(self, steps: Sequence[Numbered], *, task: str, seed: int, place: Place) -> None:
        self._steps = steps
        self._task = task
        self._seed = seed
        self._place = place
        self.form = json.dumps([[step.spec.path, step.spec.params] for step in steps], sort_keys=True, default=repr)

    def fit(self, values: Array) -> FittedTargets:
        """Fit every step on `values`, of shape (samples,), in the units of the target.

        Raises
        ------
        BadInput
            If the target holds classes, or a step makes several columns of it.
        """
        column, fitted = values, []
        for step in self._steps:
            self._place.at(step)
            if self._task != REGRESSION:
                raise BadInput("y_processing is for numeric targets", hint="leave it out: classes stay as they are")
            transformer = build(step.spec, seed=self._seed)
            column = transformer.fit_transform(column.reshape(len(values), -1))
            if column.shape != (len(values), 1):
                raise BadInput(f"{step.spec.path.rpartition('.')[2]} makes {column.shape[-1]} columns of one target")
            fitted.append((step, transformer))
        return FittedTargets(values=column.reshape(len(values)), steps=tuple(fitted))
