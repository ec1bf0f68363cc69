"""Derivatives and smoothing along the spectrum.

This room holds formulas; it must not know pipelines.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from nws.operators.rowwise import SameLength, need

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_POSITIVE = Interval(Real, 0, None, closed="neither")
_MODES = {"reflect", "constant", "nearest", "mirror", "wrap"}


class SavitzkyGolay(SameLength):
    """Smooth or differentiate by polynomials fitted in a moving window (Savitzky and Golay, 1964).

    That of chemotools with the distance of features: a derivative of order d is divided by delta to the d-th. By
    `scipy.signal.savgol_filter`.

    Parameters
    ----------
    window_length
        Features in the window.
    polyorder
        Order of the polynomials, less than the window.
    deriv
        Order of the derivative; 0 smooths.
    delta
        Distance of two features, in the unit of the axis.
    mode
        How spectra go on beyond their ends; "interp" fits a polynomial to the last window.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "polyorder": [Interval(Integral, 0, None, closed="left")],
        "deriv": [Interval(Integral, 0, None, closed="left")],
        "delta": [_POSITIVE],
        "mode": [StrOptions({"mirror", "constant", "nearest", "wrap", "interp"})],
    }

    def __init__(
        self, window_length: int = 11, polyorder: int = 3, deriv: int = 0, delta: float = 1.0, mode: str = "interp"
    ) -> None:
        self.window_length = window_length
        self.polyorder = polyorder
        self.deriv = deriv
        self.delta = delta
        self.mode = mode

    def _check(self, spectra: Array) -> None:
        if self.polyorder >= self.window_length:
            raise ValueError(f"polyorder = {self.polyorder} is not less than window_length = {self.window_length}")
        if self.mode == "interp":
            need(self, spectra, least=self.window_length, why=f"window_length = {self.window_length}")

    def _apply(self, spectra: Array) -> Array:
        from scipy.signal import savgol_filter

        found: Array = savgol_filter(
            spectra, self.window_length, self.polyorder, self.deriv, delta=self.delta, axis=1, mode=self.mode
        )
        return found


class Gradient(SameLength):
    """Differentiate by central differences: half the difference of the two neighbours (`numpy.gradient`).

    Parameters
    ----------
    order
        How often.
    delta
        Distance of two features, in the unit of the axis.
    edge_order
        At the two ends: 1 takes the difference of the last two values, 2 the slope of the parabola through the last
        three.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {
        "order": [Interval(Integral, 1, None, closed="left")],
        "delta": [_POSITIVE],
        "edge_order": [Interval(Integral, 1, 2, closed="both")],
    }

    def __init__(self, order: int = 1, delta: float = 1.0, edge_order: int = 1) -> None:
        self.order = order
        self.delta = delta
        self.edge_order = edge_order

    def _check(self, spectra: Array) -> None:
        need(self, spectra, least=self.edge_order + 1, why=f"edge_order = {self.edge_order}")

    def _apply(self, spectra: Array) -> Array:
        for _ in range(self.order):
            spectra = np.gradient(spectra, self.delta, axis=1, edge_order=2 if self.edge_order == 2 else 1)
        return spectra


class GapDerivative(SameLength):
    """Differentiate over a gap after averaging segments (Norris and Williams, 1984).

    The mean of `segment` features first, then (x[i + gap] - x[i - gap]) / (2 · gap · delta); both twice for the second
    derivative. Beyond their ends, spectra go on with their last value.

    Parameters
    ----------
    gap
        Features from the centre to either side.
    segment
        Features that are averaged: odd; 1 averages nothing.
    deriv
        Order of the derivative, 1 or 2.
    delta
        Distance of two features, in the unit of the axis.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {
        "gap": [Interval(Integral, 1, None, closed="left")],
        "segment": [Interval(Integral, 1, None, closed="left")],
        "deriv": [Interval(Integral, 1, 2, closed="both")],
        "delta": [_POSITIVE],
    }

    def __init__(self, gap: int = 5, segment: int = 5, deriv: int = 1, delta: float = 1.0) -> None:
        self.gap = gap
        self.segment = segment
        self.deriv = deriv
        self.delta = delta

    def _check(self, spectra: Array) -> None:
        if self.segment % 2 == 0:
            raise ValueError(f"segment = {self.segment} is even: a segment has as many features left as right")
        least = max(self.gap + 1, self.segment)
        need(self, spectra, least=least, why=f"gap = {self.gap} with segment = {self.segment}")

    def _apply(self, spectra: Array) -> Array:
        from scipy.ndimage import correlate1d

        gap = np.zeros(2 * self.gap + 1)
        gap[0], gap[-1] = -1.0, 1.0
        for _ in range(self.deriv):
            if self.segment > 1:
                spectra = correlate1d(spectra, np.full(self.segment, 1.0 / self.segment), axis=1, mode="nearest")
            spectra = correlate1d(spectra, gap, axis=1, mode="nearest") / (2 * self.gap * self.delta)
        return spectra


class GaussianFilter(SameLength):
    """Convolve each spectrum with a Gaussian or one of its derivatives (`scipy.ndimage.gaussian_filter1d`).

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian, in features. It is cut off at four of them.
    order
        Order of the derivative; 0 smooths.
    mode
        How spectra go on beyond their ends; "reflect" repeats the last value.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {
        "sigma": [_POSITIVE],
        "order": [Interval(Integral, 0, None, closed="left")],
        "mode": [StrOptions(_MODES)],
    }

    def __init__(self, sigma: float = 1.0, order: int = 0, mode: str = "reflect") -> None:
        self.sigma = sigma
        self.order = order
        self.mode = mode

    def _apply(self, spectra: Array) -> Array:
        from scipy.ndimage import gaussian_filter1d

        found: Array = gaussian_filter1d(spectra, self.sigma, axis=1, order=self.order, mode=self.mode)
        return found
