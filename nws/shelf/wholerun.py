"""A copy of a whole run: what was asked, what came of it, its refs, and every object that these reach, each once.

Refs are copied without the name of the segment of the index, which is the affair of one workspace. This room must not
know how a run is made of a copy again.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from nws import fsio
from nws.dataset.snapshot import Snapshot
from nws.errors import Conflict, Damaged, Locked, UnknownName
from nws.ids import ObjectId
from nws.records import decode, encode
from nws.shelf.contents import FULL_RUN, Contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from nws.records import PipelineRecord
    from nws.run import Run
    from nws.store import ObjectStore

CONFIG, SUMMARY, REFS, OBJECTS = "run_config.json", "run_summary.json", "refs", "objects"


def member(oid: ObjectId) -> str:
    """Return the name of an object in a copy of a run."""
    return f"{OBJECTS}/{oid[:2]}/{oid}"


@contextlib.contextmanager
def full_run(run: Run, folder: Path, *, report: Callable[[str], None] = lambda _: None) -> Iterator[Contents]:
    """Choose all of a run. The contents can be read while the body goes on.

    Parameters
    ----------
    run
        The run.
    folder
        Where a temporary file may stand: members come in the order of their names, and packs are read in theirs.
    report
        Told how far it is, in words.

    Raises
    ------
    Locked
        If a process is at work in the run.
    UnknownName
        If it was cut off before it said what was asked.
    Conflict
        If it has no pipelines.
    Damaged
        If something of it is gone or cannot be read.
    """
    if not run.abandoned():
        raise Locked(f"a process is at work in run {run.name}", hint="wait for its end, or stop it; then save it")
    texts, ids, pipelines = _chosen(run, report)
    if not pipelines:
        raise Conflict(f"run {run.name} has no pipelines to keep", hint=f"nws runs show {run.name}")
    source = {"run_id": run.name, "pipelines": pipelines, "dataset_name": run.config().dataset_name}
    with _spooled(run.store, ids, folder, report) as held:
        yield Contents(kind=FULL_RUN, source=source, held=held, members={member(oid): oid for oid in ids}, texts=texts)


def _chosen(run: Run, report: Callable[[str], None]) -> tuple[dict[str, bytes], list[ObjectId], int]:
    config = run.config()
    texts = {CONFIG: (run.folder / CONFIG).read_bytes()}
    with contextlib.suppress(FileNotFoundError):
        texts[SUMMARY] = (run.folder / SUMMARY).read_bytes()
    ids: dict[ObjectId, None] = {}
    datasets: set[ObjectId] = set()
    pipelines = 0
    for count, ref in enumerate(run.refs(), 1):
        texts[f"{REFS}/{ref.file_name}"] = encode(dataclasses.replace(ref, segment=None))
        if ref.record is not None:
            record = run.open(ref).record
            ids |= dict.fromkeys([ref.record, *record.objects()])
            datasets.add(ObjectId(record.dataset["id"]))
            pipelines += 1
        report(f"{count:,} pipelines looked at")
    for oid in sorted(datasets):
        ids |= dict.fromkeys(spectra_of(_expected(run, oid), oid))
    ids |= dict.fromkeys(ObjectId(oid) for oid in [config.configs] if oid is not None and run.store.has(ObjectId(oid)))
    return texts, list(ids), pipelines


def _expected(run: Run, oid: ObjectId) -> bytes:
    try:
        return run.store.get(oid)
    except UnknownName as err:
        raise Damaged(f"run {run.name} names what is gone: {err.message}") from err


def spectra_of(data: bytes, oid: ObjectId) -> list[ObjectId]:
    """Return the objects that the document of a dataset names.

    Raises
    ------
    Damaged
        If it is none.
    """
    return decode(Snapshot, data, where=f"dataset {oid.short}").objects()


def grouped(records: Iterable[PipelineRecord]) -> Iterator[list[ObjectId]]:
    """Yield the fitted steps of pipelines in groups that resemble one another: those of one class, each once."""
    classes: dict[str, dict[ObjectId, None]] = {}
    for record in records:
        for artifact in record.artifacts:
            classes.setdefault(str(artifact.get("class")), {})[ObjectId(artifact["object"])] = None
    yield from (list(ids) for ids in classes.values() if len(ids) > 1)


@dataclass(frozen=True)
class _Spooled:
    """The objects of a run: those of packs in a temporary file, where they can be read in any order."""

    store: ObjectStore
    file: BinaryIO
    places: dict[ObjectId, tuple[int, int]]

    def size(self, oid: ObjectId) -> int:
        """Return the size of an object in bytes."""
        with _there():
            return self.places[oid][1] if oid in self.places else self.store.info(oid).size

    def open(self, oid: ObjectId) -> Iterator[bytes | memoryview]:
        """Yield an object in pieces; it was checked when it was read from its pack."""
        if oid not in self.places:
            with _there():
                yield from self.store.open(oid)
            return
        start, size = self.places[oid]
        self.file.seek(start)
        yield self.file.read(size)


@contextlib.contextmanager
def _spooled(
    store: ObjectStore, ids: list[ObjectId], folder: Path, report: Callable[[str], None]
) -> Iterator[_Spooled]:
    packed = store.packed(ids)
    with fsio.staged(folder) as (path, target):
        places: dict[ObjectId, tuple[int, int]] = {}
        for count, oid in enumerate(packed, 1):
            start = target.tell()
            with _there():
                target.writelines(store.open(oid))
            places[oid] = start, target.tell() - start
            report(f"{count:,} of {len(packed):,} packed objects read")
        target.flush()
        with open(path, "rb") as source:
            yield _Spooled(store, source, places)


@contextlib.contextmanager
def _there() -> Iterator[None]:
    try:
        yield
    except UnknownName as err:
        raise Damaged(f"the run names what is gone: {err.message}", hint="restore _binaries/ from a copy") from err
