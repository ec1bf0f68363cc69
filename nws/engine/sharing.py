"""Datasets that worker processes share: their spectra lie in memory once, however many workers there are.

The memory has no name, so that it goes with the last process that holds it, however that ends. This room must not know
tasks or what is done with the spectra.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctypes import Array
    from multiprocessing.context import BaseContext

    from numpy import ndarray

    from nws.dataset import Dataset

# What is smaller is sooner read by each worker than shared.
WORTH = 4 << 20


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A dataset whose spectra, of the given shape, are in shared memory; it can be handed to a process that starts."""

    dataset_id: str
    bare: Dataset
    shape: tuple[int, ...]
    memory: Array[Any]

    def dataset(self) -> Dataset:
        """Return the dataset; its spectra are those in the shared memory, and are not to be written to."""
        spectra = _array(self.memory, self.shape)
        spectra.flags.writeable = False
        return dataclasses.replace(self.bare, spectra=spectra)


def share(dataset_id: str, dataset: Dataset, context: BaseContext) -> Shared | None:
    """Put a dataset where the workers of a context can use it; None where it is small, or there is no room for it."""
    import ctypes

    spectra = dataset.spectra
    if spectra.nbytes < WORTH:
        return None
    try:
        memory: Any = context.RawArray(ctypes.c_double, spectra.size)
    except OSError:
        return None
    _array(memory, spectra.shape)[:] = spectra
    bare = dataclasses.replace(dataset, spectra=spectra[:0].copy())
    return Shared(dataset_id=dataset_id, bare=bare, shape=spectra.shape, memory=memory)


def _array(memory: Any, shape: tuple[int, ...]) -> ndarray[Any, Any]:
    import numpy as np

    return np.frombuffer(memory, dtype=np.float64).reshape(shape)
