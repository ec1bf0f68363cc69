"""The only writer: every file that nws makes is made here.

A file appears whole or not at all, and never over another one unless that is asked for. This room knows paths and
bytes; it must not know what they mean.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

TEMP_PREFIX = ".tmp-"
_counter = itertools.count()
# File systems without hard links answer link(2) with one of these.
_NO_LINK = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


def temp_path(folder: Path) -> Path:
    """Return a fresh temporary name in `folder`, unique over hosts, processes and calls."""
    return folder / f"{TEMP_PREFIX}{_host()}-{os.getpid()}-{next(_counter)}"


def _host() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename.split(".")[0]
    import platform

    return platform.node().split(".")[0]


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a temporary file in `folder` for writing and yield its path and handle.

    It is gone at the end unless the body moved it (see `publish` and `sync`), whatever happens in between.
    """
    path = temp_path(folder)
    try:
        handle = open(path, "xb")
    except FileNotFoundError:
        make_folder(folder)
        handle = open(path, "xb")
    try:
        with _naming(path), handle:
            yield path, handle
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def sync(handle: BinaryIO) -> None:
    """Bring what was written to `handle` to stable storage.

    A failed call means that the file must be discarded: the kernel forgets the error, and a second call would say
    that all is well.
    """
    handle.flush()
    os.fsync(handle.fileno())


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to stable storage, where the system can (Windows cannot)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(temp: Path, final: Path) -> bool:
    """Give a finished temporary file its name without replacing anything.

    Returns
    -------
    bool
        False if the name was already taken.
    """
    try:
        os.link(temp, final)
    except FileExistsError:
        # A file server may have made the link and its answer been lost: then the file has two names.
        return os.stat(temp).st_nlink > 1
    except OSError as err:
        if err.errno not in _NO_LINK:
            raise
        return _publish_without_links(temp, final)
    return True


def _publish_without_links(temp: Path, final: Path) -> bool:
    # Renaming a folder onto a name that is taken by a non-empty folder or by a file fails on every system; the
    # short-lived folder is the claim under which the plain rename is then safe.
    claim = final.with_name(f"{TEMP_PREFIX}claim-{final.name}")
    try:
        claim.mkdir()
    except FileExistsError:
        return False
    try:
        if final.exists():
            return False
        temp.rename(final)
        return True
    finally:
        claim.rmdir()


def move_over(temp: Path, final: Path) -> None:
    """Give a finished temporary file the name of whatever has it now: the way to heal a file known to be bad."""
    os.replace(temp, final)


def write_new(path: Path, data: bytes) -> bool:
    """Write a file durably under a name that nobody has, and say whether this call did it."""
    with staged(path.parent) as (temp, handle):
        handle.write(data)
        sync(handle)
        done = publish(temp, path)
    if done:
        sync_folder(path.parent)
    return done


def write_all_new(folder: Path, files: Mapping[str, bytes | Callable[[BinaryIO], object]]) -> set[str]:
    """Write several files durably, each under a name that nobody has; they share their waits for the disk.

    Parameters
    ----------
    folder
        Where they will stand.
    files
        Name → bytes, or a function that writes them to an open file. They get their names in this order, one right
        after the other.

    Returns
    -------
    set of str
        The names that this call got; the others were taken.
    """
    done = set()
    with contextlib.ExitStack() as stack:
        temps = {name: stack.enter_context(staged(folder)) for name in files}
        for name, (_, handle) in temps.items():
            _fill(handle, files[name])
        sync_all([handle for _, handle in temps.values()])
        done = {name for name, (temp, _) in temps.items() if publish(temp, folder / name)}
    if done:
        sync_folder(folder)
    return done


def sync_all(handles: Sequence[BinaryIO]) -> None:
    """Bring several files to stable storage. The system joins waits that overlap, so they wait together."""
    if len(handles) < 4:
        for handle in handles:
            sync(handle)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(sync, handles))


def replace(path: Path, data: bytes | Callable[[BinaryIO], object], *, durable: bool = True) -> None:
    """Write a file whole in the place of whatever has its name."""
    with staged(path.parent) as (temp, handle):
        _fill(handle, data)
        if durable:
            sync(handle)
        handle.flush()
        os.replace(temp, path)
    if durable:
        sync_folder(path.parent)


def write_folder(
    folder: Path, files: Mapping[str, bytes | Callable[[BinaryIO], object]], *, over: bool = False
) -> bool:
    """Write a folder of plain files that appears at once; nothing is made durable.

    Parameters
    ----------
    folder
        Where it will stand.
    files
        Relative name (with `/`) → bytes, or a function that writes them to an open file.
    over
        Put the files into a folder that is already there, each file whole, leaving others alone.

    Returns
    -------
    bool
        False if the folder was there and `over` is not set.
    """
    if folder.is_dir():
        if not over:
            return False
        for name, content in files.items():
            _write_plain(folder / name, content)
        return True
    temp = temp_path(make_folder(folder.parent))
    try:
        temp.mkdir()
        for name, content in files.items():
            _write_unseen(temp / name, content)
        os.rename(temp, folder)
    except OSError as err:
        remove_tree(temp)
        if err.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return write_folder(folder, files, over=True) if over else False
        raise
    except BaseException:
        remove_tree(temp)
        raise
    return True


def _write_plain(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    with staged(path.parent) as (temp, handle):
        _fill(handle, content)
        os.replace(temp, path)


def _write_unseen(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file into a folder that has no name yet."""
    make_folder(path.parent)
    with _naming(path), open(path, "xb") as handle:
        _fill(handle, content)


def _fill(handle: BinaryIO, content: bytes | Callable[[BinaryIO], object]) -> None:
    if callable(content):
        content(handle)
    else:
        handle.write(content)
    handle.flush()


def append_line(path: Path, line: str) -> None:
    """Add one line to a log that a person reads; the only file that is ever appended to."""
    with _naming(path), open(path, "ab") as handle:
        handle.write(line.encode(errors="backslashreplace") + b"\n")


def freshen(path: Path | int) -> None:
    """Set the modification time of a file, or of an open descriptor, to now, so that a collector at work keeps it."""
    os.utime(path)


def make_folder(folder: Path) -> Path:
    """Make `folder` and its parents if they are not there, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def claim_folder(folder: Path) -> bool:
    """Make `folder`, and say whether this call did it (mkdir is exclusive on every file system)."""
    make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def names(folder: Path) -> list[str]:
    """Return the names in `folder`, sorted, from a fresh listing without temporary ones; none if it is not there."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(TEMP_PREFIX))
    except FileNotFoundError:
        return []


def folders(folder: Path) -> list[str]:
    """Return the names of the folders in `folder`, as `names` does."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(TEMP_PREFIX) and entry.is_dir())
    except FileNotFoundError:
        return []


def clock(folder: Path) -> int:
    """Return the time in nanoseconds by the clock that the file system of `folder` sets times of files by."""
    with staged(folder) as (_, handle):
        return os.fstat(handle.fileno()).st_mtime_ns


def remove(path: Path, *, durable: bool = True) -> None:
    """Remove a file; harmless if it is gone already."""
    path.unlink(missing_ok=True)
    if durable:
        sync_folder(path.parent)


def remove_all(folder: Path, names: Sequence[str]) -> None:
    """Remove files of one folder durably; harmless if they, or the folder, are gone already."""
    removed = False
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()
            removed = True
    if removed:
        sync_folder(folder)


def set_aside(folder: Path) -> Path | None:
    """Give a folder a temporary name, durably, and return it: who lists names sees all of the folder or none of it.

    None if it is not there.
    """
    aside = temp_path(folder.parent)
    try:
        os.rename(folder, aside)
    except FileNotFoundError:
        return None
    sync_folder(folder.parent)
    return aside


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it. It is set aside first, so that nobody sees half of it."""
    aside: Path | None = folder
    if not folder.name.startswith(TEMP_PREFIX):
        aside = set_aside(folder)
    if aside is None or not os.path.lexists(aside):
        return
    if aside.is_symlink():
        aside.unlink()
        return
    import shutil

    shutil.rmtree(aside)


@contextlib.contextmanager
def lock(path: Path, *, wait: float = 0.0, shared: bool = False) -> Iterator[bool]:
    """Hold an advisory lock on `path` while the body runs, and yield whether it was got.

    Locks are an optimisation: they are absent, fake or stale on some systems, so nothing may be lost without them.
    Where there are none, the lock counts as got.

    Parameters
    ----------
    path
        The lock file; made if it is not there, and left.
    wait
        Seconds to wait for another holder before yielding False.
    shared
        Let others hold it shared at the same time.
    """
    try:
        handle: BinaryIO = open(path, "a+b")
    except OSError as err:
        if err.errno not in {errno.EACCES, errno.EROFS}:
            raise
        # Who may only read can see all the same whether somebody holds it.
        handle = open(path, "rb")
    with handle:
        yield _acquire(handle, wait, shared=shared)


def _acquire(handle: BinaryIO, wait: float, *, shared: bool) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
        except OSError:
            return True


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Give the path to errors of the system that do not name one (a full disk shows at write, without a name)."""
    try:
        yield
    except OSError as err:
        if err.filename is None and err.errno is not None:
            err.filename = str(path)
        raise
