"""Pictures of whole runs: the course of a parameter, figures by preprocessing, the map of models."""

import dataclasses
import json

import pytest
from predicting import gasoline, mayonnaise
from seeing import group, texts
from workspaces import PLS

from nws import Workspace
from nws.dataset import ReadOptions
from nws.ids import ObjectId
from nws.pipeline import Pipeline
from nws.report import style
from nws.report.course import course
from nws.report.overview import Score, Scores, models
from nws.report.pictures import draw_run
from nws.report.whole import best_course, rows_by_target, scores

SNV = "chemotools.scatter.StandardNormalVariate"
GRID = [
    {"_or_": [None, SNV]},
    {"model": {"class": PLS}, "_range_": [1, 6], "param": "n_components"},
    {"model": {"class": "sklearn.linear_model.Ridge"}, "_or_": [0.0001, 0.01, 1.0], "param": "alpha"},
]
CLASSES = [
    {"_or_": [None, SNV]},
    {"model": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"},
    {"model": "sklearn.neighbors.KNeighborsClassifier"},
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("été 2")
    workspace, _ = Workspace.init(root)
    workspace.datasets.add("gas", [gasoline(root)], ReadOptions(test_rows="51-60", target=("octane",)))
    options = ReadOptions(target=("oil.type",), partition="train", task="classification")
    workspace.datasets.add("oil", [mayonnaise(root)], options)
    for data, grid in (("gas", GRID), ("oil", CLASSES)):
        (root / f"{data}.json").write_text(json.dumps(grid), encoding="utf-8")
        workspace.run(data, root / f"{data}.json")
    return workspace


def run_on(workspace, data):
    return next(run for run in workspace.runs.list() if run.name.endswith(data))


def loaded(workspace, row):
    return Pipeline.load(workspace.store, ObjectId(row["record"]), runs=workspace.runs.folder)


@pytest.fixture(scope="module")
def drawn(workspace):
    return {data: draw_run(workspace, run_on(workspace, data), form="svg") for data in ("gas", "oil")}


def test_the_course_has_every_value_of_the_family_of_the_best(workspace):
    (rows,) = rows_by_target(workspace, run_on(workspace, "gas")).values()
    found = best_course(workspace, rows)
    assert (found.parameter, found.metric) == ("n_components", "rmse")
    assert [point.value for point in found.points] == [1, 2, 3, 4, 5, 6]
    assert len({point.pipeline.record_id for point in found.points}) == 6
    figures = [point.figure("val") for point in found.points]
    assert found.best.figure("val") == min(figures) == rows[0]["val_score"]
    assert found.limit == pytest.approx(min(figures) + found.best.error)
    assert found.simplest.value == next(
        point.value for point, figure in zip(found.points, figures, strict=True) if figure <= found.limit
    )


def variant(pipeline, without=(), **params):
    """Return a pipeline as if its model had other parameters; its figures are the same."""
    *before, model = pipeline.record.steps
    given = {name: value for name, value in (model["params"] | params).items() if name not in without}
    record = dataclasses.replace(pipeline.record, steps=[*before, {**model, "params": given}])
    return dataclasses.replace(pipeline, record=record)


def first_of(workspace, model):
    (rows,) = rows_by_target(workspace, run_on(workspace, "gas")).values()
    return loaded(workspace, next(row for row in rows if row["model_type"] == model))


def test_a_value_that_is_not_said_is_the_default(workspace):
    pls = first_of(workspace, "PLSRegression")
    several = [variant(pls, n_components=count) for count in (1, 9)]
    found = course(several[0], [several[1], variant(pls, without=["n_components"])])
    assert [point.value for point in found.points] == [1, 2, 9]


def test_what_differs_in_two_parameters_is_on_no_course(workspace):
    pls = first_of(workspace, "PLSRegression")
    apart = [variant(pls, n_components=count, scale=False) for count in (20, 21, 22)]
    assert course(variant(pls, n_components=1), apart) is None
    words = [variant(pls, n_components=word) for word in ("mle", True, None)]
    assert course(variant(pls, n_components=1), words) is None


@pytest.mark.parametrize(("model", "param", "simplest"), [("PLSRegression", "n_components", 1), ("Ridge", "alpha", 9)])
def test_of_equal_figures_the_simplest_is_chosen(workspace, model, param, simplest):
    several = [variant(first_of(workspace, model), **{param: value}) for value in (4, 9, 1)]
    found = course(several[0], several[1:])
    assert [point.value for point in found.points] == [1, 4, 9]
    assert found.simplest.value == simplest


@pytest.mark.parametrize(("metric", "first"), [("rmse", 1.0), ("r2", 3.0)])
def test_figures_are_sorted_best_first(metric, first):
    told = [("a", 2.0), ("b", 3.0), ("b", 1.0)]
    figures = [Score(preprocessing=name, model="Ridge", value=value) for name, value in told]
    groups = Scores(title="", target="y", metric=metric, scores=figures).by_preprocessing()
    assert groups == {"b": [first, 4.0 - first], "a": [2.0]}
    assert list(groups) == ["b", "a"]


def test_a_larger_penalty_is_simpler(workspace):
    (rows,) = rows_by_target(workspace, run_on(workspace, "gas")).values()
    ridges = [row for row in rows if row["model_type"] == "Ridge" and row["preprocessing"] == "none"]
    first, *others = (loaded(workspace, row) for row in ridges)
    found = course(first, others)
    assert [point.value for point in found.points] == [0.0001, 0.01, 1.0]
    within = [point.value for point in found.points if point.figure("val") <= found.limit]
    assert found.simplest.value == max(within)


def test_pipelines_that_differ_in_more_are_on_no_course(workspace):
    (rows,) = rows_by_target(workspace, run_on(workspace, "gas")).values()
    several = [loaded(workspace, row) for row in rows]
    best = several[0]
    apart = [one for one in several if len(one.record.steps) != len(best.record.steps)]
    assert apart
    assert course(best, apart) is None
    assert course(best, []) is None


def test_the_picture_says_which_is_best(workspace, drawn):
    (rows,) = rows_by_target(workspace, run_on(workspace, "gas")).values()
    found = best_course(workspace, rows)
    told = set(texts(drawn["gas"]["chart_components.svg"]))
    assert {"number of components", "RMSE of octane", "RMSEC", "RMSECV ± standard error", "RMSEP"} <= told
    assert {f"best: {found.best.value:g}", f"simplest within 1 standard error: {found.simplest.value:g}"} <= told


def test_figures_by_preprocessing_are_sorted_by_the_best(workspace, drawn):
    (rows,) = rows_by_target(workspace, run_on(workspace, "gas")).values()
    order = list(dict.fromkeys(row["preprocessing"] for row in rows))
    told = texts(drawn["gas"]["chart_metrics_by_preprocessing.svg"])
    names = {"none": "none", "StandardNormalVariate": "SNV"}
    assert [text for text in told if text in names.values()] == [names[name] for name in order]
    assert told.count("n = 9") == 2
    assert "RMSECV of octane" in told


def test_the_map_has_the_best_of_each(workspace, drawn):
    (rows,) = rows_by_target(workspace, run_on(workspace, "gas")).values()
    told = texts(drawn["gas"]["chart_model_preprocessing.svg"])
    for model in ("PLSRegression", "Ridge"):
        for chain in ("none", "StandardNormalVariate"):
            best = min(row["val_score"] for row in rows if (row["model_type"], row["preprocessing"]) == (model, chain))
            assert f"{best:.3f}" in told
    assert {"PLS", "Ridge", "RMSECV of octane", "(darker: better)"} <= set(told)


def test_of_classes_the_largest_figure_is_the_best(workspace, drawn):
    assert set(drawn["oil"]) == {"chart_metrics_by_preprocessing.svg", "chart_model_preprocessing.svg"}
    (rows,) = rows_by_target(workspace, run_on(workspace, "oil")).values()
    assert rows[0]["val_score"] == max(row["val_score"] for row in rows)
    told = texts(drawn["oil"]["chart_model_preprocessing.svg"])
    assert f"{rows[0]['val_score']:.3f}" in told


def lightness(figures):
    """Return how light each cell of the map is, and its figure."""
    with style.applied():
        (image,) = models(figures).axes[0].images
    values = image.get_array()
    return image.to_rgba(values)[..., :3] @ [0.2126, 0.7152, 0.0722], values


@pytest.mark.parametrize("data", ["gas", "oil"])
def test_dark_is_good(workspace, data):
    run = run_on(workspace, data)
    (rows,) = rows_by_target(workspace, run).values()
    light, values = lightness(scores(run, rows))
    best, worst = (values.argmin(), values.argmax()) if data == "gas" else (values.argmax(), values.argmin())
    assert light.flat[best] < 0.3 < 0.6 < light.flat[worst]


@pytest.mark.parametrize("metric", ["rmse", "r2", "bias"])
def test_where_all_are_equal_all_are_dark(metric):
    alike = [Score(preprocessing=name, model="Ridge", value=0.0) for name in ("none", "SNV")]
    light, _ = lightness(Scores(title="", target="y", metric=metric, scores=alike))
    assert light.max() < 0.3


def test_a_bias_of_nothing_is_the_best():
    figures = zip(("a", "b", "c", "d"), (-3.0, 0.01, 2.0, -1.0), strict=True)
    told = [Score(preprocessing=name, model="Ridge", value=value) for name, value in figures]
    light, _ = lightness(Scores(title="", target="y", metric="bias", scores=told))
    assert light.argsort(axis=None).tolist() == [0, 1, 2, 3]
    assert light[0, 0] < 0.3


def test_a_reason_is_told_where_there_is_no_course(workspace):
    told = {}
    draw_run(workspace, run_on(workspace, "oil"), left_out=told.__setitem__)
    assert told == {"chart_components": "too few pipelines differ in one parameter only"}


def test_equal_runs_give_equal_bytes(workspace, drawn):
    assert draw_run(workspace, run_on(workspace, "gas"), form="svg") == drawn["gas"]


def test_several_targets_have_pictures_each(tmp_path):
    rows = ["a b,c/d,1 nm,2 nm,3 nm", *(f"{at},{-at},{at % 7},{at % 3},{at % 5}" for at in range(20))]
    (tmp_path / "data.csv").write_text("\n".join(rows), encoding="utf-8")
    steps = [{"model": {"class": "sklearn.linear_model.Ridge"}, "_or_": [0.1, 1.0, 10.0], "param": "alpha"}]
    (tmp_path / "grid.json").write_text(json.dumps(steps), encoding="utf-8")
    workspace, _ = Workspace.init(tmp_path / "w")
    workspace.datasets.add("data", [tmp_path / "data.csv"], ReadOptions(target=("a b", "c/d")))
    workspace.run("data", tmp_path / "grid.json")
    (run,) = workspace.runs.list()
    found = draw_run(workspace, run, form="svg")
    assert {"chart_components_a_b.svg", "chart_components_c_d.svg"} < set(found)
    assert len(found) == 6
    assert "RMSE of c/d" in texts(found["chart_components_c_d.svg"])
    assert group(found["chart_model_preprocessing_a_b.svg"], "models") is not None
