"""Collectors and writers in processes of their own: whatever is published is whole, whoever is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from collecting import HOUR, age, doomed, new, reached

from nws import Workspace
from nws.upkeep.gc import gc

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks")
TESTS = Path(__file__).parents[1]
SCRIPT = """
import contextlib, os, random, signal, sys, time
from pathlib import Path
from collecting import DAY, HOUR, publish, reached
from nws import Workspace, fsio
from nws.errors import Locked
from nws.upkeep.gc import gc

root, mode, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
WRITERS = 4
if mode == "no locks":
    fsio._acquire = lambda *_, **__: True

def writer(mine):
    # What this writer adds again and again is its own, so that nobody else makes it old while it is on its way.
    chance = random.Random(mine)
    workspace = Workspace.open(root)
    run = workspace.runs.create(DAY, f"w{mine}")
    for number in range(1, rounds + 1):
        known = [f"{mine} {place}".encode() for place in chance.sample(range(12), 4)]
        pipeline = publish(run, *known, number=number, spectra=f"spectra {mine}".encode())
        for oid in reached(pipeline, f"spectra {mine}".encode()):
            workspace.store.verify(oid)
        assert pipeline.is_rendered()
        if number % 5:
            run.delete(number)
            for oid in pipeline.record.objects():
                with contextlib.suppress(FileNotFoundError):
                    os.utime(workspace.store.root / oid[:2] / f"{oid}.zst", (1e9, 1e9))

def collector():
    removed = 0
    while not (root / "done").exists():
        with contextlib.suppress(Locked):
            removed += gc(Workspace.open(root), grace=HOUR).removed
            print(removed, flush=True)

def child(work, *words):
    pid = os.fork()
    if pid == 0:
        try:
            work(*words)
            sys.stdout.flush()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return pid

def wait(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

# Everything is loaded before the first child.
gc(Workspace.open(root), grace=HOUR)
writers = [child(writer, number) for number in range(WRITERS)]
if mode == "kill":
    chance = random.Random(os.getpid())
    left, codes = set(writers), []
    while left:
        victim = child(collector)
        time.sleep(chance.uniform(0, 0.15))
        os.kill(victim, signal.SIGKILL)
        assert wait(victim) in (-9, 1)
        for pid in list(left):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                left.remove(pid)
                codes.append(os.waitstatus_to_exitcode(status))
else:
    collectors = [child(collector) for _ in range(2)]
    codes = [wait(pid) for pid in writers]
    (root / "done").touch()
    codes += [wait(pid) for pid in collectors]
sys.exit(max(codes))
"""


@pytest.mark.parametrize("mode", ["locks", "no locks", "kill"])
def test_writers_that_add_what_collectors_remove_lose_nothing(tmp_path, mode):
    workspace = new(tmp_path / "w")
    rounds = 60
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(workspace.root), mode, str(rounds)],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    # The collectors had something to do.
    assert sum(map(int, done.stdout.split())) > 0
    kept = set()
    for run in workspace.runs.list():
        pipelines = list(run.pipelines())
        assert [pipeline.record.number for pipeline in pipelines] == list(range(5, rounds + 1, 5))
        for pipeline in pipelines:
            kept |= reached(pipeline, f"spectra {run.name[-1]}".encode())
    for oid in kept:
        workspace.store.verify(oid)
    age(workspace.root)
    gc(Workspace.open(workspace.root), grace=HOUR)
    assert set(workspace.store.list()) == kept
    assert not doomed(workspace.store)
