"""Checking a copy against its manifest: every member, every byte, and nothing beside them.

Whoever made the file, it is only read, in bounded memory, and nothing is unpacked to disk. This room must not know
where copies stand.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from nws.errors import Damaged
from nws.records import Manifest, decode
from nws.shelf import zips
from nws.shelf.manifests import MANIFEST_FILE, beside, open_sealed
from nws.store.hashing import Hasher, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from nws.records import JsonMap

# A manifest has some 150 bytes a member, and the list at the end of a zip file less: room for 100,000 members.
_LARGEST_LIST = 16 << 20
_SHOWN = 80
_TOO_DEEP = "no manifest: nested too deeply"
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a check found: problems, none if all is well, and the bytes of the manifest where it could be read."""

    problems: tuple[str, ...] = ()
    manifest: bytes | None = None


class _Source(io.BufferedReader):
    """A file that reads no list into memory that is too long to be one of ours."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGEST_LIST:
            raise zipfile.BadZipFile
        return super().read(size)


def check_zip(path: Path, kind: str | None = None) -> Found:
    """Check a zip file that `zips.write` wrote.

    Parameters
    ----------
    path
        The file.
    kind
        What its manifest has to say it is; anything if not given.

    Raises
    ------
    NewerFormat
        If a later version wrote its manifest.
    """
    if problem := _problem_of(path, "is missing"):
        return Found(problems=(problem,))
    with _Source(io.FileIO(path)) as source:
        try:
            with zipfile.ZipFile(source) as archive:
                members = archive.infolist()
        # What zipfile raises where the bytes are no zip file.
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OverflowError, struct.error):
            return Found(problems=("is no zip file, or its end is missing",))
        if problems := _unsafe(members):
            return Found(problems=tuple(problems))
        return _check_members(source, sorted(map(_entry, members), key=lambda entry: entry.offset), kind)


def _problem_of(path: Path, absent: str) -> str:
    """Return what is wrong with a path that is not a plain file; links and pipes are not opened."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return absent
    if stat.S_ISLNK(mode):
        return f"{path.name} is a link; a copy is a file of its own"
    return "" if stat.S_ISREG(mode) else f"{path.name} is not a file"


def _unsafe(members: Iterable[zipfile.ZipInfo]) -> list[str]:
    """Return what is wrong with the names of members; a name that leads elsewhere is told, and not followed."""
    problems, seen = [], set()
    for member in members:
        name = member.orig_filename
        mode = member.external_attr >> 16
        if name.startswith(("/", "\\")) or _DRIVE.match(name):
            problems.append(f"{_quoted(name)} is an absolute path")
        elif ".." in name.replace("\\", "/").split("/"):
            problems.append(f"{_quoted(name)} leads out of the copy")
        elif stat.S_ISLNK(mode):
            problems.append(f"{_quoted(name)} is a link")
        elif not name or name.endswith("/") or "\\" in name or "\0" in name:
            problems.append(f"{_quoted(name)} is not the name of a file")
        if name in seen:
            problems.append(f"{_quoted(name)} is there twice")
        seen.add(name)
    return problems


def _quoted(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "…")


def _entry(member: zipfile.ZipInfo) -> zips.Entry:
    return zips.Entry(
        name=member.orig_filename,
        size=member.file_size,
        crc=member.CRC,
        stored=member.compress_size,
        offset=member.header_offset,
    )


def _check_members(source: BinaryIO, entries: list[zips.Entry], kind: str | None) -> Found:
    problems = list(_layout_problems(source, entries))
    held = {entry.name: entry for entry in entries}
    listed = held.pop(MANIFEST_FILE, None)
    if listed is None or listed.size > _LARGEST_LIST:
        return Found(problems=(f"has no {MANIFEST_FILE}", *problems))
    try:
        data = b"".join(zips.content(source, listed))
        manifest = decode(Manifest, data, where=MANIFEST_FILE)
    except zips.Broken as err:
        return Found(problems=(f"{MANIFEST_FILE} {err}", *problems))
    except Damaged as err:
        return Found(problems=(err.message, *problems))
    except RecursionError:
        return Found(problems=(f"{MANIFEST_FILE}: {_TOO_DEEP}", *problems))
    problems += _kind_problems(manifest, kind)
    problems += _list_problems(manifest.members, held)
    for name in sorted(held.keys() & manifest.members.keys()):
        problems += _member_problems(name, zips.content(source, held[name]), manifest.members[name], held[name].size)
    return Found(problems=tuple(problems), manifest=data)


def _layout_problems(source: BinaryIO, entries: list[zips.Entry]) -> Iterator[str]:
    """Yield where the bytes outside of the members' content differ from those that nws writes."""
    place, size = 0, source.seek(0, 2)
    for entry in entries:
        if entry.stored > min(size - place, zips.longest(entry.size)):
            yield f"{_quoted(entry.name)} is longer than it can be"
            return
        head = zips.local(entry)
        if entry.offset != place or _bytes_at(source, place, len(head)) != head:
            yield f"{_quoted(entry.name)} does not have the header that nws writes"
            return
        place += len(head) + entry.stored
    end = zips.directory(entries, place)
    if _bytes_at(source, place, len(end) + 1) != end:
        yield "the list of members at its end is not the one that nws writes"


def _bytes_at(source: BinaryIO, place: int, size: int) -> bytes:
    source.seek(place)
    return source.read(size)


def _kind_problems(manifest: Manifest, kind: str | None) -> Iterator[str]:
    if kind is not None and manifest.kind != kind:
        yield f"its manifest says {_quoted(manifest.kind)}, and it stands among {kind}"


def _list_problems(told: Mapping[str, object], held: Iterable[str]) -> Iterator[str]:
    for name in sorted(told.keys() - set(held)):
        yield f"{_quoted(name)} is missing"
    for name in sorted(set(held) - told.keys()):
        yield f"{_quoted(name)} is not in its manifest"


def _member_problems(name: str, content: Iterable[bytes], told: JsonMap, size: int) -> Iterator[str]:
    if size != told.get("size_bytes"):
        yield f"{_quoted(name)} has {size} bytes, not {told.get('size_bytes')}"
        return
    hasher = Hasher()
    try:
        for piece in content:
            hasher.update(piece)
    except zips.Broken as err:
        yield f"{_quoted(name)} {err}"
        return
    if hasher.id() != told.get("blake3"):
        yield f"{_quoted(name)} does not have its BLAKE3"


def check_table(path: Path, kind: str | None = None) -> Found:
    """Check a CSV file against the manifest beside it.

    Parameters
    ----------
    path
        The CSV file; it need not be there.
    kind
        What its manifest has to say it is; anything if not given.

    Raises
    ------
    NewerFormat
        If a later version wrote its manifest.
    """
    alone = beside(path)
    if problem := _problem_of(path, "is missing") or _problem_of(alone, f"has no manifest {alone.name} beside it"):
        return Found(problems=(problem,))
    data = alone.read_bytes()
    try:
        manifest = open_sealed(data, where=alone.name)
    except Damaged as err:
        return Found(problems=(err.message,))
    except RecursionError:
        return Found(problems=(f"{alone.name}: {_TOO_DEEP}",))
    problems = [*_kind_problems(manifest, kind), *_list_problems(manifest.members, {path.name})]
    if path.name in manifest.members:
        with open(path, "rb") as source:
            size = os.fstat(source.fileno()).st_size
            problems += _member_problems(path.name, pieces(source), manifest.members[path.name], size)
    return Found(problems=tuple(problems), manifest=data)
