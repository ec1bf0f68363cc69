"""A run says how far each sample lies from those fitted on: from those of the final fit, or of its fold."""

import csv
import io
import json

import numpy as np
import pytest
from predicting import CLASSES, NEIGHBOURS, gasoline, read_csv, rows_of_test, run_of, stored, write_csv

from nws import Workspace
from nws.dataset import ReadOptions
from nws.pipeline.rows import stored_blocks


def test_outliers_of_a_run_are_held_against_its_own_samples(tmp_path):
    workspace, _ = Workspace.init(tmp_path)
    workspace.datasets.add("gas", [gasoline(tmp_path)], ReadOptions(test_rows="51-60", target=("octane",)))
    configs = [
        [
            {"class": "sklearn.decomposition.PCA", "params": {"n_components": 3}},
            "sklearn.linear_model.LinearRegression",
        ],
        [{"model": {"class": "sklearn.cross_decomposition.PLSRegression"}, "_range_": [1, 3], "param": "n_components"}],
        ["sklearn.linear_model.Ridge"],
    ]
    files = [tmp_path / f"grid{place}.json" for place in range(3)]
    for file, config in zip(files, configs, strict=True):
        file.write_text(json.dumps(config), encoding="utf-8")
    (plain,) = workspace.run("gas", files, run_name="a")
    (asked,) = workspace.run("gas", files, run_name="b", outliers=True)
    assert asked.summary.skipped_pipelines == 0
    for before, after in zip(plain.run.pipelines(), asked.run.pipelines(), strict=True):
        assert [item["object"] for item in before.record.artifacts] == [
            item["object"] for item in after.record.artifacts
        ]
        assert before.file("metrics.json") == after.file("metrics.json")
        check_outliers(workspace, before, after)


def check_outliers(workspace, before, after):
    """Hold the columns of a run with outliers against the one without, and against what `predict` says."""
    lines = list(csv.DictReader(io.StringIO(after.file("predictions.csv").decode())))
    without = list(csv.DictReader(io.StringIO(before.file("predictions.csv").decode())))
    if after.record.steps[-1]["class"].endswith("Ridge"):
        assert after.file("predictions.csv") == before.file("predictions.csv")
        assert "outliers" not in after.record.evaluation
        return
    assert [{key: line[key] for key in without[0]} for line in lines] == without
    head = after.file("predictions.csv").splitlines()[0].decode()
    assert head == "sample_id,partition,fold,target,y_true,y_pred,hotelling_t2,q_residuals,outlier,farm"
    assert {line["outlier"] for line in lines} == {"true", "false"}
    assert "outliers" not in before.record.evaluation
    told = after.record.evaluation["outliers"]
    assert told["samples"] == 50
    # The limits that the record keeps are those that are found again from the data.
    one, other = (workspace.predict(item.ref, workspace.root / "test.csv") for item in (before, after))
    assert one.limits.hotelling_t2 == other.limits.hotelling_t2 == told["hotelling_t2_limit"]
    assert other.limits.q_residuals == told["q_residuals_limit"]
    assert one.limits.q_residuals == pytest.approx(told["q_residuals_limit"], rel=1e-9)
    tests = [line for line in lines if line["partition"] == "test"]
    found = one.answers.distances
    np.testing.assert_allclose([float(line["q_residuals"]) for line in tests], found.q_residuals, rtol=1e-9)
    np.testing.assert_allclose([float(line["hotelling_t2"]) for line in tests], found.hotelling_t2, rtol=1e-6)
    assert [line["outlier"] == "true" for line in tests] == found.outlier.tolist()
    # Held-out samples lie further away than those that were fitted on.
    mean = {
        part: np.mean([float(line["q_residuals"]) for line in lines if line["partition"] == part])
        for part in ("train", "val")
    }
    assert mean["val"] > mean["train"]


def test_outliers_of_a_fold_are_those_of_its_own_fit(tmp_path):
    from sklearn.decomposition import PCA

    from nws.engine.latent import LatentSpace

    workspace, _ = Workspace.init(tmp_path)
    rows = read_csv(gasoline(tmp_path))
    rows[0][1] = "outlier"
    path = write_csv(tmp_path / "gasoline.csv", rows)
    workspace.datasets.add("gas", [path], ReadOptions(target=("octane",)))
    steps = [
        {"class": "sklearn.decomposition.PCA", "params": {"n_components": 3}},
        {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 3}},
        "sklearn.linear_model.LinearRegression",
    ]
    (tmp_path / "grid.json").write_text(json.dumps(steps), encoding="utf-8")
    (result,) = workspace.run("gas", tmp_path / "grid.json", outliers=True)
    pipeline = result.run.pipeline(1)
    lines = list(csv.DictReader(io.StringIO(pipeline.file("predictions.csv").decode())))
    assert [line["meta_outlier"] for line in lines[:2]] == ["nord", "süd"]
    columns = {block.partition: block.columns for block in stored_blocks(pipeline)}
    assert columns["val"]["outlier"] == [line["outlier"] == "true" for line in lines if line["partition"] == "val"]
    assert columns["train"]["q_residuals"][0] == float(lines[0]["q_residuals"])
    spectra = workspace.datasets.load("gas").spectra
    for fold in range(3):
        rows = np.arange(20 * fold, 20 * fold + 20)
        fit = np.delete(spectra, rows, axis=0)
        found = LatentSpace.calibrated(PCA(3).fit(fit), [fit]).distances(spectra[rows])
        held = [line for line in lines if line["fold"] == str(fold)]
        np.testing.assert_allclose([float(line["q_residuals"]) for line in held], found.q_residuals, rtol=1e-6)
        assert [line["outlier"] == "true" for line in held] == found.outlier.tolist()


def test_classes_have_outliers_too(tmp_path):
    target = stored(tmp_path, grids=(NEIGHBOURS,))
    (tmp_path / "classes2.json").write_text(json.dumps(CLASSES), encoding="utf-8")
    (result,) = target.run("oil", tmp_path / "classes2.json", run_name="c", outliers=True)
    head = result.run.pipeline(1).file("predictions.csv").splitlines()[0].decode()
    assert head.endswith("proba_6,hotelling_t2,q_residuals,outlier")
    expected = rows_of_test(run_of(target, "oil").pipeline(1)).splitlines()
    rows = rows_of_test(result.run.pipeline(1)).splitlines()
    assert all(row.startswith(before + b",") for row, before in zip(rows, expected, strict=True))
    assert target.reindex() == 0
