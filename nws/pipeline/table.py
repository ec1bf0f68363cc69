"""The predictions of a pipeline as a table: `predictions.csv`, written and read back.

This room knows columns and floats; it must not know records or folders.
"""

from __future__ import annotations

import csv
import functools
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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
    named = named_metadata(metadata, others)
    head = [*FIXED_COLUMNS, *(f"{PROBA}{label}" for label in classes), *others, *named]
    lines = [",".join(_cell(name) for name in head)]
    for block in blocks:
        lines += _lines(block, target, sample_ids, tuple(named.values()), others)
    return "\n".join([*lines, ""]).encode()


def named_metadata(metadata: Mapping[str, Sequence[Any]], others: Sequence[str] = ()) -> dict[str, Sequence[Any]]:
    """Return metadata columns by the names that they have in the table, where `others` are columns too."""
    taken = {*FIXED_COLUMNS, *others}
    return {name if name not in taken else f"meta_{name}": column for name, column in metadata.items()}


def _lines(
    block: Block, target: str, sample_ids: Sequence[str], metadata: Sequence[Sequence[Any]], others: Sequence[str]
) -> Iterator[str]:
    """Yield the lines of a block, without their ends."""
    ids = tuple(sample_ids[index] for index in block.indices)
    count = len(ids)
    folds = (None,) * count if block.fold is None else tuple(block.fold)
    parts: list[Iterable[str]] = [
        _joined(ids, (block.partition,) * count, folds, (target,) * count, tuple(block.y_true)),
        map(_cell, block.y_pred),
    ]
    if block.probabilities:
        parts.append(",".join(map(repr, chances)) for chances in block.probabilities)
    parts += [map(_cell, block.columns.get(name, (None,) * count)) for name in others]
    if metadata:
        parts.append(_joined(*(tuple(column[index] for index in block.indices) for column in metadata)))
    return map(",".join, zip(*parts, strict=True))


# The pipelines of a run predict the same samples: what is known of these is the same text in all their tables.
@functools.lru_cache(maxsize=16)
def _joined(*columns: tuple[Any, ...]) -> list[str]:
    return [",".join(map(_cell, row)) for row in zip(*columns, strict=True)]


def _cell(value: Any) -> str:
    """Return a value as Python's `csv` writes it; a truth in small letters."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else _quoted(str(value))


@functools.lru_cache(maxsize=4096)
def _quoted(value: str) -> str:
    text = io.StringIO()
    # A line of one empty cell alone would be quoted.
    csv.writer(text, lineterminator="\n").writerow([value, ""])
    return text.getvalue()[: -len(",\n")]


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
