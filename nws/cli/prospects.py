"""The list of a dry run: every pipeline with its number, name and hash, and who has it already.

This room prints prospects as they are looked up; it must not begin anything.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from nws.cli.lines import in_runs
from nws.cli.output import Output, cell, write_table
from nws.errors import DONE
from nws.ids import SHORT_LENGTH
from nws.words import plural

if TYPE_CHECKING:
    from nws.engine.prospects import Prospect, Prospects

HEADINGS = {
    "position": "#", "name": "name", "hash": "hash", "dataset_name": "dataset", "target": "target",
    "preprocessing": "preprocessing", "model": "model", "ref": "there already",
}  # fmt: skip
# A terminal wants aligned columns, for which rows must be held; so many at once.
BLOCK = 1000


def show_prospects(output: Output, several: "Iterable[Prospects]") -> int:
    """Print the prospects of each dataset, then the totals."""
    totals: list[tuple[Prospects, dict[str, int]]] = []
    for prospects in several:
        for line in prospects.plan.understood:
            output.say(line)
        counts: dict[str, int] = {}
        rows = _counted(prospects, counts)
        _print(output, rows, headed=not totals)
        totals.append((prospects, counts))
    for prospects, counts in totals:
        output.say(_total(prospects, counts))
    output.say("nothing was started and nothing was written")
    return DONE


def _print(output: Output, rows: Iterator[dict[str, Any]], *, headed: bool) -> None:
    if output.json_lines:
        output.rows("planned", rows, HEADINGS)
        return
    shown = ({**row, "hash": row["hash"][:SHORT_LENGTH]} for row in rows)
    headings = list(HEADINGS.values()) if headed else None
    while block := [[cell(row[key]) for key in HEADINGS] for row in islice(shown, BLOCK)]:
        write_table(sys.stdout, headings, block, aligned=output.on_terminal)
        headings = None


def _counted(prospects: "Prospects", counts: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield a row for each prospect, and count by run what is there already."""
    for prospect in prospects:
        if prospect.held is not None:
            counts[prospect.held.run_id] = counts.get(prospect.held.run_id, 0) + 1
        yield _row(prospect)


def _row(prospect: "Prospect") -> dict[str, Any]:
    from nws.pipeline.rows import chain_text, model_text

    task, held = prospect.task, prospect.held
    steps = [
        {"operator": step.kind, "class": step.path, "params": step.params, "name": step.name}
        for step in task.config.steps
    ]
    return {
        "position": task.position + 1, "name": task.config.name, "hash": task.config.hash,
        "dataset_name": task.dataset_name, "target": task.target, "preprocessing": chain_text(steps),
        "model": model_text(steps), "steps": steps, "config_file": task.config.file,
        "status": "planned" if held is None else "skipped",
        "ref": None if held is None else held.ref, "record": None if held is None else held.record,
    }  # fmt: skip


def _total(prospects: "Prospects", counts: dict[str, int]) -> str:
    total, there = len(prospects.plan.tasks), sum(counts.values())
    if prospects.finished and prospects.run is not None:
        return f"{prospects.run.name} had come to its end: nothing would run"
    where = "" if prospects.run is None else f", going on with {prospects.run.name}"
    known = f"; {there:,} there already{in_runs(counts)}" if there else ""
    return f"{prospects.plan.dataset_name}: {plural(total - there, 'pipeline')} would run{where}{known}"
