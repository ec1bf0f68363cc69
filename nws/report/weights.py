"""How much each feature counts in a fitted model: coefficients, importance in projection, importance in trees.

This room must not know what the features are, nor how anything is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.report.subject import NotDrawn

if TYPE_CHECKING:
    from numpy import ndarray

    Array = ndarray[Any, Any]

# Models that hold the one that predicts.
_INNER = ("best_estimator_", "regressor_", "pls_")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What a model says of its features.

    `coefficients` has shape (answers, features), one row for numbers and for two classes, else one for each class of
    `classes`; `vip` and `importances` have one entry a feature. One that the model does not say is None.
    """

    coefficients: Array | None = None
    vip: Array | None = None
    importances: Array | None = None
    classes: tuple[str, ...] = field(default=())


def weights(model: Any, features: int) -> Weights:
    """Return what a fitted model says of its features.

    Parameters
    ----------
    model
        A fitted estimator.
    features
        How many features it was given.

    Raises
    ------
    NotDrawn
        If it says nothing.
    """
    import numpy as np

    classes = tuple(str(label) for label in getattr(model, "classes_", ()))
    inner = model
    while (found := next((name for name in _INNER if hasattr(inner, name)), None)) is not None:
        inner = getattr(inner, found)
    coefficients, importances = (_attribute(inner, name) for name in ("coef_", "feature_importances_"))
    if coefficients is not None:
        coefficients = np.atleast_2d(coefficients)
        if coefficients.shape[1] != features and coefficients.shape[0] == features:
            coefficients = coefficients.T
        # Of pairs of classes, or of support vectors: nothing that a person reads off a line.
        if coefficients.shape[1] != features or len(coefficients) not in {1, len(classes)}:
            coefficients = None
    # A forest of one class never splits.
    if importances is not None and (importances.shape != (features,) or not importances.any()):
        importances = None
    vip = importance_in_projection(inner) if hasattr(inner, "x_weights_") and hasattr(inner, "x_scores_") else None
    if coefficients is None and importances is None and vip is None:
        raise NotDrawn(f"{type(model).__name__} has neither coefficients nor importances of its features")
    return Weights(coefficients=coefficients, vip=vip, importances=importances, classes=classes)


def importance_in_projection(model: Any) -> Array:
    """Return the variable importance in projection (VIP) of each feature in a fitted PLS model.

    Parameters
    ----------
    model
        With `x_weights_` w (features, components), `x_scores_` t (samples, components) and `y_loadings_` q (answers,
        components), as scikit-learn has them.

    Notes
    -----
    VIP_j = sqrt(p · Σ_a s_a (w_ja / ‖w_a‖)² / Σ_a s_a) for p features, with s_a = Σ_k q_ka² · t_a't_a the sum of
    squares of the answers that component a explains (Wold, Johansson, Cocchi in: 3D QSAR in Drug Design (1993) 523-550;
    written out by Chong and Jun, Chemometrics and Intelligent Laboratory Systems 78 (2005) 103-112). The mean of its
    squares is 1, so features above 1 count more than on average.
    """
    import numpy as np

    directions, scores, loadings = model.x_weights_, model.x_scores_, model.y_loadings_
    explained = (loadings**2).sum(axis=0) * (scores**2).sum(axis=0)
    lengths = (directions**2).sum(axis=0)
    # A component of a target that is constant explains nothing and has no direction.
    real = (lengths > 0) & np.isfinite(explained)
    total = explained[real].sum()
    if not total:
        raise NotDrawn("the model explains nothing of the target")
    shares = directions[:, real] ** 2 / lengths[real]
    return np.asarray(np.sqrt(len(directions) * (shares @ explained[real]) / total))


def _attribute(model: Any, name: str) -> Array | None:
    """Return an array of a model, None without; some find theirs only when they are asked, and may refuse."""
    import numpy as np

    try:
        value = getattr(model, name, None)
        array = None if value is None else np.asarray(value, dtype=np.float64)
    except (AttributeError, TypeError, ValueError):
        return None
    return array if array is not None and array.size and np.isfinite(array).all() else None


def through(step: Any, coefficients: Array) -> Array | None:
    """Return coefficients of components as those of the spectra that the components were made of; None if unknown.

    As in regression on principal components: b = P q for loadings P and coefficients q of the scores.

    Parameters
    ----------
    step
        A fitted step of scikit-learn whose `components_` have shape (components, features).
    coefficients
        Of shape (answers, components).
    """
    import numpy as np

    if not type(step).__module__.startswith("sklearn.decomposition") or not hasattr(step, "components_"):
        return None
    # Not of ICA or of a dictionary, whose components are not what scores are made with.
    if type(step).__name__ not in {"PCA", "IncrementalPCA", "TruncatedSVD"}:
        return None
    scale = np.sqrt(step.explained_variance_) if getattr(step, "whiten", False) else 1.0
    return np.asarray((coefficients / scale) @ step.components_)
