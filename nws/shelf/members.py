"""Where the members of a copy are read from: a folder or a zip file, whoever made it.

What leads out of the copy is refused before anything of it is read. This room must not know what the members are.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nws.errors import BadInput, Damaged
from nws.shelf import zips
from nws.shelf.checking import unsafe
from nws.store.hashing import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from zipfile import ZipFile, ZipInfo

HINT = "a copy is a folder or zip file of `nws export`, `nws library save` and `load`, or `nws catalog archive`"
SOURCE = "bring the copy back from where it came"
_ZIP = b"PK"


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the copy in what the body finds damaged, and where another one is to be had."""
    try:
        yield
    except Damaged as err:
        message = err.message if str(path) in err.message else f"{path}: {err.message}"
        raise Damaged(message, hint=SOURCE) from err


class Members(Protocol):
    """Where the members of a copy are read from."""

    def read(self, name: str, limit: int) -> Iterator[bytes] | None:
        """Yield a member in pieces; None if there is none of that name.

        Raises
        ------
        BadInput
            If the copy leads out of itself.
        Damaged
            If the member is longer than `limit` bytes, or cannot be read.
        """

    def listed(self) -> set[str]:
        """Return the names of all members."""

    def paths(self) -> list[Path]:
        """Return the files that the copy is made of."""

    def kept_open(self) -> AbstractContextManager[None]:
        """Return a context in which the copy is opened once for all that is read."""


@dataclass(frozen=True)
class Folder:
    """Members that are plain files of a folder; other files may lie there, too."""

    root: Path

    def read(self, name: str, limit: int) -> Iterator[bytes] | None:
        """Yield a member in pieces; see `Members`."""
        path = self.root
        for part in name.split("/"):
            path = path / part
            try:
                mode = os.lstat(path).st_mode
            except (FileNotFoundError, NotADirectoryError):
                return None
            if stat.S_ISLNK(mode):
                raise BadInput(f"{path} is a link; a copy has files of its own", hint=HINT)
        return self._content(path, limit) if stat.S_ISREG(mode) else None

    @staticmethod
    def _content(path: Path, limit: int) -> Iterator[bytes]:
        with open(path, "rb", buffering=0) as source:
            if os.fstat(source.fileno()).st_size > limit:
                raise Damaged(f"{path} is longer than it may be", hint=SOURCE)
            yield from map(bytes, pieces(source))

    def listed(self) -> set[str]:
        """Return the names of all files in the folder."""
        return {path.relative_to(self.root).as_posix() for path in self.paths()[1:]}

    def paths(self) -> list[Path]:
        """Return the folder and all files in it."""
        return [self.root, *(Path(folder) / name for folder, _, files in os.walk(self.root) for name in files)]

    def kept_open(self) -> AbstractContextManager[None]:
        """Return a context that does nothing: each file is opened by itself."""
        return contextlib.nullcontext()


@dataclass
class Zip:
    """Members of a zip file."""

    path: Path
    _kept: tuple[ZipFile, dict[str, ZipInfo]] | None = field(default=None, repr=False)

    def read(self, name: str, limit: int) -> Iterator[bytes] | None:
        """Yield a member in pieces; see `Members`."""
        with self._opened() as (_, held):
            member = held.get(name)
        if member is None:
            return None
        if member.file_size > limit:
            raise Damaged(f"{self.path}: {name} is longer than it may be", hint=SOURCE)
        return self._content(member)

    def _content(self, member: ZipInfo) -> Iterator[bytes]:
        with self._opened() as (archive, _):
            try:
                yield from zips.content(archive, member)
            except zips.Broken as err:
                raise Damaged(f"{self.path}: {member.orig_filename} {err}", hint=SOURCE) from err

    def listed(self) -> set[str]:
        """Return the names of all members."""
        with self._opened() as (_, held):
            return set(held)

    def paths(self) -> list[Path]:
        """Return the file."""
        return [self.path]

    @contextlib.contextmanager
    def kept_open(self) -> Iterator[None]:
        """Open the file once for all that is read while the body runs."""
        before = self._kept
        with self._opened() as opened:
            self._kept = opened
            try:
                yield
            finally:
                self._kept = before

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[ZipFile, dict[str, ZipInfo]]]:
        if self._kept is not None:
            yield self._kept
            return
        with contextlib.ExitStack() as stack:
            try:
                archive = stack.enter_context(zips.opened(self.path))
            except zips.Broken as err:
                raise self._refusal(err) from err
            for problem in unsafe(archive.infolist()):
                raise BadInput(f"{self.path}: {problem}; nothing of it was read", hint=HINT)
            yield archive, {member.orig_filename: member for member in archive.infolist()}

    def _refusal(self, err: zips.Broken) -> BadInput | Damaged:
        with open(self.path, "rb") as source:
            begun = source.read(2) == _ZIP
        if isinstance(err, zips.Bomb):
            return BadInput(f"{self.path} {err}", hint=HINT)
        if not begun:
            return BadInput(f"{self.path} is no copy of a pipeline", hint=HINT)
        return Damaged(f"{self.path} {err}", hint=SOURCE)
