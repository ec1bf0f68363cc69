"""Adding objects: many at once share their trips to the disk.

This module orders writes; it must not know what is compressed how, or who reads it.
"""

from __future__ import annotations

import contextlib
import io
import os
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

from nws import fsio
from nws.errors import BadInput
from nws.store.encode import split
from nws.store.frames import FRAME, SMALL
from nws.store.hashing import PIECE, Hasher, fill, hash_bytes, pieces
from nws.store.packtable import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor
    from pathlib import Path

    from nws.ids import ObjectId
    from nws.store.encode import Encoder
    from nws.store.loose import Loose
    from nws.store.packing import Packing
    from nws.store.packs import Packs

# Content up to this size is held in memory and read once; a larger one is read twice, to hash and to compress.
_WHOLE = 8 << 20
_STEP = 1 << 20
# So many small objects are written one after the other by one thread, while other threads write others.
_GROUP = 16
_THREADS = 8
# Up to this many are not worth the threads.
_FEW = 2
# A pack is two files. Two objects that are less than this together gain nothing in it.
_BLOCK = 4096


class _Written(NamedTuple):
    oid: ObjectId
    size: int
    temp: Path
    final: Path


class Batch:
    """Objects that are added together: durable, and there to be read, when the batch has ended.

    What is put is written to temporary files; the end brings all of them to stable storage, then gives them their
    names, then brings the names there. An error leaves none of the files. One thread uses a batch at a time.

    Parameters
    ----------
    loose
        Where the objects go.
    packs
        Where those go that resemble one another.
    encoder
        Writes their bodies.
    settled
        Names of the folders that are known to be durable themselves; shared by all batches of a store.
    """

    def __init__(self, loose: Loose, packs: Packs, encoder: Encoder, settled: set[str]) -> None:
        self._loose = loose
        self._packs = packs
        self._encoder = encoder
        self._settled = settled
        self._files = contextlib.ExitStack()
        self._waiting: list[tuple[ObjectId, int, list[bytes]]] = []
        self._held = 0
        self._groups: list[Future[list[_Written]]] = []
        self._written: list[_Written] = []
        self._pool: ThreadPoolExecutor | None = None
        self._done: set[ObjectId] = set()
        self._packing: Packing | None = None
        self._looked = False
        self._freshened: set[str] = set()
        self._new_root = False

    def __enter__(self) -> Self:
        self._new_root = not self._settled and not self._loose.root.is_dir()
        return self

    def __exit__(self, category: type[BaseException] | None, *_: object) -> None:
        with self._files:
            try:
                if category is None:
                    self._finish()
            finally:
                if self._pool is not None:
                    self._pool.shutdown(cancel_futures=True)

    def put(self, data: bytes | memoryview) -> ObjectId:
        """Add bytes and return their id."""
        data = _flat(data)
        oid = hash_bytes(data)
        self._add(oid, len(data), lambda: split(data))
        return oid

    def put_group(self, items: Sequence[bytes | memoryview]) -> list[ObjectId]:
        """Add objects that resemble one another, and return their ids.

        Those that are new are compressed together, into one pack for the whole batch. Reading one of them costs as much
        as reading those before it, at most 64 of them or 64 MiB.
        """
        items = [_flat(item) for item in items]
        ids = [hash_bytes(item) for item in items]
        new = {}
        for oid, item in zip(ids, items, strict=True):
            if not 0 < len(item) <= LARGEST:
                self._add(oid, len(item), partial(split, item))
            elif oid not in new and not self._is_known(oid, len(item)):
                new[oid] = item
        if len(new) < _FEW or (len(new) == _FEW and sum(map(len, new.values())) < _BLOCK):
            for oid, item in new.items():
                self._stage(oid, len(item), split(item))
        else:
            if self._packing is None:
                self._packing = self._new_packing()
            self._packing.add(list(new.items()))
        self._done.update(new)
        return ids

    def _new_packing(self) -> Packing:
        from nws.store.packing import Packing

        return Packing(self._packs, self._files)

    def put_file(self, path: Path) -> ObjectId:
        """Add the content of a file, in bounded memory, and return its id.

        Raises
        ------
        BadInput
            If it changed while it was read.
        """
        with open(path, "rb", buffering=0) as source:
            expected = os.fstat(source.fileno()).st_size
            if expected > _WHOLE:
                return self._put_twice(source, 0)
            head = source.read(expected + 1)
            return self.put(head) if len(head) == expected else self._put_long(head, source)

    def put_stream(self, source: BinaryIO) -> ObjectId:
        """Add what is left in `source`, in bounded memory, and return its id.

        Raises
        ------
        BadInput
            If it changed while it was read.
        """
        return self._put_long(b"", source)

    def _put_long(self, head: bytes, source: BinaryIO) -> ObjectId:
        held = io.BytesIO()
        held.write(head)
        while held.tell() <= _WHOLE and (piece := source.read(PIECE)):
            held.write(piece)
        if held.tell() <= _WHOLE:
            return self.put(held.getbuffer())
        if source.seekable():
            return self._put_twice(source, source.tell() - held.tell())
        with fsio.staged(self._loose.root) as (path, spool):
            spool.write(held.getbuffer())
            del held
            for piece in pieces(source):
                spool.write(piece)
            spool.flush()
            with open(path, "rb", buffering=0) as again:
                return self._put_twice(again, 0)

    def _put_twice(self, source: BinaryIO, start: int) -> ObjectId:
        source.seek(start)
        hasher = Hasher()
        for piece in pieces(source):
            hasher.update(piece)
        oid, size = hasher.id(), hasher.size
        self._add(oid, size, lambda: _again(source, start, oid, size))
        return oid

    def _add(self, oid: ObjectId, size: int, content: Callable[[], Iterable[bytes | memoryview]]) -> None:
        if not self._is_known(oid, size):
            self._stage(oid, size, content())
            self._done.add(oid)

    def _is_known(self, oid: ObjectId, size: int) -> bool:
        """Say whether the object is in this batch or in the store, where it is kept from a collector at work."""
        if oid not in self._done:
            if not self._loose.freshen(oid, size) and not self._is_packed(oid, size):
                return False
            self._done.add(oid)
        return True

    def _is_packed(self, oid: ObjectId, size: int) -> bool:
        if not self._looked:
            self._packs.look(if_changed=True)
            self._looked = True
        return self._packs.freshen(oid, size, self._freshened)

    def _stage(self, oid: ObjectId, size: int, content: Iterable[bytes | memoryview]) -> None:
        if size >= SMALL:
            self._written.append(self._write(oid, size, content))
            return
        # The caller may use the memory again before a thread gets to it.
        self._waiting.append((oid, size, [bytes(piece) for piece in content]))
        self._held += size
        if len(self._waiting) >= _GROUP or self._held >= SMALL:
            self._send()

    def _send(self) -> None:
        """Let threads write what waits, so that one file is compressed while another goes to the disk."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(_THREADS)
        group, self._waiting, self._held = self._waiting, [], 0
        self._groups.append(self._pool.submit(lambda: [self._write(*one) for one in group]))
        if len(self._groups) > 2 * _THREADS:
            self._groups[-2 * _THREADS].result()

    def _write(self, oid: ObjectId, size: int, content: Iterable[bytes | memoryview]) -> _Written:
        """Bring an object to stable storage under a temporary name."""
        temp, handle = self._files.enter_context(fsio.staged(self._loose.folder(oid)))
        with self._loose.naming(oid):
            self._encoder.write(handle, content, size)
            fsio.sync(handle)
            handle.close()
        return _Written(oid, size, temp, self._loose.path(oid))

    def _finish(self) -> None:
        if self._packing is not None:
            self._packing.seal()
        self._write_waiting()
        folders = {self._packs.folder} if self._packing is not None and self._publish_pack(self._packing) else set()
        for written in self._written:
            self._publish(written)
        # The temporary names go first, so that the fsync of the folders settles that as well.
        self._files.close()
        self._settle(folders | {self._loose.folder(written.oid) for written in self._written})

    def _write_waiting(self) -> None:
        if self._pool is None and len(self._waiting) <= _FEW:
            self._written += [self._write(*one) for one in self._waiting]
        else:
            self._send()
            # What could not be written says so each time it is asked, and so is never published.
            for group in self._groups:
                self._written += group.result()
        self._waiting, self._groups = [], []

    def _publish_pack(self, packing: Packing) -> bool:
        """Publish the pack. Where its name is taken by another one, its objects become files of their own instead."""
        if packing.publish():
            return True
        for oid, data in packing.objects():
            self._stage(oid, len(data), split(data))
        self._write_waiting()
        return False

    def _publish(self, written: _Written) -> None:
        if not fsio.publish(written.temp, written.final) and not self._loose.freshen(written.oid, written.size):
            fsio.move_over(written.temp, written.final)

    def _settle(self, folders: set[Path]) -> None:
        for folder in sorted(folders):
            fsio.sync_folder(folder)
        if all(folder.name in self._settled for folder in folders):
            return
        root = self._loose.root
        names = fsio.names(root)
        fsio.sync_folder(root)
        if self._new_root:
            fsio.sync_folder(root.parent)
        self._settled.update(names)


def _flat(data: bytes | memoryview) -> bytes | memoryview:
    """Return `data` so that its length is its number of bytes (the memory of an array has a shape)."""
    if isinstance(data, bytes):
        return data
    view = memoryview(data)
    return view.cast("B") if view.nbytes and view.c_contiguous else view.tobytes()


def _again(source: BinaryIO, start: int, oid: ObjectId, size: int) -> Iterator[bytes]:
    source.seek(start)
    hasher = Hasher(alone=False)
    while hasher.size < size and (piece := fill(source, min(FRAME, size - hasher.size))):
        hasher.update(piece)
        yield piece
    if hasher.id() != oid:
        name = getattr(source, "name", "the input")
        raise BadInput(f"{name} changed while it was read", hint="store it again when nothing writes to it")
