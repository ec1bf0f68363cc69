"""What people keep in the library and take out of it: copies by the names that they give.

It joins the shelf to runs and to the marks of what came by import; it must not know how a copy is written, nor load a
model.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws import fsio
from nws.errors import Conflict, Damaged, NwsError, UnknownName, UsageError
from nws.ids import ObjectId, check_name
from nws.imported import mark_in_folder
from nws.metrics import PARTITIONS
from nws.pipeline.view import METRICS_FILE
from nws.records import Metrics, RunConfig, decode, encode
from nws.shelf.contents import FILTERED, FULL_RUN, WHOLE, filtered, told, whole
from nws.shelf.manifests import MANIFEST_FILE
from nws.shelf.opening import Opened, as_pipeline, complete, open_any
from nws.shelf.wholerun import CONFIG, full_run
from nws.trusted import other_owner
from nws.upkeep.bringing import ADDED, UNCHANGED, bring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nws.pipeline import Pipeline
    from nws.run import Run
    from nws.shelf import Copy
    from nws.shelf.contents import Contents
    from nws.upkeep.bringing import Brought
    from nws.workspace import Workspace

KINDS = (FILTERED, WHOLE, FULL_RUN)


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """How something is kept in the library.

    `kind` is `filtered` (what predicting takes), `pipeline` (everything of one pipeline, the data too) or `fullrun`;
    `include_binaries` keeps the fitted steps of folds in a filtered copy, too; `replace` puts it in the place of the
    copy of that name.
    """

    kind: str = FILTERED
    description: str = ""
    include_binaries: bool = False
    replace: bool = False


def save(
    workspace: Workspace, ref: str, name: str, how: Keeping, *, report: Callable[[str], None] = lambda _: None
) -> Path:
    """Save a copy of a pipeline, or of a run, in the library, and return its file.

    Parameters
    ----------
    workspace
        Whose library.
    ref
        A REF; for a run also its name.
    name
        What to call the copy.
    how
        Its kind and what is said of it.
    report
        Told how far it is, in words.

    Raises
    ------
    UnknownName
        If `ref` names nothing.
    UsageError
        If there is no such kind, or it is not a name.
    Conflict
        If there is a copy of that name, or nothing to keep.
    Damaged
        If something of it is gone or not what its id says; nothing is written then.
    Locked
        If a process is at work in the run.
    """
    name = check_name(name, "copy name")
    if how.kind not in KINDS:
        raise UsageError(f"no such kind of copy: {how.kind!r}", hint=f"one of {', '.join(KINDS)}")
    # Before the run is read through.
    workspace.library.replaced(name, replace=how.replace)
    if how.kind == FULL_RUN:
        run = run_of(workspace, ref)
        with full_run(run, workspace.library.root, report=report) as contents:
            return _put(workspace, told(contents, how.description), name, run.name, replace=how.replace)
    pipeline = _pipeline(workspace, ref)
    contents = whole(pipeline) if how.kind == WHOLE else filtered(pipeline, binaries=how.include_binaries)
    return _put(workspace, told(contents, how.description), name, pipeline.record.run_id, replace=how.replace)


def _put(workspace: Workspace, contents: Contents, name: str, run: str, *, replace: bool) -> Path:
    marks, before = workspace.library_imported, workspace.library.replaced(name, replace=replace)
    foreign = workspace.runs.imported.has(run) or _of_another_user(workspace)
    if foreign:
        # A copy of what somebody else made is no more one's own than that is.
        marks.add(name, kind=contents.kind, manifest=ObjectId.of(encode(contents.manifest())), file=run)
    path = workspace.library.put(contents, name, replace=replace)
    gone = {copy.name for copy in before} - {name}
    # Without a copy before it, too: the mark may be that of an import of which nothing came.
    for stale in gone if foreign else {*gone, name}:
        marks.remove(stale)
    return path


def _pipeline(workspace: Workspace, ref: str) -> Pipeline:
    try:
        return workspace.resolve(ref)
    except UnknownName as err:
        name = ref.rstrip("/").removeprefix("runs/")
        if name not in workspace.runs.names():
            raise
        raise UnknownName(
            f"{name} is a run, and one pipeline is asked for",
            hint=f"{name}/best is its best one; --kind {FULL_RUN} keeps all of it",
        ) from err


def run_of(workspace: Workspace, ref: str) -> Run:
    """Return the run that a name, or the REF of one of its pipelines, means.

    Raises
    ------
    UnknownName
        If there is none.
    """
    text = ref.rstrip("/").removeprefix("runs/")
    if "/" not in text and ":" not in text:
        try:
            return workspace.runs.get(text)
        except UnknownName:
            try:
                return workspace.runs.get(workspace.resolve(ref).record.run_id)
            except UnknownName:
                pass
            raise
    return workspace.runs.get(workspace.resolve(ref).record.run_id)


def remove(workspace: Workspace, copy: Copy) -> None:
    """Remove a copy from the library; the mark goes after it."""
    workspace.library.remove(copy)
    if not workspace.library.named(copy.name):
        workspace.library_imported.remove(copy.name)


def load(workspace: Workspace, name: str, *, report: Callable[[str], None] = lambda _: None) -> Brought:
    """Make a run of its copy in the library; see `nws.upkeep.bringing.bring`.

    One that is foreign gives a run that is marked so.
    """
    copy = workspace.library.get(name)
    return bring(workspace, open_any(copy.path), foreign=is_foreign(workspace, copy), report=report)


def is_foreign(workspace: Workspace, copy: Copy) -> bool:
    """Say whether a copy in the library came by import, or is of another user."""
    marked = workspace.library_imported.has(copy.name)
    return marked or other_owner(copy.path) is not None or _of_another_user(workspace)


def _of_another_user(workspace: Workspace) -> bool:
    return any(other_owner(path) is not None for path in workspace.deciding)


def copy_of_run(workspace: Workspace, name: str) -> Copy | None:
    """Return the first copy in the library of the whole run of that name; one that cannot be read is passed over."""
    for copy in workspace.library.list():
        with contextlib.suppress(NwsError, OSError):
            if copy.kind == FULL_RUN and open_any(copy.path).source.get("run_id") == name:
                return copy
    return None


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """A copy as a folder of plain files: `added`, or `unchanged` where it was there already."""

    path: Path
    state: str
    files: int


def unpack(
    path: Path, folder: Path, *, foreign: bool = False, report: Callable[[str], None] = lambda _: None
) -> Unpacked:
    """Unpack a copy into a new folder of plain files, its manifest among them. It appears whole or not at all.

    Parameters
    ----------
    path
        The copy.
    folder
        The new folder.
    foreign
        Whether the folder is to be marked as somebody else's, so that no model in it is loaded before it is trusted.
    report
        Told how far it is, in words.

    Raises
    ------
    BadInput, Damaged, NewerFormat
        If the copy is not what its manifest says; nothing is written then.
    Conflict
        If there is something else at `folder`.
    """
    opened = open_any(path)
    complete(opened)
    if folder.exists():
        if not _is_same(folder, opened):
            raise Conflict(f"{folder} is there already", hint="name a folder that is not there yet")
        return Unpacked(path=folder, state=UNCHANGED, files=len(opened.ids) + 1)
    with opened.kept_open():
        opened.verify(lambda count: report(f"{count:,} of {len(opened.ids):,} members checked"))
        manifest = b"".join(opened.members.read(MANIFEST_FILE, 1 << 62) or ())
        files: dict[str, Any] = {name: _writer(opened, name) for name in opened.ids}
        mark = [mark_in_folder(kind=opened.kind, manifest=opened.manifest, file=path.name)] if foreign else []
        if not fsio.write_folder(folder, {**files, MANIFEST_FILE: manifest, **dict(mark)}):
            raise Conflict(f"{folder} is there already", hint="name a folder that is not there yet")
    return Unpacked(path=folder, state=ADDED, files=len(files) + 1)


def _writer(opened: Opened, name: str) -> Callable[[Any], object]:
    return lambda target: target.writelines(opened.read(name))


def _is_same(folder: Path, opened: Opened) -> bool:
    try:
        there = open_any(folder)
        if there.manifest != opened.manifest:
            return False
        complete(there)
        there.verify()
    except (NwsError, OSError):
        return False
    return True


def describe(workspace: Workspace, copy: Copy) -> dict[str, Any]:
    """Return what is said of a copy in the library, without reading more of it than that takes.

    Raises
    ------
    BadInput, Damaged, NewerFormat
        If it cannot be read.
    """
    opened = open_any(copy.path)
    facts: dict[str, Any] = {
        "name": copy.name,
        "kind": copy.kind,
        "path": copy.path.relative_to(workspace.root).as_posix(),
        "description": str(opened.source.get("description", "")),
        "imported": workspace.library_imported.has(copy.name),
        "bytes": workspace.library.size(copy),
        "manifest": opened.manifest,
    }
    if opened.kind == FULL_RUN:
        return {**facts, **_of_run(opened)}
    pipeline = as_pipeline(opened)
    record = pipeline.record
    return {
        **facts,
        "run_id": record.run_id,
        "pipeline_id": record.id,
        "record": pipeline.record_id,
        "dataset_name": record.dataset.get("name"),
        "pipelines": 1,
    }


def details(copy: Copy) -> dict[str, Any]:
    """Return what is in a copy: its members, and of one pipeline the steps, status and figures.

    Raises
    ------
    BadInput, Damaged, NewerFormat
        If it cannot be read.
    """
    opened = open_any(copy.path)
    complete(opened)
    members = [{"name": name, "blake3": oid, "size_bytes": opened.sizes[name]} for name, oid in opened.ids.items()]
    facts: dict[str, Any] = {"status": None, "steps": None, "metrics": None, "members": members}
    if opened.kind == FULL_RUN:
        return facts
    record = as_pipeline(opened).record
    if METRICS_FILE in opened.ids:
        metrics = decode(Metrics, b"".join(opened.read(METRICS_FILE)), where=f"{opened.path}: {METRICS_FILE}")
        facts["metrics"] = {part: metrics.partition(part) for part in PARTITIONS}
    return {**facts, "status": record.status, "steps": record.steps}


def _of_run(opened: Opened) -> dict[str, Any]:
    if CONFIG not in opened.ids:
        raise Damaged(f"{opened.path} lacks {CONFIG}")
    config = decode(RunConfig, b"".join(opened.read(CONFIG)), where=f"{opened.path}: {CONFIG}")
    return {
        "run_id": config.run_id,
        "pipeline_id": None,
        "record": None,
        "dataset_name": config.dataset_name,
        "pipelines": opened.source.get("pipelines"),
    }
