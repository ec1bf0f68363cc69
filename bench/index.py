"""What the index costs: cold and warm queries, appending, one look-up; each as a ratio to its floor in the same run.

Usage: python bench/index.py [PREDICTIONS] [ROUNDS]

`write(folder, ...)` is also the generator of synthetic predictions. Both sides of a ratio take turns, medians are
compared, and each answer is checked against the scores that were generated.
"""

import datetime as dt
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nws.ids import hash_of, prediction_id
from nws.index import segments
from nws.index.predictions import Predictions
from nws.index.segments import Row

DATASETS = ("wheat", "corn", "soy", "milk")
MODELS = ("PLSRegression", "Ridge", "SVR", "RandomForestRegressor")
CHAINS = ("none", "StandardNormalVariate", "StandardNormalVariate > SavitzkyGolay(deriv=1, window_size=7)")
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def prediction(number, chance, samples=50):
    """Return one synthetic prediction: a regression with all its scores and three partitions."""
    record, created = hash_of(["synthetic", number]), START + dt.timedelta(seconds=number)
    identity = prediction_id(record, "y", created)
    dataset, model = DATASETS[number % 4], chance.choice(MODELS)
    scores = {
        f"{part}_{name}": chance.lognormvariate(0, 1)
        for part in ("train", "val", "test")
        for name in ("rmse", "mae", "r2", "bias", "sep", "rpd", "rpiq", "slope", "intercept")
    }
    meta = {
        "prediction_id": identity, "record": record, "run_id": f"2026-01-01_{dataset}", "run_date": dt.date(2026, 1, 1),
        "pipeline_id": f"{number:04d}_{record[:6]}", "pipeline_number": number, "pipeline_hash": record[::-1],
        "dataset_name": dataset, "dataset_id": hash_of(dataset), "target": "y", "task_type": "regression",
        "model_type": model, "model_class": f"synthetic.{model}", "preprocessing": chance.choice(CHAINS),
        "n_samples_train": samples, "n_samples_val": samples, "n_samples_test": samples, "n_features": 700,
        "model": f"{model}()", "n_folds": 5, "metric": "rmse",
        **{f"{part}_score": scores[f"{part}_rmse"] for part in ("train", "val", "test")}, **scores,
        "duration_seconds": chance.random(), "created_at": created, "status": "completed",
    }  # fmt: skip
    values = [chance.gauss(0, 1) for _ in range(samples)]
    arrays = {
        "prediction_id": identity,
        "y_true": values,
        "y_pred": values[::-1],
        "sample_indices": list(range(samples)),
    }
    return Row(meta, [{**arrays, "partition": part} for part in ("train", "val", "test")])


def write(catalog, rows, per_segment):
    """Append `rows` in segments of the given size."""
    for start in range(0, len(rows), per_segment):
        segments.append(catalog, rows[start : start + per_segment])


def main(count, rounds):
    chance = random.Random(0)
    rows = [prediction(number, chance) for number in range(count)]
    wheat = [row for row in rows if row.meta["dataset_name"] == "wheat"]
    best = min(wheat, key=lambda row: row.meta["val_rmse"]).meta["prediction_id"]
    print(f"{count:,} predictions, medians of {rounds}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number in (1, 50, 200):
            workspace = root / str(number)
            write(workspace / "catalog", rows, -(-count // number))
            (workspace / "nws.toml").write_text("format = 1\n")
            cold(workspace, number, best, rounds)
            warm(workspace, number, best, rounds)
        look_up(root / "1", root, rows[count // 2], rounds)
        appending(root, chance, rounds)


def cold(workspace, number, best, rounds):
    nws = [sys.executable, "-m", "nws", "-C", str(workspace), "catalog", "best", "wheat", "--columns", "prediction_id"]
    floor = [sys.executable, "-c", "import polars"]
    sides = alternate(rounds, lambda: run(floor), lambda: check(run(nws).split()[1] == best))
    show(f"nws catalog best, fresh process, {number} segments", sides, "import polars", 1.5)


def warm(workspace, number, best, rounds):
    import polars as pl

    held = Predictions(workspace / "catalog")
    plain = workspace / "one.parquet"
    pl.read_parquet(workspace / "catalog" / segments.META).write_parquet(plain)
    needed = ["prediction_id", "dataset_name", "val_rmse", "created_at", "status"]
    sides = alternate(
        rounds * 5,
        lambda: pl.read_parquet(plain, columns=needed),
        lambda: check(held.query_best("wheat", "rmse", n=10)["prediction_id"][0] == best),
    )
    show(f"query_best in process, {number} segments", sides, "one file, 5 columns", None)


def look_up(workspace, root, row, rounds):
    import polars as pl

    held, identity = Predictions(workspace / "catalog"), row.meta["prediction_id"]
    segments.append(root / "alone", [row])
    (alone,) = segments.paths(root / "alone", segments.DATA)
    wanted = row.data[1]["y_pred"]
    sides = alternate(
        rounds * 5,
        lambda: pl.read_parquet(alone),
        lambda: check(held.arrays(identity).filter(partition="val")["y_pred"][0].to_list() == wanted),
    )
    show("arrays of one prediction, 1 segment", sides, "a file of its own", 20)


def appending(root, chance, rounds):
    numbers = iter(range(10**6, 10**7))

    def append(workspace):
        segments.append(workspace / "catalog", [prediction(next(numbers), chance)])

    segments.append(root / "empty" / "catalog", [prediction(0, chance)])
    sides = alternate(rounds * 5, lambda: append(root / "empty"), lambda: append(root / "200"))
    show("append of one, 200 segments", sides, "to an index of one", 1.5)


def alternate(rounds, floor, ours):
    times = ([], [])
    for _ in range(rounds + 1):
        for side, work in zip(times, (floor, ours), strict=True):
            began = time.perf_counter()
            work()
            side.append(time.perf_counter() - began)
    return [statistics.median(side[1:]) for side in times]


def show(what, sides, floor, goal):
    ratio = f"{sides[1] / sides[0]:6.2f} of {floor} ({sides[0] * 1e3:.1f} ms)"
    print(f"{what:48}{sides[1] * 1e3:9.1f} ms {ratio}" + (f", goal {goal}" if goal else ""))


def run(command):
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def check(correct):
    if not correct:
        raise SystemExit("a wrong answer was timed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else 7)
