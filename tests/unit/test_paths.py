"""Models on one path: one fit for all of them, and nothing in their outcomes can tell."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from fitting import PLS, RIDGE, SNV, Bench, gasoline, made_up, mayonnaise, model
from threadpoolctl import threadpool_limits

from nws.engine import artifacts, chain
from nws.engine.fit import fit
from nws.engine.steps import build
from nws.ids import ObjectId

PCA = "sklearn.decomposition.PCA"
LINEAR = "sklearn.linear_model.LinearRegression"
TREES = ("GradientBoosting", "RandomForest", "ExtraTrees")


def along(path, param, values, **params):
    return {"model": {"class": path, "params": params}, "_or_": values, "param": param}


def forest(name, **params):
    return along(f"sklearn.ensemble.{name}", "n_estimators", [2, 7, 12], max_features=0.1, **params)


COMPONENTS = [1, 2, 5, 9, 14]
PENALTIES = [1e-5, 1e-3, 0.1, 1.0]
REGRESSION = {
    "pls": [{"_or_": [None, SNV]}, along(PLS, "n_components", COMPONENTS, scale=False)],
    "pls scaled": [along(PLS, "n_components", COMPONENTS)],
    "pls in place": [{"_or_": [along(PLS, "n_components", COMPONENTS, copy=False), model(RIDGE)]}],
    "pca": [{"class": PCA, "params": {"n_components": {"_or_": COMPONENTS}}}, model(LINEAR)],
    "pca whitened": [{"class": PCA, "params": {"n_components": {"_or_": COMPONENTS}, "whiten": True}}, model(LINEAR)],
    "ridge": [along(RIDGE, "alpha", PENALTIES)],
    "ridge by decomposition": [along(RIDGE, "alpha", PENALTIES, solver="svd")],
    "ridge through the origin": [along(RIDGE, "alpha", PENALTIES, fit_intercept=False)],
    "pca and ridge": [{"class": PCA, "params": {"n_components": {"_or_": [2, 4]}}}, along(RIDGE, "alpha", PENALTIES)],
    **{name: [forest(f"{name}Regressor")] for name in TREES},
}
# Both write to the values they are given.
IN_PLACE = [
    {"_or_": [{"preprocessing": {"class": PLS, "params": {"n_components": 5, "copy": False}}}, None]},
    {"_or_": [along(RIDGE, "alpha", PENALTIES), along(PLS, "n_components", [1, 2], copy=False)]},
]
CLASSIFICATION = {name: [forest(f"{name}Classifier")] for name in TREES}


@pytest.fixture(autouse=True)
def fresh():
    chain._memo.clear()
    yield
    chain._memo.clear()


@pytest.fixture(scope="module")
def octane(tmp_path_factory):
    return gasoline(tmp_path_factory.mktemp("gasoline"))


@pytest.fixture(scope="module")
def oils(tmp_path_factory):
    return mayonnaise(tmp_path_factory.mktemp("mayonnaise"))


def told(outcome):
    kept = dataclasses.asdict(outcome)
    for name in ("created_at", "completed_at", "duration_seconds"):
        del kept[name]
    return kept


def alone(bench, steps, **options):
    """The outcomes of the same pipelines when each has a process of its own."""
    outcomes = []
    with threadpool_limits(1):
        for task in bench.tasks(steps, **options):
            chain._memo.clear()
            outcomes += fit([task], bench.store)
    return outcomes


def check_equal(bench, steps, **options):
    shared = bench.run(steps, **options)
    assert len(shared) > 2
    assert {outcome.status for outcome in shared} == {"completed"}, [outcome.error for outcome in shared]
    for one, other in zip(shared, alone(bench, steps, **options), strict=True):
        assert told(one) == told(other)


@pytest.mark.parametrize("steps", [*REGRESSION.values(), IN_PLACE], ids=[*REGRESSION, "in place"])
def test_a_shared_fit_is_invisible(octane, steps):
    check_equal(octane, steps, cv="kfold:3")


@pytest.mark.parametrize("steps", CLASSIFICATION.values(), ids=CLASSIFICATION)
def test_a_shared_fit_of_classes_is_invisible(oils, steps):
    check_equal(oils, steps, cv="kfold:3")


def test_components_of_many_samples_come_from_their_covariance(tmp_path):
    bench = made_up(tmp_path, samples=120, features=8)
    steps = [{"class": PCA, "params": {"n_components": {"_or_": [1, 3, 8]}}}, model(LINEAR)]
    check_equal(bench, steps, cv="kfold:3")


@pytest.mark.parametrize("steps", REGRESSION.values(), ids=REGRESSION)
def test_models_equal_those_of_scikit_learn(octane, steps):
    rows = octane.dataset.spectra[:50]
    values = np.array(octane.dataset.targets[0].values[:50])
    for outcome in octane.run(steps, cv="kfold:2"):
        specs = [spec for spec in outcome.task.config.steps if spec.kind in {"transform", "model"}]
        spectra, expected = rows, rows
        for spec, artifact in zip(specs, outcome.artifacts, strict=True):
            ours = artifacts.load(octane.store.get(ObjectId(artifact["object"])))
            theirs = build(spec, seed=0)
            fitted = theirs.fit(expected.copy(), values.copy())
            check_state(vars(ours), vars(fitted))
            if spec.kind == "transform":
                expected, spectra = fitted.transform(expected.copy()), ours.transform(spectra.copy())
            else:
                predicted = ours.predict(spectra.copy()).ravel()
                np.testing.assert_allclose(predicted, fitted.predict(expected.copy()).ravel(), rtol=1e-9)


def check_state(ours, theirs):
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        if isinstance(value, np.ndarray | float) and np.asarray(value).dtype.kind == "f":
            np.testing.assert_allclose(ours[name], value, rtol=1e-7, atol=1e-9, err_msg=name)
        elif isinstance(value, int | str | None):
            assert ours[name] == value, name


def counted(monkeypatch, kind, method="fit"):
    """Count how often estimators of a class of scikit-learn are fitted, by the parameter that is asked for."""
    calls = []
    plain = getattr(kind, method)

    def fitted(self, *args, **kwargs):
        calls.append((len(args[0]), self.get_params(deep=False)))
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(kind, method, fitted)
    return calls


def test_twenty_numbers_of_components_cost_one_fit_per_fold(octane, monkeypatch):
    from sklearn.cross_decomposition import PLSRegression

    calls = counted(monkeypatch, PLSRegression)
    outcomes = octane.run([{"_or_": [None, SNV]}, along(PLS, "n_components", list(range(1, 21)))], cv="kfold:5")
    assert len(outcomes) == 40
    assert [params["n_components"] for _, params in calls] == [20] * 12
    assert Counter(samples for samples, _ in calls) == {40: 10, 50: 2}


def test_principal_components_are_found_once_per_fold(octane, monkeypatch):
    from sklearn.decomposition import PCA as Components

    calls = counted(monkeypatch, Components, "fit_transform")
    octane.run([{"class": PCA, "params": {"n_components": {"_range_": [1, 20]}}}, model(LINEAR)], cv="kfold:5")
    assert [params["n_components"] for _, params in calls] == [None] * 6


def test_penalties_cost_one_fit_per_fold(octane, monkeypatch):
    from sklearn.linear_model import Ridge

    calls = counted(monkeypatch, Ridge)
    octane.run([along(RIDGE, "alpha", PENALTIES)], cv="kfold:5")
    assert [params["alpha"] for _, params in calls] == [PENALTIES[0]] * 6


@pytest.mark.parametrize("name", TREES)
def test_an_ensemble_grows(octane, monkeypatch, name):
    from sklearn import ensemble

    calls = counted(monkeypatch, getattr(ensemble, f"{name}Regressor"))
    octane.run([forest(f"{name}Regressor")], cv="kfold:2")
    assert [(params["n_estimators"], params["warm_start"]) for _, params in calls] == [
        (2, False),
        (7, True),
        (12, True),
    ] * 3


def test_what_an_ensemble_draws_does_not_depend_on_how_large_it_becomes(octane):
    small, _, large = octane.run([forest("RandomForestRegressor")], cv="kfold:2")
    held = [artifacts.load(octane.store.get(ObjectId(item.artifacts[0]["object"]))) for item in (small, large)]
    assert held[0].random_state == held[1].random_state
    assert [tree.tree_.node_count for tree in held[1].estimators_][:2] == [
        tree.tree_.node_count for tree in held[0].estimators_
    ]


@pytest.mark.parametrize("params", [{"n_iter_no_change": 3}, {"warm_start": True}])
def test_an_ensemble_that_may_stop_early_is_fitted_by_itself(octane, monkeypatch, params):
    from sklearn.ensemble import GradientBoostingRegressor

    calls = counted(monkeypatch, GradientBoostingRegressor)
    octane.run([forest("GradientBoostingRegressor", **params)], cv="kfold:2")
    assert [asked["n_estimators"] for _, asked in calls] == [2, 7, 12] * 3
    assert {asked["warm_start"] for _, asked in calls} == {"warm_start" in params}


def test_too_many_components_fail_alone(octane, monkeypatch):
    from sklearn.cross_decomposition import PLSRegression

    steps = [along(PLS, "n_components", [3, 30, 34, 40, 60])]
    calls = counted(monkeypatch, PLSRegression)
    outcomes = octane.run(steps, cv="kfold:3")
    assert Counter(params["n_components"] for _, params in calls) == {30: 4, 34: 2, 40: 1, 60: 1}
    assert [outcome.status for outcome in outcomes] == ["completed"] * 2 + ["failed"] * 3
    assert "upper bound" in outcomes[-1].error["message"]
    assert [told(outcome) for outcome in outcomes] == [told(outcome) for outcome in alone(octane, steps, cv="kfold:3")]


def test_a_warning_belongs_to_the_pipelines_that_it_concerns(tmp_path):
    amounts = np.arange(1.0, 13.0)
    plain = made_up(tmp_path, samples=12, values=amounts.tolist()).dataset
    # One substance alone, so that nothing is left for a second component.
    bench = Bench(tmp_path, dataclasses.replace(plain, spectra=np.outer(amounts, np.ones(plain.features))))
    steps = [along(PLS, "n_components", [1, 2, 3], scale=False)]
    shared, apart = bench.run(steps, cv="kfold:3"), alone(bench, steps, cv="kfold:3")
    assert [bool(outcome.warnings) for outcome in apart] == [False, True, True]
    assert [told(outcome) for outcome in shared] == [told(outcome) for outcome in apart]


def test_a_failing_neighbour_changes_nothing(octane, monkeypatch):
    from sklearn.cross_decomposition import PLSRegression

    failing = model("sklearn.linear_model.QuantileRegressor", quantile=0.5, solver="interior-point")
    steps = [{"_or_": [along(PLS, "n_components", [1, 2, 3]), failing, model(RIDGE)]}]
    calls = counted(monkeypatch, PLSRegression)
    shared = octane.run(steps, cv="kfold:3")
    assert sorted(outcome.status for outcome in shared).count("failed") == 1
    assert len(calls) == 4
    assert [told(outcome) for outcome in shared] == [told(outcome) for outcome in alone(octane, steps, cv="kfold:3")]


def test_artifacts_of_one_path_are_stored_together(tmp_path):
    bench = gasoline(tmp_path)
    steps = [{"_or_": [None, SNV]}, along(PLS, "n_components", list(range(1, 21)), scale=False)]
    outcomes = bench.run(steps, cv="kfold:3")
    models = [outcome.artifacts[-1] for outcome in outcomes]
    plain = sum(item["size_bytes"] for item in models)
    stored = sum(bench.store.info(ObjectId(item["object"])).stored for item in models)
    assert stored < plain / 3
    assert len(list(bench.store.root.glob("packs/*.pack"))) <= 2
    for item in models:
        assert artifacts.load(bench.store.get(ObjectId(item["object"]))).n_components in range(1, 21)


def test_a_family_larger_than_its_room_in_memory_is_stored_in_parts(octane, monkeypatch):
    from nws.engine import fit as room

    monkeypatch.setattr(room, "ROOM", 100_000)
    check_equal(octane, [along(PLS, "n_components", COMPONENTS, scale=False)], cv="kfold:3")
