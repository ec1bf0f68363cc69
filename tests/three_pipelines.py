"""A finished run of three pipelines, asked for in one way: what tests of skipping and going on begin with."""

from __future__ import annotations

import json
import shutil

from nws import Workspace

WORDS = ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "1"]


def lines(told):
    return [json.loads(line) for line in told.out.splitlines()]


def files(root):
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file() and path.name != ".at-work"}


def runs(root):
    return list(Workspace.open(root).runs.list())


def cut_off(root, run):
    """Make of a finished run one that was cut off before its last pipeline was published."""
    last = run.pipeline(run.numbers()[-1])
    (run.folder / "_refs" / f"{last.record.number:04d}").unlink()
    shutil.rmtree(last.view)
    summary = json.loads((run.folder / "run_summary.json").read_text())
    (run.folder / "run_summary.json").write_text(json.dumps({**summary, "status": "running", "completed_at": None}))
    workspace = Workspace.open(root)
    gone = workspace.predictions.filter_by_criteria(run=run.name, where="pipeline_number = 3")
    workspace.forget(gone["prediction_id"].to_list())
