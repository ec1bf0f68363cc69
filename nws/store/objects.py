"""The store as everybody sees it: put bytes, get them back, know what is there.

An object is a file of its own, or one of many in a pack; a file of its own is asked first, for it may be there to heal
what is damaged in a pack. This module hands on what its neighbours do; it must not know frames or where a file lies.
"""

from __future__ import annotations

import heapq
import io
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from nws.errors import Damaged, UnknownName, UsageError
from nws.ids import HEX_LENGTH, SHORT_LENGTH, ObjectId, is_prefix
from nws.store.frames import Broken
from nws.store.hashing import Hasher
from nws.store.loose import Loose
from nws.store.opening import steady
from nws.store.packs import Packs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from nws.store.batch import Batch
    from nws.store.decode import Body
    from nws.store.encode import Encoder
    from nws.store.removal import Removal
    from nws.store.unpack import Packed

_SHOWN_CANDIDATES = 5


class ObjectInfo(NamedTuple):
    """One stored object: its id, the size of its content, and that of its file or its share of a pack, in bytes."""

    id: ObjectId
    size: int
    stored: int


class ObjectCount(NamedTuple):
    """All stored objects: their number, the bytes of their content and of their files, and how many do not open."""

    objects: int
    size: int
    stored: int
    damaged: int


class ObjectStore:
    """Bytes kept under the BLAKE3 of their content.

    Parameters
    ----------
    root
        The folder of the store; it is made when something is put.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._loose = Loose(root)
        self._packs = Packs(root)
        self._settled: set[str] = set()

    @cached_property
    def _encoder(self) -> Encoder:
        from nws.store.encode import Encoder

        return Encoder()

    @property
    def removal(self) -> Removal:
        """The way out: what a collector of objects that nothing names works with."""
        from nws.store.removal import Removal

        return Removal(self._loose, self._packs)

    def put(self, data: bytes | memoryview) -> ObjectId:
        """Add bytes and return their id; they are durable then. Known content is not written again."""
        with self.batch() as batch:
            return batch.put(data)

    def put_file(self, path: Path) -> ObjectId:
        """Add the content of a file, in bounded memory, and return its id.

        Raises
        ------
        BadInput
            If it changed while it was read.
        """
        with self.batch() as batch:
            return batch.put_file(path)

    def put_stream(self, source: BinaryIO) -> ObjectId:
        """Add what is left in `source`, in bounded memory, and return its id.

        A long source that cannot go back is first written to a temporary file in the store.

        Raises
        ------
        BadInput
            If it changed while it was read.
        """
        with self.batch() as batch:
            return batch.put_stream(source)

    def batch(self) -> Batch:
        """Return a context in which many objects are added at little more than the cost of one.

        They are durable and readable when it has ended; an error in it adds none of them.
        """
        # Who only reads does not load what writes.
        from nws.store.batch import Batch

        return Batch(self._loose, self._packs, self._encoder, self._settled)

    def _body(self, oid: ObjectId) -> AbstractContextManager[Body | Packed]:
        handle = self._loose.open_at_once(oid)
        packed = self._packs.find(oid) if handle is None else None
        if handle is None and packed is None:
            handle = self._loose.open(oid)
            packed = self._packs.find(oid, anew=True) if handle is None else None
        if handle is not None:
            return self._loose.body(oid, handle)
        if packed is not None:
            return packed
        raise UnknownName(f"no object {oid} in {self.root}", hint="`nws ls-objects` lists what is stored")

    def get(self, oid: ObjectId) -> bytes:
        """Return the content of an object, its id checked.

        Raises
        ------
        UnknownName
            If it is not stored.
        Damaged
            If its file does not hold what the id says.
        """
        return steady(lambda: self._get(oid))

    def _get(self, oid: ObjectId) -> bytes:
        with self._body(oid) as body:
            if body.doubtful:
                _drain(body, oid)
            content = io.BytesIO()
            for piece in _checked(body, oid):
                content.write(piece)
            return content.getvalue()

    def open(self, oid: ObjectId) -> Iterator[bytes | memoryview]:
        """Yield the content of an object in pieces, in bounded memory.

        A piece is good until the next one is asked for. The id is checked before the last piece is handed on: who
        writes the pieces to a staged file, and publishes it after the last one, never publishes damage.

        Raises
        ------
        UnknownName
            If it is not stored.
        Damaged
            If its file does not hold what the id says; pieces may have been handed on by then.
        """
        with self._body(oid) as body:
            yield from _checked(body, oid)

    def has(self, oid: ObjectId) -> bool:
        """Say whether an object is stored, by opening it. An empty or torn file is none; its content is not read."""
        try:
            with self._body(oid):
                return True
        except (UnknownName, Damaged):
            return False

    def info(self, oid: ObjectId) -> ObjectInfo:
        """Return the sizes of an object, from its headers.

        Raises
        ------
        UnknownName
            If it is not stored.
        Damaged
            If its headers do not fit its file.
        """
        return steady(lambda: self._info(oid))

    def _info(self, oid: ObjectId) -> ObjectInfo:
        with self._body(oid) as body:
            size = _drain(body, oid) if body.plain is None else body.plain
            return ObjectInfo(id=oid, size=size, stored=body.stored)

    def verify(self, oid: ObjectId) -> None:
        """Read an object through.

        Raises
        ------
        UnknownName
            If it is not stored.
        Damaged
            If its file does not hold what the id says.
        """
        with self._body(oid) as body:
            _drain(body, oid)

    def list(self, prefix: str = "") -> Iterator[ObjectId]:
        """Yield the ids of all objects that begin with `prefix`, sorted, whether their files are sound or not."""
        merged = heapq.merge(self._loose.ids(prefix), self._packs.ids(prefix))
        return (oid for oid, _ in groupby(merged))

    def packed(self, ids: Iterable[ObjectId]) -> Sequence[ObjectId]:
        """Return those objects that lie in packs, as they lie there: read in this order, none costs more than once."""
        self._packs.look(if_changed=True)
        places = [(place, oid) for oid in ids if (place := self._packs.place(oid)) is not None]
        return [oid for _, oid in sorted(places)]

    def resolve(self, prefix: str) -> ObjectId:
        """Return the one stored id that begins with `prefix` (six digits or more).

        Raises
        ------
        UsageError
            If it is not the beginning of an id.
        UnknownName
            If there is no such object, or more than one: the hint lists them.
        """
        if not is_prefix(prefix):
            raise UsageError(
                f"not an object id: {prefix[:80]!r}",
                hint=f"an id is {SHORT_LENGTH} to {HEX_LENGTH} lower-case hexadecimal digits",
            )
        found = list(self.list(prefix))
        if len(found) == 1:
            return found[0]
        if not found:
            raise UnknownName(f"no object {prefix} in {self.root}", hint="`nws ls-objects` lists what is stored")
        shown = ", ".join(found[:_SHOWN_CANDIDATES]) + (", …" if len(found) > _SHOWN_CANDIDATES else "")
        raise UnknownName(f"{prefix} begins the ids of {len(found)} objects", hint=f"one of {shown}")

    def count(self) -> ObjectCount:
        """Return the number of objects and their bytes."""
        objects = size = stored = damaged = 0
        loose = ((oid, None) for oid in self._loose.ids())
        packed = ((one.id, one) for one in self._packs.sizes())
        for _, same in groupby(heapq.merge(loose, packed, key=itemgetter(0)), key=itemgetter(0)):
            oid, place = next(same)
            try:
                info = self.info(oid) if place is None else place
            except UnknownName:
                continue
            except Damaged:
                damaged += 1
                continue
            if info.stored is None:
                damaged += 1
                continue
            objects, size, stored = objects + 1, size + info.size, stored + info.stored
        return ObjectCount(objects=objects, size=size, stored=stored, damaged=damaged)


def _checked(body: Body | Packed, oid: ObjectId) -> Iterator[bytes | memoryview]:
    """Yield the content of `body`, the last piece only after its id was found right."""
    hasher = Hasher(alone=False)
    for piece in body.pieces():
        hasher.update(piece)
        if hasher.size == body.plain and hasher.id() != oid:
            raise Broken("its bytes do not match its id")
        yield piece
    if hasher.id() != oid:
        raise Broken("its bytes do not match its id")


def _drain(body: Body | Packed, oid: ObjectId) -> int:
    """Read `body` through and return the size of its content."""
    return sum(len(piece) for piece in _checked(body, oid))
