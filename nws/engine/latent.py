"""How far a sample lies from those that a model was calibrated with, in the latent space of the model and beside it.

Hotelling's T² is the squared distance within the space, Q (the squared prediction error) that from it. This room is
given a fitted step and spectra; it must not know where they come from.

Notes
-----
With scores t of k components, their mean m and covariance S (n - 1) over the n calibration samples, T² = (t - m)' S⁻¹
(t - m). Its limit is that of a new observation, k(n² - 1)/(n(n - k)) · F(k, n - k) (Tracy, Young, Mason, Journal of
Quality Technology 24 (1992) 88-95, after Hotelling). Q is the sum of squares of x - x̂, in the units in which the step
gets the spectra, before any scaling of its own; its limit is g·χ²(h) with g = v/2m and h = 2m²/v of the mean m and
variance v (n - 1) of Q over the calibration samples (Box 1954; Nomikos, MacGregor, Technometrics 37 (1995) 41-59).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy import ndarray

    Array = ndarray[Any, Any]

# Steps whose scores span a space of fewer dimensions than the spectra, and that lead back from it.
PLS = ("sklearn.cross_decomposition.PLSRegression", "chemotools.regression.PLSRegression")
CLASSES = frozenset(
    {
        *PLS,
        "sklearn.cross_decomposition.PLSCanonical",
        "sklearn.cross_decomposition.CCA",
        "sklearn.decomposition.PCA",
        "sklearn.decomposition.IncrementalPCA",
        "sklearn.decomposition.TruncatedSVD",
        "sklearn.decomposition.FastICA",
    }
)
# The share of samples like those of the calibration that lie within each limit.
CONFIDENCE = 0.99
# In `evaluation` of a record: the limits of the final fit, where they were asked for.
OUTLIERS = "outliers"
# What is left over of a spectrum, by its largest value, where a space leaves nothing over: some sums of products.
_ROUNDING = 1e3 * 2.0**-52


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is usual: `samples` calibration samples, `components` dimensions, and the limits of T² and Q.

    A limit is None where there is none: too few samples, or a space in which nothing is left over.
    """

    samples: int
    components: int
    hotelling_t2: float | None
    q_residuals: float | None

    def packed(self) -> dict[str, Any]:
        """Return them as a record keeps them."""
        return {
            "samples": self.samples,
            "components": self.components,
            "confidence": CONFIDENCE,
            "hotelling_t2_limit": self.hotelling_t2,
            "q_residuals_limit": self.q_residuals,
        }

    @classmethod
    def unpacked(cls, told: dict[str, Any]) -> Limits:
        """Return what `packed` wrote."""
        return cls(
            samples=int(told["samples"]),
            components=int(told["components"]),
            hotelling_t2=told.get("hotelling_t2_limit"),
            q_residuals=told.get("q_residuals_limit"),
        )


@dataclass(frozen=True, kw_only=True)
class Distances:
    """T² and Q of each sample, arrays of shape (samples,), and whether one of them is beyond its limit."""

    hotelling_t2: Array
    q_residuals: Array
    outlier: Array

    @classmethod
    def joined(cls, parts: Sequence[Distances | None]) -> Distances | None:
        """Return several one after the other; None unless all are known."""
        import numpy as np

        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        return cls(**{name: np.concatenate([vars(part)[name] for part in known]) for name in vars(known[0])})

    def columns(self) -> dict[str, list[float | bool]]:
        """Return them as columns of a table of predictions."""
        return {name: column.tolist() for name, column in vars(self).items()}


def latent_step(class_paths: Sequence[str]) -> int | None:
    """Return the place of the step whose latent space a model works in; None if there is none.

    Parameters
    ----------
    class_paths
        The transformers in order, and the model last.
    """
    found = [place for place, path in enumerate(class_paths) if path in CLASSES]
    return found[-1] if found else None


class LatentSpace:
    """The space of one fitted step.

    Parameters
    ----------
    step
        A fitted estimator of one of `CLASSES`.
    centre, whiten
        Of the scores over the calibration samples: their mean, of shape (components,), and a matrix W of shape
        (components, dimensions) with W W' = S⁻¹.
    limits
        What is usual.
    """

    def __init__(self, step: Any, centre: Array, whiten: Array, limits: Limits) -> None:
        self._step = step
        self._centre = centre
        self._whiten = whiten
        self.limits = limits

    @classmethod
    def calibrated(cls, step: Any, parts: Iterable[Array]) -> LatentSpace | None:
        """Return the space with the limits that calibration samples give; None if their scores do not vary.

        Parameters
        ----------
        step
            A fitted estimator.
        parts
            The samples as they enter the step, in arrays of shape (samples, features).
        """
        import numpy as np

        found, largest, features = [], 0.0, 0
        for spectra in parts:
            found.append(_taken_apart(step, spectra))
            largest, features = max(largest, float(np.abs(spectra).max())), spectra.shape[1]
        scores, q = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        centre, whiten = _whitened(scores)
        count, dimensions = len(scores), whiten.shape[1]
        if not dimensions:
            return None
        rounding = features * (largest * _ROUNDING) ** 2
        limits = Limits(
            samples=count,
            components=dimensions,
            hotelling_t2=t2_limit(count, dimensions),
            q_residuals=None if q.mean() <= rounding else q_limit(q),
        )
        return cls(step, centre, whiten, limits)

    @classmethod
    def remembered(cls, step: Any, limits: Limits) -> LatentSpace | None:
        """Return the space with limits that are known, its scores as the step itself keeps them; None if it does not.

        A PLS model keeps the scores of its calibration samples, a PCA their variances.
        """
        import numpy as np

        scores, variances = getattr(step, "x_scores_", None), getattr(step, "explained_variance_", None)
        if scores is not None:
            centre, whiten = _whitened(np.asarray(scores))
        elif variances is not None and hasattr(step, "n_samples_"):
            spread = np.ones_like(variances) if getattr(step, "whiten", False) else np.asarray(variances)
            centre, whiten = np.zeros(len(spread)), np.diag(spread**-0.5)
        else:
            return None
        return cls(step, centre, whiten, limits)

    def distances(self, spectra: Array) -> Distances:
        """Return how far samples are, given as they enter the step, of shape (samples, features)."""
        import numpy as np

        scores, q = _taken_apart(self._step, spectra)
        t2 = (((scores - self._centre) @ self._whiten) ** 2).sum(axis=1)
        beyond = np.zeros(len(spectra), dtype=bool)
        for value, limit in ((t2, self.limits.hotelling_t2), (q, self.limits.q_residuals)):
            if limit is not None:
                beyond |= value > limit
        return Distances(hotelling_t2=t2, q_residuals=q, outlier=beyond)


def _taken_apart(step: Any, spectra: Array) -> tuple[Array, Array]:
    """Return the scores of spectra, and the sum of squares of what the scores do not say."""
    import numpy as np

    scores = np.asarray(step.transform(spectra))
    left = spectra - np.asarray(step.inverse_transform(scores))
    return scores, (left**2).sum(axis=1)


def _whitened(scores: Array) -> tuple[Array, Array]:
    """Return the mean of scores, and the directions in which they vary, each divided by its standard deviation."""
    import numpy as np

    centre = scores.mean(axis=0)
    if len(scores) < 2:
        return centre, np.empty((scores.shape[1], 0))
    _, singular, directions = np.linalg.svd(scores - centre, full_matrices=False)
    real = singular > singular.max(initial=0.0) * max(scores.shape) * np.finfo(np.float64).eps
    return centre, directions[real].T * (np.sqrt(len(scores) - 1) / singular[real])


def t2_limit(samples: int, components: int, confidence: float = CONFIDENCE) -> float | None:
    """Return the limit of T² of a new observation; None with too few samples."""
    # Not scipy.stats, which takes longer to import than all else that predicting needs.
    from scipy.special import fdtri

    n, k = samples, components
    if n <= k:
        return None
    return float(k * (n**2 - 1) / (n * (n - k)) * fdtri(k, n - k, confidence))


def q_limit(q: Array, confidence: float = CONFIDENCE) -> float | None:
    """Return the limit of Q from its values over the calibration samples, an array; None if all are equal."""
    from scipy.special import chdtri

    if len(q) < 2:
        return None
    mean, variance = float(q.mean()), float(q.var(ddof=1))
    if not variance:
        return None
    return float(variance / (2 * mean) * chdtri(2 * mean**2 / variance, 1 - confidence))
