"""The layout of a pack: frames that hold several objects each, and the table of what is where in them.

This module reads and makes tables; it must not know files, or who wants an object.

A pack is a zstd stream: frames of at most 64 MiB of content, then the table as a skippable frame. The content of the
frames is the objects one after the other, each whole in one frame. The index beside the pack is the same table, alone
in a file. All numbers are unsigned and little-endian:

=========== ===== ======================================================================
offset      bytes content
=========== ===== ======================================================================
0           4     magic of the skippable frame, 0x184D2A5E
4           4     number of bytes that follow
8           4     tag, the letters `nwsp`
12          1     version of this table, 1
13          1     filter applied to the content before compression, 0 (none)
14          2     zero
16          4     F, number of frames
20          4     N, number of objects
24          8F    for each frame: plain size, stored size
24+8F       32N   ids, ascending
24+8F+32N   12N   for each id, in that order: offset in the content of the pack (8), size (4)
24+8F+44N   4     length of the table, from the magic to the CRC
28+8F+44N   4     CRC-32 of all bytes before it; these two, in every version, are the last
=========== ===== ======================================================================
"""

from __future__ import annotations

import itertools
import struct
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from nws.ids import ObjectId
from nws.store.frames import NO_FILTER, Broken, Frame, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LARGEST = 64 << 20
VERSION = 1
RAW = 32
# What one more object adds to a table, of which there are two: at the end of the pack, and beside it.
ENTRY = 2 * (RAW + 12)
_TAG = b"nwsp"
_SKIPPABLE = 0x184D2A5E
_HEADER = struct.Struct("<II4sBBHII")
_FRAME = struct.Struct("<II")
_PLACE = struct.Struct("<QI")
_END = struct.Struct("<II")
# Holds the table of a few dozen objects.
_TAIL = 2048


class Place(NamedTuple):
    """Where one object is in the content of a pack, and its size, in bytes."""

    offset: int
    size: int


class Extent(NamedTuple):
    """Where one object is: the frame, and the part of the frame's content."""

    frame: Frame
    offset: int
    size: int

    @property
    def stored(self) -> int:
        """The object's share of the files: the shares of all objects of a frame add up to its length exactly."""
        return ENTRY + self._until(self.offset + self.size) - self._until(self.offset)

    def _until(self, offset: int) -> int:
        return self.frame.stored * offset // (self.frame.plain or 1)


class PackTable:
    """What is in a pack and where, as its table says.

    Parameters
    ----------
    data
        The bytes of the table and nothing else.

    Raises
    ------
    Broken
        If they are none.
    Unsupported
        If a later version wrote them.
    """

    def __init__(self, data: bytes) -> None:
        import zlib

        if len(data) < _HEADER.size + _END.size or data[8:12] != _TAG:
            raise Broken("it has no table of objects")
        magic, follow, _, version, filtered, _, frames, objects = _HEADER.unpack_from(data)
        length, declared = _END.unpack(data[-_END.size :])
        if (magic, follow + 8, length) != (_SKIPPABLE, len(data), len(data)):
            raise Broken("its table of objects has another length than it says")
        if zlib.crc32(data[:-4]) != declared:
            raise Broken("its table of objects does not match its checksum")
        if version != VERSION:
            raise Unsupported(f"version {version} of the table of a pack, and this nws knows version {VERSION}")
        if filtered != NO_FILTER:
            raise Unsupported(f"filter {filtered}, and this nws knows none")
        if table_size(frames, objects) != len(data):
            raise Broken("its table of objects contradicts itself")
        self.data = data
        self._count: int = objects
        self._ids_at = _HEADER.size + _FRAME.size * frames

    def __len__(self) -> int:
        """Return the number of objects."""
        return self._count

    @property
    def raw_ids(self) -> list[bytes]:
        """The ids as 32 bytes each, ascending."""
        start, end = self._ids_at, self._ids_at + RAW * self._count
        return [self.data[at : at + RAW] for at in range(start, end, RAW)]

    @property
    def content(self) -> bytes:
        """What two tables of the same objects in the same order have in common, however these were compressed."""
        return self.data[self._ids_at : -_END.size]

    @cached_property
    def frames(self) -> list[Frame]:
        """The frames of the pack."""
        found, at = [], 0
        for plain, stored in _FRAME.iter_unpack(self.data[_HEADER.size : self._ids_at]):
            if plain > LARGEST:
                raise Broken("its table of objects contradicts itself")
            found.append(Frame(at, stored, plain))
            at += stored
        return found

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *itertools.accumulate(frame.plain or 0 for frame in self.frames)]

    @property
    def size_on_disk(self) -> int:
        """Length of the pack and its index together, in bytes."""
        return self.end + 2 * len(self.data)

    @property
    def end(self) -> int:
        """Where the frames end in the file of the pack and the table begins."""
        return sum(frame.stored for frame in self.frames)

    def places(self) -> Iterator[tuple[bytes, Place]]:
        """Yield each id with its place, ascending."""
        at = self._ids_at + RAW * self._count
        return zip(self.raw_ids, itertools.starmap(Place, _PLACE.iter_unpack(self.data[at : -_END.size])), strict=True)

    def place(self, raw: bytes) -> Place:
        """Return the place of an id.

        Raises
        ------
        Broken
            If it is not listed.
        """
        import bisect

        number = bisect.bisect_left(range(self._count), raw, key=self._raw)
        if number == self._count or self._raw(number) != raw:
            raise Broken("its table of objects lacks one that it listed")
        return Place(*_PLACE.unpack_from(self.data, self._ids_at + RAW * self._count + _PLACE.size * number))

    def __contains__(self, raw: bytes) -> bool:
        """Say whether an id is listed."""
        try:
            return bool(self.place(raw))
        except Broken:
            return False

    def _raw(self, number: int) -> bytes:
        at = self._ids_at + RAW * number
        return self.data[at : at + RAW]

    def extent(self, place: Place) -> Extent:
        """Return where in which frame a place is.

        Raises
        ------
        Broken
            If that is in no frame, or in more than one.
        """
        import bisect

        offset, size = place
        number = bisect.bisect_right(self._starts, offset) - 1
        if number >= len(self.frames) or offset + size > self._starts[number + 1]:
            raise Broken("its table of objects contradicts itself")
        return Extent(self.frames[number], offset - self._starts[number], size)


def table_size(frames: int, objects: int) -> int:
    """Return the length in bytes of a table."""
    return _HEADER.size + _FRAME.size * frames + (RAW + _PLACE.size) * objects + _END.size


def make_table(frames: Sequence[tuple[int, int]], places: Mapping[ObjectId, Place]) -> bytes:
    """Return the table of a pack.

    Parameters
    ----------
    frames
        Plain and stored size of each.
    places
        That of each object.
    """
    import zlib

    length = table_size(len(frames), len(places))
    parts = [_HEADER.pack(_SKIPPABLE, length - 8, _TAG, VERSION, NO_FILTER, 0, len(frames), len(places))]
    parts += [_FRAME.pack(*frame) for frame in frames]
    ids = sorted(places)
    parts += [bytes.fromhex(oid) for oid in ids]
    parts += [_PLACE.pack(*places[oid]) for oid in ids]
    data = b"".join(parts) + struct.pack("<I", length)
    return data + struct.pack("<I", zlib.crc32(data))


def read_tail(read: Callable[[int, int], bytes], size: int) -> PackTable:
    """Return the table that a pack of `size` bytes ends with.

    Raises
    ------
    Broken
        If it does not end with one, or has other frames than the table says.
    Unsupported
        If a later version wrote it.
    """
    tail = read(max(0, size - _TAIL), _TAIL)
    if len(tail) < _END.size:
        raise Broken("its file is empty" if size == 0 else "its file ends too early")
    length, _ = _END.unpack(tail[-_END.size :])
    if length > size:
        raise Broken("it does not end with a table of objects")
    if length > len(tail):
        tail = read(size - length, length)
    table = PackTable(tail[-length:])
    if table.end + length != size:
        raise Broken(f"its file has {size} bytes where {table.end + length} belong")
    return table


def in_order(table: PackTable) -> Iterator[tuple[Frame, list[tuple[ObjectId, int, int]]]]:
    """Yield each frame with its objects as they lie in it: id, offset in the frame, size."""
    held: dict[int, list[tuple[ObjectId, int, int]]] = {frame.start: [] for frame in table.frames}
    for raw, place in sorted(table.places(), key=lambda item: item[1]):
        extent = table.extent(place)
        held[extent.frame.start].append((ObjectId(raw.hex()), extent.offset, extent.size))
    for frame in table.frames:
        yield frame, held[frame.start]
