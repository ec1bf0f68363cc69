"""Packs that are not what they should be: crafted, damaged or half there."""

import os
import random

import pytest
import zstandard
from families import family, files, loose, only, put_group

from nws.errors import Damaged
from nws.ids import ObjectId
from nws.store import ObjectStore
from nws.store.frames import Broken, Frame
from nws.store.packtable import ENTRY, PackTable, Place, make_table

ABSENT = ObjectId("ab" * 32)


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "Messungen von Jörg" / "_binaries")


def crafted(store, content, frames, places, body=None):
    """Make a pack of any table, and return its name."""
    table = make_table(frames, places)
    frame = zstandard.ZstdCompressor().compress(content) if body is None else body
    name = ObjectId.of(content)
    (store.root / "packs").mkdir(parents=True, exist_ok=True)
    (store.root / "packs" / f"{name}.pack").write_bytes(frame + table)
    (store.root / "packs" / f"{name}.idx").write_bytes(table)
    return name


@pytest.mark.parametrize("place", [Place(0, 101), Place(90, 20), Place(101, 1), Place(2**60, 5), Place(0, 2**32 - 1)])
def test_a_place_outside_of_the_frames_is_damage(store, place):
    content = b"0123456789" * 10
    stored = len(zstandard.ZstdCompressor().compress(content))
    oid = ObjectId.of(content[:5])
    crafted(store, content, [(100, stored)], {oid: place})
    with pytest.raises(Damaged, match=oid):
        store.get(oid)
    assert not store.has(oid)
    assert store.count().damaged == 1


def test_a_frame_that_would_fill_the_memory_is_never_decompressed_further_than_is_needed(store):
    content = bytes(200 << 20)
    frame = zstandard.ZstdCompressor().compress(content)
    small, large = ObjectId.of(bytes(100)), ObjectId.of(bytes(64 << 20))
    crafted(store, b"", [(64 << 20, len(frame))], {small: Place(5, 100), large: Place(0, 64 << 20)}, body=frame)
    seen = []
    assert store.get(small) == bytes(100)
    for piece in store.open(large):
        seen.append(len(piece))
        assert len(piece) <= 1 << 20
    assert sum(seen) == 64 << 20
    with pytest.raises(Damaged):
        crafted(store, b"", [(200 << 20, len(frame))], {large: Place(0, 200 << 20)}, body=frame)
        ObjectStore(store.root).info(large)


def test_a_frame_that_holds_less_than_it_says_is_damage(store):
    content = b"0123456789" * 10
    frame = zstandard.ZstdCompressor().compress(content)
    inside, beyond, far = ObjectId.of(content[:5]), ObjectId.of(b"beyond"), ObjectId.of(b"far")
    crafted(
        store,
        content,
        [(1000, len(frame))],
        {inside: Place(0, 5), beyond: Place(98, 6), far: Place(500, 3)},
        body=frame,
    )
    assert store.get(inside) == content[:5]
    for oid in (beyond, far):
        with pytest.raises(Damaged, match="less than it declares"):
            store.get(oid)


def test_an_object_far_into_its_frame_is_read_alone(store):
    items = family(4, size=700_001)
    for number, oid in enumerate(put_group(store, items)):
        assert ObjectStore(store.root).get(oid) == items[number]


def test_a_pack_that_holds_other_bytes_than_it_says_is_replaced(store):
    items, others = ([random.Random(n + seed).randbytes(3000) for n in range(3)] for seed in (0, 10))
    body = zstandard.ZstdCompressor().compress(b"".join(others))
    starts = {ObjectId.of(item): Place(3000 * number, 3000) for number, item in enumerate(items)}
    crafted(store, b"".join(items), [(9000, len(body))], starts, body=body)
    only(store, ".idx").unlink()
    ids = put_group(store, items)
    assert [store.get(oid) for oid in ids] == items
    assert len(files(store, ".pack")) == 1


def test_an_index_that_lost_its_pack_is_freshened_when_it_gets_one(store):
    ids = put_group(store, family())
    only(store, ".pack").unlink()
    os.utime(only(store, ".idx"), (1, 1))
    assert put_group(ObjectStore(store.root), family()) == ids
    assert only(store, ".idx").stat().st_mtime > 1_000_000_000
    assert [store.get(oid) for oid in ids] == family()
    assert loose(store) == []


def test_a_pack_without_an_index_gets_none_of_other_objects(store):
    whole = b"".join(family())
    put_group(store, [whole[:5000], whole[5000:]])
    only(store, ".idx").unlink()
    ids = put_group(store, [whole[:6000], whole[6000:]])
    assert files(store, ".idx") == []
    assert len(loose(store)) == 2
    assert b"".join(map(store.get, ids)) == whole


def test_an_index_that_says_another_size_does_not_count(store):
    data = b"0123456789" * 10
    frame = zstandard.ZstdCompressor().compress(data)
    crafted(store, data, [(100, len(frame))], {ObjectId.of(data): Place(0, 99)}, body=frame)
    assert store.get(store.put(data)) == data


def test_tables_know_what_they_are():
    oid = ObjectId.of(b"a")
    data = make_table([(10, 5)], {oid: Place(2, 3)})
    table = PackTable(data)
    assert (len(table), table.end, table.frames) == (1, 5, [Frame(0, 5, 10)])
    assert table.place(bytes.fromhex(oid)) == Place(2, 3)
    assert bytes.fromhex(oid) in table
    assert bytes.fromhex(ABSENT) not in table
    extent = table.extent(Place(2, 3))
    assert (extent.offset, extent.size, extent.stored) == (2, 3, ENTRY + 5 * 5 // 10 - 5 * 2 // 10)
    for wrong in (b"", data[:-1], data + b"\0", data[:40], b"\0" * len(data), data[:20] + b"\2" + data[21:]):
        with pytest.raises(Broken):
            PackTable(wrong)
