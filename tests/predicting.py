"""Workspaces with stored pipelines, and files of the very samples that they were tested on."""

import csv
import json

from workspaces import GASOLINE, MAYONNAISE, PLS

from nws import Workspace
from nws.dataset import ReadOptions

MSC = "chemotools.scatter.MultiplicativeScatterCorrection"
SCALER = "sklearn.preprocessing.StandardScaler"
REGRESSION = [
    {"_or_": [None, MSC, SCALER]},
    {"_or_": [None, {"y_processing": "sklearn.preprocessing.MinMaxScaler"}]},
    {"model": {"class": PLS, "params": {"n_components": 3, "scale": False}}},
    {"model": "sklearn.linear_model.Ridge"},
]
REDUCED = [
    {"class": "sklearn.decomposition.PCA", "params": {"n_components": 4}},
    {"model": "sklearn.linear_model.LinearRegression"},
]
NEIGHBOURS = [{"model": "sklearn.neighbors.KNeighborsRegressor"}]
CLASSES = [
    {"class": "sklearn.decomposition.PCA", "params": {"n_components": 8}},
    {"model": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"},
    {"model": "sklearn.svm.LinearSVC"},
]


def write_csv(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def gasoline(folder):
    """Write gasoline with ids and a column of metadata, and its last ten samples once more as `test.csv`."""
    head, *rows = read_csv(GASOLINE)
    rows = [[f"g{place}", "nord" if place % 2 else "süd", *row] for place, row in enumerate(rows, 1)]
    head = ["id", "farm", *head]
    write_csv(folder / "test.csv", [head, *rows[50:]])
    return write_csv(folder / "gasoline.csv", [head, *rows])


def mayonnaise(folder):
    """Write mayonnaise with ids, and the samples that are not for training once more as `oils.csv`."""
    head, *rows = read_csv(MAYONNAISE)
    rows = [[f"m{place}", *row] for place, row in enumerate(rows, 1)]
    train = head.index("train") + 1
    test = [row[:train] + row[train + 1 :] for row in rows if row[train].casefold() == "false"]
    write_csv(folder / "oils.csv", [["id", *(name for name in head if name != "train")], *test])
    return write_csv(folder / "mayonnaise.csv", [["id", *head], *rows])


def stored(root, *, classes=True, grids=(REGRESSION, REDUCED, NEIGHBOURS)):
    """Make a workspace with runs on gasoline, and on mayonnaise."""
    workspace, _ = Workspace.init(root)
    workspace.datasets.add("gas", [gasoline(root)], ReadOptions(test_rows="51-60", target=("octane",)))
    files = []
    for place, grid in enumerate(grids):
        files.append(root / f"grid{place}.json")
        files[-1].write_text(json.dumps(grid), encoding="utf-8")
    workspace.run("gas", files, run_name="a")
    if classes:
        options = ReadOptions(target=("oil.type",), partition="train", task="classification")
        workspace.datasets.add("oil", [mayonnaise(root)], options)
        (root / "classes.json").write_text(json.dumps(CLASSES), encoding="utf-8")
        workspace.run("oil", root / "classes.json", run_name="b")
    return workspace


def run_of(workspace, dataset):
    return next(run for run in workspace.runs.list() if f"_{dataset}_" in run.name)


def rows_of_test(pipeline):
    """Return the header of `predictions.csv` and its rows of the test samples, as bytes."""
    head, *rows = pipeline.file("predictions.csv").splitlines(keepends=True)
    return b"".join([head, *(row for row in rows if row.split(b",")[1] == b"test")])
