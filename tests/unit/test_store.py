"""The object store: what goes in comes out, under the hash of its content, as a standard zstd stream."""

import io
import os
import random
import subprocess

import pytest

from nws.errors import BadInput, Damaged, UnknownName, UsageError
from nws.ids import ObjectId
from nws.store import ObjectStore, hash_bytes, hash_file, hash_stream
from nws.store.frames import FRAME, SMALL

SIZES = [0, 1, 255, 256, 70_000, SMALL - 1, SMALL, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 2 * FRAME + 12_345]
ABSENT = ObjectId("ab" * 32)


def sample(size, seed=0):
    """Bytes of which about half can be compressed away."""
    block = random.Random(seed).randbytes(4096) + bytes(4096)
    return (block * (size // len(block) + 1))[:size]


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "ws" / "_binaries")


def file_of(store, oid):
    return store.root / oid[:2] / f"{oid}.zst"


def temporary(store):
    return [path for path in store.root.rglob("*") if path.name.startswith(".tmp-")]


@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back_and_their_sizes_are_known(store, size):
    data = sample(size)
    oid = store.put(data)
    assert oid == ObjectId.of(data)
    assert store.get(oid) == data
    assert b"".join(bytes(piece) for piece in store.open(oid)) == data
    info = store.info(oid)
    assert (info.id, info.size, info.stored) == (oid, size, file_of(store, oid).stat().st_size)
    assert store.has(oid)
    store.verify(oid)
    assert temporary(store) == []


@pytest.mark.parametrize("size", SIZES)
def test_the_real_tools_print_the_name_of_the_file(store, tool, size):
    oid = store.put(sample(size, seed=1))
    plain = subprocess.run([tool("zstd"), "-dc", file_of(store, oid)], capture_output=True, check=True)
    named = subprocess.run([tool("b3sum")], input=plain.stdout, capture_output=True, check=True)
    assert named.stdout.split()[0].decode() == oid
    subprocess.run([tool("zstd"), "-tq", file_of(store, oid)], check=True)


def test_incompressible_bytes_hardly_grow(store):
    data = random.Random(2).randbytes(SMALL + FRAME)
    assert store.info(store.put(data)).stored < len(data) + 200


def test_two_of_the_same_are_one(store):
    first, second = store.put(b"wheat"), store.put(memoryview(b"wheat"))
    assert first == second
    assert list(store.list()) == [first]


@pytest.mark.parametrize("size", [100, SMALL + 5, FRAME + 5])
def test_files_and_streams_get_the_id_of_their_bytes(store, tmp_path, size):
    data = sample(size, seed=3)
    path = tmp_path / "data.bin"
    path.write_bytes(data)
    assert store.put_file(path) == ObjectId.of(data) == hash_file(path) == hash_stream(io.BytesIO(data))
    assert store.put_stream(io.BytesIO(b"skip" + data[4:])) == hash_bytes(b"skip" + data[4:])
    assert store.get(ObjectId.of(data)) == data


def test_a_stream_is_taken_from_where_it_stands(store):
    source = io.BytesIO(b"header and body")
    source.read(11)
    assert store.get(store.put_stream(source)) == b"body"


class Dribble(io.RawIOBase):
    """A pipe: gives less than it is asked for, and cannot go back."""

    def __init__(self, data, most=300_001):
        self.rest = io.BytesIO(data)
        self.most = most

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.rest.readinto(memoryview(buffer)[: self.most])


@pytest.fixture
def small_memory(monkeypatch):
    monkeypatch.setattr("nws.store.batch._WHOLE", 2 * SMALL)


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("size", [0, 5, 2 * SMALL, 2 * SMALL + 1, 2 * FRAME + 99])
def test_pipes_are_spooled_and_files_read_twice_when_memory_is_short(store, tmp_path, size):
    data = sample(size, seed=4)
    oid = store.put_stream(Dribble(data))
    assert oid == ObjectId.of(data)
    assert store.get(oid) == data
    assert temporary(store) == []
    again = ObjectStore(tmp_path / "other")
    path = tmp_path / "data.bin"
    path.write_bytes(b"1234" + data)
    with open(path, "rb") as source:
        source.seek(4)
        assert again.put_stream(source) == oid
    assert again.get(oid) == data
    assert again.put_file(path) == ObjectId.of(b"1234" + data)


@pytest.mark.usefixtures("small_memory")
def test_a_file_that_changes_while_it_is_read_is_refused(store):
    class Restless(io.BytesIO):
        rounds = 0

        def seek(self, offset, whence=0):
            self.rounds += 1
            self.getbuffer()[100] = self.rounds
            return super().seek(offset, whence)

    with pytest.raises(BadInput, match="changed while it was read"):
        store.put_stream(Restless(sample(3 * SMALL)))
    assert list(store.list()) == []
    assert temporary(store) == []


def test_arrays_are_bytes(store):
    numpy = pytest.importorskip("numpy")
    matrix = numpy.arange(12.0).reshape(3, 4)
    for array in (matrix, matrix[:, 1], numpy.empty((0, 4))):
        assert store.get(store.put(memoryview(array))) == array.tobytes()


def test_a_file_of_the_kernel_says_it_is_empty_and_is_not(store):
    if not os.path.exists("/proc/self/stat"):
        pytest.skip("needs Linux")
    assert len(store.get(store.put_file("/proc/version"))) > 10


def test_unknown_names(store):
    for call in (store.get, store.info, store.verify, lambda oid: list(store.open(oid))):
        with pytest.raises(UnknownName, match=ABSENT):
            call(ABSENT)
    assert not store.has(ABSENT)
    assert list(store.list()) == []
    assert store.count().objects == 0
    assert not store.root.exists()


def test_list_is_sorted_and_passes_over_what_is_no_object(store):
    ids = sorted(store.put(bytes([n])) for n in range(40))
    folder = store.root / ids[0][:2]
    for name in (".tmp-host-1-2", "notes.txt", f"{ids[0]}.zst.bak", f"{ABSENT}.zst"):
        (folder / name).write_bytes(b"")
    (store.root / "packs").mkdir()
    (store.root / "zz").mkdir()
    (store.root / "3f.txt").write_text("")
    assert list(store.list()) == ids
    for prefix in (ids[7][:1], ids[7][:2], ids[7][:9], ids[7], "zz"):
        assert list(store.list(prefix)) == [oid for oid in ids if oid.startswith(prefix)]


def test_short_forms(store, monkeypatch):
    oid = store.put(b"oats")
    assert store.resolve(oid[:6]) == store.resolve(oid[:20]) == store.resolve(oid) == oid
    with pytest.raises(UnknownName, match="no object"):
        store.resolve(ABSENT[:8])
    with pytest.raises(UnknownName, match="no object"):
        store.resolve(ABSENT)
    for wrong in (oid[:5], "", oid.upper()[:8], "../../etc", oid + "0"):
        with pytest.raises(UsageError):
            store.resolve(wrong)
    twin = ObjectId(oid[:10] + ("0" if oid[10] != "0" else "1") + oid[11:])
    file_of(store, oid).rename(file_of(store, twin))
    store.put(b"oats")
    with pytest.raises(UnknownName, match="2 objects") as caught:
        store.resolve(oid[:10])
    assert oid in caught.value.hint
    assert twin in caught.value.hint


def test_count_tells_plain_from_stored_and_sound_from_torn(store):
    store.put(bytes(100_000))
    torn = store.put(b"torn")
    file_of(store, torn).write_bytes(b"")
    count = store.count()
    assert (count.objects, count.size, count.damaged) == (1, 100_000, 1)
    assert 0 < count.stored < 1000


def test_known_objects_are_freshened_and_not_written(store):
    for data in (b"barley", sample(FRAME + 1)):
        oid = store.put(data)
        path = file_of(store, oid)
        os.utime(path, (1, 1))
        before = path.stat()
        store.put(data)
        after = path.stat()
        assert after.st_ino == before.st_ino
        assert after.st_mtime > 1_000_000_000


TORN = {
    "empty": lambda body: b"",
    "cut in the header": lambda body: body[:5],
    "cut in the body": lambda body: body[:-3],
    "zeros": lambda body: bytes(len(body)),
    "magic, then zeros": lambda body: body[:4] + bytes(len(body) - 4),
    "another object": lambda body: bytes.fromhex("28b52ffd2403190000616263ff7e1d2b"),
}


@pytest.mark.parametrize("size", [5000, FRAME + 5])
@pytest.mark.parametrize("harm", TORN)
def test_adding_again_heals_a_torn_file(store, harm, size):
    data = random.Random(5).randbytes(size)
    oid = store.put(data)
    path = file_of(store, oid)
    path.write_bytes(TORN[harm](path.read_bytes()))
    with pytest.raises(Damaged, match=oid):
        store.get(oid)
    assert store.put(data) == oid
    assert store.get(oid) == data
    assert temporary(store) == []


def test_a_batch_is_there_when_it_ends(store, tmp_path):
    data = [sample(n * 37, seed=n) for n in range(230)] + [sample(FRAME + 3)]
    path = tmp_path / "file.bin"
    path.write_bytes(b"from a file")
    with store.batch() as batch:
        ids = [batch.put(item) for item in data]
        assert batch.put(data[5]) == ids[5]
        ids.append(batch.put_file(path))
    assert [store.get(oid) for oid in ids] == [*data, b"from a file"]
    assert sorted(set(ids)) == list(store.list())
    assert temporary(store) == []


@pytest.mark.parametrize("many", [1, 3, 250])
def test_a_batch_that_fails_leaves_nothing(store, many):
    store.put(b"stays")
    with pytest.raises(ZeroDivisionError), store.batch() as batch:
        for n in range(many):
            batch.put(b"%d" % n)
        1 / 0  # noqa: B018
    assert store.count().objects == 1
    assert temporary(store) == []


def test_another_writer_of_the_same_object_is_no_error(store):
    with store.batch() as batch:
        oid = batch.put(b"rye")
        ObjectStore(store.root).put(b"rye")
        before = file_of(store, oid).stat().st_ino
    assert file_of(store, oid).stat().st_ino == before
    assert store.get(oid) == b"rye"


def test_an_empty_file_that_appears_meanwhile_is_replaced(store):
    with store.batch() as batch:
        oid = batch.put(b"rye")
        file_of(store, oid).parent.mkdir(parents=True, exist_ok=True)
        file_of(store, oid).write_bytes(b"")
    assert store.get(oid) == b"rye"


def test_a_piece_kept_too_long_fails_loudly(store):
    oid = store.put(sample(3 * FRAME))
    pieces = list(store.open(oid))
    with pytest.raises(ValueError, match="released"):
        bytes(pieces[0])


def test_a_reader_that_stops_early_leaves_nothing_open(store):
    oid = store.put(sample(8 * FRAME))
    reader = store.open(oid)
    next(reader)
    reader.close()
    store.verify(oid)


def test_the_root_may_be_relative_to_nothing_and_appear_late(tmp_path):
    one, two = ObjectStore(tmp_path / "a" / "b"), ObjectStore(tmp_path / "a" / "b")
    oid = one.put(b"late")
    assert two.get(oid) == b"late"
