"""The folder `runs/`: runs by name, made and deleted.

This room gives out names and never one twice; it must not know what is in a run.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

from nws import fsio
from nws.deleted import Deleted
from nws.errors import Conflict, Damaged, UnknownName
from nws.ids import closest, run_name
from nws.imported import FOLDER, Imported
from nws.index.standing import Standing
from nws.run import DELETED, INTERRUPTED, RUNNING, Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nws.records import RunConfig
    from nws.store import ObjectStore


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
        self.deleted = Deleted(folder / DELETED)
        self.imported = Imported(folder / FOLDER)

    def names(self) -> list[str]:
        """Return the names of all runs, oldest first."""
        return [name for name in fsio.folders(self.folder) if not name.startswith(".")]

    def standing(self) -> Standing:
        """Return which runs are there, and which pipelines were deleted out of them; no run is opened for it.

        A pipeline whose deletion was cut off before it was marked, or that an older version deleted, is not told of.
        """
        names = frozenset(self.names())
        return Standing(runs=names, deleted=frozenset(self.deleted.pipelines(names)))

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
        if text in self.deleted.names():
            raise UnknownName(f"run {text} was deleted", hint=f"nws catalog list --run {text} shows what is kept of it")
        near = closest(text, known)
        raise UnknownName(f"no run named {text!r}", hint=f"did you mean {near[0]}?" if near else "nws runs list")

    def create(self, day: dt.date, dataset: str, name: str | None = None) -> Run:
        """Make a new run folder. Its name gets `_2`, `_3` … where it was used before, even by a run since deleted."""
        base = run_name(day, dataset, name)
        gone = self.deleted.names()
        for candidate in _suffixed(base):
            if candidate in gone:
                continue
            if fsio.claim_folder(self.folder / candidate):
                fsio.sync_folder(self.folder)
                # Of a run that was removed by hand.
                self.imported.remove(candidate)
                return Run(self.folder / candidate, self.store)
        raise Conflict(f"no free name for run {base}")

    def obtain(self, day: dt.date, dataset: str, name: str | None = None) -> Run:
        """Return the run of exactly that name, made if it is not there (to append to).

        Raises
        ------
        Conflict
            If a run of that name was deleted, or came by import.
        """
        base = run_name(day, dataset, name)
        if base in self.deleted.names() and base not in self.names():
            raise Conflict(f"run {base} was deleted, and its name is not used again", hint="choose another --run-name")
        if fsio.claim_folder(self.folder / base):
            self.imported.remove(base)
        elif self.imported.has(base):
            raise Conflict(f"run {base} came by import, and is not added to", hint="choose another --run-name")
        return Run(self.folder / base, self.store)

    def has(self, day: dt.date, dataset: str, name: str | None = None) -> bool:
        """Say whether there is a run of exactly that name."""
        return run_name(day, dataset, name) in self.names()

    def bare(self, day: dt.date, dataset: str, name: str | None = None) -> Iterator[Run]:
        """Yield the runs of that name that have nothing and in which nobody is at work: they were cut off at once."""
        base = run_name(day, dataset, name)
        for run in self.list():
            if (run.name == base or _is_numbered(run.name, base)) and run.is_bare() and run.abandoned():
                yield run

    def unfinished(self, dataset: str, name: str | None, *, plan: str, force: bool = False) -> Run | None:
        """Return the newest run of that name, of any day, that was cut off and that nobody is at work in.

        One that came by import is not gone on with: its models would be loaded only if whoever made them is trusted.

        Parameters
        ----------
        dataset, name
            What the run is called.
        plan
            The plan in which it was begun.
        force
            Whether it was begun to run again what was there already.
        """
        named = [run for run in self.list() if _is_named(run.name, dataset, name)]
        for run in reversed([run for run in named if not self.imported.has(run.name)]):
            with contextlib.suppress(UnknownName, Damaged):
                # In this order: a process says that a run is finished, and then leaves it.
                if _was_asked(run.config(), plan, force=force) and run.abandoned() and not self._finished(run):
                    return run
        return None

    @staticmethod
    def _finished(run: Run) -> bool:
        try:
            return run.summary().status not in {RUNNING, INTERRUPTED}
        except UnknownName:
            return False

    def delete(self, run: Run) -> None:
        """Delete a run: its name is kept from being used again, its objects stay until they are collected.

        A kill in between leaves a run that is whole, or none; what it left of the folder goes with `nws gc`.

        Raises
        ------
        Locked
            If a process is at work in the run.
        """
        with run.alone():
            self.deleted.add_run(run.name, pipelines=len(run.numbers()))
            aside = fsio.set_aside(run.folder)
        # Not before the sign of being alone is let go: a file server keeps a file that is open, and its folder.
        if aside is not None:
            fsio.remove_tree(aside)
        self.deleted.remove_pipelines(run.name)
        self.imported.remove(run.name)


def _suffixed(base: str) -> Iterator[str]:
    yield base
    for count in range(2, 100_000):
        yield f"{base}_{count}"


def _is_named(run: str, dataset: str, name: str | None) -> bool:
    """Say whether a run is called so, whatever its day and the number behind its name."""
    try:
        base = run_name(dt.date.fromisoformat(run[:10]), dataset, name)
    except ValueError:
        return False
    return run == base or _is_numbered(run, base)


def _is_numbered(run: str, base: str) -> bool:
    return run.startswith(f"{base}_") and run[len(base) + 1 :].isdigit()


def _was_asked(config: RunConfig, plan: str, *, force: bool) -> bool:
    return config.plan == plan and bool(config.global_params.get("force", False)) == force
