"""The shelves of a workspace: which kinds of copies each has, and how it names them.

This room must not know where a shelf stands.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from nws.errors import UsageError
from nws.pipeline.view import ARTIFACT_FOLDER
from nws.shelf import checking, contents, forms
from nws.shelf.contents import BEST_PREDICTIONS, FILTERED, FULL_RUN, WHOLE
from nws.shelf.manifests import beside, open_sealed
from nws.shelf.opening import open_any
from nws.shelf.shelf import Form, Kind, Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from nws.pipeline import Pipeline
    from nws.records import JsonMap
    from nws.shelf.contents import Contents

# Forms of an export: plain files, the same in one file, and the model in a form that needs no trust.
FOLDER, ZIP, SKOPS = "folder", "zip", "skops"
# The longest name that leaves room for a suffix in the 255 bytes of a name of a file.
_LONGEST = 230
_HEAD = 200


def _without_artifacts(pipeline: Pipeline) -> Contents:
    """Choose everything in a view; the model is a text that is made for the copy."""
    held = contents.export(pipeline)
    kept = {name: oid for name, oid in held.members.items() if not name.startswith(f"{ARTIFACT_FOLDER}/")}
    return dataclasses.replace(held, members=kept)


def _no_pipeline(_pipeline: Pipeline) -> Contents:
    raise UsageError(f"a copy of kind {FULL_RUN} is of a run", hint="nws library save --from RUN")


def _source(path: Path) -> JsonMap:
    return open_any(path).source


def _source_of_table(path: Path) -> JsonMap:
    alone = beside(path)
    return open_sealed(alone.read_bytes(), where=str(alone)).source


_FOLDER = Form(("",), checking.check_folder, _source, of_folders=True)
_FOLDER_OF_SKOPS = _FOLDER._replace(suffixes=("_skops",))
_ZIP = Form((".zip",), checking.check_zip, _source)
_TABLE = Form((".csv", ".json"), checking.check_table, _source_of_table)
_new_table = functools.partial(forms.table, hint=forms.RENAME)
_named_zip = functools.partial(forms.new_zip, hint=forms.NAME)

# The manifest of an export says the same in every form; its name says which form it has.
EXPORTS = {
    FOLDER: Kind("", _FOLDER, contents.export, forms.folder, forms.folder_over),
    ZIP: Kind("", _ZIP, contents.export, forms.new_zip, forms.zip_over),
    SKOPS: Kind("", _FOLDER_OF_SKOPS, _without_artifacts, forms.folder, forms.folder_over),
    BEST_PREDICTIONS: Kind(BEST_PREDICTIONS, _TABLE, contents.best_predictions, _new_table, forms.table_over),
}
ARCHIVES = {
    WHOLE: Kind(WHOLE, _ZIP, contents.whole, forms.zip_file),
    FILTERED: Kind(FILTERED, _ZIP, contents.filtered, forms.zip_file),
    BEST_PREDICTIONS: Kind(BEST_PREDICTIONS, _TABLE, contents.best_predictions, forms.table),
}
# A full run is of no pipeline: it is put, not added.
LIBRARY = {
    FILTERED: Kind(FILTERED, _ZIP, contents.filtered, _named_zip, forms.zip_over),
    WHOLE: Kind(WHOLE, _ZIP, contents.whole, _named_zip, forms.zip_over),
    FULL_RUN: Kind(FULL_RUN, _ZIP, _no_pipeline, _named_zip, forms.zip_over),
}
# Reports of runs lie among the exports.
REPORTS = "session_reports"


def exports(root: Path) -> Shelf:
    """Return the copies for people in a folder, called as the dataset and its date, or as a person likes."""
    return Shelf(root, EXPORTS, export_name, beside=(REPORTS,))


def archives(root: Path) -> Shelf:
    """Return the permanent copies in a folder, called `<run>_<pipeline>`: no two pipelines have one name."""
    return Shelf(root, ARCHIVES, archive_name)


def library(root: Path) -> Shelf:
    """Return the copies in a folder that people name: each name once, whatever its kind."""
    return Shelf(root, LIBRARY, lambda pipeline, name: name or export_name(pipeline))


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
