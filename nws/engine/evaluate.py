"""Figures of merit: how well predictions agree with reference values, by partition and by fold.

Formulas, sources and conventions are in `docs/reference/metrics.md`; those of classification are in
`nws.engine.confusion`. This room is given predictions; it must not know what model made them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine.confusion import classification
from nws.metrics import METRICS, PRIMARY, REGRESSION
from nws.pipeline import Block
from nws.records import Metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import ndarray

    Array = ndarray[Any, Any]

Figures = dict[str, Any]

CONVENTIONS = {
    REGRESSION: {
        "bias": "mean(predicted - reference)",
        "r2": "1 - SSE/SST, SST about the mean of the reference values of the same partition",
        "q2": "1 - SSE/SST, SST about the mean of the training reference values",
        "sep": "corrected for bias, n - 1",
        "rpd": "SD/RMSE, SD (n - 1) of the reference values of the same partition",
        "rpiq": "IQR/RMSE, quartiles of the reference values of the same partition, interpolated (type 7)",
        "slope": "regression of reference on predicted values",
    },
    "classification": {
        "balanced_accuracy": "mean recall of the classes that occur",
        "f1": "mean over the classes that occur or were predicted",
        "log_loss": "natural logarithm, probabilities clipped to machine precision",
        "roc_auc": "two classes: of the second in order; more: mean of one against the rest",
    },
}


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a model says about some samples: parallel arrays, one entry per prediction.

    `rows` are rows of the dataset; `fold` is None outside cross-validation; `probabilities` has one column for each of
    `classes`, and is None without probabilities.
    """

    partition: str
    rows: Array
    reference: Array
    predicted: Array
    fold: Array | None = None
    classes: tuple[str, ...] = ()
    probabilities: Array | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def block(self) -> Block:
        """Return them as plain lists."""
        return Block(
            partition=self.partition,
            indices=self.rows.tolist(),
            y_true=self.reference.tolist(),
            y_pred=self.predicted.tolist(),
            fold=None if self.fold is None else self.fold.tolist(),
            classes=self.classes if self.probabilities is not None else (),
            probabilities=[] if self.probabilities is None else self.probabilities.tolist(),
        )

    def folds(self) -> list[Predictions]:
        """Return the predictions of each fold, which stand one after the other."""
        import numpy as np

        assert self.fold is not None
        starts = np.flatnonzero(np.diff(self.fold, prepend=-1))
        ends = [*starts[1:].tolist(), len(self)]
        return [self._part(slice(start, end)) for start, end in zip(starts.tolist(), ends, strict=True)]

    def _part(self, part: slice) -> Predictions:
        return Predictions(
            partition=self.partition,
            rows=self.rows[part],
            reference=self.reference[part],
            predicted=self.predicted[part],
            fold=None if self.fold is None else self.fold[part],
            classes=self.classes,
            probabilities=None if self.probabilities is None else self.probabilities[part],
        )


def evaluate(task: str, metric: str | None, parts: Sequence[Predictions]) -> Metrics:
    """Return what `metrics.json` says.

    Parameters
    ----------
    task
        "regression" or "classification".
    metric
        The primary metric; None for the usual one of the task.
    parts
        The predictions of each partition; those of `val` are of cross-validation.
    """
    import numpy as np

    held = {part.partition: part for part in parts if len(part)}
    # What is undefined or too large for a float is None in the end; it must not warn on the way there.
    with np.errstate(all="ignore"):
        figures = {name: _figures(task, part) for name, part in held.items()}
        if task == REGRESSION and {"train", "test"} <= held.keys():
            figures["test"]["q2"] = _finite(_q2(held["test"], float(held["train"].reference.mean())))
        folds = _over_folds(task, held["val"]) if "val" in held else None
    return Metrics(
        task_type=task,
        metric=metric or PRIMARY[task],
        train=figures.get("train"),
        val=figures.get("val"),
        test=figures.get("test"),
        cross_validation=folds,
    )


def _figures(task: str, part: Predictions) -> Figures:
    if task == REGRESSION:
        figures: Figures = regression(part.reference, part.predicted)
    else:
        figures = classification(part.reference, part.predicted, part.classes, part.probabilities)
    return {"samples": len(part), **{name: _finite(value) for name, value in figures.items()}}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _over_folds(task: str, part: Predictions) -> Figures:
    results = [_figures(task, fold) for fold in part.folds()]
    summary: Figures = {"folds": len(results)}
    for name, metric in METRICS.items():
        if metric.task == task:
            values = [result[name] for result in results if result[name] is not None]
            summary[f"mean_{name}"], summary[f"std_{name}"] = _mean_and_deviation(values)
    for number, result in enumerate(results):
        result.pop("confusion_matrix", None)
        result["fold"] = number
    return {**summary, "fold_results": results}


def _mean_and_deviation(values: list[float]) -> tuple[float | None, float | None]:
    if not values:
        return None, None
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, None
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


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


def _q2(test: Predictions, training_mean: float) -> float:
    """Return 1 - SSE/SST of the test samples about the training mean (Q²F1 of Consonni et al. 2009)."""
    error, spread = test.predicted - test.reference, test.reference - training_mean
    total = float(spread @ spread)
    return 1 - float(error @ error) / total if total else math.nan
