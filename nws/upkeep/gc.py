"""Giving back the space of objects that no ref and no dataset reaches any more.

Mark what is reached; doom what is not and has not been touched for the grace period; look again; remove. The store does
the steps on one object, and `nws.upkeep.reach` knows what is reached; this room orders them, and must not know of locks
or writers more than that they may be there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws import fsio
from nws.errors import Locked, UnknownName
from nws.ids import HEX_LENGTH, ObjectId
from nws.upkeep.leftovers import leftovers
from nws.upkeep.packs import PackCollector
from nws.upkeep.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nws.store.removal import Held, Removal
    from nws.workspace import Workspace

GRACE = dt.timedelta(weeks=2)
# What a killed process left is not told from what a live one is about to use but by its age.
_LEFTOVER = dt.timedelta(hours=1)
_LOCK = ".gc"
_EVERY = 1000


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What came of a collection: numbers of objects, and bytes of the files removed.

    `examined` = `reachable` + `kept` + `in_packs` + `removed`. `kept` are not reached and were touched within the grace
    period, or since a run began that is at work; `in_packs` are not reached and in one file with others that are.
    `temporary` are files and folders that killed processes left. After a dry run, `removed`, `removed_bytes` and
    `temporary` say what would go.
    """

    examined: int
    reachable: int
    kept: int
    in_packs: int
    removed: int
    removed_bytes: int
    temporary: int


def gc(
    workspace: Workspace,
    *,
    grace: dt.timedelta = GRACE,
    dry_run: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Collected:
    """Remove objects that no ref and no dataset reaches, and what killed processes left.

    Archives, library and exports are copies, and are not touched. A writer at work loses nothing, with locks or
    without.

    Parameters
    ----------
    workspace
        Where.
    grace
        What was added, or added again, within this time stays: a record that names it may be on its way.
    dry_run
        Change nothing.
    report
        Called with how far it is, in words, often.

    Raises
    ------
    Locked
        If another collector is at work.
    Damaged
        If a run, ref, record or registration cannot be read: it may name anything, so nothing is removed.
    NewerFormat
        If a later version wrote one of them; nothing is removed.
    """
    collector = _Collector(workspace, grace, report)
    if dry_run:
        return collector.survey()
    # Who may not write is told so here, by the name of a file.
    now = fsio.clock(workspace.store.root)
    with fsio.lock(workspace.store.root / _LOCK) as alone:
        if not alone:
            raise Locked("another `nws gc` is at work in this workspace", hint="wait for its end")
        return collector.collect(now)


class _Collector:
    def __init__(self, workspace: Workspace, grace: dt.timedelta, report: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._removal: Removal = workspace.store.removal
        self._report = report
        self._grace = _nanoseconds(grace)
        self._examined = self._reachable = 0
        self._reach = Reach(workspace, lambda count: report(f"{count:,} pipelines followed"))
        self._packs = PackCollector(self._removal, self._reach, report)

    def survey(self) -> Collected:
        """Say what a collection would do."""
        try:
            now = fsio.clock(self._workspace.store.root)
        except OSError:
            # Who may only look is told by his own clock.
            now = time.time_ns()
        before = self._before(now)
        self._reach.look()
        sizes = [size for _, size in self._unreached(before)]
        self._packs.survey(before)
        temporary = sum(1 for _ in self._leftovers(now, before)) + sum(1 for _ in self._bare_packs(now, before))
        return self._collected(removed=len(sizes), removed_bytes=sum(sizes), temporary=temporary)

    def collect(self, now: int) -> Collected:
        """Mark, doom, look again, remove; `now` is the time by the clock of the file system."""
        before = self._before(now)
        self._reach.look()
        doomed: dict[bytes, None] = {}
        try:
            self._doom(before, doomed)
            self._packs.doom(before)
            # What was published while objects lost their names may name them.
            self._reach.look()
            removed, removed_bytes = self._remove(before, doomed)
            self._packs.remove(before)
        except BaseException:
            self._removal.spare(map(_id, doomed))
            self._packs.spare()
            raise
        self._mark_deleted()
        temporary = sum(map(_remove_leftover, self._leftovers(now, before)))
        for path in list(self._bare_packs(now, before)):
            self._removal.packs.remove_bare(path.name[:HEX_LENGTH])
            temporary += 1
        return self._collected(removed=removed, removed_bytes=removed_bytes, temporary=temporary)

    def _before(self, now: int) -> int:
        """Return the time before which what is not reached has been left alone for long enough.

        A run that is at work may name what was touched since it began, however long ago that is.
        """
        began = [began for run in self._workspace.runs.list() if (began := run.at_work_since()) is not None]
        return min([now - self._grace, *began])

    def _doom(self, before: int, doomed: dict[bytes, None]) -> None:
        for held, _ in self._unreached(before, spare=True):
            if held.doomed or self._removal.doom(held.id):
                doomed[bytes.fromhex(held.id)] = None

    def _unreached(self, before: int, *, spare: bool = False) -> Iterator[tuple[Held, int]]:
        """Yield the objects that are to go, with the bytes of their files.

        With `spare`, what an earlier collector left half-way and is to stay gets its name back.
        """
        for held in self._removal.files():
            self._examined += 1
            if self._examined % _EVERY == 0:
                self._report(f"{self._examined:,} objects examined")
            reached = held.id in self._reach
            self._reachable += reached
            found = None if reached else self._removal.seen(held)
            if found is not None and found.st_mtime_ns < before:
                yield held, found.st_size
            elif spare and held.doomed:
                self._removal.spare([held.id])

    def _remove(self, before: int, doomed: dict[bytes, None]) -> tuple[int, int]:
        removed = removed_bytes = 0
        for count, raw in enumerate(doomed, 1):
            oid = _id(raw)
            if oid in self._reach:
                self._reachable += 1
                self._removal.spare([oid])
                continue
            size = self._removal.remove(oid, before=before)
            if size is not None:
                removed, removed_bytes = removed + 1, removed_bytes + size
            if count % _EVERY == 0:
                self._report(f"{count:,} of {len(doomed):,} objects gone through")
        return removed, removed_bytes

    def _mark_deleted(self) -> None:
        """Finish the deletions of pipelines that were cut off, or done by a version that left no marks."""
        marked = self._workspace.runs.standing().deleted
        for run, number in self._reach.deleted:
            if (run.name, number) not in marked:
                # A run at work, or one that went meanwhile, is left to the next collection.
                with contextlib.suppress(Locked, UnknownName):
                    run.delete(number)

    def _leftovers(self, now: int, before: int) -> Iterator[Path]:
        return leftovers(self._workspace.root, before=min(before, now - _nanoseconds(_LEFTOVER)))

    def _bare_packs(self, now: int, before: int) -> Iterator[Path]:
        return self._removal.packs.bare(before=min(before, now - _nanoseconds(_LEFTOVER)))

    def _collected(self, *, removed: int, removed_bytes: int, temporary: int) -> Collected:
        packs = self._packs.tally
        examined, reachable = self._examined + packs.examined, self._reachable + packs.reachable
        removed += packs.removed
        return Collected(
            examined=examined,
            reachable=reachable,
            kept=examined - reachable - packs.in_packs - removed,
            in_packs=packs.in_packs,
            removed=removed,
            removed_bytes=removed_bytes + packs.removed_bytes,
            temporary=temporary,
        )


def _nanoseconds(span: dt.timedelta) -> int:
    return span // dt.timedelta(microseconds=1) * 1000


def _id(raw: bytes) -> ObjectId:
    return ObjectId(raw.hex())


def _remove_leftover(path: Path) -> bool:
    """Remove it, and say whether that was done: it may be gone, or another user's."""
    try:
        if path.is_dir() and not path.is_symlink():
            fsio.remove_tree(path)
        else:
            fsio.remove(path, durable=False)
    except (FileNotFoundError, PermissionError):
        return False
    return True
