"""The datasets of a workspace by name: one JSON file each, which names a snapshot in the store.

This room must not know of runs; removing a registration leaves the snapshot, which runs may need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws import fsio
from nws.dataset.reading import read
from nws.dataset.snapshot import load, pack
from nws.errors import Conflict, NwsError, UnknownName, UsageError
from nws.ids import check_name, closest
from nws.records import Registration, decode, encode, now, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nws.dataset.contents import Dataset, ReadOptions
    from nws.dataset.understood import Understood
    from nws.ids import ObjectId
    from nws.store import ObjectStore

_ENDING = ".json"


class Datasets:
    """The registered datasets.

    Parameters
    ----------
    folder
        `datasets/` of the workspace.
    store
        Where snapshots go.
    """

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.folder = folder
        self.store = store

    def add(self, name: str, paths: Sequence[Path], options: ReadOptions, *, replace: bool = False) -> Registration:
        """Read files, put a snapshot of them into the store and register it under a name.

        The same content under the same name changes nothing and returns the registration that is there.

        Raises
        ------
        BadInput
            If the files cannot be used as they are.
        Conflict
            If the name is taken by other content and `replace` is not set.
        """
        name = check_name(name, "dataset name")
        dataset, understood = read(paths, name=name, options=options)
        packed = pack(dataset)
        held = self._find(name)
        # The name is looked at before anything is stored, so that a refusal leaves nothing behind.
        if held is not None and not replace:
            return _unchanged(held, packed.id)
        dataset_id = packed.put(self.store)
        registration = _registration(dataset, dataset_id, understood, paths, options)
        if replace:
            fsio.replace(self._path(name), encode(registration))
        elif not fsio.write_new(self._path(name), encode(registration)):
            return _unchanged(self.get(name), dataset_id)
        return registration

    def list(self) -> list[Registration]:
        """Return all registrations, by name; files that are none are passed over."""
        found = (self._read_if_ours(file) for file in fsio.names(self.folder) if file.endswith(_ENDING))
        return [registration for registration in found if registration is not None]

    def unreadable(self) -> tuple[str, ...]:
        """Return what is wrong with each file of a registration that `list` passes over because it cannot be read."""
        found: tuple[str, ...] = ()
        for file in fsio.names(self.folder):
            try:
                self._find(check_name(file.removesuffix(_ENDING), "dataset name")) if file.endswith(_ENDING) else None
            except UsageError:
                continue
            except (NwsError, OSError) as err:
                found += (err.message if isinstance(err, NwsError) else f"datasets/{file}: {err.strerror}",)
        return found

    def has(self, name: str) -> bool:
        """Say whether a dataset of that name is registered; a text that cannot be a name is none."""
        try:
            return self._find(check_name(name, "dataset name")) is not None
        except UsageError:
            return False

    def get(self, name: str) -> Registration:
        """Return the registration of that name.

        Raises
        ------
        UnknownName
            If there is none.
        Damaged
            If its file cannot be read.
        """
        found = self._find(check_name(name, "dataset name"))
        if found is None:
            near = closest(name, [registration.name for registration in self.list()])
            hint = (
                f"did you mean {', '.join(near)}?" if near else "nws dataset list; a new one: nws dataset add NAME PATH"
            )
            raise UnknownName(f"no dataset named {name!r}", hint=hint)
        return found

    def load(self, name: str) -> Dataset:
        """Return the dataset of that name, read back from its snapshot. As `get` and `nws.dataset.load`."""
        registration = self.get(name)
        return load(self.store, registration.id, name=registration.name)

    def remove(self, name: str) -> Registration:
        """Forget a name and return what it stood for. The snapshot stays.

        Raises
        ------
        UnknownName
            If there is none of that name.
        """
        registration = self.get(name)
        fsio.remove(self._path(registration.name))
        return registration

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_ENDING}"

    def _find(self, name: str) -> Registration | None:
        path = self._path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        return decode(Registration, data, where=f"datasets/{path.name}")

    def _read_if_ours(self, file: str) -> Registration | None:
        try:
            registration = self._find(check_name(file.removesuffix(_ENDING), "dataset name"))
        except (NwsError, OSError):
            return None
        return registration if registration is not None and registration.name + _ENDING == file else None


def _unchanged(held: Registration, dataset_id: ObjectId) -> Registration:
    if held.id != dataset_id:
        raise Conflict(
            f"dataset {held.name!r} is registered with other content ({held.id[:6]}, now {dataset_id.short})",
            hint="--replace registers the new content under this name, or choose another name",
        )
    return held


def _registration(
    dataset: Dataset, dataset_id: ObjectId, understood: Understood, paths: Sequence[Path], options: ReadOptions
) -> Registration:
    return Registration(
        name=dataset.name,
        id=dataset_id,
        registered_at=timestamp(now()),
        sources=[path.as_posix() for path in paths],
        options=options.as_dict(),
        understood=understood.facts,
    )
