"""A copy opened for use, wherever it stands: its record, and the objects that it holds, each checked against its id.

Nothing is unpacked to disk, and no more is read of a member than its manifest declares. This room must not know what
a record is used for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from nws.errors import BadInput, Damaged, UnknownName, UsageError
from nws.ids import ObjectId
from nws.pipeline.view import RECORD_FILE
from nws.records import Manifest, PipelineRecord, decode
from nws.shelf import zips
from nws.shelf.manifests import MANIFEST_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ZIP = b"PK"
_HINT = "a copy is a folder that `nws export` wrote, or a zip file that `nws catalog archive` wrote"


class _Members(Protocol):
    """Where the members of a copy are read from."""

    def read(self, name: str, limit: int) -> bytes | None:
        """Return a member; None if there is none of that name.

        Raises
        ------
        Damaged
            If it is longer than `limit` bytes, or cannot be read.
        """

    def paths(self) -> list[Path]:
        """Return the files that the copy is made of."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A copy of one pipeline.

    `names` has the members by the id of their bytes, and `sizes` how many bytes each declares.
    """

    path: Path
    kind: str
    record_id: ObjectId
    record: PipelineRecord
    names: Mapping[ObjectId, str]
    sizes: Mapping[str, int]
    members: _Members

    def get(self, oid: ObjectId, /) -> bytes:
        """Return an object, its id checked.

        Raises
        ------
        UnknownName
            If the copy does not hold it.
        Damaged
            If its bytes do not match its id.
        """
        if oid not in self.names:
            raise UnknownName(f"{self.path} does not hold the object {oid.short}")
        return _checked(self.members, self.names[oid], self.sizes[self.names[oid]], oid, self.path)

    def paths(self) -> list[Path]:
        """Return the files and folders that the copy is made of."""
        return self.members.paths()


def is_copy(path: Path) -> bool:
    """Say whether there is a file or a folder at `path` that can only be meant as a copy."""
    return path.is_file() or (path / MANIFEST_FILE).is_file()


def open_copy(path: Path) -> Opened:
    """Open a folder or a zip file.

    Raises
    ------
    UnknownName
        If there is nothing at `path`.
    BadInput
        If it is no copy, or a copy of something without a record.
    Damaged
        If its parts do not match.
    NewerFormat
        If a later version wrote it.
    """
    if not path.exists():
        raise UnknownName(f"no file or folder {path}", hint=_HINT)
    members: _Members = _Folder(path) if path.is_dir() else _Zip(path)
    data = members.read(MANIFEST_FILE, zips.LARGEST_LIST)
    if data is None:
        raise BadInput(f"{path} has no {MANIFEST_FILE}", hint=_HINT)
    try:
        manifest = decode(Manifest, data, where=f"{path}: {MANIFEST_FILE}")
    except RecursionError as err:
        raise Damaged(f"{path}: {MANIFEST_FILE} is nested too deeply") from err
    if RECORD_FILE not in manifest.members:
        raise BadInput(f"{path} is of kind {manifest.kind!r} and holds no pipeline", hint=_HINT)
    names, sizes = _listed(manifest, path)
    record_id = next(oid for oid, name in names.items() if name == RECORD_FILE)
    if manifest.source.get("record") != record_id:
        raise Damaged(f"{path}: its record is not the one that it was made from")
    record = decode(
        PipelineRecord,
        _checked(members, RECORD_FILE, sizes[RECORD_FILE], record_id, path),
        where=f"{path}: {RECORD_FILE}",
    )
    return Opened(
        path=path, kind=manifest.kind, record_id=record_id, record=record, names=names, sizes=sizes, members=members
    )


def _listed(manifest: Manifest, path: Path) -> tuple[dict[ObjectId, str], dict[str, int]]:
    names: dict[ObjectId, str] = {}
    sizes: dict[str, int] = {}
    for name, told in manifest.members.items():
        if name.startswith("/") or not {"", ".", ".."}.isdisjoint(name.split("/")) or "\\" in name or ":" in name:
            raise Damaged(f"{path}: {name[:80]!r} is not the name of a member")
        try:
            oid, size = ObjectId(told["blake3"]), int(told["size_bytes"])
        except (KeyError, TypeError, ValueError, UsageError) as err:
            raise Damaged(f"{path}: {MANIFEST_FILE} does not say what {name!r} is") from err
        # Two members with the same bytes are one object, but the record is found by its name.
        names[oid] = name if name == RECORD_FILE else names.get(oid, name)
        sizes[name] = size
    return names, sizes


def _checked(members: _Members, name: str, size: int, oid: ObjectId, path: Path) -> bytes:
    data = members.read(name, size)
    if data is None:
        raise Damaged(f"{path} lacks {name}", hint="bring the copy back from where it came")
    if ObjectId.of(data) != oid:
        raise Damaged(f"{path}: the bytes of {name} do not match their id", hint="bring the copy back from its source")
    return data


@dataclass(frozen=True)
class _Folder:
    root: Path

    def read(self, name: str, limit: int) -> bytes | None:
        path = self.root / name
        if not path.is_file():
            return None
        with open(path, "rb") as source:
            data = source.read(limit + 1)
        if len(data) > limit:
            raise Damaged(f"{path} is longer than it may be")
        return data

    def paths(self) -> list[Path]:
        from pathlib import Path

        return [self.root, *(Path(folder) / name for folder, _, files in os.walk(self.root) for name in files)]


@dataclass(frozen=True)
class _Zip:
    path: Path

    def read(self, name: str, limit: int) -> bytes | None:
        try:
            with zips.opened(self.path) as archive:
                member = next((item for item in archive.infolist() if item.orig_filename == name), None)
                if member is None:
                    return None
                if member.file_size > limit:
                    raise Damaged(f"{self.path}: {name} is longer than it may be")
                return b"".join(zips.content(archive, member))
        except zips.Broken as err:
            raise self._broken(err) from err

    def _broken(self, err: zips.Broken) -> BadInput | Damaged:
        with open(self.path, "rb") as source:
            if source.read(2) != _ZIP:
                return BadInput(f"{self.path} is no copy of a pipeline", hint=_HINT)
        return Damaged(f"{self.path} {err}", hint="bring the copy back from where it came")

    def paths(self) -> list[Path]:
        return [self.path]
