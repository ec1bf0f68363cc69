"""Samples that are set apart for testing, where the dataset has no test partition: `--test`.

One split makes one test partition; several folds make nested cross-validation, in which each sample is tested by models
that were chosen and fitted without it. This room sorts samples; it must not know what is fitted.
"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

from nws.engine.cv import AUTO, GIVEN, CrossValidation, check_cv
from nws.engine.splits import split
from nws.errors import UsageError
from nws.metrics import CLASSIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy import ndarray

    from nws.engine.samples import Samples

    Array = ndarray[Any, Any]

OPTION = "--test"


def check_test(text: str) -> CrossValidation:
    """Read what a person asks for with `--test`: the forms of `--cv` that say how to split.

    Raises
    ------
    UsageError
        If it is none of them.
    """
    with _as_test():
        asked = check_cv(text)
    if asked.kind in {AUTO, GIVEN}:
        raise UsageError(f"--test {text}: not a split", hint="for example shuffle:1:0.25, kennard-stone:0.25, kfold:5")
    return asked


def set_apart(samples: Samples, test: str, *, seed: int) -> Samples:
    """Return samples of which some are set apart for testing.

    Parameters
    ----------
    samples
        Those of a dataset without a test partition.
    test
        How: see `check_test`. With several folds `outer` has them, and all samples stay trainable.
    seed
        The seed of the run, so that all its pipelines are tested on the same samples.

    Raises
    ------
    UsageError
        If the dataset has a test partition, or the split does not fit the samples.
    """
    check_test(test)
    own = samples.dataset.partition.count("test")
    if own:
        raise UsageError(
            f"dataset {samples.dataset.name} has a test partition of its own, of {own} samples",
            hint="leave --test out, or add the data again with --metadata for the column that says train or test",
        )
    with _as_test():
        used, folds = split(samples.trainable, test, seed=seed)
    if len(folds) > 1:
        return dataclasses.replace(samples, outer=tuple(folds), apart=used)
    part = of_rows(samples, *folds[0])
    if samples.task == CLASSIFICATION:
        # A class that only test samples have is none that a model could know.
        part = dataclasses.replace(part, classes=tuple(sorted(set(part.trainable.values.tolist()))))
    return dataclasses.replace(part, apart=used)


def of_rows(samples: Samples, fit: Array, held_out: Array) -> Samples:
    """Return the samples with only some of them trainable, and others as the test samples, in the order of rows.

    Parameters
    ----------
    samples
        Where to take them from.
    fit, held_out
        Rows of the dataset, trainable so far.
    """
    import numpy as np

    whole = samples.trainable
    rows = np.sort(fit)
    places = np.searchsorted(whole.rows, rows)
    part = dataclasses.replace(
        whole,
        rows=rows,
        spectra=whole.spectra[places],
        values=whole.values[places],
        given=whole.given[places],
        metadata={name: [column[place] for place in places.tolist()] for name, column in whole.metadata.items()},
        made={},
    )
    return dataclasses.replace(samples, trainable=part, test=np.sort(held_out), outer=())


@contextlib.contextmanager
def _as_test() -> Iterator[None]:
    """Word what is wrong with a split for the option that asked for it."""
    try:
        yield
    except UsageError as err:
        hint = err.hint.replace("--cv", OPTION).replace(f"{AUTO}, {GIVEN}, ", "")
        raise UsageError(err.message.replace("--cv", OPTION).replace("cross-validation", "split"), hint=hint) from err
