"""The pipeline that pictures are drawn of: what its record names, each read when a picture first asks for it.

This room must not know how anything is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nws.dataset import load
from nws.engine.fitted import Fitted
from nws.engine.sources import Source
from nws.metrics import CLASSIFICATION, PARTITIONS, VALIDATION, label
from nws.pipeline.rows import NO_PREPROCESSING, chain_text, model_text, stored_blocks
from nws.report import style
from nws.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nws.dataset import Dataset
    from nws.pipeline import Block, Pipeline
    from nws.records import JsonMap, Metrics


class NotDrawn(Exception):
    """Why a picture does not apply to a pipeline."""


@dataclass(frozen=True)
class Subject:
    """One executed pipeline that came to its end.

    Parameters
    ----------
    pipeline
        The pipeline.
    trust
        Whether its fitted steps are loaded though somebody else wrote them.
    """

    pipeline: Pipeline
    trust: bool = False

    @property
    def target(self) -> str:
        """Name of what is predicted."""
        return str(self.pipeline.record.dataset["targets"][0])

    @cached_property
    def metrics(self) -> Metrics:
        """Its figures.

        Raises
        ------
        NotDrawn
            If the pipeline failed.
        """
        found = self.pipeline.metrics()
        if found is None:
            raise NotDrawn("the pipeline failed")
        return found

    @property
    def is_classification(self) -> bool:
        """Whether it predicts classes."""
        return self.metrics.task_type == CLASSIFICATION

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """Its predictions by partition: train, val, test."""
        found = {block.partition: block for block in stored_blocks(self.pipeline)}
        return {name: found[name] for name in PARTITIONS if name in found}

    @cached_property
    def dataset(self) -> Dataset:
        """The data that it was run on.

        Raises
        ------
        UnknownName, Damaged
            If they are gone.
        """
        told = self.pipeline.record.dataset
        return load(self.pipeline.store, told["id"], name=str(told.get("name")))

    @cached_property
    def fitted(self) -> Fitted:
        """Its fitted steps. This runs code, as far as they are trusted.

        Raises
        ------
        NotTrusted, Damaged
            As `nws.engine.sources.Source` and `nws.engine.fitted.Fitted` say.
        """
        workspace = Workspace.open(self.pipeline.runs.parent)
        return Fitted.load(Source.in_workspace(workspace, self.pipeline, trust=self.trust))

    @cached_property
    def transforms(self) -> list[JsonMap]:
        """Its preprocessing steps, as the record has them."""
        return [step for step in self.pipeline.record.steps if step.get("operator") == "transform"]

    @property
    def title(self) -> str:
        """What ran on what, in short."""
        record = self.pipeline.record
        chain, model = (style.short(text(record.steps)) for text in (chain_text, model_text))
        steps = model if chain == NO_PREPROCESSING else f"{chain} > {model}"
        return style.plain(f"{record.dataset.get('name')}: {steps}", 85)

    @property
    def once(self) -> bool:
        """Whether validation samples were set apart once, not each in its turn."""
        return self.pipeline.record.once

    def partition(self, name: str) -> str:
        """Return what people call a partition."""
        nested = self.metrics.nested is not None
        return {
            "train": "calibration",
            "val": "validation" if self.once else "cross-validation",
            "test": "test (nested)" if nested else "test",
        }[name]

    def figure(self, partition: str, metric: str) -> str:
        """Return what a figure is called: RMSECV; but RMSE, where nothing was crossed."""
        return "RMSE" if (partition, metric) == (VALIDATION, "rmse") and self.once else label(f"{partition}_{metric}")

    def figures(self, partition: str) -> Mapping[str, Any]:
        """Return the figures of a partition; empty where there are none."""
        return self.metrics.partition(partition) or {}
