"""What was asked of a run: written into its `run_config.json`, and read back so that it can go on by its name alone.

This room turns a request and a plan into that document and the document into them; it must not run anything.
"""

from __future__ import annotations

import dataclasses
import platform
from typing import TYPE_CHECKING, Any

from nws import __version__
from nws.dataset import load
from nws.engine import expanded, software
from nws.engine.admission import check_steps
from nws.engine.request import Plan, Request, check_jobs, plan_of
from nws.errors import Conflict, Damaged, NewerFormat, UnknownName
from nws.ids import ObjectId
from nws.records import RunConfig, now, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nws.engine.tasks import PipelineConfig
    from nws.run import Run

# Fields of a request that stand elsewhere in the document, or mean something only to the call that made it.
_ELSEWHERE = frozenset({"datasets", "pipelines", "pipeline_names", "description", "seed", "provenance", "resume"})


def config_of(run: Run, plan: Plan, request: Request) -> RunConfig:
    """Return the `run_config.json` of a run that is to do a plan, its expanded pipelines stored.

    A run that is gone on with keeps its own. One that is appended to says from then on what was asked last; when, where
    and by whom it was begun stays.
    """
    try:
        config = run.config()
    except UnknownName:
        return _first(run, plan, request)
    if config.plan == plan.id and config.configs is not None:
        return config
    asked = _asked(run, plan, request)
    return dataclasses.replace(config, **asked, description=config.description or request.description)


def _first(run: Run, plan: Plan, request: Request) -> RunConfig:
    origin, found = request.provenance, software.environment()
    return RunConfig(
        run_id=run.name,
        created_at=timestamp(now()),
        created_by=origin.created_by,
        host=origin.host or platform.node(),
        nws_version=__version__,
        python_version=found["python"],
        packages=found["packages"],
        description=request.description,
        git_commit=origin.git_commit,
        git_dirty=origin.git_dirty,
        job_id=origin.job_id,
        pipelines=[],
        **_asked(run, plan, request),
    )


def _asked(run: Run, plan: Plan, request: Request) -> dict[str, Any]:
    return {
        "dataset_name": plan.dataset_name,
        "dataset_id": str(plan.dataset_id),
        "dataset_source": plan.source,
        "task_type": plan.task_type,
        "command": list(request.provenance.command),
        "global_params": _options(request),
        "random_seed": request.seed,
        "plan": plan.id,
        "configs": str(run.store.put(expanded.pack(_configs(plan)))),
    }


def _options(request: Request) -> dict[str, Any]:
    values = {item.name: getattr(request, item.name) for item in dataclasses.fields(request)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if name not in _ELSEWHERE
    }


def _configs(plan: Plan) -> Iterator[PipelineConfig]:
    """Yield the pipelines of a plan, each once; a plan has them for each of its targets."""
    first = plan.tasks[0].target
    return (task.config for task in plan.tasks if task.target == first)


def recall(run: Run, request: Request, *, trusted: tuple[str, ...]) -> tuple[Request, Plan]:
    """Return what was asked of a run, from the run and the store alone.

    Parameters
    ----------
    run
        The run, in its workspace.
    request
        The call that asks to go on: how many workers, and where it was made.
    trusted
        Packages that may be imported besides those that always may.

    Raises
    ------
    UnknownName
        If the run was cut off before it could say what was asked.
    Conflict
        If an older version began it, which did not keep its pipelines.
    Damaged
        If what it names is gone or not what its id says.
    NotTrusted
        If its pipelines name a class of a package that nobody trusts now.
    NewerFormat
        If a later version began it with something that this version does not know.
    """
    check_jobs(request.jobs)
    config = run.config()
    if config.configs is None:
        again = " ".join(config.command) or "the call that began it"
        raise Conflict(f"run {run.name} does not keep its pipelines, an older nws began it", hint=f"goes on: {again}")
    before = _request(config, run, request)
    where = f"the pipelines of run {run.name}"
    try:
        configs = expanded.unpack(run.store.get(ObjectId(config.configs)), where=where)
        dataset = load(run.store, ObjectId(config.dataset_id), name=config.dataset_name)
    except UnknownName as err:
        hint = "the same command with its config files and dataset goes on"
        raise Damaged(f"run {run.name} names what is gone: {err.message}", hint=hint) from err
    check_steps((step for config in configs for step in config.steps), trusted=trusted, place=where)
    plan = plan_of(before, dataset, ObjectId(config.dataset_id), configs, source=config.dataset_source)
    if plan.id != config.plan:
        raise NewerFormat(
            f"run {run.name} was begun with a plan that this nws would do otherwise",
            hint="use the version of nws that began it, or start a new run",
        )
    return before, plan


def _request(config: RunConfig, run: Run, call: Request) -> Request:
    known = {item.name for item in dataclasses.fields(Request)}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in config.global_params.items()
    }
    for name in given.keys() - known:
        raise NewerFormat(f"run {run.name} was begun with {name!r}, which this nws does not know")
    before = Request(**given, seed=config.random_seed, description=config.description)
    jobs = before.jobs if call.jobs is None else call.jobs
    return dataclasses.replace(before, jobs=jobs, provenance=call.provenance, resume=run.name)
