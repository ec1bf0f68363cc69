"""Fitted steps of each fold, kept beside those of the final fit where that is asked for: `--keep-folds`.

They go to the store while the folds go on, so that memory has those of a fold at most. This room must not know how a
fold is fitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.engine import artifacts

if TYPE_CHECKING:
    from nws.engine.protocol import Member, Saved
    from nws.ids import ObjectId
    from nws.store import ObjectStore

# Of artifacts that wait to be stored, held in memory by a worker.
ROOM = 32 << 20


def described(item: Saved, oid: ObjectId, *, fold: int | None = None) -> dict[str, Any]:
    """Return what a record says of a stored step; of a fold where it is not of the final fit."""
    name = f"{item.number}_{item.class_path.rpartition('.')[2]}"
    told = {
        "step": item.number,
        "name": name if fold is None else f"{name}_fold{fold}",
        "class": item.class_path,
        "object": str(oid),
        "size_bytes": len(item.data),
        "format": artifacts.FORMAT,
    }
    return told if fold is None else {**told, "fold": fold}


class FoldSteps:
    """The fitted steps of the folds of some pipelines.

    Parameters
    ----------
    store
        Where they go.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._waiting: dict[str, list[tuple[Member, int, Saved]]] = {}
        self._held = 0
        self._stored: dict[Member, list[dict[str, Any]]] = {}

    def add(self, member: Member, fold: int, saved: tuple[Saved, ...]) -> None:
        """Take the steps of a fold, counted from 0, and store what has gathered if it is much."""
        for item in saved:
            self._waiting.setdefault(item.number, []).append((member, fold, item))
            self._held += len(item.data)
        if self._held > ROOM:
            self._store_all()

    def of(self, member: Member) -> list[dict[str, Any]]:
        """Return what the record of a pipeline says of its steps in the folds, all of which are stored then."""
        self._store_all()
        return sorted(self._stored.get(member, []), key=lambda told: (told["fold"], int(told["step"])))

    def _store_all(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting, self._held = self._waiting, {}, 0
        with self._store.batch() as batch:
            for step in waiting.values():
                # The same step of several folds and pipelines: they resemble one another.
                ids = batch.put_group([item.data for *_, item in step])
                for (member, fold, item), oid in zip(step, ids, strict=True):
                    self._stored.setdefault(member, []).append(described(item, oid, fold=fold))
