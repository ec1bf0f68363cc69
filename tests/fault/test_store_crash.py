"""Stopped or failing at any call of the system, the store keeps what it has and never shows half of anything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import store_faults

from nws.ids import ObjectId
from nws.store import ObjectStore

SCENARIOS = sorted(store_faults.CONTENT)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork: run it on Linux or macOS")


def rounds(scenario, mode, folder):
    words = [sys.executable, store_faults.__file__, scenario, mode, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(scenario, root, *, acknowledged):
    store = ObjectStore(root)
    wanted = {ObjectId.of(data): data for data in store_faults.CONTENT[scenario]}
    for oid in store.list():
        assert oid in wanted
        if store.has(oid):
            assert store.get(oid) == wanted[oid]
        else:
            assert scenario == "torn", "only what was torn before may be torn now"
    if acknowledged or scenario in {"known", "regroup"}:
        assert set(store.list()) == set(wanted)
        assert all(store.has(oid) for oid in wanted)
    for oid, data in wanted.items():
        assert store.put(data) == oid
        assert store.get(oid) == data


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_crash_at_any_call_leaves_only_whole_objects(scenario, tmp_path):
    seen = rounds(scenario, "crash", tmp_path)
    assert len(seen) > 3
    for one in seen:
        assert one["code"] == (9 if one["call"] else 0)
        check(scenario, tmp_path / str(one["at"]), acknowledged=one["code"] == 0)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_call_that_fails_is_reported_and_leaves_no_temporary_file(scenario, tmp_path):
    seen = rounds(scenario, "fail", tmp_path)
    assert {"open", "fsync", "link"} <= {one["call"] for one in seen} or scenario in {"known", "regroup"}
    for one in seen:
        root = tmp_path / str(one["at"])
        # A temporary name that could not be removed does no harm, so that alone is no failure.
        assert one["code"] == (0 if one["call"] in {"", "unlink"} else 3), one
        if one["call"] != "unlink":
            assert not list(root.rglob(".tmp-*")), one
        check(scenario, root, acknowledged=one["code"] == 0)


@pytest.mark.parametrize("scenario", ["small", "large", "batch", "torn"])
def test_bytes_are_on_the_disk_before_their_name_and_the_name_before_the_answer(scenario, tmp_path):
    (calls,) = rounds(scenario, "trace", tmp_path)
    steps = [call for call in calls if call in {"fsync", "link", "replace"}]
    count = len(store_faults.CONTENT[scenario])
    folders = {ObjectId.of(data)[:2] for data in store_faults.CONTENT[scenario]}
    assert steps[:count] == ["fsync"] * count, "all bytes first"
    names = steps[count : steps.index("fsync", count)]
    assert names == (["link", "replace"] if scenario == "torn" else ["link"] * count)
    assert steps[count + len(names) :] == ["fsync"] * len(steps[count + len(names) :])
    root_and_its_parent = 1 if scenario == "torn" else 2
    assert len(steps) - count - len(names) == len(folders) + root_and_its_parent


def test_a_known_object_costs_one_change_of_metadata(tmp_path):
    (calls,) = rounds("known", "trace", tmp_path)
    assert [call for call in calls if call not in {"open", "seek"}] == ["utime"]
    assert calls.count("open") == 1


def test_a_pack_is_on_the_disk_before_its_index_and_both_before_the_answer(tmp_path):
    (calls,) = rounds("group", "trace", tmp_path)
    steps = [call for call in calls if call in {"fsync", "link", "replace"}]
    # The pack, its index, the small object; the pack's name is settled before the index gives it away.
    assert steps == ["fsync"] * 3 + ["link", "fsync", "link", "link"] + ["fsync"] * 4


def test_known_objects_of_a_pack_cost_one_change_of_metadata(tmp_path):
    (calls,) = rounds("regroup", "trace", tmp_path)
    assert [call for call in calls if call not in {"open", "seek"}] == ["utime"]


def test_a_new_object_costs_few_metadata_operations(tmp_path):
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(store_faults.__file__).parent)!r})
import store_faults
from nws.store import ObjectStore
store = ObjectStore(Path({str(tmp_path / "store")!r}))
twins = {{}}
for n in range(2000):
    data = b"%d" % n
    twins.setdefault(store_faults.nws.store.hash_bytes(data)[:2], []).append(data)
first, second = next(pair for pair in twins.values() if len(pair) > 1)[:2]
store.put(first)
calls = []
store_faults.watch(calls.append)
store.put(second)
store_faults.unwatch()
print(" ".join(calls))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    calls = [call for call in done.stdout.split() if call not in {"write", "flush", "seek"}]
    assert sorted(calls) == ["fsync", "fsync", "link", "open", "open", "open", "unlink"]
    assert len(calls) <= 8
