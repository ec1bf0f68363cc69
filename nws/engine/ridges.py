"""Ridge regression with several penalties, at the cost of one Gram matrix.

The penalty is added to the diagonal of a matrix of inner products that does not depend on it; what remains for each
penalty is one solution of a system of equations. This room must not know which pipelines share a fit.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy import ndarray

    Array = ndarray[Any, Any]


def ridges(models: Sequence[Any], spectra: Array, values: Array, *, whole: bool) -> Iterator[Any]:  # noqa: ARG001 -- as all paths
    """Fit `Ridge` with several penalties.

    With X the centred spectra, y the centred values, a the penalty: (XᵀX + aI) b = Xᵀy, or, where there are more
    features than samples, b = Xᵀ (XXᵀ + aI)⁻¹ y (Hoerl and Kennard 1970; Saunders et al. 1998), or by one singular
    value decomposition, as the solver of the models says.

    Parameters
    ----------
    models
        Unfitted, all alike but for `alpha`.
    spectra, values
        Of shape (samples, features) and (samples,).
    whole
        Makes no difference here.
    """
    import numpy as np

    first, *others = models
    first.fit(spectra, values)
    yield first
    offset, mean = np.zeros(spectra.shape[1]), 0.0
    if first.fit_intercept:
        offset, mean = np.average(spectra, axis=0), np.average(values)
    prepare = _by_decomposition if first.solver == "svd" else _by_gram
    solve = prepare(spectra - offset, (values - mean).reshape(-1, 1))
    for model in others:
        fitted = copy.copy(first)
        fitted.alpha = model.alpha
        fitted.coef_ = np.ravel(solve(model.alpha))
        if fitted.fit_intercept:
            fitted.intercept_ = mean - offset @ fitted.coef_
        yield fitted


def shares(model: Any) -> bool:
    """Say whether a `Ridge` is solved by one of the ways that share their work."""
    return model.solver in {"auto", "cholesky", "svd"} and not model.positive and model.copy_X


def _by_gram(spectra: Array, values: Array) -> Callable[[float], Array]:
    from scipy.linalg import solve

    samples, features = spectra.shape
    dual = features > samples
    gram = spectra @ spectra.T if dual else spectra.T @ spectra
    right = values if dual else spectra.T @ values
    diagonal = gram.diagonal().copy()

    def coefficients(penalty: float) -> Array:
        gram.flat[:: len(gram) + 1] = diagonal + penalty
        found: Array = solve(gram, right, assume_a="pos")
        return spectra.T @ found if dual else found

    return coefficients


def _by_decomposition(spectra: Array, values: Array) -> Callable[[float], Array]:
    import numpy as np

    left, singular, right = np.linalg.svd(spectra, full_matrices=False)
    projected = left.T @ values
    kept = singular > 1e-15  # as scikit-learn takes it

    def coefficients(penalty: float) -> Array:
        weights = np.zeros((len(singular), 1))
        weights[kept, 0] = singular[kept] / (singular[kept] ** 2 + penalty)
        found: Array = right.T @ (weights * projected)
        return found

    return coefficients
