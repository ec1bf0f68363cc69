"""The metrics that nws knows: their names, which way is better, and for which task.

This room holds the table only; how a figure is computed is said in `nws.engine.evaluate`, so that listing and ranking
need no numerical library.
"""

from __future__ import annotations

from dataclasses import dataclass

from nws.errors import UnknownName
from nws.ids import closest

REGRESSION = "regression"
CLASSIFICATION = "classification"
PARTITIONS = ("train", "val", "test")
# The partition of a bare metric.
VALIDATION = "val"


@dataclass(frozen=True)
class Metric:
    """One figure of merit.

    `goal` is "min", "max", or "zero" for a signed figure of which the least magnitude is best, and "one" for a figure
    that is best when it is 1 (a slope).
    """

    name: str
    task: str
    goal: str
    label: str


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("rmse", REGRESSION, "min", "RMSE"),
        Metric("mae", REGRESSION, "min", "MAE"),
        Metric("r2", REGRESSION, "max", "R²"),
        Metric("bias", REGRESSION, "zero", "bias"),
        Metric("sep", REGRESSION, "min", "SEP"),
        Metric("rpd", REGRESSION, "max", "RPD"),
        Metric("rpiq", REGRESSION, "max", "RPIQ"),
        Metric("slope", REGRESSION, "one", "slope"),
        Metric("intercept", REGRESSION, "zero", "intercept"),
        Metric("accuracy", CLASSIFICATION, "max", "accuracy"),
        Metric("balanced_accuracy", CLASSIFICATION, "max", "balanced accuracy"),
        Metric("f1", CLASSIFICATION, "max", "F1 (macro)"),
        Metric("mcc", CLASSIFICATION, "max", "MCC"),
        Metric("kappa", CLASSIFICATION, "max", "kappa"),
        Metric("log_loss", CLASSIFICATION, "min", "log loss"),
        Metric("roc_auc", CLASSIFICATION, "max", "ROC AUC"),
    )
}
PRIMARY = {REGRESSION: "rmse", CLASSIFICATION: "balanced_accuracy"}
# What chemometricians call the RMSE of each partition.
ALIASES = {"rmsec": "train_rmse", "rmsecv": "val_rmse", "rmsep": "test_rmse"}
_CHEMOMETRIC = {column: alias.upper() for alias, column in ALIASES.items()}


def columns() -> list[str]:
    """Return every `PARTITION_METRIC` column of the index, in order."""
    return [f"{partition}_{name}" for partition in PARTITIONS for name in METRICS]


def parse(text: str) -> tuple[str | None, Metric]:
    """Read what a person calls a metric: `rmse`, `val_rmse`, `RMSECV`.

    Returns
    -------
    partition
        `train`, `val` or `test`; None where the text names no partition.
    metric
        The metric.

    Raises
    ------
    UnknownName
        With the nearest known names.
    """
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    if name in METRICS:
        return None, METRICS[name]
    partition, _, rest = name.partition("_")
    if partition in PARTITIONS and rest in METRICS:
        return partition, METRICS[rest]
    near = closest(name, [*METRICS, *columns(), *ALIASES])
    hint = f"did you mean {', '.join(near)}?" if near else f"metrics: {', '.join(METRICS)}"
    raise UnknownName(f"unknown metric: {text!r}", hint=hint)


def label(column: str, *, once: bool = False) -> str:
    """Return the heading of a `PARTITION_METRIC` column: `RMSECV` for `val_rmse`, `R² (test)` for `test_r2`.

    Where validation samples were set apart `once`, nothing was crossed: `RMSE (val)`.
    """
    if column in _CHEMOMETRIC and not (once and column == ALIASES["rmsecv"]):
        return _CHEMOMETRIC[column]
    partition, metric = parse(column)
    return f"{metric.label} ({partition})" if partition else metric.label


def badness(metric: Metric, value: float) -> float:
    """Return a number that is smaller the better `value` is, so that one order serves every metric."""
    return {"min": value, "max": -value, "zero": abs(value), "one": abs(value - 1)}[metric.goal]
