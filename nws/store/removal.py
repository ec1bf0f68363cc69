"""Taking objects out of the store in two steps, so that a writer that adds one of them meanwhile loses nothing.

Step one renames `3f9a….zst` to `3f9a….zst.doomed`: no listing shows it any more, readers still find it, and a writer
that adds the same content writes it anew. Step two looks at the file once more and removes it, or gives it its name
back. This module must not know why an object is to go.
"""

from __future__ import annotations

import itertools
import os
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from nws import fsio
from nws.ids import HEX_LENGTH, ObjectId, is_hex
from nws.store.decode import Body
from nws.store.frames import Broken, Unsupported
from nws.store.loose import SUFFIX
from nws.store.opening import DOOMED, steady
from nws.store.packremoval import PackRemoval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from nws.store.loose import Loose
    from nws.store.packs import Packs


class Held(NamedTuple):
    """The file of an object, as a listing shows it: whether it is doomed."""

    id: ObjectId
    doomed: bool


class Removal:
    """The way out of a store.

    Parameters
    ----------
    loose
        The folder of loose objects.
    packs
        The folder of packs.
    """

    def __init__(self, loose: Loose, packs: Packs) -> None:
        self._loose = loose
        self.packs = PackRemoval(packs)

    def files(self) -> Iterator[Held]:
        """Yield every file of an object, those that a removal left half-way among them, one folder in memory at a time.

        An object may have both a file and a doomed one.
        """
        root = self._loose.root
        for folder in steady(lambda: fsio.names(root)):
            if not is_hex(folder, 2):
                continue
            for name in steady(partial(fsio.names, root / folder)):
                text, ending = name[:HEX_LENGTH], name[HEX_LENGTH:]
                if ending in {SUFFIX, SUFFIX + DOOMED} and is_hex(text, HEX_LENGTH) and text.startswith(folder):
                    yield Held(ObjectId(text), doomed=ending != SUFFIX)

    def seen(self, held: Held) -> os.stat_result | None:
        """Return the time and size of a file; None if it is gone."""
        path = self._doomed(held.id) if held.doomed else self._loose.path(held.id)
        try:
            # What a file server said of a name a while ago may be older than what a writer has done since.
            with steady(lambda: open(path, "rb", buffering=0)) as handle:
                return os.fstat(handle.fileno())
        except PermissionError:
            return path.stat()
        except FileNotFoundError:
            return None

    def distrust(self, oid: ObjectId) -> None:
        """Take the name of a damaged object away, so that whoever adds it again writes it anew.

        Where it is in a pack, what can be read of the others goes into a new one first.
        """
        self.doom(oid)
        for name in self.packs.holders(oid):
            if self.packs.rewrite(name, self.packs.others(name, oid), all_of_it=False) is not None:
                self.packs.doom(name)

    def is_loose(self, oid: ObjectId) -> bool:
        """Say whether an object has a file of its own, with sane headers."""
        return _is_sound(self._loose.path(oid))

    def doom(self, oid: ObjectId) -> bool:
        """Take the name of an object away, and say whether it had one."""
        try:
            fsio.move_over(self._loose.path(oid), self._doomed(oid))
        except FileNotFoundError:
            return False
        return True

    def spare(self, oids: Iterable[ObjectId]) -> None:
        """Give doomed objects their names back; harmless for one that has its name, or is gone."""
        for _, group in itertools.groupby(oids, key=self._loose.folder):
            back = [oid for oid in group if self._give_back(oid)]
            if back:
                # A power cut must not take the doomed names away and not bring the others.
                fsio.sync_folder(self._loose.folder(back[0]))
            for oid in back:
                fsio.remove(self._doomed(oid), durable=False)

    def _give_back(self, oid: ObjectId) -> bool:
        doomed, path = self._doomed(oid), self._loose.path(oid)
        try:
            # A sound file that a writer has put there meanwhile holds the same.
            if not fsio.publish(doomed, path) and not _is_sound(path):
                fsio.move_over(doomed, path)
        except FileNotFoundError:
            return False
        return True

    def remove(self, oid: ObjectId, *, before: int) -> int | None:
        """Remove a doomed object for good, unless a writer has freshened it.

        Parameters
        ----------
        oid
            The object.
        before
            Nanoseconds: a file whose time is this or later is given its name back.

        Returns
        -------
        int | None
            Bytes of the file; None if it stays, or was gone already.
        """
        found = self.seen(Held(oid, doomed=True))
        if found is None:
            return None
        if found.st_mtime_ns >= before:
            self.spare([oid])
            return None
        fsio.remove(self._doomed(oid), durable=False)
        return found.st_size

    def _doomed(self, oid: ObjectId) -> Path:
        path = self._loose.path(oid)
        return path.with_name(path.name + DOOMED)


def _is_sound(path: Path) -> bool:
    try:
        with open(path, "rb", buffering=0) as handle:
            Body(handle)
    except (FileNotFoundError, Broken):
        return False
    except Unsupported:
        # A later version put it there, and knows.
        return True
    return True
