"""A copy opened for use, wherever it stands: what it says it is, and the objects that it holds, checked by their ids.

Nothing is unpacked to disk, and no more is read of a member than its manifest declares. This is the one way into a
copy, whether it is predicted with, loaded or imported. This room must not know what a record is used for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.errors import BadInput, Damaged, UnknownName, UsageError
from nws.ids import ObjectId
from nws.pipeline.view import RECORD_FILE, files_of, read_record
from nws.records import Manifest, decode
from nws.shelf import names, zips
from nws.shelf.contents import FULL_RUN
from nws.shelf.manifests import MANIFEST_FILE
from nws.shelf.members import HINT, SOURCE, Folder, Members, Zip, naming
from nws.shelf.names import quoted
from nws.store.hashing import Hasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from nws.records import JsonMap, PipelineRecord

# JSON that is nested deeper than this is not of nws, and would be too deep for somebody who prints it.
_DEEPEST = 200
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A copy.

    `manifest` is the id of the bytes of its manifest, which stand for all of it; `ids` and `sizes` have the BLAKE3 and
    the size that it declares of each member; `names` has a member for each id.
    """

    path: Path
    manifest: ObjectId
    kind: str
    source: JsonMap
    ids: Mapping[str, ObjectId]
    sizes: Mapping[str, int]
    names: Mapping[ObjectId, str]
    members: Members

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
        return b"".join(self.read(self.names[oid]))

    def size(self, oid: ObjectId) -> int:
        """Return the size of an object in bytes."""
        return self.sizes[self._name(oid)]

    def open(self, oid: ObjectId) -> Iterator[bytes]:
        """Yield an object in pieces, its id checked before the last one."""
        return self.read(self._name(oid))

    def _name(self, oid: ObjectId) -> str:
        """Return the member that is an object which something in the copy names."""
        if oid not in self.names:
            raise Damaged(f"{self.path} names the object {oid.short}, which it does not hold", hint=SOURCE)
        return self.names[oid]

    def read(self, name: str) -> Iterator[bytes]:
        """Yield a member in pieces, its id checked before the last one.

        Raises
        ------
        Damaged
            If it is not there, or its bytes do not match its id.
        """
        content = self.members.read(name, self.sizes[name])
        if content is None:
            raise Damaged(f"{self.path} lacks {name}", hint=SOURCE)
        hasher = Hasher()
        last: bytes | None = None
        for piece in content:
            if last is not None:
                yield last
            hasher.update(piece)
            last = piece
        if hasher.id() != self.ids[name] or hasher.size != self.sizes[name]:
            raise Damaged(f"{self.path}: the bytes of {name} do not match their id", hint=SOURCE)
        if last is not None:
            yield last

    def kept_open(self) -> AbstractContextManager[None]:
        """Return a context in which many members are read at little more than the cost of their bytes."""
        return self.members.kept_open()

    def verify(self, report: Callable[[int], None] = lambda _: None) -> None:
        """Read everything through in bounded memory; `report` is told how many members are done.

        Raises
        ------
        Damaged
            With the first member that is not what the manifest says.
        """
        with self.kept_open():
            for count, name in enumerate(self.ids, 1):
                for _ in self.read(name):
                    pass
                report(count)

    def paths(self) -> list[Path]:
        """Return the files and folders that the copy is made of."""
        return self.members.paths()


@dataclass(frozen=True, kw_only=True)
class OpenedPipeline(Opened):
    """A copy of one pipeline, with its record."""

    record_id: ObjectId
    record: PipelineRecord

    def named_files(self, *, artifacts: bool = False) -> dict[str, ObjectId]:
        """Return the objects that the record names, by the names they have as plain files."""
        return files_of(self.record, artifacts=artifacts)


def is_copy(path: Path) -> bool:
    """Say whether there is a file or a folder at `path` that can only be meant as a copy."""
    return path.is_file() or (path / MANIFEST_FILE).is_file()


def open_any(path: Path) -> Opened:
    """Open a folder or a zip file, whatever is copied in it.

    Raises
    ------
    UnknownName
        If there is nothing at `path`.
    BadInput
        If it is no copy, or leads out of itself.
    Damaged
        If its parts do not match.
    NewerFormat
        If a later version wrote it.
    """
    if not path.exists():
        raise UnknownName(f"no file or folder {path}", hint=HINT)
    if not path.is_dir() and not path.is_file():
        # A pipe would have us wait for ever.
        raise BadInput(f"{path} is neither a file nor a folder", hint=HINT)
    members: Members = Folder(path) if path.is_dir() else Zip(path)
    content = members.read(MANIFEST_FILE, zips.LARGEST_LIST)
    if content is None:
        raise BadInput(f"{path} has no {MANIFEST_FILE}", hint=HINT)
    data = b"".join(content)
    where = f"{path}: {MANIFEST_FILE}"
    refuse_deep(data, where)
    with naming(path):
        manifest = decode(Manifest, data, where=where)
    ids, sizes = _listed(manifest, path)
    return Opened(
        path=path,
        manifest=ObjectId.of(data),
        kind=manifest.kind,
        source=manifest.source,
        ids=ids,
        sizes=sizes,
        # Two members with the same bytes are one object, but the record is found by its name.
        names={oid: name for name, oid in ids.items()}
        | {oid: name for name, oid in ids.items() if name == RECORD_FILE},
        members=members,
    )


def open_copy(path: Path) -> OpenedPipeline:
    """Open a folder or a zip file that is a copy of one pipeline; as `open_any`.

    Raises
    ------
    BadInput
        Also if it is a copy of something without a record.
    """
    return as_pipeline(open_any(path))


def as_pipeline(opened: Opened) -> OpenedPipeline:
    """Return an opened copy with the record of its pipeline; raises as `open_copy`."""
    path = opened.path
    if RECORD_FILE not in opened.ids:
        hint = "nws library load, or nws import, makes it a run again" if opened.kind == FULL_RUN else HINT
        raise BadInput(f"{path} is of kind {opened.kind!r} and holds no pipeline", hint=hint)
    if opened.source.get("record") != opened.ids[RECORD_FILE]:
        raise Damaged(f"{path}: its record is not the one that it was made from")
    complete(opened)
    data = b"".join(opened.read(RECORD_FILE))
    refuse_deep(data, f"{path}: {RECORD_FILE}")
    with naming(path):
        record = read_record(data, where=f"{path}: {RECORD_FILE}")
    return OpenedPipeline(**vars(opened), record_id=opened.ids[RECORD_FILE], record=record)


def complete(opened: Opened) -> None:
    """Refuse a copy that lacks members of its manifest, or holds others.

    Raises
    ------
    Damaged
        With the first of them.
    """
    held = opened.members.listed()
    for name in sorted(opened.ids.keys() - held):
        raise Damaged(f"{opened.path} lacks {name}", hint=SOURCE)
    if isinstance(opened.members, Zip):
        for name in sorted(held - opened.ids.keys() - {MANIFEST_FILE}):
            raise Damaged(f"{opened.path}: {quoted(name)} is not in its manifest", hint=SOURCE)


def refuse_deep(data: bytes, where: str) -> None:
    """Refuse JSON that is nested so deeply that reading it, or printing it, would fail.

    Raises
    ------
    Damaged
        With `where`.
    """
    depth = deepest = 0
    for bracket in _TEXT.sub(b"", data).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(depth, deepest)
    if deepest > _DEEPEST:
        raise Damaged(f"{where} is nested too deeply", hint=SOURCE)


def _listed(manifest: Manifest, path: Path) -> tuple[dict[str, ObjectId], dict[str, int]]:
    ids: dict[str, ObjectId] = {}
    sizes: dict[str, int] = {}
    for name, told in manifest.members.items():
        if (wrong := names.problem(name)) is not None:
            raise Damaged(f"{path}: {quoted(name)} is not the name of a member: it {wrong}", hint=SOURCE)
        try:
            ids[name], sizes[name] = ObjectId(told["blake3"]), int(told["size_bytes"])
        except (KeyError, TypeError, ValueError, UsageError) as err:
            raise Damaged(f"{path}: {MANIFEST_FILE} does not say what {name!r} is") from err
    for problem in names.problems(manifest.members):
        raise Damaged(f"{path}: {MANIFEST_FILE}: {problem}", hint=SOURCE)
    return ids, sizes
