"""What the index costs: cold and warm queries, one look-up, appending; each as a ratio to its floor in the same run.

Usage: python bench/index.py [ROUNDS] [LARGEST]

Indexes of 10,000, a million and ten million synthetic predictions are written as compaction leaves them (LARGEST leaves
out larger ones). Both sides of a ratio take turns, medians are compared, and each answer is checked against the figures
that were generated. The modules are compiled first, as an installer does.
"""

import compileall
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import synthetic
from turns import alternate, check, show

from nws.ids import hash_of, prediction_id
from nws.index import compaction, segments
from nws.index.predictions import Predictions
from nws.index.segments import Row

SIZES = {10_000: 1.5, 1_000_000: 2, 10_000_000: 4}


def prediction(number, chance, samples=50):
    """Return one synthetic prediction as a run appends it: a regression with all its scores and three partitions."""
    created = synthetic.START + synthetic.dt.timedelta(days=400, seconds=number)
    record = hash_of(["synthetic", number])
    identity = prediction_id(record, "y", created)
    scores = {
        f"{part}_{name}": chance.lognormvariate(0, 1) for part in synthetic.PARTITIONS for name in synthetic.FIGURES
    }
    meta = {
        "prediction_id": identity, "record": record, "run_id": "2026-01-01_wheat", "run_date": created.date(),
        "pipeline_id": f"{number:04d}_{record[:6]}", "pipeline_number": number, "pipeline_hash": record[::-1],
        "dataset_name": "wheat", "dataset_id": hash_of("wheat"), "target": "y", "task_type": "regression",
        "model_type": "Ridge", "model_class": "synthetic.Ridge", "model": "Ridge()", "preprocessing": "none",
        "n_samples_train": samples, "n_folds": 5, "metric": "rmse", "val_score": scores["val_rmse"], **scores,
        "duration_seconds": chance.random(), "created_at": created, "status": "completed",
    }  # fmt: skip
    values = [chance.gauss(0, 1) for _ in range(samples)]
    arrays = {
        "prediction_id": identity,
        "y_true": values,
        "y_pred": values[::-1],
        "sample_indices": list(range(samples)),
    }
    return Row(meta, [{**arrays, "partition": part} for part in synthetic.PARTITIONS])


def main(rounds, largest):
    compileall.compile_dir(Path(__file__).parent.parent / "nws", quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for count, goal in SIZES.items():
            if count <= largest:
                known = synthesized(root / str(count), count)
                cold(root / str(count), count, known["best"]["wheat"], rounds, goal)
        questions(root / str(largest), rounds)
        piled_up(root / "piled", rounds)
        warm(root / "10000", rounds)
        look_up(root / "arrays", rounds)
        appending(root, rounds, largest)
        crowd(root / "crowd")


def synthesized(workspace, count, samples=0):
    """Write synthetic predictions, in a process of its own: what it took of memory would count for all that follow."""
    script = Path(__file__).with_name("synthetic.py")
    command = [sys.executable, str(script), str(workspace), str(count), str(samples)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


def cold(workspace, count, best, rounds, goal):
    nws = [sys.executable, "-m", "nws", "-C", str(workspace), "catalog", "best", "wheat", "--columns", "prediction_id"]
    floor, peaks = [sys.executable, "-c", "import polars"], []

    def ask():
        printed, peak = measured(nws)
        check(printed.split()[1] == best)
        peaks.append(peak)

    sides = alternate(rounds, lambda: measured(floor), ask)
    show(f"nws catalog best, fresh process, {count:,} predictions", sides, "import polars", goal)
    print(f"{'':4}memory at most {max(peaks):.0f} MB" + (", goal 400" if goal == 4 else ""))


def measured(command):
    """Run a command and return what it prints, and the most memory it had, in MB."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    check(child.returncode == 0)
    return printed, usage.ru_maxrss / 1024


QUESTIONS = (
    "catalog list -n 10",
    "catalog best --metric test_r2",
    "catalog search --where 'val_rpd > 2 and model_type == \"Ridge\"' --rmse-max 0.1 -n 10",
    "catalog stats --by model_type",
    "runs list -n 10",
)


def questions(workspace, rounds):
    """Other questions to the largest index, each from a fresh process."""
    print(f"the same with other questions to {int(workspace.name):,} predictions")
    floor = [sys.executable, "-c", "import polars"]
    for question in QUESTIONS:
        nws, peaks = [sys.executable, "-m", "nws", "-C", str(workspace), *shlex.split(question)], []
        sides = alternate(rounds, lambda: measured(floor), lambda nws=nws, peaks=peaks: peaks.append(measured(nws)[1]))
        show(f"  {question}"[:56], sides, f"import polars, {max(peaks):.0f} MB", None)


def piled_up(workspace, rounds):
    """As many segments as there can be before they are merged."""
    chance = random.Random(0)
    rows = [prediction(number, chance) for number in range(10_000)]
    (workspace / "catalog").mkdir(parents=True)
    (workspace / "nws.toml").write_text("format = 1\n")
    step = -(-len(rows) // compaction.PILED_UP)
    for start in range(0, len(rows), step):
        segments.append(workspace / "catalog", rows[start : start + step], name=segments.once_name())
    best = min(rows, key=lambda row: row.meta["val_rmse"]).meta["prediction_id"]
    nws = [sys.executable, "-m", "nws", "-C", str(workspace), "catalog", "best", "wheat", "--columns", "prediction_id"]
    floor = [sys.executable, "-c", "import polars"]
    sides = alternate(rounds, lambda: measured(floor), lambda: check(measured(nws)[0].split()[1] == best))
    show(f"the same, 10,000 in {compaction.PILED_UP} appended segments", sides, "import polars", None)


def warm(workspace, rounds):
    import polars as pl

    held = Predictions(workspace / "catalog")
    plain = workspace / "one.parquet"
    pl.read_parquet(workspace / "catalog" / segments.META).write_parquet(plain)
    needed = ["prediction_id", "dataset_name", "val_rmse", "created_at", "status"]
    wheat = pl.read_parquet(plain).filter(dataset_name="wheat").sort("val_rmse")["prediction_id"][0]
    sides = alternate(
        rounds * 5,
        lambda: pl.read_parquet(plain, columns=needed),
        lambda: check(held.query_best("wheat", "rmse", n=10)["prediction_id"][0] == wheat),
    )
    show("query_best in process, 10,000 (goal under 100 ms)", sides, "one file, 5 columns", None)


def look_up(workspace, rounds):
    import polars as pl

    known = synthesized(workspace, 100_000, 1000)
    held, identity = Predictions(workspace / "catalog"), known["some"]
    found = held.arrays(identity)
    alone = workspace / "alone.parquet"
    found.write_parquet(alone)
    sides = alternate(
        rounds * 5,
        lambda: check(pl.read_parquet(alone)["y_pred"][0].to_list() == known["y_pred"]),
        lambda: check(held.arrays(identity)["y_pred"][0].to_list() == known["y_pred"]),
    )
    show("arrays of one of 100,000, 1,000 floats each", sides, "a file of its own", 20)


def appending(root, rounds, largest):
    chance, numbers = random.Random(1), iter(range(10**6, 10**7))
    small, large = root / "small", root / str(min(largest, 1_000_000))
    synthesized(small, 1000)

    def append(workspace):
        segments.append(workspace / "catalog", [prediction(next(numbers), chance)], name=segments.once_name())

    sides = alternate(rounds * 10, lambda: append(small), lambda: append(large))
    show(f"append of one to {int(large.name):,}", sides, "to an index of 1,000", 1.5)


CROWD = """
import sys, time
from pathlib import Path
import random
sys.path.insert(0, sys.argv[1])
from index import prediction
from nws.index import compaction, segments
import pyarrow.parquet
catalog, writer, chance = Path(sys.argv[2]), int(sys.argv[3]), random.Random(int(sys.argv[3]))
rows = [prediction(writer * 250 + number, chance) for number in range(250)]
print("ready", flush=True)
sys.stdin.readline()
for row in rows:
    segments.append(catalog, [row], name=segments.once_name())
    compaction.tidy(catalog)
"""
READER = """
import sys, time
from pathlib import Path
from nws.index import compaction
from nws.index.reading import collect, lazily
from nws.index.segments import META
catalog, last = Path(sys.argv[1]), 0
compacts = sys.argv[2] == "compactor"
print("ready", flush=True)
sys.stdin.readline()
while last < 2000:
    if compacts:
        compaction.compact(catalog)
    ids = collect(catalog, lambda: lazily(catalog, META).select("prediction_id"))["prediction_id"]
    assert len(ids) == ids.n_unique() >= last
    last = len(ids)
    time.sleep(0.05)
"""


def crowd(workspace):
    """8 processes append 250 predictions each, one by one, while one compacts and one reads all the while."""
    catalog, here = workspace / "catalog", str(Path(__file__).parent)
    catalog.mkdir(parents=True)
    writers = [start(CROWD, here, catalog, number) for number in range(8)]
    others = [start(READER, catalog, kind) for kind in ("compactor", "reader")]
    for child in (*writers, *others):
        check(child.stdout.readline() == "ready\n")
    began = time.perf_counter()
    for child in (*writers, *others):
        child.stdin.write("\n")
        child.stdin.close()
    check(all(child.wait() == 0 for child in writers))
    seconds = time.perf_counter() - began
    check(all(child.wait(120) == 0 for child in others))
    found = Predictions(catalog).filter_by_criteria(show=["prediction_id"])["prediction_id"]
    check(len(found) == found.n_unique() == 2000)
    print(f"8 processes x 250 appends, one compacting, one reading: {2000 / seconds:.0f} a second in all, goal 100")


def start(script, *words):
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000)
