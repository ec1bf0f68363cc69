"""Classification by partial least squares.

This room holds a model; it must not know pipelines.
"""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cross_decomposition import PLSRegression
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


class PLSDA(ClassifierMixin, BaseEstimator):
    """Partial least squares discriminant analysis (Barker and Rayens, 2003).

    A PLS regression on columns that say whether a sample is of a class (1) or not (0); the class with the largest
    answer is predicted. The answers are no probabilities, so there is no `predict_proba`.

    Parameters
    ----------
    n_components
        Components of the PLS regression.
    scale
        Whether features and columns are brought to variance 1.

    Attributes
    ----------
    classes_
        The labels, sorted.
    pls_
        The `sklearn.cross_decomposition.PLSRegression`.
    """

    __module__ = "nws.operators"
    _parameter_constraints: dict[str, list[Any]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "scale": ["boolean"],
    }

    def __init__(self, n_components: int = 5, *, scale: bool = True) -> None:
        self.n_components = n_components
        self.scale = scale

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on spectra of shape (samples, features) and their labels.

        Raises
        ------
        ValueError
            If there is only one class, or the spectra have not so many components.
        """
        self._validate_params()
        spectra, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, found = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"PLSDA needs at least two classes, there is one class: {self.classes_[0]}")
        # Of two classes one column says all: with the second, its mirror image, the components would be the same.
        columns = found.astype(np.float64) if len(self.classes_) == 2 else np.eye(len(self.classes_))[found]
        self.pls_ = PLSRegression(self.n_components, scale=self.scale).fit(spectra, columns)
        return self

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the answers for each class; of two classes, that of the second less 0.5, of shape (samples,)."""
        check_is_fitted(self)
        answers: Array = self.pls_.predict(validate_data(self, X, reset=False, dtype=np.float64))
        return answers.reshape(-1) - 0.5 if len(self.classes_) == 2 else answers

    def predict(self, X: ArrayLike) -> Any:
        """Return the labels of spectra of shape (samples, features)."""
        answers = self.decision_function(X)
        chosen = (answers > 0).astype(int) if len(self.classes_) == 2 else answers.argmax(axis=1)
        return self.classes_[chosen]
