"""The command on one prediction: catalog show."""

import sys
from typing import TYPE_CHECKING, Any

from nws.cli.output import cell, write_table
from nws.cli.rows import Form, no, plain, write
from nws.cli.session import Handed, Session
from nws.errors import DONE
from nws.metrics import METRICS, PARTITIONS

if TYPE_CHECKING:
    import polars as pl

_FIGURES = {f"{partition}_{name}" for partition in PARTITIONS for name in (*METRICS, "score")}
# Said by `ref`, or shown as a table.
_SAID = {"run_id", "pipeline_number", "pipeline_id", *(f"n_samples_{name}" for name in PARTITIONS), *_FIGURES}


def show(prediction: str, /, *, arrays: bool = False, form: Form = Form(), session: Handed) -> int:
    """Show one prediction: its row, its tags, and whether its pipeline is still there.

    Parameters
    ----------
    prediction
        The beginning of a prediction or record id, or any REF; of a deleted pipeline too.
    arrays
        Show every sample instead: partition, fold, index, reference and predicted value, class probabilities.
    """
    workspace = session.workspace()
    row = session.remembered(workspace, prediction)
    if arrays:
        return _samples(session, workspace.predictions.samples(row["prediction_id"]), form)
    chosen = form.chosen()
    only = f"prediction_id = '{row['prediction_id']}'"
    rows = workspace.predictions.filter_by_criteria(where=only, show=chosen or [*row, "tags"])
    if form.is_table(session):
        _print(session, plain(rows.row(0, named=True)))
    else:
        write(session, "prediction", rows, form, chosen)
    return DONE


def _samples(session: Session, samples: "pl.DataFrame", form: Form) -> int:
    chosen = form.chosen(samples.columns)
    if not len(samples):
        return no(session, "that pipeline failed: it has no predictions")
    write(session, "sample", samples.select(chosen) if chosen else samples, form, chosen)
    return DONE


def _print(session: Session, row: dict[str, Any]) -> None:
    if row["deleted"]:
        row["path"] = None
    session.output.facts("prediction", {"ref": row["ref"], **{key: row[key] for key in row if key not in _SAID}})
    there = [name for name in PARTITIONS if row[f"n_samples_{name}"] is not None]
    lines = [["samples", *(cell(row[f"n_samples_{name}"]) for name in there)]]
    for name, metric in METRICS.items():
        figures = [row[f"{partition}_{name}"] for partition in there]
        if any(value is not None for value in figures):
            lines.append([metric.label, *map(cell, figures)])
    session.output.line("")
    write_table(sys.stdout, ["", *there], lines, aligned=session.output.on_terminal)
