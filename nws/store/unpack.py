"""From an open pack to the plain bytes of its objects, never more of them than are needed.

This module decompresses; it must not know ids or where the file lies.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO

from nws.store.decode import STREAMED, FrameFile, guarded, new_context
from nws.store.frames import Broken, Frame
from nws.store.packtable import PackTable, Place, read_tail

if TYPE_CHECKING:
    from collections.abc import Iterator

# A frame of up to this many bytes of content is kept whole when two of its objects are asked for.
_KEPT = 16 << 20


def table_of(handle: BinaryIO) -> PackTable:
    """Return the table of an open pack.

    Raises
    ------
    Broken
        If it is no whole pack.
    Unsupported
        If a later version wrote it.
    """

    def read(at: int, length: int) -> bytes:
        handle.seek(at)
        return handle.read(length)

    return read_tail(read, os.fstat(handle.fileno()).st_size)


class Recent:
    """The frame that was read last: whole, once a second object of it is asked for, if that does not take much memory.

    Who reads all objects of a frame, one after the other, then decompresses it about once and not once for each.
    """

    def __init__(self) -> None:
        # One tuple, so that threads never see one half of it.
        self._last: tuple[tuple[int, ...], bytes | None] = ((), None)

    def content(self, handle: BinaryIO, frame: Frame) -> bytes | None:
        """Return the content of a frame of an open pack, or None if it is to be read as far as is needed."""
        if not frame.plain or frame.plain > _KEPT:
            return None
        found = os.fstat(handle.fileno())
        key = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size, frame.start)
        last, whole = self._last
        if last != key:
            self._last = (key, None)
            return None
        if whole is None:
            whole = _whole(handle, frame, frame.plain)
            self._last = (key, whole)
        return whole or None


class Packed:
    """One object in an open pack; who reads it sees no difference to `nws.store.decode.Body`.

    Parameters
    ----------
    handle
        The pack, unbuffered; it stays the caller's to close.
    place
        Where the object is in the content of the pack.
    recent
        Kept from one object to the next.

    Raises
    ------
    Broken
        If it is no whole pack, or has no such place.
    Unsupported
        If a later version wrote it.
    """

    # A frame is small enough to be collected, whatever it says.
    doubtful = False

    def __init__(self, handle: BinaryIO, place: Place, recent: Recent) -> None:
        self._handle = handle
        self._recent = recent
        self._extent = table_of(handle).extent(place)
        self.plain = place.size
        self.stored = self._extent.stored

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the content in order.

        Raises
        ------
        Broken
            If its frame does not decompress to just what it declares, as far as it is read.
        """
        frame, offset, size = self._extent
        whole = self._recent.content(self._handle, frame)
        if whole is None:
            return _between(self._handle, frame, offset, size)
        return iter([memoryview(whole)[offset : offset + size]])


def frame_content(handle: BinaryIO, frame: Frame, sizes: list[int]) -> Iterator[bytes]:
    """Yield the content of a frame cut into parts of these sizes, as far as it decompresses.

    Raises
    ------
    Broken
        If it does not.
    """
    with new_context().stream_reader(FrameFile(handle, frame), closefd=False) as reader:
        for size in sizes:
            yield b"".join(_exactly(reader, size))


def _whole(handle: BinaryIO, frame: Frame, size: int) -> bytes:
    """Return the content of a frame; nothing if it is damaged, for what is before the damage may be whole."""
    try:
        (content,) = frame_content(handle, frame, [size])
    except Broken:
        return b""
    return content


def _between(handle: BinaryIO, frame: Frame, offset: int, size: int) -> Iterator[bytes]:
    with new_context().stream_reader(FrameFile(handle, frame), closefd=False) as reader:
        passed = memoryview(bytearray(min(offset, STREAMED)))
        while offset:
            got = guarded(reader.readinto, passed[: min(offset, len(passed))])
            if not got:
                raise Broken("a frame holds less than it declares")
            offset -= got
        yield from _exactly(reader, size)


def _exactly(reader: Any, size: int) -> Iterator[bytes]:
    while size:
        piece = guarded(reader.read, min(size, STREAMED))
        if not piece:
            raise Broken("a frame holds less than it declares")
        size -= len(piece)
        yield piece
