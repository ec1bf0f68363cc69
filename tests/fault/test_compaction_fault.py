"""Compaction under kills and crowds: an index that was cut off at any step reads as before, and the next one cleans up."""

import os

import polars as pl
import pytest
from forking import run_script

from nws import fsio
from nws.index import compaction, segments, state
from nws.index.predictions import Predictions
from nws.index.reading import collect, lazily

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks")

HEAD = """
import itertools, os, random, shutil, signal, sys, tempfile, time
from pathlib import Path
from forking import child, die_at, every_death, exit_code, fail_at
from index_rows import row
from nws.index import compaction, segments

folder = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as scratch:
    segments.append(Path(scratch), [row(0)])
"""
DIE_AT = """
template = folder / "template"

def once(*numbers):
    segments.append(template, [row(number) for number in numbers], name=segments.once_name())

once(*range(10))
assert exit_code(child(compaction.compact, template)) == 0
once(10, 11)
segments.append(template, [row(11), row(12)])
segments.void(template, segments.once_name())

def act(catalog):
    if sys.argv[2] == "compact":
        compaction.compact(catalog)
    else:
        compaction.forget(catalog, [row(number).meta["prediction_id"] for number in (3, 11)])

def work(catalog, step):
    events = {"open", "os.link", "os.remove"}
    if sys.argv[3] == "fails":
        fail_at(step, folder, lambda: act(catalog), events=events)
    else:
        die_at(step, folder, events=events)
        act(catalog)

print(every_death(lambda step: shutil.copytree(template, folder / str(step)), work))
"""


@pytest.mark.parametrize("how", ["dies", "fails"])
@pytest.mark.parametrize(("verb", "after"), [("compact", []), pytest.param("forget", [3, 11], marks=pytest.mark.slow)])
def test_one_that_is_stopped_at_any_step_changes_all_or_nothing(tmp_path, verb, after, how):
    (steps,) = run_script(HEAD + DIE_AT, tmp_path, verb, how)
    assert int(steps) > 25
    whole = list(range(13))
    left = [number for number in whole if number not in after]
    seen = []
    for step in range(1, int(steps) + 1):
        catalog = tmp_path / str(step)
        found = sorted(Predictions(catalog).filter_by_criteria()["pipeline_number"])
        assert found in (whole, left)
        arrays = collect(catalog, lambda catalog=catalog: lazily(catalog, segments.DATA).select("prediction_id"))
        assert len(arrays) == 3 * len(found)
        seen.append(len(found))
        compaction.compact(catalog)
        assert sorted(Predictions(catalog).filter_by_criteria()["pipeline_number"]) == found
        assert sorted(pl.read_parquet(catalog / segments.META)["pipeline_number"]) == found
        assert len(pl.read_parquet(catalog / segments.DATA)) == 3 * len(found)
        assert not any(state.read(catalog).strays(table) for table in segments.TABLES)
    if how == "dies":
        assert seen == sorted(seen, reverse=True)
    assert set(seen) == {len(whole), len(left)}


KILL = """
chance = random.Random(int(sys.argv[2]))
kills = int(sys.argv[3])

def write(first, pipe):
    for number in itertools.count(first):
        segments.append(folder, [row(number), row(number + 1_000_000)], name=segments.once_name())
        os.write(pipe, f"{number} ".encode())
        compaction.tidy(folder)

def merge(_first, _pipe):
    while True:
        compaction.compact(folder)

reading, writing = os.pipe()
os.set_blocking(reading, False)
acknowledged = ""
jobs = [write, write, merge]
alive = {}
for victim in range(kills + len(jobs)):
    if len(alive) == len(jobs):
        pid = chance.choice(list(alive))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        job = alive.pop(pid)
    else:
        job = jobs[victim]
    alive[child(lambda: job(victim * 1000, writing))] = job
    time.sleep(chance.uniform(0.005, 0.06))
    try:
        while part := os.read(reading, 65536):
            acknowledged += part.decode()
    except BlockingIOError:
        pass
for pid in alive:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
os.close(writing)
while part := os.read(reading, 65536):
    acknowledged += part.decode()
print(acknowledged)
"""


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_writers_and_compactors_killed_at_random_lose_and_double_nothing(tmp_path, kills):
    acknowledged = {int(word) for word in run_script(HEAD + KILL, tmp_path, os.getpid(), kills, timeout=240)}
    held = Predictions(tmp_path)
    found = held.filter_by_criteria(show=["prediction_id", "pipeline_number"])
    numbers = found["pipeline_number"].to_list()
    assert len(acknowledged) > kills
    assert len(numbers) == len(set(numbers)) == found["prediction_id"].n_unique()
    assert acknowledged | {number + 1_000_000 for number in acknowledged} <= set(numbers)
    assert len({number for number in numbers if number < 1_000_000} - acknowledged) <= kills + 3
    compaction.compact(tmp_path)
    assert sorted(pl.read_parquet(tmp_path / segments.META)["pipeline_number"]) == sorted(numbers)
    with_arrays = pl.read_parquet(tmp_path / segments.DATA).group_by("prediction_id").len()
    assert set(found["prediction_id"]) <= set(with_arrays["prediction_id"])
    assert set(with_arrays["len"]) == {3}
    for table in segments.TABLES:
        assert not state.read(tmp_path).strays(table)
        for path in segments.paths(tmp_path, table):
            segments.verify(path)


CROWD = """
from nws.index.reading import collect, lazily
writers, each = int(sys.argv[2]), int(sys.argv[3])
total = writers * each
over = folder.with_name("over")

def write(writer):
    for number in range(each):
        segments.append(folder, [row(writer * each + number)], name=segments.once_name())
        compaction.tidy(folder)

def merge():
    while not over.exists():
        compaction.compact(folder)

def poll():
    last = 0
    while not over.exists() or last < total:
        ids = collect(folder, lambda: lazily(folder, segments.META).select("prediction_id"))["prediction_id"]
        assert len(ids) == ids.n_unique() >= last, (len(ids), ids.n_unique(), last)
        last = len(ids)
        time.sleep(0.01)
    assert last == total

others = [child(merge), child(merge), child(poll), child(poll)]
began = time.monotonic()
codes = list(map(exit_code, [child(lambda: write(writer)) for writer in range(writers)]))
print(total / (time.monotonic() - began))
over.touch()
codes += map(exit_code, others)
sys.exit(max(codes))
"""


@pytest.mark.parametrize(("writers", "each"), [(4, 20), pytest.param(8, 250, marks=pytest.mark.slow)])
def test_a_crowd_of_writers_while_segments_are_merged_and_readers_look_on(tmp_path, writers, each):
    catalog = tmp_path / "catalog"
    run_script(HEAD + CROWD, catalog, writers, each, timeout=240)
    held = Predictions(catalog).filter_by_criteria(show=["pipeline_number"])
    assert sorted(held["pipeline_number"]) == list(range(writers * each))
    compaction.compact(catalog)
    assert sorted(pl.read_parquet(catalog / segments.META)["pipeline_number"]) == list(range(writers * each))
    assert len(pl.read_parquet(catalog / segments.DATA)) == 3 * writers * each
    assert not list(tmp_path.rglob(f"{fsio.TEMP_PREFIX}*"))


FULL = """
import resource
for start in range(0, 400, 40):
    segments.append(folder, [row(number) for number in range(start, start + 40)], name=segments.once_name())
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    compaction.compact(folder)
except OSError as err:
    print(err.filename is not None)
"""


def test_a_full_disk_is_said_and_changes_nothing(tmp_path):
    catalog = tmp_path / "catalog"
    assert run_script(HEAD + FULL, catalog) == ["True"]
    assert len(segments.names(catalog / segments.META)) == 10
    assert state.read(catalog).manifest.number == 0
    assert not list(tmp_path.rglob(f"{fsio.TEMP_PREFIX}*"))
    assert len(Predictions(catalog).filter_by_criteria()) == 400
