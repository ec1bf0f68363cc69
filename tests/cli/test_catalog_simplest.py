"""`nws catalog best --one-se`: the rule worked out a second time from the files of the views, and what it refuses."""

import csv
import dataclasses
import datetime as dt
import io
import json
import math
import statistics

import pytest
from workspaces import GASOLINE, MAYONNAISE, PLS, small_csv

from nws import Workspace
from nws.cli.app import run
from nws.records import pretty

GRID = [
    {"_or_": [None, "chemotools.scatter.StandardNormalVariate"]},
    {"model": {"class": PLS, "params": {"scale": False}}, "_range_": [1, 8, 1], "param": "n_components"},
    {"model": {"class": "sklearn.linear_model.Ridge", "params": {"alpha": {"_or_": [0.001, 0.01, 0.1]}}}},
]
MAKERS = ("sklearn.decomposition.PCA", "sklearn.decomposition.TruncatedSVD")
CLASSES = [
    {"_or_": [{"class": path, "params": {"n_components": count}} for path in MAKERS for count in (12, 16, 20, 21)]},
    {"model": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"},
]
GOALS = {"min": lambda value: value, "max": lambda value: -value, "zero": abs, "one": lambda value: abs(value - 1)}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A workspace with a grid on gasoline, with 10 folds, and one on mayonnaise."""
    folder = tmp_path_factory.mktemp("là bas")
    Workspace.init(folder)
    (folder / "grid.json").write_text(json.dumps(GRID))
    (folder / "classes.json").write_text(json.dumps(CLASSES))
    for words in (
        ["dataset", "add", "gasoline", GASOLINE, "--target", "octane", "--test-rows", "51-60"],
        ["dataset", "add", "oil", MAYONNAISE, "--target", "oil.type", "--partition", "train", "--task", "classification"],
        ["run", "--dataset", "gasoline", "--pipelines", folder / "grid.json", "--cv", "kfold:10", "--jobs", "1"],
        ["run", "--dataset", "oil", "--pipelines", folder / "classes.json", "--jobs", "1"],
    ):  # fmt: skip
        assert run([*map(str, words), "-C", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture
def ask(filled, here):
    return lambda *words, check=0: here("catalog", "best", *words, "--one-se", "-C", filled, check=check)


def views(folder, dataset):
    """Return what the files of each pipeline say, read without nws."""
    found = []
    for view in sorted(folder.glob(f"runs/*_{dataset}/0*")):
        metrics, record = (json.loads((view / name).read_text()) for name in ("metrics.json", "pipeline.json"))
        found.append(
            {"ref": f"{record['run_id']}/{record['number']:04d}", "metrics": metrics, "steps": record["steps"]}
        )
    return found


def rule(found, metric, goal):
    """Return best, standard error, and everything as good, for one metric, in the words of the book."""
    bad = GOALS[goal]
    best = min(found, key=lambda item: bad(item["metrics"]["val"][metric]))
    values = [fold[metric] for fold in best["metrics"]["cross_validation"]["fold_results"]]
    error = statistics.stdev(values) / math.sqrt(len(values))
    limit = bad(best["metrics"]["val"][metric]) + error
    return best, error, [item for item in found if bad(item["metrics"]["val"][metric]) <= limit]


@pytest.mark.parametrize(
    ("metric", "goal"), [("rmse", "min"), ("mae", "min"), ("r2", "max"), ("rpd", "max"), ("bias", "zero"), ("slope", "one")]
)  # fmt: skip
def test_the_rule_for_every_direction(filled, ask, metric, goal):
    best, error, good = rule(views(filled, "gasoline"), metric, goal)
    assert best["steps"][-1]["class"] == PLS
    same = [item for item in good if item["steps"][-1]["class"] == PLS]
    order = sorted(
        same,
        key=lambda item: (
            item["steps"][-1]["params"]["n_components"],
            len(item["steps"]),
            GOALS[goal](item["metrics"]["val"][metric]),
        ),
    )
    said, *rows = map(json.loads, ask("gasoline", "--metric", metric, "-n", "100", "--json").out.splitlines())
    assert [row["ref"] for row in rows] == [item["ref"] for item in order]
    assert (said["type"], said["metric"], said["folds"]) == ("selection", f"val_{metric}", 10)
    assert said["standard_error"] == pytest.approx(error)
    assert said["best"]["ref"] == best["ref"]
    assert (said["chosen"]["ref"], said["chosen"]["record"]) == (order[0]["ref"], rows[0]["record"])
    assert (said["by"], said["chosen"]["by_value"]) == ("n_components", order[0]["steps"][-1]["params"]["n_components"])
    assert (said["within"], said["not_compared"]) == (len(same), len(good) - len(same))
    value = best["metrics"]["val"][metric]
    distance = {"min": value + error, "max": value - error, "zero": abs(value) + error, "one": abs(value - 1) + error}
    assert said["threshold"] == pytest.approx(distance[goal])


def test_the_answer_says_the_rule_the_limit_the_best_and_the_chosen(filled, ask):
    best, error, _ = rule(views(filled, "gasoline"), "rmse", "min")
    done = ask("gasoline", "-n", "2")
    rule_line, best_line, chosen_line, others = done.err.splitlines()
    assert rule_line == "ranked by RMSECV (val_rmse), lowest first, with the one-standard-error rule"
    value = best["metrics"]["val"]["rmse"]
    assert best_line == (
        f"best: {best['ref']}: {value:#.4g}, standard error {error:#.4g} over 10 folds; as good: up to {value + error:#.4g}"
    )
    assert "pipelines as good" in chosen_line
    assert "n_components 3" in chosen_line
    assert chosen_line.endswith("(fewest n_components, then fewest transforms)")
    assert "with another kind of model" in others
    head, first, _ = (line.split("\t") for line in done.out.splitlines())
    assert head == ["#", "RMSECV", "RMSEP", "RMSEC", "pipeline", "preprocessing", "model"]
    assert first[-1] == "PLSRegression(n_components=3, scale=False)"
    assert f"{first[4]}:" in chosen_line


def test_classes_and_components_of_another_step(filled, ask):
    best, error, good = rule(views(filled, "oil"), "log_loss", "min")
    said, *rows = map(json.loads, ask("oil", "--metric", "log_loss", "--json").out.splitlines())
    assert (said["metric"], said["best"]["ref"]) == ("val_log_loss", best["ref"])
    assert said["standard_error"] == pytest.approx(error)
    makers = [item["steps"][0]["class"] for item in good]
    alike = [item["steps"][0] for item in good if item["steps"][0]["class"] == best["steps"][0]["class"]]
    assert said["chosen"]["by_value"] == min(step["params"]["n_components"] for step in alike)
    assert (said["within"], said["not_compared"]) == (len(alike), len(good) - len(alike))
    assert len(rows) == len(alike) > 1
    assert set(makers) == set(MAKERS)


def test_a_record_of_before_gives_the_same_error(here, tmp_path):
    """Records that do not say the standard error are there already; their folds say it."""
    workspace, _ = Workspace.init(tmp_path / "ws")
    steps = [{"split": {"class": "sklearn.model_selection.RepeatedKFold", "params": {"n_splits": 3, "n_repeats": 4}}}]
    (tmp_path / "grid.json").write_text(json.dumps([*steps, GRID[1]]))
    csv_file = small_csv(tmp_path / "one.csv", samples=30, features=12)
    here("run", "--dataset", csv_file, "--pipelines", "grid.json", "-C", "ws", "--jobs", "1", check=0)
    (first,) = workspace.runs.list()
    older = workspace.runs.create(dt.date(2020, 1, 1), "one", None)
    older.write(first.config())
    for pipeline in first.pipelines():
        document = json.loads(pipeline.file("metrics.json"))
        folds = document["cross_validation"].items()
        document["cross_validation"] = {name: value for name, value in folds if not name.startswith(("se_", "rep"))}
        with workspace.store.batch() as batch:
            files = {**pipeline.record.files, "metrics.json": batch.put(pretty(document))}
        older.publish([dataclasses.replace(pipeline.record, run_id=older.name, files=files)])
    here("reindex", "-C", "ws", check=0)
    one, two = (
        json.loads(
            here("catalog", "best", "--one-se", "--run", name, "-C", "ws", "--json", check=0).out.splitlines()[0]
        )
        for name in (first.name, older.name)
    )
    assert two["standard_error"] == pytest.approx(one["standard_error"])
    assert two["chosen"]["ref"].removeprefix(older.name) == one["chosen"]["ref"].removeprefix(first.name)


def test_filters_columns_and_files_are_those_of_any_question(filled, ask, tmp_path):
    done = ask("gasoline", "--model", "ridge", "--columns", "ref,val_rmse,deleted", "--csv", "-n", "1")
    head, row = csv.reader(io.StringIO(done.out))
    assert head == ["ref", "val_rmse", "deleted"]
    assert row[0].endswith(("/0011", "/0022"))
    assert "largest alpha" in done.err
    ask("gasoline", "--output", tmp_path / "simplest.json")
    refs = [row["ref"] for row in json.loads((tmp_path / "simplest.json").read_text())]
    assert refs == [json.loads(line)["ref"] for line in ask("gasoline", "-n", "10", "--json").out.splitlines()[1:]]
    narrowed = json.loads(ask("gasoline", "--where", "val_rmse > 0.25 or false", "--json").out.splitlines()[0])
    assert narrowed["best"]["value"] > 0.25
    figures = [item["metrics"]["val"]["rmse"] for item in views(filled, "gasoline")]
    between = [item for item in figures if 0.25 < item <= narrowed["threshold"]]
    assert narrowed["within"] + narrowed["not_compared"] == len(between) < sum(item > 0.25 for item in figures)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["gasoline", "--metric", "test_rmse"], 2, "test_rmse has no standard error over folds\nhint: --one-se goes by val_rmse"),
        (["gasoline", "--metric", "RMSEC"], 2, "train_rmse has no standard error"),
        (["gasoline", "--deleted"], 2, "leave --deleted out"),
        (["--metric", "rmse", "-n", "0"], 2, "0 rows"),
        ([], 2, "classification and regression"),
        (["gasoline", "--rmse-max", "0.01"], 1, "no selected pipeline that is still there has RMSECV (val_rmse)"),
        (["gasolin"], 4, "did you mean gasoline"),
        (["gasoline", "--metric", "rsme"], 4, "rmse"),
    ],
)  # fmt: skip
def test_what_the_rule_refuses(ask, words, code, says):
    done = ask(*words, check=code)
    assert done.out == ""
    assert says in done.err


def test_several_targets_do_not_compare(here, tmp_path):
    Workspace.init(tmp_path / "ws")
    (tmp_path / "ridge.json").write_text('[{"model": "sklearn.linear_model.Ridge"}]')
    text = small_csv(tmp_path / "two.csv").read_text().splitlines()
    text = [f"{line},{'fat' if at == 0 else at % 7}" for at, line in enumerate(text)]
    (tmp_path / "two.csv").write_text("\n".join(text))
    here("dataset", "add", "two", "two.csv", "--target", "protein", "--target", "fat", "-C", "ws", check=0)
    here("run", "--dataset", "two", "--pipelines", "ridge.json", "-C", "ws", "--jobs", "1", check=0)
    done = here("catalog", "best", "two", "--one-se", "-C", "ws", check=2)
    assert "several datasets or targets" in done.err
    assert "nws catalog best two --target 'fat' --one-se" in done.err
    here("catalog", "best", "two", "--target", "fat", "--one-se", "-C", "ws", check=0)


@pytest.mark.parametrize(("cv", "metric"), [("loo", "r2"), ("shuffle:1:0.25", "rmse")])
def test_without_a_standard_error_there_is_no_answer(here, tmp_path, cv, metric):
    Workspace.init(tmp_path / "ws")
    (tmp_path / "ridge.json").write_text('[{"model": "sklearn.linear_model.Ridge"}]')
    small_csv(tmp_path / "one.csv", samples=12)
    here("run", "--dataset", "one.csv", "--pipelines", "ridge.json", "--cv", cv, "-C", "ws", "--jobs", "1", check=0)
    done = here("catalog", "best", "--metric", metric, "--one-se", "-C", "ws", check=2)
    assert f"has no standard error of {metric}: {12 if cv == 'loo' else 1} fold" in done.err
    assert "--cv kfold:5" in done.err


def test_a_pipeline_that_was_deleted_is_not_chosen(here, tmp_path):
    Workspace.init(tmp_path / "ws")
    (tmp_path / "grid.json").write_text(json.dumps([GRID[1]]))
    csv_file = small_csv(tmp_path / "one.csv", samples=30, features=12)
    here("run", "--dataset", csv_file, "--pipelines", "grid.json", "-C", "ws", "--jobs", "1", check=0)
    said = json.loads(here("catalog", "best", "--one-se", "-C", "ws", "--json", check=0).out.splitlines()[0])
    gone = {said["chosen"]["ref"], said["best"]["ref"]}
    for ref in gone:
        here("runs", "delete", ref, "--yes", "-C", "ws", check=0)
    again = json.loads(here("catalog", "best", "--one-se", "-C", "ws", "--json", check=0).out.splitlines()[0])
    assert gone.isdisjoint({again["chosen"]["ref"], again["best"]["ref"]})
    assert again["within"] < said["within"] or again["best"]["value"] > said["best"]["value"]


def test_figures_on_another_snapshot_are_not_as_good(here, tmp_path):
    Workspace.init(tmp_path / "ws")
    alphas = {"alpha": {"_or_": [1e-6, 2e-6, 3e-6]}}
    (tmp_path / "grid.json").write_text(
        json.dumps([{"model": {"class": "sklearn.linear_model.Ridge", "params": alphas}}])
    )
    found = []
    for _ in range(2):  # of which the second has another wavelength, and so another snapshot
        text = small_csv(tmp_path / "one.csv", samples=30, features=12).read_text()
        (tmp_path / "one.csv").write_text(text.replace("1000 nm", "1000.5 nm") if found else text)
        here("run", "--dataset", "one.csv", "--pipelines", "grid.json", "-C", "ws", "--jobs", "1", check=0)
        found.append(here("catalog", "best", "one", "--one-se", "-n", "99", "-C", "ws", "--json", check=0).out)
    said, *rows = map(json.loads, found[1].splitlines())
    assert said["within"] == len(rows) > 1
    assert len({row["dataset_id"] for row in rows}) == 1
    everything = here("catalog", "list", "--json", "-C", "ws", check=0).out.splitlines()
    assert len({json.loads(line)["dataset_id"] for line in everything}) == 2
