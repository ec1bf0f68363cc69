"""The index under writers that die and writers by the dozen: nothing lost, doubled or torn, and no reader trips."""

import os
import random
import threading

import polars as pl
import pytest
from forking import run_script
from index_rows import row

from nws.errors import Damaged, UnknownName
from nws.index import segments
from nws.index.predictions import Predictions

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks")


def raw(catalog, table):
    """Read a table as a program would that knows nothing of nws."""
    return pl.read_parquet(catalog / table)


HEAD = """
import itertools, os, random, signal, sys, tempfile, time
from pathlib import Path
from forking import child, die_at, every_death, exit_code
from index_rows import row
from nws.index import segments

folder = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as scratch:
    segments.append(Path(scratch), [row(0)])
"""
DIE_AT = """
def work(catalog, step):
    die_at(step, folder)
    segments.append(catalog, [row(1), row(2)])

def prepare(step):
    catalog = folder / str(step)
    if sys.argv[2] == "later":
        segments.append(catalog, [row(0)])
    return catalog

print(every_death(prepare, work))
"""


@pytest.mark.parametrize(("moment", "before"), [("first", []), ("later", [0])])
def test_a_writer_that_dies_at_any_step_leaves_nothing_that_a_reader_trips_over(tmp_path, moment, before):
    (steps,) = run_script(HEAD + DIE_AT, tmp_path, moment)
    assert int(steps) > 10
    seen = []
    for step in range(1, int(steps) + 1):
        catalog = tmp_path / str(step)
        held = Predictions(catalog)
        found = sorted(held.filter_by_criteria()["pipeline_number"].to_list())
        assert found in (before, [*before, 1, 2])
        seen.append(len(found))
        for number in found:
            assert held.arrays(row(number).meta["prediction_id"]).shape[0] == 3
        for table in segments.TABLES:
            if segments.names(catalog / table):
                raw(catalog, table)
        segments.append(catalog, [row(1), row(2)])
        assert sorted(held.filter_by_criteria()["pipeline_number"].to_list()) == [*before, 1, 2]
        assert held.arrays(row(1).meta["prediction_id"]).shape[0] == 3
    assert seen == sorted(seen)
    assert len(set(seen)) == 2


WRITERS, ROUNDS, EACH = 8, 5, 3
APPEND = """
turns, writers, rounds, each = Path(sys.argv[2]), *map(int, sys.argv[3:])

def work(writer):
    for turn in range(rounds):
        while not (turns / str(turn)).exists():
            time.sleep(0.001)
        for number in range(each):
            segments.append(folder, [row((writer * rounds + turn) * each + number)])

children = [child(lambda: work(writer)) for writer in range(writers)]
sys.exit(max(map(exit_code, children)))
"""


def look(catalog, held):
    """Return how many rows a reader sees, which are whole and there once, and no more than a program that knows no nws."""
    ids = held.filter_by_criteria(show=["prediction_id"])["prediction_id"]
    assert ids.n_unique() == len(ids)
    plain = raw(catalog, segments.META)["prediction_id"]
    assert plain.n_unique() == len(plain) >= len(ids)
    assert set(ids) <= set(raw(catalog, segments.DATA)["prediction_id"])
    return len(ids)


def test_many_writers_at_once_and_readers_all_the_while(tmp_path):
    """The reader gives the writers their turns, so that it has looked on however slow either is."""
    catalog, turns = tmp_path / "catalog", tmp_path / "turns"
    turns.mkdir()
    total = WRITERS * ROUNDS * EACH
    segments.append(catalog, [row(total)])
    failures, counts, done = [], [], threading.Event()

    def write():
        try:
            run_script(HEAD + APPEND, catalog, turns, WRITERS, ROUNDS, EACH)
        except BaseException as err:
            failures.append(err)
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    held = Predictions(catalog)
    for turn in range(ROUNDS):
        counts.append(look(catalog, held))
        (turns / str(turn)).touch()
        while counts[-1] < 1 + WRITERS * EACH * (turn + 1) and not done.is_set():
            counts.append(look(catalog, held))
    writer.join()
    assert not failures
    assert counts == sorted(counts)
    assert len(set(counts)) > ROUNDS - 1
    assert sorted(held.filter_by_criteria()["pipeline_number"].to_list()) == list(range(total + 1))
    assert raw(catalog, segments.DATA).group_by("prediction_id").len()["len"].to_list() == [3] * (total + 1)
    assert {path.name for path in catalog.iterdir()} == set(segments.TABLES)


KILL = """
chance = random.Random(int(sys.argv[2]))

def work(first, pipe):
    for number in itertools.count(first):
        segments.append(folder, [row(number), row(number + 100_000)])
        os.write(pipe, f"{number} ".encode())

for victim in range(1, 13):
    reading, writing = os.pipe()
    pid = child(lambda: work(victim * 1000, writing))
    os.close(writing)
    os.read(reading, 1)
    time.sleep(chance.uniform(0, 0.06))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    text = f"{victim * 1000}"[:1]
    while part := os.read(reading, 4096):
        text += part.decode()
    print(text)
"""


def test_writers_killed_at_random_lose_nothing_that_was_acknowledged(tmp_path):
    acknowledged = {int(word) for word in run_script(HEAD + KILL, tmp_path, os.getpid())}
    found = Predictions(tmp_path).filter_by_criteria()["pipeline_number"].to_list()
    assert len(found) == len(set(found))
    assert acknowledged | {number + 100_000 for number in acknowledged} <= set(found)
    beyond = {number for number in found if number < 100_000} - acknowledged
    assert len(beyond) <= 12
    assert raw(tmp_path, segments.META).shape[0] == len(found)
    data = raw(tmp_path, segments.DATA).group_by("prediction_id").len()
    assert set(data["len"]) == {3}
    for path in segments.paths(tmp_path, segments.META) + segments.paths(tmp_path, segments.DATA):
        segments.verify(path)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    script = """
import errno, resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    segments.append(folder, [row(number) for number in range(50)])
except OSError as err:
    print(err.errno == errno.EFBIG, err.filename is not None)
"""
    assert run_script(HEAD + script, tmp_path / "catalog") == ["True", "True"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert Predictions(tmp_path / "catalog").filter_by_criteria().shape[0] == 0


@pytest.mark.parametrize("table", segments.TABLES)
def test_a_flipped_bit_is_an_answer_or_a_named_damage_but_never_another_error(tmp_path, table):
    name = segments.append(tmp_path, [row(number) for number in range(20)])
    path = tmp_path / table / name
    whole, chance, held = path.read_bytes(), random.Random(1), Predictions(tmp_path)
    damages = []
    for _ in range(40):
        spoilt = bytearray(whole)
        spoilt[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(spoilt)
        try:
            held.filter_by_criteria()
            held.arrays(row(3).meta["prediction_id"])
        except Damaged as err:
            damages.append(err.message)
        except UnknownName:
            assert table == segments.META
    assert len(damages) > 5
    assert all(name in message for message in damages)
