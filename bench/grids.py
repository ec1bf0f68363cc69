"""Whole grids by nws and by its peers, each in a fresh process, and taking turns.

Usage: python bench/grids.py [ROUNDS]

1. 4 scatter corrections x 3 derivatives x PLS 1 to 20, 5 folds (240 pipelines), on gasoline and on 1,000 made-up spectra of
   1,000 wavelengths: `Workspace.run(jobs=2)` against scikit-learn's `GridSearchCV(n_jobs=2)`, without and with `memory=`. nws also
   fits every pipeline on all samples, and writes its predictions, artifacts, record, view and rows of the index.
2. The sweep of nirs4all: 4 preprocessings x PLS 1 to 25, 3 folds, from the same file, on gasoline. nirs4all is installed into
   `.bench/nirs4all` by this script and is no dependency of nws.
3. The finished grid started again: processor time of all processes.

Two times are printed: of the call, with libraries loaded and data read, and of the whole process. Every side has to come to the
same scores. Peak memory is that of all processes of a side, shared pages counted once, in a round of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
DATA = HERE.parent / "tests" / "data" / "gasoline.csv"
ENVIRONMENT = HERE.parent / ".bench" / "nirs4all"
VERSION = "1.4.10"
PLS = "sklearn.cross_decomposition.PLSRegression"
SCATTER = [None, "StandardNormalVariate", "MultiplicativeScatterCorrection", "RobustNormalVariate"]
DERIVATIVES = [
    None,
    {"window_length": 11, "polyorder": 2, "deriv": 1},
    {"window_length": 15, "polyorder": 2, "deriv": 2},
]
GRID = [
    {"_or_": [name and f"chemotools.scatter.{name}" for name in SCATTER]},
    {"_or_": [given and {"class": "chemotools.derivative.SavitzkyGolay", "params": given} for given in DERIVATIVES]},
    {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 5, "shuffle": True, "random_state": 0}},
    {"model": {"class": PLS, "params": {"scale": False}}, "_range_": [1, 20], "param": "n_components"},
]
TRANSFORMS = ["StandardNormalVariate", "FirstDerivative", "Detrend"]
SWEEP = [
    {"_or_": [None, *(f"nirs4all.operators.transforms.{name}" for name in TRANSFORMS)]},
    {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 3, "shuffle": True, "random_state": 0}},
    {"model": {"class": PLS}, "_range_": [1, 25], "param": "n_components"},
]
SEARCH = f"""
import json, sys, time, warnings
import polars as pl
from chemotools.derivative import SavitzkyGolay
from chemotools.scatter import MultiplicativeScatterCorrection, RobustNormalVariate, StandardNormalVariate
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline
warnings.simplefilter("ignore")
table = pl.read_csv(sys.argv[1])
target = table["octane"].to_numpy()
spectra = table.drop("octane").to_numpy()
steps = [("scatter", "passthrough"), ("derivative", "passthrough"), ("model", PLSRegression(scale=False))]
grid = {{
    "scatter": ["passthrough", {", ".join(f"{name}()" for name in SCATTER if name)}],
    "derivative": ["passthrough", {", ".join(f"SavitzkyGolay(**{given})" for given in DERIVATIVES if given)}],
    "model__n_components": list(range(1, 21)),
}}
search = GridSearchCV(
    Pipeline(steps, memory=sys.argv[2] if len(sys.argv) > 2 else None), grid, n_jobs=2,
    cv=KFold(5, shuffle=True, random_state=0), scoring="neg_root_mean_squared_error",
)
begun = time.perf_counter()
search.fit(spectra, target)
seconds = time.perf_counter() - begun
print(json.dumps([seconds, sorted((-search.cv_results_["mean_test_score"]).tolist())]))
"""
NWS = """
import json, sys, time
from pathlib import Path
import chemotools.derivative, chemotools.scatter, sklearn.cross_decomposition, sklearn.model_selection
from nws import Workspace
from nws.dataset import ReadOptions
workspace, _ = Workspace.init(Path(sys.argv[1]))
workspace.datasets.add("data", [Path(sys.argv[2])], ReadOptions())
begun = time.perf_counter()
(result,) = workspace.run("data", Path(sys.argv[3]), jobs=2)
seconds = time.perf_counter() - begun
told = [entry.metrics.cross_validation for entry in result.entries]
scores = [item["rmse"] for one in told for item in one["fold_results"]] if sys.argv[4] == "folds" else [one["mean_rmse"] for one in told]
print(json.dumps([seconds, sorted(scores)]))
"""
NIRS4ALL = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import nirs4all
import polars as pl
table = pl.read_csv(sys.argv[1])
steps = json.load(open(sys.argv[2]))
data = (table.drop("octane").to_numpy(), table["octane"].to_numpy())
begun = time.perf_counter()
result = nirs4all.run(steps, data, verbose=0, save_charts=False, random_state=0)
seconds = time.perf_counter() - begun
frame = result.predictions.to_dataframe().filter((pl.col("partition") == "val") & pl.col("fold_id").is_in(["0", "1", "2"]))
print(json.dumps([seconds, sorted(frame["val_score"].to_list())]))
"""


def main(rounds):
    python = installed()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, data in (("gasoline, 60 x 401", gasoline(folder)), ("made up, 1,000 x 1,000", made_up(folder))):
            compare_grids(title, data, folder, rounds)
        sweep = folder / "sweep.json"
        sweep.write_text(json.dumps(SWEEP))
        data = gasoline(folder)
        sides = {
            "nws, 2 jobs": nws(folder, data, SWEEP, "folds"),
            f"nirs4all {VERSION}": process(lambda: [python, "-c", NIRS4ALL, data, sweep], folder),
        }
        # Its spectra are of single precision.
        compare("sweep of 100 pipelines, 3 folds, gasoline", sides, rounds, goal=10, tolerance=1e-4)


def compare_grids(title, data, folder, rounds):
    search = [sys.executable, "-c", SEARCH, data]
    sides = {
        "nws, 2 jobs": nws(folder, data, GRID, "pipelines"),
        "GridSearchCV(n_jobs=2)": process(lambda: search, folder),
        "the same, memory=": process(lambda: [*search, fresh(folder)], folder),
    }
    compare(f"grid of 240 pipelines, 5 folds, {title}", sides, rounds, goal=5, tolerance=1e-9)
    workspace = max(folder.glob("fresh*/runs"), key=lambda path: path.stat().st_mtime).parent
    summary = json.loads(next(workspace.glob("runs/*/run_summary.json")).read_text())["statistics"]
    print(
        f"  artifacts   {summary['artifact_bytes']:,} bytes, stored in {summary['stored_bytes']:,}: "
        f"{summary['saved_percent']} % saved (goal: 50)"
    )
    print(
        f"  again       {again(folder, workspace):.2f} s of processor time in all processes (goal: under 3)", flush=True
    )


def compare(title, sides, rounds, goal, tolerance):
    print(f"{title}: medians of {rounds}")
    calls, wholes, answers = {name: [] for name in sides}, {name: [] for name in sides}, {}
    for count in range(rounds + 1):
        for name, work in sides.items():
            begun = time.perf_counter()
            seconds, answers[name] = work()
            if count:
                wholes[name].append(time.perf_counter() - begun)
                calls[name].append(seconds)
    first = next(iter(sides))
    ours = [statistics.median(times[first]) for times in (calls, wholes)]
    for name, work in sides.items():
        call, whole = statistics.median(calls[name]), statistics.median(wholes[name])
        apart = float(np.max(np.abs(np.array(answers[name]) - answers[first])))
        ratio = (
            f"  {call / ours[0]:5.1f} and {whole / ours[1]:4.1f} times nws (goal: {goal}), scores differ by {apart:.0e}"
        )
        told = "" if name == first else ratio
        print(f"  {name:24} call {call:6.2f} s, process {whole:6.2f} s {peak(work):6.0f} MB{told}", flush=True)
        if apart > tolerance:
            raise SystemExit("the sides did not come to the same scores")


def nws(folder, data, steps, scores):
    grid = folder / f"grid-{scores}.json"
    grid.write_text(json.dumps(steps))
    return process(lambda: [sys.executable, "-c", NWS, fresh(folder), data, grid, scores], folder)


def fresh(folder):
    """Return a folder that was not there before; nothing is removed, since file systems are slow right after that."""
    return tempfile.mkdtemp(prefix="fresh", dir=folder)


def process(words, folder):
    def run():
        return json.loads(subprocess.run(words(), check=True, capture_output=True, cwd=folder).stdout.splitlines()[-1])

    return run


def again(folder, workspace):
    """Start the finished grid once more; return the processor time of everything that it started."""
    words = ["run", "--dataset", "data", "--pipelines", folder / "grid-pipelines.json", "--jobs", "2"]
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "nws", "-C", workspace, *words], check=True, capture_output=True, text=True
    )
    after = os.times()
    if len(list(workspace.glob("runs/*"))) != 1:
        raise SystemExit(f"it ran again: {done.stderr}")
    return sum(after[2:4]) - sum(before[2:4])


def peak(work):
    """Return the largest memory in MB of all processes that `work` starts, shared pages divided among their users."""
    most, stop = [0], threading.Event()

    def watch():
        while not stop.wait(0.05):
            most[0] = max(most[0], sum(proportional(pid) for pid in descendants(os.getpid())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    stop.set()
    watcher.join()
    return most[0] / 1024


def descendants(root):
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def proportional(pid):
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def gasoline(folder):
    path = folder / "gasoline.csv"
    path.write_bytes(DATA.read_bytes())
    return path


def made_up(folder):
    """Write 1,000 spectra of six substances with scatter, offset and noise, and a target that follows the substances."""
    random = np.random.default_rng(0)
    wavelengths = np.linspace(1100, 2500, 1000)
    amounts = random.normal(size=(1000, 6))
    centres, widths = random.uniform(1150, 2450, 6), random.uniform(30, 120, 6)
    bands = np.exp(-(((wavelengths - centres[:, None]) / widths[:, None]) ** 2))
    spectra = 1 + 0.05 * amounts @ bands + 0.1 * random.normal(size=(1000, 1))
    spectra += 5e-5 * random.normal(size=(1000, 1)) * (wavelengths - 1800) + 0.002 * random.normal(size=(1000, 1000))
    target = 50 + amounts @ random.normal(size=6) * 3 + 0.3 * random.normal(size=1000)
    path = folder / "made_up.csv"
    header = ",".join(["octane", *(f"{value:.3f}" for value in wavelengths)])
    np.savetxt(path, np.column_stack([target, spectra]), fmt="%.6f", delimiter=",", header=header, comments="")
    return path


def installed():
    """Return the Python of the environment of nirs4all, made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    if subprocess.run([python, "-c", "import nirs4all"], capture_output=True, check=False).returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"nirs4all=={VERSION}"], check=True)
    return str(python)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
