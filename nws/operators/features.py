"""Which features a spectrum has: a part of them, or as many as wanted.

This room counts features from 0; it must not know wavelengths, which the spectra it is given do not carry.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from nws.operators.rowwise import Rowwise, need

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Crop(Rowwise):
    """Keep the features from `start` up to `end`, which is the first that is left out.

    Parameters
    ----------
    start, end
        Counted from 0; negative ones from the end, and None is the end, as in a slice of Python.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"start": [Integral], "end": [Integral, None]}

    def __init__(self, start: int = 0, end: int | None = None) -> None:
        self.start = start
        self.end = end

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names of the features that are kept."""
        check_is_fitted(self)
        return _check_feature_names_in(self, input_features)[self._part]

    @property
    def _part(self) -> slice:
        return slice(self.start, self.end)

    def _check(self, spectra: Array) -> None:
        features = spectra.shape[1]
        if not range(*self._part.indices(features)):
            raise ValueError(f"from {self.start} to {self.end} nothing is left of spectra with {features} feature(s)")

    def _apply(self, spectra: Array) -> Array:
        return spectra[:, self._part].copy()


class Resample(ClassNamePrefixFeaturesOutMixin, Rowwise):
    """Interpolate each spectrum linearly to another number of features, evenly spaced between its ends.

    Parameters
    ----------
    num_samples
        How many; None leaves spectra as they are.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"num_samples": [Interval(Integral, 1, None, closed="left"), None]}

    def __init__(self, num_samples: int | None = None) -> None:
        self.num_samples = num_samples

    @property
    def _n_features_out(self) -> int:
        return self.n_features_in_ if self.num_samples is None else self.num_samples

    def _check(self, spectra: Array) -> None:
        if self.num_samples not in {None, spectra.shape[1]}:
            need(self, spectra, least=2, why="interpolation")

    def _apply(self, spectra: Array) -> Array:
        features = spectra.shape[1]
        if self.num_samples in {None, features}:
            return spectra.copy()
        given, wanted = np.linspace(0, 1, features), np.linspace(0, 1, self._n_features_out)
        return np.array([np.interp(wanted, given, spectrum) for spectrum in spectra])
