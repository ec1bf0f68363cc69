"""Commands on copies for people: exports list, exports verify, exports remove."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.copies import each_copy, remove_copies, verify_copies
from nws.cli.session import Handed, Session
from nws.errors import UnknownName

if TYPE_CHECKING:
    from nws.shelf import Copy, Shelf

Output = Annotated[
    Path | None, Parameter(name="--output", help="Where they were exported to, if not into the workspace.")
]
_COLUMNS = ["path", "kind", "run_id", "pipeline_id", "bytes", "note"]
_NONE = "nothing is exported yet: nws export REF"


def list_(*, output: Output = None, session: Handed) -> None:
    """List what is exported, and which pipeline each copy is of."""
    shelf, root = _place(session, output)
    found = each_copy(session.output, shelf, root, lambda copy: _facts(shelf, root, copy))
    if not session.output.rows("export", found, _COLUMNS):
        session.output.say(_NONE)


def _place(session: Session, output: Path | None) -> "tuple[Shelf, Path]":
    """Return the exports that are meant, and the folder in which their paths are shown."""
    from nws.shelf import exports

    if output is None:
        workspace = session.workspace()
        return workspace.exports, workspace.root
    if not output.is_dir():
        raise UnknownName(f"no folder {output}", hint="--output names the folder that nws export wrote to")
    return exports(output), output


def _facts(shelf: "Shelf", root: Path, copy: "Copy") -> dict[str, Any]:
    source = shelf.source(copy)
    return {
        "path": copy.path.relative_to(root).as_posix(),
        "kind": copy.kind,
        "name": copy.name,
        **{key: source.get(key) for key in ("record", "run_id", "pipeline_id")},
        "bytes": shelf.size(copy),
    }


def verify(names: list[str] | None = None, /, *, output: Output = None, session: Handed) -> int:
    """Check exports against their manifests, every member and every byte; what else lies in a folder is left alone.

    Parameters
    ----------
    names
        Names or paths of exports; all of them if not given.
    """
    shelf, root = _place(session, output)
    # Elsewhere they lie among files that are none of our business.
    return verify_copies(session.output, shelf, root, names, noun="export", none=_NONE, strays=output is None)


def remove(
    names: list[str],
    /,
    *,
    output: Output = None,
    yes: Annotated[bool, Parameter(name=["-y", "--yes"])] = False,
    session: Handed,
) -> None:
    """Remove exports for good, with whatever lies in their folders; asks first.

    Parameters
    ----------
    names
        Names or paths of exports.
    yes
        Do not ask.
    """
    shelf, root = _place(session, output)
    remove_copies(session, shelf, root, names, shelf.remove, yes=yes)
