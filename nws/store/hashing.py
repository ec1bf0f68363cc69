"""The id of bytes, files and streams, on several threads where that pays.

This module reads; it must not know where objects lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from nws.ids import ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from blake3 import blake3

PIECE = 1 << 20
# Below this size starting threads costs more than they save (measured).
_THREADS_FROM = 512 << 10


def hash_bytes(data: bytes | memoryview) -> ObjectId:
    """Return the id of `data`."""
    from blake3 import blake3

    several = len(data) >= _THREADS_FROM
    return ObjectId(blake3(data, max_threads=blake3.AUTO if several else 1).hexdigest())


def hash_stream(source: BinaryIO) -> ObjectId:
    """Return the id of what is left in `source`, in bounded memory."""
    hasher = Hasher()
    for piece in pieces(source):
        hasher.update(piece)
    return hasher.id()


def hash_file(path: Path) -> ObjectId:
    """Return the id of the content of a file, in bounded memory."""
    with open(path, "rb", buffering=0) as source:
        return hash_stream(source)


class Hasher:
    """The id of content that comes in pieces.

    Parameters
    ----------
    alone
        Whether the other cores are idle, so that large pieces may be hashed on several threads.
    """

    def __init__(self, *, alone: bool = True) -> None:
        from blake3 import blake3

        self._new = blake3
        self._alone = alone
        self._state: blake3 | None = None
        self.size = 0

    def update(self, piece: bytes | memoryview) -> None:
        """Take the next piece in."""
        if self._state is None:
            several = self._alone and len(piece) >= _THREADS_FROM
            self._state = self._new(max_threads=self._new.AUTO if several else 1)
        self._state.update(piece)
        self.size += len(piece)

    def id(self) -> ObjectId:
        """Return the id of all pieces so far."""
        return ObjectId((self._state or self._new()).hexdigest())


def pieces(source: BinaryIO, length: int = PIECE) -> Iterator[bytes]:
    """Yield what is left in `source`: `length` bytes at a time, the last piece shorter and none empty."""
    while piece := fill(source, length):
        yield piece


def fill(source: BinaryIO, length: int) -> bytes:
    """Return the next `length` bytes of `source`, fewer only at its end (a pipe gives less than it is asked for)."""
    first = source.read(length)
    if not first or len(first) == length:
        return first
    rest = source.read(length - len(first))
    if not rest:
        return first
    parts = bytearray(first)
    while rest:
        parts += rest
        rest = source.read(min(length - len(parts), PIECE))
    return bytes(parts)
