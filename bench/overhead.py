"""What `nws run` costs over the same scikit-learn fits in a plain loop: 100 pipelines on gasoline.

Usage: python bench/overhead.py [ROUNDS]

Both sides run in one process with the libraries loaded and the data read, so the start of the interpreter and the reading
of files are left out; they take turns. The loop does what the pipelines do and nothing else: 5-fold cross-validation, a
fit on all training samples, predictions of every partition, RMSE of each. Its figures are compared with those of nws.
"""

import json
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from nws import Workspace
from nws.dataset import ReadOptions, load
from nws.engine.request import Request
from nws.engine.steps import build

DATA = Path(__file__).parent.parent / "nws" / "data" / "gasoline.csv.gz"
PLS = "sklearn.cross_decomposition.PLSRegression"
SPLIT = {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 5, "shuffle": True, "random_state": 0}}
GRIDS = {
    "2 scatter corrections x 5 derivatives x PLS 1 to 10": [
        {"_or_": [None, "chemotools.scatter.StandardNormalVariate"]},
        {
            "class": "chemotools.derivative.SavitzkyGolay",
            "params": {"window_length": {"_range_": [7, 15, 2]}, "polyorder": 2, "deriv": 1},
        },
        SPLIT,
        {"model": {"class": PLS}, "_range_": [1, 10], "param": "n_components"},
    ],
    "100 derivatives x PLS with 5 components (no step is shared)": [
        {
            "class": "chemotools.derivative.SavitzkyGolay",
            "params": {"window_length": {"_range_": [5, 203, 2]}, "polyorder": 2, "deriv": 1},
        },
        SPLIT,
        {"model": {"class": PLS, "params": {"n_components": 5}}},
    ],
}


def main(rounds):
    for name, grid in GRIDS.items():
        with tempfile.TemporaryDirectory() as folder:
            compare(name, grid, Path(folder), rounds)


def compare(name, grid, folder, rounds):
    workspace, _ = Workspace.init(folder / "workspace")
    workspace.datasets.add("gasoline", [DATA], ReadOptions(test_rows="51-60"))
    path = folder / "grid.json"
    path.write_text(json.dumps(grid))
    (plan,) = workspace.plan(Request(datasets=("gasoline",), pipelines=(path,)))
    loop, ours, apart = [], {1: [], 2: []}, []
    for _ in range(rounds + 1):
        for jobs, times in ours.items():
            began = time.perf_counter()
            (result,) = workspace.run("gasoline", path, force=True, jobs=jobs)
            times.append(time.perf_counter() - began)
        began = time.perf_counter()
        expected = plain_loop(workspace, plan)
        loop.append(time.perf_counter() - began)
        found = [entry.metrics.val["rmse"] for entry in result.entries]
        apart.append(float(np.max(np.abs(np.array(found) - expected))))
    floor = statistics.median(loop[1:])
    print(f"{name}: {len(plan.tasks)} pipelines")
    print(f"  plain loop          {floor:6.3f} s (median of {rounds}); RMSECV differ by at most {max(apart):.1e}")
    for jobs, times in ours.items():
        median = statistics.median(times[1:])
        print(f"  nws run --jobs {jobs}    {median:6.3f} s  {100 * (median / floor - 1):+6.1f} % (goal: under +5 %)")


def plain_loop(workspace, plan):
    data = load(workspace.store, plan.dataset_id, name="gasoline")
    train = np.array([part == "train" for part in data.partition])
    target = np.array(data.targets[0].values)
    spectra, reference = data.spectra[train], target[train]
    scores = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for task in plan.tasks:
            steps = [build(step, seed=task.seed) for step in task.config.steps if step.kind in {"transform", "model"}]
            pipeline = make_pipeline(*steps)
            held = np.empty_like(reference)
            for fit, val in KFold(5, shuffle=True, random_state=0).split(spectra):
                held[val] = clone(pipeline).fit(spectra[fit], reference[fit]).predict(spectra[val]).ravel()
            final = clone(pipeline).fit(spectra, reference)
            rmse(final.predict(spectra).ravel(), reference)
            rmse(final.predict(data.spectra[~train]).ravel(), target[~train])
            scores.append(rmse(held, reference))
    return np.array(scores)


def rmse(predicted, reference):
    return float(np.sqrt(np.mean((predicted - reference) ** 2)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
