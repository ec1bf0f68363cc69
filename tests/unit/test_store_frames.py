"""The format of an object file: what is written is as specified, and what is foreign but right is read."""

import itertools
import struct
import subprocess
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from nws.errors import Damaged, NewerFormat
from nws.ids import ObjectId
from nws.store import ObjectStore
from nws.store.frames import FRAME, SMALL, Broken, pack_table, read_table, walk


def reader(data):
    return lambda at, length: data[at : at + length]


def frame(data, **options):
    return zstandard.ZstdCompressor(**options).compress(data)


def skippable(data, kind=0x184D2A50):
    return struct.pack("<II", kind, len(data)) + data


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path)


@pytest.fixture
def place(store):
    """Put a file of any bytes where the object of `content` belongs."""

    def put(content, body):
        oid = ObjectId.of(content)
        path = store.root / oid[:2] / f"{oid}.zst"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        return oid

    return put


def test_a_small_body_is_one_frame_with_size_and_checksum(store):
    oid = store.put(bytes(SMALL - 1))
    body = next(store.root.rglob("*.zst")).read_bytes()
    parameters = zstandard.get_frame_parameters(body)
    assert (parameters.content_size, parameters.has_checksum) == (SMALL - 1, True)
    assert [part.stored for part in walk(reader(body), len(body))] == [len(body)]
    assert store.get(oid) == bytes(SMALL - 1)


def test_a_large_body_is_as_the_specification_says(store):
    data = (b"0123456789abcdef" * (2 * FRAME // 16)) + b"the rest"
    store.put(data)
    body = next(store.root.rglob("*.zst")).read_bytes()
    magic, length, tag, version, filtered, zero, plain, size = struct.unpack_from("<II4sBBHQI", body)
    assert (magic, tag, version, filtered, zero) == (0x184D2A5E, b"nwso", 1, 0, 0)
    assert (plain, size, length) == (len(data), 4 << 20, 24 + 4 * 3)
    stored = struct.unpack_from("<3I", body, 28)
    assert struct.unpack_from("<I", body, 40) == (zlib.crc32(body[:40]),)
    assert 44 + sum(stored) == len(body)
    at = 44
    for number, part in enumerate(stored):
        piece = body[at : at + part]
        parameters = zstandard.get_frame_parameters(piece)
        assert (parameters.content_size, parameters.has_checksum) == (8 if number == 2 else FRAME, True)
        assert zstandard.ZstdDecompressor().decompress(piece) == data[number * FRAME : (number + 1) * FRAME]
        at += part


PLAIN = b"".join(b"spectrum %d;" % n for n in range(60_000))
assert len(PLAIN) < SMALL
FOREIGN = {
    "best level": frame(PLAIN, level=19),
    "no size": frame(PLAIN, write_content_size=False),
    "no checksum": frame(PLAIN, write_checksum=False),
    "no size and no checksum": frame(PLAIN, write_content_size=False, write_checksum=False),
    "several frames": b"".join(frame(PLAIN[at : at + 99_999]) for at in range(0, len(PLAIN), 99_999)),
    "frames of both kinds": frame(PLAIN[:7]) + frame(PLAIN[7:], write_content_size=False),
    "empty frames": frame(b"") + frame(PLAIN) + frame(b""),
    "skippable frames around": skippable(b"") + frame(PLAIN) + skippable(b"x" * 5000, 0x184D2A5E),
    "only our magic number": skippable(b"nothing of ours, though it is long enough", 0x184D2A5E) + frame(PLAIN),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_streams_of_other_writers_are_read(store, place, kind):
    oid = place(PLAIN, FOREIGN[kind])
    assert store.get(oid) == PLAIN
    assert b"".join(map(bytes, store.open(oid))) == PLAIN
    assert store.info(oid).size == len(PLAIN)
    assert store.has(oid)
    before = next(store.root.rglob("*.zst")).stat().st_ino
    store.put(PLAIN)
    assert next(store.root.rglob("*.zst")).stat().st_ino == before


@pytest.mark.parametrize("options", [["-3"], ["-1", "-T2"], ["--ultra", "-20", "--long=27"], ["-3", "--no-check"]])
def test_streams_of_the_real_tool_are_read(store, place, tool, options):
    plain = PLAIN * 12
    for piped in (True, False):
        source = store.root / "plain"
        source.write_bytes(plain)
        words = [tool("zstd"), "-q", "-c", *options]
        if piped:
            made = subprocess.run(words, input=plain, capture_output=True, check=True)
        else:
            made = subprocess.run([*words, source], capture_output=True, check=True)
        oid = place(plain, made.stdout)
        assert store.get(oid) == plain
        store.verify(oid)


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("tail", [b"\0", b"garbage", b"\x28\xb5\x2f\xfd", skippable(b"long")[:-1]])
def test_anything_after_a_stream_is_damage(store, place, kind, tail):
    oid = place(PLAIN, FOREIGN[kind] + tail)
    for call in (store.get, store.info, store.verify, lambda oid: list(store.open(oid))):
        with pytest.raises(Damaged, match=oid):
            call(oid)
    assert not store.has(oid)


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_stream_cut_anywhere_is_damage(store, place, kind):
    whole = FOREIGN[kind]
    cuts = {*range(40), *range(0, len(whole), 1 + len(whole) // 50), *range(len(whole) - 20, len(whole))}
    for cut in sorted(cuts):
        oid = place(PLAIN, whole[:cut])
        try:
            assert store.get(oid) == PLAIN, cut
        except Damaged:
            continue
        # What may be lost without harm is what holds no content.
        assert kind in {"empty frames", "skippable frames around"}


def test_an_object_under_a_wrong_name_is_damage(store, place):
    oid = place(b"a", frame(b"b"))
    for call in (store.get, store.verify, lambda oid: list(store.open(oid))):
        with pytest.raises(Damaged, match="do not match its id"):
            call(oid)


def liar(declared, content, *, window=False):
    """A frame that declares one size and holds another (raw blocks, eight bytes of content size)."""
    blocks = [content[at : at + 128 * 1024] for at in range(0, len(content), 128 * 1024)] or [b""]
    body = b"\x28\xb5\x2f\xfd" + (b"\xc0\x58" if window else b"\xe0") + struct.pack("<Q", declared)
    last = len(blocks) - 1
    headers = [(len(block) << 3 | (number == last)).to_bytes(3, "little") for number, block in enumerate(blocks)]
    return body + b"".join(header + block for header, block in zip(headers, blocks, strict=True))


@pytest.mark.parametrize(
    ("declared", "real"), [(10, 11), (11, 10), (0, 5), (5 << 20, 6 << 20), (6 << 20, 5 << 20), (5 << 20, 40 << 20)]
)
@pytest.mark.parametrize("window", [False, True])
def test_a_frame_that_lies_about_its_size_is_damage(store, place, declared, real, window):
    content = bytes(real)
    oid = place(content, liar(declared, content, window=window))
    seen = 0
    with pytest.raises(Damaged):
        for piece in store.open(oid):
            seen += len(piece)
    assert seen <= declared
    with pytest.raises(Damaged):
        store.get(oid)


@pytest.mark.parametrize("declared", [10, 5 << 20])
def test_what_follows_the_right_content_in_a_frame_is_not_handed_on(store, place, declared):
    oid = place(bytes(declared), liar(declared, bytes(declared + (40 << 20)), window=True))
    seen = 0
    with pytest.raises(Damaged):
        for piece in store.open(oid):
            seen += len(piece)
    assert seen <= declared


def bomb(size, *, declared=None):
    """A frame of runs of zeros: four bytes for each 128 KiB."""
    header = b"\x28\xb5\x2f\xfd" + (b"\x00\x58" if declared is None else b"\xe0" + struct.pack("<Q", declared))
    count = size // (128 * 1024)
    blocks = b"".join(
        ((128 * 1024) << 3 | 1 << 1 | (n == count - 1)).to_bytes(3, "little") + b"\0" for n in range(count)
    )
    return header + blocks


@pytest.mark.parametrize("declared", [False, True])
def test_a_bomb_fills_no_memory(store, place, declared):
    import tracemalloc

    size = 512 << 20
    oid = place(b"small", bomb(size, declared=size if declared else None))
    tracemalloc.start()
    with pytest.raises(Damaged):
        store.get(oid)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_a_table_that_promises_more_than_there_is_allocates_nothing(store, place):
    table = pack_table(1 << 50, [])
    oid = place(b"x", table + frame(b"x"))
    with pytest.raises(Damaged, match="contradicts"):
        store.get(oid)
    short = bytearray(pack_table(SMALL, [9]))
    struct.pack_into("<I", short, 4, 0x7FFFFFFF)
    oid = place(b"y", bytes(short) + frame(b"y"))
    with pytest.raises(Damaged, match="longer than the file"):
        store.get(oid)


def sealed(table, **changes):
    """A table with some fields changed and its checksum made right again."""
    names = ["magic", "length", "tag", "version", "filter", "zero", "plain", "frame"]
    fields = dict(zip(names, struct.unpack_from("<II4sBBHQI", table), strict=True)) | changes
    head = struct.pack("<II4sBBHQI", *fields.values()) + table[28:-4]
    return head + struct.pack("<I", zlib.crc32(head))


@pytest.mark.parametrize("change", [{"version": 2}, {"filter": 1}, {"version": 7, "filter": 9}])
def test_a_later_format_is_refused_as_such(store, place, change):
    body = frame(bytes(SMALL))
    oid = place(bytes(SMALL), sealed(pack_table(SMALL, [len(body)]), **change) + body)
    for call in (store.get, store.info, store.verify, store.has, lambda _: store.put(bytes(SMALL))):
        with pytest.raises(NewerFormat, match=oid):
            call(oid)


@pytest.mark.parametrize(
    "change", [{"plain": SMALL + 1}, {"plain": 3 * FRAME}, {"frame": 0}, {"frame": 1 << 30}, {"frame": SMALL - 1}]
)
def test_a_table_that_contradicts_its_frames_is_damage(store, place, change):
    body = frame(bytes(SMALL))
    oid = place(bytes(SMALL), sealed(pack_table(SMALL, [len(body)]), **change) + body)
    with pytest.raises(Damaged):
        store.get(oid)


def test_frames_that_hide_something_from_the_table_are_damage(store, place):
    data = bytes(FRAME) + b"tail"
    first, second = frame(data[:FRAME]), frame(data[FRAME:])
    good = place(data, pack_table(len(data), [len(first), len(second)]) + first + second)
    assert store.get(good) == data
    for hidden in (skippable(b"hidden"), frame(b""), b"junk"):
        for parts in ([first + hidden, second], [first, second + hidden]):
            oid = place(data, pack_table(len(data), [len(part) for part in parts]) + b"".join(parts))
            with pytest.raises(Damaged, match="differs from the table"):
                store.get(oid)
        one = frame(bytes(SMALL)) + hidden
        oid = place(bytes(SMALL), pack_table(SMALL, [len(one)]) + one)
        with pytest.raises(Damaged, match="differs from the table"):
            store.get(oid)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=20), st.integers(0, 3))
def test_tables_come_back(stored, extra):
    plain = max(0, len(stored) * FRAME - extra) if stored else 0
    table = pack_table(plain, stored)
    found = read_table(reader(table), len(table) + sum(stored))
    assert found.plain == plain
    assert [part.stored for part in found.frames] == stored
    assert sum(part.plain for part in found.frames) == plain
    assert [part.start for part in found.frames] == list(itertools.accumulate(stored, initial=len(table)))[:-1]
    assert [*walk(reader(table + frame(b"")), len(table) + len(frame(b"")))], "a zstd reader passes over a table"


@given(st.binary(max_size=300))
def test_garbage_never_does_worse_than_break(data):
    for beginning in (b"", b"\x28\xb5\x2f\xfd", pack_table(5, [12])[:28]):
        body = beginning + data
        try:
            read_table(reader(body), len(body))
            list(walk(reader(body), len(body)))
        except Broken:
            pass
