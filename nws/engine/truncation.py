"""Latent-variable models whose larger fit holds the smaller ones: partial least squares, principal components.

Both find one component after the other, or all at once, so the first k of a larger model are those of a model with k.
What depends on k beyond that is computed anew, by the formulas of scikit-learn, so that a model cut out of a larger one
equals one that was fitted alone. This room must not know which pipelines share a fit.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy import ndarray

    Array = ndarray[Any, Any]

_BY_COMPONENT = ("x_weights_", "y_weights_", "x_loadings_", "y_loadings_", "_x_scores", "_y_scores")
_FOR_PREDICTIONS = ("x_weights_", "x_loadings_", "y_loadings_")
_PUBLIC = {"x_scores_": "_x_scores", "y_scores_": "_y_scores"}


def partial_least_squares(models: Sequence[Any], spectra: Array, values: Array, *, whole: bool) -> Iterator[Any]:
    """Fit `PLSRegression` with several numbers of components at the cost of the largest.

    NIPALS takes the components out of the spectra one after the other, none knows how many will follow (Wegelin 2000,
    section 4.1). Rotations and coefficients are those of the components that are kept: R = W (PᵀW)⁺, B = R Qᵀ.

    Parameters
    ----------
    models
        Unfitted, all alike but for `n_components`, which ascends.
    spectra, values
        Of shape (samples, features) and (samples,).
    whole
        Whether models are asked for more than predictions; else they have no more than these need.
    """
    *smaller, largest = models
    largest.fit(spectra, values)
    for model in smaller:
        yield _first_components(largest, model.n_components, whole=whole)
    yield largest


class CentredPredictions:
    """Predictions of `PLSRegression` models that were fitted on the same samples: spectra are centred once for all."""

    def __init__(self) -> None:
        self._centred: list[tuple[Array, Array]] = []

    def __call__(self, model: Any, spectra: Array) -> Array:
        """Return what `model.predict` would; `spectra` are not written to, and are known again when they come back."""
        import numpy as np

        if not isinstance(spectra, np.ndarray) or spectra.dtype != np.float64:
            predicted: Array = model.predict(spectra)
            return predicted
        centred = next((centred for held, centred in self._centred if held is spectra), None)
        if centred is None:
            centred = spectra - model._x_mean  # noqa: SLF001 -- what it subtracts, the same for all
            self._centred.append((spectra, centred))
        predicted = centred @ model.coef_.T + model.intercept_
        return predicted.ravel()


def _first_components(largest: Any, count: int, *, whole: bool) -> Any:
    import numpy as np

    model = copy.copy(largest)
    model.n_components = count
    for name in _BY_COMPONENT if whole else _FOR_PREDICTIONS:
        setattr(model, name, np.ascontiguousarray(getattr(largest, name)[:, :count]))
    for name, of in _PUBLIC.items():
        if hasattr(largest, name):
            setattr(model, name, getattr(model, of))
    model.n_iter_ = largest.n_iter_[:count]
    model.x_rotations_ = _rotations(model.x_weights_, model.x_loadings_)
    if whole:
        model.y_rotations_ = _rotations(model.y_weights_, model.y_loadings_)
    coefficients = np.dot(model.x_rotations_, model.y_loadings_.T)
    deviations = [getattr(model, name) for name in ("_y_std", "_x_std")]
    model.coef_ = (coefficients * deviations[0]).T / deviations[1]
    model._n_features_out = count  # noqa: SLF001 -- how many scores it gives
    return model


def _rotations(weights: Array, loadings: Array) -> Array:
    import numpy as np
    from scipy.linalg import pinv

    rotations: Array = np.dot(weights, pinv(np.dot(loadings.T, weights), check_finite=False))
    return rotations


class Components:
    """All principal components of some spectra, out of which a `PCA` with any smaller number of them is cut.

    scikit-learn's exact solvers find all components, whatever number is asked for.

    Parameters
    ----------
    pca
        Unfitted; its number of components does not matter.
    solver
        `full` or `covariance_eigh`.
    spectra
        Of shape (samples, features).
    """

    def __init__(self, pca: Any, solver: str, spectra: Array) -> None:
        self._all = copy.copy(pca).set_params(n_components=None, svd_solver=solver)
        self._scores = self._all.fit_transform(spectra)

    @property
    def nbytes(self) -> int:
        """Bytes that are held."""
        return int(self._scores.nbytes + self._all.components_.nbytes)

    def first(self, pca: Any) -> tuple[Any, Array]:
        """Return `pca` as if it was fitted, and the scores of the spectra; it must not ask for more than there are."""
        import numpy as np

        count, held = pca.n_components, self._all
        model = copy.copy(held)
        model.set_params(**pca.get_params(deep=False))
        model.n_components_ = count
        variances = held.explained_variance_
        model.noise_variance_ = np.mean(variances[count:]) if count < len(variances) else 0.0
        model.components_ = held.components_[:count].copy()
        for name in ("explained_variance_", "explained_variance_ratio_", "singular_values_"):
            setattr(model, name, getattr(held, name)[:count].copy())
        return model, self._scores[:, :count]


def exact_solver(pca: Any, spectra: Array) -> str | None:
    """Return by which solver scikit-learn finds all components of these spectra; None where it does not.

    Parameters
    ----------
    pca
        An unfitted `sklearn.decomposition.PCA`.
    spectra
        Of shape (samples, features).
    """
    samples, features = spectra.shape
    count = pca.n_components
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= min(samples, features):
        return None
    if pca.svd_solver != "auto":
        return pca.svd_solver if pca.svd_solver in {"full", "covariance_eigh"} else None
    if features <= 1000 and samples >= 10 * features:
        return "covariance_eigh"
    if max(samples, features) <= 500 or count >= 0.8 * min(samples, features):
        return "full"
    return None
