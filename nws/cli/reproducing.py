"""The command that runs pipelines again from their records and says whether the same comes of it."""

import time
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.lines import pipeline_line
from nws.cli.output import Output, Progress
from nws.cli.session import Handed
from nws.errors import ANSWER_IS_NO, DONE
from nws.words import plural

if TYPE_CHECKING:
    from nws.engine.reproduce import Reproduction

_WORDS = {
    "identical": "identical: the same bytes",
    "equal": "equal to rounding",
    "different": "different",
}


def reproduce(
    refs: Annotated[
        list[str], Parameter(help="RUN/0007, RUN/best, RUN/last, best:DATASET, a view, or the start of an id.")
    ],
    /,
    *,
    jobs: int = 1,
    session: Handed,
) -> int:
    """Run pipelines again from their records alone, and compare; exit code 1 if one is different.

    The data is the snapshot in the store. No run is made.

    Parameters
    ----------
    jobs
        How many worker processes.
    """
    workspace = session.workspace()
    pipelines = [session.resolve(workspace, ref) for ref in refs]
    found: list[Reproduction] = []
    with Progress(session.output, time.monotonic) as progress:
        for done in workspace.reproduce(pipelines, jobs=jobs):
            found.append(done)
            progress.update(f"{len(found)} of {plural(len(pipelines), 'pipeline')} run again")
    order = {pipeline.record_id: place for place, pipeline in enumerate(pipelines)}
    for place, done in enumerate(sorted(found, key=lambda item: order[item.pipeline.record_id])):
        if session.json:
            session.output.record("reproduction", _line(done))
        else:
            _print(session.output, done, first=place == 0)
    return ANSWER_IS_NO if any(done.verdict == "different" for done in found) else DONE


def _line(done: "Reproduction") -> dict[str, Any]:
    return {
        **pipeline_line(done.pipeline),
        "verdict": done.verdict,
        "difference": done.difference,
        "figures": done.figures,
        "files": done.files,
        "artifacts": done.artifacts,
        "changed": done.changed,
        "status_now": done.outcome.status,
        "error": _told(done.pipeline.record.error),
        "error_now": _told(done.outcome.error),
    }


def _told(error: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if error is None else {key: value for key, value in error.items() if key != "traceback"}


def _print(output: Output, done: "Reproduction", *, first: bool) -> None:
    if not first:
        output.line("")
    output.facts("reproduction", {"pipeline": done.pipeline.path, "verdict": _verdict(done), **_details(done)})
    changed = [f"{item['name']} {item['then']} → {item['now'] or 'not there'}" for item in done.changed]
    output.facts("changed", {"changed since": changed or "no package, nor Python, nor nws"})


def _verdict(done: "Reproduction") -> str:
    failed = done.pipeline.record.status == "failed"
    if failed and done.verdict == "identical":
        return "identical: it fails in the same way"
    return _WORDS[done.verdict]


def _details(done: "Reproduction") -> dict[str, Any]:
    record, outcome = done.pipeline.record, done.outcome
    if "failed" in {record.status, outcome.status}:
        return {"then": _said(record.status, record.error), "now": _said(outcome.status, outcome.error)}
    same = [item for item in done.artifacts if item["then"] == item["now"]]
    others = [item["name"] for item in done.artifacts if item not in same]
    return {
        "predictions": "identical" if done.is_same("predictions.csv") else _apart(done.difference),
        "metrics": _figures(done),
        "artifacts": f"{len(same)} of {len(done.artifacts)} identical",
        "other artifacts": others,
    }


def _figures(done: "Reproduction") -> str:
    if done.is_same("metrics.json"):
        return "identical"
    return "the same figures; this nws writes others with them, or last digits differ" if done.figures else "different"


def _apart(difference: float | None) -> str:
    if difference is None:
        return "of other samples, folds or classes"
    return f"largest relative difference {difference:.1e}"


def _said(status: str, error: dict[str, Any] | None) -> str:
    if not error:
        return status
    return f"{status} in step {error.get('step') or '?'}: {error.get('type')}: {error.get('message')}"
