"""Fitting one task: what the outcome says, and that nothing leaks in or out."""

import io
import json
import random
import warnings

import joblib
import numpy as np
import pytest
from fitting import LDA, PLS, RIDGE, SCALER, made_up, model
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nws.engine import artifacts
from nws.errors import NwsError
from nws.ids import ObjectId
from nws.pipeline import read_predictions
from nws.records import Metrics, decode

TEST_ROWS = ["train"] * 18 + ["test"] * 6
KFOLD = {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 3}}


@pytest.fixture
def bench(tmp_path):
    return made_up(tmp_path, partition=TEST_ROWS)


def _block(outcome, partition):
    return next(block for block in outcome.blocks if block.partition == partition)


def _values(bench):
    return np.array(bench.dataset.targets[0].values)


def test_predictions_are_those_of_a_scikit_learn_pipeline(bench):
    outcome = bench.one([SCALER, model(RIDGE, alpha=0.5)], cv="kfold:4", seed=3)
    X, y = bench.dataset.spectra, _values(bench)
    pipeline = make_pipeline(StandardScaler(), Ridge(alpha=0.5))
    folds = list(KFold(4, shuffle=True, random_state=3).split(X[:18]))
    held_out = cross_val_predict(pipeline, X[:18], y[:18], cv=folds)
    block = _block(outcome, "val")
    assert block.indices == np.concatenate([rows for _, rows in folds]).tolist()
    assert block.y_pred == held_out[block.indices].tolist()
    assert block.y_true == y[block.indices].tolist()
    assert block.fold == [number for number, (_, rows) in enumerate(folds) for _ in rows]
    pipeline.fit(X[:18], y[:18])
    assert _block(outcome, "train").y_pred == pipeline.predict(X[:18]).tolist()
    assert _block(outcome, "test").y_pred == pipeline.predict(X[18:]).tolist()
    assert _block(outcome, "test").indices == list(range(18, 24))


def test_what_the_outcome_says(bench):
    config = [SCALER, KFOLD, {"y_processing": SCALER}, {**model(PLS, n_components=2), "name": "pls two"}]
    outcome = bench.one(config)
    assert outcome.status == "completed"
    assert outcome.error is None
    assert [step["step"] for step in outcome.steps] == ["1", "2", "3", "4"]
    assert [step["operator"] for step in outcome.steps] == ["transform", "split", "y_processing", "model"]
    assert outcome.steps[3]["name"] == "pls two"
    assert outcome.steps[3]["params"] == {"n_components": 2}
    assert outcome.steps[1]["artifact"] is None
    assert [item["name"] for item in outcome.artifacts] == ["1_StandardScaler", "3_StandardScaler", "4_PLSRegression"]
    for item in outcome.artifacts:
        data = bench.store.get(ObjectId(item["object"]))
        assert len(data) == item["size_bytes"]
        assert item["format"] == "pickle5"
        assert outcome.steps[int(item["step"]) - 1]["artifact"] == item["object"]
        assert item["class"] == outcome.steps[int(item["step"]) - 1]["class"]
    axis = outcome.dataset.pop("axis")
    assert axis == {"unit": "nm", "first": 1000.0, "last": 1070.0}
    assert outcome.dataset == {"name": "small", "id": bench.id, "samples": 24, "features": 8, "targets": ["protein"]}
    said = outcome.evaluation
    assert (said["cv"], said["folds"], said["metric"]) == ("KFold(n_splits=3)", 3, "rmse")
    assert (said["n_train"], said["n_val"], said["n_test"], said["missing_targets"]) == (18, 18, 6, 0)
    assert said["conventions"]["slope"] == "regression of reference on predicted values"
    assert outcome.created_at < outcome.completed_at
    assert outcome.duration_seconds > 0


def test_files_hold_what_the_outcome_says(bench):
    outcome = bench.one([model(RIDGE)])
    assert set(outcome.files) == {"metrics.json", "predictions.csv"}
    found = decode(Metrics, bench.store.get(ObjectId(outcome.files["metrics.json"])), where="metrics.json")
    assert found == outcome.metrics
    rows = {name: place for place, name in enumerate(bench.dataset.sample_ids)}
    data = bench.store.get(ObjectId(outcome.files["predictions.csv"]))
    assert read_predictions(data, numeric=True, rows=rows, where="predictions.csv") == outcome.blocks
    assert [block.partition for block in outcome.blocks] == ["train", "val", "test"]


def test_artifacts_predict_without_nws(bench):
    outcome = bench.one([SCALER, model(RIDGE)])
    spectra = bench.dataset.spectra[18:]
    for item in outcome.artifacts:
        step = joblib.load(io.BytesIO(bench.store.get(ObjectId(item["object"]))))
        spectra = step.transform(spectra) if hasattr(step, "transform") else step.predict(spectra)
    assert spectra.tolist() == _block(outcome, "test").y_pred


def test_the_target_is_processed_and_predictions_are_brought_back(bench):
    logarithm = {
        "class": "sklearn.preprocessing.MinMaxScaler",
        "params": {"feature_range": [1.0, 2.0]},
    }
    power = {"class": "sklearn.preprocessing.PowerTransformer", "params": {"method": "box-cox", "standardize": False}}
    outcome = bench.one([{"y_processing": logarithm}, {"y_processing": power}, model(RIDGE)], cv="kfold:3")
    assert outcome.status == "completed", outcome.error
    X, y = bench.dataset.spectra, _values(bench)
    from sklearn.preprocessing import MinMaxScaler, PowerTransformer

    first, second = MinMaxScaler((1.0, 2.0)), PowerTransformer("box-cox", standardize=False)
    changed = second.fit_transform(first.fit_transform(y[:18, None])).ravel()
    said = Ridge().fit(X[:18], changed).predict(X[18:])
    back = first.inverse_transform(second.inverse_transform(said[:, None])).ravel()
    assert _block(outcome, "test").y_pred == back.tolist()
    assert _block(outcome, "test").y_true == y[18:].tolist()


def test_y_processing_is_fitted_on_the_training_samples_of_each_fold(bench):
    outcome = bench.one([{"y_processing": SCALER}, model(RIDGE, alpha=100.0)], cv="kfold:3", seed=1)
    X, y = bench.dataset.spectra, _values(bench)
    fit, held_out = next(iter(KFold(3, shuffle=True, random_state=1).split(X[:18])))
    scaler = StandardScaler().fit(y[fit, None])
    said = Ridge(alpha=100.0).fit(X[fit], scaler.transform(y[fit, None]).ravel()).predict(X[held_out])
    expected = scaler.inverse_transform(said[:, None]).ravel()
    assert _block(outcome, "val").y_pred[: len(held_out)] == expected.tolist()


def test_the_test_partition_changes_nothing_before_the_end(tmp_path, bench):
    other = made_up(tmp_path / "other", partition=TEST_ROWS)
    other.dataset.spectra[18:] *= 50
    other.dataset.targets[0].values[18:] = [1000.0] * 6
    changed = type(other)(tmp_path / "other", other.dataset)
    config = [SCALER, {"y_processing": SCALER}, model(PLS, n_components=3)]
    one, two = bench.one(config), changed.one(config)
    assert one.metrics.val == two.metrics.val
    assert one.metrics.train == two.metrics.train
    assert one.artifacts == two.artifacts
    assert one.metrics.test != two.metrics.test


def test_given_validation_samples_are_the_fold_and_train_the_final_model(tmp_path):
    bench = made_up(tmp_path, partition=["train"] * 12 + ["val"] * 6 + ["test"] * 6)
    outcome = bench.one([model(RIDGE)], cv="auto")
    X, y = bench.dataset.spectra, _values(bench)
    assert outcome.evaluation["cv"] == "given"
    assert outcome.metrics.cross_validation["folds"] == 1
    assert _block(outcome, "val").indices == list(range(12, 18))
    assert _block(outcome, "val").y_pred == Ridge().fit(X[:12], y[:12]).predict(X[12:18]).tolist()
    assert _block(outcome, "test").y_pred == Ridge().fit(X[:18], y[:18]).predict(X[18:]).tolist()
    assert outcome.evaluation["n_train"] == 18


def test_samples_without_a_reference_value_are_left_out_and_counted(tmp_path):
    values = [float(row) for row in range(24)]
    values[2] = values[5] = values[20] = None
    outcome = made_up(tmp_path, partition=TEST_ROWS, values=values).one([model(RIDGE)])
    assert outcome.status == "completed"
    assert outcome.evaluation["missing_targets"] == 3
    assert (outcome.metrics.train["samples"], outcome.metrics.test["samples"]) == (16, 5)
    assert {2, 5}.isdisjoint(_block(outcome, "val").indices)
    assert _block(outcome, "test").indices == [18, 19, 21, 22, 23]


def test_a_dataset_without_a_known_value_fails_with_a_reason(tmp_path):
    outcome = made_up(tmp_path, values=[None] * 24).one([model(RIDGE)])
    assert outcome.status == "failed"
    assert "no training sample has a value of 'protein'" in outcome.error["message"]


def test_groups_of_a_splitter_stay_together(tmp_path):
    metadata = {"batch": [f"b{row % 4}" for row in range(24)]}
    bench = made_up(tmp_path, metadata=metadata)
    splitter = {"split": {"class": "sklearn.model_selection.GroupKFold", "params": {"n_splits": 4}}, "group": "batch"}
    outcome = bench.one([splitter, model(RIDGE)])
    block = _block(outcome, "val")
    by_fold = {}
    for index, fold in zip(block.indices, block.fold, strict=True):
        by_fold.setdefault(fold, set()).add(index % 4)
    assert all(len(groups) == 1 for groups in by_fold.values())
    text = bench.store.get(ObjectId(outcome.files["predictions.csv"])).decode()
    assert text.splitlines()[0] == "sample_id,partition,fold,target,y_true,y_pred,batch"


def test_a_splitter_counts_the_training_samples_only(tmp_path):
    bench = made_up(tmp_path, partition=["test"] * 4 + ["train"] * 20)
    fold_of = [0] * 10 + [1] * 10
    splitter = {"class": "sklearn.model_selection.PredefinedSplit", "params": {"test_fold": fold_of}}
    outcome = bench.one([splitter, model(RIDGE)])
    assert outcome.status == "completed", outcome.error
    assert _block(outcome, "val").indices == list(range(4, 24))


def test_repeated_folds_are_pooled(bench):
    splitter = {"class": "sklearn.model_selection.RepeatedKFold", "params": {"n_splits": 3, "n_repeats": 2}}
    outcome = bench.one([splitter, model(RIDGE)])
    assert outcome.metrics.val["samples"] == 36
    assert outcome.metrics.cross_validation["folds"] == 6
    assert outcome.evaluation["n_val"] == 18


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("raise", "ArithmeticError", "the matrix is not what it was"),
        ("nan", "BadInput", "1 of 4 predictions of Odd are NaN or infinite"),
        ("two", "BadInput", "shape \\(4, 2\\) for 4 samples"),
        ("closure", "(AttributeError|PicklingError)", "pickle"),
    ],
)
def test_a_failing_pipeline_is_an_outcome(bench, how, kind, message):
    outcome = bench.one([SCALER, model("odd_estimators.Odd", how=how)], trusted=("odd_estimators",))
    assert outcome.status == "failed"
    assert outcome.metrics is None
    assert outcome.evaluation["metric"] == "rmse"
    assert outcome.blocks == ()
    assert outcome.artifacts == []
    assert outcome.error["step"] == "2"
    assert outcome.error["class"] == "odd_estimators.Odd"
    assert outcome.error.get("fold") == (None if how == "closure" else 0)
    import re

    assert re.fullmatch(kind, outcome.error["type"])
    assert re.search(message, outcome.error["message"])
    assert "\n" not in outcome.error["message"]
    log = bench.store.get(ObjectId(outcome.files["error.log"])).decode()
    assert log == outcome.error["traceback"]
    assert log.startswith("Traceback")
    assert [step["artifact"] for step in outcome.steps] == [None, None]


def test_a_failing_preprocessing_step_is_named(bench):
    pca = {"class": "sklearn.decomposition.PCA", "params": {"n_components": 50}}
    outcome = bench.one([SCALER, pca, model(RIDGE)])
    assert (outcome.error["step"], outcome.error["class"]) == ("2", "sklearn.decomposition.PCA")
    assert outcome.error["type"] == "ValueError"


def test_an_interrupt_is_not_a_failing_pipeline(bench):
    before = random.getstate()
    with pytest.raises(KeyboardInterrupt):
        bench.one([model("odd_estimators.Odd", how="interrupt")], trusted=("odd_estimators",))
    assert random.getstate() == before


def test_a_store_that_cannot_be_read_is_not_a_failing_pipeline(bench):
    (task,) = bench.tasks([model(RIDGE)])
    import dataclasses

    from nws.engine.fit import fit

    with pytest.raises(NwsError):
        list(fit([dataclasses.replace(task, dataset_id=ObjectId.of(b"never stored"))], bench.store))


def test_warnings_are_kept_once_with_their_count(bench):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = bench.one([model("odd_estimators.Odd", how="warn")], cv="kfold:3", trusted=("odd_estimators",))
    assert outcome.warnings == ["UserWarning: did not converge (12 times)"]
    assert outcome.status == "completed"


def test_shared_random_numbers_depend_on_the_task_and_are_put_back(bench):
    config = [model("odd_estimators.Odd", how="chance")]
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    here = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    one = bench.one(config, trusted=("odd_estimators",))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == here  # noqa: NPY002
    random.random()
    np.random.random(5)  # noqa: NPY002
    assert bench.one(config, trusted=("odd_estimators",)).blocks == one.blocks
    assert bench.one(config, seed=1, trusted=("odd_estimators",)).blocks != one.blocks


@pytest.mark.parametrize(
    ("path", "task", "message"),
    [
        (LDA, "regression", "LinearDiscriminantAnalysis is a classifier, but the target 'protein' holds numbers"),
        (PLS, "classification", "PLSRegression is a regressor, but the target 'protein' holds classes"),
    ],
)
def test_a_model_of_the_wrong_kind_is_refused(tmp_path, path, task, message):
    values = None if task == "regression" else ["a", "b"] * 12
    outcome = made_up(tmp_path, task=task, values=values).one([model(path)])
    assert outcome.error["message"] == message
    assert "for example sklearn." in outcome.error["hint"]


def test_y_processing_of_classes_is_refused(tmp_path):
    bench = made_up(tmp_path, task="classification", values=["a", "b"] * 12)
    outcome = bench.one([{"y_processing": SCALER}, model(LDA)])
    assert outcome.error["step"] == "1"
    assert "y_processing is for numeric targets" in outcome.error["message"]


def test_classes_that_a_fold_has_not_seen_have_probability_zero(tmp_path):
    values = ["a"] * 4 + ["b"] * 10 + ["c"] * 10
    bench = made_up(tmp_path, task="classification", values=values)
    splitter = {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 6}}
    outcome = bench.one([splitter, model("sklearn.naive_bayes.GaussianNB")])
    assert outcome.status == "completed", outcome.error
    block = _block(outcome, "val")
    assert block.classes == ("a", "b", "c")
    assert [row[0] for row in block.probabilities[:4]] == [0.0] * 4
    assert all(row[0] for row in block.probabilities[4:])
    assert all(sum(row) == pytest.approx(1) for row in block.probabilities)
    assert json.loads(bench.store.get(ObjectId(outcome.files["metrics.json"])))["val"]["log_loss"] > 1


def test_a_model_without_probabilities_has_no_figures_of_them(tmp_path):
    bench = made_up(tmp_path, task="classification", values=["1", "2"] * 12)
    outcome = bench.one([model("sklearn.svm.LinearSVC")])
    assert outcome.metrics.val["log_loss"] is outcome.metrics.val["roc_auc"] is None
    assert outcome.metrics.val["accuracy"] is not None
    assert _block(outcome, "val").probabilities == []
    assert set(_block(outcome, "val").y_pred) <= {"1", "2"}


def test_a_model_that_says_two_dimensions_for_one_target_is_flattened(bench):
    outcome = bench.one([model(PLS, n_components=2, scale=False)])
    X, y = bench.dataset.spectra, _values(bench)
    said = PLSRegression(2, scale=False).fit(X[:18], y[:18]).predict(X[18:])
    assert _block(outcome, "test").y_pred == said.ravel().tolist()


def test_an_artifact_does_not_depend_on_what_was_predicted(bench):
    outcome = bench.one([model("sklearn.neighbors.KNeighborsRegressor", algorithm="kd_tree")])
    X, y = bench.dataset.spectra, _values(bench)
    neighbours = KNeighborsRegressor(algorithm="kd_tree").fit(X[:18], y[:18])
    untouched = artifacts.dump(neighbours)
    neighbours.predict(X)
    assert artifacts.dump(neighbours) != untouched
    assert outcome.artifacts[0]["object"] == ObjectId.of(untouched)
