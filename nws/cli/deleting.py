"""The command that deletes runs and pipelines: what is chosen, what that costs, and the question before it.

How a deletion is done is the affair of runs; this room must not remove a file.
"""

import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from nws.cli.lengths import length
from nws.cli.output import Output, Progress
from nws.cli.session import Handed, Session
from nws.errors import DONE, Locked, NwsError, UnknownName, UsageError
from nws.words import plural, size

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.run import Run

STAYS = (
    "what stays: rows of the catalog with their arrays, archives, exports and library; "
    "objects in the store until `nws gc` finds that nothing else needs them"
)

_SHOWN = 20


class Chosen(NamedTuple):
    """A run, or one pipeline of a run, that is to be deleted; its path, its pipelines and what its folder takes."""

    run: "Run"
    number: int | None
    path: str
    pipelines: int
    files: int
    bytes: int

    def line(self) -> dict[str, Any]:
        """Return what a line about it says."""
        fields = {"path": self.path, "run_id": self.run.name, "number": self.number}
        return {**fields, "pipelines": self.pipelines, "files": self.files, "bytes": self.bytes}


def delete(
    runs: list[str] | None = None,
    /,
    *,
    older_than: str = "",
    yes: Annotated[bool, Parameter(name=["-y", "--yes"])] = False,
    dry_run: bool = False,
    session: Handed,
) -> int:
    """Delete runs, or single pipelines of a run.

    Rows of the catalog stay, with their arrays; so do archives, exports and the library. `nws gc` then frees what
    only the deleted runs needed in the store.

    Parameters
    ----------
    runs
        Names of runs, or RUN/0007 for one pipeline.
    older_than
        Only runs begun longer ago than this: 30d, 2w, 12h. Without names, every such run.
    yes
        Do not ask.
    dry_run
        Only say what would be lost and what stays.
    """
    workspace = session.workspace()
    progress = Progress(session.output, time.monotonic)
    picked = list(_pick(session, workspace, runs or [], older_than))
    chosen = [_measured(workspace, run, number, progress) for run, number in picked]
    progress.clear()
    if not chosen:
        session.output.say(f"nothing to delete: no run began more than {older_than} ago")
        return DONE
    _tell(session.output, chosen)
    if dry_run:
        if session.json:
            session.output.rows("planned", (item.line() for item in chosen), ["path"])
        session.output.say("nothing was changed")
        return DONE
    if not yes and not session.confirm("delete?"):
        raise UsageError("nothing was deleted: not confirmed", hint="--yes deletes without asking")
    _delete(session.output, workspace, chosen, progress)
    return DONE


def _pick(
    session: Session, workspace: "Workspace", texts: list[str], older_than: str
) -> "Iterator[tuple[Run, int | None]]":
    """Yield what is to be deleted, once each, a run without its pipelines; None stands for the whole run.

    Raises
    ------
    Locked
        If a process is at work in a run that was named. One that was only picked for its age is passed over.
    """
    if not texts and not older_than:
        raise UsageError("no runs named", hint="nws runs delete RUN…, or --older-than 30d for all that are older")
    span = length(older_than, "--older-than") if older_than else None
    named = [_named(session, workspace, text) for text in texts] or [(run, None) for run in workspace.runs.list()]
    whole = {run.name for run, number in named if number is None}
    seen: set[tuple[str, int | None]] = set()
    for run, number in named:
        known = (run.name, number) in seen or (number is not None and run.name in whole)
        seen.add((run.name, number))
        if known or (span is not None and _began(run) > dt.datetime.now(dt.UTC) - span):
            continue
        if run.abandoned():
            yield run, number
        elif texts:
            raise Locked(f"a process is at work in run {run.name}", hint="wait for its end, or stop it; then delete")
        else:
            session.output.warn(f"a process is at work in run {run.name}: it is passed over")


def _named(session: Session, workspace: "Workspace", text: str) -> "tuple[Run, int | None]":
    folder, path = workspace.runs.folder.resolve(), Path(text)
    if path.is_dir() and folder in path.resolve().parents:
        text = path.resolve().relative_to(folder).as_posix()
    name, slash, rest = text.removeprefix("runs/").rstrip("/").partition("/")
    if not slash:
        return workspace.runs.get(name), None
    digits = rest.split("_", 1)[0]
    if not (digits.isascii() and digits.isdecimal()):
        record = session.resolve(workspace, text).record
        return workspace.runs.get(record.run_id), record.number
    # What cannot be opened any more can be deleted all the same, so the record is not asked for.
    run, number = workspace.runs.get(name), int(digits)
    ref = run.ref(number)
    if "_" in rest and rest != ref.view:
        raise UnknownName(f"no pipeline {rest!r} in run {run.name}", hint=f"number {digits} is {ref.view}")
    if ref.record is None and (run.name, number) in workspace.runs.standing().deleted:
        raise UnknownName(f"pipeline {run.name}/{ref.view} was deleted at {ref.deleted_at}")
    return run, number


def _began(run: "Run") -> dt.datetime:
    """Return when a run began; if that cannot be read, when its folder was last changed."""
    from nws.records import parse_time

    try:
        return parse_time(run.config().created_at)
    except (NwsError, OSError):
        return dt.datetime.fromtimestamp(run.folder.stat().st_mtime, dt.UTC)


def _measured(workspace: "Workspace", run: "Run", number: int | None, progress: Progress) -> Chosen:
    folder, pipelines = run.folder, 1
    if number is None:
        gone = sum(name == run.name for name, _ in workspace.runs.standing().deleted)
        pipelines = len(run.numbers()) - gone
    else:
        folder = run.folder / run.ref(number).view
    files = total = 0
    for found in _sizes(folder):
        files, total = files + 1, total + found
        progress.update(f"{run.name}: {files:,} files")
    path = folder.relative_to(workspace.root).as_posix()
    return Chosen(run, number, path, pipelines, files, total)


def _sizes(folder: Path) -> Iterator[int]:
    """Yield the size of every file in a folder and below."""
    for inside, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(inside, name)).st_size
            except FileNotFoundError:
                continue


def _tell(output: Output, chosen: list[Chosen]) -> None:
    for item in chosen[:_SHOWN]:
        folders = "with its folder" if item.pipelines == 1 else "with their folders"
        taken = f"{plural(item.files, 'file')}, {size(item.bytes)}"
        output.say(f"{item.path}: {plural(item.pipelines, 'pipeline')} {folders}, {taken}")
    if len(chosen) > _SHOWN:
        runs, pipelines = len({item.run.name for item in chosen}), sum(item.pipelines for item in chosen)
        taken = f"{plural(sum(item.files for item in chosen), 'file')}, {size(sum(item.bytes for item in chosen))}"
        rest = f"{plural(runs, 'run')}, {plural(pipelines, 'pipeline')}, {taken}"
        output.say(f"and {len(chosen) - _SHOWN:,} more; in all {rest}")
    output.say(STAYS)


def _delete(output: Output, workspace: "Workspace", chosen: list[Chosen], progress: Progress) -> None:
    from nws.engine.summary import renew

    done: list[dict[str, Any]] = []
    try:
        for item in chosen:
            if item.number is None:
                workspace.runs.delete(item.run)
            else:
                item.run.delete(item.number)
            done.append(item.line())
            progress.update(f"{len(done):,} of {len(chosen):,} deleted")
    finally:
        progress.clear()
        output.rows("deleted", done, ["path"])
    for name, run in {item.run.name: item.run for item in chosen if item.number is not None}.items():
        try:
            renew(run)
        except (NwsError, OSError) as err:
            output.warn(f"runs/{name}/run_summary.json still counts what was deleted: {err}")
