"""The shelves of a workspace: which kinds of copies each has, and how it names them.

This room must not know where a shelf stands.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

from nws.errors import Conflict, UsageError
from nws.imported import FOLDER, Imported
from nws.pipeline.view import ARTIFACT_FOLDER
from nws.shelf import checking, contents, forms
from nws.shelf.contents import BEST_PREDICTIONS, EXPORT, FILTERED, FULL_RUN, WHOLE
from nws.shelf.shelf import Kind, Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from nws.pipeline import Pipeline
    from nws.shelf.contents import Contents

# Forms of an export beside the folder: the same in one file, and the model in a form that needs no trust.
ZIP, SKOPS = "zip", "skops"
# The longest name that leaves room for a suffix in the 255 bytes of a name of a file.
_LONGEST = 230
_HEAD = 200


def _without_artifacts(pipeline: Pipeline) -> Contents:
    """Choose everything in a view; the model is a text that is made for the copy."""
    held = contents.export(pipeline)
    kept = {name: oid for name, oid in held.members.items() if not name.startswith(f"{ARTIFACT_FOLDER}/")}
    return dataclasses.replace(held, members=kept)


def _new_zip(path: Path, held: Contents) -> None:
    """Write a zip file, for people: like a folder, it is not made twice."""
    if os.path.lexists(path):
        raise Conflict(f"{path} is there already", hint=forms.RENAME)
    forms.zip_file(path, held)


def _no_pipeline(_pipeline: Pipeline) -> Contents:
    raise UsageError(f"a copy of kind {FULL_RUN} is of a run", hint="nws library save --from RUN")


EXPORTS = {
    EXPORT: Kind("", ("",), contents.export, forms.folder),
    ZIP: Kind("", (".zip",), contents.export, _new_zip),
    SKOPS: Kind("", ("_skops",), _without_artifacts, forms.folder),
    BEST_PREDICTIONS: Kind(BEST_PREDICTIONS, (".csv",), contents.best_predictions, forms.table),
}
ARCHIVES = {
    WHOLE: Kind(WHOLE, (".zip",), contents.whole, forms.zip_file, checking.check_zip),
    FILTERED: Kind(FILTERED, (".zip",), contents.filtered, forms.zip_file, checking.check_zip),
    BEST_PREDICTIONS: Kind(
        BEST_PREDICTIONS, (".csv", ".json"), contents.best_predictions, forms.sealed_table, checking.check_table
    ),
}
# A full run is of no pipeline: it is put, not added.
LIBRARY = {
    FILTERED: Kind(FILTERED, (".zip",), contents.filtered, forms.new_zip, checking.check_zip, forms.zip_over),
    WHOLE: Kind(WHOLE, (".zip",), contents.whole, forms.new_zip, checking.check_zip, forms.zip_over),
    FULL_RUN: Kind(FULL_RUN, (".zip",), _no_pipeline, forms.new_zip, checking.check_zip, forms.zip_over),
}


def exports(root: Path) -> Shelf:
    """Return the copies for people in a folder, called as the dataset and its date, or as a person likes."""
    return Shelf(root, EXPORTS, export_name)


def archives(root: Path) -> Shelf:
    """Return the permanent copies in a folder, called `<run>_<pipeline>`: no two pipelines have one name."""
    return Shelf(root, ARCHIVES, archive_name)


def library(root: Path) -> Shelf:
    """Return the copies in a folder that people name: each name once, whatever its kind."""
    return Shelf(root, LIBRARY, lambda pipeline, name: name or export_name(pipeline))


def marks_beside(path: Path) -> Imported:
    """Return the marks that tell whether a copy came by import, if it stands in a library: its place says so."""
    return Imported(path.parents[min(2, len(path.parents) - 1)] / FOLDER)


def export_name(pipeline: Pipeline, name: str | None = None) -> str:
    """Return `<dataset>_<date>_<pipeline>`, or `<name>_<pipeline>`."""
    record = pipeline.record
    return "_".join([name or f"{record.dataset['name']}_{record.created_at[:10]}", record.id])


def archive_name(pipeline: Pipeline, _name: str | None = None) -> str:
    """Return `<run>_<pipeline>`; one too long for a file is cut, and ends in the beginning of the record id."""
    whole = f"{pipeline.record.run_id}_{pipeline.record.id}"
    data = whole.encode()
    if len(data) <= _LONGEST:
        return whole
    return f"{data[:_HEAD].decode(errors='ignore')}_{pipeline.record_id[:16]}"
