"""Named copies of pipelines outside the store: files that people take along, each with a manifest.

A copy is whole or not there, and needs nothing of the workspace it came from. This room must not know what the
members mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws import fsio
from nws.errors import Conflict
from nws.pipeline.view import PREDICTIONS_FILE, RECORD_FILE
from nws.records import Manifest, encode

if TYPE_CHECKING:
    from pathlib import Path

    from nws.pipeline import Pipeline

MANIFEST_FILE = "manifest.json"
PREDICTIONS_FOLDER = "best_predictions"


class Shelf:
    """A folder of copies.

    Parameters
    ----------
    root
        Where the copies stand; made when the first one is added.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, pipeline: Pipeline, *, name: str | None = None) -> Path:
        """Copy a pipeline out: record, metrics, predictions, and its artifacts as plain files.

        Parameters
        ----------
        pipeline
            What to copy.
        name
            Stands in the place of dataset and date in the name of the folder.

        Returns
        -------
        Path
            The new folder.

        Raises
        ------
        Conflict
            If a copy of that name is there.
        """
        record = pipeline.record
        members = {RECORD_FILE: pipeline.record_id, **pipeline.named_files(artifacts=True)}
        manifest = Manifest(
            kind="export",
            source={"record": pipeline.record_id, "run_id": record.run_id, "pipeline_id": record.id},
            members={member: {"blake3": oid, "size_bytes": pipeline.size(oid)} for member, oid in members.items()},
        )
        folder = self.root / copy_name(pipeline, name)
        files = {member: pipeline.writer(oid) for member, oid in members.items()}
        if not fsio.write_folder(folder, {**files, MANIFEST_FILE: encode(manifest)}):
            raise Conflict(f"{folder} is there already", hint="remove it first, or give another --custom-name")
        return folder

    def add_predictions(self, pipeline: Pipeline, *, name: str | None = None) -> Path:
        """Copy only the predictions, as one CSV file.

        Raises
        ------
        Conflict
            If the pipeline has no predictions, or a file of that name with other bytes is there.
        """
        data = pipeline.file(PREDICTIONS_FILE)
        if data is None:
            raise Conflict(f"{pipeline.path} has no predictions: it {pipeline.record.status}")
        path = self.root / PREDICTIONS_FOLDER / f"{copy_name(pipeline, name)}.csv"
        fsio.make_folder(path.parent)
        if not fsio.write_new(path, data) and path.read_bytes() != data:
            raise Conflict(f"{path} is there already", hint="remove it first, or give another --custom-name")
        return path


def copy_name(pipeline: Pipeline, name: str | None = None) -> str:
    """Return `<dataset>_<date>_<pipeline>`, or `<name>_<pipeline>`."""
    record = pipeline.record
    return "_".join([name or f"{record.dataset['name']}_{record.created_at[:10]}", record.id])
