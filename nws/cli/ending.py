"""What is said when pipelines have run: the leaderboard, what was there already, where it is, what to type next.

This room reports one result; it must not know how it came about.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nws.cli.charting import said
from nws.cli.choosing import say_estimates
from nws.cli.lines import goes_on, in_runs, leaderboard, run_line
from nws.cli.output import Output
from nws.words import plural, size, span

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.engine.result import Result
    from nws.records import RunSummary
    from nws.run import Run


def report(output: Output, workspace: "Workspace", result: "Result", charts: Sequence[str] = ()) -> None:
    """Print what came of one plan, and where its pictures are."""
    if output.json_lines:
        output.record("run", {**_line(result), "charts": list(charts)})
        return
    from nws.engine.estimate import estimates_of

    best = result.best(workspace)
    leaderboard(output, best, run=result.run.name if result.run is not None else "")
    say_estimates(output, estimates_of(workspace, result))
    if result.nothing_to_do or result.summary is None:
        _say_what_is_there(output, result)
    else:
        _say_what_ran(output, result, result.summary)
        _say_pictures(output, charts)
    if result.run is not None and result.interrupted:
        output.say(f"the same command goes on with the rest; so does: {goes_on(result.run)}")
    elif best:
        first = best[0].pipeline
        name = first.record.dataset.get("name")
        output.say(f"next: nws show {first.ref} · nws catalog best {name} · nws export {first.ref}")


def _line(result: "Result") -> dict[str, Any]:
    from nws.engine.result import by_run

    asked = {"ran": result.ran, "skipped": len(result.held), "skipped_in": by_run(result.held)}
    if result.run is not None:
        return {**run_line(result.run), **asked}
    plan = result.plan
    return {"run_id": None, "status": "skipped", "dataset_name": plan.dataset_name, "started_at": None, **asked}


def _say_what_ran(output: Output, result: "Result", summary: "RunSummary") -> None:
    from nws.engine.result import by_run

    assert result.run is not None
    others = by_run(result.held)
    before = others.pop(result.run.name, 0)
    from_before = f" ({before:,} of them from before)" if before else ""
    took = f"{span(summary.duration_seconds)} after it began" if before else f"in {span(summary.duration_seconds)}"
    output.say(
        f"\n{summary.status}: {plural(summary.total_pipelines, 'pipeline')}{from_before}, "
        f"{summary.failed_pipelines} failed, {sum(others.values()):,} there already{in_runs(others)}, {took}"
    )
    for failure in summary.errors[:5]:
        output.say(f"failed: {failure['pipeline_id']}: {failure['message']}")
    if len(summary.errors) > 5:
        output.say(f"… and {len(summary.errors) - 5} more: nws runs show {result.run.name}")
    stored = summary.statistics
    if stored["artifact_count"]:
        output.say(
            f"{plural(stored['artifact_count'], 'artifact')}, {size(stored['artifact_bytes'])}, kept in "
            f"{plural(stored['artifact_objects'], 'object')} of {size(stored['stored_bytes'])}"
        )
    output.say(f"files: {result.run.folder}")
    _say_what_was_archived(output, result, result.run)


def _say_pictures(output: Output, charts: Sequence[str]) -> None:
    if charts:
        output.say(said(charts))


def _say_what_was_archived(output: Output, result: "Result", run: "Run") -> None:
    if len(result.archived) == 1:
        output.say(f"archived: {result.archived[0]}")
    elif result.archived:
        output.say(f"archived: {plural(len(result.archived), 'file')} in {result.archived[0].parent}")
    if result.unarchived is not None:
        later = f"nws catalog archive {run.name}/best --kind best_predictions"
        output.say(f"not archived, for the reason below; the run itself is whole. Later: {later}")


def _say_what_is_there(output: Output, result: "Result") -> None:
    from nws.engine.result import by_run

    if not result.held and result.run is not None:
        output.say(f"\nnothing to run: {result.run.name} had come to its end")
        output.say(f"files: {result.run.folder}")
        return
    all_of_it = f"all {plural(result.total, 'pipeline')} are" if result.total > 1 else "the pipeline is"
    output.say(f"\nnothing to run: {all_of_it} there already{in_runs(by_run(result.held))}")
    failed = [held for held in result.held.values() if held.status == "failed"]
    for held in failed[:5]:
        output.say(f"failed: {held.ref}: nws show {held.ref}")
    if len(failed) > 5:
        output.say(f"… and {len(failed) - 5} more")
    if result.run is not None:
        output.say(f"files: {result.run.folder}")
    output.say("no run was made; --force runs it again")
