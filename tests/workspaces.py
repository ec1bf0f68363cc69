"""Workspaces for tests: a small data set, a grid, and the checks that hold after anything that can happen."""

import json
from pathlib import Path

from nws import Workspace
from nws.ids import ObjectId
from nws.index import segments

DATA = Path(__file__).parent / "data"
GASOLINE = DATA / "gasoline.csv"
MAYONNAISE = DATA / "mayonnaise.csv"
PLS = "sklearn.cross_decomposition.PLSRegression"


def small_csv(path, *, samples=24, features=6, seed=0):
    """Write a wide file of made-up spectra with a target that depends on them."""
    import numpy as np

    random = np.random.default_rng(seed)
    spectra = np.cumsum(random.normal(size=(samples, features)), axis=1)
    target = spectra @ random.normal(size=features) + random.normal(scale=0.1, size=samples)
    head = ["protein", *(f"{1000 + 10 * band} nm" for band in range(features))]
    lines = [",".join(head)]
    lines += [",".join(repr(float(value)) for value in (y, *row)) for y, row in zip(target, spectra, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def ridge_grid(path, count, *, scaled=True):
    """Write a config that expands to `count` quick pipelines."""
    steps = ["sklearn.preprocessing.StandardScaler"] if scaled else []
    values = [round(0.1 * (place + 1), 1) for place in range(count)]
    steps.append({"model": {"class": "sklearn.linear_model.Ridge", "params": {"alpha": {"_or_": values}}}})
    path.write_text(json.dumps(steps), encoding="utf-8")
    return path


def finished_run(root, count):
    """Make a workspace with accents in its names and a run of `count` quick pipelines, and return its folder."""
    root.mkdir()
    small_csv(root / "blé.csv")
    ridge_grid(root / "grid.json", count)
    Workspace.init(root)[0].run(root / "blé.csv", root / "grid.json", run_name="a")
    return root


def mixed_grid(path):
    """Write a config of several kinds of models, some of them drawing random numbers, on shuffled folds: 26 pipelines."""
    steps = [
        {"_or_": [None, "sklearn.preprocessing.StandardScaler"]},
        {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 3, "shuffle": True}},
        {"model": {"class": PLS}, "_range_": [1, 5], "param": "n_components"},
        {"model": {"class": "sklearn.linear_model.Ridge"}, "_or_": [0.1, 1.0, 10.0], "param": "alpha"},
        {
            "model": {"class": "sklearn.ensemble.RandomForestRegressor", "params": {"max_depth": 3}},
            "_or_": [3, 5, 8],
            "param": "n_estimators",
        },
        {"model": {"class": "sklearn.neighbors.KNeighborsRegressor", "params": {"n_neighbors": 3}}},
        {"model": {"class": "sklearn.ensemble.ExtraTreesRegressor", "params": {"n_estimators": 4}}},
    ]
    path.write_text(json.dumps(steps), encoding="utf-8")
    return path


def said(pipelines):
    """Return what records say, but for the times and the run in which it was done."""
    changing = {"created_at", "completed_at", "duration_seconds", "run_id"}
    return [{key: value for key, value in vars(one.record).items() if key not in changing} for one in pipelines]


def check_whole(root, *, gone=frozenset()):
    """Assert that a workspace opens and that everything in it is whole; return its pipelines.

    `gone` are the records whose pipelines were deleted, whose rows stay in the index.
    """
    workspace = Workspace.open(root)
    for oid in workspace.store.list():
        workspace.store.verify(oid)
    found = []
    for run in workspace.runs.list():
        for pipeline in run.pipelines():
            assert all(workspace.store.has(oid) for oid in pipeline.record.objects())
            if pipeline.view.exists():
                shown = {
                    path.name: ObjectId.of(path.read_bytes())
                    for path in pipeline.view.iterdir()
                    if path.is_file() and not path.name.startswith("chart_")
                }
                assert shown == {"pipeline.json": pipeline.record_id, **pipeline.record.files}
            found.append(pipeline)
    for table in segments.TABLES:
        for path in segments.paths(workspace.catalog, table):
            segments.verify(path)
    for copy in workspace.archives.list():
        cut_off = (f"has no manifest {copy.name}.json beside it",)
        assert workspace.archives.verify(copy).problems in ((), cut_off)
    indexed = workspace.predictions.records()
    assert indexed <= {str(pipeline.record_id) for pipeline in found} | gone
    return found
