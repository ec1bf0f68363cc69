"""Ensembles that grow: boosted trees and forests, of which a larger one begins with the smaller.

scikit-learn lets them go on where they stopped (`warm_start`), with the random numbers that they would have drawn. This
room must not know which pipelines share a fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy import ndarray

    Array = ndarray[Any, Any]


def growing(models: Sequence[Any], spectra: Array, values: Array, *, whole: bool) -> Iterator[Any]:  # noqa: ARG001 -- as all paths
    """Fit an ensemble with several numbers of trees at the cost of the largest.

    Each model is the same object as the one before, and has grown when the next is asked for.

    Parameters
    ----------
    models
        Unfitted, all alike but for `n_estimators`, which ascends.
    spectra, values
        Of shape (samples, features) and (samples,).
    whole
        Makes no difference here.
    """
    ensemble, *_ = models
    for model in models:
        ensemble.set_params(n_estimators=model.n_estimators, warm_start=model is not models[0])
        ensemble.fit(spectra, values)
        ensemble.set_params(warm_start=False)
        yield ensemble


def grows(model: Any) -> bool:
    """Say whether an ensemble takes the same steps, however many are to follow."""
    stops_early = getattr(model, "n_iter_no_change", None) is not None
    return not (model.warm_start or getattr(model, "oob_score", False) or stops_early)
