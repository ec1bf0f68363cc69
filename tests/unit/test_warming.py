"""While workers load their libraries, small and quick grids are begun in the process that waits for them."""

import concurrent.futures
import dataclasses
import math
import threading

import pytest
from fitting import PLS, RIDGE, SNV, made_up, model
from threadpoolctl import threadpool_limits

from nws.engine import local
from nws.engine.fit import fit
from nws.engine.local import LocalExecutor
from nws.engine.warming import Warming, volume

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


@pytest.fixture
def grid(tmp_path):
    bench = made_up(tmp_path, partition=["train"] * 20 + ["test"] * 4)
    return bench, bench.tasks([{"_or_": [None, SNV]}, {"_or_": [model(RIDGE), model(PLS, n_components=2)]}])


@pytest.mark.usefixtures("no_workers")
def test_a_small_grid_is_done_before_workers_are_there(grid, slow, monkeypatch):
    bench, tasks = grid
    with threadpool_limits(1):
        expected = told(fit(tasks, bench.store))
    monkeypatch.setattr(local, "SHORT", 0)
    monkeypatch.setattr(local, "server", lambda: slow)
    assert told(LocalExecutor(bench.store, jobs=2).map(tasks)) == expected


@pytest.mark.usefixtures("no_workers")
def test_for_moments_of_work_no_libraries_are_loaded(grid, monkeypatch):
    bench, tasks = grid
    monkeypatch.setattr(local, "server", None)
    assert len(list(LocalExecutor(bench.store, jobs=2).map(tasks))) == 4


def test_what_is_left_when_workers_are_ready_is_theirs(grid, slow, monkeypatch):
    bench, tasks = grid
    slow.ready.set()
    monkeypatch.setattr(local, "SHORT", 0)
    executor = LocalExecutor(bench.store, jobs=2)
    executor._warming = Warming(slow)
    executor._warming._thread.join(30)
    given = []

    def run(waiting, *_, **__):
        given.extend(task for family in waiting for task in family)
        waiting.clear()
        yield from ()

    monkeypatch.setattr(executor, "_run", run)
    monkeypatch.setattr(local, "share", lambda *_: None)
    here = [outcome.task.position for outcome in executor.map(tasks)]
    assert here
    assert given
    assert sorted([*here, *(task.position for task in given)]) == [0, 1, 2, 3]


def test_much_work_has_libraries_loaded_at_once(grid, slow, monkeypatch):
    bench, tasks = grid
    asked = []
    monkeypatch.setattr(local, "MANY", 1)
    monkeypatch.setattr(local, "server", lambda: asked.append(slow) or slow)
    next(LocalExecutor(bench.store, jobs=2).map(tasks))
    assert asked


def test_what_may_take_long_waits_for_workers(tmp_path, monkeypatch):
    bench = made_up(tmp_path)
    executor = LocalExecutor(bench.store, jobs=2)
    monkeypatch.setattr(executor, "_here", None)
    outcomes = executor.map(bench.tasks([{"_or_": [model(RIDGE), model(FOREST, n_estimators=2)]}], cv="kfold:2"))
    assert {outcome.status for outcome in outcomes} == {"completed"}


@pytest.mark.parametrize(
    ("steps", "cv", "folds"),
    [
        ([SNV, model(PLS)], "kfold:3", 3),
        ([model(PLS)], "kfold:3x4", 12),
        ([model(PLS)], "loo", 24),
        (["sklearn.preprocessing.StandardScaler", "sklearn.model_selection.KFold", model(RIDGE)], "loo", 5),
        (["sklearn.model_selection.LeaveOneOut", model(RIDGE)], "auto", 24),
        (["sklearn.model_selection.LeaveOneGroupOut", model(RIDGE)], "auto", math.inf),
        ([model("sklearn.linear_model.Lasso")], "auto", math.inf),
        ([model(FOREST)], "auto", math.inf),
        (["sklearn.feature_selection.SelectKBest", model(RIDGE)], "auto", math.inf),
    ],
)
def test_the_volume_counts_values_in_each_fold(tmp_path, steps, cv, folds):
    bench = made_up(tmp_path)
    (task,) = bench.tasks(steps, cv=cv)
    assert volume(task, bench.dataset) == bench.dataset.spectra.size * folds


def test_the_volume_counts_the_folds_of_a_test_too(tmp_path):
    bench = made_up(tmp_path)
    (task,) = bench.tasks([model(PLS)], cv="kfold:3")
    assert volume(dataclasses.replace(task, test="kfold:4"), bench.dataset) == bench.dataset.spectra.size * 12
