"""Test samples set apart, and nested cross-validation: against scikit-learn, and nothing seen that must not be."""

import dataclasses
import json

import numpy as np
import pytest
from fitting import LDA, PLS, RIDGE, SCALER, made_up, model
from sklearn import metrics as reference
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from workspaces import small_csv

from nws import Workspace
from nws.engine.estimate import nested_estimates
from nws.engine.fit import fit
from nws.engine.summary import entries
from nws.errors import UsageError
from nws.ids import hash_of
from nws.pipeline.rows import stored_blocks

GRID = [{"model": {"class": PLS, "params": {"scale": False}}, "_range_": [1, 5, 1], "param": "n_components"}]


def run(bench, steps, *, test, **options):
    tasks = [dataclasses.replace(task, test=test) for task in bench.tasks(steps, **options)]
    with threadpool_limits(1):
        return sorted(fit(tasks, bench.store), key=lambda outcome: outcome.task.position)


def block_of(outcome, partition):
    return next(block for block in outcome.blocks if block.partition == partition)


def values(bench):
    return np.array(bench.dataset.targets[0].values)


def test_each_pipeline_is_tested_by_models_that_were_fitted_without_the_fold(tmp_path):
    bench = made_up(tmp_path)
    X, y = bench.dataset.spectra, values(bench)
    (outcome,) = run(bench, [SCALER, model(RIDGE, alpha=0.5)], cv="kfold:3", test="kfold:4", seed=2)
    pipeline = make_pipeline(StandardScaler(), Ridge(alpha=0.5))
    outer = list(KFold(4, shuffle=True, random_state=2).split(X))
    said = cross_val_predict(pipeline, X, y, cv=outer)
    block = block_of(outcome, "test")
    assert block.indices == np.concatenate([rows for _, rows in outer]).tolist()
    assert block.fold == np.repeat(np.arange(4), 6).tolist()
    assert block.y_pred == pytest.approx(said[block.indices], rel=1e-12)
    assert outcome.metrics.test["rmse"] == pytest.approx(reference.root_mean_squared_error(y, said))
    assert "q2" not in outcome.metrics.test
    nested = outcome.metrics.nested
    assert (nested["split"], nested["folds"]) == ("kfold:4", 4)
    for (train, rows), result in zip(outer, nested["fold_results"], strict=True):
        assert (result["samples"], result["n_train"], result["val_folds"], result["val"]["samples"]) == (6, 18, 3, 18)
        assert result["rmse"] == pytest.approx(reference.root_mean_squared_error(y[rows], said[rows]))
        inner = cross_val_predict(
            pipeline, X[train], y[train], cv=list(KFold(3, shuffle=True, random_state=2).split(train))
        )
        assert result["val"]["rmse"] == pytest.approx(reference.root_mean_squared_error(y[train], inner))
    each = [result["rmse"] for result in nested["fold_results"]]
    assert nested["se_rmse"] == pytest.approx(np.std(each, ddof=1) / 2)
    assert {name: outcome.evaluation[name] for name in ("test", "test_folds", "n_train", "n_val", "n_test")} == {
        "test": "kfold:4", "test_folds": 4, "n_train": 24, "n_val": 24, "n_test": 24,
    }  # fmt: skip


def test_beside_the_test_partition_nothing_is_other_than_without(tmp_path):
    bench = made_up(tmp_path)
    (nested,) = run(bench, [SCALER, model(PLS, n_components=2)], cv="kfold:3", test="kfold:4")
    plain = bench.one([SCALER, model(PLS, n_components=2)], cv="kfold:3")
    assert nested.artifacts == plain.artifacts
    assert nested.metrics.val == plain.metrics.val
    assert nested.metrics.train == plain.metrics.train
    assert nested.metrics.cross_validation == plain.metrics.cross_validation
    assert [block for block in nested.blocks if block.partition != "test"] == list(plain.blocks)
    assert plain.metrics.nested is None


def test_inside_a_fold_nothing_is_known_of_its_test_samples(tmp_path):
    one, two = made_up(tmp_path / "one"), made_up(tmp_path / "two")
    rows = next(iter(KFold(4, shuffle=True, random_state=0).split(np.arange(24))))[1]
    two.dataset.spectra[rows] *= 30
    for row in rows:
        two.dataset.targets[0].values[row] = 500.0
    two = type(two)(tmp_path / "two", two.dataset)
    steps = [SCALER, {"y_processing": SCALER}, model(PLS, n_components=3)]
    (first,), (second,) = (run(bench, steps, cv="kfold:3", test="kfold:4") for bench in (one, two))
    before, after = (outcome.metrics.nested["fold_results"] for outcome in (first, second))
    assert before[0]["val"] == after[0]["val"]
    assert before[1]["val"] != after[1]["val"]
    assert before[0]["rmse"] != after[0]["rmse"]


@pytest.mark.parametrize("test", ["shuffle:1:0.25", "kennard-stone:0.25"])
def test_one_split_is_a_test_partition_like_any_other(tmp_path, test):
    bench = made_up(tmp_path / "a")
    (apart,) = run(bench, [SCALER, model(PLS, n_components=2)], cv="kfold:3", test=test)
    rows = block_of(apart, "test").indices
    assert rows == sorted(rows)
    assert len(rows) == 6
    if test.startswith("shuffle"):
        (_, held_out) = next(iter(ShuffleSplit(1, test_size=0.25, random_state=0).split(np.arange(24))))
        assert rows == sorted(held_out)
    own = made_up(tmp_path / "b", partition=["test" if row in rows else "train" for row in range(24)])
    given = own.one([SCALER, model(PLS, n_components=2)], cv="kfold:3")
    assert apart.blocks == given.blocks
    assert apart.metrics == given.metrics
    assert apart.artifacts == given.artifacts
    assert block_of(apart, "test").fold is None
    said = {name: value for name, value in apart.evaluation.items() if name not in {"test", "test_folds"}}
    assert said == given.evaluation
    assert apart.evaluation["test_folds"] == 1
    assert apart.evaluation["test"].startswith(test)


def test_all_pipelines_of_a_run_are_tested_on_the_same_samples(tmp_path):
    bench = made_up(tmp_path)
    splitter = {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 2}}
    found = [
        run(bench, steps, cv=cv, test="shuffle:3:0.25", seed=seed)[0]
        for steps, cv, seed in (
            ([model(RIDGE)], "kfold:3", 1),
            ([splitter, SCALER, model(PLS)], "loo", 1),
            ([model(RIDGE)], "kfold:3", 2),
        )
    ]
    first, second, other = (block_of(outcome, "test") for outcome in found)
    assert (first.indices, first.fold) == (second.indices, second.fold)
    assert first.indices != other.indices
    assert found[0].metrics.test["samples"] == 18
    assert found[0].evaluation["n_test"] == len(set(first.indices))


def test_pipelines_that_share_work_have_the_figures_that_each_has_alone(tmp_path):
    bench = made_up(tmp_path)
    steps = [{"_or_": [None, SCALER]}, *GRID]
    together = run(bench, steps, cv="kfold:3", test="kfold:4")
    assert len(together) == 10
    for outcome in together:
        with threadpool_limits(1):
            (alone,) = fit([outcome.task], bench.store)
        assert block_of(outcome, "test").y_pred == pytest.approx(block_of(alone, "test").y_pred, rel=1e-9)
        for one, two in zip(outcome.metrics.nested["fold_results"], alone.metrics.nested["fold_results"], strict=True):
            assert one["val"] == pytest.approx(two["val"], rel=1e-9, abs=1e-12)


def test_groups_stay_on_one_side_of_every_fold(tmp_path):
    bench = made_up(tmp_path, metadata={"field": [f"f{row % 6}" for row in range(24)]})
    (outcome,) = run(bench, [model(RIDGE)], cv="group:field:2", test="group:field:3")
    block = block_of(outcome, "test")
    expected = [rows.tolist() for _, rows in GroupKFold(3).split(range(24), groups=[row % 6 for row in range(24)])]
    found = [[row for row, fold in zip(block.indices, block.fold, strict=True) if fold == at] for at in range(3)]
    assert found == expected


def test_classes_that_an_outer_fold_has_not_seen_have_probability_zero(tmp_path):
    labels = ["a"] * 2 + ["b"] * 11 + ["c"] * 11
    bench = made_up(tmp_path, task="classification", values=labels)
    bench.dataset.metadata["half"] = [str(int(row >= 12)) for row in range(24)]
    bench = type(bench)(tmp_path, bench.dataset)
    (outcome,) = run(bench, [model("sklearn.naive_bayes.GaussianNB")], cv="kfold:3", test="group:half:2")
    assert outcome.status == "completed", outcome.error
    block = block_of(outcome, "test")
    assert block.classes == ("a", "b", "c")
    assert [row[0] for row, truth in zip(block.probabilities, block.y_true, strict=True) if truth == "a"] == [0, 0]
    assert outcome.metrics.nested["fold_results"][0].get("confusion_matrix") is None
    assert outcome.metrics.test["confusion_matrix"]["labels"] == ["a", "b", "c"]


def test_a_class_of_the_test_samples_only_is_none_of_the_classes(tmp_path):
    bench = made_up(tmp_path, task="classification", values=["a", "b"] * 11 + ["z", "z"])
    seed = next(seed for seed in range(10_000) if {22, 23} <= set(held_out(seed)))
    (outcome,) = run(bench, [model(LDA)], cv="kfold:3", test="shuffle:1:0.1", seed=seed)
    block = block_of(outcome, "test")
    assert block.indices == sorted(held_out(seed))
    assert block.classes == ("a", "b")
    assert outcome.metrics.test["log_loss"] is None


def held_out(seed):
    return next(iter(ShuffleSplit(1, test_size=0.1, random_state=seed).split(np.arange(24))))[1].tolist()


def test_what_fails_in_an_outer_fold_is_told_with_the_fold(tmp_path):
    bench = made_up(tmp_path)
    neighbours = model("sklearn.neighbors.KNeighborsRegressor", n_neighbors=21)
    failed, done = run(bench, [neighbours, model(RIDGE)], cv="loo", test="kfold:4")
    assert bench.one([neighbours], cv="loo").status == "completed"
    assert (failed.status, done.status) == ("failed", "completed")
    assert (failed.error["outer_fold"], failed.error["fold"], failed.error["step"]) == (0, 0, "1")
    assert (failed.evaluation["test"], failed.evaluation["n_test"]) == ("kfold:4", 24)


def test_warnings_of_outer_folds_are_counted(tmp_path):
    bench = made_up(tmp_path)
    steps = [model("odd_estimators.Odd", how="warn")]
    (plain,) = bench.run(steps, cv="kfold:3", trusted=("odd_estimators",))
    (nested,) = run(bench, steps, cv="kfold:3", test="kfold:2", trusted=("odd_estimators",))
    counts = [int(outcome.warnings[0].partition("(")[2].split()[0]) for outcome in (plain, nested)]
    # Each of two outer folds fits as often as is fitted without any.
    assert counts[1] == 3 * counts[0]
    steps = [{"_or_": [None, SCALER]}, model("sklearn.linear_model.Lasso", alpha=1e-9, max_iter=1)]
    first, second = run(bench, steps, cv="kfold:3", test="kfold:2")
    for outcome in (first, second):
        with threadpool_limits(1):
            assert outcome.warnings == next(fit([outcome.task], bench.store)).warnings


def test_a_task_without_test_samples_is_known_as_before(tmp_path):
    (task,) = made_up(tmp_path).tasks([model(RIDGE)])
    assert task.key == hash_of([task.dataset_id, task.target, task.config.hash, task.cv, task.seed])
    keys = {dataclasses.replace(task, test=test).key for test in (None, "kfold:5", "kfold:4")}
    assert len(keys) == 3


@pytest.mark.parametrize("test", ["auto", "given", "kfold:1", "banana", ""])
def test_what_is_no_split_is_refused(test):
    from nws.engine.apart import check_test

    with pytest.raises(UsageError) as caught:
        check_test(test)
    assert "--cv" not in caught.value.message + caught.value.hint
    assert "auto," not in caught.value.hint


@pytest.fixture
def filled(tmp_path):
    """Return a workspace with a nested run of a grid, and its spectra and target."""
    workspace, _ = Workspace.init(tmp_path / "ws")
    lines = small_csv(tmp_path / "one.csv", samples=40, features=8).read_text().splitlines()
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    # So much noise that it is no clear case which pipeline is best.
    table[:, 0] += np.random.default_rng(1).normal(scale=4, size=40)
    text = [lines[0], *(",".join(map(repr, row)) for row in table.tolist())]
    (tmp_path / "one.csv").write_text("\n".join(text) + "\n")
    (tmp_path / "grid.json").write_text(json.dumps(GRID))
    (result,) = workspace.run(
        tmp_path / "one.csv", tmp_path / "grid.json", cv="kfold:4", test="kfold:5", seed=3, jobs=1
    )
    return workspace, result, table[:, 1:], table[:, 0]


def test_the_estimate_is_that_of_a_grid_search_inside_a_cross_validation(filled):
    _, result, X, y = filled
    told = result.summary.statistics["nested"]["protein"]
    search = GridSearchCV(
        PLSRegression(scale=False),
        {"n_components": [1, 2, 3, 4, 5]},
        scoring="neg_mean_squared_error",
        cv=KFold(4, shuffle=True, random_state=3),
    )
    said, counts = np.empty(40), []
    for train, test in KFold(5, shuffle=True, random_state=3).split(X):
        search.fit(X[train], y[train])
        said[test] = search.predict(X[test]).ravel()
        counts.append(search.best_params_["n_components"])
    assert told["metric_name"] == "test_rmse"
    assert told["metric_value"] == pytest.approx(reference.root_mean_squared_error(y, said))
    assert told["figures"]["r2"] == pytest.approx(reference.r2_score(y, said))
    assert [int(item["pipeline_id"][:4]) for item in told["chosen"]] == counts
    assert (told["pipelines"], told["left_out"], told["folds"], told["samples"]) == (5, 0, 5, 40)
    assert told["split"] == "kfold:5"


def test_test_figures_never_choose(filled):
    workspace, result, *_ = filled
    told = result.summary.statistics["nested"]["protein"]
    by_test = 0
    for number, item in enumerate(told["chosen"]):
        folds = {entry.pipeline.record.id: entry.metrics.nested["fold_results"][number] for entry in result.entries}
        assert item["val"] == min(fold["val"]["rmse"] for fold in folds.values())
        assert item["test"] == folds[item["pipeline_id"]]["rmse"]
        by_test += item["test"] > min(fold["rmse"] for fold in folds.values())
    # Which differ, or this would show nothing.
    assert by_test
    best = min(result.entries, key=lambda entry: entry.metrics.val["rmse"])
    assert result.summary.best_pipeline["pipeline_id"] == best.pipeline.record.id
    rows = workspace.predictions.query_best("one")
    assert rows["val_rmse"].is_sorted()
    assert rows["pipeline_id"][0] == best.pipeline.record.id


def test_the_test_predictions_come_back_with_their_folds(filled):
    workspace, result, *_ = filled
    pipeline = result.entries[0].pipeline
    lines = (pipeline.view / "predictions.csv").read_text().splitlines()
    tested = [line.split(",") for line in lines if ",test," in line]
    assert [int(cells[2]) for cells in tested] == np.repeat(np.arange(5), 8).tolist()
    block = next(block for block in stored_blocks(pipeline) if block.partition == "test")
    row = workspace.predictions.query_best("one", where="pipeline_number = 1").row(0, named=True)
    assert (row["n_samples_test"], row["test_rmse"]) == (40, result.entries[0].metrics.test["rmse"])
    held = workspace.predictions.samples(row["prediction_id"]).filter(partition="test")
    assert held["fold"].to_list() == block.fold
    assert held["y_pred"].to_list() == block.y_pred


def test_the_estimate_is_of_what_is_left_in_the_run(filled):
    workspace, result, *_ = filled
    first = result.summary.statistics["nested"]["protein"]["chosen"][0]["pipeline_id"]
    from nws.engine.summary import renew

    run_ = workspace.runs.get(result.run.name)
    run_.delete(int(first[:4]))
    renew(run_)
    told = run_.summary().statistics["nested"]["protein"]
    assert told["pipelines"] == 4
    assert first not in {item["pipeline_id"] for item in told["chosen"]}


def test_pipelines_tested_on_other_folds_are_not_chosen_among(filled, tmp_path):
    workspace, result, *_ = filled
    (tmp_path / "ridge.json").write_text(json.dumps([model(RIDGE, alpha=1e-6)]))
    for test in ("kfold:4", None):
        workspace.run(
            tmp_path / "one.csv", tmp_path / "ridge.json", cv="kfold:4", test=test, seed=3, jobs=1, append=True
        )
    told = nested_estimates(entries(workspace.runs.get(result.run.name)))["protein"]
    assert (told["pipelines"], told["left_out"], told["split"]) == (5, 1, "kfold:5")
