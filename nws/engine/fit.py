"""Running tasks: cross-validation, the final fit, figures and artifacts, all the way to outcomes.

A pipeline that fails is an outcome too. This room must not know runs, numbers or folders: what it makes is in the
object store, and the outcome names it.
"""

from __future__ import annotations

import dataclasses
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine.ambient import Place, message, recorded, seeded, summary
from nws.engine.bundles import bundles, relation
from nws.engine.evaluate import CONVENTIONS, evaluate
from nws.engine.foldsteps import ROOM, FoldSteps, described
from nws.engine.latent import OUTLIERS
from nws.engine.nested import cross_test
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
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from nws.engine.ambient import Log
    from nws.engine.latent import Limits
    from nws.engine.protocol import Member, Saved
    from nws.engine.samples import Samples
    from nws.engine.tasks import StepSpec, Task
    from nws.pipeline import Block
    from nws.records import Metrics
    from nws.store import ObjectStore
    from nws.store.batch import Batch

    Stored = tuple[dict[str, str], list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class _Done:
    """What a pipeline that ran through has to show."""

    cv: str
    folds: int
    blocks: tuple[Block, ...]
    saved: tuple[Saved, ...]
    metrics: Metrics
    limits: Limits | None = None
    of_folds: tuple[dict[str, Any], ...] = ()


def fit(tasks: Sequence[Task], store: ObjectStore) -> Iterator[Outcome]:
    """Run tasks and put what comes of them into the store; those that share work are done together.

    Whatever goes wrong inside a pipeline is in its outcome, with the step where it did. The generators of random
    numbers that the process shares are as before, afterwards. Outcomes come in no promised order.

    Raises
    ------
    NwsError
        If the dataset cannot be read or the store cannot be written: that concerns more than one pipeline.
    """
    for bundle in bundles(tasks):
        done = _together(bundle, store) if len(bundle) > 1 else []
        yield from done
        there = {outcome.task.position for outcome in done}
        yield from (_alone(task, store) for task in bundle if task.position not in there)


def _together(tasks: Sequence[Task], store: ObjectStore) -> list[Outcome]:
    """Return the outcomes of those that ran through; the others are as if they had not been run."""
    begun = _Begun()
    samples = samples_of(tasks[0], store)
    outcomes = []
    try:
        with recorded() as log, _seeded(tasks[0]), store.batch() as batch:
            place = Place()
            protocol = Protocol(tasks, samples, place=place, log=log)
            for family in _families(_validated(protocol, samples, place, log, FoldSteps(store)), protocol):
                stored_of = _put(batch, samples, [done for _, done in family])
                for (member, done), stored in zip(family, stored_of, strict=True):
                    outcomes.append(begun.outcome(member.task, samples, stored, done=done, log=member.warnings))
    except Exception:  # noqa: BLE001 -- whatever it is, it comes again when each is run alone, and is told then
        return []
    return begun.shared(outcomes)


def _families(validated: Iterator[tuple[Member, _Done]], protocol: Protocol) -> Iterator[list[tuple[Member, _Done]]]:
    """Gather pipelines that differ along a path only, as far as their artifacts have room in memory."""
    family: list[tuple[Member, _Done]] = []
    held, shared = 0, None
    for member, done in validated:
        protocol.heard(member)
        own = relation(member.task)
        if family and (held > ROOM or own != shared):
            yield family
            family, held = [], 0
        shared = own
        family.append((member, done))
        held += sum(len(item.data) for item in done.saved)
    if family:
        yield family


def _alone(task: Task, store: ObjectStore) -> Outcome:
    begun = _Begun()
    samples = samples_of(task, store)
    place, done, error, protocol = Place(), None, None, None
    with recorded() as log, _seeded(task):
        try:
            protocol = Protocol([task], samples, place=place, log=log)
            ((_, done),) = _validated(protocol, samples, place, log, FoldSteps(store))
        except KeyboardInterrupt:
            raise
        except BaseException as err:  # noqa: BLE001 -- others' code can fail in any way, and none stops the others
            error = _error(err, place)
    if protocol is not None:
        protocol.heard(*protocol.members)
        log = protocol.members[0].warnings
    with store.batch() as batch:
        (stored,) = _put(batch, samples, [done]) if done else [_put_error(batch, error)]
    return begun.outcome(task, samples, stored, done=done, log=log, error=error)


def _seeded(task: Task) -> AbstractContextManager[None]:
    return seeded(int(hash_of([task.seed, task.config.hash])[:8], 16))


def _validated(
    protocol: Protocol, samples: Samples, place: Place, log: Log, kept: FoldSteps
) -> Iterator[tuple[Member, _Done]]:
    cv, folds = protocol.split()
    held_out = protocol.cross_validate(folds, kept.add if protocol.members[0].task.keep_folds else None)
    outer = cross_test(protocol, samples, place=place, log=log)
    for member, finished in protocol.finish():
        if samples.outer and member not in outer:
            continue
        test = outer[member].test if samples.outer else finished.test
        parts = tuple(part for part in (finished.train, held_out[member], test) if len(part))
        metrics = evaluate(samples.task, member.task.metric, parts)
        done = _Done(
            cv=cv,
            folds=len(folds),
            blocks=tuple(part.block() for part in parts),
            saved=finished.saved,
            metrics=dataclasses.replace(metrics, nested=outer[member].figures) if samples.outer else metrics,
            limits=finished.limits,
            of_folds=tuple(kept.of(member)),
        )
        yield member, done


class _Begun:
    """The moment at which work on some tasks began, and what came of them since."""

    def __init__(self) -> None:
        self._at, self._clock = timestamp(now()), time.perf_counter()

    def outcome(
        self,
        task: Task,
        samples: Samples,
        stored: Stored,
        *,
        done: _Done | None,
        log: Log,
        error: dict[str, Any] | None = None,
    ) -> Outcome:
        """Return the outcome of a task; without `done` it failed."""
        files, objects = stored
        return Outcome(
            task=task,
            status=FAILED if done is None else SUCCEEDED,
            created_at=self._at,
            completed_at=timestamp(now()),
            duration_seconds=time.perf_counter() - self._clock,
            steps=_steps(task.config.steps, {item["step"]: item["object"] for item in objects if "fold" not in item}),
            artifacts=objects,
            files=files,
            dataset=_dataset(task, samples),
            evaluation=_evaluation(task, samples, done),
            metrics=done.metrics if done else None,
            blocks=done.blocks if done else (),
            warnings=summary(log),
            error=error,
        )

    def shared(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return outcomes with the time that it took for all of them divided among them."""
        share = (time.perf_counter() - self._clock) / max(1, len(outcomes))
        return [dataclasses.replace(outcome, duration_seconds=share) for outcome in outcomes]


def _error(err: BaseException, place: Place) -> dict[str, Any]:
    found: dict[str, Any] = {"step": place.step, "type": type(err).__name__, "message": message(err)}
    if place.class_path is not None:
        found["class"] = place.class_path
    if place.fold is not None:
        found["fold"] = place.fold
    if place.outer is not None:
        found["outer_fold"] = place.outer
    if isinstance(err, NwsError) and err.hint:
        found["hint"] = err.hint
    return {**found, "traceback": "".join(traceback.format_exception(err))}


def _put(batch: Batch, samples: Samples, family: Sequence[_Done]) -> list[Stored]:
    """Store what a pipeline made, or several that differ along a path only; return the ids of files, and artifacts.

    The artifacts of several resemble one another, step by step.
    """
    groups = [
        batch.put_group([item.data for item in step]) for step in zip(*(done.saved for done in family), strict=True)
    ]
    stored = []
    for done, ids in zip(family, zip(*groups, strict=True), strict=True):
        data = samples.dataset
        table = predictions_csv(done.blocks, samples.target, sample_ids=data.sample_ids, metadata=data.metadata)
        files = {"metrics.json": str(batch.put(encode(done.metrics))), "predictions.csv": str(batch.put(table))}
        final = [described(item, oid) for item, oid in zip(done.saved, ids, strict=True)]
        stored.append((files, [*final, *done.of_folds]))
    return stored


def _put_error(batch: Batch, error: dict[str, Any] | None) -> Stored:
    assert error is not None
    return {"error.log": str(batch.put(error["traceback"].encode(errors="backslashreplace")))}, []


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
        "axis": samples.axis,
        "targets": [samples.target],
    }


def _evaluation(task: Task, samples: Samples, done: _Done | None) -> dict[str, Any]:
    said = {
        "metric": task.metric or PRIMARY[samples.task],
        "n_train": len(samples.trainable.rows),
        "n_test": len({*samples.test.tolist(), *(row for _, rows in samples.outer for row in rows.tolist())}),
        "missing_targets": samples.missing,
        "conventions": CONVENTIONS[samples.task],
    }
    if samples.apart is not None:
        said |= {"test": samples.apart, "test_folds": max(1, len(samples.outer))}
    if done is None:
        return said
    held_out = {row for block in done.blocks if block.partition == "val" for row in block.indices}
    outliers = {} if done.limits is None else {OUTLIERS: done.limits.packed()}
    return {**said, "cv": done.cv, "folds": done.folds, "n_val": len(held_out), **outliers}
