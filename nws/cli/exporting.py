"""The command that copies pipelines out for people: export."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.output import Output, Progress
from nws.cli.session import Handed
from nws.errors import UsageError
from nws.words import plural

if TYPE_CHECKING:
    from nws.pipeline import Pipeline
    from nws.report.exporting import Exported, Exporting
    from nws.shelf import Shelf
    from nws.workspace import Workspace

Refs = Annotated[
    list[str], Parameter(help="RUN/0007, RUN/best, RUN/last, best:DATASET, a view, or the start of an id.")
]
_FOLDER = "folder"


def export(
    refs: Refs,
    /,
    *,
    custom_name: str | None = None,
    output: Path | None = None,
    predictions_only: bool = False,
    format: str = _FOLDER,
    replace: bool = False,
    trust: bool = False,
    session: Handed,
) -> None:
    """Copy pipelines out, each with a README.txt, a model card and a predict.py that works without nws.

    Parameters
    ----------
    custom_name
        Stands in the place of dataset and date in the name of each copy.
    output
        Where to put the copies; `exports/` of the workspace if not given.
    predictions_only
        Only the predictions, as `best_predictions/*.csv`.
    format
        folder: the fitted steps as plain files that joblib loads; zip: the same in one file; skops: the model in a file
        that is loaded without trust, because it holds no code.
    replace
        Put the copies in the place of those of the same name and form.
    trust
        Export the model though its files belong to another user or came by import, or, as skops, its packages are not
        trusted: the copy is yours, and is loaded without another question.
    """
    from nws.report.exporting import Exporting
    from nws.report.exporting import export as export_all
    from nws.shelf import exports

    if predictions_only and format != _FOLDER:
        raise UsageError("--predictions-only writes CSV files", hint=f"leave out --format {format}")
    workspace = session.workspace()
    how = Exporting(form=format, name=custom_name, replace=replace)
    shelf = workspace.exports if output is None else exports(output)
    pipelines = [session.resolve(workspace, ref) for ref in refs]
    if predictions_only:
        _predictions(session.output, workspace, pipelines, shelf, how)
        return

    def trusts(pipeline: "Pipeline") -> bool:
        return trust or session.trusts(workspace, pipeline)

    found = export_all(workspace, pipelines, how, shelf=shelf, trusts=trusts)
    session.output.rows("export", _rows(session.output, workspace, found, len(pipelines)), ["path"])


def _predictions(
    output: Output, workspace: "Workspace", pipelines: "list[Pipeline]", shelf: "Shelf", how: "Exporting"
) -> None:
    from nws.shelf.contents import BEST_PREDICTIONS

    def added() -> Iterator[dict[str, Any]]:
        for pipeline in pipelines:
            path = shelf.add(pipeline, BEST_PREDICTIONS, name=how.name, replace=how.replace)
            yield _row(workspace, pipeline, path, "csv")

    output.rows("export", added(), ["path"])


def _rows(output: Output, workspace: "Workspace", found: "Iterator[Exported]", count: int) -> Iterator[dict[str, Any]]:
    """Yield a line for each export when it is there, and say what a person does with it."""
    progress = Progress(output, time.monotonic)
    for place in range(1, count + 1):
        progress.update(f"exporting {place}/{count}", final=True)
        try:
            exported = next(found)
        finally:
            progress.clear()
        _tell(output, exported)
        yield _row(workspace, exported.pipeline, exported.path, exported.form, exported.types)


def _row(
    workspace: "Workspace", pipeline: "Pipeline", path: Path, form: str, types: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        "path": workspace.shown(path), "format": form, "record": pipeline.record_id, "pipeline_id": pipeline.record.id,
        "skops_types": list(types),
    }  # fmt: skip


def _tell(output: Output, exported: "Exported") -> None:
    if exported.types:
        output.warn(
            f"{plural(len(exported.types), 'type')} that skops does not know, so whoever loads the model has to name "
            f"{'it' if len(exported.types) == 1 else 'them'}; predict.py does: {', '.join(exported.types)}"
        )
    inside = exported.path if exported.path.is_dir() else f"{exported.path}, unpacked"
    how = f"takes nws to predict, for {', '.join(exported.of_nws)}" if exported.of_nws else "predicts without nws"
    output.say(f"read README.txt first; {how}: python predict.py SPECTRA.csv, in {inside}")
