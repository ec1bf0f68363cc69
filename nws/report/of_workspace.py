"""The report of a workspace: its datasets, its runs, the best of each, what it takes on disk, and what is newest.

It is made from the index and the summaries of runs. This room must not know how it looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.errors import NwsError
from nws.metrics import METRICS
from nws.report import history, parts, wording
from nws.report.blocks import Commands, Facts, Report, Section, Table, Text, columns
from nws.report.facts import state
from nws.words import plural, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from nws.report.blocks import Block
    from nws.workspace import Workspace

_NEWEST = 10


def report_global(workspace: Workspace) -> Report:
    """Return the report of a whole workspace; what cannot be read is named in it."""
    trouble: list[str] = []
    runs = _safe(lambda: history.runs_of(workspace), [], trouble)
    known = {row["run_id"] for row in runs}
    bare = [name for name in workspace.runs.names() if name not in known]
    bests = _safe(lambda: history.bests_of(workspace) if runs else [], [], trouble)
    datasets = _safe(workspace.datasets.list, [], trouble)
    sections = [
        Section("In short", [_in_short(datasets, runs, bare), *(_reading() if bests else [])]),
        Section("The best of each dataset", _bests(bests)),
        Section("Datasets", _datasets(datasets, runs)),
        Section("Runs", _runs(workspace, runs, bare, trouble)),
        Section("Newest", _newest(workspace, runs, trouble)),
        Section("Storage", [Facts(_safe(lambda: _storage(workspace), {}, trouble))]),
        Section(
            "Go on from here",
            [Commands(["nws status", "nws catalog best", "nws report dataset NAME", "nws report run RUN"])],
        ),
        *parts.trouble(trouble),
    ]
    name = workspace.root.name
    lead = (
        f"{plural(len(datasets), 'registered dataset')}, {plural(len(runs) + len(bare), 'run')}, "
        f"{plural(sum(row['predictions'] for row in runs), 'pipeline')}."
    )
    return Report("global", "", f"Workspace {name}", lead, [section for section in sections if section.blocks])


def _safe(read: Callable[[], Any], otherwise: Any, trouble: list[str]) -> Any:
    try:
        return read()
    except (NwsError, OSError) as err:
        trouble.append(str(err))
        return otherwise


def _in_short(datasets: list[Any], runs: list[dict[str, Any]], bare: list[str]) -> Text:
    if not runs and not bare:
        there = f" {plural(len(datasets), 'dataset')} can be run on." if datasets else ""
        return Text(f"Nothing ran in this workspace yet.{there} A first run: nws run --dataset NAME --pipelines FILE.")
    failed = sum(row["failed"] for row in runs)
    gone = sum(row["deleted"] for row in runs)
    last = runs[-1] if runs else None
    text = f"There were runs on {plural(len({row['dataset_name'] for row in runs}), 'dataset')}. "
    text += f"Pipelines that failed: {failed:,}. "
    text += f"Runs that were deleted, and whose figures the catalog keeps: {gone:,}. " if gone else ""
    text += f"The newest run is {last['run_id']}." if last else ""
    return Text(text.strip())


def _reading() -> list[Block]:
    return [
        Text(
            "Every dataset is ranked by its own figure, on validation results (cross-validation); the direction stands "
            "beside it. Test figures are of samples set apart; they never choose.",
            hint=True,
        )
    ]


def _bests(rows: list[dict[str, Any]]) -> list[Block]:
    if not rows:
        return []
    heads = columns(
        "dataset",
        "target",
        "figure",
        "val",
        "test",
        "preprocessing",
        "model",
        "pipeline",
        "note",
        numeric={"val", "test"},
    )
    cells = [
        [row["dataset_name"], row["target"], _figure(row), row["val_score"], row["test_score"], row["preprocessing"],
         row["model"], row["ref"], "deleted" if row["deleted"] else ""]
        for row in rows
    ]  # fmt: skip
    return [Table("The best pipeline of each dataset and target", heads, cells)]


def _name(row: dict[str, Any]) -> str:
    """Return what the figure of a row is called."""
    return METRICS[row["metric"]].label if row["metric"] in METRICS else str(row["metric"] or "")


def _figure(row: dict[str, Any]) -> str:
    """Return what the figure of a row is called, and which way it is better."""
    return f"{_name(row)} ({wording.direction(row['metric'])})"


def _datasets(datasets: list[Any], runs: list[dict[str, Any]]) -> list[Block]:
    registered = {one.name: one for one in datasets}
    names = sorted(registered.keys() | {row["dataset_name"] for row in runs})
    if not names:
        return []
    heads = columns(
        "dataset",
        "samples",
        "points",
        "targets",
        "runs",
        "pipelines",
        "last run",
        "registered",
        numeric={"samples", "points", "runs", "pipelines"},
    )
    cells: list[list[Any]] = []
    for name in names:
        mine = [row for row in runs if row["dataset_name"] == name]
        one = registered.get(name)
        facts = one.understood if one is not None else {}
        targets = [f"{target['name']} ({target['task']})" for target in facts.get("targets", [])]
        pipelines = sum(row["predictions"] for row in mine)
        last = str(mine[-1]["first_created_at"].date()) if mine else ""
        when = wording.moment(one.registered_at) if one is not None else "no"
        cells.append(
            [
                name, facts.get("samples"), facts.get("features"), wording.listed(targets, most=4), len(mine),
                pipelines, last, when,
            ]
        )  # fmt: skip
    return [Table("Datasets that are registered here or that runs were on", heads, cells)]


def _runs(workspace: Workspace, runs: list[dict[str, Any]], bare: list[str], trouble: list[str]) -> list[Block]:
    newest = list(reversed(runs))[: parts.MOST_RUNS]
    cells: list[list[Any]] = [
        [
            f"{row['first_created_at']:%Y-%m-%d %H:%M}", row["run_id"], row["dataset_name"], row["predictions"],
            row["failed"], _name(row), row["val_score"],
            "deleted" if row["deleted"] else _state(workspace, row["run_id"], trouble),
        ]
        for row in newest
    ]  # fmt: skip
    cells += [["", name, "", 0, 0, "", None, _state(workspace, name, trouble)] for name in bare]
    if not cells:
        return []
    heads = columns(
        "began",
        "run",
        "dataset",
        "pipelines",
        "failed",
        "figure",
        "best val",
        "status",
        numeric={"pipelines", "failed", "best val"},
    )
    more = parts.of_many(len(runs), parts.MOST_RUNS, "the newest")
    return [Table(f"Runs, newest first (times in UTC){more}", heads, cells)]


def _state(workspace: Workspace, name: str, trouble: list[str]) -> str:
    from nws.errors import UnknownName

    run = workspace.runs.get(name)
    came = ", by import" if workspace.runs.imported.has(name) else ""
    try:
        return state(run, run.summary()) + came
    except UnknownName:
        return state(run, None) + came
    except (NwsError, OSError) as err:
        trouble.append(str(err))
        return "damaged"


def _newest(workspace: Workspace, runs: list[dict[str, Any]], trouble: list[str]) -> list[Block]:
    shown = ("created_at", "ref", "dataset_name", "target", "status", "metric", "val_score", "preprocessing", "model")
    rows = _safe(
        lambda: workspace.predictions.filter_by_criteria(n=_NEWEST, show=shown).rows(named=True) if runs else [],
        [],
        trouble,
    )
    if not rows:
        return []
    heads = columns("began", "pipeline", "dataset", "target", "status", "figure", "val", "what", numeric={"val"})
    cells = [
        [f"{row['created_at']:%Y-%m-%d %H:%M:%S}", row["ref"], row["dataset_name"], row["target"], row["status"],
         _name(row), row["val_score"],
         wording.steps(row["preprocessing"], row["model"])]
        for row in rows
    ]  # fmt: skip
    return [Table("The pipelines that ran last, newest first (times in UTC)", heads, cells)]


def _storage(workspace: Workspace) -> dict[str, str]:
    count = workspace.store.count()
    saved = f", {100 * (1 - count.stored / count.size):.0f} % less" if count.size else ""
    return {
        "objects": f"{count.objects:,}",
        "their bytes": size(count.size),
        "on disk": f"{size(count.stored)}{saved}",
    }
