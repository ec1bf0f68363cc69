import errno
import os
import random

import pytest
from collecting import age, doomed

from nws.errors import Damaged, UnknownName
from nws.ids import ObjectId
from nws.store import ObjectStore
from nws.store.frames import SMALL
from nws.store.removal import Held

LATE = 2**62


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "_binaries")


def file(store, oid):
    return store.root / oid[:2] / f"{oid}.zst"


@pytest.mark.parametrize("data", [b"", b"small", random.Random(1).randbytes(SMALL + 1)])
def test_a_doomed_object_is_not_listed_and_can_still_be_read(store, data):
    oid, other = store.put(data), store.put(b"other")
    assert store.removal.doom(oid)
    assert list(store.list()) == [other]
    assert store.count().objects == 1
    assert store.get(oid) == b"".join(map(bytes, store.open(oid))) == data
    assert store.has(oid)
    assert store.info(oid).size == len(data)
    store.verify(oid)
    with pytest.raises(UnknownName):
        store.resolve(oid[:10])


def test_damage_of_a_doomed_object_is_damage_and_not_absence(store):
    oid = store.put(b"data")
    store.removal.doom(oid)
    (path,) = store.root.glob("*/*.doomed")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damaged, match=oid):
        store.get(oid)


def test_what_is_removed_is_gone_and_its_bytes_are_told(store):
    oid = store.put(b"data")
    size = file(store, oid).stat().st_size
    store.removal.doom(oid)
    assert store.removal.remove(oid, before=LATE) == size
    assert not store.has(oid)
    assert not list(store.root.glob("*/*"))
    assert store.removal.remove(oid, before=LATE) is None
    assert not store.removal.doom(oid)
    store.removal.spare([oid])
    assert not list(store.root.glob("*/*"))


def test_what_is_spared_is_listed_again_and_keeps_its_time(store):
    ids = sorted(store.put(b"%d" % n) for n in range(40))
    age(store.root)
    times = [file(store, oid).stat().st_mtime_ns for oid in ids]
    for oid in ids:
        store.removal.doom(oid)
    store.removal.spare(ids)
    assert list(store.list()) == ids
    assert [file(store, oid).stat().st_mtime_ns for oid in ids] == times
    assert not doomed(store)


def test_an_object_touched_after_it_was_doomed_gets_its_name_back(store):
    oid = store.put(b"data")
    age(store.root)
    with open(file(store, oid), "rb") as late:
        store.removal.doom(oid)
        os.utime(late.fileno())
    assert store.removal.remove(oid, before=os.stat(file(store, oid).parent).st_mtime_ns - 10**12) is None
    assert list(store.list()) == [oid]
    assert not doomed(store)


def test_a_writer_that_adds_a_doomed_object_writes_it_anew(store):
    oid = store.put(b"data")
    store.removal.doom(oid)
    assert ObjectStore(store.root).put(b"data") == oid
    assert list(store.list()) == [oid]
    assert store.removal.remove(oid, before=LATE) is not None
    assert store.get(oid) == b"data"


@pytest.mark.parametrize("loss", ["doomed", "removed", "spared"])
def test_a_writer_whose_file_lost_its_name_while_it_had_it_open_writes_it_anew(store, monkeypatch, loss):
    oid = store.put(b"data")
    age(store.root)
    touch = os.utime

    def late(path):
        monkeypatch.setattr("nws.fsio.freshen", touch)
        store.removal.doom(oid)
        if loss == "removed":
            store.removal.remove(oid, before=LATE)
        elif loss == "spared":
            store.removal.spare([oid])
        touch(path)

    monkeypatch.setattr("nws.fsio.freshen", late)
    store.put(b"data")
    store.removal.remove(oid, before=LATE)
    assert list(store.list()) == [oid]
    assert store.get(oid) == b"data"


@pytest.mark.parametrize("system", ["no names of open files", "a file server"])
def test_a_writer_notices_a_removed_file_in_other_ways_too(store, monkeypatch, system):
    oid = store.put(b"data")
    touch = os.utime

    def late(path):
        monkeypatch.setattr("nws.fsio.freshen", touch)
        file(store, oid).unlink()
        if system == "a file server":
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        touch(path)

    def nowhere(_):
        raise FileNotFoundError

    monkeypatch.setattr("nws.fsio.freshen", late)
    if system == "no names of open files":
        monkeypatch.setattr(os, "readlink", nowhere)
    store.put(b"data")
    assert store.get(oid) == b"data"


def test_a_sound_doomed_file_heals_a_torn_one_that_has_its_name(store):
    oid = store.put(b"data")
    store.removal.doom(oid)
    file(store, oid).write_bytes(b"")
    store.removal.spare([oid])
    assert store.get(oid) == b"data"
    assert not doomed(store)


def test_files_shows_both_kinds_and_nothing_else(store):
    here, gone = store.put(b"here"), store.put(b"gone")
    store.removal.doom(gone)
    store.root.joinpath(here[:2], ".tmp-host-1-1").write_bytes(b"")
    store.root.joinpath(here[:2], "notes.txt").write_bytes(b"")
    store.root.joinpath(here[:2], f"{'0' * 63}x.zst").write_bytes(b"")
    assert sorted(store.removal.files()) == sorted([Held(here, doomed=False), Held(gone, doomed=True)])
    assert store.removal.seen(Held(here, doomed=True)) is None
    assert store.removal.seen(Held(ObjectId("0" * 64), doomed=False)) is None
