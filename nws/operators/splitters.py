"""Splitters that choose samples by where they lie: Kennard-Stone and SPXY, with one test set or with folds.

They draw no random numbers: the same samples in the same order are split alike. Samples with the same group go the
same way; a group is one point, the mean of its samples. This room must not know pipelines.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

from nws.operators.spread import Space, folds, kennard_stone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Rows = NDArray[np.intp]

_SIZE = [Interval(Real, 0, 1, closed="neither"), Interval(Integral, 1, None, closed="left")]
_FOLDS = [Interval(Integral, 2, None, closed="left")]
_METRIC = [StrOptions({"auto", "euclidean", "discrete"})]


class _Spread(BaseCrossValidator):
    """What the four have in common: parameters, and samples as points."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]]
    # For scikit-learn's routing of metadata: groups are of use.
    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    def _check_parameters(self) -> None:
        validate_parameter_constraints(self._parameter_constraints, vars(self), type(self).__name__)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:  # noqa: ARG002 -- as scikit-learn calls it
        """Return how many splits there are; the arguments are not used."""
        return int(getattr(self, "n_splits", 1))

    def _iter_test_indices(
        self, X: ArrayLike, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[Rows]:
        spectra = check_array(X, dtype=np.float64, ensure_min_samples=2)
        check_consistent_length(spectra, y, groups)
        unit = np.arange(len(spectra)) if groups is None else _units(groups)
        if unit.max() < 1:
            raise ValueError(f"{type(self).__name__}: all samples are of one group, so there is nothing to split")
        points = spectra if groups is None else _means(spectra, unit)
        for chosen in self._chosen(self._space(points, y, unit)):
            yield np.flatnonzero(chosen[unit])

    def _space(self, points: Array, y: ArrayLike | None, unit: Rows) -> Space:  # noqa: ARG002 -- those that need y take it
        return Space(points)

    def _chosen(self, space: Space) -> Iterator[NDArray[np.bool_]]:
        """Return for each split which points are to be predicted."""
        raise NotImplementedError


class _OneTest(_Spread):
    """One split: what is chosen is fitted on, the rest predicted."""

    test_size: float

    def _chosen(self, space: Space) -> Iterator[NDArray[np.bool_]]:
        tested = int(self.test_size) if self.test_size >= 1 else math.ceil(self.test_size * space.count)
        if space.count - tested < 2:
            raise ValueError(
                f"{type(self).__name__}(test_size={self.test_size}): at least 2 samples, or groups, are needed to fit "
                f"on, of {space.count} there would be {max(space.count - tested, 0)}"
            )
        rest = np.ones(space.count, dtype=bool)
        rest[kennard_stone(space, space.count - tested)] = False
        yield rest


class _Folds(_Spread):
    """Folds, each predicted once."""

    n_splits: int

    def _chosen(self, space: Space) -> Iterator[NDArray[np.bool_]]:
        if self.n_splits > space.count:
            raise ValueError(
                f"{type(self).__name__}(n_splits={self.n_splits}): there are {space.count} samples, or groups"
            )
        fold = folds(space, self.n_splits)
        for number in range(self.n_splits):
            yield fold == number


class _WithTargets(_Spread):
    """SPXY: targets count as much as spectra."""

    y_metric: str

    def _space(self, points: Array, y: ArrayLike | None, unit: Rows) -> Space:
        if y is None:
            raise ValueError(f"{type(self).__name__} needs y: samples are chosen by their targets too")
        given = np.asarray(y)
        numeric = given.dtype.kind in "biuf"
        discrete = self.y_metric == "discrete" or (self.y_metric == "auto" and not numeric)
        if discrete:
            names = np.unique(given.reshape(len(given), -1), axis=0, return_inverse=True)[1].reshape(-1)
            return Space(points, _most_common(names, unit)[:, None], discrete=True)
        if not numeric:
            raise ValueError(
                f"{type(self).__name__}: y_metric = 'euclidean' is for numbers, y has names: use 'discrete'"
            )
        values = check_array(given.reshape(len(given), -1), dtype=np.float64, input_name="y")
        return Space(points, _means(values, unit))


class KennardStone(_OneTest):
    """One split: fit on the samples that span the spectra most evenly, predict the others.

    Kennard and Stone (1969), with the Euclidean distance of spectra.

    Parameters
    ----------
    test_size
        Fraction of samples, or of groups, to predict, rounded up; or how many.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"test_size": _SIZE}

    def __init__(self, test_size: float = 0.25) -> None:
        self.test_size = test_size
        self._check_parameters()


class SPXY(_WithTargets, _OneTest):
    """One split: fit on the samples that span spectra and targets most evenly, predict the others.

    Galvão et al. (2005): the choice of Kennard and Stone with the distance of the spectra plus that of the targets,
    each divided by the largest one.

    Parameters
    ----------
    test_size
        Fraction of samples, or of groups, to predict, rounded up; or how many.
    y_metric
        "euclidean" for numbers; "discrete" for classes: 0 for equal labels, else 1; "auto" by what `y` holds.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"test_size": _SIZE, "y_metric": _METRIC}

    def __init__(self, test_size: float = 0.25, y_metric: str = "auto") -> None:
        self.test_size = test_size
        self.y_metric = y_metric
        self._check_parameters()


class KennardStoneKFold(_Folds):
    """Folds of which each spans the spectra evenly (`nws.operators.spread.folds`).

    Parameters
    ----------
    n_splits
        How many.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"n_splits": _FOLDS}

    def __init__(self, n_splits: int = 5) -> None:
        self.n_splits = n_splits
        self._check_parameters()


class SPXYKFold(_WithTargets, _Folds):
    """Folds of which each spans spectra and targets evenly (`nws.operators.spread.folds`).

    Parameters
    ----------
    n_splits
        How many.
    y_metric
        As for `SPXY`.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"n_splits": _FOLDS, "y_metric": _METRIC}

    def __init__(self, n_splits: int = 5, y_metric: str = "auto") -> None:
        self.n_splits = n_splits
        self.y_metric = y_metric
        self._check_parameters()


def _units(groups: ArrayLike) -> Rows:
    """Return the number of each sample's group; groups are numbered in the order in which they appear."""
    _, first, found = np.unique(np.asarray(groups), return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[found], dtype=np.intp)


def _means(values: Array, unit: Rows) -> Array:
    sums = np.zeros((int(unit.max()) + 1, values.shape[1]))
    np.add.at(sums, unit, values)
    result: Array = sums / np.bincount(unit)[:, None]
    return result


def _most_common(names: Rows, unit: Rows) -> Array:
    """Return the name that most samples of each unit have, of several the first in order."""
    counts = np.zeros((int(unit.max()) + 1, int(names.max()) + 1))
    np.add.at(counts, (unit, names), 1)
    return np.asarray(counts.argmax(axis=1), dtype=np.float64)
