"""Figures of merit for classes: those of a confusion matrix, and those of probabilities.

Written out here because scikit-learn's functions check their arguments again for each figure, which takes longer than
many a fit; the tests hold them equal to scikit-learn. This room must not know what model made the predictions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nws.metrics import CLASSIFICATION, METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import ndarray

    Array = ndarray[Any, Any]


def classification(
    reference: Array, predicted: Array, classes: Sequence[str] = (), probabilities: Array | None = None
) -> dict[str, Any]:
    """Return the figures of predicted classes, and their confusion matrix.

    MCC and kappa need two classes among the reference values, ROC AUC all of `classes`; they are None otherwise, and
    log loss and ROC AUC also where a sample is of none of `classes`.

    Parameters
    ----------
    reference, predicted
        Labels, of shape (samples,).
    classes
        The labels that the columns of `probabilities` stand for, in sorted order.
    probabilities
        Of shape (samples, classes); None without.
    """
    labels, matrix = confusion_matrix(reference, predicted)
    figures: dict[str, Any] = dict.fromkeys(name for name, metric in METRICS.items() if metric.task == CLASSIFICATION)
    figures |= _of_matrix(matrix)
    if probabilities is not None:
        figures |= _of_probabilities(reference, classes, probabilities)
    figures["confusion_matrix"] = {"labels": labels, "matrix": matrix.tolist()}
    return figures


def confusion_matrix(reference: Array, predicted: Array) -> tuple[list[str], Array]:
    """Return the labels in sorted order, and counts with a row per reference and a column per predicted label."""
    import numpy as np

    labels, codes = np.unique(np.concatenate([reference, predicted]), return_inverse=True)
    size, count = len(labels), len(reference)
    pairs = codes[:count] * size + codes[count:]
    return labels.tolist(), np.bincount(pairs, minlength=size * size).reshape(size, size)


def _of_matrix(matrix: Array) -> dict[str, float | None]:
    hits, actual, said = matrix.diagonal(), matrix.sum(1), matrix.sum(0)
    count = int(actual.sum())
    occurring = actual > 0
    figures: dict[str, float | None] = {
        "accuracy": float(hits.sum()) / count,
        "balanced_accuracy": float((hits[occurring] / actual[occurring]).mean()),
        "f1": float((2 * hits / (actual + said)).mean()),
    }
    if occurring.sum() > 1:
        figures |= {"mcc": _mcc(hits, actual, said, count), "kappa": _kappa(hits, actual, said, count)}
    return figures


def _mcc(hits: Array, actual: Array, said: Array, count: int) -> float:
    """Return Matthews' coefficient for any number of classes (Gorodkin 2004); 0 where all predictions are one class."""
    # Whole numbers of Python, which do not overflow.
    together = int(hits.sum()) * count - int(actual @ said)
    spread_said, spread_actual = count**2 - int(said @ said), count**2 - int(actual @ actual)
    return together / math.sqrt(spread_said * spread_actual) if spread_said else 0.0


def _kappa(hits: Array, actual: Array, said: Array, count: int) -> float:
    """Return Cohen's kappa, unweighted."""
    chance = int(actual @ said) / count**2
    return (int(hits.sum()) / count - chance) / (1 - chance)


def _of_probabilities(reference: Array, classes: Sequence[str], probabilities: Array) -> dict[str, float | None]:
    import numpy as np

    belongs = reference[:, None] == np.asarray(classes)[None, :]
    if not belongs.any(1).all():
        return {}
    tiny = np.finfo(probabilities.dtype).eps
    of_truth = np.clip(probabilities[belongs], tiny, 1 - tiny)
    return {"log_loss": -float(np.log(of_truth).mean()), "roc_auc": _roc_auc(belongs, probabilities)}


def _roc_auc(belongs: Array, probabilities: Array) -> float | None:
    """Return the area under the ROC curve by its rank sum (Mann and Whitney; Hanley and McNeil 1982)."""
    from scipy.stats import rankdata

    if belongs.shape[1] == 2:
        belongs, probabilities = belongs[:, 1:], probabilities[:, 1:]
    inside = belongs.sum(0)
    outside = len(belongs) - inside
    if not inside.all() or not outside.all():
        return None
    ranks = (rankdata(probabilities, axis=0) * belongs).sum(0)
    return float(((ranks - inside * (inside + 1) / 2) / (inside * outside)).mean())
