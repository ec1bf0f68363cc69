"""The run that pictures are drawn of: its best pipeline, those like it, and the figures of all, by target.

This room must not know how anything is drawn.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from nws.ids import ObjectId
from nws.metrics import METRICS, badness
from nws.pipeline import Pipeline
from nws.report import style
from nws.report.course import LEAST, course
from nws.report.overview import Score, Scores
from nws.report.subject import NotDrawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nws.report.course import Course
    from nws.run import Run
    from nws.workspace import Workspace

_COLUMNS = (
    "record",
    "target",
    "preprocessing",
    "model_type",
    "model_class",
    "metric",
    "val_score",
    "pipeline_number",
    "n_folds",
)
# Kinds of pipelines among which one with a course is looked for.
_FAMILIES = 5
_PARAMETERS = re.compile(r"\([^()]*\)")


def rows_by_target(workspace: Workspace, run: Run) -> dict[str, list[dict[str, Any]]]:
    """Return what the index has of the pipelines of a run that have a figure of validation, best first, by target."""
    found = workspace.predictions.filter_by_criteria(run=run.name, deleted=False, n=None, show=list(_COLUMNS))
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in found.iter_rows(named=True):
        if row["val_score"] is not None and math.isfinite(row["val_score"]) and row["metric"] in METRICS:
            rows.setdefault(row["target"], []).append(row)
    for group in rows.values():
        group.sort(key=lambda row: (badness(METRICS[row["metric"]], row["val_score"]), row["pipeline_number"]))
    return rows


def scores(run: Run, rows: Sequence[dict[str, Any]]) -> Scores:
    """Return the figures of the pipelines on one target; by the metric of the best, where they have several."""
    metric = rows[0]["metric"]
    return Scores(
        title=style.plain(f"{run.name}: {rows[0]['target']}", 85),
        target=rows[0]["target"],
        once=all(row["n_folds"] == 1 for row in rows),
        metric=metric,
        scores=[
            Score(preprocessing=row["preprocessing"], model=row["model_type"] or "?", value=float(row["val_score"]))
            for row in rows
            if row["metric"] == metric
        ],
    )


def best_course(workspace: Workspace, rows: Sequence[dict[str, Any]]) -> Course:
    """Return the course of the first pipeline, in the order of rows, that is on one.

    Raises
    ------
    NotDrawn
        If none of the first differs from others in one parameter only.
    """
    families: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault((row["model_class"] or "", _form(row)), []).append(row)
    for family in list(families.values())[:_FAMILIES]:
        if len(family) >= LEAST:
            first, *others = (_pipeline(workspace, row) for row in family)
            found = course(first, others)
            if found is not None:
                return found
    raise NotDrawn("too few pipelines differ in one parameter only")


def _pipeline(workspace: Workspace, row: dict[str, Any]) -> Pipeline:
    return Pipeline.load(workspace.store, ObjectId(row["record"]), runs=workspace.runs.folder)


def _form(row: dict[str, Any]) -> str:
    """Return the chain of a row without its parameters."""
    return _PARAMETERS.sub("", row["preprocessing"] or "")
