"""Names of members of a copy that somebody else may have made: which are no names of files inside of it.

Every reader of a copy asks here, whatever it is read for. This room looks at text alone; it must not know a disk.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from nws.ids import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN = 80
_DRIVE = re.compile(r"[A-Za-z]:")
_NOT_IN_A_NAME = re.compile(r'[\\:*?"<>|\x00-\x1f\x7f]')


def quoted(name: str) -> str:
    """Return a name for a message, cut where it is long."""
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "…")


def problems(names: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with names, each by itself and beside the others; nothing is followed to find out."""
    files: dict[str, str] = {}
    folders: set[str] = set()
    for name in names:
        if (wrong := problem(name)) is not None:
            yield f"{quoted(name)} {wrong}"
        key = _folded(name)
        if key in files:
            yield _twice(name, files[key])
        files.setdefault(key, name)
        parts = key.split("/")
        folders.update("/".join(parts[:end]) for end in range(1, len(parts)))
    for key in sorted(folders & files.keys()):
        if key:
            yield f"{quoted(files[key])} is a file and a folder"


def problem(name: str) -> str | None:
    """Return what is wrong with one name; None if it names a file inside of a copy on every system."""
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return "is an absolute path"
    parts = name.replace("\\", "/").split("/")
    if ".." in parts:
        return "leads out of the copy"
    if _NOT_IN_A_NAME.search(name) or not all(map(_names_a_file, parts)):
        return "is not the name of a file"
    return None


def _names_a_file(part: str) -> bool:
    return bool(part) and part == part.rstrip(". ") and part.partition(".")[0].casefold() not in RESERVED


def _twice(name: str, before: str) -> str:
    if name == before:
        return f"{quoted(name)} is there twice"
    return f"{quoted(name)} and {quoted(before)} differ only in case: one file on some systems"


def _folded(name: str) -> str:
    """Return what is equal for names that are one on some system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
