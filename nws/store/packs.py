"""Packs: many objects in one file, `ROOT/packs/<id>.pack` with its index `<id>.idx` beside it.

The index makes a pack visible. This module finds packs and opens them; it must not know how they are made, nor who
wants their objects.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from nws import fsio
from nws.errors import Damaged, NewerFormat, NwsError
from nws.ids import HEX_LENGTH, ObjectId, is_hex
from nws.store import opening
from nws.store.frames import Broken, Unsupported
from nws.store.opening import DOOMED, open_at_once, open_patiently, steady
from nws.store.packtable import PackTable
from nws.store.unpack import Packed, Recent, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

FOLDER = "packs"
PACK = ".pack"
INDEX = ".idx"
_TRIES = 3


class PackedInfo(NamedTuple):
    """An object of a pack: its id, its size and its share of the files, None if the pack is damaged."""

    id: ObjectId
    size: int
    stored: int | None


@dataclass(frozen=True)
class _Known:
    """What a listing showed: the packs that are visible, all tables, which pack to ask for an object, what is wrong."""

    names: list[str] | None = None
    visible: frozenset[str] = frozenset()
    tables: Mapping[str, PackTable] = field(default_factory=dict)
    where: Mapping[bytes, str] = field(default_factory=dict)
    unread: Mapping[str, NwsError] = field(default_factory=dict)

    def is_as(self, name: str, visible: frozenset[str]) -> bool:
        """Say whether a pack is as visible as it is among others."""
        return (name in self.visible) == (name in visible)


class Packs:
    """The folder of packs. What was read of it is kept, and replaced as a whole when the folder is another.

    Parameters
    ----------
    root
        The folder of the store; neither need be there yet.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        self._start = os.fspath(self.folder) + os.sep
        self._known = _Known()
        self._stamp: int | None = None
        self._recent = Recent()

    def path(self, name: str, ending: str) -> Path:
        """Return where a file of a pack is, or would be."""
        return self.folder / (name + ending)

    def find(self, oid: ObjectId, *, anew: bool = False) -> AbstractContextManager[Packed] | None:
        """Open an object of a pack; None if there is none in a pack.

        Parameters
        ----------
        oid
            The object.
        anew
            List the packs first. If not, None says only that no pack is known to have it.

        Raises
        ------
        Damaged
            If its pack is gone, or none has it and there is one that cannot be read.
        NewerFormat
            If none has it and a later version wrote one of them.
        """
        name, raw = "", bytes.fromhex(oid)
        for _ in range(_TRIES):
            if anew:
                self.look()
            known = self._known
            name = known.where.get(raw, "")
            if not name:
                if anew:
                    self.refuse_unread()
                return None
            handle = self.open(name)
            if handle is not None:
                return self._body(handle, oid, name, known.tables[name])
            # A collector may have removed it, and may have put its objects elsewhere before.
            anew = True
        with self.naming(name, oid):
            raise Broken("it has an index and is not there")

    def open(self, name: str) -> BinaryIO | None:
        """Open the file of a pack; None if it is not there."""
        return open_patiently(self._start + name + PACK, self._listing)

    @contextlib.contextmanager
    def _body(self, handle: BinaryIO, oid: ObjectId, name: str, table: PackTable) -> Iterator[Packed]:
        with handle, self.naming(name, oid):
            yield Packed(handle, table.place(bytes.fromhex(oid)), self._recent)

    def look(self, *, if_changed: bool = False) -> None:
        """List the packs, and read the tables of those that are new.

        Parameters
        ----------
        if_changed
            Only if the time of the folder is another: enough where nothing is lost when a new pack is missed.
        """
        stamp = self._time() if if_changed else None
        if if_changed and self._known.names is not None and stamp == self._stamp:
            return
        self._stamp = stamp
        for _ in range(_TRIES):
            names = self._listing()
            # What went since it was listed may have been written anew by then.
            if (names == self._known.names and not self._known.unread) or self._take(names):
                return
        self._known = replace(self._known, names=None)

    def _time(self) -> int:
        try:
            return os.stat(self.folder).st_mtime_ns
        except FileNotFoundError:
            return 0

    def _take(self, names: list[str]) -> bool:
        """Read the tables of packs that are new in a listing, and say whether they were all there."""
        old = self._known
        visible = frozenset(pack_names(names, INDEX))
        listed = visible.union(pack_names(names, INDEX + DOOMED))
        kept = {name: table for name, table in old.tables.items() if name in listed and old.is_as(name, visible)}
        fresh, unread = self._read(listed - kept.keys())
        tables = {**kept, **fresh}
        if len(kept) < len(old.tables):
            where, added = {}, tables
        else:
            where, added = dict(old.where), fresh
        # Of two packs with the same object, the one that is to stay is asked.
        for name in sorted(added, key=visible.__contains__):
            entries = dict.fromkeys(added[name].raw_ids, name)
            if name in visible:
                where.update(entries)
            else:
                where.update((raw, name) for raw in entries if raw not in where)
        self._known = _Known(names, visible, tables, where, unread)
        return listed == tables.keys() | unread.keys()

    def _listing(self) -> list[str]:
        return steady(lambda: fsio.names(self.folder))

    def _read(self, names: Iterable[str]) -> tuple[dict[str, PackTable], dict[str, NwsError]]:
        tables, unread = {}, {}
        for name in sorted(names):
            try:
                table = self._table(name)
            except (Broken, Unsupported) as err:
                unread[name] = self._error(f"pack {name}", name, err)
            else:
                if table is not None:
                    tables[name] = table
        return tables, unread

    def _table(self, name: str) -> PackTable | None:
        """Read the index of a pack, or the pack's own table where that one is damaged."""
        path = self._start + name + INDEX
        handle = open_at_once(path) or open_patiently(path, self._listing)
        if handle is None:
            return None
        with handle:
            try:
                return PackTable(handle.read())
            except Broken:
                pack = self.open(name)
                if pack is None:
                    raise
        with pack:
            return table_of(pack)

    def refuse_unread(self) -> None:
        """Raise what is wrong with a pack of which nothing is known, and which therefore may have any object."""
        for err in self._known.unread.values():
            raise err

    def freshen(self, oid: ObjectId, size: int, done: set[str]) -> bool:
        """Keep a packed object from a collector at work, and say whether it counts as stored.

        Parameters
        ----------
        oid
            The object.
        size
            Its size.
        done
            Names of packs that were freshened just now; the one of this object is added.
        """
        raw, known = bytes.fromhex(oid), self._known
        name = known.where.get(raw)
        if name is None:
            return False
        table = known.tables[name]
        try:
            if table.place(raw).size != size or (name not in done and not self.keep(name, table)):
                return False
        except (Broken, Unsupported, FileNotFoundError, PermissionError):
            return False
        done.add(name)
        return True

    def keep(self, name: str, table: PackTable) -> bool:
        """Freshen a visible pack that has just these objects, and say whether it is whole and did not go meanwhile."""
        try:
            with steady(lambda: open(self._start + name + INDEX, "rb", buffering=0)) as index:
                if PackTable(index.read()).content != table.content or not self.is_whole(name, table):
                    return False
                fsio.freshen(index.fileno())
                # As with a loose object: a collector takes the name away before it looks at the time.
                return not opening.has_lost_its_name(index.fileno(), name + INDEX)
        except OSError as err:
            if err.errno != errno.ESTALE:
                raise
            return False

    def is_whole(self, name: str, table: PackTable) -> bool:
        """Say whether the file of a pack has its name and ends with a table of just these objects."""
        handle = open_at_once(self._start + name + PACK)
        if handle is None:
            return False
        with handle:
            try:
                return table_of(handle).content == table.content
            except Broken:
                return False

    def ids(self, prefix: str = "") -> Iterator[ObjectId]:
        """Yield the ids of all objects in packs that begin with `prefix`, sorted.

        Raises
        ------
        Damaged
            After all others, if there is a pack of which nothing can be read.
        """
        self.look()
        known = self._known
        found = (raw.hex() for raw, name in known.where.items() if name in known.visible)
        yield from map(ObjectId, sorted(oid for oid in found if oid.startswith(prefix)))
        self.refuse_unread()

    def sizes(self) -> Iterator[PackedInfo]:
        """Yield the sizes of all objects in packs, sorted; then the name of each pack that cannot be read."""
        self.look()
        known = self._known
        whole: dict[str, PackTable | None] = {}
        for raw, name in sorted(item for item in known.where.items() if item[1] in known.visible):
            if name not in whole:
                whole[name] = self._whole(name)
            yield self._size(raw, known.tables[name], whole[name])
        yield from (PackedInfo(ObjectId(name), 0, None) for name in known.unread)

    def _size(self, raw: bytes, table: PackTable, whole: PackTable | None) -> PackedInfo:
        oid = ObjectId(raw.hex())
        try:
            place = table.place(raw)
            return PackedInfo(oid, place.size, None if whole is None else whole.extent(place).stored)
        except Broken:
            return PackedInfo(oid, 0, None)

    def _whole(self, name: str) -> PackTable | None:
        handle = self.open(name)
        if handle is None:
            return None
        with handle:
            try:
                return table_of(handle)
            except (Broken, Unsupported):
                return None

    def place(self, oid: ObjectId) -> tuple[str, int] | None:
        """Return in which pack an object lies, as of the last look, and where; None if in none."""
        raw, known = bytes.fromhex(oid), self._known
        name = known.where.get(raw)
        try:
            return None if name is None else (name, known.tables[name].place(raw).offset)
        except Broken:
            return None

    def table(self, name: str) -> PackTable | None:
        """Return the table of a pack, doomed or not, as of the last look; None if it cannot be read or is not there."""
        return self._known.tables.get(name)

    def tables(self) -> dict[str, PackTable]:
        """Return the tables of all visible packs that can be read, from a fresh listing."""
        self.look()
        return {name: table for name, table in self._known.tables.items() if name in self._known.visible}

    @contextlib.contextmanager
    def naming(self, name: str, oid: ObjectId) -> Iterator[None]:
        """Give the object, and the pack that it is in, to errors of the body that do not name them."""
        try:
            with opening.naming_file(self._start + name + PACK):
                yield
        except (Broken, Unsupported) as err:
            raise self._error(f"object {oid}", name, err) from err

    def _error(self, what: str, name: str, err: Broken | Unsupported) -> NwsError:
        path = self._start + name + PACK
        if isinstance(err, Unsupported):
            return NewerFormat(f"{what} is in a newer format: {err}: {path}")
        hint = "store the same content again, or bring the pack and its index back from a copy"
        return Damaged(f"{what} is damaged: {err}: {path}", hint=hint)


def pack_names(names: list[str], ending: str) -> Iterator[str]:
    """Yield the names of the packs that have a file of this ending in a listing."""
    for name in names:
        if len(name) == HEX_LENGTH + len(ending) and name.endswith(ending) and is_hex(name[:HEX_LENGTH], HEX_LENGTH):
            yield name[:HEX_LENGTH]
