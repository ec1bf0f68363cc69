"""Cross-validation: which samples a model is fitted on and which it predicts, fold by fold.

Folds are rows of the dataset, and only rows that may be used for fitting: this room must never be given a test sample,
and it must not know what is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.errors import BadInput, UsageError
from nws.metrics import CLASSIFICATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy import ndarray

    Rows = ndarray[Any, Any]
    Fold = tuple[Rows, Rows]

AUTO = "auto"
GIVEN = "given"
DEFAULT_FOLDS = 5
DEFAULT_FRACTION = 0.25
FORMS = ("auto", "given", "kfold:5", "loo", "shuffle:5:0.25", "stratified:5", "group:COLUMN", "group:COLUMN:5")


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """What a text like `shuffle:5:0.25` asks for; `column` names the metadata that is kept together."""

    kind: str
    folds: int = DEFAULT_FOLDS
    fraction: float = DEFAULT_FRACTION
    column: str | None = None


@dataclass(frozen=True, kw_only=True)
class Trainable:
    """The samples that may be fitted on: those of the train and val partitions whose target is known.

    All are parallel: `rows` of the dataset, `spectra` (samples, features), the target `values`, whether the sample was
    `given` for validation, and `metadata` columns.
    """

    task: str
    rows: Rows
    spectra: ndarray[Any, Any]
    values: ndarray[Any, Any]
    given: ndarray[Any, Any]
    metadata: Mapping[str, Sequence[Any]]


def check_cv(text: str) -> CrossValidation:
    """Read what a person asks for with `--cv`.

    Raises
    ------
    UsageError
        If it is none of the known forms, with a list of them.
    """
    kind, _, rest = text.strip().partition(":")
    try:
        asked = _READERS[kind](kind, rest)
    except (KeyError, ValueError):
        raise UsageError(f"unknown cross-validation: {text[:80]!r}", hint=f"one of: {', '.join(FORMS)}") from None
    if asked.folds < 2 and asked.kind != "shuffle":
        raise UsageError(f"--cv {text}: at least 2 folds are needed")
    if asked.folds < 1 or not 0 < asked.fraction < 1:
        raise UsageError(f"--cv {text}: not a split", hint="shuffle:TIMES:FRACTION, with a fraction between 0 and 1")
    return asked


def _read_plain(kind: str, rest: str) -> CrossValidation:
    if rest:
        raise ValueError(rest)
    return CrossValidation(kind=kind)


def _read_folds(kind: str, rest: str) -> CrossValidation:
    return CrossValidation(kind=kind, folds=int(rest) if rest else DEFAULT_FOLDS)


def _read_shuffle(kind: str, rest: str) -> CrossValidation:
    times, _, fraction = rest.partition(":")
    return CrossValidation(
        kind=kind,
        folds=int(times) if times else DEFAULT_FOLDS,
        fraction=float(fraction) if fraction else DEFAULT_FRACTION,
    )


def _read_group(kind: str, rest: str) -> CrossValidation:
    column, _, folds = rest.rpartition(":")
    if not column or not folds.isdecimal():
        column, folds = rest, str(DEFAULT_FOLDS)
    if not column:
        raise ValueError(rest)
    return CrossValidation(kind=kind, folds=int(folds), column=column)


_READERS = {
    AUTO: _read_plain,
    GIVEN: _read_plain,
    "loo": _read_plain,
    "kfold": _read_folds,
    "stratified": _read_folds,
    "shuffle": _read_shuffle,
    "group": _read_group,
}


def split(samples: Trainable, cv: str, *, seed: int) -> tuple[str, list[Fold]]:
    """Return the folds of a `--cv` text.

    `auto` is the given val partition where there is one, else 5 folds, shuffled, stratified for classes as far as
    every fold can have some of the largest class.

    Returns
    -------
    used
        The text of what was done: never `auto`.
    folds
        Pairs of rows of the dataset: those to fit on, those to predict.

    Raises
    ------
    UsageError
        If the text is not known, or does not fit the samples.
    """
    asked = check_cv(cv)
    if asked.kind == AUTO:
        asked = _automatic(samples)
    if asked.kind == GIVEN:
        return GIVEN, [_given_fold(samples)]
    groups = None if asked.column is None else _groups(samples, asked.column)
    _check_enough(samples, asked, groups)
    return _text(asked), _folds(_splitter(asked, seed), samples, groups)


def split_with(splitter: Any, samples: Trainable, *, group: str | None) -> list[Fold]:
    """Return the folds of a splitter of scikit-learn's kind, as rows of the dataset.

    It is given the trainable samples only, numbered from 0.

    Parameters
    ----------
    splitter
        Has `split(X, y, groups)`.
    samples
        What to split.
    group
        Metadata column whose equal values are kept together; None without groups.

    Raises
    ------
    BadInput
        If a fold is empty or has a sample on both sides.
    UsageError
        If there is no such column.
    """
    folds = _folds(splitter, samples, None if group is None else _groups(samples, group))
    if not folds:
        raise BadInput(f"{type(splitter).__name__} gives no fold")
    for number, (fit, predict) in enumerate(folds):
        if not len(fit) or not len(predict):
            raise BadInput(f"{type(splitter).__name__}: fold {number} has an empty side")
        if not set(fit.tolist()).isdisjoint(predict.tolist()):
            raise BadInput(f"{type(splitter).__name__}: fold {number} has samples on both sides")
    return folds


def _folds(splitter: Any, samples: Trainable, groups: Rows | None) -> list[Fold]:
    pairs = splitter.split(samples.spectra, samples.values, groups)
    return [(samples.rows[fit], samples.rows[predict]) for fit, predict in pairs]


def _automatic(samples: Trainable) -> CrossValidation:
    import numpy as np

    if samples.given.any() and not samples.given.all():
        return CrossValidation(kind=GIVEN)
    folds = max(2, min(DEFAULT_FOLDS, len(samples.rows)))
    if samples.task == CLASSIFICATION and len(samples.rows):
        _, counts = np.unique(samples.values, return_counts=True)
        if counts.max() >= folds:
            return CrossValidation(kind="stratified", folds=folds)
    return CrossValidation(kind="kfold", folds=folds)


def _given_fold(samples: Trainable) -> Fold:
    if not samples.given.any() or samples.given.all():
        side = "val" if not samples.given.any() else "train"
        raise UsageError(
            f"--cv given: the dataset has no samples of the {side} partition", hint="--cv kfold:5 splits the others"
        )
    return samples.rows[~samples.given], samples.rows[samples.given]


def _check_enough(samples: Trainable, asked: CrossValidation, groups: Rows | None) -> None:
    text = _text(asked)
    least = 2 if asked.kind in {"loo", "shuffle"} else asked.folds
    if len(samples.rows) < least:
        raise UsageError(f"--cv {text} needs at least {least} training samples, there are {len(samples.rows)}")
    if asked.kind == "stratified" and samples.task != CLASSIFICATION:
        raise UsageError(f"--cv {text} is for classes, the target is numeric", hint="--cv kfold:5")
    if groups is not None and groups.max() + 1 < asked.folds:
        found = int(groups.max()) + 1
        raise UsageError(f"--cv {text}: there are {found} groups", hint=f"--cv group:{asked.column}:{max(found, 2)}")


def _splitter(asked: CrossValidation, seed: int) -> Any:
    from sklearn import model_selection

    match asked.kind:
        case "loo":
            return model_selection.LeaveOneOut()
        case "shuffle":
            return model_selection.ShuffleSplit(asked.folds, test_size=asked.fraction, random_state=seed)
        case "group":
            return model_selection.GroupKFold(asked.folds)
        case "stratified":
            return model_selection.StratifiedKFold(asked.folds, shuffle=True, random_state=seed)
        case _:
            return model_selection.KFold(asked.folds, shuffle=True, random_state=seed)


def _groups(samples: Trainable, column: str) -> Rows:
    import numpy as np

    if column not in samples.metadata:
        known = ", ".join(samples.metadata) or "none"
        raise UsageError(f"the dataset has no metadata column {column!r} to group by", hint=f"columns: {known}")
    values = samples.metadata[column]
    if any(value is None for value in values):
        raise UsageError(f"the metadata column {column!r} has empty cells, so samples cannot be grouped by it")
    return np.unique([str(value) for value in values], return_inverse=True)[1]


def _text(asked: CrossValidation) -> str:
    match asked.kind:
        case "loo":
            return "loo"
        case "shuffle":
            return f"shuffle:{asked.folds}:{asked.fraction:g}"
        case "group":
            return f"group:{asked.column}:{asked.folds}"
        case _:
            return f"{asked.kind}:{asked.folds}"
