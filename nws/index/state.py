"""Which segments count: the newest manifest, and the segments that were appended since.

The switch from one state of the index to the next is the link of one manifest. This room knows names and manifests; it
must not know what is in a segment, or how segments are merged. The protocol is stated in `docs/format/v1.md`.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from nws import fsio
from nws.errors import Damaged, Locked
from nws.index import segments
from nws.index.segments import DATA, META
from nws.records import JsonMap, decode, encode, now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLDER = "_manifests"
_NAME = re.compile(r"(\d{8})\.json")
_ATTEMPTS = 50
_ENTRY = frozenset({"name", "rows", "size_bytes", "first_id", "last_id"})
_RENEWED = "`nws reindex` makes a new one from what the segments hold"


@dataclass(frozen=True, kw_only=True)
class IndexManifest:
    """`catalog/_manifests/NNNNNNNN.json`: what the merged segments of the index are since a compaction.

    `meta` and `data` list the merged segments of each table: `name`, `rows`, `size_bytes`, `first_id`, `last_id`.
    `retired` are appended segments that do not count any more, with the moment of it; `void` are names that were taken
    away from their writers. `settled_before` is the moment before which no promise of a name (`once`) is relied on.
    """

    SCHEMA: ClassVar[str] = "index_manifest/1"
    number: int
    created_at: str
    settled_before: str
    meta: list[JsonMap]
    data: list[JsonMap]
    retired: dict[str, str]
    void: list[str]
    extra: JsonMap = field(default_factory=dict)

    def merged(self, table: str) -> list[JsonMap]:
        """Return the merged segments of a table."""
        return self.meta if table == META else self.data


NONE_YET = IndexManifest(number=0, created_at="", settled_before="", meta=[], data=[], retired={}, void=[])


@dataclass(frozen=True, kw_only=True)
class State:
    """The segments of the index as they were at one moment.

    `listed` are the segments that were in the folder of each table.
    """

    catalog: Path
    manifest: IndexManifest
    listed: dict[str, frozenset[str]]

    def merged(self, table: str) -> list[str]:
        """Return the merged segments that count."""
        return [segment["name"] for segment in self.manifest.merged(table)]

    def appended(self, table: str) -> list[str]:
        """Return the appended segments that count, oldest first.

        Arrays count when the rows that are written after them are there.
        """
        there = self.listed[table] & self.listed[META]
        return sorted(name for name in there - self._excluded if segments.merged_number(name) is None)

    def over(self, table: str) -> list[str]:
        """Return the appended segments that are still there and do not count any more."""
        return sorted(self.listed[table] & self._excluded)

    def orphans(self, before: str) -> list[str]:
        """Return the appended arrays without rows that were named before a moment, in the form that names have."""
        alone = self.listed[DATA] - self.listed[META] - self._excluded
        return sorted(name for name in alone if (segments.appended_at(name) or before) < before)

    @property
    def _excluded(self) -> set[str]:
        return {*self.manifest.retired, *self.manifest.void}

    def relied_on(self, name: str) -> bool:
        """Say whether no other segment has a prediction that this appended one has, because its name promises it."""
        since = segments.promised_since(name)
        return since is not None and since >= self.manifest.settled_before

    def once(self, table: str) -> list[Path]:
        """Return the segments no two of which have a prediction in common."""
        promised = [name for name in self.appended(table) if self.relied_on(name)]
        return [self.catalog / table / name for name in (*self.merged(table), *promised)]

    def perhaps(self, table: str) -> list[Path]:
        """Return the other segments that count: what is in them may be in any segment."""
        return [self.catalog / table / name for name in self.appended(table) if not self.relied_on(name)]

    def missing(self, table: str) -> list[Path]:
        """Return the merged segments that count and are not there: somebody took them away."""
        return [self.catalog / table / name for name in self.merged(table) if name not in self.listed[table]]

    def strays(self, table: str) -> list[str]:
        """Return the merged segments that no manifest names: compactions at work, or killed ones."""
        counted = set(self.merged(table))
        return sorted(
            name for name in self.listed[table] if segments.merged_number(name) is not None and name not in counted
        )


def read(catalog: Path, tables: Sequence[str] = (META, DATA)) -> State:
    """Return the index as it is at this moment.

    The folders are listed between two looks at the manifests. What a manifest retires is removed only when that
    manifest is there, so if there is no newer one at the second look, nothing was missing from the listings.

    Parameters
    ----------
    catalog
        Folder of the tables.
    tables
        Which of them to list: META, or META and then DATA, as a reader who sees rows is to see their arrays.

    Raises
    ------
    Locked
        If there is a newer manifest at every look.
    Damaged
        If the newest manifest cannot be read.
    NewerFormat
        If a newer nws wrote it.
    """
    for _ in range(_ATTEMPTS):
        manifest = _newest(catalog)
        if manifest is None:
            continue
        listed = _listed(catalog, tables)
        if _is_newest(catalog, manifest.number, listed):
            return State(catalog=catalog, manifest=manifest, listed=listed)
    raise Locked(f"{catalog} changes faster than it can be read", hint="try again")


def without_manifest(catalog: Path) -> State:
    """Return the index as its segments tell of it, where the newest manifest cannot be read.

    No merged segment counts in it, and no promise of a name.
    """
    manifest = dataclasses.replace(NONE_YET, number=numbers(catalog)[-1], settled_before=segments.stamp(now()))
    return State(catalog=catalog, manifest=manifest, listed=_listed(catalog, (META, DATA)))


def publish(catalog: Path, manifest: IndexManifest) -> bool:
    """Make a manifest the newest one, and say whether that was done: False if its number is taken."""
    return fsio.write_new(catalog / FOLDER / _file(manifest.number), encode(manifest))


def numbers(catalog: Path) -> list[int]:
    """Return the numbers of the manifests that are there, in order."""
    found = (_NAME.fullmatch(name) for name in fsio.names(catalog / FOLDER))
    return sorted(int(match[1]) for match in found if match)


def forget_manifests(catalog: Path, *, keep: int) -> None:
    """Remove all manifests but the newest ones."""
    fsio.remove_all(catalog / FOLDER, [_file(number) for number in numbers(catalog)[:-keep]])


def _listed(catalog: Path, tables: Sequence[str]) -> dict[str, frozenset[str]]:
    return {table: frozenset(segments.names(catalog / table)) for table in tables}


def _file(number: int) -> str:
    return f"{number:08d}.json"


def _newest(catalog: Path) -> IndexManifest | None:
    """Read the newest manifest; None if it was removed while we looked, because there are many newer ones."""
    known = numbers(catalog)
    return _open(catalog, known[-1]) if known else NONE_YET


def _open(catalog: Path, number: int) -> IndexManifest | None:
    path = catalog / FOLDER / _file(number)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        manifest = decode(IndexManifest, data, where=str(path))
    except Damaged as err:
        raise Damaged(err.message, hint=_RENEWED) from err
    entries = [*manifest.meta, *manifest.data]
    if manifest.number != number or not all(entry.keys() >= _ENTRY for entry in entries):
        raise Damaged(f"{path}: not as it was written", hint=_RENEWED)
    return manifest


def _is_newest(catalog: Path, number: int, listed: dict[str, frozenset[str]]) -> bool:
    if max(numbers(catalog), default=0) > number:
        return False
    # A listing of the manifests may be older than that of the segments, where a file server keeps listings; a merged
    # segment tells of the manifest it was made for, and only opening it tells whether that is there.
    ahead = {made_for for names in listed.values() for name in names if (made_for := segments.merged_number(name))}
    return all(_open(catalog, made_for) is None for made_for in ahead if made_for > number)
