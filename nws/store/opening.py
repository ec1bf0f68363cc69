"""Opening files that others may remove, rename or replace, on file systems that answer with what they knew a while ago.

This module knows names and how often to try; it must not know what is in the files.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import TYPE_CHECKING, BinaryIO, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

T = TypeVar("T")
# What the name of a file ends with besides while it is being removed; see `nws.store.removal`.
DOOMED = ".doomed"
# Seconds to wait before looking again for a file that its folder lists but that does not open.
_PAUSES = (0.0, 0.05, 0.5)


def steady(operation: Callable[[], T], tries: int = 3) -> T:
    """Return the result of `operation`, done again when a file server says that what was opened is gone (ESTALE)."""
    for _ in range(tries - 1):
        try:
            return operation()
        except OSError as err:
            if err.errno != errno.ESTALE:
                raise
    return operation()


def open_at_once(path: str) -> BinaryIO | None:
    """Open a file by its name, unbuffered. None only says that it may not be there."""
    try:
        return steady(lambda: open(path, "rb", buffering=0))
    except (FileNotFoundError, NotADirectoryError):
        return None


def open_patiently(path: str, listing: Callable[[], Container[str]]) -> BinaryIO | None:
    """Open a file by its name, or by the one that it has on its way out. None says that it is not there.

    Parameters
    ----------
    path
        The name.
    listing
        Lists its folder, freshly.
    """
    name = os.path.basename(path)
    for pause in _PAUSES:
        if (handle := open_at_once(path)) is not None:
            return handle
        # A name once seen absent may stay so for half a minute on NFS; only a fresh listing can tell.
        if name not in listing():
            break
        time.sleep(pause)
    # It may be on its way out, and may be given its name back between these two.
    return open_at_once(path + DOOMED) or open_at_once(path)


def has_lost_its_name(descriptor: int, name: str) -> bool:
    """Say whether an open file was renamed or removed since it was opened, as far as that can be told for nothing."""
    try:
        # Linux keeps the name with the open file; no file system is asked.
        return not os.readlink(f"/proc/self/fd/{descriptor}").endswith(name)
    except OSError:
        return os.fstat(descriptor).st_nlink == 0


@contextlib.contextmanager
def naming_file(path: str) -> Iterator[None]:
    """Give the path to errors of the system that do not name one (a full disk names nothing)."""
    try:
        yield
    except OSError as err:
        if err.filename is None and err.errno is not None:
            err.filename = path
        raise
