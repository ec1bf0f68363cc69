"""Taking packs out of the store, in two steps as loose objects are, and writing anew what is to stay of one.

Step one renames the index: no listing shows its objects any more, and a writer that adds one of them writes it anew.
Step two looks at the index once more, and removes it and then the pack. A pack that is found without an index may be
about to get one: its name is taken away before a last look for the index. This module must not know why a pack is to
go.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from nws import fsio
from nws.ids import ObjectId
from nws.store.frames import Broken, Unsupported
from nws.store.hashing import hash_bytes
from nws.store.opening import DOOMED, open_at_once, steady
from nws.store.packing import Packing, PackWriter
from nws.store.packs import INDEX, PACK, pack_names
from nws.store.packtable import PackTable, in_order
from nws.store.unpack import frame_content, table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from nws.store.packs import Packs

    Part = list[tuple[ObjectId, bytes]]


class HeldPack(NamedTuple):
    """A pack as a listing shows it: the sizes of its objects, when it was last touched, and the bytes of its files."""

    name: str
    doomed: bool
    sizes: dict[ObjectId, int]
    time: int
    stored: int


class PackRemoval:
    """The way out for packs.

    Parameters
    ----------
    packs
        The folder of packs.
    """

    def __init__(self, packs: Packs) -> None:
        self._packs = packs

    def packs(self) -> Iterator[HeldPack]:
        """Yield every pack that can be read, those that a removal left half-way among them.

        A pack may be listed twice, with an index and with a doomed one.
        """
        names = self._listing()
        self._packs.look()
        for doomed, ending in ((False, INDEX), (True, INDEX + DOOMED)):
            for name in pack_names(names, ending):
                table, index = self._packs.table(name), _seen(self._packs.path(name, ending))
                if table is not None and index is not None:
                    sizes = {ObjectId(raw.hex()): place.size for raw, place in table.places()}
                    yield HeldPack(name, doomed, sizes, index.st_mtime_ns, index.st_size + self._pack_size(name))

    def holders(self, oid: ObjectId) -> list[str]:
        """Return the names of all visible packs that have an object."""
        raw = bytes.fromhex(oid)
        return [name for name, table in self._packs.tables().items() if raw in table]

    def others(self, name: str, oid: ObjectId) -> set[ObjectId]:
        """Return the objects of a pack but one."""
        table = self._packs.table(name)
        return set() if table is None else {ObjectId(raw.hex()) for raw in table.raw_ids} - {oid}

    def doom(self, name: str) -> bool:
        """Take the name of a pack's index away, and say whether it had one."""
        try:
            fsio.move_over(self._packs.path(name, INDEX), self._packs.path(name, INDEX + DOOMED))
        except FileNotFoundError:
            return False
        return True

    def spare(self, name: str) -> None:
        """Give a doomed pack its name back; harmless for one that has its name, or is gone."""
        self._give_back(name, INDEX, lambda handle: PackTable(handle.read()))

    def _give_back(self, name: str, ending: str, check: Callable[[BinaryIO], object]) -> None:
        doomed, path = self._packs.path(name, ending + DOOMED), self._packs.path(name, ending)
        try:
            # A sound file that a writer has put there meanwhile serves as well.
            if not fsio.publish(doomed, path) and not _is_sound(path, check):
                fsio.move_over(doomed, path)
        except FileNotFoundError:
            return
        fsio.sync_folder(self._packs.folder)
        fsio.remove(doomed, durable=False)

    def remove(self, name: str, *, before: int) -> int | None:
        """Remove a doomed pack for good, unless a writer has freshened it.

        Parameters
        ----------
        name
            The pack.
        before
            Nanoseconds: one whose time is this or later is given its name back.

        Returns
        -------
        int | None
            Bytes of its files; None if it stays, or was gone already.
        """
        index = _seen(self._packs.path(name, INDEX + DOOMED))
        if index is None:
            return None
        if index.st_mtime_ns >= before:
            self.spare(name)
            return None
        fsio.remove(self._packs.path(name, INDEX + DOOMED), durable=False)
        return index.st_size + self.remove_bare(name)

    def bare(self, *, before: int) -> Iterator[Path]:
        """Yield the files of packs that no index makes visible, and that nobody has touched since (nanoseconds)."""
        names = self._listing()
        known = {*pack_names(names, INDEX), *pack_names(names, INDEX + DOOMED)}
        for ending in (PACK, PACK + DOOMED):
            for name in pack_names(names, ending):
                path = self._packs.path(name, ending)
                found = _seen(path) if name not in known or ending != PACK else None
                if found is not None and found.st_mtime_ns < before:
                    yield path

    def remove_bare(self, name: str) -> int:
        """Remove the file of a pack that has no index, and return its bytes; 0 if it has one after all."""
        doomed = self._packs.path(name, PACK + DOOMED)
        with contextlib.suppress(FileNotFoundError):
            fsio.move_over(self._packs.path(name, PACK), doomed)
        names = self._listing()
        if not {name + INDEX, name + INDEX + DOOMED}.isdisjoint(names):
            self._give_back(name, PACK, table_of)
            return 0
        found = _seen(doomed)
        fsio.remove(doomed, durable=False)
        return 0 if found is None else found.st_size

    def rewrite(self, name: str, keep: Collection[ObjectId], *, all_of_it: bool = True) -> int | None:
        """Write some objects of a pack into a new one, durably, and return the bytes of its files.

        Parameters
        ----------
        name
            The pack.
        keep
            Its objects that are to stay.
        all_of_it
            If one of them cannot be read, write none; else leave it out.

        Returns
        -------
        int | None
            None if there is no such new pack, and the old one is still needed.
        """
        with contextlib.ExitStack() as files:
            parts = self._parts(name, keep, strict=all_of_it)
            try:
                first = next(parts, None)
                if first is None:
                    return 0
                packing = Packing(self._packs, files)
                packing.add(first)
                for part in parts:
                    packing.add(part)
            except (Broken, Unsupported):
                return None
            packing.seal()
            # All of a pack would be the pack itself, which the caller is about to remove.
            if packing.name == name or not packing.publish():
                return None
            size = packing.size
        fsio.sync_folder(self._packs.folder)
        return size

    def size_rewritten(self, name: str, keep: Collection[ObjectId]) -> int | None:
        """Return what `rewrite` would, and write nothing."""
        writer = PackWriter(len)
        try:
            for part in self._parts(name, keep, strict=True):
                writer.add(part)
        except (Broken, Unsupported):
            return None
        return writer.finish()[1].size_on_disk

    def _parts(self, name: str, keep: Collection[ObjectId], *, strict: bool) -> Iterator[Part]:
        """Yield what is to stay of each frame, every id checked."""
        handle = self._packs.open(name)
        if handle is None:
            raise Broken("it is not there")
        with handle:
            for frame, objects in in_order(table_of(handle)):
                wanted = max((number for number, (oid, _, _) in enumerate(objects, 1) if oid in keep), default=0)
                part: Part = []
                content = frame_content(handle, frame, [size for _, _, size in objects[:wanted]])
                try:
                    for (oid, _, _), data in zip(objects, content, strict=False):
                        if oid in keep and _is(oid, data, strict=strict):
                            part.append((oid, data))
                except Broken:
                    if strict:
                        raise
                if part:
                    yield part

    def _listing(self) -> list[str]:
        return steady(lambda: fsio.names(self._packs.folder))

    def _pack_size(self, name: str) -> int:
        found = _seen(self._packs.path(name, PACK)) or _seen(self._packs.path(name, PACK + DOOMED))
        return 0 if found is None else found.st_size


def _is(oid: ObjectId, data: bytes, *, strict: bool) -> bool:
    right = hash_bytes(data) == oid
    if strict and not right:
        raise Broken("its bytes do not match its id")
    return right


def _seen(path: Path) -> os.stat_result | None:
    """Return the time and size of a file, as its server has them now; None if it is not there."""
    try:
        handle = open_at_once(os.fspath(path))
    except PermissionError:
        return path.stat()
    if handle is None:
        return None
    with handle:
        return os.fstat(handle.fileno())


def _is_sound(path: Path, check: Callable[[BinaryIO], object]) -> bool:
    try:
        with open(path, "rb", buffering=0) as handle:
            check(handle)
    except (FileNotFoundError, Broken):
        return False
    except Unsupported:
        # A later version put it there, and knows.
        return True
    return True
