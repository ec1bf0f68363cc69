"""Figures of merit: how well predictions agree with reference values, by partition and by fold.

Formulas, sources and conventions are in `docs/reference/metrics.md`; the formulas stand in `nws.engine.regression` and
`nws.engine.confusion`. This room is given predictions; it must not know what model made them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine.confusion import classification
from nws.engine.regression import regression
from nws.metrics import METRICS, PRIMARY, REGRESSION
from nws.pipeline import Block
from nws.records import Metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import ndarray

    from nws.engine.latent import Distances

    Array = ndarray[Any, Any]

Figures = dict[str, Any]

_SE = "standard deviation over folds / sqrt(folds / repeats), repeats: how often a sample is predicted on average"
CONVENTIONS = {
    REGRESSION: {
        "bias": "mean(predicted - reference)",
        "r2": "1 - SSE/SST, SST about the mean of the reference values of the same partition",
        "q2": "1 - SSE/SST, SST about the mean of the training reference values",
        "sep": "corrected for bias, n - 1",
        "rpd": "SD/RMSE, SD (n - 1) of the reference values of the same partition",
        "rpiq": "IQR/RMSE, quartiles of the reference values of the same partition, interpolated (type 7)",
        "slope": "regression of reference on predicted values",
        "se": _SE,
    },
    "classification": {
        "balanced_accuracy": "mean recall of the classes that occur",
        "f1": "mean over the classes that occur or were predicted",
        "log_loss": "natural logarithm, probabilities clipped to machine precision",
        "roc_auc": "two classes: of the second in order; more: mean of one against the rest",
        "se": _SE,
    },
}


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a model says about some samples: parallel arrays, one entry per prediction.

    `rows` are rows of the dataset; `fold` is None outside cross-validation; `probabilities` has one column for each of
    `classes`, and is None without probabilities; `distances` are None where they are not asked for.
    """

    partition: str
    rows: Array
    reference: Array
    predicted: Array
    fold: Array | None = None
    classes: tuple[str, ...] = ()
    probabilities: Array | None = None
    distances: Distances | None = None

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
            columns={} if self.distances is None else self.distances.columns(),
        )

    def folds(self) -> list[Predictions]:
        """Return the predictions of each fold, which stand one after the other."""
        import numpy as np

        assert self.fold is not None
        starts = np.flatnonzero(np.diff(self.fold, prepend=-1))
        ends = [*starts[1:].tolist(), len(self)]
        return [self._part(slice(start, end)) for start, end in zip(starts.tolist(), ends, strict=True)]

    def repeats(self) -> list[Predictions]:
        """Return the predictions of each repeat, where the folds predict every sample once, and again, and again.

        There are none where the folds do that only once, or in no such order.
        """
        import numpy as np

        assert self.fold is not None
        samples = np.unique(self.rows)
        count, left = divmod(len(self), max(len(samples), 1))
        starts = [number * len(samples) for number in range(count)]
        if count < 2 or left or any(self.fold[start] == self.fold[start - 1] for start in starts[1:]):
            return []
        if (np.sort(self.rows.reshape(count, -1), axis=1) != samples).any():
            return []
        return [self._part(slice(start, start + len(samples))) for start in starts]

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """Return the predictions of several parts one after the other, each as a fold; all are of one partition."""
        import numpy as np

        from nws.engine.latent import Distances

        chances = [part.probabilities for part in parts if part.probabilities is not None]
        return cls(
            partition=parts[0].partition,
            rows=np.concatenate([part.rows for part in parts]),
            reference=np.concatenate([part.reference for part in parts]),
            predicted=np.concatenate([part.predicted for part in parts]),
            fold=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
            classes=parts[0].classes,
            probabilities=np.concatenate(chances) if len(chances) == len(parts) else None,
            distances=Distances.joined([part.distances for part in parts]),
        )

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
    figures = {name: figures_of(task, part) for name, part in held.items()}
    # Test samples of several folds were predicted by several models, which had training means of their own.
    if task == REGRESSION and {"train", "test"} <= held.keys() and held["test"].fold is None:
        with np.errstate(all="ignore"):
            figures["test"]["q2"] = _finite(_q2(held["test"], float(held["train"].reference.mean())))
    return Metrics(
        task_type=task,
        metric=metric or PRIMARY[task],
        train=figures.get("train"),
        val=figures.get("val"),
        test=figures.get("test"),
        cross_validation=over_folds(task, held["val"]) if "val" in held else None,
    )


def figures_of(task: str, part: Predictions) -> Figures:
    """Return every figure of some predictions, and how many these are; what is undefined is None."""
    import numpy as np

    # What is undefined or too large for a float is None in the end; it must not warn on the way there.
    with np.errstate(all="ignore"):
        if task == REGRESSION:
            figures: Figures = regression(part.reference, part.predicted)
        else:
            figures = classification(part.reference, part.predicted, part.classes, part.probabilities)
    return {"samples": len(part), **{name: _finite(value) for name, value in figures.items()}}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def over_folds(task: str, part: Predictions) -> Figures:
    """Return the figures of each fold, and their mean, standard deviation and standard error over folds.

    Folds of repeats look at the same samples again, so that they are not so many independent ones: the standard error
    counts each as the share of it that is new.
    """
    import numpy as np

    results = [figures_of(task, fold) for fold in part.folds()]
    repeats = [figures_of(task, repeat) for repeat in part.repeats()]
    new = len(np.unique(part.rows)) / len(part)
    summary: Figures = {"folds": len(results)}
    for name, metric in METRICS.items():
        if metric.task == task:
            values = [result[name] for result in results if result[name] is not None]
            mean, deviation = _mean_and_deviation(values)
            error = None if deviation is None else deviation / math.sqrt(len(values) * new)
            summary |= {f"mean_{name}": mean, f"std_{name}": deviation, f"se_{name}": error}
    summary["fold_results"] = _numbered("fold", results)
    return {**summary, "repeats": len(repeats), "repeat_results": _numbered("repeat", repeats)} if repeats else summary


def _numbered(name: str, results: list[Figures]) -> list[Figures]:
    for number, result in enumerate(results):
        result.pop("confusion_matrix", None)
        result[name] = number
    return results


def _mean_and_deviation(values: list[float]) -> tuple[float | None, float | None]:
    if not values:
        return None, None
    try:
        mean = math.fsum(values) / len(values)
    except OverflowError:
        return None, None
    if len(values) < 2:
        return mean, None
    # A norm, and not a sum of squares, which would be too large before its root is.
    return mean, _finite(math.hypot(*(value - mean for value in values)) / math.sqrt(len(values) - 1))


def _q2(test: Predictions, training_mean: float) -> float:
    """Return 1 - SSE/SST of the test samples about the training mean (Q²F1 of Consonni et al. 2009)."""
    error, spread = test.predicted - test.reference, test.reference - training_mean
    total = float(spread @ spread)
    return 1 - float(error @ error) / total if total else math.nan
