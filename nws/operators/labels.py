"""Class labels for models that know numbers only.

This room translates labels; it must not know the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def _has_probabilities(model: NumberedClasses) -> bool:
    return hasattr(getattr(model, "estimator_", model.estimator), "predict_proba")


class NumberedClasses(ClassifierMixin, BaseEstimator):
    """Give a classifier the numbers 0, 1, … for the labels, and labels for the numbers that it predicts.

    For classifiers that take nothing else, such as `xgboost.XGBClassifier` and networks.

    Parameters
    ----------
    estimator
        The classifier. A copy of it is fitted.

    Attributes
    ----------
    classes_
        The labels, sorted.
    estimator_
        The fitted copy.
    """

    __module__ = "nws.operators"

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on spectra of shape (samples, features) and their labels."""
        spectra, labels = validate_data(self, X, y)
        check_classification_targets(labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        self.estimator_ = clone(self.estimator).fit(spectra, numbers)
        return self

    def predict(self, X: ArrayLike) -> Any:
        """Return the labels of spectra of shape (samples, features)."""
        check_is_fitted(self)
        numbers = np.asarray(self.estimator_.predict(validate_data(self, X, reset=False)))
        return self.classes_[numbers.reshape(-1).astype(int)]

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities of the labels, of shape (samples, classes)."""
        check_is_fitted(self)
        found = self.estimator_.predict_proba(validate_data(self, X, reset=False))
        return np.asarray(found, dtype=np.float64)
