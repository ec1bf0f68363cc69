"""A record and its view: the folder `NNNN_[NAME_]HASH/` with the record and every file that it names.

This room must not know how a record came about; whatever is in a view can be thrown away and rendered again.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from nws import fsio
from nws.errors import Damaged, UnknownName
from nws.ids import ObjectId
from nws.records import Metrics, PipelineRecord, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from nws.store import ObjectStore

RECORD_FILE = "pipeline.json"
METRICS_FILE = "metrics.json"
PREDICTIONS_FILE = "predictions.csv"
ARTIFACT_FOLDER = "artifacts"
_APART = frozenset("/\\\0")
RESTORE = "restore _binaries/ from a copy, or delete the run with `nws runs delete` and run it again"


def read_record(data: bytes, *, where: str) -> PipelineRecord:
    """Read the bytes of a record.

    Raises
    ------
    Damaged
        If they are none, or it names files that would be written elsewhere than in its view.
    """
    record = decode(PipelineRecord, data, where=where)
    for name in (record.run_id, record.id, *record.files, *(item.get("name", "") for item in record.artifacts)):
        if name in {"", ".", ".."} or not _APART.isdisjoint(name):
            raise Damaged(f"{where}: {name!r} is not the name of a file or folder")
    return record


def files_of(record: PipelineRecord, *, artifacts: bool) -> dict[str, ObjectId]:
    """Return the objects that a record names, by the names they have as plain files; see `Pipeline.named_files`."""
    named = {name: ObjectId(oid) for name, oid in record.files.items()}
    if artifacts:
        for artifact in record.artifacts:
            named[f"{ARTIFACT_FOLDER}/{artifact['name']}.joblib"] = ObjectId(artifact["object"])
    return named


@dataclass(frozen=True)
class Pipeline:
    """One executed pipeline.

    Parameters
    ----------
    store
        Where the record and everything it names is kept.
    record_id
        Id of the record: the BLAKE3 of `pipeline.json`.
    record
        The record.
    runs
        `WORKSPACE/runs`.
    """

    store: ObjectStore
    record_id: ObjectId
    record: PipelineRecord
    runs: Path

    @classmethod
    def load(cls, store: ObjectStore, record_id: ObjectId, *, runs: Path) -> Self:
        """Read and check a record.

        Raises
        ------
        UnknownName
            If the store has no such object.
        Damaged
            If its bytes do not match the id, or are not a record.
        """
        return cls(store, record_id, read_record(store.get(record_id), where=f"record {record_id}"), runs)

    @property
    def view(self) -> Path:
        """The folder that shows this pipeline."""
        return self.runs / self.record.run_id / self.record.id

    @property
    def path(self) -> str:
        """The view relative to the workspace, with `/`."""
        return f"runs/{self.record.run_id}/{self.record.id}"

    @property
    def ref(self) -> str:
        """The short name of this pipeline: `RUN/0007`."""
        return f"{self.record.run_id}/{self.record.number:04d}"

    def file(self, name: str) -> bytes | None:
        """Return one of the files that the record names, checked; None where it names no such file.

        Raises
        ------
        Damaged
            If the file is not in the store, or not what its id says.
        """
        named = self.record.files.get(name)
        if named is None:
            return None
        with self._expected():
            return self.store.get(ObjectId(named))

    def metrics(self) -> Metrics | None:
        """Return the figures of merit; None for a pipeline that failed."""
        data = self.file(METRICS_FILE)
        return None if data is None else decode(Metrics, data, where=f"{self.path}/{METRICS_FILE}")

    def named_files(self, *, artifacts: bool = False) -> dict[str, ObjectId]:
        """Return the objects that the record names, by the names they have as plain files.

        Parameters
        ----------
        artifacts
            Also the fitted steps, as `artifacts/<name>.joblib`.
        """
        return files_of(self.record, artifacts=artifacts)

    def render(self, *, artifacts: bool = False) -> Path:
        """Write the view, each file whole; files there that the record does not name are left alone.

        Parameters
        ----------
        artifacts
            Also write the fitted steps as plain files into `artifacts/`.

        Returns
        -------
        Path
            The folder.
        """
        named = {RECORD_FILE: self.record_id, **self.named_files(artifacts=artifacts)}
        fsio.write_folder(self.view, {name: self.writer(oid) for name, oid in named.items()}, over=True)
        return self.view

    def writer(self, oid: ObjectId) -> Callable[[BinaryIO], None]:
        """Return a function that writes an object to an open file, checked on the way."""
        return lambda target: target.writelines(self.open(oid))

    def open(self, oid: ObjectId) -> Iterator[bytes | memoryview]:
        """Yield an object that the record names in pieces, as `ObjectStore.open` does.

        Raises
        ------
        Damaged
            If it is not in the store, or not what its id says; pieces may have been handed on by then.
        """
        with self._expected():
            yield from self.store.open(oid)

    def size(self, oid: ObjectId) -> int:
        """Return the size in bytes of an object that the record names, as a plain file."""
        with self._expected():
            return self.store.info(oid).size

    @contextlib.contextmanager
    def _expected(self) -> Iterator[None]:
        """Tell an object that a record names and that is gone from a name that somebody mistyped."""
        try:
            yield
        except UnknownName as err:
            raise Damaged(f"{self.path} names what is gone: {err.message}", hint=RESTORE) from err

    def is_rendered(self) -> bool:
        """Say whether the view is there with the right record in it."""
        try:
            return ObjectId.of((self.view / RECORD_FILE).read_bytes()) == self.record_id
        except OSError:
            return False
