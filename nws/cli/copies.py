"""Listing, checking and removing the copies of a shelf: what catalog, library and exports have in common.

This room words what is found and asks before it removes; it must not know which shelf it is.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nws.cli.output import Output, Progress
from nws.cli.session import Session
from nws.errors import DONE, Damaged, NewerFormat, NwsError, UsageError
from nws.words import plural, size

if TYPE_CHECKING:
    from nws.shelf import Copy, Shelf

# More of one copy would hide the next.
_SHOWN = 3
# The states of a copy that is not sound (nws.shelf.Finding).
CODES = {"damaged": Damaged.exit_code, "newer": NewerFormat.exit_code}
WORDS = {"damaged": "damaged", "newer": "of a newer version"}


def each_copy(
    output: Output, shelf: "Shelf", root: Path, facts: Callable[["Copy"], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield what is said of each copy; one that cannot be read says so, and does not hide the others."""
    for copy in shelf.list():
        try:
            yield facts(copy)
        except (NwsError, OSError) as err:
            text = err.message if isinstance(err, NwsError) else str(err)
            output.warn(text)
            yield {"name": copy.name, "kind": copy.kind, "path": copy.path.relative_to(root).as_posix(), "note": text}


def remove_copies(
    session: Session, shelf: "Shelf", root: Path, names: list[str], remove: Callable[["Copy"], object], *, yes: bool
) -> None:
    """Remove copies for good, each named with its size, and not before a person has confirmed it.

    Raises
    ------
    UnknownName
        If a name is that of none, or of several.
    UsageError
        If it was not confirmed.
    """
    chosen = {copy.path: copy for name in names for copy in [shelf.get(name)]}
    for copy in chosen.values():
        session.output.say(f"{copy.path.relative_to(root).as_posix()}, {size(shelf.size(copy))}")
    if not yes and not session.confirm("remove for good?"):
        raise UsageError("nothing was removed: not confirmed", hint="--yes removes without asking")
    for copy in chosen.values():
        remove(copy)
        path = copy.path.relative_to(root).as_posix()
        session.output.made("removed", {"path": path, "kind": copy.kind, "name": copy.name})


def verify_copies(
    output: Output, shelf: "Shelf", root: Path, names: list[str] | None, *, noun: str, none: str, strays: bool = True
) -> int:
    """Check copies against their manifests, and return the exit code.

    Parameters
    ----------
    output
        Where to speak.
    shelf
        Whose copies.
    root
        The folder of the workspace, in which paths are shown.
    names
        Which; all of them, and whatever else lies there, if not given.
    noun
        What a copy is called, which is also the `type` of a line: `archive`.
    none
        What is said where there are none.
    strays
        Whether to name what else lies on the shelf.
    """
    checked = list(shelf.list()) if names is None else shelf.find(names)
    others = list(shelf.strays()) if names is None and strays else []
    if not checked and not others:
        output.say(none)
        return DONE
    states = Counter[str]()
    output.rows(noun, _rows(output, shelf, root, checked, states), ["state", "path"])
    for path in others:
        _tell_stray(output, path.relative_to(root).as_posix(), noun)
    output.say(_summary(len(checked), states, len(others), noun))
    return max((code for state, code in CODES.items() if states[state]), default=DONE)


def _rows(
    output: Output, shelf: "Shelf", root: Path, copies: "Sequence[Copy]", states: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Yield a line for each copy when it is checked, and count the states; problems are told at once."""
    progress = Progress(output, time.monotonic)
    for place, copy in enumerate(copies, 1):
        progress.update(f"checking {place}/{len(copies)} {copy.path.name}", final=True)
        found = shelf.verify(copy)
        progress.clear()
        states[found.state] += 1
        path = copy.path.relative_to(root).as_posix()
        for problem in found.problems[:_SHOWN]:
            output.warn(f"{path}: {problem}")
        if len(found.problems) > _SHOWN:
            output.warn(f"{path}: {plural(len(found.problems) - _SHOWN, 'more problem')}; all of them with --json")
        yield {
            "path": path, "kind": copy.kind, "name": copy.name, "state": found.state, "problems": list(found.problems),
        }  # fmt: skip


def _tell_stray(output: Output, path: str, noun: str) -> None:
    if output.json_lines:
        output.record("stray", {"path": path})
    output.say(f"{path}: no {noun}, and left alone")


def _summary(count: int, states: Counter[str], strays: int, noun: str) -> str:
    wrong = [f"{states[state]} {word}" for state, word in WORDS.items() if states[state]]
    what = plural(count, noun) if noun != "copy" else f"{count:,} {'copy' if count == 1 else 'copies'}"
    said = f"{what} checked: {', '.join(wrong) or 'all sound'}"
    return f"{said}; {plural(strays, 'other file')} among them" if strays else said
