"""Figures of merit for numbers: errors, and errors beside the spread of the values.

Formulas, sources and conventions are in `docs/reference/metrics.md`. This room must not know what model made the
predictions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nws.metrics import METRICS, REGRESSION

if TYPE_CHECKING:
    from numpy import ndarray

    Array = ndarray[Any, Any]


def regression(reference: Array, predicted: Array) -> dict[str, float | None]:
    """Return the figures of numeric predictions; those that need more or other samples are None.

    RMSE, MAE and R² are scikit-learn's; SEP is that of ISO 12099; RPD and RPIQ are of Williams and of Bellon-Maurel,
    both over the RMSE; slope and intercept are of reference on predicted values, as in ISO 12099.

    Parameters
    ----------
    reference, predicted
        Arrays of shape (samples,), in the units of the target, finite.
    """
    count = len(reference)
    error = predicted - reference
    if count == 1:
        only = float(error[0])
        return {**_UNDEFINED, "rmse": abs(only), "mae": abs(only), "bias": only}
    squares = float(error @ error)
    rmse = math.sqrt(squares / count)
    bias = float(error.sum()) / count
    around = error - bias
    figures = {
        **_UNDEFINED,
        "rmse": rmse,
        "mae": float(abs(error).sum()) / count,
        "bias": bias,
        "sep": math.sqrt(float(around @ around) / (count - 1)),
    }
    return {**figures, **_of_spread(reference, predicted, squares, rmse)}


_UNDEFINED: dict[str, float | None] = dict.fromkeys(
    name for name, metric in METRICS.items() if metric.task == REGRESSION
)


def _of_spread(reference: Array, predicted: Array, squares: float, rmse: float) -> dict[str, float | None]:
    """Return the figures that compare errors with the spread of the values."""
    count = len(reference)
    figures: dict[str, float | None] = {}
    mean, mean_predicted = float(reference.mean()), float(predicted.mean())
    centred, around = reference - mean, predicted - mean_predicted
    total, total_predicted = float(centred @ centred), float(around @ around)
    # Not the sums: rounding leaves a little of the spread of equal values.
    if predicted.min() < predicted.max() and total_predicted:
        slope = float(around @ centred) / total_predicted
        figures |= {"slope": slope, "intercept": mean - slope * mean_predicted}
    if not total or reference.min() == reference.max():
        return figures
    figures["r2"] = 1 - squares / total
    if rmse:
        figures |= {"rpd": math.sqrt(total / (count - 1)) / rmse, "rpiq": _quartile_distance(reference) / rmse}
    return figures


def _quartile_distance(values: Array) -> float:
    """Return Q3 - Q1, interpolated as numpy does it by default (type 7 of Hyndman and Fan)."""
    import numpy as np

    ordered = np.sort(values)
    return _at(ordered, 0.75 * (len(ordered) - 1)) - _at(ordered, 0.25 * (len(ordered) - 1))


def _at(ordered: Array, position: float) -> float:
    below = int(position)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return low + (high - low) * (position - below)
