"""Commands on executed pipelines: show, log, checkout, rev-parse, reindex."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.charting import put_charts, said
from nws.cli.lines import note, pipeline_line
from nws.cli.output import Output, Progress, write_table
from nws.cli.session import Handed, items_from_stdin
from nws.errors import NwsError
from nws.metrics import METRICS, PARTITIONS
from nws.words import plural, size, span

if TYPE_CHECKING:
    from nws.pipeline import Pipeline
    from nws.records import Metrics
    from nws.run import Run
    from nws.workspace import Workspace

Refs = Annotated[
    list[str], Parameter(help="RUN/0007, RUN/best, RUN/last, best:DATASET, a view, or the start of an id.")
]


def show(ref: str, /, *, session: Handed) -> None:
    """Show one pipeline.

    Parameters
    ----------
    ref
        RUN/0007, RUN/best, RUN/last, best:DATASET, a path to a view, or the start of a record or prediction id.
    """
    workspace = session.workspace()
    pipeline = session.resolve(workspace, ref)
    metrics = pipeline.metrics()
    tags = workspace.predictions.tags.of(pipeline.record_id)
    if session.json:
        session.output.record("pipeline", {**pipeline_line(pipeline), **_details(pipeline, metrics), "tags": tags})
        return
    _print_pipeline(session.output, pipeline, metrics, tags)


def _details(pipeline: "Pipeline", metrics: "Metrics | None") -> dict[str, Any]:
    record = pipeline.record
    figures = None
    if metrics is not None:
        figures = {"metric": metrics.metric, **{name: metrics.partition(name) for name in PARTITIONS}}
        figures["cross_validation"] = metrics.cross_validation
        figures["nested"] = metrics.nested
    return {
        "steps": record.steps,
        "artifacts": record.artifacts,
        "files": record.files,
        "metrics": figures,
        "evaluation": record.evaluation,
        "environment": record.environment,
        "seed": record.seed,
        "warnings": record.warnings,
        "error": record.error,
        "config_file": record.config_file,
        "description": record.description,
        "metadata": record.metadata,
        "dataset_id": record.dataset.get("id"),
    }


def _print_pipeline(output: Output, pipeline: "Pipeline", metrics: "Metrics | None", tags: list[str]) -> None:
    from nws.pipeline.rows import params_text

    record = pipeline.record
    data = record.dataset
    facts = {
        "pipeline": pipeline.path,
        "record": pipeline.record_id,
        "config hash": record.hash,
        "description": record.description,
        "tags": tags,
        "metadata": [f"{name}: {value}" for name, value in record.metadata.items()],
        "status": record.status,
        "dataset": f"{data.get('name')}, {data.get('samples')} samples of {data.get('features')} features",
        "target": data.get("targets"),
        "evaluation": _splits(record.evaluation),
        "ran": record.created_at,
        "took": span(record.duration_seconds),
        "config": record.config_file,
        "seed": record.seed,
        "packages": [f"{name} {number}" for name, number in record.environment.get("packages", {}).items()],
        "commit": record.environment.get("git_commit"),
        "warnings": record.warnings,
    }
    output.facts("pipeline", facts)
    if record.error:
        output.line(f"\nfailed in {record.error.get('step') or 'the worker'}: {record.error.get('message')}")
    steps = [
        [
            str(step.get("step", "")),
            str(step.get("operator", "")),
            str(step.get("class", "")),
            params_text(step),
        ]
        for step in record.steps
    ]
    _section(output, "steps", ["step", "operator", "class", "parameters"], steps)
    if metrics is not None:
        _section(output, "metrics", *_metrics_table(metrics))
    artifacts = [[item["name"], size(item["size_bytes"]), item["object"]] for item in record.artifacts]
    _section(output, "artifacts", ["name", "size", "object"], artifacts)


def _splits(evaluation: dict[str, Any]) -> list[str]:
    tested = evaluation.get("test")
    return [evaluation["cv"]] * ("cv" in evaluation) + [f"test samples by {tested}"] * (tested is not None)


def _section(output: Output, title: str, headings: list[str], cells: list[list[str]]) -> None:
    import sys

    if cells:
        output.line(f"\n{title}")
        write_table(sys.stdout, headings, cells, aligned=output.on_terminal)


def _metrics_table(metrics: "Metrics") -> tuple[list[str], list[list[str]]]:
    from nws.cli.output import cell

    there = [name for name in PARTITIONS if metrics.partition(name)]
    figures = {name: metrics.partition(name) or {} for name in there}
    rows = [["samples", *(cell(figures[name].get("samples")) for name in there)]]
    rows += [
        [METRICS[metric].label, *(cell(figures[name].get(metric)) for name in there)]
        for metric in METRICS
        if any(figures[name].get(metric) is not None for name in there)
    ]
    return ["", *there], rows


def log(
    run: str | None = None,
    /,
    *,
    number: Annotated[int | None, Parameter(name=["-n", "--number"])] = None,
    session: Handed,
) -> None:
    """Show what ran, newest first.

    Parameters
    ----------
    run
        Only this run.
    number
        At most so many pipelines.
    """
    workspace = session.workspace()
    runs = [workspace.runs.get(run)] if run else _newest_first(workspace)
    rows = (row for chosen in runs for row in _backwards(session.output, chosen))
    columns = {
        "completed_at": "completed",
        "ref": "pipeline",
        "status": "status",
        "metric": "metric",
        "val_score": "val",
        "what": "what",
    }
    shown = session.output.rows("pipeline", islice(rows, number), columns)
    if not shown:
        session.output.say("nothing ran yet; a first look: nws demo")


def _newest_first(workspace: "Workspace") -> "list[Run]":
    def began(run: "Run") -> str:
        try:
            return run.config().created_at
        except (NwsError, OSError):
            return run.name

    return sorted(workspace.runs.list(), key=began, reverse=True)


def _backwards(output: Output, run: "Run") -> Iterator[dict[str, Any]]:
    """Yield a row for each pipeline of a run; one that cannot be read says so, and does not hide the others."""
    try:
        numbers = run.numbers()
    except OSError as err:
        output.warn(note(err))
        return
    for number in reversed(numbers):
        try:
            ref = run.ref(number)
            if ref.record is not None:
                yield _log_row(run.open(ref))
        except (NwsError, OSError) as err:
            output.warn(note(err))
            yield {
                "ref": f"{run.name}/{number:04d}", "run_id": run.name, "number": number, "status": "damaged",
                "note": note(err),
            }  # fmt: skip


def _log_row(pipeline: "Pipeline") -> dict[str, Any]:
    from nws.pipeline.rows import chain_text, model_text

    record = pipeline.record
    metrics = pipeline.metrics()
    value = (metrics.val or {}).get(metrics.metric) if metrics else None
    return {
        **pipeline_line(pipeline),
        "ref": pipeline.ref,
        "metric": metrics.metric if metrics else None,
        "val_score": value,
        "what": f"{chain_text(record.steps)} | {model_text(record.steps)}",
    }


def checkout(refs: Refs, /, *, artifacts: bool = False, charts: bool = False, session: Handed) -> None:
    """Render the folder of pipelines again, byte for byte.

    Parameters
    ----------
    artifacts
        Also write the fitted steps as plain files that joblib loads.
    charts
        Also draw the pictures, as chart_*.png.
    """
    workspace = session.workspace()
    pipelines = [session.resolve(workspace, ref) for ref in refs]

    def rendered() -> Iterator[dict[str, object]]:
        for pipeline in pipelines:
            folder = pipeline.render(artifacts=artifacts)
            pictures = put_charts(session, workspace, [pipeline] if charts else [], explain=True)
            session.output.say(f"rendered {folder}")
            if pictures:
                session.output.say(said(pictures))
            yield {"path": pipeline.path, "record": pipeline.record_id, "charts": pictures}

    session.output.rows("checkout", rendered(), ["path"])


def rev_parse(
    refs: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    /,
    *,
    stdin: bool = False,
    null: Annotated[bool, Parameter(name=["-z", "--null"])] = False,
    session: Handed,
) -> None:
    """Print the record id that each REF resolves to, one a line.

    Parameters
    ----------
    refs
        RUN/0007, RUN/best, RUN/last, best:DATASET, a path to a view, or the start of an id.
    stdin
        Read REFs from standard input, one a line.
    null
        With --stdin: REFs are separated by NUL bytes.
    """
    from nws.errors import UsageError

    if not refs and not stdin:
        raise UsageError("no REF given", hint="nws rev-parse REF…, or --stdin")
    workspace = session.workspace()
    for text in items_from_stdin(nul=null) if stdin else refs or []:
        pipeline = session.resolve(workspace, text)
        if session.json:
            session.output.record("ref", {"ref": text, **pipeline_line(pipeline)})
        else:
            session.output.line(pipeline.record_id)


def reindex(*, session: Handed) -> None:
    """Add to the index every published pipeline that it lacks; nothing is added twice."""
    with Progress(session.output, time.monotonic) as progress:
        added = session.workspace().reindex(report=progress.update)
    if session.json:
        session.output.record("reindex", {"added": added})
    session.output.say(f"{plural(added, 'pipeline')} added to the index")
