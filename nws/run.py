"""One run: a folder under `runs/` in which pipelines are published under numbers that nobody else has.

This room claims names and numbers and publishes records; it must not know how a pipeline is computed.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from nws import fsio
from nws.deleted import Deleted
from nws.errors import Conflict, Damaged, Locked, UnknownName
from nws.ids import is_number_name, number_name
from nws.pipeline import RESTORE, Pipeline
from nws.records import (
    D,
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
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from nws.store import ObjectStore

RUNNING, COMPLETED, INTERRUPTED = "running", "completed", "interrupted"
SUCCEEDED, FAILED, SKIPPED = "completed", "failed", "skipped"
DELETED = ".deleted"
_SIGN = ".at-work"
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
            hint = "the run was cut off while it began; nws runs list says what goes on with it"
            raise UnknownName(f"{where} is missing", hint=hint) from err
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
        return self._sign(shared=not alone, wait=0.05 if alone else 1.0)

    def _sign(self, *, shared: bool, wait: float) -> AbstractContextManager[bool]:
        return fsio.lock(fsio.make_folder(self._refs) / _SIGN, shared=shared, wait=wait)

    @property
    def refs_folder(self) -> Path:
        """The folder of the refs, made if it is not there."""
        return fsio.make_folder(self._refs)

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

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let no process begin to work in this run while the body goes on.

        Raises
        ------
        Locked
            If one is at work.
        """
        with self._sign(shared=False, wait=1.0) as alone:
            if not alone:
                raise Locked(f"a process is at work in run {self.name}", hint="wait for its end, or stop it")
            yield

    def at_work_since(self) -> int | None:
        """Return when a process first began in this run, if one is at work now.

        Returns
        -------
        int | None
            Nanoseconds, by the clock of the file system.
        """
        try:
            began = (self._refs / _SIGN).stat().st_mtime_ns
        except FileNotFoundError:
            return None
        return None if self.abandoned() else began

    def is_bare(self) -> bool:
        """Say whether it has nothing yet: neither what was asked nor a number."""
        return not self.is_asked() and not self.numbers()

    def is_asked(self) -> bool:
        """Say whether it says what was asked; a copy that is not yet taken in to its end does not."""
        return "run_config.json" in fsio.names(self.folder)

    def numbers(self) -> list[int]:
        """Return every number that was ever claimed, in order."""
        return sorted(int(name) for name in fsio.names(self._refs) if is_number_name(name))

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

    def _claim(self, numbered: dict[int, PipelineRecord], segment: str | None) -> Iterator[tuple[int, Pipeline]]:
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

    def delete(self, number: int) -> Ref:
        """Delete one pipeline and return what its ref says from then on; its objects stay until they are collected.

        First its view goes, then its ref says so for ever, then it is marked where that can be listed. A kill in
        between leaves a pipeline without a view, or a deletion without a mark; to delete it again finishes the work.

        Raises
        ------
        Locked
            If a process is at work in the run.
        UnknownName
            If nobody claimed that number.
        Damaged
            If its ref cannot be read.
        """
        with self.alone():
            ref = self.ref(number)
            if ref.number != number or "/" in ref.view or not ref.view.startswith(f"{number_name(number)}_"):
                raise Damaged(f"runs/{self.name}/_refs/{number_name(number)} names another view: {ref.view!r}")
            aside = fsio.set_aside(self.folder / ref.view)
            if ref.record is not None:
                ref = dataclasses.replace(ref, record=None, deleted_at=timestamp(now()))
                fsio.replace(self._refs / ref.file_name, encode(ref))
                self.log(f"deleted {ref.view}")
            Deleted(self.folder.parent / DELETED).add_pipeline(self.name, ref)
        if aside is not None:
            fsio.remove_tree(aside)
        return ref


def _number(draft: PipelineRecord, taken: set[int]) -> PipelineRecord:
    """Give a draft the number it wishes for, or the next one after all that are taken."""
    number = draft.number if draft.number not in taken else max(taken) + 1
    taken.add(number)
    return dataclasses.replace(draft, number=number)
