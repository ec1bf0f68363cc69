"""Lines about all runs: those in `runs/`, and those that only the index remembers.

Figures are from the index, in one query; what a run says of itself is read only of the runs that are shown. This room
says what is in a line; it must not know how it is printed.
"""

from typing import TYPE_CHECKING, Any

from nws.cli.lines import run_line
from nws.records import timestamp
from nws.run import Run

if TYPE_CHECKING:
    from nws.workspace import Workspace

DELETED = "deleted"


def run_lines(workspace: "Workspace", dataset: str | None, number: int | None) -> list[dict[str, Any]]:
    """Return a line for each run, the one begun last first; for no more than `number` of them."""
    predictions = workspace.predictions
    # In this order, no run that gets its first rows meanwhile is passed over.
    known = predictions.run_names()
    rows = predictions.list_runs(dataset, n=number)
    standing = workspace.runs.standing()
    taken_out: dict[str, int] = {}
    for run, _ in standing.deleted:
        taken_out[run] = taken_out.get(run, 0) + 1
    lines = [_indexed(workspace, row, taken_out.get(row["run_id"], 0)) for row in rows.iter_rows(named=True)]
    # Just begun, or never indexed.
    others = sorted(standing.runs - known - set(rows["run_id"]))
    lines += unindexed(workspace, dataset, others)
    return newest_first(lines)[:number]


def unindexed(workspace: "Workspace", dataset: str | None, names: list[str]) -> list[dict[str, Any]]:
    """Return lines about runs from what they say of themselves."""
    lines = [run_line(Run(workspace.runs.folder / name, workspace.store)) for name in names]
    return [line for line in lines if dataset in {None, line["dataset_name"]}]


def newest_first(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return lines in the order of their beginnings."""
    return sorted(lines, key=lambda line: (line["started_at"] or "", line["run_id"]), reverse=True)


def _indexed(workspace: "Workspace", row: dict[str, Any], taken_out: int) -> dict[str, Any]:
    figures = _figures(row)
    if row["deleted"]:
        return {
            "run_id": row["run_id"], "dataset_name": row["dataset_name"], "run_date": row["run_date"].isoformat(),
            "status": DELETED, "started_at": timestamp(row["first_created_at"]), **figures,
        }  # fmt: skip
    line = run_line(Run(workspace.runs.folder / row["run_id"], workspace.store))
    if line["started_at"] is None:
        # Its summary is not there, or cannot be read.
        return {
            **line,
            "dataset_name": row["dataset_name"],
            "started_at": timestamp(row["first_created_at"]),
            **figures,
        }
    whole = figures["total_pipelines"] + taken_out >= line["total_pipelines"]
    return {**line, **figures} if whole else line


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    best = None
    if row["pipeline_id"] is not None:
        name = f"val_{row['metric']}"
        best = {"pipeline_id": row["pipeline_id"], "metric_name": name, "metric_value": row["val_score"]}
    return {
        "total_pipelines": row["predictions"],
        "successful_pipelines": row["predictions"] - row["failed"],
        "failed_pipelines": row["failed"],
        "best_pipeline": best,
    }
