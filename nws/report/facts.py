"""What reports say of a run, as plain values: its pipelines with their figures, what failed, how groups are spread.

A run that was cut off, and records that are damaged, give what can be read of them; what cannot is named. This room
must not know how a report looks.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from nws.errors import NwsError, UnknownName
from nws.ids import number_name
from nws.metrics import METRICS, PARTITIONS, VALIDATION, badness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nws.engine.publish import Entry
    from nws.pipeline import Pipeline
    from nws.records import JsonMap, Metrics, RunConfig, RunSummary
    from nws.run import Run

T = TypeVar("T")

AT_WORK, CUT_OFF, DAMAGED = "running", "cut off", "damaged"
# A group has no more rows than this in a report; more could not be read.
MOST_GROUPS = 40


@dataclass(frozen=True, kw_only=True)
class Row:
    """One pipeline that ran: what it is, and its figures by partition; `score` is what it is ranked by."""

    pipeline: Pipeline
    metrics: Metrics | None
    target: str
    preprocessing: str
    model: str

    @property
    def name(self) -> str:
        """What people call it within its run."""
        return self.pipeline.record.id

    @property
    def metric(self) -> str:
        """Its primary metric."""
        return self.metrics.metric if self.metrics else ""

    @property
    def failed(self) -> bool:
        """Whether it failed; one whose figures cannot be read did not."""
        return self.pipeline.record.error is not None

    def figure(self, partition: str, metric: str | None = None) -> float | None:
        """Return one of its figures; None where it has none."""
        if self.metrics is None:
            return None
        value: float | None = (self.metrics.partition(partition) or {}).get(metric or self.metrics.metric)
        return value

    @property
    def once(self) -> bool:
        """Whether validation samples were set apart once, not each in its turn."""
        return self.pipeline.record.once

    @property
    def score(self) -> float | None:
        """The primary metric on validation results."""
        return self.figure(VALIDATION)

    def entry(self) -> Entry:
        """Return it as the engine sums runs up."""
        from nws.engine.publish import Entry

        return Entry(pipeline=self.pipeline, metrics=self.metrics)


class Failure(NamedTuple):
    """Pipelines that failed with the same words: those words, classes of the steps, and which pipelines."""

    message: str
    steps: list[str]
    pipelines: list[str]


class Spread(NamedTuple):
    """How the figures of a group of pipelines are spread; None where there is none."""

    group: str
    pipelines: int
    failed: int
    best: float | None
    median: float | None
    mean: float | None
    sd: float | None
    worst: float | None


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """All of a run that can be read.

    `rows` are ranked within each target, best first, those without a figure last; `trouble` says what cannot be read.
    """

    run: Run
    config: RunConfig | None
    summary: RunSummary | None
    status: str
    rows: list[Row]
    trouble: list[str] = field(default_factory=list)
    deleted: int = 0

    @property
    def dataset(self) -> str | None:
        """The name of its dataset, as far as anything says it."""
        if self.config is not None:
            return self.config.dataset_name
        if self.summary is not None:
            return self.summary.dataset_name
        return str(self.rows[0].pipeline.record.dataset["name"]) if self.rows else None

    @property
    def targets(self) -> list[str]:
        """What was predicted, in order."""
        return sorted({row.target for row in self.rows})

    def ranked(self, target: str) -> list[Row]:
        """Return the pipelines of a target that have a figure to rank by, best first."""
        return [row for row in self.rows if row.target == target and row.score is not None]


def run_facts(run: Run) -> RunFacts:
    """Read all of a run that can be read."""
    trouble: list[str] = []
    config = _read(run.config, trouble)
    summary = _read(run.summary, trouble)
    rows: list[Row] = []
    deleted = 0
    for number in _read(run.numbers, trouble) or []:
        try:
            ref = run.ref(number)
            if ref.record is None:
                deleted += 1
                continue
            rows.append(row_of(run.open(ref), trouble))
        except (NwsError, OSError, KeyError, TypeError) as err:
            trouble.append(f"pipeline {number_name(number)}: {_said(err)}")
    return RunFacts(
        run=run, config=config, summary=summary, status=_status(run, summary), rows=_ranked(rows), trouble=trouble,
        deleted=deleted,
    )  # fmt: skip


def _status(run: Run, summary: RunSummary | None) -> str:
    if summary is None:
        try:
            run.summary()
        except UnknownName:
            return state(run, None)
        except (NwsError, OSError):
            return DAMAGED
    return state(run, summary)


def state(run: Run, summary: RunSummary | None) -> str:
    """Return the status of a run as it is now: one that says `running` with nobody at work in it was cut off."""
    if summary is None:
        return CUT_OFF if run.abandoned() else AT_WORK
    return CUT_OFF if summary.status == AT_WORK and run.abandoned() else summary.status


def row_of(pipeline: Pipeline, trouble: list[str]) -> Row:
    """Return a pipeline with its figures; those that cannot be read are missing, and `trouble` says so."""
    from nws.pipeline.rows import chain_text, model_text

    record = pipeline.record
    return Row(
        pipeline=pipeline,
        metrics=_read(pipeline.metrics, trouble, of=pipeline.path),
        target=str(record.dataset["targets"][0]),
        preprocessing=chain_text(record.steps),
        model=model_text(record.steps) or record.name or "no model",
    )


def _read(read: Callable[[], T], trouble: list[str], *, of: str = "") -> T | None:
    try:
        return read()
    except (NwsError, OSError) as err:
        trouble.append(f"{of}: {_said(err)}" if of else _said(err))
        return None


def _said(err: Exception) -> str:
    if isinstance(err, NwsError):
        return err.message
    return f"{err.strerror}: {err.filename}" if isinstance(err, OSError) else f"not as expected: {err!r}"


def _ranked(rows: Iterable[Row]) -> list[Row]:
    def place(row: Row) -> tuple[bool, float]:
        return row.score is None, bad(row.metric, row.score)

    return sorted(rows, key=place)


def bad(metric: str, value: float | None) -> float:
    """Return a number that is smaller the better a figure is; 0 where there is none."""
    if value is None:
        return 0.0
    return badness(METRICS[metric], value) if metric in METRICS else value


def failures(rows: Iterable[Row]) -> list[Failure]:
    """Return why pipelines failed, the most common reason first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        error = row.pipeline.record.error
        if error is not None:
            groups.setdefault(str(error.get("message") or "no reason was kept"), []).append(row)
    found = []
    for message, group in groups.items():
        steps = {_place(row.pipeline.record.error or {}) for row in group}
        found.append(Failure(message, sorted(steps), sorted(row.name for row in group)))
    return sorted(found, key=lambda failure: (-len(failure.pipelines), failure.pipelines))


def _place(error: JsonMap) -> str:
    """Return where a pipeline failed: the class of the step, else its number."""
    return str(error.get("class") or "").rpartition(".")[2] or str(error.get("step") or "the worker")


def spreads(rows: Iterable[Row], by: Callable[[Row], str]) -> list[Spread]:
    """Return how the figures of each group of pipelines are spread, the group with the best pipeline first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(by(row), []).append(row)
    return [_spread(name, group) for name, group in groups.items()][:MOST_GROUPS]


def _spread(name: str, group: Sequence[Row]) -> Spread:
    failed = sum(row.failed for row in group)
    scored = [row for row in group if row.score is not None]
    scores = [score for row in scored if (score := row.score) is not None]
    if not scores:
        return Spread(name, len(group), failed, None, None, None, None, None)
    sd = statistics.stdev(scores) if len(scores) > 1 else None
    return Spread(
        name, len(group), failed, scores[0], statistics.median(scores), statistics.fmean(scores), sd, scores[-1]
    )


def model_class(row: Row) -> str:
    """Return the class of the model of a pipeline, without its parameters."""
    return row.model.partition("(")[0]


def common_partitions(rows: Sequence[Row]) -> list[str]:
    """Return the partitions that any of the pipelines has a figure on: val, then test, then train."""
    order = sorted(PARTITIONS, key=("val", "test", "train").index)
    return [name for name in order if any(row.figure(name) is not None for row in rows)]
