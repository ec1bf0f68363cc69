"""Zip files through `zipfile` of the standard library: written with the same bytes every time, and read with care.

Nothing of the day and the machine gets into a file. A file that is read may come from anywhere: it takes no more
memory than one of ours, and whatever is wrong with it is `Broken`. This room must not know what the members mean.
"""

from __future__ import annotations

import contextlib
import copy
import io
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from nws.store.hashing import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# A manifest has some 150 bytes a member, and the list at the end of a zip file less: room for 100,000 members.
LARGEST_LIST = 16 << 20
_ATTRIBUTES = (stat.S_IFREG | 0o644) << 16
_UNIX = 3
_END, _END_SIZE = b"PK\5\6", 22
_SHOWN = 120
# Spectra, tables and fitted steps come to some 20 times their packed size at most; deflate could say 1,032 times.
_ROOM, _DENSEST = 256 << 20, 200
# What zipfile raises where bytes are not what they should be.
_RAISED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError, RuntimeError, ValueError)


class Broken(Exception):
    """Bytes that are no zip file, or not the content of a member."""


class Bomb(Broken):
    """A list of members that is made to take more memory or disk than anything that nws packs."""


class _TooLong(zipfile.BadZipFile):
    pass


def write(target: BinaryIO, members: Iterable[tuple[str, int, Iterable[bytes | memoryview]]]) -> None:
    """Write a zip file in bounded memory.

    Parameters
    ----------
    target
        An empty file that can go back, open for writing.
    members
        Name, size and content in pieces of each member; written in the order of names, whatever order they come in.
    """
    with zipfile.ZipFile(target, "w") as archive:
        for name, size, content in sorted(members, key=lambda member: member[0]):
            with archive.open(_described(name, size), "w") as member:
                member.writelines(content)


def _described(name: str, size: int = 0) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.create_system = _UNIX
    member.external_attr = _ATTRIBUTES
    # At level 6, which zlib takes by itself: before Python 3.13 there is no public place to name one.
    member.compress_type = zipfile.ZIP_DEFLATED
    # Told in advance, so that only a member that needs it gets the wide fields of zip64.
    member.file_size = size
    return member


def is_ours(member: zipfile.ZipInfo) -> bool:
    """Say whether a member is described as `write` describes it, but for what is measured or zipfile's own."""
    ours = _described(member.orig_filename)
    fields = ("filename", "date_time", "create_system", "external_attr", "compress_type")
    return all(getattr(member, field) == getattr(ours, field) for field in fields)


class _Source(io.BufferedReader):
    """A file that reads no list into memory that is too long to be one of ours."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > LARGEST_LIST:
            raise _TooLong
        return super().read(size)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip file, whoever made it, and read the list of its members.

    Raises
    ------
    Broken
        If it is none, or its members do not lie in it side by side from its first byte to the list at its end.
    Bomb
        If its list of members is too long, or declares far more than the file can hold of anything but zeros.
    """
    with _Source(io.FileIO(path)) as source:
        try:
            archive = zipfile.ZipFile(source)
        except _TooLong as err:
            raise Bomb(f"has a list of members of more than {LARGEST_LIST >> 20} MB") from err
        except _RAISED as err:
            raise Broken("is no zip file, or its end is missing") from err
        source.seek(-_END_SIZE, io.SEEK_END)
        end = source.read()
        if not (end.startswith(_END) and end.endswith(bytes(2))):
            raise Broken("does not end with its list of members")
        places = sorted(member.header_offset for member in archive.infolist())
        stored = sum(member.compress_size for member in archive.infolist())
        if places and (places[0] != 0 or max(places[-1], stored) >= archive.start_dir):
            raise Broken("has members that overlap, or are not where they should be")
        declared, held = sum(member.file_size for member in archive.infolist()), source.seek(0, io.SEEK_END)
        if declared > max(_ROOM, _DENSEST * held):
            raise Bomb(f"declares {declared:,} bytes in a file of {held:,}: more than what nws packs ever comes to")
        with archive:
            yield archive


def content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of a member in pieces, unpacked no further than one byte beyond its declared size.

    Raises
    ------
    Broken
        If it cannot be unpacked, or does not have its CRC-32 or its declared size.
    """
    # zipfile passes over what is longer than declared; with room for one byte more, that byte spoils the CRC-32.
    roomy = copy.copy(member)
    roomy.file_size += 1
    size = 0
    try:
        with archive.open(roomy) as source:
            while piece := source.read(PIECE):
                size += len(piece)
                yield piece
    except _RAISED as err:
        raise Broken(f"cannot be unpacked: {str(err)[:_SHOWN] or 'it ends too early'}") from err
    if size != member.file_size:
        raise Broken(f"does not have the {member.file_size} bytes that it declares")
