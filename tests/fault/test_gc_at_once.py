"""Collectors and writers in processes of their own: whatever is published is whole, whoever is killed."""

import os

import pytest
from collecting import HOUR, age, doomed, new, reached
from families import files
from forking import run_script

from nws import Workspace
from nws.upkeep.gc import gc

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks")
SCRIPT = """
import contextlib, os, random, signal, sys, time
from pathlib import Path
from collecting import DAY, HOUR, publish, reached
from forking import child, exit_code
from nws import Workspace, fsio
from nws.errors import Locked
from nws.upkeep.gc import gc

root, mode, rounds, packs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "packs"
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
        if packs:
            with run.store.batch() as batch:
                batch.put_group(known)
        pipeline = publish(run, *known, number=number, spectra=f"spectra {mine}".encode())
        for oid in reached(pipeline, f"spectra {mine}".encode()):
            workspace.store.verify(oid)
        assert pipeline.is_rendered()
        if number % 5:
            run.delete(number)
            for oid in [artifact["object"] for artifact in pipeline.record.artifacts]:
                with contextlib.suppress(FileNotFoundError):
                    os.utime(workspace.store.root / oid[:2] / f"{oid}.zst", (1e9, 1e9))
                for name in workspace.store.removal.packs.holders(oid):
                    with contextlib.suppress(FileNotFoundError):
                        os.utime(workspace.store.root / "packs" / f"{name}.idx", (1e9, 1e9))

def collector():
    removed = 0
    while not (root / "done").exists():
        with contextlib.suppress(Locked):
            removed += gc(Workspace.open(root), grace=HOUR).removed
            print(removed, flush=True)

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
        assert exit_code(victim) in (-9, 1)
        for pid in list(left):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                left.remove(pid)
                codes.append(os.waitstatus_to_exitcode(status))
else:
    collectors = [child(collector) for _ in range(2)]
    codes = [exit_code(pid) for pid in writers]
    (root / "done").touch()
    codes += [exit_code(pid) for pid in collectors]
sys.exit(max(codes))
"""


@pytest.mark.parametrize("packs", ["loose", "packs"])
@pytest.mark.parametrize("mode", ["locks", "no locks", "kill"])
def test_writers_that_add_what_collectors_remove_lose_nothing(tmp_path, mode, packs):
    workspace = new(tmp_path / "w")
    rounds = 60
    removed = run_script(SCRIPT, workspace.root, mode, rounds, packs, timeout=200)
    # The collectors had something to do.
    assert sum(map(int, removed)) > 0
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
    left = set(workspace.store.list())
    # Of a pack of which half is needed the rest stays.
    assert left == kept if packs == "loose" else kept <= left
    for oid in left:
        workspace.store.verify(oid)
    assert not doomed(workspace.store)
    assert bool(files(workspace.store, ".idx")) == (packs == "packs")
    assert len(files(workspace.store, "")) == 2 * len(files(workspace.store, ".idx"))
