"""The way out for packs: in two steps, with a last look, and what is to stay written anew before."""

import os

import pytest
from collecting import age
from families import family, files, only, packed, put_group

from nws import fsio
from nws.errors import Damaged, UnknownName
from nws.ids import ObjectId
from nws.store import ObjectStore

LATE = 2**62


@pytest.fixture
def pack(tmp_path):
    return packed(tmp_path / "_binaries", family())


def names(store):
    return sorted(path.suffixes[0] + "".join(path.suffixes[1:]) for path in (store.root / "packs").iterdir())


def name_of(store):
    return only(store, ".pack*").name[:64]


def test_a_doomed_pack_is_not_listed_and_can_still_be_read(pack):
    store, ids = pack
    assert store.removal.packs.doom(name_of(store))
    for one in (store, ObjectStore(store.root)):
        assert list(one.list()) == []
        assert one.count().objects == 0
        assert [one.get(oid) for oid in ids] == family()
        assert one.has(ids[0])
        with pytest.raises(UnknownName):
            one.resolve(ids[0][:10])
    assert not store.removal.packs.doom(name_of(store))


def test_what_is_removed_is_gone_and_its_bytes_are_told(pack):
    store, ids = pack
    name, size = name_of(store), sum(path.stat().st_size for path in (store.root / "packs").iterdir())
    assert next(store.removal.packs.packs()).stored == size
    store.removal.packs.doom(name)
    assert store.removal.packs.remove(name, before=LATE) == size
    assert names(store) == []
    for one in (store, ObjectStore(store.root)):
        assert not one.has(ids[0])
        with pytest.raises(UnknownName):
            one.get(ids[0])
    assert store.removal.packs.remove(name, before=LATE) is None
    store.removal.packs.spare(name)
    assert names(store) == []


def test_what_is_spared_is_listed_again_and_keeps_its_time(pack):
    store, ids = pack
    age(store.root)
    then = only(store, ".idx").stat().st_mtime_ns
    store.removal.packs.doom(name_of(store))
    assert not store.has(ObjectId.of(b"absent"))
    store.removal.packs.spare(name_of(store))
    assert names(store) == [".idx", ".pack"]
    assert only(store, ".idx").stat().st_mtime_ns == then
    assert list(store.list()) == sorted(ids)
    assert [store.get(oid) for oid in ids] == family()


def test_a_pack_touched_after_it_was_doomed_gets_its_name_back(pack):
    store, ids = pack
    age(store.root)
    before = fsio.clock(store.root) - 10**9
    with open(only(store, ".idx"), "rb") as late:
        store.removal.packs.doom(name_of(store))
        os.utime(late.fileno())
    assert store.removal.packs.remove(name_of(store), before=before) is None
    assert names(store) == [".idx", ".pack"]
    assert list(store.list()) == sorted(ids)


def test_a_writer_that_adds_objects_of_a_doomed_pack_makes_it_anew(pack):
    store, ids = pack
    age(store.root)
    name = name_of(store)
    store.removal.packs.doom(name)
    assert put_group(ObjectStore(store.root), family()) == ids
    assert names(store) == [".idx", ".idx.doomed", ".pack"]
    assert list(store.list()) == sorted(ids)
    held = list(store.removal.packs.packs())
    assert [(one.name, one.doomed) for one in held] == [(name, False), (name, True)]
    assert store.removal.packs.remove(name, before=LATE) is not None
    assert names(store) == [".idx", ".pack"]
    assert [store.get(oid) for oid in ids] == family()


def test_a_writer_whose_index_lost_its_name_meanwhile_writes_anew(pack, monkeypatch):
    store, ids = pack
    age(store.root)
    touch, name = os.utime, name_of(store)

    def late(path):
        monkeypatch.setattr("nws.fsio.freshen", touch)
        store.removal.packs.doom(name)
        store.removal.packs.remove(name, before=LATE)
        touch(path)

    monkeypatch.setattr("nws.fsio.freshen", late)
    assert put_group(ObjectStore(store.root), family()) == ids
    assert names(store) == [".idx", ".pack"]
    assert [store.get(oid) for oid in ids] == family()


def test_the_file_of_a_pack_is_read_by_the_name_that_it_has_on_its_way_out(pack):
    store, ids = pack
    path = only(store, ".pack")
    path.rename(f"{path}.doomed")
    for one in (store, ObjectStore(store.root)):
        assert [one.get(oid) for oid in ids] == family()
    # A killed collector left it so: the next one gives the name back.
    (left,) = store.removal.packs.bare(before=LATE)
    assert store.removal.packs.remove_bare(left.name[:64]) == 0
    assert names(store) == [".idx", ".pack"]


def test_a_pack_without_an_index_goes_when_it_is_old(pack):
    store, _ = pack
    only(store, ".idx").unlink()
    then = only(store, ".pack").stat().st_mtime_ns
    assert list(store.removal.packs.bare(before=then)) == []
    assert list(store.removal.packs.bare(before=then + 1)) == [only(store, ".pack")]
    assert store.removal.packs.remove_bare(name_of(store)) > 0
    assert names(store) == []
    assert store.removal.packs.remove_bare("ab" * 32) == 0


def test_a_pack_that_has_an_index_is_not_bare(pack):
    store, ids = pack
    assert list(store.removal.packs.bare(before=LATE)) == []
    assert store.removal.packs.remove_bare(name_of(store)) == 0
    assert names(store) == [".idx", ".pack"]
    assert [store.get(oid) for oid in ids] == family()


def test_what_is_to_stay_is_written_into_a_pack_of_its_own(tmp_path):
    store, ids = packed(tmp_path / "_binaries", family(6), family(4, seed=1))
    old, keep = name_of(store), {ids[1], ids[4], ids[8]}
    packs = store.removal.packs
    planned = packs.size_rewritten(old, keep)
    assert len(files(store, ".pack")) == 1
    assert packs.rewrite(old, keep) == planned
    (new,) = {path.stem for path in files(store, ".pack")} - {old}
    assert planned == sum(path.stat().st_size for path in (store.root / "packs").glob(f"{new}.*"))
    packs.doom(old)
    packs.remove(old, before=LATE)
    for one in (store, ObjectStore(store.root)):
        assert set(one.list()) == keep
        assert one.get(ids[8]) == family(4, seed=1)[2]
        assert one.get(ids[1]) == family(6)[1]
    # The whole of a pack is that pack.
    assert packs.rewrite(new, keep) is None
    assert len(files(store, ".pack")) == 1


def harm(store, at=-1):
    """Turn a bit of a frame over, a little before its end."""
    path, index = only(store, ".pack"), only(store, ".idx")
    body = bytearray(path.read_bytes())
    body[len(body) - index.stat().st_size + at - 8] ^= 1
    path.write_bytes(body)


def test_what_cannot_be_read_is_not_written_anew(pack):
    store, ids = pack
    harm(store)
    assert store.removal.packs.rewrite(name_of(store), set(ids)) is None
    assert store.removal.packs.size_rewritten(name_of(store), set(ids)) is None
    assert len(files(store, ".pack")) == 1
    only(store, ".pack").unlink()
    assert store.removal.packs.rewrite(only(store, ".idx").stem, set(ids)) is None
    assert not list(store.root.rglob(".tmp-*"))


def test_a_damaged_object_is_written_anew_and_what_can_be_read_beside_it_stays(tmp_path):
    long = family(6, size=200_000)
    store, ids = packed(tmp_path / "_binaries", family(4, seed=1), long)
    harm(store)
    assert [oid for oid in ids if not sound(store, oid)] == ids[-1:]
    store.removal.distrust(ids[-1])
    assert names(store) == [".idx", ".idx.doomed", ".pack", ".pack"]
    assert set(store.list()) == set(ids[:-1])
    with pytest.raises(Damaged):
        store.get(ids[-1])
    assert put_group(ObjectStore(store.root), long) == ids[4:]
    assert set(store.list()) == set(ids)
    assert [store.get(oid) for oid in ids] == [*family(4, seed=1), *long]
    assert len(files(store, ".pack")) == 2


def sound(store, oid):
    try:
        store.verify(oid)
    except Damaged:
        return False
    return True


def test_a_pack_of_which_nothing_can_be_read_is_written_anew_all_the_same(pack):
    store, ids = pack
    path = only(store, ".pack")
    body = bytearray(path.read_bytes())
    body[:2000] = bytes(2000)
    path.write_bytes(body)
    for oid in ids:
        assert not sound(store, oid)
        store.removal.distrust(oid)
    assert put_group(ObjectStore(store.root), family()) == ids
    assert [store.get(oid) for oid in ids] == family()
    assert [ObjectStore(store.root).get(oid) for oid in ids] == family()
