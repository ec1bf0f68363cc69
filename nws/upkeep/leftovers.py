"""What killed processes left: files and folders with temporary names that nobody is going to use any more.

This room knows where such names are made; it must not know what would have become of them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nws.fsio import TEMP_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NEVER_OLD = 2**63


def leftovers(root: Path, *, before: int) -> Iterator[Path]:
    """Yield every file and folder with a temporary name in which nothing was written since.

    Views are not looked into: only a view that was written over can have any, and there may be a million of them.

    Parameters
    ----------
    root
        Folder of the workspace.
    before
        Nanoseconds, by the clock of the file system.
    """
    places: tuple[tuple[str, int, Callable[[str], bool]], ...] = (
        ("_binaries", 1, lambda _: True),
        ("datasets", 0, lambda _: True),
        ("runs", 2, lambda name: name in {"_refs", ".deleted", ".imported"} or name.endswith(".refs")),
        ("exports", 2, lambda _: True),
        ("library", 3, lambda _: True),
        ("catalog", 4, lambda _: True),
    )
    for name, depth, inner in places:
        for path in _temporary(root / name, depth, inner):
            if _newest(path) < before:
                yield path


def _temporary(folder: Path, depth: int, inner: Callable[[str], bool], *, top: bool = True) -> Iterator[Path]:
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith(TEMP_PREFIX):
            yield folder / entry.name
        elif depth and (top or inner(entry.name)) and entry.is_dir(follow_symlinks=False):
            yield from _temporary(folder / entry.name, depth - 1, inner, top=False)


def _newest(path: Path) -> int:
    """Return when something was last written in a file or folder; it is as good as new if it went meanwhile."""
    try:
        times = [path.lstat().st_mtime_ns]
        if path.is_dir() and not path.is_symlink():
            times += [inside.lstat().st_mtime_ns for inside in path.rglob("*")]
    except FileNotFoundError:
        return _NEVER_OLD
    return max(times)
