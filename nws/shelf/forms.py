"""The forms that a copy has on disk: a folder, a zip file, one CSV file with its manifest beside it.

Each function writes a copy so that it is whole or not there, and only those called `…_over` in the place of another.
This room must not know which files a kind has.
"""

from __future__ import annotations

import dataclasses
import errno
import os
from typing import TYPE_CHECKING

from nws import fsio
from nws.errors import BadInput, Conflict, Damaged
from nws.ids import ObjectId
from nws.records import encode
from nws.shelf import checking, zips
from nws.shelf.manifests import MANIFEST_FILE, beside, sealed
from nws.store.hashing import hash_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from nws.shelf.contents import Contents

    Content = bytes | Callable[[BinaryIO], object]

RENAME = "give another --custom-name, or --replace it"
NAME = "choose another --name, or --replace it"
MOVE = "`nws catalog verify` checks it; move it away to archive again"


def folder(path: Path, contents: Contents) -> None:
    """Write a folder of plain files, for people: it is not made durable, and not made twice.

    Raises
    ------
    Conflict
        If there is one of that name.
    Damaged
        If an object is missing or not what its id says; there is no folder then.
    """
    if not fsio.write_folder(path, _files(contents)):
        raise Conflict(f"{path} is there already", hint=RENAME)


def folder_over(path: Path, contents: Contents) -> None:
    """Write a folder of plain files in the place of the one that has its name, with all that lies in it.

    Raises
    ------
    Conflict
        If another process is quicker.
    Damaged
        If an object is missing or not what its id says; the old folder stays then.
    """
    fresh = fsio.temp_path(path.parent)
    fsio.write_folder(fresh, _files(contents))
    try:
        fsio.remove_tree(path)
        fsio.move_over(fresh, path)
    except OSError as err:
        if err.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise Conflict(f"{path} was written by another process meanwhile", hint=RENAME) from err
    finally:
        fsio.remove_tree(fresh)


def _files(contents: Contents) -> dict[str, Content]:
    manifest = encode(contents.manifest())
    return {**{name: contents.writer(name) for name in contents.names}, MANIFEST_FILE: manifest}


def table(path: Path, contents: Contents, *, hint: str = MOVE) -> None:
    """Write one file and its manifest beside it, the manifest last: the copy is there when its manifest is.

    The same one being there is as good.

    Raises
    ------
    Conflict
        If one of the two is there with other bytes.
    Damaged
        If its object is missing or not what its id says; there is no file then.
    """
    files, ids = _table(path, contents)
    _anchor(path.parent)
    _write_or_match(path.parent, files, ids, hint=hint)


def table_over(path: Path, contents: Contents) -> None:
    """Write one file and its manifest in the place of those that have their names; raises as `table`."""
    files, _ = _table(path, contents)
    _anchor(path.parent)
    # The file comes first: if its bytes cannot be had, the old pair stays as it was.
    for name, content in files.items():
        fsio.replace(path.parent / name, content)


def _table(path: Path, contents: Contents) -> tuple[dict[str, Content], dict[str, ObjectId]]:
    ((name, oid),) = contents.members.items()
    alone = beside(path)
    manifest = sealed(dataclasses.replace(contents, members={path.name: oid}).manifest())
    files: dict[str, Content] = {path.name: contents.writer(name), alone.name: manifest}
    return files, {path.name: oid, alone.name: ObjectId.of(manifest)}


def zip_file(path: Path, contents: Contents) -> None:
    """Write a zip file with its manifest in it; one with the same members being there is as good.

    Raises
    ------
    Conflict
        If one with other members is there.
    Damaged
        If it is damaged; or if an object is missing or not what its id says, and then nothing is written.
    """
    manifest = encode(contents.manifest())
    _anchor(path.parent)
    # One that is there already is not written a second time only to be thrown away.
    there = os.path.lexists(path)
    if there or not fsio.write_all_new(path.parent, {path.name: lambda target: _pack(target, contents, manifest)}):
        _expect(path, manifest)


def new_zip(path: Path, contents: Contents, *, hint: str = RENAME) -> None:
    """Write a zip file with its manifest in it under a name that nobody has.

    Raises
    ------
    Conflict
        If one of that name is there.
    BadInput
        If it has more members than a reader of copies takes.
    Damaged
        If an object is missing or not what its id says; nothing is written then.
    """
    manifest = _manifest(contents)
    _anchor(path.parent)
    if not fsio.write_all_new(path.parent, {path.name: lambda target: _pack(target, contents, manifest)}):
        raise Conflict(f"{path} is there already", hint=hint)


def zip_over(path: Path, contents: Contents) -> None:
    """Write a zip file in the place of the one that has its name; raises as `new_zip`, and the old one stays then."""
    manifest = _manifest(contents)
    _anchor(path.parent)
    fsio.replace(path, lambda target: _pack(target, contents, manifest))


def _manifest(contents: Contents) -> bytes:
    manifest = encode(contents.manifest())
    if len(manifest) > zips.LARGEST_LIST:
        raise BadInput(
            f"{len(contents.names):,} members are more than one copy can have",
            hint="save its best pipelines one by one: --kind pipeline",
        )
    return manifest


def _pack(target: BinaryIO, contents: Contents, manifest: bytes) -> None:
    members = [(name, contents.size(name), contents.open(name)) for name in contents.names]
    zips.write(target, [*members, (MANIFEST_FILE, len(manifest), [manifest])])


def _expect(path: Path, manifest: bytes) -> None:
    """Raise unless the zip file that is there is sound and has just this manifest.

    Its bytes need not be those that would be written: another version of zlib may have packed them.
    """
    found = checking.check_zip(path)
    if found.problems:
        raise Damaged(f"{path} is there already, and damaged: {found.problems[0]}", hint=MOVE)
    if found.manifest != manifest:
        raise Conflict(f"{path} is there already, with other members", hint=MOVE)


def _anchor(folder: Path) -> None:
    """Make the folder of a copy that is to last: it and the one above may be as new as the copy."""
    fsio.make_folder(folder)
    for above in (folder.parent, folder.parent.parent):
        fsio.sync_folder(above)


def _write_or_match(folder: Path, files: Mapping[str, Content], ids: Mapping[str, ObjectId], *, hint: str) -> None:
    """Write files durably, each under a name that nobody has; what is there already has to be the same."""
    held = {name for name in files if os.path.lexists(folder / name)}
    _match(folder, held, ids, hint)
    missing = {name: content for name, content in files.items() if name not in held}
    written = fsio.write_all_new(folder, missing)
    # Another process may have been quicker.
    _match(folder, missing.keys() - written, ids, hint)


def _match(folder: Path, names: Iterable[str], ids: Mapping[str, ObjectId], hint: str) -> None:
    for name in sorted(names):
        if hash_file(folder / name) != ids[name]:
            raise Conflict(f"{folder / name} is there already, with other bytes", hint=hint)
