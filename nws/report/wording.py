"""Numbers, units and metrics in words, for people who were not there.

This room must not know where a number is from.
"""

from __future__ import annotations

from nws.metrics import CLASSIFICATION, METRICS, VALIDATION, label
from nws.pipeline.rows import NO_PREPROCESSING
from nws.words import span

_GOALS = {
    "min": "lower is better",
    "max": "higher is better",
    "zero": "closer to 0 is better",
    "one": "closer to 1 is better",
}
_MEANING = {
    "rmse": "the root mean square error, in the unit of the target",
    "mae": "the mean absolute error, in the unit of the target",
    "r2": "the part of the variance that the predictions explain; 1 is perfect, 0 is no better than the mean",
    "bias": "the mean of predicted minus measured values, in the unit of the target",
    "sep": "the standard error of prediction, corrected for bias, in the unit of the target",
    "rpd": "the standard deviation of the measured values divided by RMSE",
    "rpiq": "the interquartile range of the measured values divided by RMSE",
    "slope": "the slope of measured on predicted values",
    "intercept": "the intercept of measured on predicted values, in the unit of the target",
    "accuracy": "the fraction of samples that are predicted right",
    "balanced_accuracy": "the fraction predicted right in each class, averaged over classes; 1 is perfect",
    "f1": "the harmonic mean of precision and recall, averaged over classes; 1 is perfect",
    "mcc": "Matthews correlation coefficient; 1 is perfect, 0 is chance",
    "kappa": "Cohen's kappa: agreement beyond chance; 1 is perfect, 0 is chance",
    "log_loss": "the mean of minus the logarithm of the probability given to the right class",
    "roc_auc": "the area under the receiver operating characteristic; 1 is perfect, 0.5 is chance",
}
# What is left of zero when numbers are rounded.
_DUST = 1e-12


def direction(metric: str) -> str:
    """Return which way a metric is better: `lower is better`."""
    return _GOALS[METRICS[metric].goal] if metric in METRICS else "its direction is not known"


def meaning(metric: str) -> str:
    """Return what a metric is, in words."""
    return _MEANING.get(metric, metric)


def heading(partition: str, metric: str, *, once: bool = False) -> str:
    """Return the heading of a figure, as `nws.metrics.label`; a metric that is not known stands as it is."""
    if metric not in METRICS:
        return f"{metric} ({partition})"
    return label(f"{partition}_{metric}", once=once)


def validated(*, once: bool) -> str:
    """Return what validation figures are of."""
    return "the validation set" if once else "cross-validation"


def chain(preprocessing: str, model: str) -> str:
    """Return what a pipeline does, in a sentence."""
    before = "no preprocessing" if preprocessing == NO_PREPROCESSING else preprocessing
    return f"{before}, then {model}"


def steps(preprocessing: str | None, model: str | None) -> str:
    """Return what a pipeline does, in short: `StandardScaler > Ridge(alpha=0.1)`."""
    return " > ".join(word for word in (preprocessing, model) if word and word != NO_PREPROCESSING)


def how_to_read(task: str | None, metric: str, *, once: bool = False) -> list[str]:
    """Return the paragraphs that tell a reader what the figures are."""
    head = heading(VALIDATION, metric, once=once)
    first = f"Pipelines are ranked by {head}, {meaning(metric)}; {direction(metric)}."
    val = (
        "“val” figures are of the validation set: samples that were set apart to choose the best pipeline."
        if once
        else "“val” figures are those of cross-validation: each sample was predicted by a model that had not seen it. "
        "They choose the best pipeline."
    )
    parts = (
        f"{val} “test” figures are of samples that were set apart and looked at only at the end: they tell how well a "
        "pipeline predicts what is new. “train” figures are of the samples that the model was fitted on, and are "
        "always flattering."
    )
    names = (
        "RMSEP and RMSEC are the root mean square errors of prediction (test) and of calibration (train)."
        if once
        else "RMSECV, RMSEP and RMSEC are the root mean square errors of cross-validation (val), of prediction (test) "
        "and of calibration (train)."
    )
    choice = (
        "The best of many pipelines looks a little better on val than it is, because it was chosen there; trust its "
        "test figure where there is one."
    )
    return [first, parts, *([] if task == CLASSIFICATION else [names]), choice]


def figure(value: float | None) -> str:
    """Return a figure for people: four significant digits, integers whole, nothing where there is none."""
    if value is None or value != value:  # noqa: PLR0124 -- NaN is the one value unequal to itself
        return ""
    if abs(value) < _DUST:
        return "0"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:#.4g}" if 1e-4 <= abs(value) < 1e5 else f"{value:.4g}"


def took(seconds: float) -> str:
    """Return a length of time for people, of moments too: `12 ms`, `0.4 s`, `3 min 20 s`."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else span(seconds)


def moment(text: str | None) -> str:
    """Return a moment as files write it, to the second: `2026-01-31 12:00:00 UTC`."""
    return f"{text[:10]} {text[11:19]} UTC" if text else ""


def sentence(text: str) -> str:
    """Return words as they begin a sentence."""
    return text[:1].upper() + text[1:]


def listed(words: list[str], *, most: int = 8) -> str:
    """Return words one after the other; of very many the first, and how many more."""
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
