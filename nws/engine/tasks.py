"""What goes to a worker and what comes back: plain values that cross process borders.

This room holds no behaviour; it must not know how a task is run or where its outcome is published.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.ids import hash_of

if TYPE_CHECKING:
    from nws.pipeline import Block
    from nws.records import Metrics

TRANSFORM = "transform"
Y_PROCESSING = "y_processing"
SPLIT = "split"
MODEL = "model"


@dataclass(frozen=True, kw_only=True)
class StepSpec:
    """One step of a pipeline after expansion.

    `kind` is one of the constants above; `path` names the class where it is defined; `params` are the parameters as
    given; `name` is what a person called the step; `group` names the metadata column that a splitter keeps together.
    """

    kind: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """A step with its number in its pipeline, counted from 1, which is how records and artifacts call it."""

    number: str
    spec: StepSpec


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """One pipeline, expanded from a config file.

    `given` is the pipeline as it was written, after expansion; `canonical` is the form that is hashed to `hash` (64
    hexadecimal digits); `file` is where it comes from; `tags` and `metadata` are what is said of it there.
    """

    steps: tuple[StepSpec, ...]
    given: Any
    canonical: Any
    hash: str
    name: str | None = None
    description: str = ""
    file: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One pipeline to fit on one target of one dataset snapshot.

    `position` is its place in the plan, from 0; `cv` is the split to use when the config has none of its own
    (`kfold:5`); `seed` is the seed of the run, from which each step derives its own; `metric` is the primary metric,
    None for the usual one of the target's kind; `outliers` asks for the distances of samples in the latent space;
    `test` is a split that sets samples apart for testing, None for the test partition of the dataset; `keep_folds` asks
    for the fitted steps of each fold.
    """

    position: int
    config: PipelineConfig
    dataset_name: str
    dataset_id: str
    target: str
    cv: str
    seed: int
    metric: str | None = None
    outliers: bool = False
    test: str | None = None
    keep_folds: bool = False

    @property
    def key(self) -> str:
        """A hash of all that decides the outcome, by which work that is done already is known again."""
        # Only where it is asked for, so that what was done before is known again.
        asked_too: list[Any] = ["outliers"] if self.outliers else []
        asked_too += ["keep_folds"] if self.keep_folds else []
        asked_too += [] if self.test is None else [{"test": self.test}]
        return hash_of([self.dataset_id, self.target, self.config.hash, self.cv, self.seed, *asked_too])


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a task. Its objects are in the store already; everything here is small.

    `status` is `completed` or `failed`; `steps`, `artifacts`, `files` and `evaluation` are what the record will say;
    `blocks` are the predictions by partition, for the index; `error` holds `step`, `type` and `message`.
    """

    task: Task
    status: str
    created_at: str
    completed_at: str
    duration_seconds: float
    steps: list[dict[str, Any]]
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    metrics: Metrics | None = None
    blocks: tuple[Block, ...] = ()
    warnings: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None
