"""The command that takes in what others made: import."""

import shlex
import time
from pathlib import Path

from nws.cli.output import Progress
from nws.cli.session import Handed
from nws.words import plural


def import_(path: Path, /, *, name: str | None = None, replace: bool = False, session: Handed) -> None:
    """Take in what somebody else made: a run as a run, a pipeline into the library.

    All of it is checked before anything is written. Figures can be read at once; models are loaded only when you trust
    whoever made them (nws config trust add).

    Parameters
    ----------
    path
        A zip file of a library or of archives, or a folder that was exported.
    name
        What a pipeline is called in the library; as its file if not given. A run keeps its name.
    replace
        Put a pipeline in the place of the copy of that name in the library.
    """
    workspace = session.workspace()
    with Progress(session.output, time.monotonic) as progress:
        taken = workspace.take(path, name=name, replace=replace, report=progress.update)
    shown = taken.path.relative_to(workspace.root).as_posix()
    facts = {
        "path": shown, "kind": taken.kind, "name": taken.name, "state": taken.state, "pipelines": taken.pipelines,
    }  # fmt: skip
    session.output.made("imported", facts)
    if taken.state == "unchanged":
        session.output.say(f"{shown} is there already, and the same; nothing was changed")
        return
    rest = ", the rest of what an earlier call began" if taken.state == "completed" else ""
    session.output.say(f"{taken.state}: {plural(taken.pipelines, 'pipeline')} in {shown}{rest}")
    named = shlex.quote(str(taken.path))
    session.output.say(f"to load models of it, if you trust whoever made them: nws config trust add {named}")
