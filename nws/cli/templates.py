"""Commands on templates of the library: template save, list, show."""

import sys
from typing import Annotated

from cyclopts import Parameter

from nws.cli.session import Handed
from nws.words import plural


def save(
    name: str,
    /,
    *,
    from_: Annotated[str, Parameter(name="--from")],
    description: str = "",
    replace: bool = False,
    session: Handed,
) -> None:
    """Keep a pipeline config under a name: `nws run --pipelines template:NAME` runs it.

    Parameters
    ----------
    name
        What to call it.
    from_
        A config file (JSON or YAML); or RUN/0007, best:DATASET, library:NAME …: the config of that pipeline.
    description
        What to say of it, in the place of what it says.
    replace
        Put it in the place of the template of that name.
    """
    workspace = session.workspace()
    path, pipelines = workspace.save_template(
        name, session.ref(workspace, from_), description=description, replace=replace
    )
    shown = path.relative_to(workspace.root).as_posix()
    session.output.made("template", {"name": path.stem, "path": shown, "pipelines": pipelines})
    session.output.say(f"{plural(pipelines, 'pipeline')}: nws run --dataset NAME --pipelines template:{path.stem}")


def list_(*, session: Handed) -> None:
    """List the templates."""
    from nws.documents import read
    from nws.errors import NwsError

    workspace = session.workspace()
    rows = []
    for name in workspace.templates.names():
        path = workspace.templates.get(name)
        row = {"name": name, "path": path.relative_to(workspace.root).as_posix(), "description": "", "note": ""}
        try:
            config = read(path)
            row["description"] = str(config.get("description") or "") if isinstance(config, dict) else ""
        except NwsError as err:
            session.output.warn(err.message)
            row["note"] = err.message
        rows.append(row)
    if not session.output.rows("template", rows, ["name", "description", "note"]):
        session.output.say("no templates yet: nws library template save NAME --from FILE")


def show(name: str, /, *, session: Handed) -> None:
    """Print a template: the config itself.

    Parameters
    ----------
    name
        Its name.
    """
    from nws.documents import read
    from nws.shelf.templates import PREFIX

    workspace = session.workspace()
    path = workspace.templates.get(name.removeprefix(PREFIX))
    if session.json:
        shown = path.relative_to(workspace.root).as_posix()
        session.output.record("template", {"name": path.stem, "path": shown, "config": read(path)})
        return
    sys.stdout.write(path.read_text(encoding="utf-8"))
