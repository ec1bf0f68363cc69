"""Objects as files of their own: `ROOT/3f/3f9a….zst`.

This module finds and opens them; it must not know how they are compressed, nor who wants them.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, BinaryIO

from nws import fsio
from nws.errors import Damaged, NewerFormat
from nws.ids import HEX_LENGTH, ObjectId, is_hex
from nws.store import opening
from nws.store.decode import Body
from nws.store.frames import Broken, Unsupported
from nws.store.opening import open_at_once, open_patiently, steady

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".zst"


class Loose:
    """The folder of loose objects.

    Parameters
    ----------
    root
        The folder; it need not be there yet.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._start = os.fspath(root) + os.sep
        self._folders: dict[str, Path] = {}

    def path(self, oid: ObjectId) -> Path:
        """Return where the file of an object is, or would be."""
        return self.folder(oid) / (oid + SUFFIX)

    def folder(self, oid: ObjectId) -> Path:
        """Return the folder of an object, the same for all that share it."""
        name = oid[:2]
        if name not in self._folders:
            self._folders[name] = self.root / name
        return self._folders[name]

    def open_at_once(self, oid: ObjectId) -> BinaryIO | None:
        """Open the file of an object. None only says that it may not be there."""
        return open_at_once(self._name(oid))

    def open(self, oid: ObjectId) -> BinaryIO | None:
        """Open the file of an object, doomed or not; None if it is not there."""
        return open_patiently(self._name(oid), lambda: self._files(oid[:2]))

    @contextlib.contextmanager
    def body(self, oid: ObjectId, handle: BinaryIO) -> Iterator[Body]:
        """Read an object from its open file; what is found wrong, here or in the body of the `with`, names both.

        Raises
        ------
        Damaged
            If its file does not decode.
        NewerFormat
            If a later version wrote it.
        """
        with handle, self.naming(oid):
            yield Body(handle)

    def freshen(self, oid: ObjectId, size: int) -> bool:
        """Keep a stored object from a collector at work, and say whether it counts as stored.

        An empty file, a torn one, one of another size and one that may not be touched do not.
        """
        try:
            with steady(lambda: open(self._name(oid), "rb", buffering=0)) as handle:
                if Body(handle).plain not in (size, None):
                    return False
                fsio.freshen(handle.fileno())
                # A collector takes the name away, then looks at the time, then removes the file. One that looked
                # before it was freshened here had taken the name by then.
                return not opening.has_lost_its_name(handle.fileno(), oid + SUFFIX)
        except (FileNotFoundError, PermissionError, Broken):
            return False
        except Unsupported as err:
            raise self._newer(oid, err) from err
        except OSError as err:
            # What a file server says of a file that was removed since it was opened.
            if err.errno != errno.ESTALE:
                raise
            return False

    @contextlib.contextmanager
    def naming(self, oid: ObjectId) -> Iterator[None]:
        """Give the object and its file to errors of the body that do not name them (a full disk names nothing)."""
        try:
            with opening.naming_file(self._name(oid)):
                yield
        except Broken as err:
            raise Damaged(
                f"object {oid} is damaged: {err}: {self._name(oid)}",
                hint="move the file away and store the same content again, or bring it back from a copy",
            ) from err
        except Unsupported as err:
            raise self._newer(oid, err) from err

    def ids(self, prefix: str = "") -> Iterator[ObjectId]:
        """Yield the ids of all files that begin with `prefix`, sorted, one folder in memory at a time."""
        for folder in steady(lambda: fsio.names(self.root)):
            if is_hex(folder, 2) and folder.startswith(prefix[:2]):
                for name in self._files(folder):
                    if name.startswith(prefix):
                        yield ObjectId(name[:HEX_LENGTH])

    def _files(self, folder: str) -> list[str]:
        names = steady(lambda: fsio.names(self.root / folder))
        return [name for name in names if _is_object(name) and name.startswith(folder)]

    def _name(self, oid: ObjectId) -> str:
        return f"{self._start}{oid[:2]}{os.sep}{oid}{SUFFIX}"

    def _newer(self, oid: ObjectId, err: Unsupported) -> NewerFormat:
        return NewerFormat(f"object {oid} is in a newer format: {err}: {self._name(oid)}")


def _is_object(name: str) -> bool:
    return name.endswith(SUFFIX) and is_hex(name.removesuffix(SUFFIX), HEX_LENGTH)
