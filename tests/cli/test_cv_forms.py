"""Forms of `--cv` all the way to the files of a pipeline: repeated rounds, samples that are spread, groups."""

import csv
import json
import math

import pytest
from workspaces import PLS, ridge_grid, small_csv

from nws import Workspace


@pytest.fixture
def place(here, tmp_path):
    here("init", check=0)
    small_csv(tmp_path / "wheat.csv")
    return tmp_path


def held_out(place):
    (run,) = Workspace.open(place).runs.list()
    (pipeline,) = run.pipelines()
    with (pipeline.view / "predictions.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["partition"] == "val"]
    return rows, json.loads((pipeline.view / "metrics.json").read_text()), pipeline.record


def rmse(rows):
    return math.sqrt(sum((float(row["y_pred"]) - float(row["y_true"])) ** 2 for row in rows) / len(rows))


def test_repeated_rounds_are_pooled_and_told_fold_by_fold(here, place):
    ridge_grid(place / "one.json", 1)
    here("run", "--dataset", "wheat.csv", "--pipelines", "one.json", "--cv", "kfold:4x3", "--jobs", "1", check=0)
    rows, metrics, record = held_out(place)
    assert len(rows) == 3 * 24
    assert {row["fold"] for row in rows} == {str(fold) for fold in range(12)}
    assert all(sum(row["sample_id"] == name for row in rows) == 3 for name in {row["sample_id"] for row in rows})
    assert metrics["val"]["rmse"] == pytest.approx(rmse(rows), rel=1e-12)
    figures = metrics["cross_validation"]
    assert figures["folds"] == 12
    for fold in figures["fold_results"]:
        assert fold["rmse"] == pytest.approx(rmse([row for row in rows if row["fold"] == str(fold["fold"])]), rel=1e-12)
    assert (record.evaluation["cv"], record.evaluation["n_val"]) == ("kfold:4x3", 24)


def test_scans_of_a_sample_stay_together_in_a_run(here, place):
    lines = (place / "wheat.csv").read_text().splitlines()
    scans = ["scan", *(f"s{row % 8}" for row in range(24))]
    (place / "scans.csv").write_text("".join(f"{name},{line}\n" for name, line in zip(scans, lines, strict=True)))
    here("dataset", "add", "scans", "scans.csv", "--target", "protein", "--group", "scan", check=0)
    (place / "one.json").write_text(json.dumps(["nws.operators.Gradient", {"model": PLS}]))
    here("run", "--dataset", "scans", "--pipelines", "one.json", "--cv", "spxy:4", "--jobs", "1", check=0)
    rows, _, record = held_out(place)
    folds = {}
    for row in rows:
        folds.setdefault((int(row["sample_id"]) - 1) % 8, set()).add(row["fold"])
    assert [len(found) for found in folds.values()] == [1] * 8
    assert record.evaluation["cv"] == "spxy:4"


def test_a_splitter_that_tears_scans_apart_makes_its_pipeline_fail(here, place):
    lines = (place / "wheat.csv").read_text().splitlines()
    scans = ["scan", *(f"s{row // 3}" for row in range(24))]
    (place / "scans.csv").write_text("".join(f"{name},{line}\n" for name, line in zip(scans, lines, strict=True)))
    here("dataset", "add", "scans", "scans.csv", "--target", "protein", "--group", "scan", check=0)
    split = {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 5}}
    (place / "one.json").write_text(json.dumps([split, {"model": PLS}]))
    told = here("run", "--dataset", "scans", "--pipelines", "one.json", "--jobs", "1", check=3)
    assert "KFold: fold 0 has samples with the same 'scan' on both sides" in told.err
    (run,) = Workspace.open(place).runs.list()
    (pipeline,) = run.pipelines()
    assert "GroupKFold" in pipeline.record.error["hint"]


def test_a_column_to_group_by_that_is_not_there_is_refused_before_anything_runs(here, place):
    split = {"split": "sklearn.model_selection.GroupKFold", "group": "field"}
    (place / "one.json").write_text(json.dumps([split, {"model": PLS}]))
    before = len(list(Workspace.open(place).runs.list()))
    told = here("run", "--dataset", "wheat.csv", "--pipelines", "one.json", "--jobs", "1", check=6)
    assert "one.json: dataset wheat has no metadata column 'field' to group by" in told.err
    assert len(list(Workspace.open(place).runs.list())) == before
