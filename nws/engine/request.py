"""What a person asks of `nws run`, and the plan that comes of it: which task, on which dataset, in which run.

Making a plan reads files and snapshots datasets; it must not fit anything.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nws.documents import read as read_document
from nws.engine.apart import check_test
from nws.engine.plan import expand, read_configs
from nws.engine.splits import check_cv
from nws.engine.tasks import PipelineConfig, Task
from nws.errors import BadInput, UsageError
from nws.ids import check_name, closest, hash_of
from nws.metrics import METRICS, parse
from nws.shelf.templates import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nws.dataset import Dataset, Packed
    from nws.ids import ObjectId
    from nws.workspace import Workspace

AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where and by whom a run was started; what only the door can know."""

    created_by: str = ""
    host: str = ""
    command: tuple[str, ...] = ()
    git_commit: str | None = None
    git_dirty: bool | None = None
    job_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """The arguments of `nws run`.

    `datasets` are registered names or paths; `pipelines` are config files; `targets` limits the targets of the
    datasets (all of them if empty); `cv` is a split like `kfold:5`, or `auto`; `test` is one that sets samples apart
    for testing, where the datasets have no test partition; `outliers` asks for the distances of samples in the latent
    space of each model; `keep_folds` asks for the fitted steps of each fold; `jobs` is how many worker processes, one
    if None. `resume` names a run to go on with, which says itself what was asked: of the other fields only `jobs` and
    `provenance` count then, and `jobs` is as before if None.
    """

    datasets: tuple[str | Path, ...] = ()
    pipelines: tuple[Path, ...] = ()
    targets: tuple[str, ...] = ()
    run_name: str | None = None
    pipeline_names: tuple[str, ...] = ()
    description: str = ""
    append: bool = False
    force: bool = False
    jobs: int | None = None
    cv: str = AUTO
    metric: str | None = None
    test: str | None = None
    seed: int = 0
    outliers: bool = False
    keep_folds: bool = False
    resume: str | None = None
    provenance: Provenance = field(default_factory=Provenance)

    @classmethod
    def of(
        cls,
        datasets: Sequence[str | Path] | str | Path,
        pipelines: Sequence[str | Path] | str | Path,
        options: Mapping[str, object],
    ) -> Request:
        """Return the request with one dataset or config file or several, and other fields by their names.

        Raises
        ------
        UsageError
            If there is no such field.
        """
        from pathlib import Path

        known = {item.name for item in dataclasses.fields(cls)}
        for name in options:
            if name not in known:
                near = closest(name, known)
                raise UsageError(f"run has no option {name!r}", hint=f"did you mean {near[0]}?" if near else "")
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
        return cls(
            datasets=(datasets,) if isinstance(datasets, str | Path) else tuple(datasets),
            pipelines=tuple(Path(path) for path in ([pipelines] if isinstance(pipelines, str | Path) else pipelines)),
            **given,  # type: ignore[arg-type]  # checked by name above; the values are checked when the plan is made
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything one run is to do: its tasks in the order in which they are numbered.

    `understood` says how files were read that were given by path.
    """

    dataset_name: str
    dataset_id: ObjectId
    source: list[str]
    task_type: str
    tasks: tuple[Task, ...]
    understood: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """A hash of the tasks, by which a run that was cut off in the same plan is known again."""
        return hash_of([task.key for task in self.tasks])


def make_plans(workspace: Workspace, request: Request, *, store: bool = True) -> list[Plan]:
    """Read the pipelines and datasets of a request and return one plan per dataset.

    Parameters
    ----------
    workspace
        Where datasets are registered.
    request
        What is asked.
    store
        Put snapshots of files that are given directly into the store; without them no task can run.

    Raises
    ------
    UsageError
        If the arguments do not fit together.
    BadInput
        If a file cannot be used as it is.
    UnknownName
        If a dataset, target or metric is not known.
    """
    _check(request)
    configs = _configs(workspace, request)
    # Everything is read and checked before anything is stored, so that a refusal leaves nothing behind.
    sources = [_source(workspace, dataset, request.targets) for dataset in request.datasets]
    plans = [
        plan_of(request, source.dataset, source.id, configs, source=source.files, understood=source.understood)
        for source in sources
    ]
    for source in sources if store else ():
        if source.packed is not None:
            source.packed.put(workspace.store)
    return plans


def _check(request: Request) -> None:
    if not request.datasets:
        raise UsageError("no dataset given", hint="--dataset NAME or --dataset PATH")
    if not request.pipelines:
        raise UsageError("no pipelines given", hint="--pipelines FILE")
    if request.run_name is not None:
        check_name(request.run_name, "run name")
    for name in request.pipeline_names:
        check_name(name, "pipeline name")
    check_jobs(request.jobs)
    if not 0 <= request.seed < 2**32:
        raise UsageError(f"--seed {request.seed}: a seed is a whole number from 0 to 4294967295")
    if request.metric is not None:
        parse(request.metric)
    if request.cv != AUTO:
        check_cv(request.cv)
    if request.test is not None:
        check_test(request.test)


def check_jobs(jobs: int | None) -> None:
    """Refuse a number of workers that is none.

    Raises
    ------
    UsageError
        If it is below 1.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs {jobs}: at least one worker is needed", hint="--jobs 1 or more")


def _configs(workspace: Workspace, request: Request) -> list[PipelineConfig]:
    trusted = workspace.settings.trusted_packages
    files = [_read(workspace, path, trusted) for path in request.pipelines]
    names = request.pipeline_names
    total = sum(len(configs) for configs in files)
    if names and len(names) not in {len(files), total}:
        raise UsageError(
            f"{len(names)} pipeline names for {len(files)} files with {total} pipelines",
            hint="give one name for each file, or one for each pipeline",
        )
    given = names if len(names) == total else [name for name, group in zip(names, files, strict=False) for _ in group]
    configs = [config for group in files for config in group]
    if given:
        configs = [dataclasses.replace(config, name=name) for config, name in zip(configs, given, strict=True)]
    # Of pipelines that several files have, the first is kept, as of those that one file has twice.
    kept = {config.hash: config for config in reversed(configs)}
    return [_checked(config) for config in configs if kept[config.hash] is config]


def _read(workspace: Workspace, path: Path, trusted: tuple[str, ...]) -> list[PipelineConfig]:
    """Read the pipelines of a file; `template:NAME` is one of the library, and stays called so."""
    name = str(path)
    if not name.startswith(PREFIX):
        return read_configs(path, trusted=trusted)
    return expand(read_document(workspace.templates.get(name.removeprefix(PREFIX))), file=name, trusted=trusted)


def _checked(config: PipelineConfig) -> PipelineConfig:
    if config.name is None:
        return config
    try:
        return dataclasses.replace(config, name=check_name(config.name, "pipeline name"))
    except UsageError as err:
        raise BadInput(f"{config.file}: {err.message}", hint=err.hint) from err


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A dataset and where it comes from; `packed` is what is to be stored of it, None where it is stored already."""

    dataset: Dataset
    id: ObjectId
    files: list[str]
    understood: tuple[str, ...] = ()
    packed: Packed | None = None


def plan_of(
    request: Request,
    held: Dataset,
    dataset_id: ObjectId,
    configs: Sequence[PipelineConfig],
    *,
    source: list[str],
    understood: tuple[str, ...] = (),
) -> Plan:
    """Return the plan of a request on one dataset, once its pipelines are read.

    Raises
    ------
    UsageError
        If the metric does not fit the targets, or test samples cannot be set apart as asked.
    BadInput
        If the dataset has no target, or none of that name.
    """
    targets = [held.target(text) for text in request.targets] or list(held.targets)
    if not targets:
        raise BadInput(
            f"dataset {held.name} has no target to predict",
            hint="nws dataset add NAME FILE --target COLUMN, then --dataset NAME",
        )
    task_types = {target.task for target in targets}
    metric = _metric(request.metric, task_types)
    tasks = [
        Task(
            position=position,
            config=config,
            dataset_name=held.name,
            dataset_id=dataset_id,
            target=target.name,
            cv=request.cv,
            seed=request.seed,
            metric=metric,
            test=request.test,
            outliers=request.outliers,
            keep_folds=request.keep_folds,
        )
        for position, (target, config) in enumerate((target, config) for target in targets for config in configs)
    ]
    for config in configs:
        _check_groups(held, config)
    if request.test is not None:
        _check_apart(held, tasks)
    return Plan(
        dataset_name=held.name,
        dataset_id=dataset_id,
        source=source,
        task_type=",".join(sorted(task_types)),
        tasks=tuple(tasks),
        understood=understood,
    )


def _check_groups(held: Dataset, config: PipelineConfig) -> None:
    """Refuse a splitter that is to group by a column that the dataset does not have, before anything is run."""
    for step in config.steps:
        if step.group is not None and step.group not in held.metadata:
            known = ", ".join(held.metadata) or "none"
            raise BadInput(
                f"{config.file}: dataset {held.name} has no metadata column {step.group!r} to group by",
                hint=f"its columns: {known}; nws dataset add NAME FILE --metadata COLUMN",
            )


def _check_apart(held: Dataset, tasks: Sequence[Task]) -> None:
    """Set samples apart for each target once, to find out now whether that can be done."""
    from nws.engine.samples import sort

    for task in {task.target: task for task in tasks}.values():
        sort(held, task)


def _metric(text: str | None, task_types: set[str]) -> str | None:
    if text is None:
        return None
    partition, metric = parse(text)
    if partition not in {None, "val"}:
        raise UsageError(
            f"--metric {text}: a run is ranked on validation figures",
            hint=f"--metric {metric.name}; `nws catalog best --metric {text}` ranks by it afterwards",
        )
    if task_types != {metric.task}:
        fitting = [known.name for known in METRICS.values() if known.task in task_types]
        raise UsageError(
            f"--metric {text} is for {metric.task}, the target is for {', '.join(sorted(task_types))}",
            hint=f"one of: {', '.join(fitting)}",
        )
    return metric.name


def _source(workspace: Workspace, dataset: str | Path, targets: tuple[str, ...]) -> _Source:
    """Return a registered dataset, or one of files that are read now; targets that were asked for settle a doubt."""
    from pathlib import Path

    from nws.dataset import ReadOptions, TargetUntold, load, name_of, pack, read

    if isinstance(dataset, str) and workspace.datasets.has(dataset):
        held = workspace.datasets.get(dataset)
        return _Source(dataset=load(workspace.store, held.id, name=held.name), id=held.id, files=held.sources)
    path = Path(dataset)
    if isinstance(dataset, str) and not path.exists() and path.name == dataset and not path.suffix:
        workspace.datasets.get(dataset)
    try:
        found, understood = read([path], name=name_of([path]), options=ReadOptions())
    except TargetUntold:
        if not targets:
            raise
        found, understood = read([path], name=name_of([path]), options=ReadOptions(target=targets))
    packed = pack(found)
    return _Source(dataset=found, id=packed.id, files=[str(path)], understood=tuple(understood.lines()), packed=packed)
