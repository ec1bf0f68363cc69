"""`nws run` and what people do with its results, on small data."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile

import joblib
import pytest
from workspaces import MAYONNAISE, PLS, check_whole, ridge_grid, small_csv

from nws import Workspace
from nws.ids import ObjectId


@pytest.fixture
def place(nws, tmp_path):
    nws("init", check=0)
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 3)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace with one finished run, made once; `held` copies it."""
    root = tmp_path_factory.mktemp("finished")
    small_csv(root / "wheat.csv")
    ridge_grid(root / "grid.json", 3)
    workspace, _ = Workspace.init(root)
    workspace.run(root / "wheat.csv", root / "grid.json")
    return root


@pytest.fixture
def held(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(nws, *words, jobs=1, check=0):
    return nws("run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", jobs, *words, check=check)


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def only_run(place):
    (found,) = Workspace.open(place).runs.list()
    return found


def test_a_run_is_whole_on_disk(nws, place):
    done = run(nws, "--description", "first try", "--run-name", "a")
    folder = only_run(place).folder
    assert folder.name.endswith("_wheat_a")
    names = sorted(path.name[:4] for path in folder.iterdir() if path.is_dir())
    assert names == ["0001", "0002", "0003", "_ref"]
    config = json.loads((folder / "run_config.json").read_text())
    assert (config["schema"], config["description"], config["random_seed"]) == ("run_config/1", "first try", 0)
    assert [item["status"] for item in config["pipelines"]] == ["completed"] * 3
    assert config["command"][:2] == ["nws", "run"]
    summary = json.loads((folder / "run_summary.json").read_text())
    assert (summary["status"], summary["total_pipelines"], summary["failed_pipelines"]) == ("completed", 3, 0)
    assert summary["best_pipeline"]["metric_name"] == "val_rmse"
    assert summary["statistics"]["artifact_count"] == 6
    assert summary["statistics"]["artifact_objects"] == 4
    assert (folder / "run.log").read_text().count("completed val_rmse=") == 3
    assert "RMSECV" in done.stdout
    assert "next: nws show" in done.stderr
    assert len(check_whole(place)) == 3


def test_record_metrics_and_predictions_say_the_same(nws, held):
    pipeline = only_run(held).pipeline(1)
    assert ObjectId.of((pipeline.view / "pipeline.json").read_bytes()) == pipeline.record_id
    metrics = json.loads((pipeline.view / "metrics.json").read_text())
    rows = list(csv.DictReader((pipeline.view / "predictions.csv").read_text().splitlines()))
    assert {row["partition"] for row in rows} == {"train", "val"}
    val = [row for row in rows if row["partition"] == "val"]
    assert len(val) == metrics["val"]["samples"] == 24
    squares = [(float(row["y_pred"]) - float(row["y_true"])) ** 2 for row in val]
    assert metrics["val"]["rmse"] == pytest.approx((sum(squares) / 24) ** 0.5, rel=1e-12)
    assert {row["fold"] for row in val} == set("01234")
    assert pipeline.record.environment["packages"]["scikit-learn"]


def test_the_same_name_again_is_another_run(nws, place):
    run(nws)
    run(nws, "--force")
    names = Workspace.open(place).runs.names()
    assert len(names) == 2
    assert names[1] == f"{names[0]}_2"


def test_append_adds_to_the_run_and_leaves_out_what_it_has(nws, place):
    run(nws, "--append", "--run-name", "x")
    ridge_grid(place / "grid.json", 5)
    done = run(nws, "--append", "--run-name", "x", "--json")
    assert only_run(place).numbers() == [1, 2, 3, 4, 5]
    assert (lines(done)[0]["skipped_pipelines"], lines(done)[0]["total_pipelines"]) == (3, 5)
    run(nws, "--append", "--run-name", "x", "--force")
    assert only_run(place).numbers() == list(range(1, 11))


def test_a_failing_pipeline_is_kept_and_reported_and_stops_no_other(nws, place):
    grid = [{"model": {"class": PLS, "params": {"n_components": {"_or_": [2, 500]}}}}]
    (place / "grid.json").write_text(json.dumps(grid))
    done = run(nws, check=3)
    assert "failed" in done.stderr
    bad = only_run(place).pipeline(2)
    assert bad.record.status == "failed"
    assert "n_components" in (bad.view / "error.log").read_text()
    assert bad.record.error["message"] in done.stderr
    status = [row["status"] for row in lines(nws("catalog", "list", "--json", check=0))]
    assert sorted(status) == ["completed", "failed"]
    best = lines(nws("catalog", "best", "wheat", "--json", check=0))
    assert [row["pipeline_number"] for row in best] == [1]


def test_several_datasets_make_a_run_each(nws, place):
    small_csv(place / "barley.csv", seed=3)
    done = nws(
        "run", "--dataset", "wheat.csv", "barley.csv", "--pipelines", "grid.json", "--jobs", "1", "--json", check=0
    )
    assert [line["dataset_name"] for line in lines(done)] == ["wheat", "barley"]
    assert len(Workspace.open(place).runs.names()) == 2


def test_names_for_runs_and_pipelines(nws, place):
    run(nws, "--run-name", "été", "--pipeline-names", "ridge")
    found = only_run(place)
    assert found.name.endswith("_wheat_été")
    assert found.pipeline(1).record.id.startswith("0001_ridge_")
    done = run(nws, "--pipeline-names", "a", "b", check=2)
    assert "2 pipeline names for 1 files with 3 pipelines" in done.stderr


@pytest.mark.parametrize("words", [["--run-name", "../x"], ["--run-name", ""], ["--run-name", "x" * 300], ["--pipeline-names", "a/b"],
                                   ["--jobs", "0"], ["--seed", "-1"], ["--cv", "kfold:x"], ["--cv", "kfold:1"], ["--metric", "test_rmse"],
                                   ["--metric", "accuracy"]])  # fmt: skip
def test_bad_arguments_leave_nothing_behind(nws, place, words):
    done = run(nws, *words, check=2)
    assert done.stderr.startswith("nws: ")
    assert Workspace.open(place).runs.names() == []


def test_a_dry_run_lists_the_plan_and_runs_nothing(nws, place):
    done = run(nws, "--dry-run", "--json")
    planned = lines(done)
    assert [row["position"] for row in planned] == [1, 2, 3]
    assert Workspace.open(place).runs.names() == []
    run(nws)
    assert [pipeline.record.hash for pipeline in only_run(place).pipelines()] == [row["hash"] for row in planned]


def test_the_same_scaler_is_one_object(nws, place):
    ridge_grid(place / "grid.json", 40)
    run(nws, jobs=2)
    records = [pipeline.record for pipeline in only_run(place).pipelines()]
    scalers = {
        artifact["object"] for record in records for artifact in record.artifacts if "Scaler" in artifact["name"]
    }
    assert len(records) == 40
    assert len(scalers) == 1


def test_show_log_runs_and_checkout(nws, held):
    name = only_run(held).name
    shown = lines(nws("show", f"{name}/2", "--json", check=0))[0]
    assert (shown["number"], shown["status"]) == (2, "completed")
    assert shown["metrics"]["val"]["rmse"] > 0
    text = nws("show", f"{name}/best", check=0).stdout
    assert "StandardScaler" in text
    assert "RMSE" in text
    assert [row["number"] for row in lines(nws("log", "--json", check=0))] == [3, 2, 1]
    assert lines(nws("runs", "list", "--json", check=0))[0]["run_id"] == name
    assert "StandardScaler" in nws("runs", "show", name, check=0).stdout
    view = only_run(held).pipeline(2).view
    before = {path.name: path.read_bytes() for path in view.iterdir()}
    shutil.rmtree(view)
    nws("checkout", f"{name}/0002", "--artifacts", check=0)
    assert {path.name: path.read_bytes() for path in view.iterdir() if path.is_file()} == before
    assert len(list((view / "artifacts").iterdir())) == 2


def test_every_form_of_a_ref(nws, held):
    found = only_run(held)
    best = Workspace.open(held).resolve("best:wheat")
    record = best.record_id
    number = f"{best.record.number:04d}"
    identity = lines(nws("catalog", "best", "--json", check=0))[0]["prediction_id"]
    refs = [
        f"{found.name}/{number}",
        f"{found.name}/best",
        f"runs/{found.name}/{best.record.id}",
        "best:wheat",
        record,
        record[:12],
        identity,
        str(best.view),
    ]
    told = nws("rev-parse", *refs, check=0)
    assert told.stdout.split() == [record] * len(refs)
    assert nws("rev-parse", f"{found.name}/last", check=0).stdout.strip() == found.pipeline(3).record_id
    assert nws("rev-parse", ".", cwd=best.view, check=0).stdout.strip() == record
    told = nws("rev-parse", "--stdin", stdin="\n".join(refs) + "\n", check=0)
    assert told.stdout.split() == [record] * len(refs)
    for bad in (
        "nonsense",
        f"{found.name}/9",
        f"{found.name}/x",
        "best:rye",
        "f" * 12,
        "absent/1",
        f"{found.name}/{number}_wrong_aaaaaa",
    ):
        assert nws("rev-parse", bad, check=4).stderr.startswith("nws: ")


def test_export_has_plain_binaries_that_joblib_loads(nws, held):
    told = nws("export", "best:wheat", check=0)
    folder = held / "exports" / os.path.basename(told.stdout.strip())
    manifest = json.loads((folder / "manifest.json").read_text())
    for member, facts in manifest["members"].items():
        assert ObjectId.of((folder / member).read_bytes()) == facts["blake3"]
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        *manifest["members"],
        "manifest.json",
    }
    names = sorted(path.name for path in (folder / "artifacts").iterdir())
    scaler, model = (joblib.load(folder / "artifacts" / name) for name in names)
    assert type(scaler).__name__ == "StandardScaler"
    assert model.coef_.shape == (6,)
    nws("export", "best:wheat", check=5)
    nws("export", "best:wheat", "--custom-name", "mine", check=0)
    nws("export", "best:wheat", "--output", held / "elsewhere", check=0)
    csv_path = nws("export", "best:wheat", "--predictions-only", check=0).stdout.strip()
    assert csv_path.endswith(".csv")
    best = Workspace.open(held).resolve("best:wheat")
    assert (held / "exports" / "best_predictions" / os.path.basename(csv_path)).read_bytes() == best.file(
        "predictions.csv"
    )


def test_the_steps_of_each_fold_are_kept_where_that_is_asked(nws, place):
    (place / "grid.json").write_text('["chemotools.scatter.StandardNormalVariate", "sklearn.linear_model.Ridge"]')
    run(nws, "--keep-folds", "--cv", "kfold:2")
    folder = place / lines(nws("--json", "checkout", f"{only_run(place).name}/last", "--artifacts", check=0))[0]["path"]
    names = ["1_StandardNormalVariate", "2_Ridge"]
    every = [f"{name}{fold}.joblib" for name in names for fold in ("", "_fold0", "_fold1")]
    assert sorted(path.name for path in (folder / "artifacts").iterdir()) == sorted(every)
    assert joblib.load(folder / "artifacts" / "2_Ridge_fold1.joblib").coef_.shape == (6,)
    # A transformer without anything fitted is the same object in each fold; what predicting takes has it once.
    (archive,) = lines(nws("--json", "catalog", "archive", "best:wheat", "--kind", "filtered", check=0))
    with zipfile.ZipFile(place / archive["path"]) as held:
        assert [name for name in held.namelist() if name.startswith("artifacts/")] == [
            f"artifacts/{name}.joblib" for name in names
        ]


def test_delete_says_what_goes_and_asks(nws, place):
    run(nws)
    found = only_run(place)
    done = nws("runs", "delete", found.name, check=2)
    assert "--yes" in done.stderr
    assert "3 pipelines" in nws("runs", "delete", found.name, "--dry-run", check=0).stderr
    assert len(found.numbers()) == 3
    nws("runs", "delete", f"{found.name}/2", "--yes", check=0)
    assert [pipeline.record.number for pipeline in found.pipelines()] == [1, 3]
    nws("runs", "delete", found.name, "--yes", check=0)
    assert not found.folder.exists()
    assert len(lines(nws("catalog", "list", "--json", check=0))) == 3
    run(nws)
    assert Workspace.open(place).runs.names() == [f"{found.name}_2"]


def test_an_index_thrown_away_is_built_again_the_same(nws, held):
    before = lines(nws("catalog", "list", "--json", check=0))
    shutil.rmtree(held / "catalog")
    assert "3 pipelines added" in nws("reindex", check=0).stderr
    assert lines(nws("catalog", "list", "--json", check=0)) == before
    assert "0 pipelines added" in nws("reindex", check=0).stderr


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_leaves_a_usable_run_and_the_same_command_goes_on(nws, place, number):
    ridge_grid(place / "grid.json", 300)
    command = [sys.executable, "-m", "nws", "run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "2"]
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "running" not in process.stderr.readline():
        pass
    for _ in range(200):
        if len(only_run(place).numbers()) > 3:
            break
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "the same command goes on" in said
    found = only_run(place)
    assert found.summary().status == "interrupted"
    held = {pipeline.record.number: pipeline.record_id for pipeline in found.pipelines()}
    assert 3 < len(held) < 300
    check_whole(place)
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True)
    assert "going on with" in done.stderr
    assert found.numbers() == list(range(1, 301))
    after = {pipeline.record.number: pipeline.record_id for pipeline in found.pipelines()}
    assert held.items() <= after.items()
    assert found.summary().status == "completed"


def test_classification_on_mayonnaise(nws, place):
    nws("dataset", "add", "mayonnaise", MAYONNAISE, "--target", "oil.type", check=0)
    (place / "lda.json").write_text(json.dumps(["sklearn.preprocessing.StandardScaler", {"class": "sklearn.decomposition.PCA", "params": {"n_components": 12}},
                                                "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"]))  # fmt: skip
    nws("run", "--dataset", "mayonnaise", "--pipelines", "lda.json", "--jobs", "1", check=0)
    pipeline = only_run(place).pipeline(1)
    metrics = json.loads((pipeline.view / "metrics.json").read_text())
    for part, samples in (("val", 120), ("test", 42), ("train", 120)):
        figures = metrics[part]
        assert figures["samples"] == samples
        assert {"accuracy", "balanced_accuracy", "f1", "mcc", "kappa"} <= figures.keys()
        matrix = figures["confusion_matrix"]["matrix"]
        assert sum(map(sum, matrix)) == samples
        assert len(matrix) == 6
        assert figures["accuracy"] == pytest.approx(sum(matrix[at][at] for at in range(6)) / samples)
    best = lines(nws("catalog", "best", "mayonnaise", "--json", check=0))[0]
    assert best["val_balanced_accuracy"] == metrics["val"]["balanced_accuracy"]


def test_the_api_does_the_same(place):
    workspace = Workspace.open(place)
    (result,) = workspace.run(datasets=[place / "wheat.csv"], pipelines=place / "grid.json", seed=1)
    assert result.summary.total_pipelines == 3
    assert len(workspace.predictions.query_best(dataset="wheat")) == 3
    with pytest.raises(Exception, match="run has no option 'sed'"):
        workspace.run(datasets=[place / "wheat.csv"], pipelines=place / "grid.json", sed=1)
