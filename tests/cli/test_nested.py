"""`nws run --test`: what it prints, what it refuses, and that what was there already counts too."""

import json

import pytest
from workspaces import GASOLINE, MAYONNAISE, PLS, small_csv

from nws import Workspace

GRID = [{"model": {"class": PLS, "params": {"scale": False}}, "_range_": [1, 5, 1], "param": "n_components"}]


@pytest.fixture
def ws(tmp_path):
    Workspace.init(tmp_path)
    (tmp_path / "grid.json").write_text(json.dumps(GRID))
    (tmp_path / "three.json").write_text(json.dumps([{**GRID[0], "_range_": [1, 3, 1]}]))
    return tmp_path


def nested(folder, name):
    return json.loads((folder / "runs" / name / "run_summary.json").read_text())["statistics"]["nested"]


def runs(folder):
    return sorted(path.name for path in (folder / "runs").iterdir() if not path.name.startswith("."))


def test_the_figure_of_the_choice_stands_below_the_leaderboard(ws, here):
    done = here(
        "run", "--dataset", GASOLINE, "--pipelines", "grid.json", "--test", "kfold:5", "--cv", "kfold:4", "--jobs", "1", check=0
    )  # fmt: skip
    (name,) = runs(ws)
    told = nested(ws, name)["octane"]
    (line,) = (line for line in done.err.splitlines() if line.startswith("nested:"))
    assert line == (
        f"nested: RMSEP {told['metric_value']:#.4g}, standard error {told['standard_error']:#.4g} over 5 outer folds "
        "(kfold:5): what to expect of the best of 5 pipelines when it is chosen by cross-validation"
    )
    (line,) = (line for line in done.err.splitlines() if line.startswith("chosen:"))
    for item in told["chosen"]:
        assert item["pipeline_id"] in line
    head = done.out.splitlines()[0].split("\t")
    assert head[:5] == ["#", "pipeline", "RMSECV", "RMSEP", "RMSEC"]
    said = json.loads(here("show", f"{name}/best", "--json", check=0).out)
    assert said["evaluation"]["test"] == "kfold:5"
    assert said["evaluation"]["asked"]["test"] == "kfold:5"


def test_what_is_there_already_is_chosen_among_too(ws, here):
    words = ("--dataset", GASOLINE, "--test", "kfold:5", "--cv", "kfold:4", "--jobs", "1")
    first = here("run", *words, "--pipelines", "three.json", check=0).err
    assert "best of 3 pipelines" in first
    # The other two are run now; with what the other run has they are five.
    assert "best of 5 pipelines" in here("run", *words, "--pipelines", "grid.json", check=0).err
    again = here("run", *words, "--pipelines", "grid.json", check=0).err
    assert "best of 5 pipelines" in again
    assert "nothing to run" in again
    # Without test samples, or with others, none of them is what is asked for.
    assert "nested" not in here("run", "--dataset", GASOLINE, "--pipelines", "three.json", "--jobs", "1", check=0).err
    other = here("run", *words[:2], "--test", "kfold:3", "--pipelines", "three.json", "--jobs", "1", check=0).err
    assert "nothing to run" not in other
    assert len(runs(ws)) == 4


def test_a_run_goes_on_with_the_test_samples_that_were_asked_for(ws, here):
    here("run", "--dataset", GASOLINE, "--pipelines", "grid.json", "--test", "kfold:3", "--jobs", "1", check=0)
    (name,) = runs(ws)
    config = json.loads((ws / "runs" / name / "run_config.json").read_text())
    assert config["global_params"]["test"] == "kfold:3"
    here("runs", "delete", f"{name}/0002", "--yes", check=0)
    assert nested(ws, name)["octane"]["pipelines"] == 4
    here("run", "--resume", name, check=0)
    assert "--test is not given with --resume" in here("run", "--resume", name, "--test", "kfold:3", check=2).err


def test_classes_and_one_test_partition(ws, here):
    (ws / "lda.json").write_text(
        '["sklearn.preprocessing.StandardScaler", {"model": "sklearn.naive_bayes.GaussianNB"}]'
    )
    here(
        "dataset",
        "add",
        "oil",
        MAYONNAISE,
        "--target",
        "oil.type",
        "--metadata",
        "train",
        "--task",
        "classification",
        check=0,
    )
    done = here("run", "--dataset", "oil", "--pipelines", "lda.json", "--test", "stratified:4", "--jobs", "1", check=0)
    assert "nested: balanced accuracy (test) " in done.err
    (name,) = runs(ws)
    assert sum(map(sum, nested(ws, name)["oil.type"]["figures"]["confusion_matrix"]["matrix"])) == 162
    done = here(
        "run", "--dataset", "oil", "--pipelines", "lda.json", "--test", "shuffle:1:0.25", "--jobs", "1", check=0
    )
    assert "nested" not in done.err
    row = json.loads(here("catalog", "list", "-n", "1", "--json", check=0).out)
    assert (row["n_samples_train"], row["n_samples_test"]) == (121, 41)


@pytest.mark.parametrize(
    ("test", "says"),
    [
        ("kfold:99", "--test kfold:99 needs at least 99 training samples, there are 20"),
        ("kfold:1", "--test kfold:1: at least 2 folds are needed"),
        ("auto", "--test auto: not a split"),
        ("given", "--test given: not a split"),
        ("halves", "unknown split: 'halves'\nhint: one of: kfold:5"),
        ("stratified:3", "--test stratified:3 is for classes, the target is numeric\nhint: --test kfold:5"),
        ("group:field", "no metadata column 'field'"),
    ],
)
def test_what_cannot_be_set_apart_leaves_nothing_behind(ws, here, test, says):
    small_csv(ws / "one.csv", samples=20)
    done = here("run", "--dataset", "one.csv", "--pipelines", "grid.json", "--test", test, check=2)
    assert says in done.err
    assert "--cv" not in done.err
    assert runs(ws) == []
    assert not list((ws / "_binaries").glob("*/*"))


def test_a_test_partition_of_the_dataset_stays_the_only_one(ws, here):
    here("dataset", "add", "gas", GASOLINE, "--test-rows", "51-60", check=0)
    done = here("run", "--dataset", "gas", "--pipelines", "grid.json", "--test", "kfold:5", check=2)
    assert "dataset gas has a test partition of its own, of 10 samples" in done.err
    assert runs(ws) == []
