"""Workspaces that reports are made of, with names that a careless page would take for its own markup."""

import json
import random

from workspaces import PLS

from nws import Workspace
from nws.dataset import ReadOptions

EVIL = "</script><img src=x onerror=document.title=1>"
NASTY = "b*old*|<b>pipe"
GRID = [
    {"_or_": [None, "sklearn.preprocessing.StandardScaler"]},
    {"model": {"class": "sklearn.linear_model.Ridge"}, "_or_": [0.1, 1.0], "param": "alpha"},
    {"model": {"class": PLS, "params": {"n_components": 50}}},
]
LATER = [
    {"_or_": [None, "sklearn.preprocessing.StandardScaler"]},
    {"model": {"class": "sklearn.linear_model.Ridge"}, "_or_": [0.01, 1.0], "param": "alpha"},
]


def write_grid(path, steps):
    path.write_text(json.dumps(steps), encoding="utf-8")
    return path


def evil_workspace(root):
    """Return a workspace with a dataset of 30 samples, 6 of them for testing, and two targets; nothing ran yet."""
    workspace, _ = Workspace.init(root / "été bench")
    draw = random.Random(1)
    lines = [f"id,{EVIL},{NASTY},1 nm,2 nm,3 nm,4 nm"]
    for place in range(30):
        spectrum = [draw.random() for _ in range(4)]
        targets = [2 * spectrum[0] + draw.random() / 10, 3 * spectrum[1] + draw.random() / 10]
        lines.append(",".join([f"<i>s{place}</i>{EVIL}", *map(repr, (*targets, *spectrum))]))
    (root / "two.csv").write_text("\n".join(lines), encoding="utf-8")
    options = ReadOptions(id="id", target=(EVIL, NASTY), test_rows="25-30")
    workspace.datasets.add("two", [root / "two.csv"], options)
    return workspace


def run(workspace, root, steps, **options):
    (result,) = workspace.run("two", write_grid(root / "grid.json", steps), **options)
    return result.run
