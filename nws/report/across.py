"""What the report of a run says across runs: what changed since the last one, and the history of its dataset.

The catalog tells it, and may be damaged. This room must not know how it looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import NwsError
from nws.report import history, parts, wording
from nws.report.blocks import Facts, Section, Text
from nws.report.facts import bad
from nws.words import plural

if TYPE_CHECKING:
    from nws.report.blocks import Block
    from nws.report.facts import RunFacts
    from nws.report.history import Best, Changes, Point
    from nws.workspace import Workspace

# Fewer runs have no best one.
LEAST = 2


def across(workspace: Workspace, facts: RunFacts, trouble: list[str]) -> list[Section]:
    """Return the sections of what is said across runs; if the index is damaged, `trouble` is told."""
    try:
        return [
            Section("Since the last run", _changes(workspace, facts)),
            Section("All runs of this dataset", _runs(workspace, facts)),
        ]
    except (NwsError, OSError) as err:
        trouble.append(f"the catalog: {err}")
        return []


def _changes(workspace: Workspace, facts: RunFacts) -> list[Block]:
    if facts.dataset is None or not facts.rows:
        return []
    if facts.run.name not in {row["run_id"] for row in history.runs_of(workspace, facts.dataset)}:
        return [Text("The catalog does not have this run yet; nws reindex adds it.")]
    changes = history.changes(workspace, facts)
    if changes is None:
        return [Text(f"This is the first run of {facts.dataset} that the catalog knows.")]
    blocks: list[Block] = [Text(f"The run of {facts.dataset} before this one was {changes.before}.")]
    blocks += [Text(_best(best, facts)) for best in changes.bests]
    if changes.doubts:
        blocks.append(Text(f"The figures of the two may not be comparable: {'; '.join(changes.doubts)}."))
    return [*blocks, *_told(changes)]


def _best(best: Best, facts: RunFacts) -> str:
    word = {True: "better", False: "worse", None: "the same"}[best.better]
    head = wording.heading("val", best.metric, once=facts.ranked(best.target)[0].once)
    by = "" if best.better is None else f" by {wording.figure(abs(best.now - best.before))}"
    figures = f"{wording.figure(best.now)}, before {wording.figure(best.before)}"
    return f"The best {head} of {best.target} is {word}{by}: {figures}."


def _told(changes: Changes) -> list[Block]:
    added = len(changes.added)
    counts = (
        f"{plural(added, 'pipeline')} {'is' if added == 1 else 'are'} new, {changes.same} ran in both, "
        f"{len(changes.dropped)} ran only before."
    )
    packages = {name: f"{old} → {new}" for name, (old, new) in changes.packages.items()}
    told = {"new": _once(changes.added), "only before": _once(changes.dropped), **packages}
    return [Text(counts), Facts(told)]


def _once(texts: list[str]) -> str:
    """Return what pipelines are; those that differ in the target alone are one."""
    return wording.listed(list(dict.fromkeys(texts)))


def _runs(workspace: Workspace, facts: RunFacts) -> list[Block]:
    """Return the history of each target; where everything failed, by the metric of the runs before."""
    if facts.dataset is None:
        return []
    blocks: list[Block] = []
    known = {row["target"]: row["metric"] for row in history.bests_of(workspace, facts.dataset)}
    for target in facts.targets:
        ranked = facts.ranked(target)
        metric = ranked[0].metric if ranked else known.get(target)
        if metric is not None:
            once = bool(ranked) and ranked[0].once
            points = history.points(workspace, facts.dataset, target, metric)
            blocks += [
                *_standing(facts, target, metric, points, once=once),
                *parts.history(target, metric, points, once=once),
            ]
    return blocks


def _standing(facts: RunFacts, target: str, metric: str, points: list[Point], *, once: bool) -> list[Block]:
    """Return how the run stands among the others in one target."""
    found = [point for point in points if point.best is not None]
    if len(found) < LEAST:
        return []
    best = min(found, key=lambda point: bad(metric, point.best))
    figure = wording.heading("val", metric, once=once)
    head = f"The best {figure} of {target} in all runs is {wording.figure(best.best)}"
    return [Text(f"{head}, in this run." if best.run == facts.run.name else f"{head}, in {best.run}.")]
