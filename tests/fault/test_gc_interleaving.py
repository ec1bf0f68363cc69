"""Collecting, step by step: writers, readers and other collectors stopped before each call of the system.

What runs is the code that users run; every order of the calls of two actors is gone through, not those that luck finds.
"""

import itertools

import pytest
import stage
from collecting import DAY, HOUR, age, doomed, new, publish, reached
from orders import calls, in_order, orders, stop_at_times

from nws import fsio
from nws.errors import UnknownName
from nws.store import ObjectStore
from nws.upkeep.gc import gc

DATA = b"known, needed by nobody, and old"


@pytest.fixture(autouse=True)
def stops(monkeypatch):
    stop_at_times(monkeypatch)


def old_object(root):
    store = ObjectStore(root)
    oid = store.put(DATA)
    age(root)
    return store, oid


def remove(store, oid, before):
    store.removal.doom(oid)
    return store.removal.remove(oid, before=before)


def test_a_writer_that_adds_an_object_while_it_is_removed_has_it_in_the_end(tmp_path):
    root = tmp_path / "scratch"
    store, oid = old_object(root)
    before = fsio.clock(root)
    writing = calls(root, lambda: store.put(DATA))
    age(root)
    removing = calls(root, lambda: remove(store, oid, before))
    assert writing == 3
    assert removing == 3
    outcomes = set()
    # Three more: when the writer finds that it must write after all, there is more to come between.
    for place, order in enumerate(orders(writing + 3, removing)):
        root = tmp_path / str(place)
        store, oid = old_object(root)
        in_order(root, [lambda s=store: s.put(DATA), lambda s=store, o=oid: remove(s, o, before)], order)
        assert ObjectStore(root).get(oid) == DATA, order
        assert list(store.list()) == [oid], order
        assert not doomed(store)
        outcomes.add(len(list(root.rglob("*.zst"))))
    assert outcomes == {1}


def test_a_reader_finds_an_object_that_is_doomed_and_spared_meanwhile(tmp_path):
    def spare(store, oid):
        store.removal.doom(oid)
        store.removal.spare([oid])

    store, oid = old_object(tmp_path / "scratch")
    store.removal.doom(oid)
    reading = calls(store.root, lambda: store.get(oid))
    store.removal.spare([oid])
    sparing = calls(store.root, lambda: spare(store, oid))
    assert reading > 2
    assert sparing > 2
    for order in orders(reading, sparing):
        assert in_order(store.root, [lambda: store.get(oid), lambda: spare(store, oid)], order)[0] == DATA, order
        assert list(store.list()) == [oid]


def test_two_collectors_of_one_object_do_not_trip_over_each_other(tmp_path):
    store, oid = old_object(tmp_path / "scratch")
    before = fsio.clock(store.root)
    steps = calls(store.root, lambda: remove(store, oid, before))
    for order in orders(steps, steps):
        store.put(DATA)
        age(store.root)
        in_order(store.root, [lambda: remove(store, oid, before), lambda: remove(store, oid, before)], order)
        with pytest.raises(UnknownName):
            store.get(oid)
        assert not doomed(store)


@pytest.mark.parametrize("locks", [True, False])
@pytest.mark.parametrize("first", [0, 1])
def test_a_pipeline_published_while_a_collector_is_at_work_is_whole(tmp_path, monkeypatch, first, locks):
    """One of the two is stopped before each of its calls, and the other comes and goes in its place."""
    if not locks:
        monkeypatch.setattr(fsio, "_acquire", lambda *_, **__: True)
    places = itertools.count()
    for stop in places:
        root = tmp_path / str(stop)
        workspace = new(root)
        run = workspace.runs.create(DAY, "wheat")
        before = publish(run, b"kept")
        workspace.store.put(DATA)
        workspace.store.put(b"garbage")
        age(root)
        works = [lambda r=run: publish(r, DATA, number=2), lambda w=workspace: gc(w, grace=HOUR)]
        actors = stage.play(root, works, [(first, stop), (1 - first, None)])
        if actors is None:
            break
        for oid in reached(before) | reached(actors[0].result):
            workspace.store.verify(oid)
        assert reached(before) | reached(actors[0].result) <= set(workspace.store.list())
        assert not workspace.store.has(ObjectStore(root / "other").put(b"garbage"))
        assert not doomed(workspace.store)
    assert next(places) > 25
