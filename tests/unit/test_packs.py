"""Packs: what goes in as a group comes out one by one, from one file that the tools of everybody read."""

import os
import random
import struct
import subprocess
import zlib

import pytest
import zstandard
from families import family, files, loose, only, packed, put_group

from nws.errors import Damaged, NewerFormat, UnknownName
from nws.ids import ObjectId
from nws.store import ObjectStore, packing
from nws.store.packtable import PackTable, table_size

ABSENT = ObjectId("ab" * 32)


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "Messungen von Jörg" / "_binaries")


def test_a_group_comes_back_from_one_file_to_this_store_and_the_next(store):
    groups = [family(7), [b"x" * 5, bytes(70_000)], family(3, size=200_000, seed=1)]
    ids = put_group(store, *groups)
    items = [item for group in groups for item in group]
    assert ids == [ObjectId.of(item) for item in items]
    assert loose(store) == []
    assert {path.suffix for path in (store.root / "packs").iterdir()} == {".pack", ".idx"}
    assert len(files(store, ".pack")) == 1
    for one in (store, ObjectStore(store.root)):
        for oid, item in zip(ids, items, strict=True):
            assert one.get(oid) == item
            assert b"".join(map(bytes, one.open(oid))) == item
            assert one.has(oid)
            assert one.info(oid).size == len(item)
            one.verify(oid)
        assert list(one.list()) == sorted(ids)
        assert list(one.list(ids[0][:3])) == [oid for oid in sorted(ids) if oid.startswith(ids[0][:3])]
        assert one.resolve(ids[2][:8]) == ids[2]
        assert not one.has(ABSENT)
        with pytest.raises(UnknownName, match=ABSENT):
            one.get(ABSENT)


def test_the_real_tools_print_the_objects_and_the_name_of_the_pack(store, tool):
    groups = [family(4), family(3, seed=1)]
    put_group(store, *groups)
    path = only(store, ".pack")
    plain = subprocess.run([tool("zstd"), "-dc", path], capture_output=True, check=True).stdout
    assert plain == b"".join(groups[0] + groups[1])
    named = subprocess.run([tool("b3sum")], input=plain, capture_output=True, check=True)
    assert named.stdout.split()[0].decode() == path.stem == only(store, ".idx").stem
    subprocess.run([tool("zstd"), "-tq", path], check=True)


def test_the_layout_is_as_the_specification_says(store):
    groups = [family(4), family(3, seed=1)]
    ids = put_group(store, *groups)
    body, index = only(store, ".pack").read_bytes(), only(store, ".idx").read_bytes()
    assert body.endswith(index)
    length, check = struct.unpack("<II", index[-8:])
    assert length == len(index)
    assert check == zlib.crc32(index[:-4])
    head = struct.unpack_from("<II4sBBHII", index)
    assert head == (0x184D2A5E, len(index) - 8, b"nwsp", 1, 0, 0, 2, 7)
    frames = [struct.unpack_from("<II", index, 24 + 8 * number) for number in range(2)]
    at = 0
    for (plain, stored), group in zip(frames, groups, strict=True):
        frame = body[at : at + stored]
        assert zstandard.get_frame_parameters(frame).has_checksum
        assert zstandard.get_frame_parameters(frame).content_size == plain
        assert zstandard.ZstdDecompressor().decompress(frame) == b"".join(group)
        at += stored
    assert at + length == len(body)
    listed = [index[40 + 32 * number : 72 + 32 * number].hex() for number in range(7)]
    assert listed == sorted(ids)
    whole = b"".join(groups[0] + groups[1])
    for number, oid in enumerate(listed):
        offset, size = struct.unpack_from("<QI", index, 40 + 32 * 7 + 12 * number)
        assert ObjectId.of(whole[offset : offset + size]) == oid


def test_what_resembles_one_another_takes_little_more_than_one_of_it(store):
    items = family(20, size=100_000)
    put_group(store, items)
    assert only(store, ".pack").stat().st_size < 1.1 * len(items[0])


def test_the_shares_of_objects_add_up_to_the_files(store):
    ids = put_group(store, family(7), family(20, seed=1))
    alone = store.put(b"alone")
    shares = sum(store.info(oid).stored for oid in ids)
    on_disk = sum(path.stat().st_size for path in (store.root / "packs").iterdir())
    assert shares + 2 * table_size(2, 0) == on_disk
    count = store.count()
    assert (count.objects, count.damaged) == (28, 0)
    assert count.size == sum(store.info(oid).size for oid in [*ids, alone])
    assert count.stored == shares + store.info(alone).stored


def test_the_same_groups_make_the_same_files(tmp_path):
    stores = [packed(tmp_path / name, family(5), family(3, seed=1))[0] for name in "ab"]
    one, other = ([path.read_bytes() for path in sorted((s.root / "packs").iterdir())] for s in stores)
    assert one == other


@pytest.mark.parametrize(
    "items", [[], [b"one"], [b"one", b"one"], [b"one", b"other"], [b"", b"one"]], ids=["0", "1", "twin", "2", "empty"]
)
def test_what_is_not_worth_a_pack_becomes_files_of_its_own(store, items):
    assert put_group(store, items) == [ObjectId.of(item) for item in items]
    assert len(loose(store)) == len(set(items))
    assert not (store.root / "packs").exists()
    assert [store.get(ObjectId.of(item)) for item in items] == items


def test_two_are_worth_a_pack_when_they_are_larger_than_a_block(store):
    put_group(store, family(2, size=2500))
    assert loose(store) == []
    assert len(files(store, ".pack")) == 1


def test_what_no_frame_can_hold_becomes_a_file_of_its_own(store, monkeypatch):
    monkeypatch.setattr("nws.store.batch.LARGEST", 4000)
    items = [*family(3), random.Random(1).randbytes(4001), b""]
    ids = put_group(store, items)
    assert [store.get(oid) for oid in ids] == items
    assert sorted(path.name[:64] for path in loose(store)) == sorted(ids[3:])


def test_a_large_group_is_cut_into_frames_between_objects(store, monkeypatch):
    monkeypatch.setattr(packing, "LARGEST", 10_000)
    ids = put_group(store, family(8))
    table = PackTable(only(store, ".idx").read_bytes())
    assert [frame.plain for frame in table.frames] == [sum(map(len, family(8)[at : at + 3])) for at in (0, 3, 6)]
    assert [store.get(oid) for oid in ids] == family(8)


def test_a_frame_holds_few_enough_objects(store):
    ids = put_group(store, family(2 * packing.MOST_IN_FRAME + 1, size=50))
    table = PackTable(only(store, ".idx").read_bytes())
    assert len(table.frames) == 3
    assert [store.get(oid) for oid in ids] == family(2 * packing.MOST_IN_FRAME + 1, size=50)


def test_arrays_are_bytes(store):
    numpy = pytest.importorskip("numpy")
    arrays = [numpy.arange(900.0).reshape(30, 30) + step for step in range(3)]
    ids = put_group(store, [memoryview(array) for array in arrays])
    assert [store.get(oid) for oid in ids] == [array.tobytes() for array in arrays]


def test_only_what_is_new_goes_into_a_pack(store):
    items = family(6)
    known, other = store.put(items[1]), put_group(store, family(3, seed=1))
    with store.batch() as batch:
        batch.put(items[2])
        ids = batch.put_group([*items, *family(3, seed=1)])
        assert batch.put(items[3]) == ids[3]
    assert ids[6:] == other
    assert {path.name[:64] for path in loose(store)} == {known, ids[2]}
    assert [store.get(oid) for oid in ids] == [*items, *family(3, seed=1)]
    assert sorted(len(PackTable(path.read_bytes())) for path in files(store, ".idx")) == [3, 4]


@pytest.mark.parametrize("again", ["put", "put_group"])
def test_known_objects_of_a_pack_are_freshened_and_not_written(store, again):
    ids = put_group(store, family())
    before = sorted(store.root.rglob("*"))
    for path in before:
        os.utime(path, (1, 1))
    for one in (store, ObjectStore(store.root)):
        os.utime(only(store, ".idx"), (1, 1))
        if again == "put":
            assert one.put(family()[3]) == ids[3]
        else:
            assert put_group(one, family()) == ids
        assert only(store, ".idx").stat().st_mtime > 1_000_000_000
    assert sorted(store.root.rglob("*")) == before
    assert only(store, ".pack").stat().st_mtime == 1


def test_a_pack_that_appears_later_is_found(store):
    reader = ObjectStore(store.root)
    assert not reader.has(ABSENT)
    ids = put_group(store, family())
    assert [reader.get(oid) for oid in ids] == family()
    more = put_group(store, family(seed=1))
    assert reader.has(more[0])
    assert set(reader.list()) == {*ids, *more}


def test_a_batch_that_fails_leaves_no_pack(store):
    with pytest.raises(KeyError), store.batch() as batch:
        batch.put_group(family())
        raise KeyError
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_a_file_of_its_own_is_asked_first(store):
    ids = put_group(store, family())
    other = ObjectStore(store.root.parent / "other")
    other.put(family()[2])
    (store.root / ids[2][:2]).mkdir()
    (other.root / ids[2][:2] / f"{ids[2]}.zst").rename(store.root / ids[2][:2] / f"{ids[2]}.zst")
    only(store, ".pack").write_bytes(b"")
    assert ObjectStore(store.root).get(ids[2]) == family()[2]
    assert sorted(store.list()) == sorted(ids)
    assert store.count().objects == 1
    assert store.count().damaged == 4


def test_the_same_content_cut_in_other_places_becomes_files_of_its_own(store):
    whole = b"".join(family())
    first = put_group(store, [whole[:5000], whole[5000:]])
    before = {path: path.read_bytes() for path in (store.root / "packs").iterdir()}
    second = put_group(store, [whole[:6000], whole[6000:]])
    assert {path: path.read_bytes() for path in (store.root / "packs").iterdir()} == before
    assert len(loose(store)) == 2
    assert b"".join(map(store.get, first)) == b"".join(map(store.get, second)) == whole


def test_a_pack_that_another_version_of_zstd_compressed_serves_as_well(store, monkeypatch):
    def otherwise(data):
        return zstandard.ZstdCompressor(level=1).compress(data)

    with monkeypatch.context() as other:
        other.setattr(packing, "_compress", otherwise)
        ids = put_group(store, family())
    theirs = only(store, ".pack").read_bytes()
    only(store, ".idx").unlink()
    put_group(ObjectStore(store.root), family())
    assert only(store, ".pack").read_bytes() == theirs
    assert not only(store, ".pack").read_bytes().endswith(only(store, ".idx").read_bytes())
    assert [ObjectStore(store.root).get(oid) for oid in ids] == family()
    assert loose(store) == []


@pytest.mark.parametrize("ending", [".pack", ".idx"])
@pytest.mark.parametrize("harm", [lambda body: b"", lambda body: body[:-3], lambda body: bytes(len(body))])
def test_adding_again_heals_a_torn_pack(store, ending, harm):
    ids = put_group(store, family())
    path = only(store, ending)
    path.write_bytes(harm(path.read_bytes()))
    assert put_group(ObjectStore(store.root), family()) == ids
    for one in (store, ObjectStore(store.root)):
        assert [one.get(oid) for oid in ids] == family()
    assert not list(store.root.rglob(".tmp-*"))


def test_an_index_without_its_pack_is_damage_and_not_absence(store):
    ids = put_group(store, family())
    only(store, ".pack").unlink()
    for one in (store, ObjectStore(store.root)):
        assert not one.has(ids[0])
        assert ids[0] in one.list()
        with pytest.raises(Damaged, match=ids[0]):
            one.get(ids[0])
    assert store.count().damaged == 5


def test_a_pack_without_an_index_is_not_seen(store):
    ids = put_group(store, family())
    only(store, ".idx").unlink()
    for one in (store, ObjectStore(store.root)):
        assert list(one.list()) == []
        assert not one.has(ids[0])
        with pytest.raises(UnknownName):
            one.get(ids[0])
    assert put_group(store, family()) == ids
    assert store.get(ids[4]) == family()[4]


def test_files_that_are_no_packs_are_passed_over(store):
    ids = put_group(store, family())
    for name in ("notes.txt", f"{'x' * 64}.idx", "ab.idx", ".tmp-host-1-1", f"{ABSENT}.idx.bak"):
        (store.root / "packs" / name).write_bytes(b"")
    assert list(ObjectStore(store.root).list()) == sorted(ids)


@pytest.mark.parametrize(("at", "what"), [(12, "version 9"), (13, "filter 9")])
def test_a_pack_of_a_later_version_is_told_where_an_object_may_be_in_it(store, at, what):
    ids = put_group(store, family())
    index, pack = only(store, ".idx"), only(store, ".pack")
    other = put_group(store, family(seed=1))
    later = bytearray(index.read_bytes())
    later[at] = 9
    later[-4:] = struct.pack("<I", zlib.crc32(later[:-4]))
    index.write_bytes(later)
    pack.write_bytes(pack.read_bytes()[: -len(later)] + later)
    again = ObjectStore(store.root)
    assert [again.get(oid) for oid in other] == family(seed=1)
    for oid in (ids[0], ABSENT):
        with pytest.raises(NewerFormat, match=what):
            again.get(oid)
    found = []
    with pytest.raises(NewerFormat):
        found.extend(again.list())
    assert again.count().damaged == 1
    assert put_group(again, family()) == ids
    assert [again.get(oid) for oid in ids] == family()
