"""The order of models of one class, from the steps of a record."""

import math

import pytest

from nws.engine.complexity import complexity

PLS = "sklearn.cross_decomposition.PLSRegression"


def step(path, operator="model", **params):
    return {"step": "1", "operator": operator, "class": path, "params": params}


def transform(path, **params):
    return step(path, "transform", **params)


@pytest.mark.parametrize(
    ("path", "simple", "complicated", "words"),
    [
        (PLS, {"n_components": 1}, {"n_components": 3}, "fewest n_components"),
        (PLS, {}, {"n_components": 3}, "fewest n_components"),
        (PLS, {"n_components": 1}, {"scale": False}, "fewest n_components"),
        ("other.package.SparsePLS", {"n_components": 1}, {"n_components": 2}, "fewest n_components"),
        ("sklearn.linear_model.Ridge", {"alpha": 10.0}, {"alpha": 2.0}, "largest alpha"),
        ("sklearn.linear_model.Ridge", {"alpha": 1.5}, {}, "largest alpha"),
        ("sklearn.svm.SVR", {"C": 0.5}, {"gamma": "auto"}, "smallest C"),
        ("sklearn.neighbors.KNeighborsClassifier", {"n_neighbors": 9}, {}, "largest n_neighbors"),
        ("sklearn.tree.DecisionTreeRegressor", {"max_depth": 4}, {}, "smallest max_depth"),
        ("sklearn.ensemble.GradientBoostingRegressor", {"n_estimators": 20}, {}, "fewest n_estimators"),
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 20}, {}, "fewest max_iter"),
    ],
)
def test_models_of_one_class_have_an_order(path, simple, complicated, words):
    first, second = complexity([step(path, **simple)]), complexity([step(path, **complicated)])
    assert first.rank < second.rank
    assert first.family == second.family
    assert str(first.order) == words


def test_components_count_where_they_are_made():
    linear = step("sklearn.linear_model.LinearRegression")
    pcr = complexity([transform("sklearn.decomposition.PCA", n_components=3), transform("a.Scaler"), linear])
    assert (pcr.value, pcr.transforms) == (3, 2)
    assert str(pcr.order) == "fewest n_components"
    assert pcr.family != complexity([linear]).family
    assert complexity([linear]).order is None
    # Those of the model itself are what is left of those before it.
    both = complexity([transform("sklearn.decomposition.PCA", n_components=9), step(PLS, n_components=2)])
    assert both.value == 2
    assert both.family == complexity([step(PLS)]).family


def test_fewer_transforms_decide_where_nothing_else_does():
    forest = step("sklearn.ensemble.RandomForestRegressor", n_estimators=5)
    alone, after = complexity([forest]), complexity([transform("a.Scaler"), forest])
    assert alone.order is None
    assert alone.rank < after.rank
    assert complexity([step(PLS, n_components=3)]).rank > complexity([transform("a.Scaler"), step(PLS)]).rank


@pytest.mark.parametrize("said", [0.95, "mle", None, True])
def test_a_number_that_is_left_to_the_data_is_as_complex_as_can_be(said):
    found = complexity([transform("sklearn.decomposition.PCA", n_components=said), step("a.Linear")])
    assert found.value is None
    assert found.rank == (math.inf, 1)


def test_a_class_of_another_package_with_a_known_name_is_not_known():
    assert complexity([step("mine.Ridge", alpha=3.0)]).order is None


def test_a_record_without_a_model_is_no_error():
    assert complexity([]).rank == (0, 0)
