"""From an open object file back to plain bytes, never more of them than it declares.

This module decompresses; it must not know ids or where the file lies.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO

from nws.store.frames import FRAME, Broken, Frame, Table, frame_at, read_table, total, walk
from nws.store.threads import Spares, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Holds the headers of a small object, and the table of one of up to a gigabyte.
_HEAD = 1024
# What `zstd -d` allows without being asked: a frame may make a reader hold this much of what came before.
_LARGEST_WINDOW = 1 << 27
STREAMED = 1 << 20
# A body that says it grows more than this when decompressed is proved in bounded memory before it is collected.
_DOUBTFUL_RATIO = 200
_DOUBTFUL_SIZE = 64 << 20


class Body:
    """An open object file: what its headers say, and its content.

    Parameters
    ----------
    handle
        The file, unbuffered; it stays the caller's to close.

    Raises
    ------
    Broken
        If it is not made of whole frames.
    Unsupported
        If a later version wrote it.
    """

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._head = handle.read(_HEAD)
        self.stored = os.fstat(handle.fileno()).st_size
        self._table = read_table(self._read, self.stored)
        self.plain = self._table.plain if self._table else total(self._read, self.stored)

    @property
    def doubtful(self) -> bool:
        """Whether the size is not declared, or so large for the file that collecting it may fill the memory."""
        if self.plain is None:
            return True
        return self.plain > _DOUBTFUL_SIZE and self.plain > _DOUBTFUL_RATIO * self.stored

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the content in order. A piece is good until the next one is asked for.

        Raises
        ------
        Broken
            If a frame does not decompress to just what it declares.
        """
        if self._table and len(self._table.frames) > 1:
            return self._parallel(self._table)
        return self._serial(self._table.frames if self._table else walk(self._read, self.stored))

    def _parallel(self, table: Table) -> Iterator[memoryview]:
        contexts, buffers = Spares(new_context), Spares(lambda: bytearray(table.frame))

        def inflate(job: tuple[Frame, bytes]) -> tuple[bytearray, memoryview]:
            frame, data = job
            context, buffer = contexts.take(), buffers.take()
            view = memoryview(buffer)[: frame.plain]
            _inflate_into(context, data, view)
            contexts.give(context)
            return buffer, view

        for buffer, view in in_order(inflate, ((frame, self._frame(frame)) for frame in table.frames)):
            yield view
            # A piece kept for too long then fails loudly and does not show what came later.
            view.release()
            buffers.give(buffer)

    def _serial(self, frames: Iterable[Frame]) -> Iterator[bytes]:
        context = new_context()
        for frame in frames:
            if frame_at(self._read, frame.start) != frame:
                raise Broken("a frame differs from the table of frames")
            if frame.plain is not None and frame.plain <= FRAME and frame.stored <= 2 * FRAME:
                yield _inflate(context, self._frame(frame), frame.plain)
            else:
                yield from self._stream(context, frame)

    def _stream(self, context: Any, frame: Frame) -> Iterator[bytes]:
        done = 0
        with context.stream_reader(FrameFile(self._handle, frame), closefd=False) as reader:
            while piece := guarded(reader.read, STREAMED):
                done += len(piece)
                if frame.plain is not None and done > frame.plain:
                    raise Broken("a frame holds more than it declares")
                yield piece
        if frame.plain is not None and done != frame.plain:
            raise Broken("a frame holds less than it declares")

    def _frame(self, frame: Frame) -> bytes:
        data = bytes(self._read(frame.start, frame.stored))
        if len(data) != frame.stored:
            raise Broken("its file ends too early")
        return data

    def _read(self, at: int, length: int) -> bytes:
        if at + length <= len(self._head):
            return self._head[at : at + length]
        self._handle.seek(at)
        return self._handle.read(length)


class FrameFile:
    """The bytes of one frame, as a file that has nothing else.

    Parameters
    ----------
    handle
        The file that has them.
    frame
        Where.
    """

    def __init__(self, handle: BinaryIO, frame: Frame) -> None:
        self._handle = handle
        self._at, self._end = frame.start, frame.start + frame.stored

    def read(self, length: int) -> bytes:
        """Return the next bytes, at most `length`."""
        self._handle.seek(self._at)
        data = self._handle.read(min(length, self._end - self._at))
        self._at += len(data)
        return data


def new_context() -> Any:
    """Return what decompresses, and refuses to hold more than a frame may ask of every reader."""
    from zstandard import ZstdDecompressor

    return ZstdDecompressor(max_window_size=_LARGEST_WINDOW)


def _inflate(context: Any, data: bytes, plain: int) -> bytes:
    if plain == 0:
        return b""
    content: bytes = guarded(context.decompress, data)
    if len(content) != plain:
        raise Broken("a frame holds less than it declares")
    return content


def _inflate_into(context: Any, data: bytes, view: memoryview) -> None:
    """Fill `view` from one frame, which must be all of `data` and have just that content."""
    frame = frame_at(lambda at, length: data[at : at + length], 0)
    if frame.stored != len(data) or frame.plain != len(view):
        raise Broken("a frame differs from the table of frames")
    with context.stream_reader(data) as reader:
        if guarded(reader.readinto, view) != len(view):
            raise Broken("a frame holds less than it declares")


def guarded(call: Any, argument: Any) -> Any:
    """Return `call(argument)`.

    Raises
    ------
    Broken
        If zstd refuses what it finds.
    """
    from zstandard import ZstdError

    try:
        return call(argument)
    except ZstdError as err:
        raise Broken(f"it does not decompress ({err})") from err
