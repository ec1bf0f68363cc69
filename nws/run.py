"""One run: a folder under `runs/` in which pipelines are published under numbers that nobody else has.

This room claims names and numbers and publishes records; it must not know how a pipeline is computed.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from nws import fsio
from nws.errors import Conflict, Damaged, UnknownName
from nws.ids import closest, number_name, run_name
from nws.pipeline import RESTORE, Pipeline
from nws.records import (
    D,
    DeletedRun,
    PipelineRecord,
    Ref,
    RunConfig,
    RunSummary,
    decode,
    encode,
    now,
    timestamp,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from nws.store import ObjectStore

RUNNING, COMPLETED, INTERRUPTED = "running", "completed", "interrupted"
SUCCEEDED, FAILED, SKIPPED = "completed", "failed", "skipped"
_TRIES = 1000


class Run:
    """A run folder.

    Parameters
    ----------
    folder
        `WORKSPACE/runs/NAME`.
    store
        The workspace's objects.
    """

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.folder = folder
        self.store = store
        self.name = folder.name
        self._refs = folder / "_refs"

    def config(self) -> RunConfig:
        """Read `run_config.json`."""
        return self._read(RunConfig, "run_config.json")

    def summary(self) -> RunSummary:
        """Read `run_summary.json`."""
        return self._read(RunSummary, "run_summary.json")

    def _read(self, kind: type[D], name: str) -> D:
        where = f"runs/{self.name}/{name}"
        try:
            data = (self.folder / name).read_bytes()
        except FileNotFoundError as err:
            raise UnknownName(f"{where} is missing", hint="the run was cut off while it began") from err
        except IsADirectoryError as err:
            raise Damaged(f"{where} is a folder; a file is expected", hint="move it away") from err
        return decode(kind, data, where=where)

    def write(self, document: RunConfig | RunSummary) -> None:
        """Write `run_config.json` or `run_summary.json` whole, in the place of the one that is there."""
        fsio.replace(self.folder / f"{document.SCHEMA.split('/')[0]}.json", encode(document))

    def log(self, *lines: str) -> None:
        """Add lines to `run.log`, each with the time."""
        moment = timestamp(now())
        fsio.append_line(self.folder / "run.log", "\n".join(f"{moment} {line}" for line in lines))

    def at_work(self, *, alone: bool = False) -> AbstractContextManager[bool]:
        """Hold the sign that a process is at work in this run, and yield whether it was got.

        Parameters
        ----------
        alone
            Only if no other process is at work, and let none begin to go on with the run meanwhile.
        """
        # Others look for a moment whether anybody is at work, and hold it alone for that moment.
        return fsio.lock(fsio.make_folder(self._refs) / ".at-work", shared=not alone, wait=0.0 if alone else 1.0)

    def abandoned(self) -> bool:
        """Say whether no process is at work in this run, as far as locks tell on this system."""
        if not self._refs.is_dir():
            return True
        try:
            with self.at_work(alone=True) as alone:
                return alone
        except FileNotFoundError:
            # Nobody ever was, and this user may not leave a sign.
            return True

    def numbers(self) -> list[int]:
        """Return every number that was ever claimed, in order."""
        return sorted(int(name) for name in fsio.names(self._refs) if _is_number_name(name))

    def next_number(self) -> int:
        """Return the number after the highest one claimed."""
        return max(self.numbers(), default=0) + 1

    def ref(self, number: int) -> Ref:
        """Read the ref of a number.

        Raises
        ------
        UnknownName
            If nobody claimed that number.
        Damaged
            If the ref cannot be read.
        """
        where = f"runs/{self.name}/_refs/{number_name(number)}"
        try:
            data = (self._refs / number_name(number)).read_bytes()
        except FileNotFoundError as err:
            raise UnknownName(
                f"run {self.name} has no pipeline {number_name(number)}", hint=f"nws runs show {self.name}"
            ) from err
        except IsADirectoryError as err:
            raise Damaged(f"{where} is a folder; a file is expected", hint="move it away") from err
        return decode(Ref, data, where=where)

    def refs(self) -> Iterator[Ref]:
        """Yield every ref, in the order of numbers; those of deleted pipelines say so."""
        for number in self.numbers():
            yield self.ref(number)

    def pipelines(self) -> Iterator[Pipeline]:
        """Yield every pipeline that is published and not deleted, in the order of numbers."""
        for ref in self.refs():
            if ref.record is not None:
                yield self.open(ref)

    def pipeline(self, number: int) -> Pipeline:
        """Return one pipeline.

        Raises
        ------
        UnknownName
            If it was never published, or is deleted.
        """
        ref = self.ref(number)
        if ref.record is None:
            raise UnknownName(f"pipeline {self.name}/{ref.view} was deleted at {ref.deleted_at}")
        return self.open(ref)

    def open(self, ref: Ref) -> Pipeline:
        """Return the pipeline that a ref names, its record read and checked.

        Raises
        ------
        Damaged
            If the record is not there, or not what its id says.
        """
        if ref.record is None:
            raise UnknownName(f"pipeline {self.name}/{ref.view} was deleted")
        try:
            return Pipeline.load(self.store, ref.record, runs=self.folder.parent)
        except UnknownName as err:
            where = f"runs/{self.name}/_refs/{ref.file_name}"
            raise Damaged(f"{where} names a record that is gone: {ref.record}", hint=RESTORE) from err

    def publish(self, drafts: Sequence[PipelineRecord], *, segment: str | None = None) -> list[Pipeline]:
        """Publish executed pipelines: records first, then the refs that claim their numbers, then the views.

        Parameters
        ----------
        drafts
            Records whose `number` is the one wished for: it is given if nobody has it, else the next free one.
            Every object that they name is in the store already.
        segment
            The name under which the caller is going to index them, for the refs.

        Returns
        -------
        list of Pipeline
            As published, in the order given.
        """
        done: dict[int, Pipeline] = {}
        fsio.make_folder(self._refs)
        for _ in range(_TRIES):
            left = [place for place in range(len(drafts)) if place not in done]
            if not left:
                break
            with fsio.lock(self._refs / ".claims", wait=5.0):
                taken = set(self.numbers())
                numbered = {place: _number(drafts[place], taken) for place in left}
                done.update(self._claim(numbered, segment))
        else:
            raise Conflict(f"run {self.name}: no free number found in {_TRIES} tries")
        for pipeline in done.values():
            pipeline.render()
        return [done[place] for place in range(len(drafts))]

    def _claim(
        self, numbered: dict[int, PipelineRecord], segment: str | None
    ) -> Iterator[tuple[int, Pipeline]]:
        encoded = {place: encode(record) for place, record in numbered.items()}
        with self.store.batch() as batch:
            ids = {place: batch.put(data) for place, data in encoded.items()}
        refs = {
            place: Ref(number=record.number, view=record.id, record=ids[place], segment=segment)
            for place, record in numbered.items()
        }
        claimed = fsio.write_all_new(self._refs, {ref.file_name: encode(ref) for ref in refs.values()})
        for place, ref in refs.items():
            if ref.file_name in claimed:
                yield place, Pipeline(self.store, ids[place], numbered[place], self.folder.parent)

    def delete(self, number: int) -> None:
        """Delete one pipeline: its ref says so for ever, its view goes; its objects stay until they are collected."""
        view = self.pipeline(number).record.id
        tombstone = Ref(number=number, view=view, record=None, deleted_at=timestamp(now()))
        fsio.replace(self._refs / tombstone.file_name, encode(tombstone))
        fsio.remove_tree(self.folder / view)


def _is_number_name(name: str) -> bool:
    # As `number_name` writes them; `00002` is not the ref of number 2.
    return name.isascii() and name.isdigit() and (len(name) == 4 or (len(name) > 4 and name[0] != "0"))


def _number(draft: PipelineRecord, taken: set[int]) -> PipelineRecord:
    """Give a draft the number it wishes for, or the next one after all that are taken."""
    number = draft.number if draft.number not in taken else max(taken) + 1
    taken.add(number)
    return dataclasses.replace(draft, number=number)


class Runs:
    """The folder `runs/`.

    Parameters
    ----------
    folder
        `WORKSPACE/runs`.
    store
        The workspace's objects.
    """

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.folder = folder
        self.store = store
        self._deleted = folder / ".deleted"

    def names(self) -> list[str]:
        """Return the names of all runs, oldest first."""
        return [name for name in fsio.names(self.folder) if not name.startswith(".") and (self.folder / name).is_dir()]

    def list(self) -> Iterator[Run]:
        """Yield all runs, oldest first."""
        for name in self.names():
            yield Run(self.folder / name, self.store)

    def get(self, text: str) -> Run:
        """Return the run of that name, or the only one whose name begins so.

        Raises
        ------
        UnknownName
            If there is none, or more than one.
        """
        known = self.names()
        if text in known:
            return Run(self.folder / text, self.store)
        begun = [name for name in known if text and name.startswith(text)]
        if len(begun) == 1:
            return Run(self.folder / begun[0], self.store)
        if begun:
            raise UnknownName(f"more than one run begins with {text!r}", hint=f"one of: {', '.join(begun[:10])}")
        near = closest(text, known)
        raise UnknownName(f"no run named {text!r}", hint=f"did you mean {near[0]}?" if near else "nws runs list")

    def create(self, day: dt.date, dataset: str, name: str | None = None) -> Run:
        """Make a new run folder. Its name gets `_2`, `_3` … where it was used before, even by a run since deleted."""
        base = run_name(day, dataset, name)
        for candidate in _suffixed(base):
            if (self._deleted / f"{candidate}.json").exists():
                continue
            if fsio.claim_folder(self.folder / candidate):
                fsio.sync_folder(self.folder)
                return Run(self.folder / candidate, self.store)
        raise Conflict(f"no free name for run {base}")

    def obtain(self, day: dt.date, dataset: str, name: str | None = None) -> Run:
        """Return the run of exactly that name, made if it is not there (to append to)."""
        folder = self.folder / run_name(day, dataset, name)
        fsio.claim_folder(folder)
        return Run(folder, self.store)

    def unfinished(self, day: dt.date, dataset: str, name: str | None, *, plan: str) -> Run | None:
        """Return the newest run of that name that was cut off in the same plan and that nobody is at work in."""
        base = run_name(day, dataset, name)
        for run in reversed([run for run in self.list() if _is_suffixed(run.name, base)]):
            with contextlib.suppress(UnknownName, Damaged):
                if run.config().plan == plan and not self._finished(run) and run.abandoned():
                    return run
        return None

    @staticmethod
    def _finished(run: Run) -> bool:
        try:
            return run.summary().status not in {RUNNING, INTERRUPTED}
        except UnknownName:
            return False

    def delete(self, run: Run) -> None:
        """Delete a run: its name is kept from being used again, its objects stay until they are collected."""
        tombstone = DeletedRun(run_id=run.name, deleted_at=timestamp(now()), pipelines=len(run.numbers()))
        fsio.replace(fsio.make_folder(self._deleted) / f"{run.name}.json", encode(tombstone))
        fsio.remove_tree(run.folder)


def _suffixed(base: str) -> Iterator[str]:
    yield base
    for count in range(2, 100_000):
        yield f"{base}_{count}"


def _is_suffixed(name: str, base: str) -> bool:
    return name == base or (name.startswith(f"{base}_") and name[len(base) + 1 :].isdigit())
