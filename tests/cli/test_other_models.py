"""A gradient-boosting package as anyone has it installed: refused until it is trusted, then like every other model."""

import json
import shutil

import pytest
from workspaces import GASOLINE, MAYONNAISE, check_whole

from nws import Workspace

REGRESSOR = {"class": "lightgbm.LGBMRegressor", "params": {"n_estimators": 12, "min_child_samples": 5, "verbose": -1}}
CLASSIFIER = {"class": "lightgbm.LGBMClassifier", "params": {"n_estimators": 6, "min_child_samples": 5, "verbose": -1}}
# Drawing samples and features by chance, so that seeds matter.
CHANCE = {"subsample": 0.7, "subsample_freq": 1, "colsample_bytree": 0.5}


@pytest.fixture
def place(nws, tmp_path):
    nws("init", check=0)
    shutil.copy(GASOLINE, tmp_path)
    shutil.copy(MAYONNAISE, tmp_path)
    nws("dataset", "add", "gasoline", "gasoline.csv", "--target", "octane", "--test-rows", "51-60", check=0)
    nws(
        "dataset",
        "add",
        "oil",
        "mayonnaise.csv",
        "--target",
        "oil.type",
        "--partition",
        "train",
        "--task",
        "classification",
        check=0,
    )
    return tmp_path


def trust(place):
    toml = place / "nws.toml"
    toml.write_text(toml.read_text().replace("packages = []", 'packages = ["lightgbm"]'))


def write(place, model, **more):
    steps = [
        {"_or_": [None, "chemotools.scatter.StandardNormalVariate"]},
        {"model": {**model, "params": {**model["params"], **more}}, "_or_": [4, 7], "param": "num_leaves"},
    ]
    (place / "boost.json").write_text(json.dumps(steps))


def run(nws, dataset, jobs, name, check=0):
    words = ("--dataset", dataset, "--pipelines", "boost.json", "--cv", "kfold:2", "--jobs", jobs, "--run-name", name)
    return nws("run", *words, "--force", check=check)


def records(place, name):
    """What is in the records of a run but for times: steps, ids of artifacts and files."""
    (found,) = [item for item in Workspace.open(place).runs.list() if item.folder.name.endswith(f"_{name}")]
    told = [json.loads((item.view / "pipeline.json").read_text()) for item in found.pipelines()]
    told.sort(key=lambda record: record["hash"])
    return [tuple(record[key] for key in ("status", "steps", "artifacts", "files", "warnings")) for record in told]


def test_it_is_refused_until_it_is_trusted(nws, place):
    write(place, REGRESSOR)
    told = run(nws, "gasoline", 1, "first", check=14).stderr
    assert "lightgbm.LGBMRegressor is of the package 'lightgbm', which is not trusted" in told
    assert '[trust] packages = ["lightgbm"]' in told
    assert not list(Workspace.open(place).runs.list())
    trust(place)
    run(nws, "gasoline", 1, "first")


@pytest.mark.parametrize(("dataset", "model"), [("gasoline", REGRESSOR), ("oil", CLASSIFIER)])
def test_workers_change_nothing(nws, place, dataset, model):
    trust(place)
    write(place, model, **CHANCE)
    run(nws, dataset, 1, "one")
    run(nws, dataset, 2, "two")
    one, two = records(place, "one"), records(place, "two")
    assert one == two
    assert {record[0] for record in one} == {"completed"}
    assert len({record[2][-1]["object"] for record in one}) == 4
    # One thread each, however many there are: the model says so, and its bytes depend on it.
    store = Workspace.open(place).store
    assert all(b"[num_threads: 1]" in store.get(record[2][-1]["object"]) for record in one)
    check_whole(place)


def test_a_classifier_has_probabilities_and_predicts_afterwards(nws, place):
    trust(place)
    write(place, CLASSIFIER)
    run(nws, "oil", 1, "oil")
    (found,) = Workspace.open(place).runs.list()
    figures = json.loads((found.pipeline(1).view / "metrics.json").read_text())
    assert figures["val"]["log_loss"] > 0
    assert figures["val"]["accuracy"] > 0.3


def test_seeds_of_the_run_reach_it(nws, place):
    trust(place)
    write(place, REGRESSOR, **CHANCE)
    words = ("run", "--dataset", "gasoline", "--pipelines", "boost.json", "--cv", "kfold:2", "--jobs", 1)
    nws(*words, "--run-name", "a", check=0)
    nws(*words, "--run-name", "b", "--seed", 1, check=0)
    models = [{record[2][-1]["object"] for record in records(place, name)} for name in "ab"]
    assert models[0].isdisjoint(models[1])
