"""Commands on runs: list, show."""

import contextlib
from typing import Annotated

from cyclopts import Parameter

from nws.cli.lines import UNFINISHED, leaderboard, run_cells, run_line, say_how_to_go_on, warn_of_damage
from nws.cli.listing import newest_first, run_lines, unindexed
from nws.cli.session import Handed
from nws.errors import Damaged, NewerFormat, UnknownName, UsageError
from nws.words import size, span

COLUMNS = {
    "run_id": "run", "status": "status", "total_pipelines": "pipelines", "failed_pipelines": "failed",
    "best": "best", "metric": "metric", "value": "value", "started_at": "started",
}  # fmt: skip


def list_(
    dataset: str | None = None,
    /,
    *,
    number: Annotated[int | None, Parameter(name=["-n", "--number"])] = None,
    session: Handed,
) -> None:
    """List runs, newest first; deleted ones too, as far as the catalog remembers them.

    Parameters
    ----------
    dataset
        Only runs on this dataset.
    number
        At most so many runs.
    """
    if number is not None and number < 1:
        raise UsageError(f"{number} runs cannot be shown", hint="give a number of runs from 1")
    workspace = session.workspace()
    try:
        rows = run_lines(workspace, dataset, number)
    except (Damaged, NewerFormat) as err:
        # What runs say of themselves can still be read.
        session.output.warn(err.message)
        rows = newest_first(unindexed(workspace, dataset, workspace.runs.names()))[:number]
    if not rows and dataset is not None:
        session.output.say(f"no runs on {dataset}")
    elif not session.output.rows("run", rows if session.json else map(run_cells, rows), COLUMNS):
        session.output.say("no runs yet: nws run --dataset NAME --pipelines FILE, or a first look: nws demo")
    warn_of_damage(session.output, rows)
    say_how_to_go_on(session.output, workspace, [row["run_id"] for row in rows if row["status"] in UNFINISHED])


def show(run: str, /, *, number: Annotated[int, Parameter(name=["-n", "--number"])] = 10, session: Handed) -> None:
    """Show one run and its leaderboard.

    Parameters
    ----------
    run
        Name of the run, or the beginning of it.
    number
        How many pipelines of the leaderboard.
    """
    from nws.engine.summary import entries, ranked

    workspace = session.workspace()
    chosen = workspace.runs.get(run)
    found = entries(chosen)
    row = run_line(chosen)
    if session.json:
        session.output.record("run", row)
    else:
        stored = row.pop("statistics", None) or {}
        config = None
        with contextlib.suppress(UnknownName):
            config = chosen.config()
        facts = {
            **{key: row.get(key) for key in ("run_id", "status", "dataset_name", "started_at", "completed_at")},
            "description": config.description if config else None,
            "took": span(row["duration_seconds"]) if row.get("duration_seconds") else None,
            **{key: row.get(f"{key}_pipelines") for key in ("successful", "failed", "skipped")},
            "skipped in": list(stored.get("skipped_in") or {}),
            "artifacts": stored
            and f"{size(stored.get('artifact_bytes', 0))} kept in {size(stored.get('stored_bytes', 0))}",
            "command": " ".join(config.command) if config else None,
        }
        session.output.facts("run", facts)
        session.output.line("")
        if row["status"] in UNFINISHED:
            say_how_to_go_on(session.output, workspace, [chosen.name])
    leaderboard(session.output, ranked(found)[:number])
    for entry in found:
        if entry.metrics is None and not session.json:
            error = entry.pipeline.record.error or {}
            session.output.say(f"failed: {entry.pipeline.record.id}: {error.get('message', '')}")
