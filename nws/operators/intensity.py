"""What the numbers of a spectrum measure: reflectance, absorbance, percent, logarithms.

This room holds formulas; it must not know pipelines.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from nws.operators.rowwise import SameLength

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_POSITIVE = Interval(Real, 0, None, closed="neither")


class ToAbsorbance(SameLength):
    """Turn reflectance or transmittance, as fractions, into (apparent) absorbance: -log10(x).

    Parameters
    ----------
    floor
        Smaller values, for which there is no logarithm or none that means anything, are taken for this one. With
        None, values of 0 and below are refused.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"floor": [_POSITIVE, None]}

    def __init__(self, floor: float | None = 1e-10) -> None:
        self.floor = floor

    def _apply(self, spectra: Array) -> Array:
        if self.floor is not None:
            spectra = np.maximum(spectra, self.floor)
        elif (spectra <= 0).any():
            count = int((spectra <= 0).sum())
            raise ValueError(f"{count} of {spectra.size} values are not above 0, so they have no absorbance")
        result: Array = -np.log10(spectra)
        return result


class KubelkaMunk(SameLength):
    """Turn diffuse reflectance, as fractions, into (1 - R)² / (2 R) (Kubelka and Munk, 1931).

    Parameters
    ----------
    epsilon
        Reflectances are taken to lie between this and 1 minus this, since at 0 there is no value.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"epsilon": [Interval(Real, 0, 0.5, closed="neither")]}

    def __init__(self, epsilon: float = 1e-10) -> None:
        self.epsilon = epsilon

    def _apply(self, spectra: Array) -> Array:
        reflectance = np.clip(spectra, self.epsilon, 1.0 - self.epsilon)
        result: Array = np.square(1.0 - reflectance) / (2.0 * reflectance)
        return result


class Percent(SameLength):
    """Turn percent into fractions, or fractions into percent.

    Parameters
    ----------
    to
        "fraction" divides by 100, "percent" multiplies by it.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"to": [StrOptions({"fraction", "percent"})]}

    def __init__(self, to: str = "fraction") -> None:
        self.to = to

    def _apply(self, spectra: Array) -> Array:
        return spectra / 100.0 if self.to == "fraction" else spectra * 100.0


class LogTransform(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Take the logarithm of each value, moved above 0 by an offset that is learnt.

    Parameters
    ----------
    base
        Base of the logarithm.
    offset
        Added to every value.
    auto_offset
        Whether as much more is added as makes the smallest value fitted on `min_value`, if it is not above 0.
    min_value
        What values that are not above 0 after that are taken for.

    Attributes
    ----------
    offset_
        What is added altogether.
    """

    __module__ = "nws.operators"
    _parameter_constraints: dict[str, list[Any]] = {
        "base": [_POSITIVE],
        "offset": [Interval(Real, None, None, closed="neither")],
        "auto_offset": ["boolean"],
        "min_value": [_POSITIVE],
    }

    def __init__(
        self, base: float = math.e, offset: float = 0.0, *, auto_offset: bool = True, min_value: float = 1e-8
    ) -> None:
        self.base = base
        self.offset = offset
        self.auto_offset = auto_offset
        self.min_value = min_value

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002 -- as scikit-learn calls it
        """Find the offset for `X`, of shape (samples, features).

        Raises
        ------
        ValueError
            If a parameter has no meaning, or a value is not finite.
        """
        self._validate_params()
        if self.base == 1:
            raise ValueError("base = 1: there is no logarithm to this base")
        least = float(validate_data(self, X, dtype=np.float64).min()) + self.offset
        self.offset_ = self.offset + (self.min_value - least if self.auto_offset and least <= 0 else 0.0)
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return the logarithms of `X`, of shape (samples, features)."""
        check_is_fitted(self)
        moved = validate_data(self, X, reset=False, dtype=np.float64) + self.offset_
        logarithm: Array = np.log(np.where(moved <= 0, self.min_value, moved))
        return logarithm if self.base == math.e else logarithm / math.log(self.base)

    def inverse_transform(self, X: ArrayLike) -> Array:
        """Return the values whose logarithms `X` are."""
        check_is_fitted(self)
        values = np.asarray(X, dtype=np.float64)
        power = np.exp(values) if self.base == math.e else np.power(self.base, values)
        result: Array = power - self.offset_
        return result
