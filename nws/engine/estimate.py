"""What choosing the best pipeline by cross-validation comes to: the honest figure that nested cross-validation gives.

In each outer fold the pipeline with the best inner validation figure is chosen, and only its predictions for that fold
count. A test figure never chooses. This room reads published pipelines; it must not run anything.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

from nws.engine.publish import Entry
from nws.errors import Damaged
from nws.metrics import CLASSIFICATION, METRICS, badness
from nws.pipeline.rows import stored_blocks

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from nws.engine.evaluate import Predictions
    from nws.engine.result import Result
    from nws.pipeline import Block
    from nws.records import JsonMap
    from nws.workspace import Workspace

TEST = "test"


def nested_estimates(found: Iterable[Entry]) -> dict[str, JsonMap]:
    """Return, for each target with nested cross-validation, what `run_summary.json` says of it.

    Only pipelines that were tested on the same folds can be chosen among. Where there are several kinds, the estimate
    is of the one that has most pipelines, of the latest among equals, and `left_out` counts the others.

    Parameters
    ----------
    found
        Published pipelines of one run, or of several.
    """
    alike: dict[str, dict[Hashable, list[Entry]]] = {}
    for entry in found:
        record, metrics = entry.pipeline.record, entry.metrics
        if metrics is not None and metrics.nested is not None:
            split = (record.dataset["id"], record.seed, metrics.nested["split"], metrics.metric)
            alike.setdefault(record.dataset["targets"][0], {}).setdefault(split, []).append(entry)
    estimates = {}
    for target, groups in sorted(alike.items()):
        most = max(
            groups.values(), key=lambda group: (len(group), max(item.pipeline.record.created_at for item in group))
        )
        # What cannot be read is told by who verifies, and must not keep a run from being summed up.
        with contextlib.suppress(Damaged):
            estimate = _estimate(most)
            if estimate is not None:
                estimates[target] = {**estimate, "left_out": sum(map(len, groups.values())) - len(most)}
    return estimates


def estimates_of(workspace: Workspace, result: Result) -> dict[str, JsonMap]:
    """Return the estimates of all that was asked for, whether it was run now or was there already in other runs.

    Pipelines are chosen by the metric that was asked for.
    """
    from nws.engine.known import load

    tasks = result.plan.tasks
    if not any(task.test for task in tasks):
        return {}
    asked = next((task.metric for task in tasks), None)
    own = {entry.pipeline.record_id for entry in result.entries}
    others = [load(workspace, held) for held in result.held.values() if held.record not in own]
    found = [*result.entries, *(Entry(pipeline=pipeline, metrics=pipeline.metrics()) for pipeline in others)]
    return nested_estimates(_by(entry, asked) for entry in found)


def _by(entry: Entry, metric: str | None) -> Entry:
    """Return an entry with another of its metrics as the primary one, if it has it."""
    metrics = entry.metrics
    if metrics is None or metric is None or METRICS[metric].task != metrics.task_type:
        return entry
    return dataclasses.replace(entry, metrics=dataclasses.replace(metrics, metric=metric))


def _estimate(group: Sequence[Entry]) -> JsonMap | None:
    import numpy as np

    from nws.engine.evaluate import figures_of, over_folds

    chosen = _chosen(group)
    if chosen is None:
        return None
    first = group[0].metrics
    assert first is not None
    assert first.nested is not None
    part = _pooled(first.task_type, chosen)
    spread = over_folds(first.task_type, part)
    figures = figures_of(first.task_type, part)
    return {
        "split": first.nested["split"],
        "folds": len(chosen),
        "pipelines": len(group),
        "samples": len(np.unique(part.rows)),
        "metric_name": f"{TEST}_{first.metric}",
        "metric_value": figures[first.metric],
        "standard_error": spread[f"se_{first.metric}"],
        "figures": figures,
        "chosen": [_told(entry, number) for number, entry in enumerate(chosen)],
    }


def _chosen(group: Sequence[Entry]) -> list[Entry] | None:
    """Return the best pipeline of each outer fold by its inner validation figure; None where a fold has none."""
    chosen = []
    for number in range(len(_folds(group[0]))):
        scored = [(score, entry) for entry in group if (score := _score(entry, number, "val")) is not None]
        if not scored:
            return None
        chosen.append(min(scored, key=lambda pair: _badness(pair[1], pair[0]))[1])
    return chosen


def _folds(entry: Entry) -> list[JsonMap]:
    assert entry.metrics is not None
    assert entry.metrics.nested is not None
    results: list[JsonMap] = entry.metrics.nested["fold_results"]
    return results


def _score(entry: Entry, fold: int, partition: str) -> float | None:
    assert entry.metrics is not None
    result = _folds(entry)[fold]
    figures: dict[str, Any] = result if partition == TEST else result[partition]
    value: float | None = figures.get(entry.metrics.metric)
    return value


def _badness(entry: Entry, score: float) -> float:
    assert entry.metrics is not None
    return badness(METRICS[entry.metrics.metric], score)


def _told(entry: Entry, fold: int) -> JsonMap:
    record = entry.pipeline.record
    return {
        "fold": fold,
        "run_id": record.run_id,
        "pipeline_id": record.id,
        "val": _score(entry, fold, "val"),
        "test": _score(entry, fold, TEST),
    }


def _pooled(task: str, chosen: Sequence[Entry]) -> Predictions:
    """Return the test predictions of the pipeline that each outer fold has chosen, fold after fold."""
    import numpy as np

    from nws.engine.evaluate import Predictions

    blocks: dict[str, Block] = {}
    parts = []
    for fold, entry in enumerate(chosen):
        block = blocks.get(entry.pipeline.record_id)
        if block is None:
            block = next(block for block in stored_blocks(entry.pipeline) if block.partition == TEST)
            blocks[entry.pipeline.record_id] = block
        at = [place for place, number in enumerate(block.fold or []) if number == fold]
        kind = str if task == CLASSIFICATION else np.float64
        parts.append(
            Predictions(
                partition=TEST,
                rows=np.array([block.indices[place] for place in at]),
                reference=np.array([block.y_true[place] for place in at], dtype=kind),
                predicted=np.array([block.y_pred[place] for place in at], dtype=kind),
                classes=tuple(map(str, block.classes)),
                probabilities=np.array([block.probabilities[place] for place in at]) if block.classes else None,
            )
        )
    return Predictions.joined(parts)
