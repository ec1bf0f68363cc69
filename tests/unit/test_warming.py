"""While workers load their libraries, small and quick grids are begun in the process that waits for them."""

import concurrent.futures
import dataclasses
import threading

import numpy as np
import pytest
from fitting import PLS, RIDGE, SNV, made_up, model
from threadpoolctl import threadpool_limits

from nws.engine import warming
from nws.engine.fit import fit
from nws.engine.local import LocalExecutor
from nws.engine.warming import Warming, is_quick

FOREST = "sklearn.ensemble.RandomForestRegressor"


class Slow:
    """A context whose first process starts when it is told to."""

    def __init__(self):
        self.ready = threading.Event()

    def Process(self, target):
        assert target() is None
        return self

    def start(self):
        self.ready.wait(30)

    def join(self):
        pass


@pytest.fixture
def slow():
    context = Slow()
    yield context
    context.ready.set()


@pytest.fixture
def no_workers(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a worker was asked for")

    monkeypatch.setattr(concurrent.futures, "ProcessPoolExecutor", refuse)


def told(outcomes):
    return sorted((outcome.task.position, outcome.files, outcome.artifacts) for outcome in outcomes)


def test_warming_goes_on_until_a_first_process_was_there(slow):
    waiting = Warming(slow)
    assert waiting.goes_on()
    slow.ready.set()
    waiting._thread.join(30)
    assert not waiting.goes_on()


@pytest.mark.usefixtures("no_workers")
def test_a_small_grid_is_done_before_workers_are_there(tmp_path, slow):
    bench = made_up(tmp_path, partition=["train"] * 20 + ["test"] * 4)
    tasks = bench.tasks([{"_or_": [None, SNV]}, {"_or_": [model(RIDGE), model(PLS, n_components=2)]}])
    with threadpool_limits(1):
        expected = told(fit(tasks, bench.store))
    executor = LocalExecutor(bench.store, jobs=2)
    executor._warming = Warming(slow)
    assert told(executor.map(tasks)) == expected


def test_what_may_take_long_waits_for_workers(tmp_path, slow, monkeypatch):
    bench = made_up(tmp_path)
    executor = LocalExecutor(bench.store, jobs=2)
    executor._warming = Warming(slow)
    monkeypatch.setattr(executor, "_here", None)
    outcomes = executor.map(bench.tasks([{"_or_": [model(RIDGE), model(FOREST, n_estimators=2)]}], cv="kfold:2"))
    assert {outcome.status for outcome in outcomes} == {"completed"}


@pytest.mark.parametrize(
    ("steps", "quick"),
    [
        ([SNV, model(PLS)], True),
        (["sklearn.preprocessing.StandardScaler", "sklearn.model_selection.KFold", model(RIDGE)], True),
        ([model("sklearn.linear_model.Lasso")], False),
        ([{"_or_": [model(RIDGE), model(FOREST)]}], False),
        (["sklearn.feature_selection.SelectKBest", model(RIDGE)], False),
    ],
)
def test_quick_models_are_those_that_solve_a_few_equations(tmp_path, steps, quick):
    bench = made_up(tmp_path)
    assert is_quick(bench.tasks(steps), [bench.dataset]) is quick


def test_large_spectra_are_not_quick(tmp_path):
    bench = made_up(tmp_path)
    large = dataclasses.replace(bench.dataset, spectra=np.ones((warming.SMALL // 8 + 1, 8)))
    assert not is_quick(bench.tasks([model(RIDGE)]), [bench.dataset, large])
