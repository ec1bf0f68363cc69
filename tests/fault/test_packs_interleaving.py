"""Packs, step by step: packers, readers and collectors stopped before each call of the system."""

import itertools
import shutil

import pytest
import stage
from collecting import DAY, HOUR, age, new, publish, reached
from families import family, files, only, put_group
from orders import calls, in_order, orders, stop_at_times, turns

from nws import fsio
from nws.errors import UnknownName
from nws.store import ObjectStore
from nws.upkeep.gc import gc

ITEMS = family(3, size=300)


@pytest.fixture(autouse=True)
def stops(monkeypatch):
    stop_at_times(monkeypatch)


@pytest.fixture
def old(tmp_path):
    """Return a function that makes a store with one old pack, again and again, and the time before which it is old."""
    mould = tmp_path / "mould"
    ids = put_group(ObjectStore(mould), ITEMS)
    before = fsio.clock(mould)
    age(mould)
    count = itertools.count()

    def make():
        root = tmp_path / f"store {next(count)}"
        shutil.copytree(mould, root)
        return ObjectStore(root)

    return make, ids, before


def whole(store, ids):
    again = ObjectStore(store.root)
    assert [again.get(oid) for oid in ids] == ITEMS
    assert list(again.list()) == sorted(ids)
    assert not list(store.root.rglob(".tmp-*"))


def remove(store, name, before):
    store.removal.packs.doom(name)
    store.removal.packs.remove(name, before=before)


def test_a_packer_that_adds_a_pack_while_it_is_removed_has_it_in_the_end(old):
    make, ids, before = old
    name = only(make(), ".pack").stem
    store = make()
    removing = calls(store.root, lambda: remove(store, name, before))
    packing = calls(store.root, lambda: put_group(store, ITEMS))
    known = make()
    knowing = calls(known.root, lambda: put_group(known, ITEMS))
    assert removing >= 6
    assert packing > knowing >= 6
    outcomes = set()
    for order in turns(packing, removing):
        store = make()
        works = [lambda s=store: put_group(s, ITEMS), lambda s=store: remove(ObjectStore(s.root), name, before)]
        assert in_order(store.root, works, order)[0] == ids
        whole(store, ids)
        outcomes.add(len(files(store, ".pack")))
    assert outcomes == {1}


@pytest.mark.slow
def test_a_packer_that_relies_on_a_pack_without_an_index_has_it_in_the_end(old):
    make, ids, _ = old

    def bare():
        store = make()
        only(store, ".idx").unlink()
        return store

    name = only(make(), ".pack").stem
    store = bare()
    packing = calls(store.root, lambda: put_group(store, ITEMS))
    store = bare()
    removing = calls(store.root, lambda: store.removal.packs.remove_bare(name))
    assert removing >= 4
    for order in turns(packing, removing + 4):
        store = bare()
        works = [lambda s=store: put_group(s, ITEMS), lambda s=store: s.removal.packs.remove_bare(name)]
        assert in_order(store.root, works, order)[0] == ids
        whole(store, ids)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["doomed and spared", "written anew and removed"])
def test_a_reader_finds_an_object_whose_pack_goes_meanwhile(old, what):
    make, ids, before = old
    name = only(make(), ".pack").stem

    def going(store):
        packs = ObjectStore(store.root).removal.packs
        if what == "doomed and spared":
            packs.doom(name)
            packs.spare(name)
        else:
            packs.rewrite(name, {ids[1]})
            packs.doom(name)
            packs.remove(name, before=before)

    store = make()
    moving = calls(store.root, lambda: going(store))
    for warm in (False, True):
        store = make()
        if warm:
            store.get(ids[0])
        reading = calls(store.root, lambda s=store: s.get(ids[1]))
        assert reading >= (2 if warm else 6)
        for order in turns(reading + 4, moving):
            store = make()
            if warm:
                store.get(ids[0])
            works = [lambda s=store: s.get(ids[1]), lambda s=store: going(s)]
            assert in_order(store.root, works, order)[0] == ITEMS[1], order


def test_two_packers_of_the_same_objects_make_one_pack(old):
    make, ids, _ = old

    def empty():
        store = make()
        shutil.rmtree(store.root)
        store.root.mkdir()
        return store

    store = empty()
    packing = calls(store.root, lambda: put_group(store, ITEMS))
    for order in turns(packing, packing, step=5):
        store = empty()
        works = [lambda s=store: put_group(s, ITEMS), lambda s=store: put_group(ObjectStore(s.root), ITEMS)]
        assert in_order(store.root, works, order) == [ids, ids]
        whole(store, ids)
        assert len(list((store.root / "packs").iterdir())) == 2
        assert not list(store.root.glob("*/*.zst"))


def test_two_collectors_of_one_pack_do_not_trip_over_each_other(old):
    make, ids, before = old
    name = only(make(), ".pack").stem
    store = make()
    steps = calls(store.root, lambda: remove(store, name, before))
    for order in orders(steps, steps) if steps < 7 else turns(steps, steps):
        store = make()
        in_order(store.root, [lambda s=store: remove(s, name, before)] * 2, order)
        with pytest.raises(UnknownName):
            ObjectStore(store.root).get(ids[0])
        assert list((store.root / "packs").iterdir()) == []


@pytest.mark.parametrize("locks", [True, False])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("needed", [0, 1])
def test_a_pipeline_published_from_a_pack_while_a_collector_is_at_work_is_whole(
    tmp_path, monkeypatch, first, locks, needed
):
    """One of the two is stopped before each of its calls, and the other comes and goes in its place."""
    if not locks:
        monkeypatch.setattr(fsio, "_acquire", lambda *_, **__: True)
    places = itertools.count()
    for stop in places:
        root = tmp_path / str(stop)
        workspace = new(root)
        run = workspace.runs.create(DAY, "wheat")
        items = family(7, size=300)
        put_group(workspace.store, items)
        # The pack goes whole, or one of it is written anew.
        kept = publish(run, *items[:needed], b"kept")
        age(root)

        def publishing(run=run, items=items):
            put_group(run.store, items)
            return publish(run, *items, number=2)

        actors = stage.play(
            root, [publishing, lambda w=workspace: gc(w, grace=HOUR)], [(first, stop), (1 - first, None)]
        )
        if actors is None:
            break
        store = ObjectStore(workspace.store.root)
        for oid in reached(kept) | reached(actors[0].result):
            store.verify(oid)
        assert reached(kept) | reached(actors[0].result) <= set(store.list())
        assert not files(store, ".doomed")
    assert next(places) > 25
