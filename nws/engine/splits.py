"""Cross-validation: which samples a model is fitted on and which it predicts, fold by fold.

Folds are rows of the dataset, and only rows that may be used for fitting: this room must never be given a test sample,
and it must not know what is fitted. Samples of one group, such as scans of one sample, are never on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.engine.cv import (
    AUTO,
    DEFAULT_FOLDS,
    FORMS,
    GIVEN,
    GROUP,
    KENNARD_STONE,
    KFOLD,
    LEAVE_ONE_OUT,
    SHUFFLE,
    SPXY,
    STRATIFIED,
    CrossValidation,
    check_cv,
)
from nws.errors import BadInput, NwsError, UsageError
from nws.metrics import CLASSIFICATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy import ndarray

    Rows = ndarray[Any, Any]
    Fold = tuple[Rows, Rows]

__all__ = ["FORMS", "Trainable", "check_cv", "split", "split_with"]

# Splitters of scikit-learn that do not look at groups, and what does the same with groups.
_WITH_GROUPS = {
    "KFold": "GroupKFold",
    "LeaveOneOut": "LeaveOneGroupOut",
    "LeavePOut": "LeavePGroupsOut",
    "ShuffleSplit": "GroupShuffleSplit",
    "StratifiedKFold": "StratifiedGroupKFold",
}


@dataclass(frozen=True, kw_only=True)
class Trainable:
    """The samples that may be fitted on: those of the train and val partitions whose target is known.

    All are parallel: `rows` of the dataset, `spectra` (samples, features), the target `values`, whether the sample was
    `given` for validation, and `metadata` columns. `group` names the column whose equal values are scans of one sample.
    `made` remembers folds that take long to make, for the pipelines that come after.
    """

    task: str
    rows: Rows
    spectra: ndarray[Any, Any]
    values: ndarray[Any, Any]
    given: ndarray[Any, Any]
    metadata: Mapping[str, Sequence[Any]]
    group: str | None = None
    made: dict[str, list[Fold]] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class _Groups:
    """The number of each sample's group, by the values of a metadata column."""

    column: str
    of: Rows
    count: int

    def is_on_both_sides(self, fit: Rows, held_out: Rows) -> bool:
        import numpy as np

        used = np.zeros(self.count, dtype=bool)
        used[self.of[fit]] = True
        return bool(used[self.of[held_out]].any())


def split(samples: Trainable, cv: str, *, seed: int) -> tuple[str, list[Fold]]:
    """Return the folds of a `--cv` text.

    `auto` is the given val partition where there is one, else 5 folds, shuffled, stratified for classes as far as
    every fold can have some of the largest class. Where the dataset has groups, every form keeps them together.

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
    groups = _groups(samples, asked.column or samples.group)
    if asked.kind == AUTO:
        asked = _automatic(samples, groups)
    if asked.kind == GIVEN:
        pairs = [_given_fold(samples)]
    else:
        _check_enough(samples, asked, groups)
        pairs = _pairs(samples, asked, groups, seed)
    kept = groups if samples.group in {None, asked.column} else _groups(samples, samples.group)
    if kept is not None and any(kept.is_on_both_sides(*pair) for pair in pairs):
        raise UsageError(
            f"--cv {asked}: samples with the same {kept.column!r} would be on both sides",
            hint=f"--cv group:{kept.column} keeps them together",
        )
    return str(asked), _rows(samples, pairs)


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
        Metadata column whose equal values are kept together; None for that of the dataset, if it has one.

    Raises
    ------
    BadInput
        If a fold is empty or has a sample, or a group, on both sides.
    UsageError
        If there is no such column.
    """
    name = type(splitter).__name__
    groups = _groups(samples, group or samples.group)
    of = None if groups is None else groups.of

    def make() -> list[Fold]:
        return list(splitter.split(samples.spectra, samples.values, of))

    pairs = _remembered(samples, f"{splitter!r} {group}", make) if _is_spread(splitter) else make()
    if not pairs:
        raise BadInput(f"{name} gives no fold")
    each = _Groups(column="", of=_numbers(samples), count=len(samples.rows))
    for number, (fit, held_out) in enumerate(pairs):
        if not len(fit) or not len(held_out):
            raise BadInput(f"{name}: fold {number} has an empty side")
        if each.is_on_both_sides(fit, held_out):
            raise BadInput(f"{name}: fold {number} has samples on both sides")
    for kept in {group, samples.group} - {None}:
        _refuse_torn(name, pairs, _groups(samples, kept))
    return _rows(samples, pairs)


def _refuse_torn(name: str, pairs: list[Fold], groups: _Groups | None) -> None:
    """Refuse folds of a splitter that takes no notice of groups."""
    for number, pair in enumerate(pairs):
        if groups is not None and groups.is_on_both_sides(*pair):
            other = _WITH_GROUPS.get(name)
            hint = f"sklearn.model_selection.{other} keeps them together" if other else "use one that knows groups"
            raise BadInput(
                f"{name}: fold {number} has samples with the same {groups.column!r} on both sides",
                hint=f"{hint}; without a splitter, every form of --cv does",
            )


def _numbers(samples: Trainable) -> Rows:
    import numpy as np

    return np.arange(len(samples.rows))


def _rows(samples: Trainable, pairs: Iterable[Fold]) -> list[Fold]:
    return [(samples.rows[fit], samples.rows[held_out]) for fit, held_out in pairs]


def _automatic(samples: Trainable, groups: _Groups | None) -> CrossValidation:
    import numpy as np

    if samples.given.any() and not samples.given.all():
        return CrossValidation(kind=GIVEN)
    units = len(samples.rows) if groups is None else groups.count
    folds = max(2, min(DEFAULT_FOLDS, units))
    if samples.task == CLASSIFICATION and len(samples.rows):
        _, counts = np.unique(samples.values, return_counts=True)
        if counts.max() >= folds:
            return CrossValidation(kind=STRATIFIED, folds=folds)
    return CrossValidation(kind=KFOLD, folds=folds)


def _given_fold(samples: Trainable) -> Fold:
    import numpy as np

    if not samples.given.any() or samples.given.all():
        side = "val" if not samples.given.any() else "train"
        raise UsageError(
            f"--cv given: the dataset has no samples of the {side} partition", hint="--cv kfold:5 splits the others"
        )
    return np.flatnonzero(~samples.given), np.flatnonzero(samples.given)


def _check_enough(samples: Trainable, asked: CrossValidation, groups: _Groups | None) -> None:
    if len(samples.rows) < asked.least:
        raise UsageError(f"--cv {asked} needs at least {asked.least} training samples, there are {len(samples.rows)}")
    if asked.kind == STRATIFIED and samples.task != CLASSIFICATION:
        raise UsageError(f"--cv {asked} is for classes, the target is numeric", hint="--cv kfold:5")
    if groups is not None and groups.count < asked.least:
        found = "is 1 group" if groups.count == 1 else f"are {groups.count} groups"
        fewer = f"group:{groups.column}:{max(groups.count, 2)}"
        hint = f"--cv {fewer}" if asked.kind in {GROUP, KFOLD, STRATIFIED} and groups.count > 1 else ""
        raise UsageError(f"--cv {asked}: there {found} by {groups.column!r}", hint=hint)


def _pairs(samples: Trainable, asked: CrossValidation, groups: _Groups | None, seed: int) -> list[Fold]:
    """Return pairs of positions among the trainable samples."""
    maker = _maker(asked, grouped=groups is not None)

    def make() -> list[Fold]:
        return list(_rounds(maker, samples, asked.repeats, None if groups is None else groups.of, seed))

    try:
        return _remembered(samples, str(asked), make) if asked.kind in {KENNARD_STONE, SPXY} else make()
    except NwsError:
        raise
    except ValueError as err:  # what only the splitter can know, such as that a side would be empty
        raise UsageError(f"--cv {asked}: {' '.join(str(err).split())}") from err


def _is_spread(splitter: Any) -> bool:
    """Say whether a splitter compares all samples with one another, and draws no random numbers."""
    return type(splitter).__module__ == "nws.operators"


def _remembered(samples: Trainable, name: str, make: Callable[[], list[Fold]]) -> list[Fold]:
    if name not in samples.made:
        samples.made[name] = make()
    return samples.made[name]


def _rounds(make: Callable[[Any], Any], samples: Trainable, count: int, of: Rows | None, seed: int) -> Iterator[Fold]:
    """Go through the rounds with one source of random numbers, as `RepeatedKFold` does."""
    from sklearn.utils import check_random_state

    random = check_random_state(seed)
    for _ in range(count):
        yield from make(random).split(samples.spectra, samples.values, of)


def _maker(asked: CrossValidation, *, grouped: bool) -> Callable[[Any], Any]:
    """Return what makes a splitter of a source of random numbers."""
    from sklearn import model_selection as known

    if asked.kind in {KENNARD_STONE, SPXY}:
        return lambda _: _spread(asked)
    if asked.kind == LEAVE_ONE_OUT:
        return lambda _: known.LeaveOneGroupOut() if grouped else known.LeaveOneOut()
    if asked.kind == SHUFFLE:
        shuffle = known.GroupShuffleSplit if grouped else known.ShuffleSplit
        return lambda random: shuffle(asked.folds, test_size=asked.fraction, random_state=random)
    if asked.kind == GROUP and asked.repeats == 1:
        return lambda _: known.GroupKFold(asked.folds)
    if asked.kind == STRATIFIED:
        folds = known.StratifiedGroupKFold if grouped else known.StratifiedKFold
    else:
        folds = known.GroupKFold if grouped else known.KFold
    return lambda random: folds(asked.folds, shuffle=True, random_state=random)


def _spread(asked: CrossValidation) -> Any:
    from nws import operators

    if asked.folds == 1:
        return (operators.KennardStone if asked.kind == KENNARD_STONE else operators.SPXY)(asked.fraction)
    return (operators.KennardStoneKFold if asked.kind == KENNARD_STONE else operators.SPXYKFold)(asked.folds)


def _groups(samples: Trainable, column: str | None) -> _Groups | None:
    import numpy as np

    if column is None:
        return None
    if column not in samples.metadata:
        known = ", ".join(samples.metadata) or "none"
        raise UsageError(f"the dataset has no metadata column {column!r} to group by", hint=f"columns: {known}")
    values = samples.metadata[column]
    if any(value is None for value in values):
        raise UsageError(f"the metadata column {column!r} has empty cells, so samples cannot be grouped by it")
    names, of = np.unique([str(value) for value in values], return_inverse=True)
    return _Groups(column=column, of=of, count=len(names))
