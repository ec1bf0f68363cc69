"""A record as a row of the index.

This room says which figure of a pipeline goes into which column; it must not know how segments are written.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from nws.ids import ObjectId, finite, prediction_id
from nws.index.segments import Row
from nws.metrics import CLASSIFICATION, METRICS, PARTITIONS
from nws.pipeline.table import read_predictions
from nws.pipeline.view import PREDICTIONS_FILE
from nws.records import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nws.pipeline.table import Block, Value
    from nws.pipeline.view import Pipeline
    from nws.records import JsonMap, Metrics, PipelineRecord

NO_PREPROCESSING = "none"
_TRANSFORM, _MODEL = "transform", "model"
_UNION, _CHAIN = "sklearn.pipeline.FeatureUnion", "sklearn.pipeline.Pipeline"


def index_row(record: PipelineRecord, record_id: str, metrics: Metrics | None, blocks: Sequence[Block]) -> Row:
    """Return the row of the index that shows a pipeline. Equal records give equal rows.

    Parameters
    ----------
    record, record_id
        The record and its object id.
    metrics
        Figures of merit; None for a pipeline that failed, whose scores are then null.
    blocks
        Predictions by partition; none for a pipeline that failed.
    """
    target = _target(record)
    identity = prediction_id(record_id, target, parse_time(record.created_at))
    meta = {
        "prediction_id": identity,
        "record": str(record_id),
        "target": target,
        **_provenance(record),
        **_model(record.steps),
        "preprocessing": chain_text(record.steps),
        **_counts(record),
        **_scores(record, metrics),
    }
    return Row(meta, _data(identity, blocks))


def stored_blocks(pipeline: Pipeline) -> tuple[Block, ...]:
    """Return the predictions of a published pipeline as its objects have them; none for one that failed.

    Raises
    ------
    Damaged
        If an object's bytes do not match its id, or are not a predictions table.
    """
    data = pipeline.file(PREDICTIONS_FILE)
    if data is None:
        return ()
    snapshot = json.loads(pipeline.store.get(ObjectId(pipeline.record.dataset["id"])))
    rows = {sample: place for place, sample in enumerate(snapshot["sample_ids"])}
    numeric = _task_type(pipeline.record, None) != CLASSIFICATION
    return read_predictions(data, numeric=numeric, rows=rows, where=f"{pipeline.path}/{PREDICTIONS_FILE}")


def chain_text(steps: Sequence[Mapping[str, Any]]) -> str:
    """Return the transforms of a pipeline for people: `StandardNormalVariate > SavitzkyGolay(window_size=7)`.

    Parameters
    ----------
    steps
        Steps as a record has them: mappings with `operator`, `class` and `params`.
    """
    links = [_link(step) for step in steps if step["operator"] == _TRANSFORM]
    return " > ".join(links) or NO_PREPROCESSING


def model_text(steps: Sequence[Mapping[str, Any]]) -> str:
    """Return the model of a pipeline for people: `PLSRegression(n_components=7)`; nothing where there is none."""
    return "".join(_link(step) for step in steps if step["operator"] == _MODEL)


def params_text(step: Mapping[str, Any]) -> str:
    """Return the parameters of a step for people: `n_components=7`, or chains side by side: `[SNV | SNV > PCA]`."""
    params = step.get("params") or {}
    if step["class"] == _UNION and params.keys() == {"transformer_list"}:
        return f"[{' | '.join(_side(part) for _, part in params['transformer_list'])}]"
    return ", ".join(f"{key}={_value(value)}" for key, value in sorted(params.items()))


def _link(step: Mapping[str, Any]) -> str:
    name = str(step["class"]).rpartition(".")[2]
    given = params_text(step)
    return given if given[:1] == "[" else f"{name}({given})" if given else name


def _side(part: Any) -> str:
    """Return one of several chains that stand side by side."""
    if isinstance(part, dict) and part.get("class") == _CHAIN and (part.get("params") or {}).keys() == {"steps"}:
        return " > ".join(_side(link) for _, link in part["params"]["steps"])
    return _link(part) if isinstance(part, dict) and "class" in part else str(part)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    return _link(value) if isinstance(value, dict) and "class" in value else repr(value)


def _target(record: PipelineRecord) -> str:
    return str(record.dataset["targets"][0])


def _task_type(record: PipelineRecord, metrics: Metrics | None) -> str | None:
    if metrics is not None:
        return metrics.task_type
    primary = METRICS.get(record.evaluation.get("metric") or "")
    return primary.task if primary else None


def _provenance(record: PipelineRecord) -> JsonMap:
    return {
        "run_id": record.run_id,
        "run_date": _run_date(record),
        "pipeline_id": record.id,
        "pipeline_number": record.number,
        "pipeline_hash": record.hash,
        "config_name": record.name,
        "dataset_name": record.dataset["name"],
        "dataset_id": record.dataset["id"],
        "duration_seconds": record.duration_seconds,
        "created_at": parse_time(record.created_at),
        "status": record.status,
    }


def _run_date(record: PipelineRecord) -> dt.date:
    try:
        return dt.date.fromisoformat(record.run_id[:10])
    except ValueError:
        return parse_time(record.created_at).date()


def _model(steps: Sequence[Mapping[str, Any]]) -> JsonMap:
    path = next((str(step["class"]) for step in reversed(steps) if step["operator"] == _MODEL), None)
    return {"model_class": path, "model_type": path and path.rpartition(".")[2], "model": model_text(steps) or None}


def _counts(record: PipelineRecord) -> JsonMap:
    samples = {f"n_samples_{part}": record.evaluation.get(f"n_{part}") for part in PARTITIONS}
    return {**samples, "n_features": record.dataset.get("features"), "n_folds": record.evaluation.get("folds")}


def _scores(record: PipelineRecord, metrics: Metrics | None) -> JsonMap:
    primary = metrics.metric if metrics else record.evaluation.get("metric")
    scores: JsonMap = {"task_type": _task_type(record, metrics), "metric": primary}
    for part in PARTITIONS if metrics else ():
        # A file cannot say NaN or infinity; neither may a row, or indexing again would give another one.
        figures = finite(metrics.partition(part) or {}) if metrics else {}
        scores |= {f"{part}_{name}": figures.get(name) for name in METRICS}
        scores[f"{part}_score"] = figures.get(primary)
    return scores


def _data(identity: str, blocks: Sequence[Block]) -> list[JsonMap]:
    classes = _classes(blocks)
    places = {label: place for place, label in enumerate(classes)}
    return [
        {
            "prediction_id": identity,
            "partition": block.partition,
            "fold_id": block.fold,
            "y_true": _numbers(block.y_true, places),
            "y_pred": _numbers(block.y_pred, places),
            "sample_indices": block.indices,
            "y_proba": block.probabilities or None,
            "classes": classes or None,
        }
        for block in blocks
    ]


def _classes(blocks: Sequence[Block]) -> list[str]:
    """Return the class labels of a prediction: those that have probabilities in their order, then any others."""
    values = [value for block in blocks for value in (*block.y_true, *block.y_pred)]
    declared = next((block.classes for block in blocks if block.classes), ())
    # Types first: a table of numbers has a hundred thousand of them and few kinds.
    if not declared and str not in set(map(type, values)):
        return []
    known = [str(label) for label in declared]
    return known + sorted({str(value) for value in values if value is not None} - set(known))


def _numbers(values: Sequence[Value], places: Mapping[str, int]) -> list[float | None]:
    if not places and set(map(type, values)) == {float}:
        return list(values)  # type: ignore[arg-type]  # all are float
    return [None if value is None else float(places[str(value)] if places else value) for value in values]
