"""`nws predict`: what it prints and where, what it refuses and with which exit code."""

import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys

import pytest
from predicting import NEIGHBOURS, REDUCED, read_csv, rows_of_test, run_of, stored, write_csv

from nws.cli.app import run

FAILS = [{"model": {"class": "sklearn.neighbors.KNeighborsRegressor", "params": {"n_neighbors": 999}}}]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("été 2"), grids=(REDUCED, NEIGHBOURS, FAILS))


@pytest.fixture
def predict(workspace, monkeypatch, capsys):
    """Call `nws predict` in the folder of the workspace."""
    monkeypatch.chdir(workspace.root)

    def call(*words, check=0):
        code = run(["predict", *map(str, words)])
        told = capsys.readouterr()
        assert code == check, told.err
        return told

    return call


@pytest.fixture
def ref(workspace):
    return run_of(workspace, "gas").pipeline(1).ref


def spoilt(workspace, name, change):
    """Write the test samples again with some cell changed."""
    rows = read_csv(workspace.root / "test.csv")
    change(rows)
    return write_csv(workspace.root / name, rows)


def test_data_goes_to_stdout_and_words_to_stderr(predict, workspace, ref):
    told = predict(ref, "--input", "test.csv")
    assert told.out.encode() == rows_of_test(workspace.resolve(ref))
    assert "10 samples predicted: octane, with runs/" in told.err
    assert "against 10 reference values: RMSEP 0." in told.err
    assert "401 features, 900 to 1700 nm" in told.err
    assert "10 samples are unlike the calibration samples (T² or Q beyond the 99% limit): g5" in told.err
    quiet = predict(ref, "--input", "test.csv", "--quiet")
    assert quiet.out == told.out
    assert quiet.err.startswith("nws: ")
    assert "RMSEP" not in quiet.err


def test_best_names_the_model_too(predict, workspace):
    told = predict("best:oil", "--input", "oils.csv")
    assert told.out.encode() == rows_of_test(workspace.resolve("best:oil"))
    assert "against 42 reference values: accuracy " in told.err


def test_a_file_is_written_whole_and_again(predict, workspace, ref):
    path = workspace.root / "new folder" / "out.csv"
    for _ in range(2):
        told = predict(ref, "--input", "test.csv", "--output", path, "--outliers")
        assert not told.out
        assert f"10 samples written to {path}" in told.err
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert list(lines[0])[-4:] == ["hotelling_t2", "q_residuals", "outlier", "farm"]
    assert [item.name for item in path.parent.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("output", ["out.xlsx", "out", "test.csv", "./test.csv"])
def test_a_file_of_another_kind_or_the_input_is_not_written(predict, ref, workspace, output):
    before = (workspace.root / "test.csv").read_bytes()
    predict(ref, "--input", "test.csv", "--output", output, check=2)
    assert (workspace.root / "test.csv").read_bytes() == before


def test_what_cannot_be_written_is_told(predict, ref, workspace):
    assert "test.csv" in predict(ref, "--input", "test.csv", "--output", "test.csv/out.csv", check=74).err
    (workspace.root / "folder.csv").mkdir(exist_ok=True)
    predict(ref, "--input", "test.csv", "--output", "folder.csv", check=74)


def test_json_has_a_line_a_sample_and_one_for_all(predict, workspace, ref):
    told = predict(ref, "--input", "test.csv", "--json", "--outliers")
    *samples, last = [json.loads(line) for line in told.out.splitlines()]
    plain = list(csv.DictReader(io.StringIO(predict(ref, "--input", "test.csv", "--outliers", "--quiet").out)))
    assert [list(line)[1:] for line in samples] == [list(line) for line in plain]
    assert {line["type"] for line in samples} == {"sample"}
    assert [repr(line["y_pred"]) for line in samples] == [line["y_pred"] for line in plain]
    assert samples[0]["fold"] is None
    assert isinstance(samples[0]["outlier"], bool)
    pipeline = workspace.resolve(ref)
    assert (last["type"], last["record"], last["samples"]) == ("predicted", pipeline.record_id, 10)
    assert last["metrics"]["rmse"] == pipeline.metrics().test["rmse"]
    assert last["wavelengths"] == "same"
    assert last["unlike_calibration"]
    assert last["output"] is None
    classes = [json.loads(line) for line in predict("best:oil", "--input", "oils.csv", "--json").out.splitlines()]
    assert classes[0]["proba_1"] + sum(classes[0][f"proba_{label}"] for label in "23456") == pytest.approx(1)
    assert classes[-1]["task_type"] == "classification"
    written = predict(ref, "--input", "test.csv", "--json", "--output", workspace.root / "out.csv")
    assert json.loads(written.out)["output"].endswith("out.csv")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--input", "nothing.csv"], 6, "no such file"),
        (["--input", "short.csv"], 6, "has other wavelengths than the model"),
        (["--input", "missing.csv"], 6, "line 3, column '904 nm'"),
        (["--input", "empty.csv"], 6, "empty.csv"),
        (["--input", "bare.csv"], 6, "no sample"),
        (["--input", "text.csv"], 6, "text.csv"),
        (["--input", "test.csv", "--target", "protein"], 6, "no column named 'protein'"),
        (["--input", "test.csv", "--target", "octane", "--target", "farm"], 2, "predicts one: octane"),
        (["--inputs", "test.csv"], 2, "--input"),
        ([], 2, "input"),
    ],
)
def test_input_that_does_not_do(predict, workspace, ref, words, code, said):
    spoilt(workspace, "short.csv", lambda rows: [row.__delitem__(slice(50, None)) for row in rows])
    spoilt(workspace, "missing.csv", lambda rows: rows[2].__setitem__(5, ""))
    spoilt(workspace, "bare.csv", lambda rows: rows.__delitem__(slice(1, None)))
    spoilt(workspace, "text.csv", lambda rows: rows[2].__setitem__(5, "abc"))
    (workspace.root / "empty.csv").touch()
    told = predict(ref, *words, check=code)
    assert said in told.err
    assert not told.out


def test_pipelines_that_do_not_do(predict, workspace):
    failed = run_of(workspace, "gas").pipeline(3)
    assert "it failed" in predict(failed.ref, "--input", "nothing.csv", check=5).err
    assert "nonsense" in predict("nonsense", "--input", "test.csv", check=4).err
    assert "barley" in predict("best:barley", "--input", "test.csv", check=4).err
    predict("nowhere.zip", "--input", "test.csv", check=4)
    assert "is no copy" in predict("test.csv", "--input", "test.csv", check=6).err
    table = next((workspace.root / "catalog" / "archives" / "best_predictions").glob("*.csv"))
    predict(table, "--input", "test.csv", check=6)


def test_copies_need_no_workspace(workspace, ref, tmp_path, monkeypatch, capsys):
    pipeline = workspace.resolve(ref)
    shutil.copy(workspace.root / "test.csv", tmp_path)
    shutil.copytree(workspace.exports.add(pipeline), tmp_path / "shared")
    shutil.copy(workspace.archives.add(pipeline), tmp_path / "model.zip")
    monkeypatch.chdir(tmp_path)
    # The view is of a workspace that is not around us.
    for name in ("shared", "model.zip", pipeline.view):
        assert run(["predict", str(name), "--input", "test.csv"]) == 0
        assert capsys.readouterr().out.encode() == rows_of_test(pipeline)
    assert run(["predict", ref, "--input", "test.csv"]) == 10
    capsys.readouterr()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.zip", "shared", "test.csv"]


def test_damage_and_trust(workspace, ref, tmp_path, predict, monkeypatch):
    folder = shutil.copytree(workspace.exports.add(workspace.resolve(ref), name="trusted"), tmp_path / "shared")
    for path in (folder, ref):
        with monkeypatch.context() as patch:
            patch.setattr(os, "geteuid", lambda: 4242)
            told = predict(path, "--input", "test.csv", check=14)
            assert "belongs to" in told.err
            assert "--trust" in told.err
            predict(path, "--input", "test.csv", "--trust")
    artifact = next((folder / "artifacts").glob("*Linear*"))
    artifact.write_bytes(artifact.read_bytes()[:-1] + b"x")
    told = predict(folder, "--input", "test.csv", "--trust", check=13)
    assert "do not match" in told.err
    assert not told.out


def test_what_a_person_trusts_is_loaded_as_it_was(workspace, ref, tmp_path, predict, monkeypatch, capsys):
    archive = shutil.copy(workspace.archives.add(workspace.resolve(ref)), tmp_path / "modèle d'un ami.zip")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    for path, asked in ((archive, archive), (workspace.root, ref)):
        assert "nws config trust add" in predict(asked, "--input", "test.csv", check=14).err
        assert run(["config", "trust", "add", str(path)]) == 0
        predict(asked, "--input", "test.csv")
    capsys.readouterr()
    assert run(["--json", "config", "trust", "list"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {item["path"]: item["state"] for item in listed} == {str(archive): "ok", str(workspace.root): "ok"}
    shutil.copy(workspace.archives.add(workspace.resolve(ref), "filtered"), archive)
    predict(archive, "--input", "test.csv", check=14)
    assert run(["config", "trust", "remove", str(workspace.root)]) == 0
    predict(ref, "--input", "test.csv", check=14)


def test_options_of_reading_are_those_of_datasets(predict, workspace, ref):
    rows = read_csv(workspace.root / "test.csv")
    text = "\n".join(";".join(cell.replace(".", ",") for cell in row[2:]) for row in rows)
    (workspace.root / "semicolons.csv").write_text(text, encoding="utf-8")
    expected = [line.split(",")[5] for line in predict(ref, "--input", "test.csv").out.splitlines()]
    told = predict(ref, "--input", "semicolons.csv", "--delimiter", "semicolon", "--decimal", "comma")
    assert [line.split(",")[5] for line in told.out.splitlines()] == expected
    headless = workspace.root / "headless.csv"
    headless.write_text("\n".join(text.splitlines()[1:]), encoding="utf-8")
    told = predict(ref, "--input", "headless.csv", check=6)
    assert "--target" in told.err
    told = predict(ref, "--input", "headless.csv", "--target", "1", "--header", "no")
    assert [line.split(",")[5] for line in told.out.splitlines()][1:] == expected[1:]
    assert "only their number was compared" in told.err


def test_a_header_in_disorder_is_no_sample(predict, workspace, ref):
    head, *rows = [row[3:] for row in read_csv(workspace.root / "test.csv")]
    order = random.Random(1).sample(range(len(head)), len(head))
    named = [name.removesuffix(" nm") for name in head]
    write_csv(workspace.root / "disorder.csv", [[row[place] for place in order] for row in (named, *rows)])
    expected = [line.split(",")[5] for line in predict(ref, "--input", "test.csv").out.splitlines()]
    told = predict(ref, "--input", "disorder.csv", check=6)
    assert "--header yes" in told.err
    told = predict(ref, "--input", "disorder.csv", "--header", "yes")
    assert [line.split(",")[5] for line in told.out.splitlines()] == expected


def test_a_folder_that_is_no_copy_says_why(predict, workspace, ref, tmp_path):
    folder = shutil.copytree(workspace.exports.add(workspace.resolve(ref), name="bare"), tmp_path / "bare")
    (folder / "manifest.json").unlink()
    (folder / "pipeline.json").unlink()
    assert "has no manifest.json" in predict(folder, "--input", "test.csv", check=6).err


def test_a_reader_that_goes_away_ends_it_quietly(workspace, ref):
    head, *rows = read_csv(workspace.root / "test.csv")
    # More than any pipe holds.
    many = [[f"{place}-{row[0]}", "far " * 1000, *row[2:]] for place in range(200) for row in rows]
    write_csv(workspace.root / "many.csv", [head, *many])
    with subprocess.Popen(
        [sys.executable, "-m", "nws", "predict", ref, "--input", "many.csv", "--quiet"],
        cwd=workspace.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline().startswith(b"sample_id,")
        process.stdout.close()
        told = process.stderr.read().decode()
        assert process.wait() == 141
    assert "Traceback" not in told
