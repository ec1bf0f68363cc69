"""What came from somebody else: the folder `.imported/` beside runs, beside trained pipelines, or in an unpacked copy.

`NAME.json` says that the run or the copy of that name came by import, so that no model of it is loaded before a person
trusts it. This room must not know what is done with what came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws import fsio
from nws.records import ImportedCopy, decode, encode, now, timestamp

if TYPE_CHECKING:
    from pathlib import Path

    from nws.ids import ObjectId

FOLDER = ".imported"
TRAINED = "trained"
_ENDING = ".json"
# What a copy is called in its own folder, which people may call otherwise.
_ITSELF = "copy"


def mark_in_folder(*, kind: str, manifest: ObjectId, file: str) -> tuple[str, bytes]:
    """Return name and bytes of the file that marks a folder of plain files as a copy that came by import."""
    return f"{FOLDER}/{_ITSELF}{_ENDING}", _mark(_ITSELF, kind, manifest, file)


def came_by_import(copy: Path) -> bool:
    """Say whether a copy came by import: a folder has its mark in it, a zip file in a library beside its kind."""
    if copy.is_dir():
        return Imported(copy / FOLDER).has(_ITSELF)
    return any(Imported(path.parents[2] / FOLDER).has(path.stem) for path in _in_library(copy))


def libraries(copy: Path) -> list[Path]:
    """Return the folders `library/` in which a file stands as `library/trained/KIND/NAME.zip`, through links or not."""
    return [path.parents[2] for path in _in_library(copy)]


def _in_library(copy: Path) -> list[Path]:
    """Return the paths of a file by which it is in a library: a link may have another name, or lead to another disk."""
    paths = {copy.absolute(), copy.resolve()}
    return [path for path in paths if len(path.parents) > 2 and path.parents[1].name == TRAINED]


class Imported:
    """The marks of what came by import.

    Parameters
    ----------
    folder
        Where they stand; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str) -> bool:
        """Say whether what has that name came by import; a mark that cannot be read says so, too."""
        return f"{name}{_ENDING}" in fsio.names(self.folder)

    def get(self, name: str) -> ImportedCopy:
        """Read a mark.

        Raises
        ------
        Damaged
            If it is not what was written.
        """
        path = self.folder / f"{name}{_ENDING}"
        return decode(ImportedCopy, path.read_bytes(), where=str(path))

    def add(self, name: str, *, kind: str, manifest: ObjectId, file: str) -> None:
        """Mark a name, durably; `file` is what the copy was called that it came in."""
        made = self.folder.is_dir()
        fsio.replace(fsio.make_folder(self.folder) / f"{name}{_ENDING}", _mark(name, kind, manifest, file))
        if not made:
            fsio.sync_folder(self.folder.parent)

    def remove(self, name: str) -> None:
        """Take the mark away; harmless if there is none."""
        fsio.remove_all(self.folder, [f"{name}{_ENDING}"])


def _mark(name: str, kind: str, manifest: ObjectId, file: str) -> bytes:
    return encode(ImportedCopy(name=name, kind=kind, manifest=manifest, file=file, imported_at=timestamp(now())))
