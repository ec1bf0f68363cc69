"""Instances of classes of other packages: seeds and threads that they leave open are filled in."""

import sys

import pytest
from threadpoolctl import ThreadpoolController

from nws.engine.instances import instantiate, preload

SOURCE = '''
from sklearn.base import BaseEstimator

class Plain(BaseEstimator):
    def __init__(self, depth=3, random_state=None, n_jobs=None):
        self.depth, self.random_state, self.n_jobs = depth, random_state, n_jobs

class Open:
    """As gradient boosting packages do: parameters that are in no signature."""
    def __init__(self, depth=3, **others):
        self.held = {"depth": depth, "random_state": None, "n_jobs": None, **others}
    def get_params(self, deep=True):
        return dict(self.held)
    def set_params(self, **given):
        self.held.update(given)
        return self

class Synonyms:
    """As catboost does: two names for a seed, threads of another name, and only what was given is told."""
    def __init__(self, random_seed=None, random_state=None, thread_count=None):
        self.held = {"random_seed": random_seed, "random_state": random_state, "thread_count": thread_count}
        if random_seed is not None and random_state is not None:
            raise ValueError("only one of the parameters random_seed, random_state should be initialized")
    def get_params(self, deep=True):
        return {name: value for name, value in self.held.items() if value is not None}
    def set_params(self, **given):
        self.held.update(given)
        return self

class Mute(BaseEstimator):
    """Its parameters cannot be read."""
    def __init__(self, depth=3, n_jobs=None):
        pass

class Splitter:
    def __init__(self, random_state=None, shuffle=False):
        self.random_state = random_state
    def split(self, X, y=None, groups=None):
        return []
    def get_params(self, deep=True):
        return {"random_state": self.random_state}
    def set_params(self, **given):
        raise AssertionError("a splitter is left alone")
'''


@pytest.fixture(autouse=True)
def _package(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "nwspkg_foreign.py").write_text(SOURCE)
    yield
    sys.modules.pop("nwspkg_foreign", None)


def made(name, **params):
    return instantiate(f"nwspkg_foreign.{name}", params, seed_of=lambda where: {"random_state": 7}.get(where, 9))


def test_what_is_open_is_filled_in():
    assert made("Plain").get_params() == {"depth": 3, "random_state": 7, "n_jobs": 1}
    assert made("Open", depth=5).held == {"depth": 5, "random_state": 7, "n_jobs": 1}
    assert made("Open", random_state=None, n_jobs=None).held == {"depth": 3, "random_state": 7, "n_jobs": 1}
    assert made("Synonyms").held == {"random_seed": None, "random_state": 7, "thread_count": 1}


def test_what_is_given_stays():
    assert made("Plain", n_jobs=2, random_state=0).get_params() == {"depth": 3, "random_state": 0, "n_jobs": 2}
    assert made("Open", n_jobs=-1, seed=3).held == {"depth": 3, "random_state": None, "n_jobs": -1, "seed": 3}
    assert made("Synonyms", random_seed=4).held == {"random_seed": 4, "random_state": None, "thread_count": 1}


def test_what_cannot_be_asked_is_left_alone():
    assert vars(made("Mute", depth=4)) == {}
    assert made("Splitter").random_state is None


def test_inside_parameters_too():
    params = {"estimator": {"class": "nwspkg_foreign.Plain", "params": {}}}
    inner = instantiate("sklearn.ensemble.BaggingRegressor", params, seed_of=len).estimator
    assert (inner.random_state, inner.n_jobs) == (len("estimator.random_state"), 1)


def test_scikit_learn_is_as_it_was():
    forest = instantiate("sklearn.ensemble.RandomForestRegressor", {}, seed_of=lambda _: 3)
    assert (forest.n_jobs, forest.random_state) == (None, 3)


def test_what_is_loaded_beforehand_can_be_limited():
    preload(["lightgbm.LGBMRegressor", "nwspkg_foreign.Plain", "nwspkg_that_is_missing.A", "nwspkg_foreign.Missing"])
    assert {"lightgbm", "nwspkg_foreign"} <= sys.modules.keys()
    with ThreadpoolController().limit(limits=1):
        assert {item["num_threads"] for item in ThreadpoolController().info()} == {1}
