"""Exports used as somebody without nws uses them."""

import csv
import io
import json
import subprocess
import sys
import sysconfig

from predicting import PLS, rows_of_test

SNV = "chemotools.scatter.StandardNormalVariate"
GRID = [
    {"_or_": [None, SNV]},
    {"_or_": [None, {"y_processing": "sklearn.preprocessing.MinMaxScaler"}]},
    {"model": {"class": PLS, "params": {"n_components": 3}}},
]
# The packages of the environment of the tests, and nothing that `site` would add, with some of them hidden.
ALONE = """
import importlib, runpy, sys
hidden, packages, script, *words = sys.argv[1:]
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden.split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
sys.path += [script.rpartition("/")[0], packages]
try:
    import nws
except ImportError:
    pass
else:
    assert "nws" not in hidden.split(",")
sys.argv = [script, *words]
runpy.run_path(script, run_name="__main__")
"""


def alone(folder, *words, hidden="nws", python=sys.executable):
    """Run the `predict.py` of an export without nws, or without other packages too; it leaves nothing in the folder."""
    packages, before = sysconfig.get_path("purelib"), sorted(folder.rglob("*"))
    command = [python, "-I", "-S", "-c", ALONE, hidden, packages, f"{folder}/predict.py", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd="/", check=False)
    assert sorted(folder.rglob("*")) == before
    return done


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def check_same(printed, pipeline):
    """Assert that what was printed is, to the last digit, what `predictions.csv` says of the test samples."""
    told = table(rows_of_test(pipeline).decode())
    found = table(printed)
    names = [name for name in told[0] if name in {"sample_id", "y_pred"} or name.startswith("proba_")]
    assert list(found[0]) == names
    assert found == [{name: row[name] for name in names} for row in told]
    assert len(found) >= 10


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
