"""What reports say across runs: the best of each run of a dataset in the order of time, and what changed since.

It asks the index, which remembers runs that are gone; a run that is there is asked for its packages. This room must
not know how a report looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from nws.errors import NwsError
from nws.metrics import METRICS, VALIDATION
from nws.report import wording
from nws.report.facts import bad

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from nws.records import PipelineRecord, RunConfig
    from nws.report.facts import RunFacts
    from nws.workspace import Workspace


class Point(NamedTuple):
    """What one run made of a target: its best validation figure; `deleted` where only the index remembers it."""

    run: str
    date: str
    pipelines: int
    failed: int
    best: float | None
    deleted: bool


class Best(NamedTuple):
    """The best of a target in two runs, the one before first."""

    target: str
    metric: str
    before: float
    now: float

    @property
    def better(self) -> bool | None:
        """Whether the later one is better; None where they are equal."""
        old, new = bad(self.metric, self.before), bad(self.metric, self.now)
        return None if old == new else new < old


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is different from the run of the same dataset before.

    `added` and `dropped` are pipelines (preprocessing > model) of the later and the earlier one alone; `packages` maps
    the name of a package to what it was and is; `doubts` say why figures may not be compared.
    """

    before: str
    added: list[str]
    dropped: list[str]
    same: int
    bests: list[Best]
    packages: dict[str, tuple[str, str]]
    doubts: list[str]


def runs_of(workspace: Workspace, dataset: str | None = None) -> list[dict[str, Any]]:
    """Return a row for each run that the index knows, the one begun first first."""
    rows = workspace.predictions.list_runs(dataset).rows(named=True)
    return list(reversed(rows))


def points(workspace: Workspace, dataset: str, target: str, metric: str) -> list[Point]:
    """Return the best of each run of a dataset on one target, in the order of time.

    Runs in which the target has another primary metric are left out.
    """
    stats = workspace.predictions.get_summary_stats("run_id", dataset=dataset, target=target).rows(named=True)
    column = f"{VALIDATION}_{metric}"
    mine = {row["run_id"]: row for row in stats if row["metric"] in {column, None}}
    return [
        Point(
            run=row["run_id"],
            date=str(row["first_created_at"].date()),
            pipelines=mine[row["run_id"]]["predictions"],
            failed=mine[row["run_id"]]["failed"],
            best=mine[row["run_id"]]["best"],
            deleted=row["deleted"],
        )
        for row in runs_of(workspace, dataset)
        if row["run_id"] in mine
    ]


_BEST = (
    "dataset_name", "target", "task_type", "metric", "val_score", "test_score", "n_folds", "preprocessing", "model",
    "ref", "deleted",
)  # fmt: skip


def bests_of(workspace: Workspace, dataset: str | None = None) -> list[dict[str, Any]]:
    """Return, for each dataset and target and each primary metric, the row of its best prediction."""
    return workspace.predictions.get_global_best(dataset=dataset, show=_BEST).rows(named=True)


def changes(workspace: Workspace, facts: RunFacts) -> Changes | None:
    """Return what is different from the run of the same dataset before this one; None where there is none."""
    if facts.dataset is None:
        return None
    names = [row["run_id"] for row in runs_of(workspace, facts.dataset)]
    if facts.run.name not in names or not (place := names.index(facts.run.name)):
        return None
    before = names[place - 1]
    old = _pipelines(workspace, facts.dataset, before)
    mine = {(row.target, row.pipeline.record.hash): wording.steps(row.preprocessing, row.model) for row in facts.rows}
    theirs = {(row["target"], row["pipeline_hash"]): wording.steps(row["preprocessing"], row["model"]) for row in old}
    config = _config(workspace, before)
    return Changes(
        before=before,
        added=[text for key, text in mine.items() if key not in theirs],
        dropped=[text for key, text in theirs.items() if key not in mine],
        same=len(mine.keys() & theirs.keys()),
        bests=_bests(facts, old),
        packages=_packages(config, facts.config),
        doubts=_doubts(facts, old, config, _splits(workspace, before)),
    )


_SHOWN = (
    "target", "pipeline_hash", "preprocessing", "model", "metric", f"{VALIDATION}_score", "dataset_id",
    "n_samples_train", "n_samples_test", "n_folds",
)  # fmt: skip


def _pipelines(workspace: Workspace, dataset: str, run: str) -> list[dict[str, Any]]:
    found: pl.DataFrame = workspace.predictions.filter_by_criteria(dataset, run=run, show=_SHOWN)
    return found.rows(named=True)


def _config(workspace: Workspace, run: str) -> RunConfig | None:
    try:
        return workspace.runs.get(run).config()
    except (NwsError, OSError):
        return None


def _bests(facts: RunFacts, old: list[dict[str, Any]]) -> list[Best]:
    found = []
    for target in facts.targets:
        ranked = facts.ranked(target)
        metric = ranked[0].metric if ranked else ""
        scores = [
            row["val_score"]
            for row in old
            if row["target"] == target and row["metric"] == metric and row["val_score"] is not None
        ]
        if scores and metric in METRICS and ranked[0].score is not None:
            best = min(scores, key=lambda score: bad(metric, score))
            found.append(Best(target, metric, best, ranked[0].score))
    return found


def _packages(before: RunConfig | None, after: RunConfig | None) -> dict[str, tuple[str, str]]:
    if before is None or after is None:
        return {}
    old = {**before.packages, "python": before.python_version}
    new = {**after.packages, "python": after.python_version}
    return {
        name: (old.get(name, "absent"), new.get(name, "absent"))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def _splits(workspace: Workspace, run: str) -> set[str]:
    """Return how the pipelines of a run were validated; nothing where it cannot be read."""
    try:
        return _schemes(pipeline.record for pipeline in workspace.runs.get(run).pipelines())
    except (NwsError, OSError):
        return set()


def _schemes(records: Iterable[PipelineRecord]) -> set[str]:
    return {str(record.evaluation.get("cv")) for record in records if record.error is None}


def _doubts(facts: RunFacts, old: list[dict[str, Any]], config: RunConfig | None, splits_before: set[str]) -> list[str]:
    """Return why the figures of two runs cannot be set side by side without a thought."""
    records = [row.pipeline.record for row in facts.rows]
    found = []
    if {record.dataset["id"] for record in records} != {row["dataset_id"] for row in old}:
        found.append("the data changed under the same name")
    splits = {
        "training samples": ("n_train", "n_samples_train"),
        "test samples": ("n_test", "n_samples_test"),
        "folds": ("folds", "n_folds"),
    }
    for what, (ours, column) in splits.items():
        new = {record.evaluation.get(ours) for record in records if record.error is None}
        was = {row[column] for row in old if row["val_score"] is not None}
        if new and was and new != was:
            found.append(f"the number of {what} differs")
    splits_now = _schemes(records)
    if splits_before and splits_now and splits_before != splits_now:
        before, now = (", ".join(sorted(splits)) for splits in (splits_before, splits_now))
        found.append(f"the splits were {before} and are {now}")
    if config is not None and facts.config is not None and config.random_seed != facts.config.random_seed:
        found.append(f"the seed was {config.random_seed} and is {facts.config.random_seed}")
    return found
