"""Making a pack: objects that resemble one another, compressed as one.

This module compresses and orders writes; it must not know what the objects are or why they resemble one another.
"""

from __future__ import annotations

import os
from itertools import zip_longest
from typing import TYPE_CHECKING, BinaryIO

from nws import fsio
from nws.store.encode import LEVEL
from nws.store.frames import Broken, Unsupported
from nws.store.hashing import Hasher, pieces
from nws.store.opening import naming_file
from nws.store.packs import INDEX, PACK
from nws.store.packtable import LARGEST, PackTable, Place, in_order, make_table
from nws.store.unpack import frame_content, table_of

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Iterator, Sequence

    from nws.ids import ObjectId
    from nws.store.packs import Packs

    Group = Sequence[tuple[ObjectId, bytes | memoryview]]

# To read one object of a frame, those before it are decompressed, too.
MOST_IN_FRAME = 64
_WINDOW = 26
_TRIES = 3


class PackWriter:
    """Writes the bytes of a pack.

    Parameters
    ----------
    write
        Takes the bytes, and returns how many there were.
    """

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self._write = write
        self._hasher = Hasher()
        self._frames: list[tuple[int, int]] = []
        self._places: dict[ObjectId, Place] = {}

    def add(self, group: Group) -> None:
        """Add objects that resemble one another; none may be in the pack yet, be empty, or be larger than a frame."""
        for part in _frames(group):
            offset = self._hasher.size
            for oid, item in part:
                self._places[oid] = Place(offset, len(item))
                offset += len(item)
            data = b"".join(item for _, item in part)
            self._hasher.update(data)
            self._frames.append((len(data), self._write(_compress(data))))

    def finish(self) -> tuple[ObjectId, PackTable]:
        """Write the table, and return the name of the pack and the table."""
        table = make_table(self._frames, self._places)
        self._write(table)
        return self._hasher.id(), PackTable(table)


class Packing:
    """A pack in the making: it has its name when `publish` has returned, and stays what it is from then on.

    Parameters
    ----------
    packs
        Where it goes.
    files
        Removes the temporary files in the end.
    """

    def __init__(self, packs: Packs, files: contextlib.ExitStack) -> None:
        self._packs = packs
        self._files = files
        self._temp, self._handle = files.enter_context(fsio.staged(packs.folder))
        self._writer = PackWriter(self._handle.write)

    def add(self, group: Group) -> None:
        """Add objects that resemble one another."""
        with naming_file(os.fspath(self._packs.folder)):
            self._writer.add(group)

    @property
    def size(self) -> int:
        """Bytes of the pack and its index, once they are sealed."""
        return self.table.size_on_disk

    def seal(self) -> None:
        """Bring what was added to stable storage."""
        with naming_file(os.fspath(self._packs.folder)):
            self.name, self.table = self._writer.finish()
            fsio.sync(self._handle)
            self._handle.close()
            self._again = self._files.enter_context(open(self._temp, "rb", buffering=0))
            self._index, handle = self._files.enter_context(fsio.staged(self._packs.folder))
            handle.write(self.table.data)
            fsio.sync(handle)
            handle.close()

    def publish(self) -> bool:
        """Give the pack its name, then its index, and say whether that could be done.

        Not where a pack of the same content has other objects, or one that goes again and again. The names are durable
        when the folder was fsynced after that.
        """
        for _ in range(_TRIES):
            if (named := self._name_pack()) is None:
                continue
            fsio.sync_folder(self._packs.folder)
            named = named and self._name_index()
            if named is False:
                return False
            # A collector that took the pack for one that was left without an index takes its name away, then looks
            # for the index. It finds it, or the name is found missing here.
            if named and self._packs.is_whole(self.name, self.table):
                return True
        return False

    def _name_pack(self) -> bool | None:
        """Link the pack. None says that another one went away meanwhile, False that one of other objects is there."""
        path = self._packs.path(self.name, PACK)
        try:
            if fsio.publish(self._temp, path):
                return True
            with open(path, "rb", buffering=0) as other:
                return self._is_as_good(other)
        except Broken:
            fsio.move_over(self._temp, path)
            return True
        except FileNotFoundError:
            return None
        except Unsupported:
            return False

    def _is_as_good(self, other: BinaryIO) -> bool:
        """Say whether a pack of the same name has these objects.

        Raises
        ------
        Broken
            If it is damaged.
        """
        self._again.seek(0)
        if all(a == b for a, b in zip_longest(pieces(self._again), pieces(other))):
            return True
        # Its objects may be cut in other places; it may be compressed in another way; or some bits of it are lost.
        if table_of(other).content != self.table.content:
            return False
        hasher = Hasher()
        for frame in table_of(other).frames:
            for content in frame_content(other, frame, [frame.plain or 0]):
                hasher.update(content)
        if hasher.id() != self.name:
            raise Broken("its bytes do not match its name")
        return True

    def _name_index(self) -> bool | None:
        """Link the index. None says that another one went away meanwhile, False that one of other objects is there."""
        path = self._packs.path(self.name, INDEX)
        if fsio.publish(self._index, path):
            return True
        try:
            other = PackTable(path.read_bytes())
            if other.content != self.table.content:
                return False
            return self._packs.keep(self.name, self.table) or None
        except FileNotFoundError:
            return None
        except Unsupported:
            return False
        except Broken:
            fsio.move_over(self._index, path)
            return True

    def objects(self) -> Iterator[tuple[ObjectId, bytes]]:
        """Yield what was added."""
        for frame, parts in in_order(self.table):
            content = frame_content(self._again, frame, [size for _, _, size in parts])
            yield from ((oid, data) for (oid, _, _), data in zip(parts, content, strict=True))


def _frames(group: Group) -> Iterator[Group]:
    part: list[tuple[ObjectId, bytes | memoryview]] = []
    size = 0
    for oid, item in group:
        if part and (size + len(item) > LARGEST or len(part) == MOST_IN_FRAME):
            yield part
            part, size = [], 0
        part.append((oid, item))
        size += len(item)
    if part:
        yield part


def _compress(data: bytes) -> bytes:
    from zstandard import ZstdCompressionParameters, ZstdCompressor

    # The window reaches from the last object of the frame to the first.
    parameters = ZstdCompressionParameters.from_level(
        LEVEL, source_size=len(data), window_log=_WINDOW, write_checksum=True, write_content_size=True
    )
    return ZstdCompressor(compression_params=parameters).compress(data)
