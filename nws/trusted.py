"""What a person trusts: own files, and workspaces and copies of others that are named in a file of that person.

It stands outside of every workspace, since what is trusted must not say so itself. This room must not know what is
loaded, nor where the file of a person is.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nws import fsio
from nws.errors import Damaged, UnknownName
from nws.records import TrustedPaths, decode, encode, now, timestamp
from nws.store.hashing import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nws.ids import ObjectId

MISSING, CHANGED, OK = "missing", "changed", "ok"


def other_owner(path: Path) -> int | None:
    """Return the number of the other user to whom a path belongs; None if it is this one's, or is not there."""
    if not hasattr(os, "geteuid"):
        return None
    try:
        found = path.stat().st_uid
    except FileNotFoundError:
        return None
    return None if found == os.geteuid() else found


class Entry(NamedTuple):
    """A path that is trusted.

    `blake3` is that of a file when it was trusted: another file of its name is not; None for a folder, which is trusted
    with all in it.
    """

    path: Path
    blake3: ObjectId | None
    added_at: str

    def state(self) -> str:
        """Return `ok`, `missing` (there is nothing now), or `changed` (a file that is another one now)."""
        if not self.path.exists():
            return MISSING
        if self.blake3 is None:
            return OK if self.path.is_dir() else CHANGED
        return OK if self.path.is_file() and hash_file(self.path) == self.blake3 else CHANGED


class Trusted:
    """The paths that a person trusts.

    Parameters
    ----------
    file
        Where they are kept; it need not be there yet.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def list(self) -> Sequence[Entry]:
        """Return every entry, by path.

        Raises
        ------
        Damaged
            If the file is not what was written.
        """
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            return []
        try:
            document = decode(TrustedPaths, data, where=str(self._file))
            return [Entry(Path(name), **told) for name, told in sorted(document.paths.items())]
        except (TypeError, AttributeError) as err:
            raise Damaged(f"{self._file}: its paths are not as nws writes them", hint="move the file away") from err

    def has(self, path: Path) -> bool:
        """Say whether a path, or a folder that it is in, is trusted as it is now."""
        whole = path.resolve()
        return any(
            entry.state() == OK
            for entry in self.list()
            if whole == entry.path or (entry.blake3 is None and whole.is_relative_to(entry.path))
        )

    def add(self, path: Path) -> Entry:
        """Trust a file as it is, or a folder with all that is or comes in it.

        Raises
        ------
        UnknownName
            If there is nothing at `path`.
        """
        whole = path.resolve()
        if not whole.exists():
            raise UnknownName(f"no file or folder {path}", hint="a workspace, an exported folder, or a zip file")
        entry = Entry(whole, hash_file(whole) if whole.is_file() else None, timestamp(now()))
        with self._alone() as entries:
            self._write([*(other for other in entries if other.path != whole), entry])
        return entry

    def remove(self, path: Path) -> None:
        """Trust a path no more; it need not be there.

        Raises
        ------
        UnknownName
            If it was not trusted.
        """
        whole = path.resolve()
        with self._alone() as entries:
            if whole not in {entry.path for entry in entries}:
                raise UnknownName(f"{path} is not among the paths that are trusted", hint="nws config trust list")
            self._write([entry for entry in entries if entry.path != whole])

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Sequence[Entry]]:
        """Yield the entries while no other process changes them, as far as there are locks."""
        fsio.make_folder(self._file.parent)
        with fsio.lock(self._file.with_suffix(".lock"), wait=5.0):
            yield self.list()

    def _write(self, entries: Sequence[Entry]) -> None:
        paths = {str(entry.path): {"blake3": entry.blake3, "added_at": entry.added_at} for entry in entries}
        fsio.replace(self._file, encode(TrustedPaths(paths=paths)))
