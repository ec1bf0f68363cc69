"""What collecting costs: as ratios to a plain walk of the same files, and to a plain removal of as many.

Usage: python bench/gc.py [--objects 20000] [--rounds 5]

The walk lists every folder of the store, asks the time and size of every file, and reads every ref and every file of a
record, without looking into them. The sides of a ratio take turns, medians are compared, and the answer is checked:
just what was deleted goes, and what is left can be read. The memory is that of a process that does a dry run.
"""

import argparse
import datetime as dt
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nws import Workspace
from nws.dataset.snapshot import Snapshot
from nws.ids import ObjectId, hash_of
from nws.records import PipelineRecord, encode, now, timestamp

ARTIFACTS = 4
BATCH = 250
NOTHING = dt.timedelta(0)
DRY_RUN = """
import resource, sys
from nws import Workspace
print(Workspace.open(__import__("pathlib").Path(sys.argv[1])).gc(dry_run=True).removed)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def fill(workspace, pipelines):
    """Publish pipelines into two runs of the same size; every second artifact is shared between neighbours."""
    document = Snapshot(
        samples=1, features=1, spectra=workspace.store.put(b"spectra"), axis={"unit": "nm", "values": [1.0]},
        sample_ids=["a"], partition=["train"], targets=[], metadata={},
    )  # fmt: skip
    dataset = workspace.store.put(encode(document))
    runs = [workspace.runs.create(dt.date(2026, 1, 2), name) for name in ("kept", "deleted")]
    for run in runs:
        for first in range(1, pipelines // 2 + 1, BATCH):
            numbers = range(first, min(first + BATCH, pipelines // 2 + 1))
            with workspace.store.batch() as batch:
                drafts = [draft(run.name, number, dataset, batch) for number in numbers]
            run.publish(drafts)
    return runs


def draft(run, number, dataset, batch):
    content = [hash_of([run, number, place]).encode() * 40 for place in range(ARTIFACTS)]
    moment = timestamp(now())
    return PipelineRecord(
        number=number, name=None, run_id=run, hash=hash_of(number), created_at=moment, completed_at=moment,
        duration_seconds=0.1, status="completed", dataset={"name": "wheat", "id": dataset, "targets": ["y"]},
        steps=[{"step": str(place), "operator": "transform", "class": "C", "params": {}} for place in range(ARTIFACTS)],
        artifacts=[
            {"step": str(place), "name": f"{place}_C", "class": "C", "object": batch.put(data), "size_bytes": len(data),
             "format": "pickle5"}
            for place, data in enumerate(content)
        ],
        files={}, config=[], canonical_config=[], environment={}, seed=0, evaluation={}, task=hash_of([run, number]),
    )  # fmt: skip


def walk(workspace):
    """List and stat every file of the store; read every ref and record."""
    count = size = 0
    with os.scandir(workspace.store.root) as folders:
        for folder in folders:
            if folder.is_dir():
                with os.scandir(folder.path) as files:
                    for file in files:
                        count, size = count + 1, size + file.stat().st_size
    root = os.fspath(workspace.store.root)
    for run in workspace.runs.names():
        refs = workspace.runs.folder / run / "_refs"
        for name in os.listdir(refs):
            if name.isdigit():
                text = (refs / name).read_bytes()
                at = text.index(b'"record": "') + 11
                record = text[at : at + 64].decode()
                with open(f"{root}/{record[:2]}/{record}.zst", "rb", buffering=0) as file:
                    file.read()
    return count


def seconds(work):
    begun = time.perf_counter()
    answer = work()
    return time.perf_counter() - begun, answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.init(Path(folder) / "w")[0]
        kept, deleted = fill(workspace, options.objects // (ARTIFACTS + 1))
        measure(Workspace.open(workspace.root), kept, deleted, options.rounds, Path(folder))


def measure(workspace, kept, deleted, rounds, folder):
    held = set(workspace.store.list())
    print(f"{len(held):,} objects, {len(kept.numbers()) + len(deleted.numbers()):,} pipelines")
    walks, surveys = [], []
    for _ in range(rounds):
        spent, count = seconds(lambda: walk(workspace))
        assert count == len(held)
        walks.append(spent)
        spent, found = seconds(lambda: workspace.gc(dry_run=True))
        assert (found.examined, found.reachable, found.removed) == (len(held), len(held), 0)
        surveys.append(spent)
    told("gc --dry-run, all needed", surveys, walks, "a walk")
    done = subprocess.run([sys.executable, "-c", DRY_RUN, workspace.root], capture_output=True, text=True, check=True)
    print(f"memory of a dry run: {int(done.stdout.split()[1]) / 1000:.0f} MB")

    doomed = {ObjectId(ref.record) for ref in deleted.refs()} | {
        ObjectId(artifact["object"]) for pipeline in deleted.pipelines() for artifact in pipeline.record.artifacts
    }
    workspace.runs.delete(deleted)
    copy = folder / "copy"
    shutil.copytree(workspace.store.root, copy)
    # Files that never came to the disk are removed for nothing.
    os.sync()
    spent, _ = seconds(lambda: [os.unlink(f"{copy}/{oid[:2]}/{oid}.zst") for oid in doomed])
    walked, _ = seconds(lambda: walk(workspace))
    took, found = seconds(lambda: workspace.gc(grace=NOTHING))
    assert found.removed == len(doomed)
    assert set(workspace.store.list()) == held - doomed
    assert all(workspace.store.get(oid) for pipeline in kept.pipelines() for oid in pipeline.record.objects())
    told(f"gc that removes {len(doomed):,}", [took], [walked + spent], "a walk and as many removals")


def told(what, ours, floor, name):
    mine, theirs = statistics.median(ours), statistics.median(floor)
    ratio = statistics.median(a / b for a, b in zip(ours, floor, strict=True))
    print(f"{what}: {mine:.3f} s = {ratio:.2f} times {name} ({theirs:.3f} s)")


if __name__ == "__main__":
    main()
