"""Target columns: numbers or classes, decided from what the cells hold.

This room looks at one column at a time; it must not know which files there are.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

from nws.dataset.contents import Target
from nws.errors import BadInput
from nws.metrics import CLASSIFICATION, REGRESSION

if TYPE_CHECKING:
    from nws.dataset.columns import Column

# Whole numbers are read as class codes if they begin at -1, 0 or 1, there are at most this many, each occurs twice,
# and there are this many samples for each of them.
MOST_CLASSES = 20
SAMPLES_PER_CLASS = 5
_FIRST_CODES = (-1, 0, 1)


def target_of(column: Column, *, task: str | None) -> Target:
    """Turn a column into a target.

    Parameters
    ----------
    column
        The column.
    task
        "regression" or "classification"; None to decide from the cells.

    Raises
    ------
    BadInput
        For a column without values, text among numbers, or an infinite value.
    """
    if column.is_empty:
        raise BadInput(
            f"{column.pieces[0][1].file.path}: target {column.name!r} is empty in all {len(column.cells)} rows",
            hint="take the column out, or choose others with --target",
        )
    numbers = column.numbers()
    present = [value for value in numbers if value is not None]
    texts = sum(cell is not None for cell in column.cells) - len(present)
    if task is None:
        task = REGRESSION if len(present) > texts else CLASSIFICATION
        if not texts and _are_codes(present):
            task = CLASSIFICATION
    if task == CLASSIFICATION:
        return Target(name=column.name, task=task, values=_labels(column, numbers))
    _check_numbers(column, numbers)
    return Target(name=column.name, task=task, values=list(numbers))


def _are_codes(present: list[float]) -> bool:
    if not all(math.isfinite(value) and value.is_integer() for value in present):
        return False
    counts = Counter(present)
    few = 2 <= len(counts) <= MOST_CLASSES and len(present) >= SAMPLES_PER_CLASS * len(counts)
    return few and min(counts.values()) >= 2 and min(counts) in _FIRST_CODES


def _labels(column: Column, numbers: list[float | None]) -> list[float | str | None]:
    """Return class labels; codes that are all whole numbers lose what differs in writing (`1` and `1.0`)."""
    whole = all(
        cell is None or (value is not None and math.isfinite(value) and value.is_integer())
        for cell, value in zip(column.cells, numbers, strict=True)
    )
    if whole:
        return [None if value is None else str(int(value)) for value in numbers]
    return list(column.cells)


def _check_numbers(column: Column, numbers: list[float | None]) -> None:
    for row, (cell, value) in enumerate(zip(column.cells, numbers, strict=True)):
        if cell is not None and value is None:
            raise BadInput(
                f"{column.place(row)}: text among numbers: {cell[:40]!r}",
                hint="correct the cell; for classes say --task classification, for no target --id or --metadata",
            )
        if value is not None and math.isinf(value):
            raise BadInput(f"{column.place(row)}: an infinite value", hint="correct the cell, or leave it empty")


def facts_of(target: Target) -> dict[str, Any]:
    """Return what there is to say about a target: its task, missing values, and classes with counts or statistics."""
    present = [value for value in target.values if value is not None]
    facts: dict[str, Any] = {"name": target.name, "task": target.task, "missing": len(target.values) - len(present)}
    if target.task == CLASSIFICATION:
        counts = Counter(map(str, present))
        return facts | {"classes": {label: counts[label] for label in sorted(counts, key=natural)}}
    numbers = [float(value) for value in present]
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    return facts | {"mean": statistics.fmean(numbers), "sd": spread, "min": min(numbers), "max": max(numbers)}


def natural(label: str) -> tuple[int, float, str]:
    """Return the sort key of a class label: codes by value, then words."""
    is_code = label.lstrip("-").isdigit()
    return (0, float(label), "") if is_code else (1, 0.0, label)
