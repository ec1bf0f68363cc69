"""The bytes of a zip file as nws writes it, so that the same members give the same bytes on every day and machine.

Plain deflate, members in the order of their names, 1980-01-01 for a date, one set of attributes, and no extra field
but that of zip64 where sizes need it. Writing and checking take the headers from here. This room must not know what
the members mean.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from nws.store.hashing import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3.7, 4.3.12, 4.3.14, 4.3.15 and 4.3.16.
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END_WIDE = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
# Below 4 GiB by more than deflate can add to bytes that do not shrink.
_WIDE_FROM = 0xF000_0000
_MANY = _FULL_COUNT = 0xFFFF
_FULL = 0xFFFF_FFFF
_PLAIN_VERSION, _WIDE_VERSION = 20, 45
_MADE_BY = 3 << 8 | _WIDE_VERSION
_UTF_8 = 1 << 11
_DEFLATED = 8
_MIDNIGHT, _FIRST_DAY = 0, 1 << 5 | 1
_ATTRIBUTES = 0o100644 << 16
_LEVEL = 6


class Broken(Exception):
    """Bytes of a member that are not what was written."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One member: its name, its plain size, CRC-32 and stored size, and where its header begins."""

    name: str
    size: int
    crc: int = 0
    stored: int = 0
    offset: int = 0


def write(target: BinaryIO, members: Iterable[tuple[str, int, Iterable[bytes | memoryview]]]) -> None:
    """Write a zip file in bounded memory.

    Parameters
    ----------
    target
        An empty file that can go back, open for writing.
    members
        Name, size and content in pieces of each member; written in the order of names, whatever order they come in.
    """
    entries = [_add(target, *member) for member in sorted(members, key=lambda member: member[0])]
    target.write(directory(entries, target.tell()))


def _add(target: BinaryIO, name: str, size: int, pieces: Iterable[bytes | memoryview]) -> Entry:
    start = target.tell()
    # What is not known before the content has gone by is filled in afterwards; the length stays.
    target.write(local(Entry(name=name, size=size)))
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc = stored = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
        stored += target.write(packer.compress(piece))
    stored += target.write(packer.flush())
    entry = Entry(name=name, size=size, crc=crc, stored=stored, offset=start)
    end = target.tell()
    target.seek(start)
    target.write(local(entry))
    target.seek(end)
    return entry


def longest(size: int) -> int:
    """Return a number of bytes that deflate never passes when it packs so many (it adds 5 to every 16 kB at worst)."""
    return size + size // 64 + 1024


def local(entry: Entry) -> bytes:
    """Return the header in front of a member."""
    name = entry.name.encode()
    wide = entry.size >= _WIDE_FROM
    extra = struct.pack("<2H2Q", 1, 16, entry.size, entry.stored) if wide else b""
    sizes = (_FULL, _FULL) if wide else (entry.stored, entry.size)
    version = _WIDE_VERSION if wide else _PLAIN_VERSION
    head = (version, _UTF_8, _DEFLATED, _MIDNIGHT, _FIRST_DAY, entry.crc, *sizes, len(name), len(extra))
    return _LOCAL.pack(b"PK\3\4", *head) + name + extra


def directory(entries: Sequence[Entry], start: int) -> bytes:
    """Return the list of members that stands at the end of the file, from byte `start` on."""
    listed = b"".join(map(_listed, entries))
    count, size = len(entries), len(listed)
    wide = start + size >= _WIDE_FROM or count >= _MANY
    if not wide:
        return listed + _END.pack(b"PK\5\6", 0, 0, count, count, size, start, 0)
    end = _END_WIDE.pack(b"PK\6\6", 44, _MADE_BY, _WIDE_VERSION, 0, 0, count, count, size, start)
    locator = _LOCATOR.pack(b"PK\6\7", 0, start + size, 1)
    return listed + end + locator + _END.pack(b"PK\5\6", 0, 0, _FULL_COUNT, _FULL_COUNT, _FULL, _FULL, 0)


def _listed(entry: Entry) -> bytes:
    name = entry.name.encode()
    wide = entry.size >= _WIDE_FROM or entry.offset >= _WIDE_FROM
    extra = struct.pack("<2H3Q", 1, 24, entry.size, entry.stored, entry.offset) if wide else b""
    sizes = (_FULL, _FULL) if wide else (entry.stored, entry.size)
    version = _WIDE_VERSION if wide else _PLAIN_VERSION
    head = (_MADE_BY, version, _UTF_8, _DEFLATED, _MIDNIGHT, _FIRST_DAY, entry.crc, *sizes, len(name), len(extra))
    rest = (0, 0, 0, _ATTRIBUTES, _FULL if wide else entry.offset)
    return _CENTRAL.pack(b"PK\1\2", *head, *rest) + name + extra


def content(source: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """Yield the content of a member in pieces, unpacked no further than its declared size.

    Raises
    ------
    Broken
        If the bytes are no deflate stream, or not the only one, or of another size or CRC.
    """
    crc = size = 0
    for piece in _unpacked(_packed(source, entry)):
        size, crc = size + len(piece), zlib.crc32(piece, crc)
        if size > entry.size:
            raise Broken(f"unpacks to more than the {entry.size} bytes that it declares")
        yield piece
    if size != entry.size:
        raise Broken("ends too early")
    if crc != entry.crc:
        raise Broken("does not have its CRC-32")


def _unpacked(packed: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    for part in packed:
        rest, piece = part, b"?"
        # All of a part may be taken in while some of what it gives is still held back.
        while not unpacker.eof and (rest or piece):
            try:
                piece = unpacker.decompress(rest, PIECE)
            except zlib.error as err:
                raise Broken("cannot be unpacked") from err
            rest = unpacker.unconsumed_tail
            yield piece
        if unpacker.eof and (rest or unpacker.unused_data):
            raise Broken("holds bytes after its end")
    if not unpacker.eof:
        raise Broken("ends too early")


def _packed(source: BinaryIO, entry: Entry) -> Iterator[bytes]:
    # By the header that is there, whatever made it: what differs in it is told by itself.
    if not 0 <= entry.offset <= source.seek(0, 2) - _LOCAL.size:
        raise Broken("is not where it should be")
    source.seek(entry.offset)
    head = source.read(_LOCAL.size)
    source.seek(sum(_LOCAL.unpack(head)[-2:]), 1)
    left = entry.stored
    while left:
        packed = source.read(min(left, PIECE))
        if not packed:
            raise Broken("ends too early")
        left -= len(packed)
        yield packed
