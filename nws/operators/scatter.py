"""Corrections of scatter, size and trend, spectrum by spectrum.

This room holds formulas; it must not know pipelines.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from nws.operators.rowwise import SameLength, need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

# An area as small as this is none: the spectrum is left as it is.
_NO_AREA = 1e-10


class RobustStandardNormalVariate(SameLength):
    """Centre each spectrum on its median and divide it by its median absolute deviation.

    x' = (x - median(x)) / (k · median(|x - median(x)|)); a spectrum whose deviation is 0 is centred only. The
    standard normal variate of Barnes, Dhanoa and Lister (1989) with the robust estimates of Huber (1981).

    Parameters
    ----------
    k
        What makes the deviation that of a normal distribution: 1.4826.
    with_center
        Whether the median is subtracted.
    with_scale
        Whether is divided; without centring, by the median of the absolute values.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {
        "k": [Interval(Real, 0, None, closed="neither")],
        "with_center": ["boolean"],
        "with_scale": ["boolean"],
    }

    def __init__(self, k: float = 1.4826, *, with_center: bool = True, with_scale: bool = True) -> None:
        self.k = k
        self.with_center = with_center
        self.with_scale = with_scale

    def _apply(self, spectra: Array) -> Array:
        result = spectra - np.median(spectra, axis=1, keepdims=True) if self.with_center else spectra.copy()
        if self.with_scale:
            deviation = self.k * np.median(np.abs(result), axis=1, keepdims=True)
            result /= np.where(deviation == 0, 1.0, deviation)
        return result


class LocalStandardNormalVariate(SameLength):
    """Centre and scale each value of a spectrum by the mean and standard deviation of its neighbourhood.

    The standard normal variate of Barnes, Dhanoa and Lister (1989) over a moving window, as by Bi et al. (2016); the
    standard deviation has n in its denominator, and where it is 0 is not divided.

    Parameters
    ----------
    window
        Features in the neighbourhood: odd, 3 or more.
    pad_mode
        How spectra go on beyond their ends: "reflect" (about the last value), "edge" (with the last value) or
        "constant".
    constant_values
        The value beyond the ends, for "constant".
    """

    __module__ = "nws.operators"
    _parameter_constraints = {
        "window": [Interval(Integral, 3, None, closed="left")],
        "pad_mode": [StrOptions({"reflect", "edge", "constant"})],
        "constant_values": [Interval(Real, None, None, closed="neither")],
    }

    def __init__(self, window: int = 11, pad_mode: str = "reflect", constant_values: float = 0.0) -> None:
        self.window = window
        self.pad_mode = pad_mode
        self.constant_values = constant_values

    def _check(self, spectra: Array) -> None:
        if self.window % 2 == 0:
            raise ValueError(f"window = {self.window} is even: a neighbourhood has as many features left as right")
        if self.pad_mode == "reflect":
            need(self, spectra, least=self.window // 2 + 1, why=f"window = {self.window} with reflected ends")

    def _apply(self, spectra: Array) -> Array:
        padded = self._padded(spectra)
        features = spectra.shape[1]
        shifts = [slice(start, start + features) for start in range(self.window)]
        # Twice over the window, not by the difference of sums, which loses all digits of small deviations.
        mean = sum((padded[:, shift] for shift in shifts), np.zeros_like(spectra)) / self.window
        squares = np.zeros_like(spectra)
        for shift in shifts:
            squares += (padded[:, shift] - mean) ** 2
        deviation = np.sqrt(squares / self.window)
        result: Array = (spectra - mean) / np.where(deviation == 0, 1.0, deviation)
        return result

    def _padded(self, spectra: Array) -> Array:
        width = ((0, 0), (self.window // 2, self.window // 2))
        if self.pad_mode == "constant":
            return np.pad(spectra, width, mode="constant", constant_values=self.constant_values)
        return np.pad(spectra, width, mode="edge" if self.pad_mode == "edge" else "reflect")


class AreaNormalization(SameLength):
    """Divide each spectrum by its area.

    A spectrum whose area is smaller than 1e-10 in absolute value is left as it is.

    Parameters
    ----------
    method
        What the area is: "sum" of the values, "abs_sum" of their absolute values, or "trapz", the trapezoidal rule
        with features one apart.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"method": [StrOptions({"sum", "abs_sum", "trapz"})]}

    def __init__(self, method: str = "sum") -> None:
        self.method = method

    def _apply(self, spectra: Array) -> Array:
        area = self._area(spectra)[:, None]
        result: Array = spectra / np.where(np.abs(area) < _NO_AREA, 1.0, area)
        return result

    def _area(self, spectra: Array) -> Array:
        if self.method == "trapz":
            return np.asarray(np.trapezoid(spectra, axis=1), dtype=np.float64)
        return np.asarray((np.abs(spectra) if self.method == "abs_sum" else spectra).sum(axis=1), dtype=np.float64)


class Detrend(SameLength):
    """Subtract from each spectrum the straight line, or the broken lines, that fit it best.

    Linear detrending as by Barnes, Dhanoa and Lister (1989), by `scipy.signal.detrend`. For polynomials of higher
    order there is `chemotools.baseline.PolynomialCorrection`.

    Parameters
    ----------
    breakpoints
        Feature, or features, at which a new line begins, counted from 0.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"breakpoints": [Integral, "array-like"]}

    def __init__(self, breakpoints: int | Sequence[int] = ()) -> None:
        self.breakpoints = breakpoints

    def _check(self, spectra: Array) -> None:
        features = spectra.shape[1]
        wrong = [at for at in np.atleast_1d(self.breakpoints).tolist() if at not in range(features)]
        if wrong:
            raise ValueError(f"breakpoints: {wrong[0]!r} is no feature of spectra that have {features} feature(s)")

    def _apply(self, spectra: Array) -> Array:
        from scipy.signal import detrend

        found: Array = detrend(spectra, axis=1, bp=np.atleast_1d(self.breakpoints).astype(np.int64))
        return found


class ColumnNormalization(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Divide each feature by its Euclidean norm over the samples that were fitted on; one that is 0 is left.

    Attributes
    ----------
    norm_
        The norms, of shape (features,).
    """

    __module__ = "nws.operators"
    _parameter_constraints: dict[str, list[Any]] = {}

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002 -- as scikit-learn calls it
        """Compute the norms of `X`, of shape (samples, features)."""
        norm = np.linalg.norm(validate_data(self, X, dtype=np.float64), axis=0)
        self.norm_ = np.where(norm == 0, 1.0, norm)
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return `X`, of shape (samples, features), divided by the norms."""
        check_is_fitted(self)
        result: Array = validate_data(self, X, reset=False, dtype=np.float64) / self.norm_
        return result
