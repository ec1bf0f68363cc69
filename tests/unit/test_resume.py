"""What a run keeps of its pipelines, which software decides a result, and how far predictions are apart."""

import dataclasses
import json
import sys

import pytest
from index_rows import row
from workspaces import mixed_grid, ridge_grid

from nws.engine import expanded, software
from nws.engine.alike import largest_difference, same_figures
from nws.engine.plan import read_configs
from nws.errors import Damaged, NewerFormat
from nws.ids import hash_of
from nws.index import segments
from nws.index.having import having
from nws.pipeline import Block
from nws.records import Metrics


def test_expanded_pipelines_come_back_as_they_were(tmp_path):
    configs = read_configs(mixed_grid(tmp_path / "a.json")) + read_configs(ridge_grid(tmp_path / "b.json", 40))
    configs[0] = dataclasses.replace(configs[0], name="first", description="d", tags=("x", "y"))
    data = expanded.pack(configs)
    assert expanded.unpack(data, where="here") == configs
    # Each step is there once, so many pipelines of few steps take little room.
    assert data.count(b'"path": "sklearn.preprocessing.StandardScaler"') == 1


def test_the_order_in_which_parameters_were_given_is_kept(tmp_path):
    (tmp_path / "a.json").write_text(
        json.dumps([{"model": {"class": "sklearn.linear_model.Ridge", "params": {"tol": 0.1, "alpha": 2.0}}}])
    )
    configs = read_configs(tmp_path / "a.json")
    (config,) = expanded.unpack(expanded.pack(configs), where="here")
    assert list(config.steps[0].params) == ["tol", "alpha"]


def test_a_document_that_does_not_fit_is_refused(tmp_path):
    body = json.loads(expanded.pack(read_configs(ridge_grid(tmp_path / "b.json", 2))))
    for change in ({"steps": []}, {"pipelines": [[1]]}, {"pipelines": ["x"]}):
        with pytest.raises(Damaged, match="the pipelines"):
            expanded.unpack(json.dumps({**body, **change}).encode(), where="the pipelines")
    with pytest.raises(NewerFormat, match="does not know"):
        later = [{**step, "colour": "blue"} for step in body["steps"]]
        expanded.unpack(json.dumps({**body, "steps": later}).encode(), where="the pipelines")


def test_packages_that_decide_are_those_of_the_classes_and_what_all_use():
    forest = [
        {
            "operator": "model",
            "class": "sklearn.ensemble.BaggingRegressor",
            "params": {"estimator": {"class": "xgboost.XGBRegressor"}},
        }
    ]
    assert software.decides(forest) == {"numpy", "scipy", "scikit-learn", "xgboost"}
    smooth = [{"operator": "transform", "class": "chemotools.scatter.StandardNormalVariate", "params": {}}]
    assert "chemotools" in software.decides(smooth)
    assert "nws" not in software.decides([{"operator": "transform", "class": "nws.operators.Haar", "params": {}}])


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"joblib": "0"}, True),
        ({"nws": "0"}, True),
        ({"chemotools": "0"}, True),
        ({"scipy": "0"}, False),
        ({"numpy": None}, False),
        ({"numpy": "unknown"}, False),
    ],
)
def test_the_versions_of_what_decides_are_compared(change, same):
    now = software.environment()
    then = {**now, "packages": {**now["packages"], **change}}
    config = [{"operator": "model", "class": "sklearn.linear_model.Ridge", "params": {}}]
    assert software.equal(then, now, config) is same
    assert software.equal(then, then, config) is ("numpy" not in change)
    del then["engine"]
    assert software.equal(then, {**now, "engine": 1}, config) is same
    assert not software.equal(then, now, config)


def test_a_package_without_a_version_is_known_by_what_its_files_say(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "mine_alone.py").write_text("VALUE = 1\n")
    (tmp_path / "mine_many").mkdir()
    (tmp_path / "mine_many" / "__init__.py").write_text("")
    (tmp_path / "mine_many" / "inner.py").write_text("VALUE = 1\n")
    trusted = ["mine_alone", "mine_many", "not_there_at_all", "yaml"]
    before = software.environment(trusted)["packages"]
    assert before["not_there_at_all"] == "unknown"
    assert "+" not in before["yaml"]
    assert "mine_alone" not in sys.modules
    assert software.environment(trusted)["packages"] == before
    for file in (tmp_path / "mine_alone.py", tmp_path / "mine_many" / "inner.py"):
        file.write_text("VALUE = 2\n")
    after = software.environment(trusted)["packages"]
    assert {name for name in after if after[name] != before[name]} == {"mine_alone", "mine_many"}


def test_what_changed_is_listed():
    then = {"python": "3.11.1", "packages": {"numpy": "1", "gone": "2"}}
    now = {"python": "3.12.0", "packages": {"numpy": "1", "new": "3"}, "engine": 2}
    assert software.changes(then, now) == [
        {"name": "python", "then": "3.11.1", "now": "3.12.0"},
        {"name": "gone", "then": "2", "now": None},
        {"name": "engine", "then": 1, "now": 2},
    ]


def block(y_pred, **other):
    count = len(y_pred)
    return Block(
        **{"partition": "val", "indices": list(range(count)), "y_true": [1.0] * count, "y_pred": y_pred, **other}
    )


@pytest.mark.parametrize(
    ("then", "now", "apart"),
    [
        (block([1.0, -4.0]), block([1.0, -4.0]), 0.0),
        (block([1.0, -4.0]), block([1.0, -4.4]), 0.1),
        (block([0.0, 0.0]), block([0.0, 0.5]), 0.5),
        (block([1.0, float("nan")]), block([1.0, float("nan")]), 0.0),
        (block([1.0, None]), block([1.0, None]), 0.0),
        (block([1.0, 2.0]), block([1.0, None]), None),
        (block([1.0, 2.0]), block([1.0, float("nan")]), None),
        (block([1.0]), block([1.0, 2.0]), None),
        (block([1.0]), block([1.0], indices=[4]), None),
        (block([1.0], fold=[0]), block([1.0], fold=[1]), None),
        (block([1.0]), block([1.0], partition="train"), None),
        (block(["a"]), block(["a"]), 0.0),
        (block(["a"]), block(["b"]), None),
        (block(["a"], classes=("a", "b"), probabilities=[[0.5, 0.5]]), block(["a"], classes=("a", "b"), probabilities=[[0.25, 0.75]]), 0.25),
        (block(["a"], classes=("a", "b")), block(["a"], classes=("a", "c")), None),
        (block([1.0], columns={"t2": [2.0]}), block([1.0], columns={"t2": [3.0]}), 0.5),
        (block([1.0], columns={"far": [True]}), block([1.0], columns={"far": [False]}), None),
        (block([1.0], columns={"t2": [2.0]}), block([1.0]), None),
    ],
)  # fmt: skip
def test_how_far_predictions_are_apart(then, now, apart):
    found = largest_difference([then], [now])
    assert found == (None if apart is None else pytest.approx(apart))


def test_figures_that_both_have_are_compared():
    def metrics(**val):
        return Metrics(task_type="regression", metric="rmse", train=None, val=val, test=None, cross_validation=None)

    assert same_figures(metrics(rmse=1.0, samples=3), metrics(rmse=1.0 + 1e-12, r2=0.5), within=1e-8)
    assert not same_figures(metrics(rmse=1.0), metrics(rmse=1.1), within=1e-8)
    assert not same_figures(metrics(rmse=1.0), metrics(rmse=None), within=1e-8)


def test_one_query_finds_the_rows_of_some_configs(tmp_path):
    rows = [row(number) for number in range(6)]
    rows += [row(7, pipeline_hash=rows[2].meta["pipeline_hash"])]
    rows += [row(8, pipeline_hash=rows[2].meta["pipeline_hash"], status="failed")]
    rows += [row(9, pipeline_hash=rows[2].meta["pipeline_hash"], dataset_id=hash_of("other"))]
    segments.append(tmp_path, rows)
    asked = {rows[2].meta["pipeline_hash"], rows[4].meta["pipeline_hash"], hash_of("absent")}
    found = having(tmp_path, hash_of("wheat"), asked, ["val_rmse"])
    assert found["pipeline_number"].to_list() == [7, 4, 2, 8]
    assert found["val_rmse"].to_list() == [7.0, 4.0, 2.0, 8.0]
    assert having(tmp_path / "nothing", hash_of("wheat"), asked).is_empty()
