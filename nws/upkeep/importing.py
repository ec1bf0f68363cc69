"""What others made, taken into a workspace: a run as a run, a pipeline into the library, both marked as foreign.

All of a copy is checked before anything is written. This room must not know who is trusted, nor load a model.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.errors import BadInput, UsageError
from nws.ids import ObjectId, check_name
from nws.records import encode
from nws.shelf.contents import EXPORT, FILTERED, FULL_RUN, WHOLE, filtered, told, whole
from nws.shelf.opening import as_pipeline, open_any
from nws.upkeep.bringing import ADDED, UNCHANGED, bring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nws.shelf.contents import Contents
    from nws.shelf.opening import Opened, OpenedPipeline
    from nws.workspace import Workspace

REPLACED = "replaced"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of an import: a run, or a copy in the library; `path` is where it stands."""

    kind: str
    name: str
    path: Path
    state: str
    pipelines: int


def take(
    workspace: Workspace,
    path: Path,
    *,
    name: str | None = None,
    replace: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Taken:
    """Take a copy of somebody else into a workspace.

    Parameters
    ----------
    workspace
        Where to.
    path
        A zip file of a library or of archives, or a folder that was exported.
    name
        What a pipeline is called in the library; as its file if not given. A run keeps its name.
    replace
        Put a pipeline in the place of the copy of that name.
    report
        Told how far it is, in words.

    Raises
    ------
    UnknownName
        If there is nothing at `path`.
    BadInput
        If it is no copy that can be taken in.
    Damaged
        If it is not what its manifest says.
    NewerFormat
        If a later version wrote it.
    Conflict
        If something else of that name is there.
    UsageError
        If a run is to have another name, or the name is none.
    """
    opened = open_any(path)
    if opened.kind == FULL_RUN:
        if name is not None:
            raise UsageError("a run keeps its name", hint="leave --name out")
        brought = bring(workspace, opened, foreign=True, report=report)
        run = brought.run
        return Taken(kind=FULL_RUN, name=run.name, path=run.folder, state=brought.state, pipelines=brought.pipelines)
    contents = _contents(as_pipeline(opened))
    opened.verify(lambda count: report(f"{count:,} of {len(opened.ids):,} members read"))
    whole_path = path.resolve()
    called = (whole_path.stem if path.is_file() else whole_path.name) if name is None else name
    return _shelve(workspace, opened, contents, check_name(called, "copy name"), replace=replace)


def _contents(pipeline: OpenedPipeline) -> Contents:
    """Choose again what a copy of this kind has, so that nothing else comes in."""
    if pipeline.kind not in {WHOLE, FILTERED, EXPORT}:
        raise BadInput(f"{pipeline.path} is of kind {pipeline.kind!r}, of which nothing is taken in")
    artifacts = {ObjectId(artifact["object"]) for artifact in pipeline.record.artifacts}
    contents = whole(pipeline) if pipeline.kind == WHOLE else filtered(pipeline)
    if pipeline.kind != WHOLE and artifacts <= pipeline.names.keys():
        contents = filtered(pipeline, binaries=True)
    if pipeline.kind == EXPORT and not set(contents.members.values()) <= pipeline.names.keys():
        raise BadInput(
            f"{pipeline.path} has no joblib files of its fitted steps, as exports as skops have none",
            hint=f"nws predict {shlex.quote(str(pipeline.path))} --input FILE uses skops where it is; what is taken in "
            "is an export of the same pipeline as folder or zip",
        )
    description = pipeline.source.get("description")
    return told(contents, description if isinstance(description, str) else "")


def _shelve(workspace: Workspace, opened: Opened, contents: Contents, name: str, *, replace: bool) -> Taken:
    library, marks = workspace.library, workspace.library_imported
    manifest = ObjectId.of(encode(contents.manifest()))
    for copy in library.named(name):
        if copy.kind == contents.kind and open_any(copy.path).manifest == manifest:
            return Taken(kind=copy.kind, name=copy.name, path=copy.path, state=UNCHANGED, pipelines=1)
    before = library.replaced(name, replace=replace)
    # The mark first: what is foreign is never there without it. It stays if nothing comes: two may import at once.
    marks.add(name, kind=contents.kind, manifest=manifest, file=opened.path.name)
    with opened.kept_open():
        path = library.put(contents, name, replace=replace)
    for copy in before:
        if copy.name != name:
            marks.remove(copy.name)
    return Taken(kind=contents.kind, name=name, path=path, state=REPLACED if before else ADDED, pipelines=1)
