"""What a copy of each kind holds: names of files, and the objects whose bytes they have.

This room chooses; it must not know how a copy is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.errors import Conflict
from nws.ids import ObjectId
from nws.pipeline.view import ARTIFACT_FOLDER, METRICS_FILE, PREDICTIONS_FILE, RECORD_FILE
from nws.records import Manifest, decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nws.pipeline import Pipeline

EXPORT, FILTERED, WHOLE, BEST_PREDICTIONS = "export", "filtered", "pipeline", "best_predictions"
# The dataset as its two objects: the snapshot document, and the spectra that it names.
DATASET_FILE = "dataset/snapshot.json"
SPECTRA_FILE = "dataset/spectra.npy"


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a copy of one pipeline holds: file → object."""

    kind: str
    pipeline: Pipeline
    members: Mapping[str, ObjectId]

    def manifest(self) -> Manifest:
        """Return what the manifest of the copy says. Nothing of the moment or the machine is in it.

        Raises
        ------
        Damaged
            If an object is not in the store, or its headers do not fit its file.
        """
        record = self.pipeline.record
        return Manifest(
            kind=self.kind,
            source={"record": self.pipeline.record_id, "run_id": record.run_id, "pipeline_id": record.id},
            members={
                name: {"blake3": oid, "size_bytes": self.pipeline.size(oid)} for name, oid in self.members.items()
            },
        )


def export(pipeline: Pipeline) -> Contents:
    """Choose everything in a view, and the artifacts as plain files."""
    return Contents(kind=EXPORT, pipeline=pipeline, members=_shown(pipeline))


def whole(pipeline: Pipeline) -> Contents:
    """Choose everything that the record names, the dataset too: what reproducing it takes."""
    return Contents(kind=WHOLE, pipeline=pipeline, members={**_shown(pipeline), **_dataset(pipeline)})


def filtered(pipeline: Pipeline) -> Contents:
    """Choose the record with its config, the figures, and the fitted steps that predicting takes.

    Raises
    ------
    Conflict
        If the pipeline failed, and so has none.
    """
    record = pipeline.record
    if METRICS_FILE not in record.files:
        raise Conflict(f"{pipeline.path} has no model to keep: it {record.status}", hint=f"--kind {WHOLE} keeps it")
    used = {step.get("artifact") for step in record.steps}
    fitted = [
        artifact["name"] for artifact in record.artifacts if artifact["object"] in used and "fold" not in artifact
    ]
    wanted = {RECORD_FILE, METRICS_FILE, *(f"{ARTIFACT_FOLDER}/{name}.joblib" for name in fitted)}
    members = {name: oid for name, oid in _shown(pipeline).items() if name in wanted}
    return Contents(kind=FILTERED, pipeline=pipeline, members=members)


def best_predictions(pipeline: Pipeline) -> Contents:
    """Choose the predictions alone.

    Raises
    ------
    Conflict
        If the pipeline failed, and so has none.
    """
    oid = pipeline.record.files.get(PREDICTIONS_FILE)
    if oid is None:
        raise Conflict(f"{pipeline.path} has no predictions: it {pipeline.record.status}")
    return Contents(kind=BEST_PREDICTIONS, pipeline=pipeline, members={PREDICTIONS_FILE: ObjectId(oid)})


def _shown(pipeline: Pipeline) -> dict[str, ObjectId]:
    return {RECORD_FILE: pipeline.record_id, **pipeline.named_files(artifacts=True)}


def _dataset(pipeline: Pipeline) -> dict[str, ObjectId]:
    from nws.dataset.snapshot import Snapshot

    oid = ObjectId(pipeline.record.dataset["id"])
    document = decode(Snapshot, b"".join(pipeline.open(oid)), where=f"dataset {oid.short}")
    (spectra,) = document.objects()
    return {DATASET_FILE: oid, SPECTRA_FILE: spectra}
