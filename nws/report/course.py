"""The pipelines of a run that differ from one of them in the value of one parameter only, in order of that value.

This room reads records and figures; it must not know how anything is drawn.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine.complexity import complexity
from nws.metrics import METRICS, badness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nws.engine.complexity import Complexity
    from nws.pipeline import Pipeline
    from nws.records import JsonMap, Metrics

# Fewer do not make a line.
LEAST = 3
_DECIDES = ("operator", "class", "params")


@dataclass(frozen=True, kw_only=True)
class Point:
    """One pipeline on the way: the value of the parameter, and its figures."""

    value: float
    pipeline: Pipeline
    metrics: Metrics
    complexity: Complexity

    def figure(self, partition: str) -> float | None:
        """Return its primary metric in a partition; None where there is none."""
        value = (self.metrics.partition(partition) or {}).get(self.metrics.metric)
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None

    @property
    def error(self) -> float | None:
        """The standard error of the figure of validation, over folds."""
        value = (self.metrics.cross_validation or {}).get(f"se_{self.metrics.metric}")
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


@dataclass(frozen=True, kw_only=True)
class Course:
    """A metric over the values of one parameter; each point has a figure of validation.

    `best` is the best point; `simplest` the simplest one within one standard error of it (None where no error is known,
    or it is not known what is simpler), and `limit` the last figure that is so.
    """

    parameter: str
    metric: str
    points: Sequence[Point]
    best: Point
    simplest: Point | None
    limit: float | None


def course(best: Pipeline, others: Iterable[Pipeline]) -> Course | None:
    """Return the course on which a pipeline is; None if it differs from too few others in one parameter only.

    Parameters
    ----------
    best
        The pipeline.
    others
        Those that may be on it, itself among them or not.

    Notes
    -----
    The rule of one standard error is that of `nws.engine.parsimony`, here among the points of the course.
    """
    order = complexity(best.record.steps).order
    named = order.parameter if order else None
    default = order.default if order else None
    ways: dict[tuple[int, str], dict[float, Pipeline]] = {}
    for other in others:
        for way, own, value in _differences(best.record.steps, other.record.steps, named, default):
            if other.record.dataset["targets"] == best.record.dataset["targets"]:
                ways.setdefault(way, {own: best}).setdefault(value, other)
    if not ways:
        return None
    way = max(ways, key=lambda way: (way[1] == named and len(ways[way]) >= LEAST, len(ways[way])))
    points = [found for value, one in sorted(ways[way].items()) if (found := _point(value, one)) is not None]
    return _course(way[1], points) if len(points) >= LEAST else None


def _differences(
    own: Sequence[JsonMap], other: Sequence[JsonMap], named: str | None, default: float | None
) -> Iterator[tuple[tuple[int, str], float, float]]:
    """Yield the one parameter in which two chains of steps differ, with both values; nothing if they differ in more."""
    if len(own) != len(other):
        return
    apart = [place for place, pair in enumerate(zip(own, other, strict=True)) if _form(pair[0]) != _form(pair[1])]
    if len(apart) != 1:
        return
    steps = own[apart[0]], other[apart[0]]
    if any(steps[0].get(key) != steps[1].get(key) for key in ("operator", "class")):
        return
    first, second = (step.get("params") or {} for step in steps)
    names = [name for name in {*first, *second} if _text(first.get(name)) != _text(second.get(name))]
    if len(names) != 1:
        return
    missing = default if names[0] == named else None
    values = [given.get(names[0], missing) for given in (first, second)]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        yield (apart[0], names[0]), float(values[0]), float(values[1])  # type: ignore[arg-type]  # they are numbers


def _form(step: JsonMap) -> str:
    return _text([step.get(key) for key in _DECIDES])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _point(value: float, pipeline: Pipeline) -> Point | None:
    metrics = pipeline.metrics()
    if metrics is None:
        return None
    found = Point(value=value, pipeline=pipeline, metrics=metrics, complexity=complexity(pipeline.record.steps))
    return found if found.figure("val") is not None else None


def _course(parameter: str, points: Sequence[Point]) -> Course:
    name = points[0].metrics.metric
    metric = METRICS[name]

    def rank(point: Point) -> float:
        return badness(metric, point.figure("val") or 0.0)

    best = min(points, key=rank)
    simplest = limit = None
    if best.error is not None and best.complexity.order is not None and best.complexity.order.parameter == parameter:
        within = rank(best) + best.error
        simplest = min((point for point in points if rank(point) <= within), key=lambda point: point.complexity.rank)
        limit = -within if metric.goal == "max" else within
    return Course(parameter=parameter, metric=name, points=points, best=best, simplest=simplest, limit=limit)
