"""Spectra lie in memory once, however many workers use them."""

import dataclasses
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fitting import PLS, RIDGE, SNV, made_up, model
from threadpoolctl import threadpool_limits

from nws.engine import samples, sharing
from nws.engine.fit import fit
from nws.engine.local import LocalExecutor

_held = []


def _hold(shared):
    _held.append(shared.dataset())


def _first():
    return float(_held[0].spectra[0, 0]), _held[0].sample_ids, _held[0].spectra.flags.writeable


@pytest.fixture
def small_is_worth_it(monkeypatch):
    monkeypatch.setattr(sharing, "WORTH", 1)


def test_what_is_small_is_not_shared(tmp_path):
    dataset = made_up(tmp_path).dataset
    assert sharing.share("id", dataset, multiprocessing.get_context()) is None


@pytest.mark.usefixtures("small_is_worth_it")
def test_a_worker_sees_the_memory_itself(tmp_path):
    dataset = made_up(tmp_path).dataset
    context = multiprocessing.get_context("forkserver")
    shared = sharing.share("id", dataset, context)
    with ProcessPoolExecutor(1, mp_context=context, initializer=_hold, initargs=(shared,)) as pool:
        assert pool.submit(_first).result() == (dataset.spectra[0, 0], dataset.sample_ids, False)
        sharing._array(shared.memory, shared.shape)[0, 0] = 42.0
        assert pool.submit(_first).result()[0] == 42.0
    assert dataset.spectra[0, 0] != 42.0


@pytest.mark.usefixtures("small_is_worth_it")
def test_the_memory_has_no_name(tmp_path):
    if not Path("/dev/shm").is_dir():
        pytest.skip("this system keeps shared memory elsewhere; Linux has /dev/shm")
    before = set(os.listdir("/dev/shm"))
    shared = sharing.share("id", made_up(tmp_path).dataset, multiprocessing.get_context())
    assert {name for name in set(os.listdir("/dev/shm")) - before if "loky" not in name} == set()
    assert shared.dataset().samples == 24


@pytest.mark.usefixtures("small_is_worth_it")
def test_outcomes_of_workers_that_share_are_those_of_one_process(tmp_path):
    bench = made_up(tmp_path, partition=["train"] * 20 + ["test"] * 4)
    # One of them is slow enough for workers.
    models = [model("sklearn.linear_model.Lasso"), model(PLS, n_components=2)]
    tasks = bench.tasks([{"_or_": [None, SNV]}, {"_or_": models}])
    with threadpool_limits(1):
        expected = list(fit(tasks, bench.store))
    found = list(LocalExecutor(bench.store, jobs=2).map(tasks))
    assert len(found) == 4
    assert _told(found) == _told(expected)


def test_a_dataset_that_is_remembered_is_not_read(tmp_path):
    bench = made_up(tmp_path)
    (task,) = bench.tasks([model(RIDGE)])
    samples._memo.clear()
    other = dataclasses.replace(bench.dataset, spectra=np.ones((24, 8)))
    samples.remember(bench.store, bench.id, other)
    assert samples.samples_of(task, bench.store).dataset is other
    samples._memo.clear()


def _told(outcomes):
    return sorted((outcome.task.position, outcome.files, outcome.artifacts) for outcome in outcomes)
