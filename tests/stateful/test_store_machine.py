"""The store against a dict: whatever is put, lost, torn and put again, it never returns wrong bytes."""

import random
import shutil
import tempfile
from pathlib import Path

import pytest
from families import family
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from nws.errors import Damaged, UnknownName
from nws.ids import ObjectId
from nws.store import ObjectStore
from nws.store.frames import SMALL

SMALL_CONTENT = st.binary(max_size=2000)
LARGE_CONTENT = st.builds(
    lambda seed, size: random.Random(seed).randbytes(7000) * (size // 7000 + 1),
    st.integers(0, 3),
    st.sampled_from([SMALL - 7000, SMALL, 5 * SMALL]),
)
# Few of them, so that the same ones come again and again.
GROUP = st.builds(
    lambda seed, first, count: family(10, size=400, seed=seed)[first : first + count],
    st.integers(0, 2),
    st.integers(0, 8),
    st.integers(0, 6),
)


class StoreMachine(RuleBasedStateMachine):
    """`sound` is what must be there; `harmed` holds content whose file was broken under the store."""

    ids = Bundle("ids")
    harmed_ids = Bundle("harmed_ids")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = ObjectStore(self.folder / "objects")
        self.sound = {}
        self.harmed = {}

    def teardown(self):
        shutil.rmtree(self.folder)

    def file(self, oid):
        return self.store.root / oid[:2] / f"{oid}.zst"

    def added(self, oid, data):
        assert oid == ObjectId.of(data)
        if oid not in self.harmed:
            self.sound[oid] = data
        return oid

    @rule(target=ids, data=st.one_of(SMALL_CONTENT, LARGE_CONTENT))
    def put(self, data):
        return self.added(self.store.put(data), data)

    @rule(target=ids, data=st.one_of(SMALL_CONTENT, LARGE_CONTENT))
    def put_file(self, data):
        path = self.folder / "source"
        path.write_bytes(data)
        return self.added(self.store.put_file(path), data)

    @rule(items=st.lists(SMALL_CONTENT, max_size=6))
    def put_batch(self, items):
        with self.store.batch() as batch:
            ids = [batch.put(data) for data in items]
        for oid, data in zip(ids, items, strict=True):
            self.added(oid, data)

    @rule(groups=st.lists(GROUP, min_size=1, max_size=3), single=SMALL_CONTENT)
    def put_groups(self, groups, single):
        """The groups may hold what is there already, each other's items, or harmed ones."""
        with self.store.batch() as batch:
            batch.put(single)
            ids = [oid for group in groups for oid in batch.put_group(group)]
        for oid, data in zip(ids, [item for group in groups for item in group], strict=True):
            self.added(oid, data)
        self.added(ObjectId.of(single), single)

    @rule(group=GROUP)
    def put_one_by_one(self, group):
        for data in group:
            self.added(self.store.put(data), data)

    @rule(keep=st.integers(1, 4))
    def collect_packs(self, keep):
        """As a collector: of each pack every so many objects stay, the rest goes unless it has a file of its own."""
        packs = self.store.removal.packs
        for held in list(packs.packs()):
            stay = {oid for oid in held.sizes if int(oid, 16) % keep == 0}
            if packs.rewrite(held.name, stay) is None:
                continue
            packs.doom(held.name)
            for oid in set(held.sizes) - stay:
                if not self.file(oid).exists() and not packs.holders(oid):
                    self.sound.pop(oid, None)
            packs.remove(held.name, before=2**62)

    @rule()
    def packs_are_doomed_and_spared(self):
        packs = self.store.removal.packs
        for held in list(packs.packs()):
            packs.doom(held.name)
        assert all(self.store.get(oid) == data for oid, data in self.sound.items())
        for held in list(packs.packs()):
            packs.spare(held.name)

    @rule(where=st.integers(0, 2**31), bit=st.integers(0, 7), ending=st.sampled_from([".idx", ".pack"]))
    def flip_in_a_pack(self, where, bit, ending):
        """Turn one bit over and back: in between there are right bytes or errors."""
        for path in sorted((self.store.root / "packs").glob(f"*{ending}"))[:1]:
            body = path.read_bytes()
            other = bytearray(body)
            other[where % len(other)] ^= 1 << bit
            path.write_bytes(other)
            for one in (self.store, ObjectStore(self.store.root)):
                for oid, data in self.sound.items():
                    try:
                        assert one.get(oid) == data
                    except Damaged:
                        assert not self.file(oid).exists()
            path.write_bytes(body)
            # What was read of it in between may be remembered.
            self.store = ObjectStore(self.store.root)

    @rule(items=st.lists(SMALL_CONTENT, max_size=3))
    def batch_that_fails(self, items):
        with pytest.raises(KeyError), self.store.batch() as batch:
            batch.put_group(items)
            for data in items:
                batch.put(data)
            raise KeyError

    @rule()
    def another_process(self):
        self.store = ObjectStore(self.store.root)

    @rule(target=harmed_ids, oid=ids, where=st.integers(0, 2**31), bit=st.integers(0, 7))
    def flip(self, oid, where, bit):
        """Turn one bit of a file over: the content may survive it, and is never another one."""
        body = bytearray(self.file(oid).read_bytes())
        if body:
            body[where % len(body)] ^= 1 << bit
        return self.harm(oid, bytes(body))

    @rule(target=harmed_ids, oid=ids, where=st.integers(0, 2**31))
    def cut(self, oid, where):
        body = self.file(oid).read_bytes()
        return self.harm(oid, body[: where % max(1, len(body))])

    @rule(target=harmed_ids, oid=ids, tail=st.binary(min_size=1, max_size=9))
    def extend(self, oid, tail):
        return self.harm(oid, self.file(oid).read_bytes() + tail)

    def harm(self, oid, body):
        if oid in self.sound:
            self.harmed[oid] = self.sound.pop(oid)
        self.file(oid).write_bytes(body)
        return oid

    @rule(oid=consumes(harmed_ids))
    def move_away_and_add_again(self, oid):
        if oid in self.harmed:
            data = self.harmed.pop(oid)
            self.file(oid).unlink()
            assert self.store.put(data) == oid
            self.sound[oid] = data

    @rule(oid=harmed_ids)
    def add_again_in_place(self, oid):
        """Heals what the headers show; what only the content shows stays harmed, and says so."""
        if oid in self.harmed:
            self.store.put(self.harmed[oid])
            assert self.store.has(oid)
            try:
                self.store.verify(oid)
            except Damaged:
                return
            self.sound[oid] = self.harmed.pop(oid)

    @rule(oid=harmed_ids)
    def read_harmed(self, oid):
        if oid in self.harmed:
            try:
                found = self.store.get(oid)
            except Damaged:
                return
            assert found == self.harmed[oid]

    @rule(text=st.text("0123456789abcdef", min_size=64, max_size=64))
    def absent(self, text):
        oid = ObjectId(text)
        if oid not in self.sound and oid not in self.harmed:
            assert not self.store.has(oid)
            with pytest.raises(UnknownName):
                self.store.get(oid)

    @invariant()
    def what_is_sound_is_there(self):
        assert set(self.store.list()) == {*self.sound, *self.harmed}
        for oid, data in self.sound.items():
            assert self.store.has(oid)
            assert self.store.info(oid).size == len(data)
        assert not list(self.folder.rglob(".tmp-*"))

    @rule(oid=ids)
    def read(self, oid):
        if oid in self.sound:
            assert self.store.get(oid) == self.sound[oid]
            assert b"".join(bytes(piece) for piece in self.store.open(oid)) == self.sound[oid]
            assert self.store.resolve(oid[:20]) == oid


StoreMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestStore = StoreMachine.TestCase
