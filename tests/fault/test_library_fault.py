"""The library and import on a bad day: processes that die at any step, and the same call that finishes their work."""

import os
import shutil
import subprocess
import sys

import pytest
from attacking import tree
from forking import TESTS, run_script
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")
HEAD = """
import shutil, sys
from pathlib import Path
from nws import Workspace
from forking import die_at, every_death

base = Path(sys.argv[1])
source = base / "source"
one = source / "library/trained/filtered/one.zip"
two = source / "library/trained/filtered/two.zip"
# Loads everything that writes once, before children are made.
warm = Workspace.init(base / "warm")[0]
warm.take(one); warm.take(two, name="one", replace=True)
shutil.rmtree(base / "warm")

def place(step):
    root = base / "steps" / str(step)
    if not root.exists():
        Workspace.init(root)
        PREPARE(root)
    return root
"""
PLAYS = {
    "a pipeline": ("pass", "Workspace.open(root).take(one)"),
    "another in its place": ("Workspace.open(root).take(one)", "Workspace.open(root).take(two, name='one', replace=True)"),
    "removal": ("Workspace.open(root).take(one)", "w = Workspace.open(root); from nws.upkeep.library import remove; [remove(w, c) for c in w.library.list()]"),
}  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    root = tmp_path_factory.mktemp("base") / "source"
    workspace, _ = Workspace.init(root)
    small_csv(root / "wheat.csv")
    (root / "nws.toml").write_text("format = 1\n[catalog]\narchive_best = false\n", encoding="utf-8")
    (result,) = workspace.run(root / "wheat.csv", ridge_grid(root / "grid.json", 3))
    result.run.delete(2)
    workspace.save(result.run.name, "all", kind="fullrun")
    workspace.save(f"{result.run.name}/0001", "one")
    workspace.save(f"{result.run.name}/0003", "two")
    return root


def play(source, tmp_path, name):
    shutil.copytree(source, tmp_path / "source")
    prepare, does = PLAYS[name]
    script = f"""{HEAD.replace("PREPARE(root)", prepare)}
def work(root, step):
    die_at(step, root)
    {does}

print(every_death(place, work))
"""
    (steps,) = run_script(script, tmp_path, timeout=60)
    return [tmp_path / "steps" / str(step) for step in range(1, int(steps) + 1)]


def run_of(workspace):
    (run,) = workspace.runs.list()
    return run


DIES = """
import sys
from pathlib import Path
from nws import Workspace
from forking import EVENTS, die_at

root, words, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
count = [0]
if step:
    die_at(step, root)
else:
    die_at(1, root, end=lambda: None)
    import os
    fsync = os.fsync
    def watch(event, words):
        count[0] += event in EVENTS and str(root) in str(words[0])
    def counted(descriptor):
        count[0] += 1
        fsync(descriptor)
    sys.addaudithook(watch)
    os.fsync = counted
workspace = Workspace.open(root)
workspace.load("all") if words == "own" else workspace.take(Path(words))
print(count[0])
"""


def died(root, words, step):
    """Let a process of its own do the work and die at a step; return what it prints, or None if it died."""
    # Not a fork: the threads of polars do not live on in one.
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DIES, str(root), str(words), str(step)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=False,
    )
    assert done.returncode in (0, 9), done.stderr
    return done.stdout if done.returncode == 0 else None


@pytest.mark.slow
@pytest.mark.parametrize("own", [False, True])
def test_who_dies_at_any_step_leaves_a_run_that_the_same_call_finishes(source, tmp_path, own):
    whole = Workspace.open(source)
    file, original = source / "library/trained/fullrun/all.zip", run_of(whole)

    def place(step):
        Workspace.init(tmp_path / f"w{step}")
        if own:
            shutil.copytree(source / "library", tmp_path / f"w{step}" / "library", dirs_exist_ok=True)
        return tmp_path / f"w{step}"

    total = int(died(place(0), "own" if own else file, 0))
    assert total > 60
    states = set()
    for step in [*range(3, total, total // 11), total]:
        root = place(step)
        assert died(root, "own" if own else file, step) is None
        workspace = Workspace.open(root)
        for run in workspace.runs.list():
            # What is named is there, whenever it ended; and nothing that came is there without its mark.
            for pipeline in run.pipelines():
                assert all(workspace.store.has(oid) for oid in pipeline.record.objects())
            assert own or workspace.runs.imported.has(run.name)
            # Until all of it is there it is neither a run that came to its end, nor one to go on with.
            assert not run.is_asked() or (run.numbers() == [1, 2, 3] and run.summary() == original.summary())
            assert not run.is_asked() or workspace.reindex() == 0
        states.add(workspace.load("all").state if own else workspace.take(file).state)
        check_whole(root)
        assert run_of(workspace).numbers() == [1, 2, 3]
        assert workspace.runs.imported.has(original.name) != own
        assert workspace.runs.standing() == whole.runs.standing()
        assert workspace.reindex() == 0
        assert len(workspace.predictions.filter_by_criteria(deleted=False, show=["record", "ref"])) == 2
        assert (workspace.load("all") if own else workspace.take(file)).state == "unchanged"
    assert states >= {"added", "completed"}


@pytest.mark.parametrize("name", ["a pipeline", "another in its place"])
def test_a_copy_is_whole_or_not_there_and_marked_before_it_is(source, tmp_path, name):
    files = {key: (source / f"library/trained/filtered/{key}.zip").read_bytes() for key in ("one", "two")}
    seen = []
    for root in play(source, tmp_path, name):
        workspace = Workspace.open(root)
        found = [(copy, workspace.library.verify(copy).problems) for copy in workspace.library.list()]
        assert all(not problems for _, problems in found)
        assert list(workspace.library.strays()) == []
        for copy, _ in found:
            assert workspace.library_imported.has(copy.name)
        seen.append(found[0][0].path.read_bytes() if found else None)
        if name == "a pipeline":
            workspace.take(source / "library/trained/filtered/one.zip")
        else:
            workspace.take(source / "library/trained/filtered/two.zip", name="one", replace=True)
        (copy,) = workspace.library.list()
        assert copy.path.read_bytes() == files["one" if name == "a pipeline" else "two"]
    before, after = (None, files["one"]) if name == "a pipeline" else (files["one"], files["two"])
    assert seen[0] == before
    assert seen[-1] == after
    assert set(seen) == {before, after}


def test_who_dies_removing_leaves_no_copy_without_its_mark(source, tmp_path):
    for root in play(source, tmp_path, "removal"):
        workspace = Workspace.open(root)
        for copy in workspace.library.list():
            assert workspace.library_imported.has(copy.name)
        workspace.take(source / "library/trained/filtered/one.zip")
        assert workspace.library_imported.has("one")


def test_what_was_left_half_way_is_collected(source, tmp_path):
    workspace, _ = Workspace.init(tmp_path / "w")
    shutil.copytree(source / "library", workspace.root / "library", dirs_exist_ok=True)
    left = [
        workspace.root / "library" / place / ".tmp-x-1-1"
        for place in ("trained/fullrun", "templates", ".imported", "trained")
    ]
    left.append(workspace.root / "runs" / ".imported" / ".tmp-x-1-2")
    kept = tree(workspace.root / "library")
    for path in left:
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"half")
        os.utime(path, (1, 1))
    assert workspace.gc().temporary == len(left)
    assert {name: data for name, data in tree(workspace.root / "library").items() if data is not None} == {
        name: data for name, data in kept.items() if data is not None
    }
