"""A run made of its copy again: objects, then refs, then views, then rows of the index, each durable before the next.

A kill at any point leaves a run that the same call finishes. This room publishes what was checked before; it must not
know where the copy came from.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws import fsio
from nws.errors import Conflict, UnknownName
from nws.ids import ObjectId
from nws.records import encode
from nws.run import Run
from nws.shelf.runcopy import check_run
from nws.shelf.wholerun import CONFIG, OBJECTS, SUMMARY
from nws.upkeep.reindex import complete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nws.shelf.opening import Opened
    from nws.shelf.runcopy import RunCopy
    from nws.store.batch import Batch
    from nws.workspace import Workspace

ADDED, COMPLETED, UNCHANGED = "added", "completed", "unchanged"
# So many refs are written at once, and so much of what resembles one another is compressed together.
_REFS = 256
_GROUP, _GROUP_BYTES, _LARGE = 64, 16 << 20, 1 << 20


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A run that came of a copy: `added`, `completed` (an earlier call was cut off) or `unchanged`."""

    run: Run
    state: str
    pipelines: int


def bring(
    workspace: Workspace, opened: Opened, *, foreign: bool, report: Callable[[str], None] = lambda _: None
) -> Brought:
    """Make a run of its copy. All of the copy is checked before anything is written.

    Parameters
    ----------
    workspace
        Where to.
    opened
        The copy.
    foreign
        Whether it is to be marked as somebody else's, so that its models are not loaded before they are trusted.
    report
        Told how far it is, in words.

    Raises
    ------
    BadInput
        If it is no copy of a run.
    Damaged
        If it is not what its manifest says, or does not fit together.
    NewerFormat
        If a later version wrote a part of it.
    Conflict
        If another run has that name, or had it.
    Locked
        If a process is at work in the run.
    """
    copy = check_run(opened, report=report)
    run = Run(workspace.runs.folder / copy.name, workspace.store)
    there = copy.name in workspace.runs.names()
    if there:
        _refuse_another(run, copy)
    else:
        _refuse_past(workspace, copy)
    whole, claimed = there and _is_whole(run, copy), False
    if not whole:
        if foreign:
            workspace.runs.imported.add(copy.name, kind=opened.kind, manifest=opened.manifest, file=opened.path.name)
        if not there:
            workspace.runs.deleted.remove_pipelines(copy.name)
            claimed = fsio.claim_folder(run.folder)
            fsio.sync_folder(workspace.runs.folder)
    with _alone(workspace, run, claimed=claimed):
        _refuse_another(run, copy)
        if not whole:
            _publish(workspace, run, copy, report)
        healed = complete(workspace, run) + _mark_deleted(workspace, run, copy)
        if not whole:
            _finish(run, copy)
    state = UNCHANGED if whole and not healed else ADDED if claimed else COMPLETED
    return Brought(run=run, state=state, pipelines=len(copy.records))


@contextlib.contextmanager
def _alone(workspace: Workspace, run: Run, *, claimed: bool) -> Iterator[None]:
    """Be alone in a run. One that was claimed for the body goes again, with its mark, if nothing came of it."""
    aside: Path | None = None
    try:
        with run.alone():
            try:
                yield
            except BaseException:
                if claimed and run.is_bare():
                    aside = fsio.set_aside(run.folder)
                    workspace.runs.imported.remove(run.name)
                raise
    finally:
        if aside is not None:
            fsio.remove_tree(aside)


def _refuse_another(run: Run, copy: RunCopy) -> None:
    """Refuse a run of that name that says anything else than the copy."""
    same = all(
        found is None or found == told
        for found, told in ((_bytes(run.folder / CONFIG), copy.config), (_bytes(run.folder / SUMMARY), copy.summary))
    )
    refs = {ref.number: ref for ref in copy.refs}
    for number in run.numbers() if same else ():
        same = same and number in refs and dataclasses.replace(run.ref(number), segment=None) == refs[number]
    if not same:
        raise Conflict(
            f"another run {run.name} is there already",
            hint="look at the copy alone: nws library load --output; or import it into another workspace; or, "
            f"in the place of that run: nws runs delete {run.name}, nws catalog forget {run.name}, then again",
        )


def _refuse_past(workspace: Workspace, copy: RunCopy) -> None:
    """Refuse a name that another run had, as far as the catalog remembers."""
    gone = {ref.number for ref in copy.refs if ref.record is None}
    try:
        rows = workspace.predictions.filter_by_criteria(run=copy.name, show=["record", "pipeline_number"])
    except UnknownName:
        # It has rows, of other runs only.
        return
    for record, number in rows.select("record", "pipeline_number").iter_rows():
        if record not in copy.records and number not in gone:
            raise Conflict(
                f"another run {copy.name} was here, and the catalog remembers it",
                hint=f"nws catalog forget {copy.name}",
            )


def _is_whole(run: Run, copy: RunCopy) -> bool:
    return (
        (run.folder / CONFIG).is_file()
        and run.numbers() == sorted(ref.number for ref in copy.refs)
        and all(run.store.has(oid) for oid in _objects(copy))
    )


def _objects(copy: RunCopy) -> Iterator[ObjectId]:
    yield from (oid for name, oid in copy.opened.ids.items() if name.startswith(f"{OBJECTS}/"))


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _publish(workspace: Workspace, run: Run, copy: RunCopy, report: Callable[[str], None]) -> None:
    with copy.opened.kept_open(), workspace.store.batch() as batch:
        _put(batch, copy, report)
    for start in range(0, len(copy.refs), _REFS):
        part = copy.refs[start : start + _REFS]
        fsio.write_all_new(run.refs_folder, {ref.file_name: encode(ref) for ref in part})


def _finish(run: Run, copy: RunCopy) -> None:
    """Say what was asked and what came of it: until then it is no run that came to its end, nor one to go on with."""
    if copy.summary is not None:
        fsio.replace(run.folder / SUMMARY, copy.summary)
    fsio.replace(run.folder / CONFIG, copy.config)
    run.log(f"made of its copy {copy.opened.path.name}: {len(copy.records)} pipelines")


def _mark_deleted(workspace: Workspace, run: Run, copy: RunCopy) -> int:
    """Mark the pipelines that were deleted before the copy was made, and return how many had no mark."""
    marked = workspace.runs.standing().deleted
    gone = [ref for ref in copy.refs if ref.record is None and (run.name, ref.number) not in marked]
    for ref in gone:
        workspace.runs.deleted.add_pipeline(run.name, ref)
    return len(gone)


def _put(batch: Batch, copy: RunCopy, report: Callable[[str], None]) -> None:
    """Put every object; those that resemble one another together, as they were when they were made."""
    opened, done = copy.opened, set[ObjectId]()
    for group in copy.groups:
        for part in _parts([oid for oid in group if opened.size(oid) <= _LARGE and oid not in done], opened):
            batch.put_group([opened.get(oid) for oid in part])
            done.update(part)
    for count, oid in enumerate(_objects(copy), 1):
        if oid not in done:
            batch.put_stream(_stream(opened.open(oid)))
        report(f"{count:,} objects stored")


def _parts(ids: Sequence[ObjectId], opened: Opened) -> Iterator[list[ObjectId]]:
    part: list[ObjectId] = []
    size = 0
    for oid in ids:
        if part and (len(part) == _GROUP or size + opened.size(oid) > _GROUP_BYTES):
            yield part
            part, size = [], 0
        part.append(oid)
        size += opened.size(oid)
    if part:
        yield part


class _Pieces(io.RawIOBase):
    """A file of what an iterator yields."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # the one caller hands a memoryview
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _stream(pieces: Iterator[bytes]) -> io.BufferedReader:
    return io.BufferedReader(_Pieces(pieces))
