"""What the refs and the registered datasets of a workspace reach: the ids that a collector must keep.

This room follows names from one document to the next; it must not know what becomes of the rest. What it cannot read
it refuses to go on without, for that may name anything.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from nws import fsio
from nws.dataset.snapshot import Snapshot
from nws.errors import Damaged, UnknownName
from nws.ids import ObjectId, is_hex, is_number_name
from nws.records import Registration, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nws.records import PipelineRecord
    from nws.run import Run
    from nws.workspace import Workspace

_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_VIEW = re.compile(r"(\d{4,})_.+")
_KEPT = "nothing was removed; "


class Reach:
    """The ids that are reached, each held as 32 bytes.

    Parameters
    ----------
    workspace
        Whose refs and registrations.
    report
        Called with how many refs have been followed, every so often.
    """

    def __init__(self, workspace: Workspace, report: Callable[[int], None] = lambda _: None) -> None:
        self._workspace = workspace
        self._report = report
        self._ids: set[bytes] = set()
        self._datasets: set[str] = set()
        self._seen: dict[str, set[int]] = {}
        self._count = 0
        self.deleted: list[tuple[Run, int]] = []

    def __contains__(self, oid: ObjectId) -> bool:
        """Say whether an id is reached."""
        return bytes.fromhex(oid) in self._ids

    def look(self) -> None:
        """Follow every ref that was not followed before, and every registration.

        Raises
        ------
        Damaged
            If a run, a ref, a record, a registration or a snapshot is not there or cannot be read.
        NewerFormat
            If a later version wrote one of them.
        """
        for name in ("runs", "datasets"):
            if not (self._workspace.root / name).is_dir():
                # A disk that is not mounted looks like a workspace without runs.
                raise Damaged(
                    f"the folder {name}/ of the workspace is missing",
                    hint=f"{_KEPT}bring it back, or make an empty one: nws init",
                )
        for run in self._workspace.runs.list():
            self._look_at(run)
        self._look_at_registrations(self._workspace.datasets.folder)

    def _look_at(self, run: Run) -> None:
        seen = self._seen.setdefault(run.name, set())
        numbers = run.numbers()
        if not numbers:
            self._refuse_views_without_refs(run)
        for number in numbers:
            if number not in seen:
                self._follow_ref(run, number)
                seen.add(number)
        try:
            config = run.config()
        except UnknownName:
            # It was cut off while it began, or is being deleted.
            return
        where = f"runs/{run.name}/run_config.json"
        self._follow_dataset(config.dataset_id, where, needed=False)
        if config.configs is not None:
            self._keep(config.configs, where)

    def _keep(self, oid: str, where: str) -> None:
        if not is_hex(oid, 64):
            raise Damaged(f"{where} names configs by no id: {oid[:80]!r}", hint=f"{_KEPT}restore it")
        self._ids.add(bytes.fromhex(oid))

    def _follow_ref(self, run: Run, number: int) -> None:
        self._count += 1
        if self._count % 100 == 0:
            self._report(self._count)
        try:
            ref = run.ref(number)
        except UnknownName as err:
            if number not in run.numbers():
                # Its run is being deleted.
                return
            raise Damaged(f"{err.message}, though it is listed", hint=f"{_KEPT}try again") from err
        if ref.record is None:
            self.deleted.append((run, number))
            return
        self._ids.add(bytes.fromhex(ref.record))
        record = run.open(ref).record
        self._ids.update(map(bytes.fromhex, _named(record)))
        self._follow_dataset(record.dataset.get("id"), f"record {ref.record}", needed=True)

    def _follow_dataset(self, dataset_id: Any, where: str, *, needed: bool) -> None:
        if dataset_id in self._datasets:
            return
        if not isinstance(dataset_id, str) or not is_hex(dataset_id, 64):
            raise Damaged(f"{where} names a dataset by no id: {str(dataset_id)[:80]!r}", hint=f"{_KEPT}restore it")
        try:
            data = self._workspace.store.get(ObjectId(dataset_id))
        except UnknownName as err:
            if not needed:
                return
            raise Damaged(
                f"{where} names a dataset that is gone: {dataset_id}",
                hint=f"{_KEPT}add the dataset again from its files, or restore _binaries/ from a copy",
            ) from err
        decode(Snapshot, data, where=f"dataset {dataset_id[:6]}")
        self._datasets.add(dataset_id)
        self._ids.add(bytes.fromhex(dataset_id))
        self._ids.update(map(bytes.fromhex, _ID.findall(data.decode())))

    def _look_at_registrations(self, folder: Path) -> None:
        for file in fsio.names(folder):
            if file.startswith(".") or not file.endswith(".json"):
                continue
            try:
                data = (folder / file).read_bytes()
            except FileNotFoundError:
                # It was removed since the folder was listed.
                continue
            registration = decode(Registration, data, where=f"datasets/{file}")
            self._follow_dataset(registration.id, f"datasets/{file}", needed=True)

    def _refuse_views_without_refs(self, run: Run) -> None:
        for name in fsio.folders(run.folder):
            found = _VIEW.fullmatch(name)
            if found and is_number_name(found[1]) and (run.folder / name / "pipeline.json").is_file():
                if run.numbers():
                    return
                raise Damaged(
                    f"runs/{run.name} has views but no refs: {name}",
                    hint=f"{_KEPT}bring runs/{run.name}/_refs back from a copy, or delete the run",
                )


def _named(record: PipelineRecord) -> Iterator[str]:
    """Yield every id that a record names, those in fields that a later version may have added among them."""
    parts = [record.files, record.artifacts, record.steps, record.dataset, record.extra]
    yield from _ID.findall(json.dumps(parts))
