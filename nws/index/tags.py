"""Tags: words that people put on pipelines, kept beside the index so that no segment is touched.

A tag of a pipeline is one file, `tags/TAG/RECORD.json`: putting it on makes the file, taking it off removes it, and any
number of processes do so at once without a lock. This room knows tags and records; it must not know of predictions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws import fsio
from nws.ids import ObjectId, check_name, is_hex
from nws.records import Tag, encode, now, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TAGS = "tags"
_SUFFIX = ".json"
_LENGTH = 64


class Tags:
    """The tags of a workspace.

    Parameters
    ----------
    folder
        `catalog/tags`; made when the first tag is added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, record: str, tag: str) -> bool:
        """Tag a pipeline, and say whether this call did; it may have the tag already.

        Raises
        ------
        UsageError
            If the tag is not of the form that names have.
        """
        name = check_name(tag, "tag")
        document = Tag(tag=name, record=ObjectId(record), tagged_at=timestamp(now()))
        return fsio.write_new(self._path(record, name), encode(document))

    def add_all(self, tagged: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Tag many pipelines, given as pairs of a record and its tags; they share their waits for the disk.

        Raises
        ------
        UsageError
            If a tag is not of the form that names have.
        """
        records: dict[str, list[str]] = {}
        for record, tags in tagged:
            for tag in tags:
                records.setdefault(check_name(tag, "tag"), []).append(record)
        moment = timestamp(now())
        for name, several in records.items():
            files = {
                self._path(record, name).name: encode(Tag(tag=name, record=ObjectId(record), tagged_at=moment))
                for record in several
            }
            fsio.write_all_new(self.folder / name, files)

    def remove(self, record: str, tag: str) -> bool:
        """Take a tag off a pipeline, and say whether it had it."""
        path = self._path(record, check_name(tag, "tag"))
        # From a listing: what was once seen absent seems so for a while on shared file systems.
        if path.name not in fsio.names(path.parent):
            return False
        fsio.remove(path)
        return True

    def counts(self) -> dict[str, int]:
        """Return every tag in use, in order, and how many pipelines have it."""
        found = {name: len(self._records(name)) for name in self._names()}
        return {name: count for name, count in found.items() if count}

    def records(self, tag: str) -> set[str]:
        """Return the records that have a tag."""
        return self._records(check_name(tag, "tag"))

    def _names(self) -> list[str]:
        return [name for name in fsio.names(self.folder) if name[0] != "." and (self.folder / name).is_dir()]

    def _records(self, tag: str) -> set[str]:
        files = fsio.names(self.folder / tag)
        stems = (name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))
        return {stem for stem in stems if is_hex(stem, _LENGTH)}

    def with_all(self, tags: Iterable[str]) -> set[str]:
        """Return the records that have all of these tags, of which there is one at least."""
        return set.intersection(*(self.records(tag) for tag in tags))

    def of(self, record: str) -> list[str]:
        """Return the tags of one pipeline, in order."""
        return self.by_record().get(record, [])

    def by_record(self) -> dict[str, list[str]]:
        """Return the tags of every pipeline that has any."""
        found: dict[str, list[str]] = {}
        for tag in self._names():
            for record in self._records(tag):
                found.setdefault(record, []).append(tag)
        return found

    def _path(self, record: str, tag: str) -> Path:
        return self.folder / tag / f"{record}{_SUFFIX}"
