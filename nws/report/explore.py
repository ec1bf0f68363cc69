"""The predictions that a page holds to be looked into: the best pipelines first, as many as fit into a number of bytes.

What pipelines share (which samples, which folds, the measured values) stands once. This room must not know how they
are drawn.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nws.errors import NwsError
from nws.ids import ObjectId, finite
from nws.metrics import CLASSIFICATION, METRICS, PARTITIONS
from nws.pipeline.rows import stored_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nws.pipeline import Block
    from nws.records import Metrics
    from nws.report.facts import Row

BUDGET = 2_000_000
MOST = 100
# Beyond this a chart is a cloud, and a page slow: a regular choice of samples stands for all.
MOST_SAMPLES = 5000


class _Shared:
    """Lists that several pipelines have, each once."""

    def __init__(self) -> None:
        self.lists: list[Any] = []
        self.size = 0
        self._known: dict[str, int] = {}

    def place(self, values: Sequence[Any] | None) -> int | None:
        if values is None:
            return None
        text = json.dumps(values)
        if text not in self._known:
            self._known[text] = len(self.lists)
            self.lists.append(values)
            self.size += len(text)
        return self._known[text]


def explorer(
    rows: Iterable[Row], *, named: Callable[[Row], str], trouble: list[str], budget: int = BUDGET
) -> dict[str, Any] | None:
    """Return what the page draws charts of predictions from; None where nothing can be.

    Parameters
    ----------
    rows
        Pipelines, best first; those that were not run on the data of the first are left out.
    named
        Gives a pipeline the name that the page calls it by.
    trouble
        Is told of predictions that cannot be read.
    budget
        At most so many bytes of JSON, but at least one pipeline.
    """
    shared = _Shared()
    samples: list[str] = []
    pipelines: list[dict[str, Any]] = []
    used, thinned, data = 0, False, ""
    for row in rows:
        if row.metrics is None or (data and data != row.pipeline.record.dataset["id"]):
            continue
        if len(pipelines) == MOST:
            break
        try:
            samples = samples or _sample_ids(row)
            blocks = stored_blocks(row.pipeline)
        except (NwsError, OSError, KeyError, ValueError) as err:
            trouble.append(f"{row.pipeline.path}: {err}")
            continue
        data = row.pipeline.record.dataset["id"]
        thinned = thinned or any(len(block.indices) > MOST_SAMPLES for block in blocks)
        parts = {block.partition: _part(block, shared) for block in blocks}
        told = {**_told(row, row.metrics), "key": named(row), "parts": parts}
        cost = len(json.dumps(told))
        if pipelines and used + cost + shared.size > budget:
            break
        used += cost
        pipelines.append(told)
    if not pipelines:
        return None
    return {
        "samples": samples,
        "lists": shared.lists,
        "pipelines": pipelines,
        "metrics": _metrics(),
        "thinned": thinned,
    }


def _sample_ids(row: Row) -> list[str]:
    snapshot = json.loads(row.pipeline.store.get(ObjectId(row.pipeline.record.dataset["id"])))
    return [str(sample) for sample in snapshot["sample_ids"]]


def _told(row: Row, metrics: Metrics) -> dict[str, Any]:
    figures = {
        part: {name: _short(value) for name, value in finite(metrics.partition(part) or {}).items() if _is(value)}
        for part in PARTITIONS
        if metrics.partition(part)
    }
    return {
        "target": row.target,
        "model": row.model,
        "preprocessing": row.preprocessing,
        "task": metrics.task_type,
        "metric": metrics.metric,
        "classes": metrics.task_type == CLASSIFICATION,
        "figures": figures,
    }


def _is(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _part(block: Block, shared: _Shared) -> dict[str, Any]:
    step = -(-len(block.indices) // MOST_SAMPLES) or 1
    return {
        "rows": shared.place(block.indices[::step]),
        "fold": shared.place(block.fold[::step] if block.fold else None),
        "true": shared.place([_short(value) for value in block.y_true[::step]]),
        "pred": [_short(value) for value in block.y_pred[::step]],
    }


def _short(value: Any) -> Any:
    """Return a number with six significant digits, which is more than a chart shows; class labels as they are."""
    return float(f"{value:.6g}") if isinstance(value, float) and value - value == 0 else finite(value)


def _metrics() -> list[dict[str, str]]:
    return [{"name": name, "label": metric.label, "goal": metric.goal} for name, metric in METRICS.items()]
