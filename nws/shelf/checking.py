"""Checking a copy against its manifest: every member, every byte of it, and nothing beside them.

Whoever made the file, it is only read, in bounded memory, and nothing is unpacked to disk. This room must not know
where copies stand.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nws.errors import Damaged
from nws.records import Manifest, decode
from nws.shelf import names, zips
from nws.shelf.manifests import MANIFEST_FILE, beside, open_sealed
from nws.shelf.names import quoted
from nws.store.hashing import Hasher, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zipfile import ZipFile, ZipInfo

    from nws.records import JsonMap

    # Size and content of a member; None where there is a link, or something else that is no file.
    Plain = tuple[int, Iterable[bytes]] | None

_TOO_DEEP = "no manifest: nested too deeply"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a check found: problems, none if all is well, and the bytes of the manifest where it could be read."""

    problems: tuple[str, ...] = ()
    manifest: bytes | None = None


def check_zip(path: Path, kind: str | None = None) -> Found:
    """Check a zip file that holds its manifest.

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
    try:
        with zips.opened(path) as archive:
            problems = unsafe(archive.infolist()) or _foreign(archive.infolist())
            return Found(problems=tuple(problems)) if problems else _check_members(archive, kind)
    except zips.Broken as err:
        return Found(problems=(str(err),))


def _problem_of(path: Path, absent: str) -> str:
    """Return what is wrong with a path that is not a plain file; links and pipes are not opened."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return absent
    if stat.S_ISLNK(mode):
        return f"{path.name} is a link; a copy is a file of its own"
    return "" if stat.S_ISREG(mode) else f"{path.name} is not a file"


def unsafe(members: Iterable[ZipInfo]) -> list[str]:
    """Return what is wrong with the members of a zip file, whoever packed it: names that lead elsewhere, and links."""
    members = list(members)
    links = [f"{quoted(one.orig_filename)} is a link" for one in members if stat.S_ISLNK(one.external_attr >> 16)]
    return [*names.problems(member.orig_filename for member in members), *links]


def _foreign(members: Iterable[ZipInfo]) -> list[str]:
    """Return the members that nws did not pack; such a copy may be read, but is not what was put on a shelf."""
    return [f"{quoted(one.orig_filename)} is not packed as nws packs it" for one in members if not zips.is_ours(one)]


def _check_members(archive: ZipFile, kind: str | None) -> Found:
    held = {member.orig_filename: member for member in archive.infolist()}
    listed = held.pop(MANIFEST_FILE, None)
    if listed is None or listed.file_size > zips.LARGEST_LIST:
        return Found(problems=(f"has no {MANIFEST_FILE}",))
    try:
        data = b"".join(zips.content(archive, listed))
    except zips.Broken as err:
        return Found(problems=(f"{MANIFEST_FILE} {err}",))
    found = {name: (member.file_size, zips.content(archive, member)) for name, member in held.items()}
    return _check_against(data, kind, found)


def check_folder(path: Path, kind: str | None = None) -> Found:
    """Check a folder that holds its manifest, as `check_zip`; other files may lie in it, since it is for people."""
    if path.is_symlink():
        return Found(problems=(f"{path.name} is a link; a copy is a folder of its own",))
    held = dict(_files(path))
    listed = held.pop(MANIFEST_FILE, None)
    if listed is None or listed[0] > zips.LARGEST_LIST:
        return Found(problems=(f"has no {MANIFEST_FILE}",))
    return _check_against(b"".join(listed[1]), kind, held, others=True)


def _files(root: Path) -> Iterator[tuple[str, Plain]]:
    """Yield the names of all files of a folder, with size and content; None for a link, which is not followed."""
    for folder, _, files in os.walk(root):
        for name in files:
            path = Path(folder, name)
            told = path.lstat()
            plain = (told.st_size, _content(path)) if stat.S_ISREG(told.st_mode) else None
            yield path.relative_to(root).as_posix(), plain


def _content(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as source:
        yield from map(bytes, pieces(source))


def _check_against(data: bytes, kind: str | None, held: Mapping[str, Plain], *, others: bool = False) -> Found:
    """Check members against the bytes of a manifest.

    `others` says whether there may be members that are not in it.
    """
    try:
        manifest = decode(Manifest, data, where=MANIFEST_FILE)
    except Damaged as err:
        return Found(problems=(err.message,))
    except RecursionError:
        return Found(problems=(f"{MANIFEST_FILE}: {_TOO_DEEP}",))
    listed = held.keys() & manifest.members.keys()
    problems = [*_kind_problems(manifest, kind), *_list_problems(manifest.members, listed if others else held)]
    for name in sorted(listed):
        problems += _member_problems(name, held[name], manifest.members[name])
    return Found(problems=tuple(problems), manifest=data)


def _kind_problems(manifest: Manifest, kind: str | None) -> Iterator[str]:
    if kind is not None and manifest.kind != kind:
        yield f"its manifest says {quoted(manifest.kind)}, and it stands among {kind}"


def _list_problems(told: Mapping[str, object], held: Iterable[str]) -> Iterator[str]:
    for name in sorted(told.keys() - set(held)):
        yield f"{quoted(name)} is missing"
    for name in sorted(set(held) - told.keys()):
        yield f"{quoted(name)} is not in its manifest"


def _member_problems(name: str, plain: Plain, told: JsonMap) -> Iterator[str]:
    if plain is None:
        yield f"{quoted(name)} is a link, or no file"
        return
    size, content = plain
    if size != told.get("size_bytes"):
        yield f"{quoted(name)} has {size} bytes, not {told.get('size_bytes')}"
        return
    hasher = Hasher()
    try:
        for piece in content:
            hasher.update(piece)
    except zips.Broken as err:
        yield f"{quoted(name)} {err}"
        return
    if hasher.id() != told.get("blake3"):
        yield f"{quoted(name)} does not have its BLAKE3"


def check_table(path: Path, kind: str | None = None) -> Found:
    """Check a CSV file, which need not be there, against the manifest beside it; as `check_zip`."""
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
        problems += _member_problems(path.name, (path.stat().st_size, _content(path)), manifest.members[path.name])
    return Found(problems=tuple(problems), manifest=data)
