"""The columns of the two tables of the index, format 1: the one list that writers, readers and documents share.

This room says what the columns are; it must not know how segments are written or asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from nws.errors import UnknownName
from nws.ids import closest
from nws.metrics import PARTITIONS, columns, label

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    import pyarrow as pa

FORMAT = 1
FORMAT_KEY = "nws.format"

TEXT = "text"
INTEGER = "integer"
NUMBER = "number"
DATE = "date"
MOMENT = "moment"
TEXTS = "list of text"
INTEGERS = "list of integer"
NUMBERS = "list of number"
NUMBER_ROWS = "list of list of number"
YES_OR_NO = "yes or no"


class Column(NamedTuple):
    """One column: its name, what kind of value it holds, and what the value says."""

    name: str
    kind: str
    about: str


META = (
    Column("prediction_id", TEXT, "UUID (version 7 layout) derived from the record and the target; one row each"),
    Column("record", TEXT, "object id of the record"),
    Column("run_id", TEXT, "name of the run folder"),
    Column("run_date", DATE, "local date on which the run was started"),
    Column("pipeline_id", TEXT, "name of the view in the run folder"),
    Column("pipeline_number", INTEGER, "number of the pipeline in its run"),
    Column("pipeline_hash", TEXT, "full config hash"),
    Column("config_name", TEXT, "what a person called the pipeline"),
    Column("dataset_name", TEXT, "registered name of the dataset"),
    Column("dataset_id", TEXT, "object id of the dataset's snapshot"),
    Column("target", TEXT, "what was predicted"),
    Column("task_type", TEXT, "regression or classification; null where a pipeline failed too early to know"),
    Column("model_type", TEXT, "last part of model_class"),
    Column("model_class", TEXT, "class path of the model"),
    Column("model", TEXT, "the model with the parameters it was given, readable"),
    Column("preprocessing", TEXT, "the chain of transforms, readable; 'none' where there is none"),
    *(Column(f"n_samples_{part}", INTEGER, f"samples of the {part} partition") for part in PARTITIONS),
    Column("n_features", INTEGER, "points of a spectrum"),
    Column("n_folds", INTEGER, "folds of the cross-validation"),
    Column("metric", TEXT, "primary metric of the pipeline"),
    *(Column(f"{part}_score", NUMBER, f"primary metric on the {part} partition") for part in PARTITIONS),
    *(Column(name, NUMBER, label(name)) for name in columns()),
    Column("duration_seconds", NUMBER, "time the pipeline took"),
    Column("created_at", MOMENT, "when it was begun, UTC"),
    Column("status", TEXT, "completed or failed"),
)
DATA = (
    Column("prediction_id", TEXT, "as in the meta table"),
    Column("partition", TEXT, "train, val or test"),
    Column("fold_id", INTEGERS, "fold that held the sample out, from 0, in test the outer one; else null"),
    Column("y_true", NUMBERS, "reference values; in classification positions in classes, from 0"),
    Column("y_pred", NUMBERS, "predicted values; in classification positions in classes, from 0"),
    Column("sample_indices", INTEGERS, "rows of the dataset, from 0, in the order of y_true"),
    Column("train_indices", INTEGERS, "rows that the model was fitted on, where they are not those of train"),
    Column("test_indices", INTEGERS, "rows that were held out, where they are not sample_indices"),
    Column("y_proba", NUMBER_ROWS, "class probabilities: a row per sample, its entries in the order of classes"),
    Column("weights", NUMBERS, "sample weights"),
    Column("classes", TEXTS, "class labels that y_true, y_pred and y_proba refer to; null in regression"),
)
# Not in any segment: added to rows when they are asked for.
VIRTUAL = (
    Column("ref", TEXT, "what commands call its pipeline: RUN/0007"),
    Column("deleted", YES_OR_NO, "whether its pipeline, or the whole run, is no longer in runs/"),
    Column("tags", TEXTS, "what people tagged its pipeline with, in order"),
)
REQUIRED = frozenset({"prediction_id", "partition", "record", "run_id", "dataset_name", "created_at", "status"})
DICTIONARY = {
    "META": [column.name for column in META if column.kind == TEXT and column.name not in ("prediction_id", "record")],
    "DATA": ["prediction_id", "partition"],
}


def arrow_schema(table: tuple[Column, ...]) -> pa.Schema:
    """Return the schema with which segments are written."""
    import pyarrow as pa

    types = {
        TEXT: pa.string(),
        INTEGER: pa.int32(),
        NUMBER: pa.float64(),
        DATE: pa.date32(),
        MOMENT: pa.timestamp("us", tz="UTC"),
        TEXTS: pa.list_(pa.string()),
        INTEGERS: pa.list_(pa.int32()),
        NUMBERS: pa.list_(pa.float64()),
        NUMBER_ROWS: pa.list_(pa.list_(pa.float64())),
    }
    return pa.schema([(column.name, types[column.kind]) for column in table])


def polars_schema(table: tuple[Column, ...]) -> dict[str, pl.DataType]:
    """Return the same schema as polars names it, so that reading a segment never begins with guessing."""
    import polars as pl

    types: dict[str, Any] = {
        TEXT: pl.String(),
        INTEGER: pl.Int32(),
        NUMBER: pl.Float64(),
        DATE: pl.Date(),
        MOMENT: pl.Datetime("us", "UTC"),
        TEXTS: pl.List(pl.String()),
        INTEGERS: pl.List(pl.Int32()),
        NUMBERS: pl.List(pl.Float64()),
        NUMBER_ROWS: pl.List(pl.List(pl.Float64())),
    }
    return {column.name: types[column.kind] for column in table}


def check_columns(names: Iterable[str], known: Iterable[str] | None = None) -> list[str]:
    """Return `names` if each is a column that can be shown.

    Parameters
    ----------
    names
        What was asked for.
    known
        The columns that there are; those of predictions (the meta table and the virtual ones) by default.

    Raises
    ------
    UnknownName
        With the nearest columns.
    """
    there = [column.name for column in (*META, *VIRTUAL)] if known is None else list(known)
    chosen = list(names)
    for name in chosen:
        if name not in there:
            near = closest(name, there)
            hint = f"did you mean {', '.join(near)}?" if near else f"columns: {', '.join(there[:12])} …"
            raise UnknownName(f"unknown column: {name!r}", hint=hint)
    return list(dict.fromkeys(chosen))
