"""Running pipelines again from their records alone, and saying how what comes of it differs.

The dataset is taken from the store. Nothing is published: no run, no number, no row of the index. This room must not
know how a verdict is shown.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.dataset import load
from nws.engine import software
from nws.engine.admission import check_steps
from nws.engine.alike import largest_difference, same_figures
from nws.engine.request import AUTO
from nws.engine.splits import check_cv
from nws.engine.tasks import MODEL, SPLIT, PipelineConfig, StepSpec, Task
from nws.errors import BadInput, Damaged, NewerFormat, UnknownName, UsageError
from nws.ids import ObjectId
from nws.pipeline import RESTORE
from nws.pipeline.rows import stored_blocks
from nws.pipeline.view import METRICS_FILE, PREDICTIONS_FILE
from nws.run import FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nws.engine.execute import Executor
    from nws.engine.tasks import Outcome
    from nws.pipeline import Pipeline
    from nws.records import PipelineRecord
    from nws.workspace import Workspace

IDENTICAL, EQUAL, DIFFERENT = "identical", "equal", "different"
# Relative to the largest prediction. Sums in another order differ by 1e-15 or so, and a decomposition makes more of it.
ROUNDING = 1e-8


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A pipeline that was run again.

    `verdict` is `identical` (predictions and artifacts have the same ids, or it failed in the same way), `equal` (the
    predictions differ by rounding at most) or `different` (so are they where a figure of merit is). `difference` is the
    largest difference of a prediction relative to the largest prediction, None where the two cannot be compared.
    `figures` says whether every figure that both have is the same. `files` and `artifacts` say of each object its
    `name` and its id `then` and `now`; `changed` says the same of the software.
    """

    pipeline: Pipeline
    outcome: Outcome
    verdict: str
    difference: float | None = None
    figures: bool = False
    files: list[dict[str, Any]] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)

    def is_same(self, name: str) -> bool:
        """Say whether a file has the same bytes as then."""
        return any(item["name"] == name and item["then"] == item["now"] for item in self.files)


def reproduce(workspace: Workspace, pipelines: Sequence[Pipeline], executor: Executor) -> Iterator[Reproduction]:
    """Run pipelines again and yield how each compares, in no promised order.

    Parameters
    ----------
    workspace
        Where their datasets are, and which packages are trusted.
    pipelines
        What to run again.
    executor
        Who runs them, once all of them are found fit to be run.

    Raises
    ------
    BadInput
        If a record does not say what is needed, or names a class that is not there.
    NotTrusted
        If it names a class of a package that nobody trusted.
    Damaged
        If the dataset, or what the pipeline is compared with, is gone or not what its id says.
    """
    tasks = [task_of(pipeline, position) for position, pipeline in enumerate(pipelines)]
    trusted = workspace.settings.trusted_packages
    for task, pipeline in zip(tasks, pipelines, strict=True):
        check_steps(task.config.steps, trusted=trusted, place=pipeline.ref)
        _check_dataset(pipeline)
    now = software.environment(trusted)
    for outcome in executor.map(tasks):
        pipeline = pipelines[outcome.task.position]
        changed = software.changes(pipeline.record.environment, now)
        yield dataclasses.replace(_compared(pipeline, outcome), changed=changed)


def task_of(pipeline: Pipeline, position: int = 0) -> Task:
    """Return the task of which a pipeline is the outcome.

    Raises
    ------
    BadInput
        If its record does not say what is needed.
    """
    record = pipeline.record
    config = PipelineConfig(
        steps=tuple(_step(step, pipeline) for step in record.steps),
        given=record.config,
        canonical=record.canonical_config,
        hash=record.hash,
        name=record.name,
        file=record.config_file,
    )
    if sum(step.kind == MODEL for step in config.steps) != 1:
        raise _lacking(pipeline, "a model among its steps")
    targets = record.dataset.get("targets") or [None]
    if not isinstance(targets[0], str) or "id" not in record.dataset:
        raise _lacking(pipeline, "its dataset and target")
    task = Task(
        position=position,
        config=config,
        dataset_name=str(record.dataset.get("name", "dataset")),
        dataset_id=record.dataset["id"],
        target=targets[0],
        cv=AUTO,
        seed=record.seed,
        metric=record.evaluation.get("metric"),
    )
    return _asked(task, pipeline)


def _step(step: dict[str, Any], pipeline: Pipeline) -> StepSpec:
    names = {item.name for item in dataclasses.fields(StepSpec)} - {"kind", "path", "params"}
    try:
        rest = {name: value for name, value in step.items() if name in names}
        return StepSpec(kind=step["operator"], path=step["class"], params=step.get("params") or {}, **rest)
    except (KeyError, TypeError) as err:
        raise _lacking(pipeline, "the class of each step") from err


def _lacking(pipeline: Pipeline, what: str) -> BadInput:
    message = f"the record of {pipeline.ref} does not say {what}, so it cannot be run again"
    return BadInput(message, hint="only what `nws run` made can be reproduced; nws show says what is known of it")


def _asked(task: Task, pipeline: Pipeline) -> Task:
    """Return a task with the splits that were asked for."""
    record = pipeline.record
    said = record.evaluation.get("asked")
    if isinstance(said, dict):
        known = {item.name for item in dataclasses.fields(Task)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
        }
        if unknown := values.keys() - known:
            raise NewerFormat(f"{pipeline.ref} was run with {min(unknown)!r}, which this nws does not know")
        return dataclasses.replace(task, **values)
    # An older record says only what was done, and a hash of what was asked.
    done = str(record.evaluation.get("cv"))
    for cv in (AUTO, done) if _is_cv(done) else (AUTO,):
        asked = dataclasses.replace(task, cv=cv)
        if asked.key == record.task or cv == done:
            return asked
    if any(step.kind == SPLIT for step in task.config.steps):
        return task
    raise _lacking(pipeline, "its splits")


def _is_cv(text: str) -> bool:
    try:
        check_cv(text)
    except UsageError:
        return False
    return True


def _check_dataset(pipeline: Pipeline) -> None:
    data = pipeline.record.dataset
    try:
        load(pipeline.store, ObjectId(data["id"]), name=str(data.get("name")))
    except UnknownName as err:
        raise Damaged(f"the dataset of {pipeline.ref} is gone from the store: {err.message}", hint=RESTORE) from err


def _compared(pipeline: Pipeline, outcome: Outcome) -> Reproduction:
    record = pipeline.record
    found = Reproduction(pipeline=pipeline, outcome=outcome, verdict=DIFFERENT)
    if FAILED in {record.status, outcome.status}:
        return dataclasses.replace(found, verdict=IDENTICAL if _same_failure(record, outcome) else DIFFERENT)
    names = sorted({*record.files, *outcome.files} & {METRICS_FILE, PREDICTIONS_FILE})
    files = [{"name": name, "then": record.files.get(name), "now": outcome.files.get(name)} for name in names]
    artifacts = _artifacts(record, outcome)
    difference = largest_difference(stored_blocks(pipeline), outcome.blocks)
    then, now = pipeline.metrics(), outcome.metrics
    figures = then is not None and now is not None and same_figures(then, now, within=ROUNDING)
    found = dataclasses.replace(found, difference=difference, figures=figures, files=files, artifacts=artifacts)
    if difference is None or difference > ROUNDING or not figures:
        return found
    same = found.is_same(PREDICTIONS_FILE) and all(item["then"] == item["now"] for item in artifacts)
    return dataclasses.replace(found, verdict=IDENTICAL if same else EQUAL)


def _artifacts(record: PipelineRecord, outcome: Outcome) -> list[dict[str, Any]]:
    then = {item["name"]: item["object"] for item in record.artifacts}
    now = {item["name"]: item["object"] for item in outcome.artifacts}
    return [{"name": name, "then": then.get(name), "now": now.get(name)} for name in {**then, **now}]


def _same_failure(record: PipelineRecord, outcome: Outcome) -> bool:
    before, after = record.error or {}, outcome.error or {}
    told = ("step", "class", "fold", "type", "message")
    return record.status == outcome.status and all(before.get(key) == after.get(key) for key in told)
