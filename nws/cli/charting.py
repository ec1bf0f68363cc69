"""Pictures that a command asks for: drawn, put into the folders of their pipelines, and told of.

That one cannot be drawn never makes a command fail. This room must not know what the pictures show.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from nws.cli.lines import note
from nws.cli.output import Progress
from nws.cli.session import Session
from nws.errors import NwsError
from nws.words import plural

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.engine.result import Result
    from nws.pipeline import Pipeline

Charts = Literal["best", "all", "none"]


def chosen(result: "Result", charts: Charts) -> list["Pipeline"]:
    """Return which pipelines of a run get pictures: all that came to their end, or the best of each target."""
    from nws.engine.summary import best_by_target

    if charts == "none" or result.interrupted or result.nothing_to_do:
        return []
    entries = result.entries if charts == "all" else best_by_target(result.entries).values()
    return [entry.pipeline for entry in entries if entry.metrics is not None]


def put_charts(
    session: Session, workspace: "Workspace", pipelines: Sequence["Pipeline"], *, explain: bool
) -> list[str]:
    """Draw the pictures of pipelines into their folders, and return their paths within the workspace.

    Parameters
    ----------
    session
        How to speak.
    workspace
        Whose pipelines.
    pipelines
        Each that is drawn.
    explain
        Whether to say which pictures make no sense of a pipeline, and why.
    """
    if not pipelines:
        return []
    paths: list[str] = []
    with Progress(session.output, time.monotonic) as progress:
        progress.update("drawing pictures")
        try:
            _check_it_can_be_drawn()
            for place, pipeline in enumerate(pipelines):
                if place:
                    progress.update(f"drawing pictures {place}/{len(pipelines)}")
                trust = session.trusts(workspace, pipeline)
                paths += _put(session, pipeline, trust=trust, explain=explain)
        except NwsError as err:
            progress.clear()
            count = "not all" if paths else "no"
            session.output.warn(
                f"{count} pictures are drawn: {err.message}{f'; to mend it: {err.hint}' if err.hint else ''}"
            )
        except KeyboardInterrupt:
            progress.clear()
            session.output.warn("not all pictures are drawn: interrupted. Later: nws checkout REF --charts")
    return paths


def _check_it_can_be_drawn() -> None:
    from nws.report import style

    style.needed()


def _put(session: Session, pipeline: "Pipeline", *, trust: bool, explain: bool) -> list[str]:
    from nws import fsio

    def say(name: str, why: str) -> None:
        if explain:
            session.output.say(f"no {name} of {pipeline.ref}: {why}")

    def warn(name: str, why: str) -> None:
        session.output.warn(f"{name} of {pipeline.ref} is not drawn: {why}")

    try:
        from nws.report.pictures import draw

        pictures = draw(pipeline, trust=trust, left_out=say, failed=warn)
        for name, data in pictures.items():
            fsio.replace(pipeline.view / name, data, durable=False)
    except (NwsError, OSError) as err:
        warn("a picture", note(err))
        return []
    return [f"{pipeline.path}/{name}" for name in pictures]


def said(paths: Sequence[str]) -> str:
    """Return where pictures are, in words; nothing where there are none."""
    folders = list(dict.fromkeys(path.rpartition("/")[0] for path in paths))
    if len(folders) > 1:
        return f"{plural(len(paths), 'picture')}: chart_*.png in the folders of {plural(len(folders), 'pipeline')}"
    return f"{plural(len(paths), 'picture')}: {folders[0]}/chart_*.png" if folders else ""
