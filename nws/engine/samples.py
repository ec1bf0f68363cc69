"""The samples of a task: one target of one dataset as arrays, sorted into those to fit on and those to test on.

What was read is remembered between the tasks of a worker. This room must not know what is fitted.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.dataset import Dataset, load
from nws.engine.apart import set_apart
from nws.engine.memo import Memo
from nws.engine.splits import Trainable
from nws.engine.wavelengths import packed
from nws.ids import ObjectId
from nws.metrics import CLASSIFICATION

if TYPE_CHECKING:
    from numpy import ndarray

    from nws.engine.splits import Fold
    from nws.engine.tasks import Task
    from nws.store import ObjectStore

    Array = ndarray[Any, Any]

# Datasets, and targets of them, kept in memory by a worker: a run goes through one after the other.
LIMIT = 4


@dataclass(frozen=True, kw_only=True)
class Samples:
    """One target of one dataset.

    `values` has an entry for each row of the dataset: NaN or empty text where the target is missing; `test` are rows
    with a known target; `missing` counts the others of all partitions; `classes` are the labels of the trainable
    samples, sorted. `outer` are the folds of a nested cross-validation, whose samples are all trainable; `apart` says
    how test samples were set apart, where the task asks for it.
    """

    dataset: Dataset
    dataset_id: str
    target: str
    task: str
    values: Array
    trainable: Trainable
    test: Array
    missing: int
    classes: tuple[str, ...]
    outer: tuple[Fold, ...] = ()
    apart: str | None = None

    @functools.cached_property
    def axis(self) -> dict[str, Any]:
        """The axis as records keep it: the same for all pipelines."""
        return packed(self.dataset.axis)


_memo = Memo(LIMIT)


def samples_of(task: Task, store: ObjectStore) -> Samples:
    """Return the samples of a task, from memory where this process had them before.

    Raises
    ------
    Damaged
        If the snapshot cannot be read.
    BadInput
        If the dataset has no such target.
    """
    key = (store.root, task.dataset_id)

    def read() -> Dataset:
        return load(store, ObjectId(task.dataset_id), name=task.dataset_name)

    dataset = _memo.get(key, read, lambda _: 1)
    # Of the same dataset and target, other samples are set apart with another seed.
    asked = (task.target, task.test, task.seed if task.test else None)
    return _memo.get((*key, *asked), lambda: sort(dataset, task), lambda _: 1)


def remember(store: ObjectStore, dataset_id: str, dataset: Dataset) -> None:
    """Take a dataset that was read elsewhere, so that it is not read from the store."""
    _memo.get((store.root, dataset_id), lambda: dataset, lambda _: 1)


def sort(dataset: Dataset, task: Task) -> Samples:
    """Return the samples of a task on a dataset that is in memory.

    Raises
    ------
    BadInput
        If the dataset has no such target.
    UsageError
        If test samples cannot be set apart as the task asks.
    """
    samples = _sorted(dataset, task)
    return samples if task.test is None else set_apart(samples, task.test, seed=task.seed)


def _sorted(dataset: Dataset, task: Task) -> Samples:
    import numpy as np

    target = dataset.target(task.target)
    known = np.array([value is not None for value in target.values], dtype=bool)
    if target.task == CLASSIFICATION:
        values = np.array(["" if value is None else str(value) for value in target.values])
    else:
        values = np.array([np.nan if value is None else value for value in target.values], dtype=np.float64)
    partition = np.array(dataset.partition)
    rows = np.flatnonzero(known & (partition != "test"))
    trainable = Trainable(
        task=target.task,
        rows=rows,
        # Where all are, they need no room of their own.
        spectra=dataset.spectra if len(rows) == dataset.samples else dataset.spectra[rows],
        values=values[rows],
        given=partition[rows] == "val",
        metadata={name: [column[row] for row in rows.tolist()] for name, column in dataset.metadata.items()},
        group=dataset.group,
    )
    return Samples(
        dataset=dataset,
        dataset_id=task.dataset_id,
        target=task.target,
        task=target.task,
        values=values,
        trainable=trainable,
        test=np.flatnonzero(known & (partition == "test")),
        missing=int((~known).sum()),
        classes=tuple(np.unique(values[rows]).tolist()) if target.task == CLASSIFICATION else (),
    )
