"""Giving back the space of packs: those of which nothing is reached go, and those of which little is are written anew.

The store does the steps on one pack; this room orders them as `nws.upkeep.gc` does for loose objects, and must not know
what reaches an object.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nws.ids import ObjectId
    from nws.store.packremoval import HeldPack
    from nws.store.removal import Removal
    from nws.upkeep.reach import Reach

_EVERY = 100


@dataclass
class Tally:
    """Numbers of objects, as `nws.upkeep.gc.Collected` has them, and bytes of the files removed."""

    examined: int = 0
    reachable: int = 0
    in_packs: int = 0
    removed: int = 0
    removed_bytes: int = 0


@dataclass(frozen=True)
class _Leaving:
    """A pack that is to go: what of it is reached, and is in a new pack of so many bytes."""

    held: HeldPack
    rewritten: frozenset[ObjectId] = field(default_factory=frozenset)
    new_bytes: int = 0


class PackCollector:
    """One collection, over all packs.

    Parameters
    ----------
    removal
        The way out of the store.
    reach
        The ids that are reached; it may grow between `doom` and `remove`.
    report
        Called with how far it is, in words, every so often.
    """

    def __init__(self, removal: Removal, reach: Reach, report: Callable[[str], None]) -> None:
        self._removal, self._packs = removal, removal.packs
        self._reach = reach
        self._report = report
        self._leaving: dict[str, _Leaving] = {}
        self.tally = Tally()

    def survey(self, before: int) -> None:
        """Say what a collection would do."""
        for held, living in self._candidates(before):
            new = self._packs.size_rewritten(held.name, living) if living else 0
            self._left(held) if new is None else self._gone(_Leaving(held, living, new), held.stored)

    def doom(self, before: int) -> None:
        """Take the names of packs away that are to go, when what is to stay of them is elsewhere."""
        for held, living in self._candidates(before, spare=True):
            new = self._packs.rewrite(held.name, living) if living else 0
            if new is None:
                self._left(held)
            elif held.doomed or self._packs.doom(held.name):
                self._leaving[held.name] = _Leaving(held, living, new)

    def remove(self, before: int) -> None:
        """Remove what was doomed, but for packs of which more is reached by now or that were touched."""
        for count, (name, leaving) in enumerate(self._leaving.items(), 1):
            reached = frozenset(oid for oid in leaving.held.sizes if oid in self._reach)
            if self._needed(leaving.held, reached - leaving.rewritten):
                self._packs.spare(name)
            elif (freed := self._packs.remove(name, before=before)) is not None:
                self._gone(leaving, freed)
            if count % _EVERY == 0:
                self._report(f"{count:,} of {len(self._leaving):,} packs gone through")

    def spare(self) -> None:
        """Give all that was doomed its name back."""
        for name in self._leaving:
            self._packs.spare(name)

    def _candidates(self, before: int, *, spare: bool = False) -> Iterator[tuple[HeldPack, frozenset[ObjectId]]]:
        """Yield packs that are to go, each with the objects that are to be written anew before."""
        for count, held in enumerate(self._packs.packs(), 1):
            if count % _EVERY == 0:
                self._report(f"{count:,} packs examined")
            reached = frozenset(oid for oid in held.sizes if oid in self._reach)
            self.tally.examined += len(held.sizes)
            self.tally.reachable += len(reached)
            living = self._needed(held, reached)
            if held.time < before and _mostly_dead(held, living):
                yield held, living
                continue
            if held.time < before:
                self._left(held)
            # What is reached and has another file by now may stay half-way out until it is old.
            if spare and held.doomed and (living or not reached):
                self._packs.spare(held.name)

    def _needed(self, held: HeldPack, reached: frozenset[ObjectId]) -> frozenset[ObjectId]:
        """Return those that no other file holds; asked only where a name was taken away for that reason."""
        if not held.doomed:
            return reached
        return frozenset(oid for oid in reached if not self._removal.is_loose(oid) and not self._packs.holders(oid))

    def _left(self, held: HeldPack) -> None:
        self.tally.in_packs += sum(oid not in self._reach for oid in held.sizes)

    def _gone(self, leaving: _Leaving, freed: int) -> None:
        self.tally.removed += sum(oid not in self._reach for oid in leaving.held.sizes)
        self.tally.removed_bytes += freed - leaving.new_bytes


def _mostly_dead(held: HeldPack, living: frozenset[ObjectId]) -> bool:
    return 2 * sum(held.sizes[oid] for oid in living) < sum(held.sizes.values())
