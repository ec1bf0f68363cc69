"""Collecting packs: those that nothing reaches go, those that little reaches are written anew, and the rest stays."""

import os

import pytest
from collecting import DAY, HOUR, age, new, publish, reached
from families import family, files, only, put_group

from nws import Workspace
from nws.errors import Damaged
from nws.ids import ObjectId
from nws.store import ObjectStore
from nws.upkeep import gc as collecting
from nws.upkeep.gc import gc


@pytest.fixture
def workspace(tmp_path):
    return new(tmp_path / "Messungen von Jörg")


@pytest.fixture
def run(workspace):
    return workspace.runs.create(DAY, "wheat")


def on_disk(workspace):
    return sum(path.stat().st_size for path in workspace.store.root.rglob("*") if path.is_file() and path.name != ".gc")


def collect(workspace, grace=HOUR, **options):
    age(workspace.root)
    return gc(Workspace.open(workspace.root), grace=grace, **options)


def whole(workspace, *pipelines):
    store = ObjectStore(workspace.store.root)
    listed = set(store.list())
    for pipeline in pipelines:
        assert reached(pipeline) <= listed
        for oid in reached(pipeline):
            store.verify(oid)
    return listed


def test_a_pack_that_nothing_reaches_goes(workspace, run):
    kept = publish(run)
    put_group(workspace.store, family(7), family(3, seed=1))
    planned = collect(workspace, dry_run=True)
    assert len(files(workspace.store, ".pack")) == 1
    before = on_disk(workspace)
    found = collect(workspace)
    assert found == planned
    assert before - on_disk(workspace) == found.removed_bytes
    assert whole(workspace, kept) == reached(kept)
    assert (found.kept, found.in_packs, found.temporary) == (0, 0, 0)
    assert found.examined == found.reachable + found.removed
    assert list((workspace.store.root / "packs").iterdir()) == []


def test_a_pack_of_which_most_is_reached_stays_as_it_is(workspace, run):
    items = family(7)
    put_group(workspace.store, items)
    kept = publish(run, *items[:4])
    before = only(workspace.store, ".pack").read_bytes()
    planned = collect(workspace, dry_run=True)
    found = collect(workspace)
    assert found == planned
    assert only(workspace.store, ".pack").read_bytes() == before
    assert (found.in_packs, found.kept) == (3, 0)
    assert found.examined == found.reachable + found.in_packs + found.removed
    assert len(whole(workspace, kept)) == len(reached(kept)) + 3


def test_a_pack_of_which_little_is_reached_is_written_anew(workspace, run):
    items = [*family(6), *family(4, seed=1)]
    ids = put_group(workspace.store, items[:6], items[6:])
    kept = publish(run, items[2], items[5], items[8])
    old = only(workspace.store, ".pack").stem
    planned = collect(workspace, dry_run=True)
    before = on_disk(workspace)
    found = collect(workspace)
    assert found == planned
    assert before - on_disk(workspace) == found.removed_bytes > 0
    assert whole(workspace, kept) == reached(kept)
    assert not workspace.store.has(ids[0])
    assert only(workspace.store, ".pack").stem != old
    assert only(workspace.store, ".idx").stem == only(workspace.store, ".pack").stem
    assert found.examined == found.reachable + found.removed
    again = collect(workspace)
    assert (again.removed, again.in_packs, again.kept) == (0, 0, 0)


@pytest.mark.parametrize("touched", ["new", "put again", "put again in a group"])
def test_a_pack_that_was_touched_within_the_grace_period_stays(workspace, touched):
    ids = put_group(workspace.store, family())
    if touched != "new":
        age(workspace.root)
    if touched == "put again":
        workspace.store.put(family()[2])
    if touched == "put again in a group":
        put_group(workspace.store, family())
    found = gc(workspace, grace=HOUR)
    assert (found.kept, found.removed, found.in_packs) == (5, 0, 0)
    assert set(workspace.store.list()) == set(ids)
    assert collect(workspace).removed == 5


def test_a_pack_that_was_touched_within_the_grace_period_is_not_written_anew(workspace, run):
    put_group(workspace.store, family(7))
    publish(run, family()[0])
    name = only(workspace.store, ".pack").stem
    found = gc(workspace, grace=HOUR)
    assert found.kept >= 6
    assert (found.removed, found.in_packs) == (0, 0)
    assert only(workspace.store, ".pack").stem == name


def test_what_a_killed_collector_left_is_decided_anew(workspace, run):
    items, other, fresh = family(7), family(5, seed=1), family(4, seed=2)
    put_group(workspace.store, items)
    kept = publish(run, *items)
    put_group(workspace.store, other)
    new_ids = put_group(workspace.store, fresh)
    age(workspace.root)
    packs = workspace.store.removal.packs
    for held in list(packs.packs()):
        packs.doom(held.name)
        if new_ids[0] in held.sizes:
            os.utime(workspace.store.root / "packs" / f"{held.name}.idx.doomed")
    assert Workspace.open(workspace.root).runs.get(run.name).pipeline(1).metrics() is not None
    found = gc(workspace, grace=HOUR)
    assert found.removed >= 5
    assert whole(workspace, kept) == reached(kept) | set(new_ids)
    assert not files(workspace.store, ".doomed")
    assert len(files(workspace.store, ".pack")) == 2


@pytest.mark.parametrize("left", ["pack", "pack on its way out", "temporary"])
def test_what_killed_writers_and_collectors_left_goes_when_it_is_old(workspace, left):
    put_group(workspace.store, family())
    path = only(workspace.store, ".pack")
    only(workspace.store, ".idx").unlink()
    if left == "pack on its way out":
        path.rename(f"{path}.doomed")
    if left == "temporary":
        path.rename(path.with_name(".tmp-host-1-1"))
    assert gc(workspace, grace=HOUR).temporary == 0
    assert len(list((workspace.store.root / "packs").iterdir())) == 1
    assert collect(workspace, dry_run=True).temporary == 1
    assert collect(workspace).temporary == 1
    assert list((workspace.store.root / "packs").iterdir()) == []


def test_a_pack_that_lost_its_name_gets_it_back(workspace, run):
    put_group(workspace.store, family())
    kept = publish(run, *family())
    path = only(workspace.store, ".pack")
    path.rename(f"{path}.doomed")
    collect(workspace)
    assert only(workspace.store, ".pack") == path
    whole(workspace, kept)


def test_packs_of_which_nothing_can_be_read_are_left_alone(workspace, run):
    put_group(workspace.store, family())
    for path in (only(workspace.store, ".pack"), only(workspace.store, ".idx")):
        path.write_bytes(path.read_bytes()[:-9])
    kept = publish(run)
    collect(workspace)
    assert len(files(workspace.store, ".pack")) == 1
    for oid in reached(kept):
        workspace.store.verify(oid)
    with pytest.raises(Damaged):
        list(workspace.store.list())


def test_a_pack_whose_living_cannot_be_read_stays_as_it_is(workspace, run):
    items = family(7)
    put_group(workspace.store, items)
    publish(run, items[6])
    path = only(workspace.store, ".pack")
    body = bytearray(path.read_bytes())
    body[1500:1600] = bytes(100)
    path.write_bytes(body)
    planned = collect(workspace, dry_run=True)
    found = collect(workspace)
    assert planned == found
    assert found.in_packs == 6
    assert path.read_bytes() == body
    assert not files(workspace.store, ".doomed")


def test_what_is_damaged_and_made_anew_goes_in_the_end(workspace, run):
    items = family(7)
    ids = put_group(workspace.store, items)
    kept = publish(run, *items)
    path = only(workspace.store, ".pack")
    body = bytearray(path.read_bytes())
    body[1500:1600] = bytes(100)
    path.write_bytes(body)
    workspace.store.removal.distrust(ids[3])
    put_group(workspace.store, items)
    gc(workspace, grace=HOUR)
    whole(workspace, kept)
    collect(workspace)
    whole(workspace, kept)
    assert not files(workspace.store, ".doomed")


@pytest.mark.parametrize("published", [1, 6])
def test_what_is_published_after_the_first_look_is_given_back(workspace, run, monkeypatch, published):
    items = family(7)
    ids = put_group(workspace.store, items)
    first = publish(run, items[0])
    doom, pipelines = collecting.PackCollector.doom, []

    def meanwhile(self, before):
        doom(self, before)
        if not pipelines:
            slow = publish(run, b"other", number=2).record
            listed = [{**slow.artifacts[0], "object": str(oid)} for oid in ids[1 : 1 + published]]
            pipelines.extend(run.publish([type(slow)(**{**vars(slow), "number": 3, "artifacts": listed})]))

    monkeypatch.setattr(collecting.PackCollector, "doom", meanwhile)
    collect(workspace)
    monkeypatch.undo()
    for oid in ids[: 1 + published]:
        ObjectStore(workspace.store.root).verify(oid)
    whole(workspace, first)
    assert not files(workspace.store, ".doomed")
    collect(workspace)
    for oid in ids[: 1 + published]:
        ObjectStore(workspace.store.root).verify(oid)


def test_what_becomes_unreadable_meanwhile_has_packs_given_back(workspace, run, monkeypatch):
    ids = put_group(workspace.store, family(7))
    doom = collecting.PackCollector.doom

    def meanwhile(self, before):
        doom(self, before)
        publish(run)
        (run.folder / "_refs" / "0001").write_bytes(b"")

    monkeypatch.setattr(collecting.PackCollector, "doom", meanwhile)
    with pytest.raises(Damaged):
        collect(workspace)
    assert set(ids) <= set(workspace.store.list())
    assert not files(workspace.store, ".doomed")


def test_how_far_it_is_is_told(workspace):
    for number in range(100):
        put_group(workspace.store, family(3, size=100, seed=number))
    told = []
    age(workspace.root)
    found = gc(workspace, grace=HOUR, report=told.append)
    assert "100 packs examined" in told
    assert "100 of 100 packs gone through" in told
    assert found.removed == 300


def test_datasets_and_records_may_be_in_packs(workspace, run):
    kept = publish(run)
    oids = sorted(reached(kept))
    contents = [workspace.store.get(oid) for oid in oids]
    for path in workspace.store.root.glob("*/*.zst"):
        path.unlink()
    assert put_group(workspace.store, contents) == oids
    found = collect(workspace)
    assert found.reachable == len(oids)
    assert whole(workspace, kept) == set(oids)
    assert ObjectId(kept.record_id) in oids
