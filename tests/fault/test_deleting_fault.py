"""Deleting and collecting, killed before every call of the system: a run is whole or gone, and nothing needed is lost."""

import os
import shutil

import pytest
from collecting import DAY, HOUR, age, doomed, new, publish, reached
from forking import run_script

from nws import Workspace
from nws.ids import ObjectId
from nws.upkeep.gc import gc

pytestmark = pytest.mark.skipif(os.name == "nt", reason="forks")
DIE_AT = """
import os, shutil, sys
from pathlib import Path
from collecting import HOUR
from forking import EVENTS, die_at, every_death
from nws import Workspace
from nws.upkeep.gc import gc

template, folder, what = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
MORE = {"os.rename", "os.rmdir", "os.utime", "os.scandir"}

def act(root):
    workspace = Workspace.open(root)
    run = workspace.runs.get("2024-10-23_doomed")
    if what == "run":
        workspace.runs.delete(run)
    elif what == "pipeline":
        run.delete(1)
    else:
        gc(workspace, grace=HOUR)

def work(root, step):
    die_at(step, root, events=EVENTS | MORE, anywhere=("os.remove", "os.rmdir"))
    act(root)

# Everything is loaded before the first child.
act(shutil.copytree(template, folder / "first"))
print(every_death(lambda step: shutil.copytree(template, folder / str(step)), work))
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Two runs that share artifacts, a pipeline deleted out of one, and garbage; everything is old."""
    workspace = new(tmp_path_factory.mktemp("template") / "w")
    for name, numbers in (("doomed", (1, 2)), ("other", (1, 2, 3))):
        run = workspace.runs.create(DAY, name)
        for number in numbers:
            publish(run, b"shared", f"{name} {number}".encode(), number=number)
    run.delete(3)
    for number in range(5):
        workspace.store.put(b"garbage %d" % number)
    workspace.store.removal.doom(ObjectId.of(b"garbage 4"))
    workspace.store.removal.doom(ObjectId.of(b"shared"))
    age(workspace.root)
    return workspace.root


@pytest.fixture
def killed(template, tmp_path):
    """Let a command die before each of its calls, and yield every workspace that is left; the last one is done."""

    def run(what):
        (steps,) = map(int, run_script(DIE_AT, template, tmp_path, what, timeout=200))
        assert steps > 10
        for step in range(1, steps + 1):
            yield Workspace.open(tmp_path / str(step))
            shutil.rmtree(tmp_path / str(step))

    return run


def check_whole(workspace, name, numbers, *, views=True):
    run = workspace.runs.get(name)
    pipelines = list(run.pipelines())
    assert [pipeline.record.number for pipeline in pipelines] == numbers
    for pipeline in pipelines:
        for oid in reached(pipeline):
            workspace.store.verify(oid)
        assert not views or pipeline.is_rendered()
    return set().union(*map(reached, pipelines))


def check_marks(workspace):
    """No mark without a ref that says so."""
    for name, number in workspace.runs.standing().deleted:
        assert workspace.runs.get(name).ref(number).record is None


def settle(workspace, expected):
    """Collect what is left, and see that it is just what is to be there."""
    age(workspace.root)
    gc(workspace, grace=HOUR)
    assert set(workspace.store.list()) == expected
    assert not doomed(workspace.store)
    assert not list(workspace.root.rglob(".tmp-*"))
    refs = [(run, ref) for run in workspace.runs.list() for ref in run.refs() if ref.record is None]
    assert {(run.name, ref.number) for run, ref in refs} == workspace.runs.standing().deleted
    assert not any((run.folder / ref.view).exists() for run, ref in refs)


def test_a_run_whose_deletion_is_killed_is_whole_or_gone(killed):
    seen = []
    for workspace in killed("run"):
        whole = "2024-10-23_doomed" in workspace.runs.names()
        seen.append(whole)
        kept = check_whole(workspace, "2024-10-23_other", [1, 2])
        check_marks(workspace)
        if whole:
            check_whole(workspace, "2024-10-23_doomed", [1, 2])
            workspace.runs.delete(workspace.runs.get("2024-10-23_doomed"))
        assert workspace.runs.create(DAY, "doomed").name == "2024-10-23_doomed_2"
        settle(workspace, kept)
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {True, False}


@pytest.mark.parametrize("then", ["again", "collect"])
def test_a_pipeline_whose_deletion_is_killed_is_there_or_deleted(killed, then):
    seen = []
    for workspace in killed("pipeline"):
        run = workspace.runs.get("2024-10-23_doomed")
        there = run.ref(1).record is not None
        seen.append(there)
        # It may lack its view, which a checkout brings back.
        kept = check_whole(workspace, run.name, [1, 2] if there else [2], views=not there)
        kept |= check_whole(workspace, "2024-10-23_other", [1, 2])
        check_marks(workspace)
        if then == "again":
            run.delete(1)
            kept = check_whole(workspace, run.name, [2]) | check_whole(workspace, "2024-10-23_other", [1, 2])
            assert (run.name, 1) in workspace.runs.standing().deleted
        settle(workspace, kept)
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {True, False}


@pytest.mark.slow
def test_a_collector_that_is_killed_loses_nothing_and_the_next_one_finishes(killed):
    halfway = []
    for workspace in killed("gc"):
        kept = check_whole(workspace, "2024-10-23_other", [1, 2]) | check_whole(workspace, "2024-10-23_doomed", [1, 2])
        halfway.append(len(doomed(workspace.store)))
        again = Workspace.open(workspace.root)
        assert again.store.put(b"garbage 0") in set(again.store.list())
        settle(workspace, kept)
    assert max(halfway) > 5
