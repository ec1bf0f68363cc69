"""The one-standard-error rule: the simplest pipeline among those that are as good as the best, within its error.

Breiman, Friedman, Olshen and Stone, Classification and Regression Trees (1984), section 3.4.3; Hastie, Tibshirani and
Friedman, The Elements of Statistical Learning, section 7.10. This room asks the index and reads records; it must not
know how an answer is shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine.complexity import complexity
from nws.errors import Damaged, UnknownName, UsageError
from nws.ids import ObjectId
from nws.index.ranking import ORDERS
from nws.metrics import VALIDATION, badness, parse
from nws.pipeline import RESTORE, Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from nws.engine.complexity import Complexity, Order
    from nws.index.criteria import Criteria
    from nws.records import JsonMap, Metrics
    from nws.workspace import Workspace


_NEEDED = ("prediction_id", "record", "run_id", "pipeline_number", "pipeline_id", "model_class", "created_at")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the rule says.

    `rows` are the pipelines that were compared, simplest first; `best` and `chosen` are two of them. `column` is the
    `PARTITION_METRIC` column, `direction` its order in words. `error` is the standard error of the best one's figure
    over its `folds`; `threshold` is the last figure that is as good (where 0 or 1 is best, the distance).
    `order` says by what the models are ordered, None if nothing is known of them, and `value` what the chosen one has
    there. `others` counts pipelines with another kind of model that are as good, and cannot be compared.
    """

    column: str
    direction: str
    rows: pl.DataFrame
    best: JsonMap
    chosen: JsonMap
    value: float | None
    error: float
    threshold: float
    folds: int
    order: Order | None
    others: int


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    row: JsonMap
    complexity: Complexity
    badness: float

    @property
    def rank(self) -> tuple[Any, ...]:
        return (*self.complexity.rank, self.badness, self.row["created_at"], self.row["prediction_id"])


def simplest(
    workspace: Workspace, dataset: str | None, column: str, criteria: Criteria, *, show: Sequence[str] = ()
) -> Choice | None:
    """Apply the rule to the selected predictions; None if none has the figure.

    Simpler is what has the lesser complexity (`nws.engine.complexity`), then fewer transforms, then the better figure.
    The figures that are compared are those that everything is ranked by: of all held-out predictions together. Only
    pipelines that are still there take part, with the same target, the same snapshot of the dataset, and a model of the
    class of the best one.

    Parameters
    ----------
    workspace
        Whose.
    dataset
        Name of a dataset; all by default.
    column
        The `PARTITION_METRIC` column.
    criteria
        See `nws.index.criteria.Criteria`.
    show
        Columns that `rows` are to have, besides those that the rule needs; all by default.

    Raises
    ------
    UsageError
        If the figure is not one of cross-validation, the selected predictions are of several datasets or targets, or
        the best one has no standard error.
    UnknownName
        If there is no such dataset, target, run, tag or task.
    Damaged
        If a record cannot be read.
    """
    partition, metric = parse(column)
    if partition not in {None, VALIDATION}:
        raise UsageError(f"{column} has no standard error over folds", hint=f"--one-se goes by val_{metric.name}")
    if criteria.get("deleted"):
        raise UsageError("--one-se chooses among pipelines that are still there", hint="leave --deleted out")
    kept: Criteria = {**criteria, "deleted": False}
    firsts = workspace.predictions.get_global_best(column, dataset=dataset, **kept)
    if len(firsts) > 1:
        raise UsageError(
            "the selected predictions are of several datasets or targets, and figures of these do not compare",
            hint=f"choose one: nws catalog best {firsts['dataset_name'][0]} --target '{firsts['target'][0]}' --one-se",
        )
    if not len(firsts):
        return None
    best = firsts.row(0, named=True)
    error, folds = _standard_error(workspace, best, metric.name)
    kept["where"] = _as_good(best, column, error, criteria.get("where"))
    columns = [*_NEEDED, column, *show] if show else ()
    narrowed: Criteria = {**kept, "target": best["target"]}
    rows = workspace.predictions.leaderboard(best["dataset_name"], column, n=None, show=columns, **narrowed).rows
    return _choose(workspace, best, column, rows, error=error, folds=folds)


def _standard_error(workspace: Workspace, best: JsonMap, metric: str) -> tuple[float, int]:
    pipeline = _pipeline(workspace, best)
    figures = pipeline.metrics()
    spread = (figures.cross_validation if figures else None) or {}
    error = spread.get(f"se_{metric}")
    if error is None and spread.get(f"std_{metric}") is not None:
        error = _of_older_record(pipeline, figures, spread, metric)
    folds = int(spread.get("folds", 0))
    if error is None:
        few = f"{folds} fold{'' if folds == 1 else 's'}"
        raise UsageError(
            f"the best pipeline, {pipeline.ref}, has no standard error of {metric}: {few}, each too small or too few",
            hint="run with several folds of several samples each (--cv kfold:5), or rank by another metric",
        )
    return float(error), folds


def _of_older_record(pipeline: Pipeline, figures: Metrics | None, spread: JsonMap, metric: str) -> float:
    """Return the standard error for a record that does not say it: as `nws.engine.evaluate.over_folds` does."""
    results = [result for result in spread["fold_results"] if result.get(metric) is not None]
    held_out = ((figures.val if figures else None) or {}).get("samples") or 1
    new = (pipeline.record.evaluation.get("n_val") or held_out) / held_out
    return float(spread[f"std_{metric}"] / math.sqrt(len(results) * new))


def _pipeline(workspace: Workspace, row: JsonMap) -> Pipeline:
    try:
        return Pipeline.load(workspace.store, ObjectId(row["record"]), runs=workspace.runs.folder)
    except UnknownName as err:
        raise Damaged(f"the record of runs/{row['run_id']}/{row['pipeline_id']} is gone", hint=RESTORE) from err


def _as_good(best: JsonMap, column: str, error: float, given: str | None) -> str:
    """Return the condition for being as good as the best, of the same snapshot, besides the one that is given."""
    metric = parse(column)[1]
    figure = {"min": column, "max": f"-{column}", "zero": f"abs({column})", "one": f"abs({column} - 1)"}[metric.goal]
    limit = badness(metric, best[column]) + error
    same = f"dataset_id = '{best['dataset_id']}' and {figure} <= {limit!r}"
    return f"({given}) and {same}" if given else same


def _threshold(goal: str, value: float, error: float) -> float:
    distance = {"min": value, "max": value, "zero": abs(value), "one": abs(value - 1)}[goal]
    return distance - error if goal == "max" else distance + error


def _choose(
    workspace: Workspace, best: JsonMap, column: str, rows: pl.DataFrame, *, error: float, folds: int
) -> Choice:
    metric = parse(column)[1]
    found = [
        _Candidate(
            row=row,
            complexity=complexity(_pipeline(workspace, row).record.steps),
            badness=badness(metric, row[column]),
        )
        for row in rows.iter_rows(named=True)
        if row["model_class"] == best["model_class"]
    ]
    family = next(item.complexity.family for item in found if item.row["record"] == best["record"])
    compared = sorted((item for item in found if item.complexity.family == family), key=lambda item: item.rank)
    places = {identity: at for at, identity in enumerate(rows["prediction_id"])}
    first = compared[0]
    return Choice(
        column=column,
        direction=ORDERS[metric.goal],
        rows=rows[[places[item.row["prediction_id"]] for item in compared]],
        best=best,
        chosen=first.row,
        value=first.complexity.value,
        error=error,
        threshold=_threshold(metric.goal, best[column], error),
        folds=folds,
        order=first.complexity.order,
        others=len(rows) - len(compared),
    )
