"""The predictions of a pipeline as a table: `predictions.csv`, written and read back.

This room knows columns and floats; it must not know records or folders.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FIXED_COLUMNS = ("sample_id", "partition", "fold", "target", "y_true", "y_pred")
PROBA = "proba_"
# What a run with --outliers says of each prediction, right after the probabilities.
DISTANCES = ("hotelling_t2", "q_residuals", "outlier")

Value = float | int | str | None


@dataclass(frozen=True, kw_only=True)
class Block:
    """The predictions of one partition of one target: parallel lists, one entry per prediction.

    `indices` are rows of the dataset, from 0; `fold` is None outside cross-validation; values are floats for
    regression and class labels for classification; `probabilities` has one column per entry of `classes`; `columns` has
    what else is said of each prediction, by the name of its column.
    """

    partition: str
    indices: list[int]
    y_true: list[Value]
    y_pred: list[Value]
    fold: list[int] | None = None
    classes: tuple[Value, ...] = ()
    probabilities: list[list[float]] = field(default_factory=list)
    columns: dict[str, list[float | bool]] = field(default_factory=dict)


def predictions_csv(
    blocks: Sequence[Block], target: str, *, sample_ids: Sequence[str], metadata: Mapping[str, Sequence[Any]]
) -> bytes:
    """Return `predictions.csv`: every block, in full double precision.

    Parameters
    ----------
    blocks
        Predictions by partition.
    target
        Name of the target.
    sample_ids, metadata
        By row of the dataset; metadata columns are appended as they are, renamed where they would hide a fixed one.
    """
    classes = next((block.classes for block in blocks if block.classes), ())
    others = next((tuple(block.columns) for block in blocks if block.columns), ())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    named = named_metadata(metadata, others)
    writer.writerow([*FIXED_COLUMNS, *(f"{PROBA}{label}" for label in classes), *others, *named])
    for block in blocks:
        writer.writerows(_rows(block, target, sample_ids, list(named.values()), others))
    return text.getvalue().encode()


def named_metadata(metadata: Mapping[str, Sequence[Any]], others: Sequence[str] = ()) -> dict[str, Sequence[Any]]:
    """Return metadata columns by the names that they have in the table, where `others` are columns too."""
    taken = {*FIXED_COLUMNS, *others}
    return {name if name not in taken else f"meta_{name}": column for name, column in metadata.items()}


def _rows(
    block: Block, target: str, sample_ids: Sequence[str], metadata: Sequence[Sequence[Any]], others: Sequence[str]
) -> Iterator[list[Any]]:
    for place, index in enumerate(block.indices):
        fold = "" if block.fold is None else block.fold[place]
        chances = block.probabilities[place] if block.probabilities else []
        known = [sample_ids[index], block.partition, fold, target, block.y_true[place], block.y_pred[place]]
        also = [_plain(block.columns[name][place]) if name in block.columns else "" for name in others]
        yield [*known, *chances, *also, *(column[index] for column in metadata)]


def _plain(value: float | bool) -> float | str:  # noqa: FBT001 -- a cell, not a switch
    return str(value).lower() if isinstance(value, bool) else value


def read_predictions(data: bytes, *, numeric: bool, rows: Mapping[str, int], where: str) -> tuple[Block, ...]:
    """Read `predictions.csv` back into blocks, in the order of the file.

    Parameters
    ----------
    data
        Bytes of the file.
    numeric
        Whether values are numbers (regression) rather than class labels.
    rows
        Sample id → row of the dataset; a sample that is not there gets -1.
    where
        The file, for messages.

    Raises
    ------
    Damaged
        If a column is missing or a number cannot be read.
    """
    reader = csv.DictReader(io.StringIO(data.decode()))
    if reader.fieldnames is None or not set(FIXED_COLUMNS) <= set(reader.fieldnames):
        raise Damaged(f"{where}: not a predictions table: columns {reader.fieldnames}")
    labels = [name.removeprefix(PROBA) for name in reader.fieldnames if name.startswith(PROBA)]
    at = len(FIXED_COLUMNS) + len(labels)
    # Metadata may be called the same, but stands behind.
    others = DISTANCES if tuple(reader.fieldnames[at : at + len(DISTANCES)]) == DISTANCES else ()
    parts: dict[str, list[dict[str, str]]] = {}
    for row in reader:
        parts.setdefault(row["partition"], []).append(row)
    try:
        return tuple(_block(name, part, labels, others, numeric=numeric, rows=rows) for name, part in parts.items())
    except ValueError as err:
        raise Damaged(f"{where}: {err}") from err


def _block(
    partition: str,
    part: list[dict[str, str]],
    labels: list[str],
    others: Sequence[str],
    *,
    numeric: bool,
    rows: Mapping[str, int],
) -> Block:
    def value(text: str) -> Value:
        if not text:
            return None
        return float(text) if numeric else text

    folds = [row["fold"] for row in part]
    return Block(
        partition=partition,
        indices=[rows.get(row["sample_id"], -1) for row in part],
        y_true=[value(row["y_true"]) for row in part],
        y_pred=[value(row["y_pred"]) for row in part],
        fold=[int(fold) for fold in folds] if all(folds) else None,
        classes=tuple(labels),
        probabilities=[[float(row[f"{PROBA}{label}"]) for label in labels] for row in part] if labels else [],
        columns={name: [_read(row[name]) for row in part] for name in others if all(row[name] for row in part)},
    )


def _read(cell: str) -> float | bool:
    return cell == "true" if cell in {"true", "false"} else float(cell)
