"""What came from somebody else: the folder `.imported/` beside runs, or beside the trained pipelines of the library.

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
_ENDING = ".json"


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
        mark = ImportedCopy(name=name, kind=kind, manifest=manifest, file=file, imported_at=timestamp(now()))
        made = self.folder.is_dir()
        fsio.replace(fsio.make_folder(self.folder) / f"{name}{_ENDING}", encode(mark))
        if not made:
            fsio.sync_folder(self.folder.parent)

    def remove(self, name: str) -> None:
        """Take the mark away; harmless if there is none."""
        fsio.remove_all(self.folder, [f"{name}{_ENDING}"])
