"""What a stored pipeline was fitted on, as far as it can still be told: the axis, the spectra, what is usual of them.

This room must not know the spectra that are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.dataset import Axis, load
from nws.dataset.snapshot import Snapshot
from nws.engine.latent import OUTLIERS, LatentSpace, Limits, t2_limit
from nws.engine.wavelengths import unpacked
from nws.errors import NwsError
from nws.ids import ObjectId
from nws.records import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy import ndarray

    from nws.dataset import Dataset
    from nws.engine.fitted import Fitted
    from nws.engine.sources import Source

    Array = ndarray[Any, Any]

# Spectra that go through a pipeline at once.
BATCH_BYTES = 32 << 20
# Products of matrices are made for some rows at once, and the rest otherwise, which may show in the last bit: parts
# of whole blocks give the bits that all of them together give.
_BLOCK = 64


def rows_at_once(features: int) -> int:
    """Return how many spectra are worked on at once, so that memory is bounded."""
    rows = max(1, BATCH_BYTES // (8 * max(features, 1)))
    return rows - rows % _BLOCK if rows > _BLOCK else rows


def axis_of(source: Source) -> Axis | None:
    """Return the axis that a pipeline was fitted on; None where nobody can say it any more."""
    told = source.record.dataset.get("axis")
    if isinstance(told, dict):
        return unpacked(told, source.record.dataset["features"])
    # A record of an earlier version.
    oid = source.record.dataset["id"]
    try:
        document = decode(Snapshot, source.objects.get(ObjectId(oid)), where=f"dataset {oid[:6]}")
    except (NwsError, OSError):
        return None
    return Axis(unit=document.axis["unit"], values=[float(value) for value in document.axis["values"]])


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The least and the largest value of the calibration spectra at each wavelength."""

    low: Array
    high: Array

    def share_outside(self, spectra: Array) -> Array:
        """Return for each spectrum at what share of the wavelengths it is outside."""
        import numpy as np

        return np.asarray(((spectra < self.low) | (spectra > self.high)).mean(axis=1))


class Calibration:
    """The calibration samples of a stored pipeline.

    Parameters
    ----------
    source
        The pipeline.
    fitted
        Its steps.
    """

    def __init__(self, source: Source, fitted: Fitted) -> None:
        self._source = source
        self._fitted = fitted

    def latent_space(self) -> LatentSpace | None:
        """Return the latent space with what is usual in it; None where there is none, or nothing is known of it.

        The limits are those that the record has, else they are found again from the calibration spectra. Where these
        are out of reach, a PLS or PCA step itself still gives that of T².
        """
        place = self._fitted.latent
        if place is None:
            return None
        step = self._fitted.steps[place]
        told = self._source.record.evaluation.get(OUTLIERS)
        if isinstance(told, dict):
            return LatentSpace.remembered(step, Limits.unpacked(told))
        dataset = self._dataset()
        if dataset is not None:
            return LatentSpace.calibrated(step, self._entering(dataset, place))
        count = self._source.record.evaluation.get("n_train")
        if not isinstance(count, int):
            return None
        dimensions = int(getattr(step, "n_components_", 0) or getattr(step, "n_components", 0))
        limit = t2_limit(count, dimensions)
        return LatentSpace.remembered(
            step, Limits(samples=count, components=dimensions, hotelling_t2=limit, q_residuals=None)
        )

    def extent(self) -> Extent | None:
        """Return the extent of the calibration spectra, before any step; None where these are out of reach."""
        import numpy as np

        dataset = self._dataset()
        if dataset is None:
            return None
        ends = [(part.min(axis=0), part.max(axis=0)) for part in self._parts(dataset)]
        return Extent(low=np.min([low for low, _ in ends], axis=0), high=np.max([high for _, high in ends], axis=0))

    def _dataset(self) -> Dataset | None:
        try:
            return load(self._source.objects, self._source.record.dataset["id"], name="calibration")
        except (NwsError, OSError):
            return None

    def _parts(self, dataset: Dataset) -> Iterator[Array]:
        """Yield the spectra that were fitted on, some at a time."""
        import numpy as np

        values = dataset.target(self._source.target).values
        pairs = enumerate(zip(values, dataset.partition, strict=True))
        rows = np.array([row for row, (value, part) in pairs if value is not None and part != "test"], dtype=np.intp)
        size = rows_at_once(dataset.features)
        for start in range(0, len(rows), size):
            yield dataset.spectra[rows[start : start + size]]

    def _entering(self, dataset: Dataset, place: int) -> Iterator[Array]:
        return (self._fitted.enter(part, place) for part in self._parts(dataset))
