"""Running one task: cross-validation, the final fit, figures and artifacts, all the way to an outcome.

A pipeline that fails is an outcome too. This room must not know runs, numbers or folders: what it makes is in the
object store, and the outcome names it.
"""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine import artifacts
from nws.engine.ambient import Place, message, recorded, seeded, summary
from nws.engine.evaluate import CONVENTIONS, evaluate
from nws.engine.protocol import Protocol
from nws.engine.samples import samples_of
from nws.engine.tasks import Outcome
from nws.errors import NwsError
from nws.ids import hash_of
from nws.metrics import PRIMARY
from nws.pipeline import predictions_csv
from nws.records import encode, now, timestamp
from nws.run import FAILED, SUCCEEDED

if TYPE_CHECKING:
    from nws.engine.ambient import Log
    from nws.engine.protocol import Saved
    from nws.engine.samples import Samples
    from nws.engine.tasks import StepSpec, Task
    from nws.pipeline import Block
    from nws.records import Metrics
    from nws.store import ObjectStore


@dataclass(frozen=True, kw_only=True)
class _Done:
    """What a pipeline that ran through has to show."""

    cv: str
    folds: int
    blocks: tuple[Block, ...]
    saved: tuple[Saved, ...]
    metrics: Metrics


def fit(task: Task, store: ObjectStore) -> Outcome:
    """Run a task and put what comes of it into the store.

    Whatever goes wrong inside the pipeline is in the outcome, with the step where it did. The generators of random
    numbers that the process shares are as before, afterwards.

    Raises
    ------
    NwsError
        If the dataset cannot be read or the store cannot be written: that concerns more than this pipeline.
    """
    created_at, clock = timestamp(now()), time.perf_counter()
    samples = samples_of(task, store)
    place, done, error = Place(), None, None
    with recorded() as log, seeded(int(hash_of([task.seed, task.config.hash])[:8], 16)):
        try:
            done = _run(task, samples, place, log)
        except KeyboardInterrupt:
            raise
        except BaseException as err:  # noqa: BLE001 -- others' code can fail in any way, and none stops the others
            error = _error(err, place)
    files, objects = _put(store, samples, done, error)
    return Outcome(
        task=task,
        status=FAILED if done is None else SUCCEEDED,
        created_at=created_at,
        completed_at=timestamp(now()),
        duration_seconds=time.perf_counter() - clock,
        steps=_steps(task.config.steps, {item["step"]: item["object"] for item in objects}),
        artifacts=objects,
        files=files,
        dataset=_dataset(task, samples),
        evaluation=_evaluation(task, samples, done),
        metrics=done.metrics if done else None,
        blocks=done.blocks if done else (),
        warnings=summary(log),
        error=error,
    )


def _run(task: Task, samples: Samples, place: Place, log: Log) -> _Done:
    protocol = Protocol(task, samples, place=place, log=log)
    cv, folds = protocol.split()
    held_out = protocol.cross_validate(folds)
    train, test, saved = protocol.finish()
    parts = tuple(part for part in (train, held_out, test) if len(part))
    return _Done(
        cv=cv,
        folds=len(folds),
        blocks=tuple(part.block() for part in parts),
        saved=saved,
        metrics=evaluate(samples.task, task.metric, parts),
    )


def _error(err: BaseException, place: Place) -> dict[str, Any]:
    found: dict[str, Any] = {"step": place.step, "type": type(err).__name__, "message": message(err)}
    if place.class_path is not None:
        found["class"] = place.class_path
    if place.fold is not None:
        found["fold"] = place.fold
    if isinstance(err, NwsError) and err.hint:
        found["hint"] = err.hint
    return {**found, "traceback": "".join(traceback.format_exception(err))}


def _put(
    store: ObjectStore, samples: Samples, done: _Done | None, error: dict[str, Any] | None
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Store everything of a task with one trip to the disk; return the ids of its files, and its artifacts."""
    dataset = samples.dataset
    with store.batch() as batch:
        if error is not None:
            return {"error.log": str(batch.put(error["traceback"].encode(errors="backslashreplace")))}, []
        assert done is not None
        table = predictions_csv(done.blocks, samples.target, sample_ids=dataset.sample_ids, metadata=dataset.metadata)
        files = {"metrics.json": str(batch.put(encode(done.metrics))), "predictions.csv": str(batch.put(table))}
        return files, [_artifact(item, str(batch.put(item.data))) for item in done.saved]


def _artifact(item: Saved, oid: str) -> dict[str, Any]:
    return {
        "step": item.number,
        "name": f"{item.number}_{item.class_path.rpartition('.')[2]}",
        "class": item.class_path,
        "object": oid,
        "size_bytes": len(item.data),
        "format": artifacts.FORMAT,
    }


def _steps(specs: tuple[StepSpec, ...], objects: dict[str, str]) -> list[dict[str, Any]]:
    steps = []
    for number, spec in enumerate(specs, start=1):
        step: dict[str, Any] = {
            "step": str(number),
            "operator": spec.kind,
            "class": spec.path,
            "params": spec.params,
            "artifact": objects.get(str(number)),
        }
        named = {"name": spec.name, "group": spec.group}
        steps.append({**step, **{key: value for key, value in named.items() if value is not None}})
    return steps


def _dataset(task: Task, samples: Samples) -> dict[str, Any]:
    return {
        "name": task.dataset_name,
        "id": task.dataset_id,
        "samples": samples.dataset.samples,
        "features": samples.dataset.features,
        "targets": [samples.target],
    }


def _evaluation(task: Task, samples: Samples, done: _Done | None) -> dict[str, Any]:
    said = {
        "metric": task.metric or PRIMARY[samples.task],
        "n_train": len(samples.trainable.rows),
        "n_test": len(samples.test),
        "missing_targets": samples.missing,
        "conventions": CONVENTIONS[samples.task],
    }
    if done is None:
        return said
    held_out = {row for block in done.blocks if block.partition == "val" for row in block.indices}
    return {**said, "cv": done.cv, "folds": done.folds, "n_val": len(held_out)}
