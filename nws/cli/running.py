"""The command that runs pipelines: what is asked, how far it is, what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.following import perform
from nws.cli.output import Output, plural
from nws.cli.session import Handed
from nws.errors import DONE
from nws.ids import SHORT_LENGTH

if TYPE_CHECKING:
    from nws.engine.request import Plan

Several = Parameter(consume_multiple=True)


def run(
    *,
    dataset: Annotated[list[str], Several],
    pipelines: Annotated[list[Path], Several],
    target: Annotated[list[str] | None, Several] = None,
    run_name: str | None = None,
    pipeline_names: Annotated[list[str] | None, Several] = None,
    description: str = "",
    append: bool = False,
    force: bool = False,
    jobs: int | None = None,
    cv: str = "auto",
    metric: str | None = None,
    seed: int = 0,
    dry_run: bool = False,
    session: Handed,
) -> int:
    """Run every pipeline on every dataset.

    Parameters
    ----------
    dataset
        Registered names, or paths of files or folders.
    pipelines
        Config files (JSON or YAML).
    target
        Only these targets; all of the dataset if not given.
    run_name
        Part of the name of the run folder.
    pipeline_names
        One name for each config file, or one for each pipeline.
    description
        What the run is for.
    append
        Add to the run of this name, made if it is not there.
    force
        Run again what the run already has.
    jobs
        How many worker processes; as many as there are processors if not given.
    cv
        Splits where the config has none: kfold:5, loo, shuffle:5:0.25, stratified:5, group:COLUMN.
    metric
        The primary metric, by which the run is ranked.
    seed
        From which every random choice is derived.
    dry_run
        Only print the pipelines with their hashes, and what the run has already.
    """
    from nws.engine.local import usable_cores
    from nws.engine.request import Request

    workspace = session.workspace()
    request = Request(
        datasets=tuple(dataset),
        pipelines=tuple(pipelines),
        targets=tuple(target or ()),
        run_name=run_name,
        pipeline_names=tuple(pipeline_names or ()),
        description=description,
        append=append,
        force=force,
        jobs=usable_cores() if jobs is None else jobs,
        cv=cv,
        metric=metric,
        seed=seed,
        provenance=session.provenance(),
    )
    if dry_run:
        return _dry_run(session.output, workspace.plan(request))
    return perform(session, workspace, request)


def _dry_run(output: Output, plans: "list[Plan]") -> int:
    from nws.pipeline.rows import chain_text, model_text

    rows: list[dict[str, Any]] = []
    for plan in plans:
        for task in plan.tasks:
            steps = [
                {"operator": step.kind, "class": step.path, "params": step.params, "name": step.name}
                for step in task.config.steps
            ]
            rows.append(
                {
                    "position": task.position + 1, "hash": task.config.hash, "dataset_name": plan.dataset_name,
                    "target": task.target, "preprocessing": chain_text(steps), "model": model_text(steps),
                    "config_file": task.config.file,
                }
            )  # fmt: skip
    shown = rows if output.json_lines else [{**row, "hash": row["hash"][:SHORT_LENGTH]} for row in rows]
    heads = {
        "position": "#",
        "hash": "hash",
        "dataset_name": "dataset",
        "target": "target",
        "preprocessing": "preprocessing",
        "model": "model",
    }
    output.rows("planned", shown, heads)
    output.say(f"{plural(len(rows), 'pipeline')} would run; nothing was written but the snapshot of the data")
    return DONE
