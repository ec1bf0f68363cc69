"""Commands on datasets: add, list, show, check, remove."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nws.cli.reading import AS_FOUND, Reading
from nws.cli.session import Handed

if TYPE_CHECKING:
    from nws.records import Registration

COLUMNS = {
    "name": "name", "samples": "samples", "features": "features", "axis": "axis", "targets": "targets",
    "partitions": "partitions", "id": "id",
}  # fmt: skip


def add(
    name: str, paths: list[Path], /, *, reading: Reading = AS_FOUND, replace: bool = False, session: Handed
) -> None:
    """Register a dataset: keep a snapshot of it in the workspace, and say exactly what was understood.

    Parameters
    ----------
    name
        Name to register it under.
    paths
        One wide file; an X and a Y file; a folder with Xcal.csv, Ycal.csv, Xtest.csv and the like; or a file that
        names them (JSON or YAML).
    replace
        Put the new content in the place of what is registered under this name.
    """
    from nws.dataset import Understood

    datasets = session.workspace().datasets
    held = datasets.get(name) if datasets.has(name) else None
    added = datasets.add(name, [Path(os.path.abspath(path)) for path in paths], reading.options(), replace=replace)
    unchanged = held is not None and added.id == held.id
    state = "unchanged" if unchanged else "replaced" if held else "added"
    if session.json:
        session.output.record("dataset", {**_fields(added), "state": state})
    for line in Understood(added.understood).lines():
        session.output.say(line)
    said = {"added": "registered", "replaced": "replaced", "unchanged": "unchanged, it is registered with this content"}
    session.output.say(f"{added.name}: {said[state]} ({added.id[:12]})")


def list_(*, session: Handed) -> None:
    """List the registered datasets."""
    rows = [_row(registration, short=not session.json) for registration in session.workspace().datasets.list()]
    if not session.output.rows("dataset", rows, COLUMNS):
        session.output.say("no datasets yet: nws dataset add NAME PATH")
    for text in session.workspace().datasets.unreadable():
        session.output.warn(text)


def show(name: str, /, *, session: Handed) -> None:
    """Show what was understood of a registered dataset.

    Parameters
    ----------
    name
        Its name.
    """
    registration = session.workspace().datasets.get(name)
    if session.json:
        session.output.record("dataset", _fields(registration))
        return
    from nws.dataset import Understood

    session.output.line(f"{'name':<11} {registration.name}")
    session.output.line(f"{'id':<11} {registration.id}")
    session.output.line(f"{'registered':<11} {registration.registered_at}")
    for source in registration.sources:
        session.output.line(f"{'source':<11} {source}")
    for option, value in sorted(registration.options.items()):
        session.output.line(f"{'option':<11} {option} = {', '.join(value) if isinstance(value, list) else value}")
    for line in Understood(registration.understood).lines():
        session.output.line(line)


def check(paths: list[Path], /, *, reading: Reading = AS_FOUND, session: Handed) -> None:
    """Print what would be understood of files, without registering anything; needs no workspace.

    Parameters
    ----------
    paths
        As for `dataset add`, and so are the options.
    """
    from nws.dataset import name_of, read

    name, options = name_of(paths), reading.options()
    _, understood = read(paths, name=name, options=options)
    if session.json:
        session.output.record("dataset", {"name": name, "options": options.as_dict(), "understood": understood.facts})
        return
    for line in understood.lines():
        session.output.line(line)


def remove(name: str, /, *, session: Handed) -> None:
    """Remove a registration. Runs on the dataset keep their data.

    Parameters
    ----------
    name
        Its name.
    """
    removed = session.workspace().datasets.remove(name)
    if session.json:
        session.output.record("removed", {"name": removed.name, "id": removed.id})
    session.output.say(
        f"{removed.name}: no longer registered; its snapshot {removed.id[:12]} stays for runs that use it"
    )


def _fields(registration: "Registration") -> dict[str, Any]:
    return {
        "name": registration.name,
        "id": registration.id,
        "registered_at": registration.registered_at,
        "sources": registration.sources,
        "options": registration.options,
        "understood": registration.understood,
    }


def _row(registration: "Registration", *, short: bool) -> dict[str, Any]:
    """Return what a line of the list says; the whole registration for JSON."""
    if not short:
        return _fields(registration)
    facts = registration.understood
    axis = facts.get("axis", {})
    return {
        "name": registration.name,
        "samples": facts.get("samples"),
        "features": facts.get("features"),
        "axis": f"{axis['first']:.6g}-{axis['last']:.6g} {axis['unit']}" if axis else None,
        "targets": [f"{target['name']} ({target['task']})" for target in facts.get("targets", [])],
        "partitions": facts.get("partitions"),
        "id": registration.id[:12],
    }
