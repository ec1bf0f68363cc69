"""Sections that reports of runs and of datasets share: leaderboard, statistics, one pipeline in full, history.

This room turns facts into words and tables; it must not know how they look, nor read files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.metrics import METRICS
from nws.pipeline.rows import params_text
from nws.report import wording
from nws.report.blocks import Facts, Line, Section, Table, Text, columns
from nws.report.facts import MOST_GROUPS, bad, common_partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nws.pipeline import Pipeline
    from nws.report.blocks import Block
    from nws.report.facts import Row, Spread
    from nws.report.history import Point

LEADERBOARD = "leaderboard"
# The names of pipelines that share an error, as far as a person reads them.
MOST_NAMES = 6
# More rows than this nobody reads, and a page of them opens slowly; what is left out is said.
MOST_ROWS = 1000
MOST_RUNS = 200


def leaderboard(target: str, rows: Sequence[Row], *, named: Callable[[Row], str]) -> Table:
    """Return the table of the pipelines of one target, in the order given."""
    metric, once = rows[0].metric, rows[0].once
    parts = common_partitions(rows)
    extra = _second(metric)
    figures = [wording.heading(part, metric, once=once) for part in parts]
    figures += [wording.heading(parts[0], extra)] if extra else []
    heads = columns("#", "pipeline", *figures, "preprocessing", "model", numeric={"#", *figures})
    cells = [
        [
            rank,
            named(row),
            *(row.figure(part, metric) for part in parts),
            *(row.figure(parts[0], extra) for _ in [0] if extra),
            row.preprocessing,
            row.model,
        ]
        for rank, row in enumerate(rows[:MOST_ROWS], 1)
    ]
    by = f"{wording.heading('val', metric, once=once)} ({wording.direction(metric)})"
    caption = f"Pipelines that predict {target}, ranked by {by}{of_many(len(rows), MOST_ROWS, 'the first')}"
    return Table(caption, heads, cells, name=LEADERBOARD, keys=[named(row) for row in rows[:MOST_ROWS]])


def of_many(count: int, most: int, which: str) -> str:
    """Return what the caption says where not all rows are in a table."""
    return f"; {which} {most:,} of {count:,}" if count > most else ""


def _second(metric: str) -> str:
    """Return the metric that stands beside the primary one."""
    return {"rmse": "r2", "balanced_accuracy": "accuracy"}.get(metric, "")


def spread_table(what: str, target: str, metric: str, groups: Sequence[Spread], *, once: bool = False) -> Table:
    """Return the table of how figures are spread over groups of pipelines."""
    figures = ("pipelines", "failed", "best", "median", "mean", "sd", "worst")
    heads = columns(what, *figures, numeric=figures)
    caption = f"{wording.heading('val', metric, once=once)} of {target} by {what} ({wording.direction(metric)})"
    caption += f"; the first {MOST_GROUPS} groups" if len(groups) == MOST_GROUPS else ""
    return Table(caption, heads, [list(group) for group in groups])


def best_first(metric: str, groups: Iterable[Spread]) -> list[Spread]:
    """Return groups in the order of the best pipeline of each, the first so many."""
    return sorted(groups, key=lambda group: bad(metric, group.best))[:MOST_GROUPS]


def in_full(pipeline: Pipeline, row: Row, *, title: str) -> Section:
    """Return the section that tells all of one pipeline but its pictures."""
    record = pipeline.record
    environment = record.environment
    facts = Facts(
        {
            "pipeline": pipeline.ref,
            "folder": pipeline.path,
            "preprocessing": row.preprocessing,
            "model": row.model,
            "splits": str(record.evaluation.get("cv") or ""),
            "test samples": f"by {record.evaluation['test']}" if record.evaluation.get("test") else "",
            "seed": str(record.seed),
            "took": wording.took(record.duration_seconds),
            "config hash": record.hash,
            "record": str(pipeline.record_id),
            "packages": packages(environment.get("packages") or {}),
            "warnings": wording.listed([str(item) for item in record.warnings], most=3),
        }
    )
    heads = columns("step", "does", "class", "parameters")
    steps = [
        [str(step.get(name, "")) for name in ("step", "operator", "class")] + [params_text(step)]
        for step in record.steps
    ]
    return Section(title, [facts, Table("What it does, in order", heads, steps, ordered=True), *_figures(row)])


def packages(versions: dict[str, Any]) -> str:
    """Return packages with their versions."""
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _figures(row: Row) -> list[Block]:
    parts = common_partitions([row])
    if row.metrics is None or not parts:
        return []
    rows: list[list[Any]] = [["samples", *(row.figure(part, "samples") for part in parts), "how many were predicted"]]
    for name, metric in METRICS.items():
        values = [row.figure(part, name) for part in parts]
        if any(value is not None for value in values):
            rows.append([metric.label, *values, f"{wording.meaning(name)} ({wording.direction(name)})"])
    heads = columns("figure", *parts, "what it is", numeric=parts)
    return [Table("Its figures by partition", heads, rows, ordered=True)]


def history(target: str, metric: str, points: Sequence[Point], *, once: bool = False) -> list[Block]:
    """Return the best of each run of a dataset on one target, in the order of time."""
    rows: list[list[Any]] = []
    record = None
    for point in points:
        notes = ["run deleted"] if point.deleted else []
        if point.best is not None and (record is None or bad(metric, point.best) < bad(metric, record)):
            notes.insert(0, "best so far" if record is not None else "first")
            record = point.best
        rows.append([point.date, point.run, point.pipelines, point.failed, point.best, "; ".join(notes)])
    head = wording.heading("val", metric, once=once)
    heads = columns(
        "date", "run", "pipelines", "failed", f"best {head}", "note", numeric={"pipelines", "failed", f"best {head}"}
    )
    blocks: list[Block] = []
    drawn = [point for point in points[-MOST_RUNS:] if point.best is not None]
    if len(drawn) > 1:
        title = f"Best {head} of {target} by run ({wording.direction(metric)})"
        blocks.append(Line(title, [point.run for point in drawn], [point.best or 0.0 for point in drawn], head))
    caption = f"Runs that predicted {target}, oldest first ({wording.direction(metric)})"
    caption += of_many(len(rows), MOST_RUNS, "the newest")
    blocks.append(Table(caption, heads, rows[-MOST_RUNS:]))
    return blocks


def trouble(found: Iterable[str]) -> list[Section]:
    """Return the section that names what could not be read; none if all could."""
    lines = list(dict.fromkeys(found))
    if not lines:
        return []
    about = Text("The report was made from what can be read; this cannot, and is missing from the figures.")
    rows = [[line] for line in lines]
    return [Section("What could not be read", [about, Table("Damaged or missing", columns("what"), rows)])]
