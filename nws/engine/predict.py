"""New spectra through a stored pipeline: matched, predicted some at a time, compared with what the pipeline knows.

This room must not know where the pipeline is kept, nor who reads what comes out.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nws.engine import software
from nws.engine.ambient import recorded, summary
from nws.engine.calibration import Calibration, axis_of, rows_at_once
from nws.engine.fitted import Fitted
from nws.engine.models import Answers
from nws.engine.predicted import OUTSIDE, Predicted
from nws.engine.wavelengths import match, refuse_lost_header
from nws.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy import ndarray

    from nws.dataset import Dataset, ReadOptions, Understood
    from nws.engine.calibration import Extent
    from nws.engine.latent import LatentSpace
    from nws.engine.sources import Source
    from nws.engine.wavelengths import Match

    Array = ndarray[Any, Any]

_T2_ALONE = "no limit of Q is known here: whether samples are unlike the calibration samples goes by T² alone"


def read_input(source: Source, paths: Sequence[Path], options: ReadOptions) -> tuple[Dataset, Understood]:
    """Read files of samples that a pipeline is to predict, with its target as reference values where they have it.

    Raises
    ------
    Conflict
        If the pipeline has no model; nothing is read then.
    BadInput
        As `nws.dataset.read_spectra`.
    UsageError
        If there are no files, or the options name several targets.
    """
    from nws.dataset import read_spectra

    source.steps()
    if not paths:
        raise UsageError("no spectra given", hint="--input FILE")
    if len(options.target) > 1:
        raise UsageError(
            f"{len(options.target)} targets, but the model predicts one: {source.target}",
            hint="--target names the column that holds its reference values",
        )
    return read_spectra(paths, options=dataclasses.replace(options, task=source.task), expected=[source.target])


def predict_files(
    source: Source, paths: Sequence[str | Path] | str | Path, options: ReadOptions | None = None, *, interpolate: bool
) -> Predicted:
    """Predict the samples in files; raises as `read_input` and `predict`."""
    from pathlib import Path

    from nws.dataset import ReadOptions

    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    dataset, _ = read_input(source, files, options or ReadOptions())
    return predict(source, dataset, where=str(files[0]), interpolate=interpolate)


def predict(
    source: Source,
    dataset: Dataset,
    *,
    where: str,
    interpolate: bool = False,
    report: Callable[[int], None] = lambda _: None,
) -> Predicted:
    """Predict samples with a stored pipeline. This loads its fitted steps, as far as they are trusted.

    Parameters
    ----------
    source
        The pipeline.
    dataset
        The samples, from `nws.dataset.read_spectra`.
    where
        What they are called in messages.
    interpolate
        Whether spectra with other wavelengths may be interpolated.
    report
        Called with the number of samples that are done.

    Raises
    ------
    BadInput
        If the spectra do not fit the pipeline, or it does not give one finite value for each.
    Conflict
        If the pipeline has no model.
    Damaged
        If a fitted step is gone or damaged.
    NotTrusted
        If a fitted step asks for something that is not trusted.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    axis = axis_of(source)
    refuse_lost_header(axis, dataset, where)
    matched = match(axis, source.record.dataset["features"], dataset.axis, where=where, interpolate=interpolate)
    with recorded() as log:
        fitted = Fitted.load(source)
        # scikit-learn's own warning of another version is one for each object; one line says it.
        log[:] = [entry for entry in log if entry.category.__name__ != "InconsistentVersionWarning"]
        # As in a run: the last bits of a sum depend on the number of threads.
        with threadpool_limits(1):
            space, extent = _usual(source, fitted)
            passed = list(_passed(fitted, matched, dataset, space, extent, report))
    odd = [rows for _, rows in passed if rows is not None]
    told = [matched.warning] if matched.warning else []
    # Else spectra that the limit would catch look as if they had been found to be usual.
    told += [_T2_ALONE] if space and space.limits.q_residuals is None else []
    warnings = (*_other_versions(source), *told, *summary(log))
    return Predicted(
        source=source,
        dataset=dataset,
        answers=Answers.joined([answers for answers, _ in passed]),
        classes=fitted.classes,
        match=matched,
        limits=space.limits if space else None,
        odd=np.flatnonzero(np.concatenate(odd)).tolist() if odd else None,
        warnings=warnings,
    )


def _usual(source: Source, fitted: Fitted) -> tuple[LatentSpace | None, Extent | None]:
    calibration = Calibration(source, fitted)
    space = calibration.latent_space()
    return space, None if space else calibration.extent()


def _passed(
    fitted: Fitted,
    matched: Match,
    dataset: Dataset,
    space: LatentSpace | None,
    extent: Extent | None,
    report: Callable[[int], None],
) -> Iterator[tuple[Answers, Array | None]]:
    """Yield what is said of some samples after the other, and which of them are odd."""
    size = rows_at_once(dataset.spectra.shape[1])
    for start in range(0, dataset.samples, size):
        batch = matched.apply(dataset.spectra[start : start + size])
        odd = None if extent is None else extent.share_outside(batch) > OUTSIDE
        passed = fitted.answer(batch, dataset.sample_ids[start : start + size])
        answers = passed.answers
        if space is not None and passed.entering is not None:
            distances = space.distances(passed.entering)
            answers, odd = dataclasses.replace(answers, distances=distances), distances.outlier
        report(start + len(batch))
        yield answers, odd


def _other_versions(source: Source) -> Iterator[str]:
    """Yield a line that names every package of another version than the pipeline was fitted with, if there is one."""
    record = source.record
    decides = software.decides(record.canonical_config)
    now = software.environment(decides)
    found = [item for item in software.changes(record.environment, now) if item["name"] in {"python", *decides}]
    said = [
        f"{item['name']} {item['then']} (here {item['now'] or 'not installed'})"
        for item in found
        if item["name"] != "python" or _minor(item["then"]) != _minor(item["now"])
    ]
    if said:
        yield f"fitted with other versions, so predictions may differ: {', '.join(said)}"


def _minor(version: str | None) -> list[str]:
    """Return the part of a version of Python that says which one it is: its releases of one series behave alike."""
    return str(version).split(".")[:2]
