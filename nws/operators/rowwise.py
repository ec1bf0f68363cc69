"""Transformers that treat each spectrum by itself and learn nothing but how long spectra are.

This room checks what they are given; it must not know any formula.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


class Rowwise(TransformerMixin, BaseEstimator):
    """What such transformers have in common: `_check` refuses spectra they cannot treat, `_apply` does the work."""

    _parameter_constraints: dict[str, list[Any]]

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002 -- as scikit-learn calls it
        """Check parameters and spectra.

        Parameters
        ----------
        X
            Spectra, of shape (samples, features), finite.
        y
            Not used.

        Raises
        ------
        ValueError
            If a parameter has no meaning, by itself or for spectra of this length, or a value is not finite.
        """
        self._validate_params()
        self._check(validate_data(self, X, dtype=np.float64))
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return the treated spectra as a new array.

        Parameters
        ----------
        X
            Spectra, of shape (samples, features), finite, as long as those seen by `fit`.

        Raises
        ------
        ValueError
            If they are not.
        """
        check_is_fitted(self)
        return self._apply(validate_data(self, X, reset=False, dtype=np.float64))

    def _check(self, spectra: Array) -> None:
        """Refuse spectra that cannot be treated; usually there are none."""

    def _apply(self, spectra: Array) -> Array:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags


class SameLength(OneToOneFeatureMixin, Rowwise):
    """Transformers whose output has a feature for each of the input."""


def need(estimator: object, spectra: Array, *, least: int, why: str) -> None:
    """Refuse spectra that are too short.

    Raises
    ------
    ValueError
        If there are fewer than `least` features; `why` says what asks for so many.
    """
    found = spectra.shape[1]
    if found < least:
        name = type(estimator).__name__
        raise ValueError(f"{name}: {why} needs spectra of at least {least} features, these have {found} feature(s)")
