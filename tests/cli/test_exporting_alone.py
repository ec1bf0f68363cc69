"""The exports in an environment of their own, made as their README.txt says, in which nws was never installed."""

import re
import shutil
import subprocess
import sys

import pytest
from exporting import GRID, check_same
from predicting import run_of, stored

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
FORMS = ("folder", "zip", "skops")


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """Return the folder with the spectra, and each pipeline with its exports by form; zip files unpacked."""
    root = tmp_path_factory.mktemp("alone") / "Blé dur"
    root.mkdir()
    workspace = stored(root, grids=(GRID,))
    chosen = [*run_of(workspace, "gas").pipelines(), run_of(workspace, "oil").pipeline(1)]
    return root, [(pipeline, _exported(root, pipeline)) for pipeline in chosen]


def _exported(root, pipeline):
    from nws import Workspace

    paths = {form: Workspace.open(root).export(pipeline.ref, form=form)[0].path for form in FORMS}
    folder = root / f"unpacked {pipeline.record.id}"
    shutil.unpack_archive(paths["zip"], folder)
    return {**paths, "zip": folder}


@pytest.fixture(scope="module")
def python(tmp_path_factory, exports):
    """Return the Python of an environment with what the README.txt files name."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    wanted = {
        word
        for _, paths in exports[1]
        for path in paths.values()
        for line in re.findall(
            r"^    pip install (.+)$", (path / "README.txt").read_text(encoding="utf-8"), re.MULTILINE
        )
        for word in line.split()
    }
    found = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([found, "-m", "pip", "install", "--quiet", *sorted(wanted)], check=True)
    assert {word.partition("==")[0] for word in wanted} == {
        "scikit-learn", "numpy", "scipy", "joblib", "chemotools", "skops",
    }  # fmt: skip
    assert subprocess.run([found, "-c", "import nws"], capture_output=True, cwd=folder, check=False).returncode == 1
    return found


def test_every_form_predicts_there_what_is_stored(exports, python):
    root, held = exports
    for pipeline, paths in held:
        spectra = root / ("oils.csv" if "oil" in pipeline.ref else "test.csv")
        for path in paths.values():
            command = [python, path / "predict.py", spectra]
            done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=root, check=False)
            assert done.returncode == 0, done.stderr
            assert not done.stderr
            check_same(done.stdout, pipeline)
