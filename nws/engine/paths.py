"""Models that one fit gives for many values of a parameter: which they are, and what may be shared.

A path is taken only where each of its models is what a fit of its own would have made; whoever cannot tell from the
parameters alone does without. This room must not know folds, metrics or records.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from nws.engine.growth import growing, grows
from nws.engine.ridges import ridges, shares
from nws.engine.truncation import CentredPredictions, partial_least_squares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy import ndarray

    from nws.engine.tasks import StepSpec

    Array = ndarray[Any, Any]


class Fits(Protocol):
    """Fits models on one path."""

    def __call__(self, models: Sequence[Any], spectra: Array, values: Array, *, whole: bool) -> Iterator[Any]:
        """Yield the fitted models in the order of the unfitted ones."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """How models are fitted that differ in one parameter.

    `models` takes unfitted models in ascending order of `param`, spectra, values, and whether the models are wanted
    `whole` or for predictions only; it yields the fitted ones in that order, each to be used before the next is asked
    for. `predictions`, where there is one, makes what predicts for models that were fitted together. `allows` says
    whether an unfitted model can be one of them;
    `largest` gives the largest value of the parameter for spectra of a shape.
    """

    param: str
    models: Fits
    allows: Callable[[Any], bool] = lambda _: True
    predictions: Callable[[], Callable[[Any, Array], Array]] | None = None
    largest: Callable[[tuple[int, int]], float] = lambda _: float("inf")


_TREES = Path(param="n_estimators", models=growing, allows=grows)
PATHS = {
    "sklearn.cross_decomposition.PLSRegression": Path(
        param="n_components", models=partial_least_squares, predictions=CentredPredictions, largest=min
    ),
    "sklearn.linear_model.Ridge": Path(param="alpha", models=ridges, allows=shares),
    "sklearn.ensemble.GradientBoostingRegressor": _TREES,
    "sklearn.ensemble.GradientBoostingClassifier": _TREES,
    "sklearn.ensemble.RandomForestRegressor": _TREES,
    "sklearn.ensemble.RandomForestClassifier": _TREES,
    "sklearn.ensemble.ExtraTreesRegressor": _TREES,
    "sklearn.ensemble.ExtraTreesClassifier": _TREES,
}
# Transformers of which all values are cut out of one fit; they matter here only for what is best done together.
_CUT = {"sklearn.decomposition.PCA": "n_components"}


def along(path: str) -> str | None:
    """Return the parameter in which models of a class differ on one path; None where it has none."""
    return PATHS[path].param if path in PATHS else None


def form_of(spec: StepSpec, *, of_path: bool) -> str:
    """Return text that is equal for equal steps; with `of_path` also for those that differ along a path only."""
    params = spec.params
    if of_path:
        left_out = along(spec.path) or _CUT.get(spec.path)
        params = {name: value for name, value in params.items() if name != left_out}
    return json.dumps([spec.kind, spec.path, params, spec.group], sort_keys=True, default=repr)
