"""Bits turned over, disks that fill, files that are replaced: the store answers with the right bytes or an error."""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from families import family, files, only, put_group

from nws.errors import Damaged
from nws.store import ObjectStore
from nws.store.frames import FRAME, SMALL, frame_at

ROOT = Path(__file__).parent.parent.parent
CONTENT = {
    "small": b"reflectance " * 40,
    "incompressible": random.Random(3).randbytes(3000),
    "large": random.Random(4).randbytes(6000) * ((FRAME + SMALL) // 6000),
}


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "store")


def file_of(store, oid):
    return store.root / oid[:2] / f"{oid}.zst"


def places(length):
    """Every byte of a short file; of a long one every byte of both ends and some between."""
    if length < 4000:
        return range(length)
    return sorted({*range(120), *range(120, length, length // 60), *range(length - 40, length)})


@pytest.mark.parametrize("kind", CONTENT)
def test_a_bit_turned_over_anywhere_never_shows_other_bytes(store, kind):
    data = CONTENT[kind]
    oid = store.put(data)
    path = file_of(store, oid)
    sound = path.read_bytes()
    survived = set()
    for at in places(len(sound)):
        body = bytearray(sound)
        body[at] ^= 1 << at % 8
        path.write_bytes(body)
        try:
            assert store.get(oid) == data
            survived.add(at)
        except Damaged as err:
            assert oid in err.message  # noqa: PT017
            assert str(path) in err.message  # noqa: PT017
            with pytest.raises(Damaged):
                store.verify(oid)
            with pytest.raises(Damaged):
                list(store.open(oid))
    path.write_bytes(sound)
    assert store.get(oid) == data
    # Without its tag a table is a frame that readers pass over. A frame's header has an unused bit and, with a size
    # of 256 bytes or more, one for the window that readers may hold, which changes nothing.
    allowed = {8, 9, 10, 11, 44, 45} if kind == "large" else {4}
    assert survived <= allowed


@pytest.mark.parametrize("kind", CONTENT)
def test_an_object_in_the_middle_of_which_bytes_are_lost_is_damaged(store, kind):
    oid = store.put(CONTENT[kind])
    path = file_of(store, oid)
    sound = path.read_bytes()
    half = len(sound) // 2
    for body in (sound[:half], sound[:half] + sound[half + 1 :], sound[:half] + bytes(len(sound) - half), sound * 2):
        path.write_bytes(body)
        with pytest.raises(Damaged):
            store.get(oid)
        with pytest.raises(Damaged):
            list(store.open(oid))


def test_damage_in_a_stream_shows_before_its_last_piece(store):
    data = CONTENT["large"]
    oid = store.put(data)
    other = store.put(bytes(len(data)))
    file_of(store, oid).write_bytes(file_of(store, other).read_bytes())
    seen = 0
    with pytest.raises(Damaged):
        for piece in store.open(oid):
            seen += len(piece)
    assert 0 < seen < len(data)


def test_an_empty_file_left_by_a_power_cut_is_not_stored(store):
    oid = store.put(b"lost")
    file_of(store, oid).write_bytes(b"")
    assert not store.has(oid)
    assert store.count().objects == 0
    with pytest.raises(Damaged, match="empty"):
        store.get(oid)
    with store.batch() as batch:
        batch.put(b"lost")
    assert store.has(oid)
    assert store.get(oid) == b"lost"


def test_a_folder_in_the_place_of_the_file_is_an_error_of_the_system(store):
    oid = store.put(b"folder")
    file_of(store, oid).unlink()
    file_of(store, oid).mkdir()
    with pytest.raises(OSError, match=oid):
        store.get(oid)


def test_a_folder_that_vanishes_while_listing_is_no_error(store):
    ids = sorted(store.put(bytes([n])) for n in range(60))
    found = []
    for oid in store.list():
        found.append(oid)
        if len(found) == 1:
            for folder in {other[:2] for other in ids if other[:2] != oid[:2]}:
                shutil.rmtree(store.root / folder)
    assert found == [oid for oid in ids if oid[:2] == found[0][:2]]


def test_a_stale_handle_is_opened_again_a_bounded_number_of_times():
    from nws.store.opening import steady

    def stale(times):
        outcomes = iter([*[errno.ESTALE] * times, 0])

        def operation():
            number = next(outcomes)
            if number:
                raise OSError(number, os.strerror(number))
            return "read"

        return operation

    assert steady(stale(2)) == "read"
    with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
        steady(stale(3))


CROWD = """
import sys
from pathlib import Path
from nws.ids import ObjectId
from nws.store import ObjectStore
store = ObjectStore(Path(sys.argv[1]))
sys.stdin.read()
for first in range(0, 120, 30):
    items = [b"%d" % n * 50 for n in range(first, first + 30)]
    with store.batch() as batch:
        ids = [batch.put(data) for data in items]
    assert [store.get(oid) for oid in ids] == items
large = bytes(3 << 20)
assert store.get(store.put(large)) == large
"""


def let_go(crowd):
    """Let processes that wait for it begin at once, and see that all come to a good end."""
    for process in crowd:
        process.stdin.close()
    said = [process.stderr.read() for process in crowd]
    assert [process.wait() for process in crowd] == [0] * len(crowd), said
    for process in crowd:
        process.stderr.close()


def test_many_writers_of_the_same_objects_at_once(store):
    crowd = [
        subprocess.Popen([sys.executable, "-c", CROWD, store.root], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    let_go(crowd)
    count = store.count()
    assert (count.objects, count.damaged) == (121, 0)
    for oid in store.list():
        store.verify(oid)
    assert not list(store.root.rglob(".tmp-*"))


FULL = """
import errno, json, random, sys
from pathlib import Path
from nws.store import ObjectStore

root = Path(sys.argv[1])
store = ObjectStore(root / "store")
draw = random.Random(5)
kept, refused = {}, []

def add(data):
    kept[store.put(data)] = data

def temporary():
    return [str(path) for path in root.rglob(".tmp-*")]

for size in [300_000] * 20 + [3_000_000, 40_000, 40_000]:
    try:
        add(draw.randbytes(size))
    except OSError as err:
        refused.append([err.errno == errno.ENOSPC, bool(err.filename), temporary()])
try:
    with store.batch() as batch:
        for n in range(400):
            batch.put(draw.randbytes(9000))
except OSError as err:
    refused.append([err.errno == errno.ENOSPC, bool(err.filename), temporary()])
for _ in range(3):
    try:
        with store.batch() as batch:
            batch.put_group([draw.randbytes(400_000) for _ in range(6)])
    except OSError as err:
        refused.append([err.errno == errno.ENOSPC, bool(err.filename), temporary()])
whole = sorted(store.list()) == sorted(kept) and all(store.get(oid) == data for oid, data in kept.items())
victim = sorted(kept)[0]
(root / "store" / victim[:2] / (victim + ".zst")).unlink()
add(draw.randbytes(100_000))
print(json.dumps({"kept": len(kept), "refused": refused, "whole": whole}))
"""


def test_a_full_disk_loses_nothing_and_leaves_nothing_behind(tmp_path):
    """On a small memory disk of its own, mounted where only the child sees it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = 'mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    words = ["unshare", "-Urm", "sh", "-c", mount, "sh", folder, sys.executable, FULL]
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare: apt-get install util-linux mount")
    if subprocess.run([*words[:7], "true", ""], capture_output=True, check=False).returncode:
        pytest.skip("needs leave to mount: allow user namespaces, or run as root")
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["whole"]
    assert seen["kept"] >= 7
    assert len(seen["refused"]) >= 15
    assert [one for one in seen["refused"] if one != [True, True, []]] == []


@pytest.mark.slow
def test_a_large_object_goes_in_and_out_in_little_memory(tmp_path):
    """300 MB here; the same script with 2000 is the claim."""
    command = [sys.executable, ROOT / "bench" / "memory.py", "--megabytes", "300", "--folder", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peaks = {line.split("\t")[0]: float(line.split("\t")[1]) for line in done.stdout.splitlines()[1:]}
    assert set(peaks) == {"idle", "put_file", "open", "put_file, known", "put_stream, pipe"}
    assert max(peaks.values()) < 120
    assert max(peaks.values()) > peaks["idle"] > 5, "the measure must measure"


def read_all(store, ids, items):
    """Return the ids that could be read, none of which may show other bytes."""
    read = set()
    for oid, item in zip(ids, items, strict=True):
        try:
            assert store.get(oid) == item
            assert b"".join(map(bytes, store.open(oid))) == item
            store.verify(oid)
            read.add(oid)
        except Damaged as err:
            assert oid in err.message  # noqa: PT017
            assert str(store.root / "packs") in err.message  # noqa: PT017
    return read


@pytest.mark.parametrize("ending", [".pack", ".idx"])
def test_a_bit_turned_over_anywhere_in_a_pack_never_shows_other_bytes(store, ending):
    items = family(3, size=150)
    ids = put_group(store, items, family(3, size=150, seed=1))[:3]
    path = only(store, ending)
    sound = path.read_bytes()
    # What was read before must not hide what is there now.
    assert read_all(store, ids, items) == set(ids)
    whole, parts = set(), set()
    for at in range(len(sound)):
        body = bytearray(sound)
        body[at] ^= 1 << at % 8
        path.write_bytes(body)
        # One that knew the pack before, and one that did not.
        known = read_all(store, ids, items)
        assert read_all(ObjectStore(store.root), ids, items) <= set(ids)
        (whole if known == set(ids) else parts).add(at)
    if ending == ".idx":
        # What an index says is at the end of its pack, too.
        assert not parts
    else:
        first = packing_frame(sound)
        # The header's unused bit, the checksum that only who reads to the end sees, and the other frame.
        assert {at for at in whole if at < first} <= {4, *range(first - 4, first)}
        assert parts > set(range(5, first // 2))
    path.write_bytes(sound)
    assert read_all(ObjectStore(store.root), ids, items) == set(ids)


def packing_frame(body):
    return frame_at(lambda at, length: body[at : at + length], 0).stored


@pytest.mark.parametrize("index", [True, False])
def test_a_pack_of_which_bytes_are_lost_is_damaged(store, index):
    items = family(3, size=150)
    ids = put_group(store, items)
    path = only(store, ".pack")
    sound = path.read_bytes()
    if not index:
        only(store, ".idx").write_bytes(b"")
    for body in (b"", sound[:50], sound[:50] + sound[51:], sound[:-1], sound * 2, bytes(len(sound))):
        path.write_bytes(body)
        again = ObjectStore(store.root)
        for oid in ids:
            with pytest.raises(Damaged):
                again.get(oid)
            with pytest.raises(Damaged):
                again.info(oid)
            assert not again.has(oid)
        assert again.count().damaged in {1, 3}
        assert put_group(again, items) == ids
        assert read_all(ObjectStore(store.root), ids, items) == set(ids)


def test_damage_in_a_pack_ends_with_its_exit_code(nws, tmp_path):
    nws("init", "w", check=0)
    store = ObjectStore(tmp_path / "w" / "_binaries")
    ids = put_group(store, family(3, size=150))
    path = only(store, ".pack")
    body = bytearray(path.read_bytes())
    body[40] ^= 1
    path.write_bytes(body)
    said = nws("-C", "w", "verify-object", *ids, check=13)
    assert said.stdout.splitlines() == [f"{oid} damaged" for oid in ids]
    assert nws("-C", "w", "cat-file", "-p", ids[0], check=13).stdout == ""
    assert nws("-C", "w", "cat-file", "-e", ids[0]).returncode == 0
    path.write_bytes(b"")
    assert nws("-C", "w", "cat-file", "-e", ids[0]).returncode == 1
    assert "damaged: 3" in nws("-C", "w", "count-objects", "-v", check=0).stdout
    only(store, ".idx").write_bytes(b"")
    said = nws("-C", "w", "ls-objects", check=13)
    assert path.stem in said.stderr


PACKERS = """
import sys
from pathlib import Path
from families import family, put_group
from nws.store import ObjectStore
store = ObjectStore(Path(sys.argv[1]))
sys.stdin.read()
for seed in range(12):
    groups = [family(4, size=2000, seed=seed), family(3, size=300, seed=100 + seed % 3)]
    ids = put_group(store, *groups)
    assert [store.get(oid) for oid in ids] == groups[0] + groups[1]
"""


def test_many_packers_of_the_same_objects_at_once(store):
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", PACKERS, store.root],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        for _ in range(6)
    ]
    let_go(crowd)
    count = store.count()
    assert (count.objects, count.damaged) == (12 * 4 + 3 * 3, 0)
    for oid in store.list():
        store.verify(oid)
    assert not list(store.root.rglob(".tmp-*"))
    assert len(files(store, ".pack")) == len(files(store, ".idx")) < 24
