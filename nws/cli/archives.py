"""Commands on permanent copies: catalog archive, catalog verify."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.output import Output, Progress, plural
from nws.cli.session import Handed
from nws.errors import DONE, Damaged, NewerFormat

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.shelf import Copy

# More of one archive would hide the next.
_SHOWN = 3
# The states of an archive that is not sound (nws.shelf.Finding).
CODES = {"damaged": Damaged.exit_code, "newer": NewerFormat.exit_code}
WORDS = {"damaged": "damaged", "newer": "of a newer version"}

Refs = Annotated[
    list[str], Parameter(help="RUN/0007, RUN/best, RUN/last, best:DATASET, a view, or the start of an id.")
]


def archive(refs: Refs, /, *, kind: str = "pipeline", session: Handed) -> None:
    """Make permanent copies of pipelines in catalog/archives; what is archived already is left as it is.

    Parameters
    ----------
    kind
        pipeline: everything, with the data, as a zip file; filtered: only what predicting takes; best_predictions: only
        the predictions, as a CSV file.
    """
    workspace = session.workspace()
    archives = workspace.archives
    progress = Progress(session.output, time.monotonic)
    # A name that is wrong is found before anything is copied.
    for pipeline in [session.resolve(workspace, ref) for ref in refs]:
        known = archives.has(pipeline, kind)
        progress.update(f"archiving {pipeline.path}", final=True)
        try:
            path = archives.add(pipeline, kind)
        finally:
            progress.clear()
        if known:
            session.output.say(f"{pipeline.path} was archived already; nothing was changed")
        shown = path.relative_to(workspace.root).as_posix()
        if session.json:
            facts = {"path": shown, "kind": kind, "state": "unchanged" if known else "added"}
            source = {"record": pipeline.record_id, "run_id": pipeline.record.run_id, "pipeline_id": pipeline.record.id}
            session.output.record("archive", {**facts, **source})
        else:
            session.output.line(shown)


def verify(names: list[str] | None = None, /, *, session: Handed) -> int:
    """Check archives against their manifests: every member, every byte, and nothing beside them.

    Parameters
    ----------
    names
        Names or paths of archives; all of them if not given.
    """
    workspace = session.workspace()
    archives = workspace.archives
    checked = list(archives.list()) if names is None else archives.find(names)
    strays = list(archives.strays()) if names is None else []
    if not checked and not strays:
        session.output.say("nothing is archived yet: nws catalog archive REF")
        return DONE
    states = Counter[str]()
    rows = _rows(session.output, workspace, checked, states)
    session.output.rows("archive", rows, ["state", "path"])
    for path in strays:
        _tell_stray(session.output, path.relative_to(workspace.root).as_posix())
    session.output.say(_summary(len(checked), states, len(strays)))
    return max((code for state, code in CODES.items() if states[state]), default=DONE)


def _rows(
    output: Output, workspace: "Workspace", copies: "Sequence[Copy]", states: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Yield a line for each archive when it is checked, and count the states; problems are told at once."""
    progress = Progress(output, time.monotonic)
    for place, copy in enumerate(copies, 1):
        progress.update(f"checking {place}/{len(copies)} {copy.path.name}", final=True)
        found = workspace.archives.verify(copy)
        progress.clear()
        states[found.state] += 1
        path = copy.path.relative_to(workspace.root).as_posix()
        for problem in found.problems[:_SHOWN]:
            output.warn(f"{path}: {problem}")
        if len(found.problems) > _SHOWN:
            output.warn(f"{path}: {plural(len(found.problems) - _SHOWN, 'more problem')}; all of them with --json")
        yield {
            "path": path, "kind": copy.kind, "name": copy.name, "state": found.state, "problems": list(found.problems),
        }  # fmt: skip


def _tell_stray(output: Output, path: str) -> None:
    if output.json_lines:
        output.record("stray", {"path": path})
    output.say(f"{path}: no archive, and left alone")


def _summary(count: int, states: Counter[str], strays: int) -> str:
    wrong = [f"{states[state]} {word}" for state, word in WORDS.items() if states[state]]
    said = f"{plural(count, 'archive')} checked: {', '.join(wrong) or 'all sound'}"
    return f"{said}; {plural(strays, 'other file')} among them" if strays else said
