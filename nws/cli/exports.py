"""Commands on copies for people: exports list, exports verify, exports remove."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.copies import each_copy, remove_copies, verify_copies
from nws.cli.session import Handed
from nws.errors import DONE

if TYPE_CHECKING:
    from nws.shelf import Copy
    from nws.workspace import Workspace

_COLUMNS = ["path", "kind", "run_id", "pipeline_id", "bytes", "note"]
_NONE = "nothing is exported yet: nws export REF"


def list_(*, session: Handed) -> None:
    """List what is in exports, and which pipeline each copy is of."""
    workspace = session.workspace()
    found = each_copy(session.output, workspace.exports, workspace.root, lambda copy: _facts(workspace, copy))
    if not session.output.rows("export", found, _COLUMNS):
        session.output.say(_NONE)


def _facts(workspace: "Workspace", copy: "Copy") -> dict[str, Any]:
    shelf = workspace.exports
    source = shelf.source(copy)
    return {
        "path": copy.path.relative_to(workspace.root).as_posix(),
        "kind": copy.kind,
        "name": copy.name,
        **{key: source.get(key) for key in ("record", "run_id", "pipeline_id")},
        "bytes": shelf.size(copy),
    }


def verify(names: list[str] | None = None, /, *, session: Handed) -> int:
    """Check exports against their manifests, every member and every byte; what else lies in a folder is left alone.

    Parameters
    ----------
    names
        Names or paths of exports; all of them if not given.
    """
    workspace = session.workspace()
    code = verify_copies(session.output, workspace.exports, workspace.root, names, noun="export")
    if code is None:
        session.output.say(_NONE)
    return DONE if code is None else code


def remove(
    names: list[str], /, *, yes: Annotated[bool, Parameter(name=["-y", "--yes"])] = False, session: Handed
) -> None:
    """Remove exports for good, with whatever lies in their folders; asks first.

    Parameters
    ----------
    names
        Names or paths of exports.
    yes
        Do not ask.
    """
    shelf, root = session.workspace().exports, session.workspace().root
    remove_copies(session, shelf, root, names, shelf.remove, yes=yes)
