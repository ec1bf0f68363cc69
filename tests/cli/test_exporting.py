"""nws export: what each form holds, that it predicts without nws to the last digit, and what is refused."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import types
import zipfile

import joblib
import pytest
from exporting import GRID, alone, check_same, manifest
from predicting import PLS, read_csv, stored, write_csv

from nws import Workspace, __version__
from nws.ids import ObjectId

TEXTS = ["README.txt", "model_card.md", "predict.py", "spectra.py"]
FILES = ["manifest.json", "metrics.json", "pipeline.json", "predictions.csv"]
SCALED, SNV_SCALED, LDA, SVC = "gas_a/2", "gas_a/4", "oil_b/1", "oil_b/2"
SHORTS = ("gas_a/1", SCALED, "gas_a/3", SNV_SCALED, LDA, SVC)
EVERY = [*((form, short) for form in ("folder", "skops") for short in SHORTS), ("zip", SNV_SCALED), ("zip", LDA)]
USUAL = {("folder", SNV_SCALED), ("folder", SVC), ("skops", SCALED), ("skops", LDA), ("zip", SNV_SCALED)}
CASES = [pytest.param(*case, marks=() if case in USUAL else pytest.mark.slow) for case in EVERY]
OURS, FAILS = "own_c/1", "own_c/2"
needs_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="needs root, to give files to another user"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace in a folder with spaces and accents: six pipelines, one of classes of nws, and one that failed."""
    root = tmp_path_factory.mktemp("exporting") / "Blé dur"
    root.mkdir()
    workspace = stored(root, grids=(GRID,))
    (root / "own.json").write_text(json.dumps(["nws.operators.Detrend", {"model": "sklearn.linear_model.Ridge"}]))
    (root / "bad.json").write_text(json.dumps([{"model": {"class": PLS, "params": {"n_components": 99}}}]))
    workspace.run("gas", [root / "own.json", root / "bad.json"], run_name="own_c")
    return root


@pytest.fixture
def place(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def pipeline(root, short):
    workspace = Workspace.open(root)
    name, _, number = short.partition("/")
    run = next(run for run in workspace.runs.list() if run.name.endswith(name))
    return run.pipeline(int(number))


def exported(here, root, short, *words):
    told = here("--json", "export", pipeline(root, short).ref, *words, check=0)
    row = json.loads(told.out)
    assert row["type"] == "export"
    return root / row["path"], row, told.err


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def spectra_of(root, short):
    return root / ("oils.csv" if "oil" in short else "test.csv")


@pytest.mark.parametrize(("form", "short"), CASES)
def test_an_export_predicts_without_nws_what_is_stored(here, place, tool, form, short):
    path, row, _ = exported(here, place, short, "--format", form)
    assert row["format"] == form
    folder = path
    if form == "zip":
        folder = place / "unpacked é"
        subprocess.run([tool("unzip"), "-q", path, "-d", folder], check=True)
    done = alone(folder, spectra_of(place, short))
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    check_same(done.stdout, pipeline(place, short))


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_what_an_export_holds(here, place, form):
    path, row, told = exported(here, place, SNV_SCALED, "--format", form)
    record = pipeline(place, SNV_SCALED)
    steps = ["1_StandardNormalVariate", "2_MinMaxScaler", "3_PLSRegression"]
    expected = sorted([*TEXTS, *FILES, *(f"artifacts/{name}.joblib" for name in steps)])
    if form == "zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            archive.extractall(place / "x")
        path = place / "x"
    assert files(path) == expected
    told = manifest(path)
    assert told["kind"] == "export"
    assert told["source"]["record"] == row["record"] == record.record_id
    for name, facts in told["members"].items():
        assert ObjectId.of((path / name).read_bytes()) == facts["blake3"], name
    assert sorted([*told["members"], "manifest.json"]) == expected
    assert row["skops_types"] == []
    assert joblib.load(path / "artifacts" / "3_PLSRegression.joblib").n_components == 3


def test_what_an_export_as_skops_holds_and_which_types_it_names(here, place):
    name = "chemotools.scatter._standard_normal_variate.StandardNormalVariate"
    path, row, told = exported(here, place, SNV_SCALED, "--format", "skops")
    assert files(path) == sorted([*TEXTS, *FILES, "model.skops"])
    assert row["skops_types"] == manifest(path)["source"]["skops_types"] == [name]
    assert (
        f"1 type that skops does not know, so whoever loads the model has to name it; predict.py does: {name}" in told
    )
    assert name in (path / "README.txt").read_text(encoding="utf-8")
    assert f"trusted=['{name}']" in (path / "predict.py").read_text(encoding="utf-8")
    path, row, told = exported(here, place, SCALED, "--format", "skops")
    assert row["skops_types"] == manifest(path)["source"]["skops_types"] == []
    assert "does not know" not in told
    assert "trusted" not in (path / "predict.py").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["zip", "skops"])
def test_the_same_export_twice_has_the_same_bytes(nws, place, form):
    words = ["export", pipeline(place, LDA).ref, pipeline(place, SNV_SCALED).ref, "--format", form, "--output"]
    for seed in ("1", "2"):
        nws(*words, f"out{seed}", check=0, env={"PYTHONHASHSEED": seed})
    assert len(files(place / "out1")) == (2 if form == "zip" else 18)
    assert files(place / "out1") == files(place / "out2")
    for name in files(place / "out1"):
        assert (place / "out1" / name).read_bytes() == (place / "out2" / name).read_bytes(), name


@pytest.mark.parametrize("form", ["folder", "zip", "skops"])
def test_nws_predicts_with_every_form_alike(here, place, form):
    for short in (SNV_SCALED, LDA, "gas_a/1"):
        spectra = spectra_of(place, short)
        wanted = here("predict", pipeline(place, short).ref, "--input", spectra, check=0).out
        path, *_ = exported(here, place, short, "--format", form)
        assert here("predict", path, "--input", spectra, check=0).out == wanted


@pytest.mark.slow
def test_two_steps_of_the_target_come_back_from_skops(here, place):
    scalers = ["StandardScaler", "MinMaxScaler"]
    steps = [{"y_processing": f"sklearn.preprocessing.{name}"} for name in scalers]
    (place / "two.json").write_text(json.dumps([*steps, {"model": "sklearn.linear_model.Ridge"}]))
    here("run", "--dataset", "gas", "--pipelines", "two.json", "--run-name", "two", "--jobs", "1", check=0)
    wanted = here("predict", pipeline(place, "gas_two/1").ref, "--input", "test.csv", check=0).out
    for form in ("folder", "skops"):
        path, *_ = exported(here, place, "gas_two/1", "--format", form)
        assert here("predict", path, "--input", "test.csv", check=0).out == wanted
        check_same(alone(path, place / "test.csv").stdout, pipeline(place, "gas_two/1"))


@needs_root
def test_a_model_as_skops_of_another_user_needs_trust_only_for_types_that_skops_does_not_know(here, place):
    for short, code in ((SCALED, 0), (SNV_SCALED, 14)):
        path, *_ = exported(here, place, short, "--format", "skops")
        for file in (path, *path.iterdir()):
            os.chown(file, 65534, -1)
        told = here("predict", path, "--input", "test.csv", check=code)
        assert bool(told.out) is (code == 0)
    assert "is not loaded" in told.err
    here("predict", path, "--input", "test.csv", "--trust", check=0)


def replaced(path, data):
    """Put other bytes in the place of the model, and into the manifest what these are."""
    (path / "model.skops").write_bytes(data)
    told = manifest(path)
    told["members"]["model.skops"] = {"blake3": ObjectId.of(data), "size_bytes": len(data)}
    (path / "manifest.json").write_text(json.dumps(told), encoding="utf-8")


def test_a_skops_file_that_asks_for_more_than_a_model_is_not_loaded(here, place):
    import skops.io
    from sklearn.linear_model import Ridge

    path, *_ = exported(here, place, SCALED, "--format", "skops")
    replaced(path, skops.io.dumps([os.system, Ridge()]))
    assert "asks for posix.system, which is not loaded" in here("predict", path, "--input", "test.csv", check=14).err
    for data in (b"nonsense", b"PK"):
        replaced(path, data)
        assert "is no skops file" in here("predict", path, "--input", "test.csv", check=13).err
    replaced(path, skops.io.dumps(Ridge()))
    assert "does not have the steps" in here("predict", path, "--input", "test.csv", check=13).err
    (path / "model.skops").unlink()
    assert "lacks model.skops" in here("predict", path, "--input", "test.csv", check=13).err


def test_predicting_with_skops_that_is_not_installed_says_so(here, place, monkeypatch):
    path, *_ = exported(here, place, SCALED, "--format", "skops")
    monkeypatch.setitem(sys.modules, "skops.io", None)
    assert "hint: pip install 'nws[skops]'" in here("predict", path, "--input", "test.csv", check=2).err


def test_skops_is_not_taken_in_and_the_way_out_works(here, place):
    path, _, _ = exported(here, place, SNV_SCALED, "--format", "skops")
    told = here("import", path, check=6).err
    assert f"{path} has no joblib files of its fitted steps, as exports as skops have none" in told
    (way,) = [line for line in told.splitlines() if line.startswith("hint: nws predict ")]
    here(*shlex.split(way.partition(" --input")[0])[2:], "--input", "test.csv", check=0)


def test_a_model_of_classes_of_nws_says_that_it_needs_nws(here, place):
    for form in ("folder", "skops"):
        path, _, told = exported(here, place, OURS, "--format", form)
        assert "takes nws to predict, for Detrend: python predict.py" in told
        text = " ".join((path / "README.txt").read_text(encoding="utf-8").split())
        assert "these steps are classes of nws itself: Detrend." in text
        assert "nws is not needed" not in text
        # Under this name PyPI has a package of somebody else.
        assert f"FOLDER-OF-NWS is the source of nws ({__version__})" in text
        assert "nws==" not in text
        done = alone(path, place / "test.csv")
        assert done.returncode == 1
        assert "it has classes of nws, so it needs nws too; README.txt has the command" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_failed_pipeline_is_not_exported_and_neither_are_those_beside_it(here, place):
    for form in ("folder", "zip", "skops"):
        words = ["export", pipeline(place, SCALED).ref, pipeline(place, FAILS).ref, "--format", form]
        told = here(*words, check=5)
        assert "has no model to predict with: it failed" in told.err
        assert not told.out
    assert files(place / "exports") == []


def test_wrong_calls(here, place):
    ref = pipeline(place, SCALED).ref
    assert "did you mean skops?" in here("export", ref, "--format", "scops", check=2).err
    assert "hint: folder, zip, skops\n" in here("export", ref, "--format", "x", check=2).err
    assert "leave out --format zip" in here("export", ref, "--format", "zip", "--predictions-only", check=2).err
    assert "custom name" in here("export", ref, "--custom-name", "../x", check=2).err
    here("export", ref, "gas_nothing/1", check=4)
    assert files(place / "exports") == []


def test_skops_that_is_not_installed_is_named(here, place, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    told = here("export", pipeline(place, SCALED).ref, "--format", "skops", check=2)
    assert "needs the package skops" in told.err
    assert "hint: pip install 'nws[skops]'" in told.err
    assert files(place / "exports") == []


@needs_root
def test_a_model_of_another_user_is_exported_only_with_trust(here, place, monkeypatch):
    ref = pipeline(place, SCALED).ref
    os.chown(place / "_binaries", 65534, -1)
    for form in ("folder", "zip", "skops"):
        assert "is not loaded" in here("export", ref, "--format", form, check=14).err
        assert files(place / "exports") == []
    here("export", ref, "--predictions-only", check=0)
    for form in ("folder", "zip", "skops"):
        here("export", ref, "--format", form, "--trust", check=0)


def test_a_run_that_came_by_import_is_copied_only_with_trust(here, place, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "settings"))
    own, other = pipeline(place, LDA), pipeline(place, SCALED)
    run = other.record.run_id
    Workspace.open(place).runs.imported.add(run, kind="fullrun", manifest=ObjectId.of(b""), file="x.zip")
    assert f"{run} came by import" in here("export", own.ref, other.ref, check=14).err
    assert files(place / "exports") == []
    assert f"{run} came by import" in here("catalog", "archive", own.ref, other.ref, check=14).err
    assert not list((place / "catalog" / "archives").glob("pipeline/*"))
    here("catalog", "archive", other.ref, "--kind", "best_predictions", check=0)
    here("config", "trust", "add", place / "runs" / run, check=0)
    here("export", own.ref, other.ref, check=0)
    here("catalog", "archive", own.ref, other.ref, check=0)


def test_a_package_that_nobody_trusts_any_more_is_not_loaded_for_skops(here, place):
    (place / "nws.toml").write_text('format = 1\n[trust]\npackages = ["lightgbm"]\n')
    (place / "light.json").write_text(
        json.dumps([{"model": {"class": "lightgbm.LGBMRegressor", "params": {"n_estimators": 3, "verbose": -1}}}])
    )
    here("run", "--dataset", "gas", "--pipelines", "light.json", "--run-name", "light", "--jobs", "1", check=0)
    ref = pipeline(place, "gas_light/1").ref
    told = here("export", ref, "--format", "skops", check=0)
    assert "lightgbm.sklearn.LGBMRegressor" in told.err
    done = alone(place / told.out.split()[-1], place / "test.csv")
    check_same(done.stdout, pipeline(place, "gas_light/1"))
    (place / "nws.toml").write_text("format = 1\n")
    assert "'lightgbm', which is not trusted" in here("export", ref, "--format", "skops", "--output", "o", check=14).err
    assert not (place / "o").exists()


def test_a_damaged_artifact_leaves_nothing(here, place):
    record = pipeline(place, SCALED)
    oid = record.record.artifacts[0]["object"]
    for path in (place / "_binaries").rglob("*"):
        if path.is_file():
            path.unlink() if path.name.startswith(oid) else None
    shutil.rmtree(place / "_binaries" / "packs", ignore_errors=True)
    for form in ("folder", "zip", "skops"):
        here("export", record.ref, "--format", form, check=13)
    assert files(place / "exports") == []


@pytest.fixture
def read(monkeypatch):
    """Read a file as the `predict.py` of an export does, and return names and spectra, or what it says and ends with."""

    def call(folder, *words):
        module = types.ModuleType("spectra")
        module.__file__ = str(folder / "spectra.py")
        monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, words)])
        monkeypatch.setitem(sys.modules, "spectra", module)
        exec(compile((folder / "spectra.py").read_text(encoding="utf-8"), module.__file__, "exec"), module.__dict__)
        try:
            return module.read()
        except SystemExit as end:
            return end.code

    return call


def test_what_predict_py_makes_of_other_files(here, place, read):
    path, *_ = exported(here, place, SCALED)
    head, *rows = read_csv(place / "test.csv")
    names, spectra = read(path, place / "test.csv")
    assert names == [row[0] for row in rows]
    assert spectra.tolist() == [list(map(float, row[3:])) for row in rows]

    def told(rows):
        return read(path, write_csv(place / "t.csv", rows))

    assert told([[*row[:3], *row[:2:-1]] for row in (head, *rows)])[1].tolist() == spectra.tolist()
    counted, same = told([row[2:] for row in (head, *rows)])
    assert counted == [str(place) for place in range(1, 11)]
    assert same.tolist() == spectra.tolist()
    assert told([row[3:] for row in (head, *rows)])[0] == counted
    for mark in ";\t":
        text = "\n".join(mark.join(cell.replace(".", ",") for cell in row) for row in (head, *rows))
        (place / "t.csv").write_text(text, encoding="utf-8-sig")
        assert read(path, place / "t.csv")[1].tolist() == spectra.tolist()
    for wrong, why in [
        ([row[:-1] for row in (head, *rows)], "1 of the 401 wavelengths of the model are not there, or twice: 1700 nm"),
        ([[*row, row[-1]] for row in (head, *rows)], "1 of the 401 wavelengths of the model are not there, or twice"),
        ([head, [*rows[0][:-1], "n/a"]], "sample 1 has a cell without a number"),
        ([head, rows[0], rows[1][:-1]], "sample 2 has a cell without a number"),
        ([head], "has no samples"),
        (rows, "401 of the 401 wavelengths"),
        ([], "401 of the 401 wavelengths"),
    ]:
        assert why in told(wrong)
    assert "usage: python" in read(path)
    assert "No such file" in read(path, "absent.csv")
    (place / "t.csv").write_bytes(b"\xff\xfe\x00")
    assert "utf-8" in read(path, place / "t.csv")


def test_spectra_without_wavelengths_go_by_their_places(here, place, read):
    path, *_ = exported(here, place, LDA)
    head, *rows = read_csv(place / "oils.csv")
    names, spectra = read(path, place / "oils.csv")
    assert names == [row[0] for row in rows]
    assert spectra.tolist() == [list(map(float, row[2:])) for row in rows]
    counted, same = read(path, write_csv(place / "t.csv", [row[2:] for row in rows]))
    assert counted == [str(place) for place in range(1, len(rows) + 1)]
    assert same.tolist() == spectra.tolist()
    more = write_csv(place / "t.csv", [[*row, "1"] for row in (head, *rows)])
    assert f"has {len(head)} columns; the model takes {len(head) - 2}" in read(path, more)


def test_what_is_not_installed_is_said_in_one_line(here, place):
    path, *_ = exported(here, place, SCALED)
    for name in ("joblib", "numpy", "sklearn"):
        done = alone(path, place / "test.csv", hidden=f"nws,{name}")
        assert done.returncode == 1
        assert f"No module named '{name}'\nREADME.txt has" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_sums_are_those_of_one_thread(here, place):
    path, *_ = exported(here, place, SCALED)
    asked = (
        "import sys, threadpoolctl; sys.path.insert(0, sys.argv[1]); import spectra; "
        "spectra.load('artifacts/2_PLSRegression.joblib'); "
        "print({one['num_threads'] for one in threadpoolctl.threadpool_info()})"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked, path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
    )
    assert told.stdout == "{1}\n"
