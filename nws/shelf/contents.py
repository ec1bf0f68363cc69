"""What a copy of each kind holds: names of files, and the objects or texts whose bytes they have.

This room chooses; it must not know how a copy is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO, Protocol

from nws.errors import Conflict
from nws.ids import ObjectId
from nws.pipeline.view import ARTIFACT_FOLDER, METRICS_FILE, PREDICTIONS_FILE, RECORD_FILE
from nws.records import Manifest, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from nws.records import JsonMap, PipelineRecord

EXPORT, FILTERED, WHOLE, BEST_PREDICTIONS = "export", "filtered", "pipeline", "best_predictions"
FULL_RUN = "fullrun"
# The dataset as its two objects: the snapshot document, and the spectra that it names.
DATASET_FILE = "dataset/snapshot.json"
SPECTRA_FILE = "dataset/spectra.npy"


class Held(Protocol):
    """Where the objects of a copy are read from."""

    def size(self, oid: ObjectId) -> int:
        """Return the size of an object in bytes."""

    def open(self, oid: ObjectId) -> Iterator[bytes | memoryview]:
        """Yield an object in pieces, checked on the way."""


class Recorded(Held, Protocol):
    """A pipeline, in a workspace or in a copy."""

    @property
    def record(self) -> PipelineRecord:
        """Its record."""

    @property
    def record_id(self) -> ObjectId:
        """The id of the record."""

    def named_files(self, *, artifacts: bool = False) -> dict[str, ObjectId]:
        """Return the objects that the record names, by the names they have as plain files."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a copy holds: members that are objects of the store, and texts that are made for the copy.

    `source` says what it was made from; `held` is where the objects are read from.
    """

    kind: str
    source: JsonMap
    held: Held
    members: Mapping[str, ObjectId]
    texts: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of all members, sorted."""
        return sorted([*self.members, *self.texts])

    def id(self, name: str) -> ObjectId:
        """Return the BLAKE3 of a member."""
        return ObjectId.of(self.texts[name]) if name in self.texts else self.members[name]

    def size(self, name: str) -> int:
        """Return the size of a member in bytes.

        Raises
        ------
        Damaged
            If its object is not in the store, or its headers do not fit its file.
        """
        return len(self.texts[name]) if name in self.texts else self.held.size(self.members[name])

    def open(self, name: str) -> Iterator[bytes | memoryview]:
        """Yield a member in pieces, checked on the way.

        Raises
        ------
        Damaged
            If its object is not in the store, or not what its id says; pieces may have been handed on by then.
        """
        if name in self.texts:
            yield self.texts[name]
        else:
            yield from self.held.open(self.members[name])

    def writer(self, name: str) -> Callable[[BinaryIO], None]:
        """Return a function that writes a member to an open file."""
        return lambda target: target.writelines(self.open(name))

    def manifest(self) -> Manifest:
        """Return what the manifest of the copy says. Nothing of the moment or the machine is in it.

        Raises
        ------
        Damaged
            If an object is not in the store, or its headers do not fit its file.
        """
        members = {name: {"blake3": self.id(name), "size_bytes": self.size(name)} for name in self.names}
        return Manifest(kind=self.kind, source=self.source, members=members)


def export(pipeline: Recorded) -> Contents:
    """Choose everything in a view, and the artifacts as plain files."""
    return _of(pipeline, EXPORT, _shown(pipeline))


def whole(pipeline: Recorded) -> Contents:
    """Choose everything that the record names, the dataset too: what reproducing it takes."""
    return _of(pipeline, WHOLE, {**_shown(pipeline), **_dataset(pipeline)})


def filtered(pipeline: Recorded, *, binaries: bool = False) -> Contents:
    """Choose the record with its config, the figures, and the fitted steps that predicting takes.

    Parameters
    ----------
    pipeline
        Of which.
    binaries
        Also the artifacts that predicting does not take: the fitted steps of each fold, where they were kept.

    Raises
    ------
    Conflict
        If the pipeline failed, and so has none.
    """
    record = pipeline.record
    if METRICS_FILE not in record.files:
        raise Conflict(
            f"pipeline {record.run_id}/{record.id} has no model to keep: it {record.status}",
            hint=f"--kind {WHOLE} keeps it",
        )
    used = {step.get("artifact") for step in record.steps}
    fitted = [
        artifact["name"]
        for artifact in record.artifacts
        if binaries or (artifact["object"] in used and "fold" not in artifact)
    ]
    wanted = {RECORD_FILE, METRICS_FILE, *(f"{ARTIFACT_FOLDER}/{name}.joblib" for name in fitted)}
    members = {name: oid for name, oid in _shown(pipeline).items() if name in wanted}
    return _of(pipeline, FILTERED, members)


def best_predictions(pipeline: Recorded) -> Contents:
    """Choose the predictions alone.

    Raises
    ------
    Conflict
        If the pipeline failed, and so has none.
    """
    record = pipeline.record
    oid = record.files.get(PREDICTIONS_FILE)
    if oid is None:
        raise Conflict(f"pipeline {record.run_id}/{record.id} has no predictions: it {record.status}")
    return _of(pipeline, BEST_PREDICTIONS, {PREDICTIONS_FILE: ObjectId(oid)})


def told(contents: Contents, description: str) -> Contents:
    """Return contents whose manifest has words of a person, too."""
    return replace(contents, source={**contents.source, "description": description}) if description else contents


def _of(pipeline: Recorded, kind: str, members: Mapping[str, ObjectId]) -> Contents:
    record = pipeline.record
    source = {"record": pipeline.record_id, "run_id": record.run_id, "pipeline_id": record.id}
    return Contents(kind=kind, source=source, held=pipeline, members=members)


def _shown(pipeline: Recorded) -> dict[str, ObjectId]:
    return {RECORD_FILE: pipeline.record_id, **pipeline.named_files(artifacts=True)}


def _dataset(pipeline: Recorded) -> dict[str, ObjectId]:
    from nws.dataset.snapshot import Snapshot

    oid = ObjectId(pipeline.record.dataset["id"])
    document = decode(Snapshot, b"".join(pipeline.open(oid)), where=f"dataset {oid.short}")
    (spectra,) = document.objects()
    return {DATASET_FILE: oid, SPECTRA_FILE: spectra}
