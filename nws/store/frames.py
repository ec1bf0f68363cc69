"""The layout of an object file: a standard zstd stream, with a table of its frames in front when it is large.

This module reads and makes headers; it must not know files, ids or compression.

A body of 1 MiB or more begins with a skippable frame, which every zstd reader passes over. All numbers are unsigned
and little-endian:

====== ===== ==========================================================================
offset bytes content
====== ===== ==========================================================================
0      4     magic of the skippable frame, 0x184D2A5E
4      4     number of bytes that follow: 24 + 4n for n frames
8      4     tag, the letters `nwso`
12     1     version of this table, 1
13     1     filter applied to the content before compression, 0 (none)
14     2     zero
16     8     plain size of the object
24     4     plain size of every frame but the last, 4 MiB
28     4n    stored size of each frame
28+4n  4     CRC-32 of all bytes before it, in every version the last of the skippable frame
====== ===== ==========================================================================
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Read = Callable[[int, int], bytes]

SMALL = 1 << 20
FRAME = 4 << 20
LARGEST_FRAME = 16 << 20
VERSION = 1
NO_FILTER = 0
_TAG = b"nwso"
_HEADER = struct.Struct("<II4sBBHQI")
_CRC = struct.Struct("<I")
_SKIPPABLE = 0x184D2A5E
_ZSTD = 0xFD2FB528
_LONGEST_FRAME_HEADER = 18
_RESERVED_BLOCK = 3
_RLE_BLOCK = 1


class Broken(Exception):
    """The bytes are no body of an object; says why."""


class Unsupported(Exception):
    """The table is of a kind that this version does not know; says which."""


class Frame(NamedTuple):
    """One zstd frame: where it begins, its length in the file, and the length of its content if that is declared."""

    start: int
    stored: int
    plain: int | None


class Table(NamedTuple):
    """What the table in front of a large body says."""

    plain: int
    frame: int
    frames: Sequence[Frame]


def frame_count(plain: int, frame: int = FRAME) -> int:
    """Return how many frames of `frame` bytes hold `plain` bytes."""
    return -(-plain // frame)


def table_size(count: int) -> int:
    """Return the length in bytes of the table of `count` frames."""
    return _HEADER.size + 4 * count + _CRC.size


def pack_table(plain: int, stored: Sequence[int]) -> bytes:
    """Return the table for a body of `plain` bytes whose frames take `stored` bytes each."""
    import zlib

    length = table_size(len(stored)) - 8
    head = _HEADER.pack(_SKIPPABLE, length, _TAG, VERSION, NO_FILTER, 0, plain, FRAME)
    head += struct.pack(f"<{len(stored)}I", *stored)
    return head + _CRC.pack(zlib.crc32(head))


def read_table(read: Read, size: int) -> Table | None:
    """Return the table that a file of `size` bytes begins with, or None if it is any other zstd stream.

    Parameters
    ----------
    read
        Returns the bytes at an offset, fewer at the end of the file.
    size
        Length of the file.

    Raises
    ------
    Broken
        If the table does not fit its checksum or the file.
    Unsupported
        If a later version wrote it.
    """
    head = read(0, _HEADER.size)
    if head[8:12] != _TAG or len(head) < _HEADER.size:
        return None
    magic, length, _, version, filtered, _, plain, frame = _HEADER.unpack(head)
    if not table_size(0) <= length + 8 <= size:
        raise Broken("its table of frames is longer than the file")
    whole = read(0, length + 8)
    _check_sum(whole, magic)
    if version != VERSION:
        raise Unsupported(f"version {version} of the table of frames, and this nws knows version {VERSION}")
    if filtered != NO_FILTER:
        raise Unsupported(f"filter {filtered}, and this nws knows none")
    count = (len(whole) - table_size(0)) // 4
    if not 0 < frame <= LARGEST_FRAME or count != frame_count(plain, frame) or len(whole) != table_size(count):
        raise Broken("its table of frames contradicts itself")
    return Table(plain, frame, _frames(whole, size, plain, frame))


def _check_sum(whole: bytes, magic: int) -> None:
    import zlib

    (declared,) = _CRC.unpack(whole[-_CRC.size :])
    if magic != _SKIPPABLE or zlib.crc32(whole[: -_CRC.size]) != declared:
        raise Broken("its table of frames does not match its checksum")


def _frames(whole: bytes, size: int, plain: int, frame: int) -> list[Frame]:
    frames = []
    at, left = len(whole), plain
    for (stored,) in struct.iter_unpack("<I", whole[_HEADER.size : -_CRC.size]):
        frames.append(Frame(at, stored, min(frame, left)))
        at, left = at + stored, left - frame
    if at != size:
        raise Broken(_ends(at, size))
    return frames


def walk(read: Read, size: int) -> Iterator[Frame]:
    """Yield the zstd frames of a stream of `size` bytes, without decompressing anything (RFC 8878, section 3.1).

    Raises
    ------
    Broken
        If the stream is not made of whole frames from its first byte to its last.
    """
    at, found = 0, False
    while at < size:
        magic = int.from_bytes(_exactly(read, at, 4), "little")
        if magic & ~0xF == _SKIPPABLE & ~0xF:
            at += 8 + int.from_bytes(_exactly(read, at + 4, 4), "little")
            continue
        frame = frame_at(read, at)
        at, found = at + frame.stored, True
        if at <= size:
            yield frame
    if at != size or not found:
        raise Broken(_ends(at, size))


def total(read: Read, size: int) -> int | None:
    """Return how long the content of a stream of `size` bytes is, or None if one of its frames does not say.

    Raises
    ------
    Broken
        If the stream is not made of whole frames from its first byte to its last.
    """
    if int.from_bytes(read(0, 4), "little") == _ZSTD and (only := frame_at(read, 0)).stored == size:
        return only.plain
    plain: int | None = 0
    for frame in walk(read, size):
        plain = None if plain is None or frame.plain is None else plain + frame.plain
    return plain


def _ends(at: int, size: int) -> str:
    if size == 0:
        return "its file is empty"
    return f"its file has {size} bytes where {at} belong" if at != size else "its file holds no content"


def frame_at(read: Read, start: int) -> Frame:
    """Return the extent of the zstd frame at `start`, from its header and those of its blocks.

    Raises
    ------
    Broken
        If there is none.
    """
    head = read(start, _LONGEST_FRAME_HEADER)
    if len(head) < 6 or int.from_bytes(head[:4], "little") != _ZSTD or head[4] & 0x08:
        raise Broken("its file is not a zstd stream")
    flags = head[4]
    single = flags >> 5 & 1
    width = (single, 2, 4, 8)[flags >> 6]
    after = 5 + (1 - single) + (0, 1, 2, 4)[flags & 3]
    plain = int.from_bytes(head[after : after + width], "little") + (256 if width == 2 else 0) if width else None
    end = _after_blocks(read, start + after + width) + (4 if flags & 0x04 else 0)
    return Frame(start, end - start, plain)


def _after_blocks(read: Read, at: int) -> int:
    last = 0
    while not last:
        block = int.from_bytes(_exactly(read, at, 3), "little")
        last, kind, length = block & 1, block >> 1 & 3, block >> 3
        if kind == _RESERVED_BLOCK:
            raise Broken("its file is not a zstd stream")
        at += 3 + (1 if kind == _RLE_BLOCK else length)
    return at


def _exactly(read: Read, at: int, length: int) -> bytes:
    data = read(at, length)
    if len(data) != length:
        raise Broken("its file ends too early")
    return data
