"""How complex a pipeline is: the one parameter of its model by which models of that class are ordered.

Only models of one class can be put in an order: there is none between a forest and a ridge regression that people agree
on. This room reads steps as a record has them; it must not import the classes that they name, nor look at figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine.tasks import MODEL, TRANSFORM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Steps = Sequence[Mapping[str, Any]]

COMPONENTS = "n_components"
_COMPONENTS_BY_DEFAULT = {"PLSRegression": 2, "PLSCanonical": 2, "CCA": 2}


@dataclass(frozen=True, kw_only=True)
class Order:
    """The parameter that orders the models of a class, its default, and whether a larger one makes a simpler model."""

    parameter: str
    default: float | None
    larger: bool = False

    def __str__(self) -> str:
        word = "fewest" if self.parameter.startswith(("n_", "max_iter")) and not self.larger else "smallest"
        return f"{'largest' if self.larger else word} {self.parameter}"


_PENALTY = Order(parameter="alpha", default=1.0, larger=True)
_COST = Order(parameter="C", default=1.0)
_NEIGHBOURS = Order(parameter="n_neighbors", default=5, larger=True)
_STAGES = Order(parameter="n_estimators", default=100)
_DEPTH = Order(parameter="max_depth", default=None)
# Of scikit-learn: what a model shrinks by, or how far it may grow.
_ORDERS = {
    **dict.fromkeys(("Ridge", "RidgeClassifier", "KernelRidge", "Lasso", "LassoLars", "ElasticNet"), _PENALTY),
    **dict.fromkeys(("SVR", "SVC", "LinearSVR", "LinearSVC", "LogisticRegression"), _COST),
    **dict.fromkeys(("KNeighborsRegressor", "KNeighborsClassifier"), _NEIGHBOURS),
    **dict.fromkeys(("GradientBoostingRegressor", "GradientBoostingClassifier"), _STAGES),
    **dict.fromkeys(("DecisionTreeRegressor", "DecisionTreeClassifier"), _DEPTH),
    **dict.fromkeys(
        ("HistGradientBoostingRegressor", "HistGradientBoostingClassifier"), Order(parameter="max_iter", default=100)
    ),
}


@dataclass(frozen=True, kw_only=True)
class Complexity:
    """How complex a pipeline is.

    `family` is equal for pipelines that can be compared; `order` is by what (None where nothing is known of the model);
    `value` is that parameter, None where it says no number; `transforms` counts the preprocessing steps.
    """

    family: tuple[str, ...]
    order: Order | None
    value: float | None
    transforms: int

    @property
    def rank(self) -> tuple[float, int]:
        """Smaller the simpler the pipeline is."""
        if self.order is None:
            return 0.0, self.transforms
        if self.value is None:
            # No limit: as complex as it can be.
            return math.inf, self.transforms
        return -self.value if self.order.larger else self.value, self.transforms


def complexity(steps: Steps) -> Complexity:
    """Return how complex a pipeline is.

    Latent variables count wherever they are made: in the model (PLS), else in the last transform that has them (the PCA
    of a principal component regression).

    Parameters
    ----------
    steps
        Steps as a record has them: mappings with `operator`, `class` and `params`.
    """
    model = next((step for step in reversed(steps) if step["operator"] == MODEL), {"class": ""})
    transforms = [step for step in steps if step["operator"] == TRANSFORM]
    path, name = str(model["class"]), _name(model)
    if COMPONENTS in _params(model) or name in _COMPONENTS_BY_DEFAULT:
        family, order = (path,), Order(parameter=COMPONENTS, default=_COMPONENTS_BY_DEFAULT.get(name))
        return _complexity(family, order, model, len(transforms))
    maker = next((step for step in reversed(transforms) if COMPONENTS in _params(step)), None)
    if maker is not None:
        order = Order(parameter=COMPONENTS, default=None)
        return _complexity((path, str(maker["class"])), order, maker, len(transforms))
    return _complexity((path,), _ORDERS.get(name) if path.startswith("sklearn.") else None, model, len(transforms))


def _complexity(family: tuple[str, ...], order: Order | None, step: Mapping[str, Any], transforms: int) -> Complexity:
    value = None if order is None else _params(step).get(order.parameter, order.default)
    # A share of variance, or a word like "mle", leaves the number to the data.
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if order is not None and order.parameter == COMPONENTS:
        known = known and isinstance(value, int)
    return Complexity(family=family, order=order, value=value if known else None, transforms=transforms)


def _params(step: Mapping[str, Any]) -> Mapping[str, Any]:
    params: Mapping[str, Any] = step.get("params") or {}
    return params


def _name(step: Mapping[str, Any]) -> str:
    return str(step["class"]).rpartition(".")[2]
