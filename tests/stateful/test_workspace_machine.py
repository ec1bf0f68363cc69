"""The workspace against a plain model: publish, delete, remove by hand, collect, add again; nothing needed is ever lost."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from collecting import DAY, HOUR, age, doomed, new, publish, reached, register
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nws import Workspace
from nws.errors import UnknownName
from nws.ids import ObjectId
from nws.index.standing import Standing
from nws.upkeep.gc import gc

CONTENT = st.integers(0, 5).map(lambda number: b"content %d" % number)
SPECTRA = st.sampled_from([b"spectra a", b"spectra b"])
PLACE = st.integers(0, 1000)


class WorkspaceMachine(RuleBasedStateMachine):
    """`runs` holds what is published: name → number → ids; `old` is whether all files are older than any grace."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.workspace = new(self.folder / "w")
        self.runs = {}
        self.deleted = set()
        self.datasets = {}
        self.old = False

    def teardown(self):
        shutil.rmtree(self.folder)

    def some_run(self, place):
        name = sorted(self.runs)[place % len(self.runs)]
        return self.workspace.runs.get(name)

    def needed(self):
        published = [ids for pipelines in self.runs.values() for ids in pipelines.values()]
        return set().union(*published, *self.datasets.values())

    @rule()
    def begin(self):
        run = self.workspace.runs.create(DAY, "wheat")
        assert run.name not in self.runs
        self.runs[run.name] = {}

    @precondition(lambda self: self.runs)
    @rule(place=PLACE, artifacts=st.lists(CONTENT, min_size=1, max_size=3), spectra=SPECTRA)
    def publish(self, place, artifacts, spectra):
        run = self.some_run(place)
        pipeline = publish(run, *artifacts, number=1, spectra=spectra)
        number = pipeline.record.number
        assert number not in self.runs[run.name]
        assert (run.name, number) not in self.deleted
        self.runs[run.name][number] = reached(pipeline, spectra)
        self.old = False

    @rule(data=CONTENT)
    def put(self, data):
        oid = self.workspace.store.put(data)
        assert self.workspace.store.get(oid) == data
        assert oid in set(self.workspace.store.list())
        self.old = False

    @rule(spectra=SPECTRA)
    def register(self, spectra):
        self.datasets["wheat"] = register(self.workspace, "wheat", spectra)
        self.old = False

    @precondition(lambda self: self.datasets)
    @rule()
    def unregister(self):
        self.workspace.datasets.remove("wheat")
        self.datasets.clear()

    @precondition(lambda self: any(self.runs.values()))
    @rule(place=PLACE)
    def delete_pipeline(self, place):
        pairs = sorted((name, number) for name, numbers in self.runs.items() for number in numbers)
        name, number = pairs[place % len(pairs)]
        self.workspace.runs.get(name).delete(number)
        del self.runs[name][number]
        self.deleted.add((name, number))

    @precondition(lambda self: self.runs)
    @rule(place=PLACE, by_hand=st.booleans())
    def delete_run(self, place, by_hand):
        run = self.some_run(place)
        if by_hand:
            shutil.rmtree(run.folder)
        else:
            self.workspace.runs.delete(run)
        del self.runs[run.name]
        self.deleted = {(name, number) for name, number in self.deleted if name != run.name}

    @precondition(lambda self: self.runs)
    @rule(place=PLACE)
    def begin_after_a_removal_by_hand(self, place):
        self.delete_run(place, by_hand=True)
        self.begin()

    @rule()
    def grow_old(self):
        age(self.workspace.root)
        self.old = True

    @rule(ids=st.lists(CONTENT, max_size=3))
    def collector_is_killed(self, ids):
        for data in ids:
            self.workspace.store.removal.doom(ObjectId.of(data))

    @rule()
    def dry_run(self):
        before = set(self.workspace.store.root.rglob("*"))
        gc(self.workspace, grace=HOUR, dry_run=True)
        assert set(self.workspace.store.root.rglob("*")) == before

    @rule()
    def collect(self):
        before = set(self.workspace.store.list()) | doomed(self.workspace.store)
        gc(self.workspace, grace=HOUR)
        after = set(self.workspace.store.list())
        assert not doomed(self.workspace.store)
        assert self.needed() <= after <= before
        if self.old:
            assert after == self.needed()

    @invariant()
    def what_is_published_is_whole(self):
        workspace = Workspace.open(self.workspace.root)
        assert {run.name for run in workspace.runs.list()} == set(self.runs)
        for run in workspace.runs.list():
            assert {pipeline.record.number for pipeline in run.pipelines()} == set(self.runs[run.name])
            assert all(pipeline.is_rendered() for pipeline in run.pipelines())
        for oid in self.needed():
            workspace.store.verify(oid)

    @invariant()
    def what_is_gone_is_known(self):
        standing = self.workspace.runs.standing()
        assert standing == Standing(runs=frozenset(self.runs), deleted=frozenset(self.deleted))
        for name, number in self.deleted:
            with contextlib.suppress(UnknownName):
                pytest.fail(f"{self.workspace.runs.get(name).pipeline(number).path} was deleted")


TestWorkspace = WorkspaceMachine.TestCase
TestWorkspace.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
