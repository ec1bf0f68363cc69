"""What came of predicting: a value for each sample, how far each lies from the calibration, and figures of them all.

This room words and arranges; it must not know how a model is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from nws.engine.latent import CONFIDENCE
from nws.metrics import CLASSIFICATION
from nws.pipeline import Block, predictions_csv
from nws.pipeline.table import PROBA, named_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nws.dataset import Dataset, Target
    from nws.engine.latent import Limits
    from nws.engine.models import Answers
    from nws.engine.sources import Source
    from nws.engine.wavelengths import Match

# A spectrum is odd if it leaves the range of the calibration spectra at more than this share of the wavelengths. One
# that is only higher or lower than all of them somewhere is no rarity.
OUTSIDE = 0.1


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """Predictions of one target for some samples.

    `answers` are in the order of `dataset`; they have distances where the model has a latent space of which something
    is known, and `limits` are what these were held against; `odd` are rows of samples that are unlike the calibration
    samples, None where that could not be told; `warnings` are for a person.
    """

    source: Source
    dataset: Dataset
    answers: Answers
    classes: tuple[str, ...]
    match: Match
    limits: Limits | None
    odd: list[int] | None
    warnings: tuple[str, ...]

    @property
    def reference(self) -> Target | None:
        """The reference values that came with the samples, if any."""
        return self.dataset.targets[0] if self.dataset.targets else None

    def csv(self, *, outliers: bool = False) -> bytes:
        """Return the predictions as `predictions.csv` has them, with the metadata of the samples.

        Parameters
        ----------
        outliers
            With the columns of T², Q and whether one is beyond its limit, where they are known.
        """
        blocks = list(self._blocks(outliers=outliers))
        return predictions_csv(
            blocks, self.source.target, sample_ids=self.dataset.sample_ids, metadata=self.dataset.metadata
        )

    def rows(self, *, outliers: bool = False) -> Iterator[dict[str, Any]]:
        """Yield the predictions one by one, with the columns of `csv` as keys."""
        named = named_metadata(self.dataset.metadata, list(self._distances(outliers=outliers)))
        for block in self._blocks(outliers=outliers):
            for place, row in enumerate(block.indices):
                chances = zip(block.classes, block.probabilities[place] if block.classes else (), strict=True)
                yield {
                    "sample_id": self.dataset.sample_ids[row],
                    "partition": block.partition,
                    "fold": None,
                    "target": self.source.target,
                    "y_true": block.y_true[place],
                    "y_pred": block.y_pred[place],
                    **{f"{PROBA}{label}": chance for label, chance in chances},
                    **{name: column[place] for name, column in block.columns.items()},
                    **{name: column[row] for name, column in named.items()},
                }

    def facts(self) -> dict[str, Any]:
        """Return what is to be said about all of them."""
        record, limits = self.source.record, self.limits
        return {
            "record": self.source.record_id,
            "run_id": record.run_id,
            "pipeline_id": record.id,
            "target": self.source.target,
            "task_type": self.source.task,
            "samples": self.dataset.samples,
            "wavelengths": self.match.how,
            "metrics": self.figures(),
            "hotelling_t2_limit": limits.hotelling_t2 if limits else None,
            "q_residuals_limit": limits.q_residuals if limits else None,
            "unlike_calibration": None if self.odd is None else [self.dataset.sample_ids[row] for row in self.odd],
            "warnings": list(self.warnings),
        }

    @property
    def unlike(self) -> str:
        """What it means that a sample is odd, in words."""
        if self.limits is None:
            return f"outside their range at more than {OUTSIDE:.0%} of the wavelengths"
        words = {"T²": self.limits.hotelling_t2, "Q": self.limits.q_residuals}
        known = " or ".join(word for word, limit in words.items() if limit is not None)
        return f"{known} beyond the {CONFIDENCE:.0%} limit"

    def _blocks(self, *, outliers: bool) -> Iterator[Block]:
        """Yield the predictions in the order of the samples, cut where the partition changes."""
        predicted = self.answers.values.tolist()
        chances = None if self.answers.probabilities is None else self.answers.probabilities.tolist()
        known = self.reference.values if self.reference else [None] * self.dataset.samples
        columns = self._distances(outliers=outliers)
        for partition, group in groupby(range(self.dataset.samples), key=self.dataset.partition.__getitem__):
            rows = list(group)
            part = slice(rows[0], rows[-1] + 1)
            yield Block(
                partition=partition,
                indices=rows,
                y_true=list(known[part]),
                y_pred=predicted[part],
                classes=self.classes if chances is not None else (),
                probabilities=chances[part] if chances is not None else [],
                columns={name: column[part] for name, column in columns.items()},
            )

    def _distances(self, *, outliers: bool) -> dict[str, list[float | bool]]:
        found = self.answers.distances
        return found.columns() if found is not None and outliers else {}

    def figures(self) -> dict[str, Any] | None:
        """Return the figures of merit against the reference values that came with the samples; None without any."""
        import numpy as np

        from nws.engine.evaluate import Predictions, evaluate

        held = self.reference
        rows = [] if held is None else [row for row, value in enumerate(held.values) if value is not None]
        if held is None or not rows:
            return None
        kind: Any = str if self.source.task == CLASSIFICATION else np.float64
        chances = self.answers.probabilities
        part = Predictions(
            partition="test",
            rows=np.array(rows),
            reference=np.array([held.values[row] for row in rows]).astype(kind),
            predicted=self.answers.values[rows],
            classes=self.classes,
            probabilities=None if chances is None else chances[rows],
        )
        return evaluate(self.source.task, None, [part]).test
