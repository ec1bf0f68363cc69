"""From plain bytes to the body of an object file.

This module compresses; it must not know ids or where the file lies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from nws.store.frames import FRAME, SMALL, frame_count, pack_table, table_size
from nws.store.threads import Spares, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zstandard import ZstdCompressor

LEVEL = 3


class Encoder:
    """Writes bodies, and keeps its compression contexts from one to the next. Any number of threads may use it."""

    def __init__(self) -> None:
        self._contexts: Spares[ZstdCompressor] = Spares(_context)

    def write(self, handle: BinaryIO, pieces: Iterable[bytes | memoryview], size: int) -> None:
        """Write the body of an object into an empty file.

        Parameters
        ----------
        handle
            The file; it must be seekable.
        pieces
            The content, in pieces of one frame (see `split`); at most a few of them are held.
        size
            The length of the content in bytes.
        """
        if size < SMALL:
            handle.write(self._compress(b"".join(pieces)))
            return
        handle.write(bytes(table_size(frame_count(size))))
        stored = [handle.write(frame) for frame in in_order(self._compress, pieces)]
        handle.seek(0)
        handle.write(pack_table(size, stored))

    def _compress(self, data: bytes | memoryview) -> bytes:
        context = self._contexts.take()
        try:
            return context.compress(data)
        finally:
            self._contexts.give(context)


def _context() -> ZstdCompressor:
    from zstandard import ZstdCompressor

    return ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True)


def split(data: bytes | memoryview) -> Iterator[memoryview]:
    """Yield the pieces of one frame that `data` consists of, without copying."""
    view = memoryview(data)
    return (view[start : start + FRAME] for start in range(0, len(view), FRAME))
