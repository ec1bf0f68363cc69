"""Commands on the library: save, list, show, load, verify, remove."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.copies import each_copy, remove_copies, verify_copies
from nws.cli.output import Progress
from nws.cli.session import Handed, Session
from nws.words import plural, size

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.shelf import Copy

_COLUMNS = {
    "name": "name", "kind": "kind", "dataset_name": "dataset", "run_id": "run", "pipeline_id": "pipeline",
    "bytes": "bytes", "imported": "imported", "description": "description", "note": "note",
}  # fmt: skip
_NONE = "the library is empty: nws library save --from REF --name NAME"


def save(
    *,
    from_: Annotated[str, Parameter(name="--from")],
    name: str,
    kind: str = "filtered",
    include_binaries: bool = False,
    description: str = "",
    replace: bool = False,
    session: Handed,
) -> None:
    """Save a pipeline, or a whole run, in the library under a name, as a zip file that needs nothing else.

    Parameters
    ----------
    from_
        RUN/0007, RUN/best, best:DATASET, a view, the start of an id; for a fullrun the name of the run.
    name
        What to call it; `library:NAME` is a REF then.
    kind
        filtered: config, figures and what predicting takes; pipeline: everything of one pipeline, the data too;
        fullrun: a run with every pipeline and the data.
    include_binaries
        Keep the fitted steps of each fold in a filtered copy, too; the other kinds have them anyway.
    description
        What it is for.
    replace
        Put it in the place of the copy of that name.
    """
    workspace = session.workspace()
    ref = session.ref(workspace, from_)
    with Progress(session.output, time.monotonic) as progress:
        path = workspace.save(
            ref, name, kind=kind, description=description, include_binaries=include_binaries, replace=replace,
            report=progress.update,
        )  # fmt: skip
    facts = _facts(workspace, workspace.library.get(_end_of(workspace, path)))
    session.output.made("saved", facts)
    what = plural(facts["pipelines"], "pipeline")
    session.output.say(f"saved {what} of {facts['run_id']} as {facts['name']}, {size(facts['bytes'])}")


def _end_of(workspace: "Workspace", path: Path) -> str:
    return path.relative_to(workspace.library.root).as_posix()


def list_(*, session: Handed) -> None:
    """List what is in the library."""
    workspace = session.workspace()
    found = each_copy(session.output, workspace.library, workspace.root, lambda copy: _facts(workspace, copy))
    shown = session.output.rows("copy", found, _COLUMNS)
    if not shown:
        session.output.say(_NONE)


def _facts(workspace: "Workspace", copy: "Copy") -> dict[str, Any]:
    from nws.upkeep.library import describe

    return describe(workspace, copy)


def show(name: str, /, *, session: Handed) -> None:
    """Show what a copy in the library is of, and what is in it. Nothing of it is loaded.

    Parameters
    ----------
    name
        Its name, or the end of its path (filtered/NAME.zip).
    """
    from nws.upkeep.library import details

    workspace = session.workspace()
    copy = workspace.library.get(_plain(name))
    facts = {**_facts(workspace, copy), **details(copy)}
    members = facts.pop("members")
    if session.json:
        session.output.record("copy", {**facts, "members": members})
        return
    steps = [_step(step) for step in facts["steps"] or ()]
    metrics = facts.pop("metrics") or {}
    session.output.facts("copy", {**facts, "steps": steps, **metrics})
    session.output.say(f"{plural(len(members), 'member')}; nws library load {copy.name} takes it out of the zip file")


def _step(step: dict[str, Any]) -> str:
    from nws.pipeline.rows import params_text

    given = params_text(step)
    return f"{step.get('class')}({given})" if given else str(step.get("class"))


def _plain(name: str) -> str:
    from nws.workspace import LIBRARY

    return name.removeprefix(LIBRARY)


def load(name: str, /, *, output: Path | None = None, session: Handed) -> None:
    """Take a copy out of the library: a fullrun becomes a run of the workspace again, others a folder of plain files.

    All of it is checked before anything appears.

    Parameters
    ----------
    name
        Its name, or the end of its path (filtered/NAME.zip).
    output
        The new folder, for a fullrun too; `exports/NAME` if not given.
    """
    from nws.shelf.contents import FULL_RUN
    from nws.upkeep.library import is_foreign

    workspace = session.workspace()
    copy = workspace.library.get(_plain(name))
    foreign = is_foreign(workspace, copy)
    if copy.kind == FULL_RUN and output is None:
        _load_run(session, workspace, copy)
    else:
        folder = workspace.exports.root / copy.name if output is None else output
        _unpack(session, workspace, copy, folder, foreign=foreign)
    if foreign:
        session.output.say("somebody else made it: load its models only if you trust whoever that is")


def _load_run(session: Session, workspace: "Workspace", copy: "Copy") -> None:
    with Progress(session.output, time.monotonic) as progress:
        brought = workspace.load(_end_of(workspace, copy.path), report=progress.update)
    path = brought.run.folder.relative_to(workspace.root).as_posix()
    facts = {"path": path, "kind": copy.kind, "name": copy.name, "state": brought.state, "pipelines": brought.pipelines}
    session.output.made("loaded", facts)
    session.output.say(_said(brought.state, path, brought.pipelines))


def _said(state: str, path: str, pipelines: int) -> str:
    what = plural(pipelines, "pipeline")
    if state == "unchanged":
        return f"{path} is there already, with the same {what}; nothing was changed"
    return f"{path}: {what}" + (", the rest of what an earlier call began" if state == "completed" else "")


def _unpack(session: Session, workspace: "Workspace", copy: "Copy", folder: Path, *, foreign: bool) -> None:
    from nws.upkeep.library import unpack

    with Progress(session.output, time.monotonic) as progress:
        done = unpack(copy.path, folder, foreign=foreign, report=progress.update)
    facts = {
        "path": workspace.shown(folder), "kind": copy.kind, "name": copy.name, "state": done.state, "files": done.files,
    }  # fmt: skip
    session.output.made("loaded", facts)
    changed = " were there already; nothing was changed" if done.state == "unchanged" else ""
    session.output.say(f"{plural(done.files, 'file')}{changed}")


def verify(names: list[str] | None = None, /, *, session: Handed) -> int:
    """Check copies in the library against their manifests: every member, every byte, and nothing beside them.

    Parameters
    ----------
    names
        Names, or ends of paths (filtered/NAME.zip); all of them if not given.
    """
    workspace = session.workspace()
    chosen = None if names is None else [_plain(name) for name in names]
    return verify_copies(session.output, workspace.library, workspace.root, chosen, noun="copy", none=_NONE)


def remove(
    names: list[str], /, *, yes: Annotated[bool, Parameter(name=["-y", "--yes"])] = False, session: Handed
) -> None:
    """Remove copies from the library for good; asks first.

    Parameters
    ----------
    names
        Names, or ends of paths (filtered/NAME.zip).
    yes
        Do not ask.
    """
    from nws.upkeep.library import remove as remove_copy

    workspace = session.workspace()
    chosen = [_plain(name) for name in names]
    remove_copies(
        session, workspace.library, workspace.root, chosen, lambda copy: remove_copy(workspace, copy), yes=yes
    )
