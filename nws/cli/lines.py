"""Lines about runs and pipelines that several commands print.

This room says what is in a line; it must not know which command asks.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nws.cli.output import Output
from nws.errors import NwsError, UnknownName
from nws.metrics import label

if TYPE_CHECKING:
    from nws.engine.publish import Entry
    from nws.pipeline import Pipeline
    from nws.run import Run
    from nws.workspace import Workspace

# What a run is called that did not come to its end, and that nobody is at work in.
UNFINISHED = frozenset({"cut off", "interrupted"})


def pipeline_line(pipeline: "Pipeline") -> dict[str, Any]:
    """Return what a line about a pipeline says."""
    record = pipeline.record
    return {
        "record": pipeline.record_id,
        "run_id": record.run_id,
        "pipeline_id": record.id,
        "number": record.number,
        "name": record.name,
        "hash": record.hash,
        "status": record.status,
        "dataset_name": record.dataset.get("name"),
        "target": next(iter(record.dataset.get("targets", [])), None),
        "created_at": record.created_at,
        "completed_at": record.completed_at,
        "duration_seconds": record.duration_seconds,
        "path": pipeline.path,
    }


def run_line(run: "Run") -> dict[str, Any]:
    """Return what a line about a run says.

    A run whose summary is not there was cut off while it began, and has only its name; so has a damaged one.
    """
    try:
        summary = run.summary()
        status = state(run, summary.status)
    except (NwsError, OSError) as err:
        return {
            "run_id": run.name,
            "status": state(run, "running") if isinstance(err, UnknownName) else "damaged",
            "dataset_name": None,
            "started_at": None,
            "note": note(err),
        }
    fields = {name: value for name, value in vars(summary).items() if name != "extra"}
    total = len(run.numbers()) if summary.status == "running" else summary.total_pipelines
    return {**fields, "status": status, "total_pipelines": total, "path": f"runs/{run.name}"}


def run_cells(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line about a run as a table shows it, with the best pipeline spread over columns."""
    best = line.get("best_pipeline") or {}
    metric = label(best["metric_name"]) if "metric_name" in best else None
    return {**line, "best": best.get("pipeline_id"), "metric": metric, "value": best.get("metric_value")}


def state(run: "Run", status: str) -> str:
    """Return the status of a run as it is now: one that says `running` with nobody at work in it was cut off."""
    return "cut off" if status == "running" and run.abandoned() else status


def note(err: NwsError | OSError) -> str:
    """Return what is said of something that cannot be read, where others beside it can."""
    return err.message if isinstance(err, NwsError) else f"{err.strerror}: {err.filename}"


def warn_of_damage(output: Output, rows: Iterable[dict[str, Any]]) -> None:
    """Say which of the things listed cannot be read, and why."""
    for row in rows:
        if row["status"] == "damaged":
            output.warn(row["note"])


def in_runs(counts: Mapping[str, int]) -> str:
    """Return where pipelines are, for the end of a sentence: ` (RUN)`, ` (12 in RUN, 3 in RUN)`."""
    if len(counts) < 2:
        return "".join(f" ({name})" for name in counts)
    shown = [f"{count:,} in {name}" for name, count in list(counts.items())[:3]]
    more = len(counts) - len(shown)
    return f" ({', '.join(shown)}{f' and {more} more runs' if more else ''})"


def goes_on(run: "Run") -> str:
    """Return the command that goes on with a run that was cut off or interrupted."""
    import shlex

    try:
        config = run.config()
    except (NwsError, OSError):
        return "the same `nws run` command, given again"
    return f"nws run --resume {run.name}" if config.configs is not None else shlex.join(config.command)


def say_how_to_go_on(output: Output, workspace: "Workspace", names: Iterable[str]) -> None:
    """Say of each run that did not come to its end which command goes on with it."""
    if not output.json_lines:
        for name in names:
            run = workspace.runs.get(name)
            way = None if run.is_asked() else _taken_in(workspace, name)
            output.say(f"{name} did not come to its end; go on: {way or goes_on(run)}")


def _taken_in(workspace: "Workspace", run: str) -> str | None:
    """Return the command that goes on with making a run of its copy, if it is one."""
    import contextlib
    import shlex

    from nws.upkeep.library import copy_of_run

    copy = copy_of_run(workspace, run)
    if copy is not None:
        return f"nws library load {copy.name}"
    with contextlib.suppress(NwsError, OSError):
        return f"nws import {shlex.quote(f'PATH/{workspace.runs.imported.get(run).file}')}"
    return None


def leaderboard(output: Output, best: "list[Entry]", *, run: str | None = None) -> None:
    """Print pipelines with their figures on every partition, in the order given; those of other runs say so."""
    from nws.pipeline.rows import chain_text, model_text

    rows = []
    columns = {"rank": "#", "pipeline_id": "pipeline"}
    once = all(entry.pipeline.record.once for entry in best)
    for rank, entry in enumerate(best, 1):
        metrics, record = entry.metrics, entry.pipeline.record
        if metrics is None:
            continue
        figures = {
            f"{name}_{metrics.metric}": (metrics.partition(name) or {}).get(metrics.metric)
            for name in ("val", "test", "train")
        }
        columns |= {column: label(column, once=once) for column, value in figures.items() if value is not None}
        rows.append(
            {
                "rank": rank, "pipeline_id": record.id, **figures, "target": record.dataset["targets"][0],
                "preprocessing": chain_text(record.steps), "model": model_text(record.steps),
                "record": entry.pipeline.record_id, "path": entry.pipeline.path, "run_id": record.run_id,
            }
        )  # fmt: skip
    if len({row["target"] for row in rows}) > 1:
        columns["target"] = "target"
    if {row["run_id"] for row in rows} - {run} and run is not None:
        columns["run_id"] = "run"
    output.rows("pipeline", rows, {**columns, "preprocessing": "preprocessing", "model": "model"})
