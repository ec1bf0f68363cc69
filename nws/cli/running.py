"""The command that runs pipelines: what is asked, in words and options."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from nws.cli.charting import Charts
from nws.cli.following import perform
from nws.cli.prospects import show_prospects
from nws.cli.session import Handed

if TYPE_CHECKING:
    from nws.engine.request import Request

Several = Parameter(consume_multiple=True)


def run(
    *,
    dataset: Annotated[list[str] | None, Several] = None,
    pipelines: Annotated[list[Path] | None, Several] = None,
    target: Annotated[list[str] | None, Several] = None,
    run_name: str | None = None,
    pipeline_names: Annotated[list[str] | None, Several] = None,
    description: str = "",
    append: bool = False,
    force: bool = False,
    jobs: int | None = None,
    cv: str = "auto",
    metric: str | None = None,
    test: str | None = None,
    seed: int = 0,
    outliers: bool = False,
    keep_folds: bool = False,
    charts: Charts = "best",
    dry_run: bool = False,
    resume: str | None = None,
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
        Run also what the workspace has already.
    jobs
        How many worker processes; as many as there are processors, or with --resume as before, if not given.
    cv
        Splits where the config has none: kfold:5, loo, shuffle:5:0.25, stratified:5, group:COLUMN.
    metric
        The primary metric, by which the run is ranked.
    test
        Test samples for data without any: shuffle:1:0.25, kennard-stone:0.25, …; nested if several folds: kfold:5.
    seed
        From which every random choice is derived.
    outliers
        Say of each sample how far it lies from those fitted on (T², Q), for models with a latent space.
    keep_folds
        Keep the fitted steps of each fold, too, beside those of the final fit.
    charts
        Draw pictures (chart_*.png) into the folder of the best pipeline of each target, of all, or of none.
    dry_run
        Only print the pipelines with their hashes, and where those are that are there already.
    resume
        Go on with this run, which was cut off or interrupted, with what was asked then.
    """
    from nws.engine.request import Request

    workspace = session.workspace()
    request = Request(
        datasets=tuple(dataset or ()),
        pipelines=tuple(pipelines or ()),
        targets=tuple(target or ()),
        run_name=run_name,
        pipeline_names=tuple(pipeline_names or ()),
        description=description,
        append=append,
        force=force,
        jobs=_jobs(jobs, resume),
        cv=cv,
        metric=metric,
        test=test,
        seed=seed,
        outliers=outliers,
        keep_folds=keep_folds,
        resume=resume,
        provenance=session.provenance(),
    )
    if resume is not None:
        _refuse_beside_resume(request)
    if dry_run:
        return show_prospects(session.output, workspace.look(request))
    return perform(session, workspace, request, charts=charts)


def _jobs(given: int | None, resume: str | None) -> int | None:
    from nws.engine.local import usable_cores

    return usable_cores() if given is None and resume is None else given


def _refuse_beside_resume(request: "Request") -> None:
    """Refuse what cannot be asked again: the run says it itself."""
    import dataclasses

    from nws.errors import UsageError

    kept = {"resume", "jobs", "provenance"}
    for item in dataclasses.fields(request):
        if item.name not in kept and getattr(request, item.name) != item.default:
            option = {"datasets": "dataset", "targets": "target"}.get(item.name, item.name.replace("_", "-"))
            hint = f"nws run --resume {request.resume}; beside it only --jobs and --dry-run"
            raise UsageError(f"--{option} is not given with --resume: the run says what was asked", hint=hint)
