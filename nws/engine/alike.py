"""How far two tables of predictions of the same samples are apart.

This room compares numbers; it must not know where they come from.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nws.metrics import METRICS, PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nws.pipeline import Block
    from nws.records import Metrics


def largest_difference(then: Sequence[Block], now: Sequence[Block]) -> float | None:
    """Return the largest difference of a number, relative to the largest of its column in the same partition.

    Probabilities count as they are.

    Returns
    -------
    float or None
        None if the two are not of the same samples and folds, or a class label, or what is missing, differs.
    """
    before = {block.partition: block for block in then}
    after = {block.partition: block for block in now}
    if before.keys() != after.keys():
        return None
    found = [_of_blocks(block, after[name]) for name, block in before.items()]
    return _largest(found)


def same_figures(then: Metrics, now: Metrics, *, within: float) -> bool:
    """Say whether every figure that both have is the same, up to a relative difference; a later nws may know more."""
    for name in PARTITIONS:
        before, after = then.partition(name) or {}, now.partition(name) or {}
        for key in before.keys() & after.keys() & METRICS.keys():
            apart = _of_values([before[key]], [after[key]])
            if apart is None or apart > within:
                return False
    return True


def _of_blocks(then: Block, now: Block) -> float | None:
    if list(then.indices) != list(now.indices) or _listed(then.fold) != _listed(now.fold):
        return None
    if [str(label) for label in then.classes] != [str(label) for label in now.classes]:
        return None
    columns: list[tuple[Sequence[Any], Sequence[Any]]] = [(then.y_pred, now.y_pred)]
    columns += [(then.columns.get(name, []), now.columns.get(name, [])) for name in {**then.columns, **now.columns}]
    chances = (
        [value for row in then.probabilities for value in row],
        [value for row in now.probabilities for value in row],
    )
    return _largest([*(_of_values(*pair) for pair in columns), _of_values(*chances, scale=1.0)])


def _listed(fold: Iterable[int] | None) -> list[int] | None:
    return None if fold is None else list(fold)


def _largest(found: Iterable[float | None]) -> float | None:
    largest = 0.0
    for value in found:
        if value is None:
            return None
        largest = max(largest, value)
    return largest


def _of_values(then: Sequence[Any], now: Sequence[Any], *, scale: float | None = None) -> float | None:
    if len(then) != len(now):
        return None
    pairs = [(before, after) for before, after in zip(then, now, strict=True) if not _is_same(before, after)]
    if not all(_is_number(value) for pair in pairs for value in pair):
        return None
    if not pairs:
        return 0.0
    unit: float = scale or max((abs(value) for value in then if _is_number(value)), default=0.0) or 1.0
    largest: float = max(abs(before - after) for before, after in pairs)
    return largest / unit


def _is_same(before: Any, after: Any) -> bool:
    if isinstance(before, str) or isinstance(after, str):
        return str(before) == str(after)
    nothing = (None,)
    if before in nothing or after in nothing:
        return before is after
    return bool(before == after) or (math.isnan(before) and math.isnan(after))


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)
