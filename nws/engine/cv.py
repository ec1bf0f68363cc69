"""What `--cv` can ask for, and how it is written.

This room knows texts only; it must not know samples, nor how they are split.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nws.errors import UsageError

AUTO = "auto"
GIVEN = "given"
LEAVE_ONE_OUT = "loo"
KFOLD = "kfold"
STRATIFIED = "stratified"
SHUFFLE = "shuffle"
GROUP = "group"
KENNARD_STONE = "kennard-stone"
SPXY = "spxy"
DEFAULT_FOLDS = 5
DEFAULT_FRACTION = 0.25
FORMS = (
    "auto",
    "given",
    "kfold:5",
    "kfold:5x10",
    "loo",
    "shuffle:5:0.25",
    "stratified:5",
    "stratified:5x10",
    "group:COLUMN",
    "group:COLUMN:5",
    "group:COLUMN:5x10",
    "kennard-stone:0.25",
    "kennard-stone:5",
    "spxy:0.25",
    "spxy:5",
)
_COUNTED = re.compile(r"([0-9]{1,9})(?:x([0-9]{1,9}))?")


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """What a text like `shuffle:5:0.25` asks for.

    `folds` of one round, `repeats` of it; `fraction` is that of samples to predict where there is one test set;
    `column` names the metadata that is kept together.
    """

    kind: str
    folds: int = DEFAULT_FOLDS
    fraction: float = DEFAULT_FRACTION
    column: str | None = None
    repeats: int = 1

    @property
    def least(self) -> int:
        """The least number of samples, or of groups, that can be split like this."""
        return 2 if self.kind in {LEAVE_ONE_OUT, SHUFFLE} else max(2, self.folds)

    def most(self, samples: int) -> int:
        """Return the largest number of folds that it makes of so many samples."""
        return samples if self.kind == LEAVE_ONE_OUT else self.folds * self.repeats

    def __str__(self) -> str:
        counted = str(self.folds) if self.repeats == 1 else f"{self.folds}x{self.repeats}"
        match self.kind:
            case "auto" | "given" | "loo":
                return self.kind
            case "shuffle":
                return f"{self.kind}:{self.folds}:{self.fraction!r}"
            case "group":
                return f"{self.kind}:{self.column}:{counted}"
            case "kennard-stone" | "spxy" if self.folds == 1:
                return f"{self.kind}:{self.fraction!r}"
            case _:
                return f"{self.kind}:{counted}"


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
    if asked.repeats < 1:
        raise UsageError(f"--cv {text}: at least once", hint=f"--cv {kind}:5x10 is 5 folds, 10 times")
    if asked.kind != SHUFFLE and asked.folds < 2 and not (asked.kind in {KENNARD_STONE, SPXY} and asked.folds == 1):
        raise UsageError(f"--cv {text}: at least 2 folds are needed")
    if asked.folds < 1 or not 0 < asked.fraction < 1:
        form = f"{kind}:TIMES:FRACTION" if kind == SHUFFLE else f"{kind}:FRACTION"
        raise UsageError(f"--cv {text}: not a split", hint=f"{form}, with a fraction between 0 and 1")
    return asked


def _read_plain(kind: str, rest: str) -> CrossValidation:
    if rest:
        raise ValueError(rest)
    return CrossValidation(kind=kind)


def _counted(text: str) -> tuple[int, int]:
    """Return folds and repeats of `5` or `5x10`."""
    found = _COUNTED.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(found[1]), int(found[2] or 1)


def _read_folds(kind: str, rest: str) -> CrossValidation:
    folds, repeats = _counted(rest) if rest else (DEFAULT_FOLDS, 1)
    return CrossValidation(kind=kind, folds=folds, repeats=repeats)


def _read_shuffle(kind: str, rest: str) -> CrossValidation:
    times, _, fraction = rest.partition(":")
    folds, repeats = _counted(times) if times else (DEFAULT_FOLDS, 1)
    if repeats != 1:
        raise ValueError(rest)
    return CrossValidation(kind=kind, folds=folds, fraction=float(fraction) if fraction else DEFAULT_FRACTION)


def _read_group(kind: str, rest: str) -> CrossValidation:
    column, _, folds = rest.rpartition(":")
    if not column or _COUNTED.fullmatch(folds) is None:
        column, folds = rest, str(DEFAULT_FOLDS)
    if not column:
        raise ValueError(rest)
    count, repeats = _counted(folds)
    return CrossValidation(kind=kind, folds=count, column=column, repeats=repeats)


def _read_spread(kind: str, rest: str) -> CrossValidation:
    """Read a fraction, which is one split, or a whole number of folds."""
    if _COUNTED.fullmatch(rest) is None:
        return CrossValidation(kind=kind, folds=1, fraction=float(rest) if rest else DEFAULT_FRACTION)
    folds, repeats = _counted(rest)
    # It draws no random numbers, so another round would be the same. And a single fold is none.
    if repeats != 1 or folds == 1:
        raise ValueError(rest)
    return CrossValidation(kind=kind, folds=folds)


_READERS = {
    AUTO: _read_plain,
    GIVEN: _read_plain,
    LEAVE_ONE_OUT: _read_plain,
    KFOLD: _read_folds,
    STRATIFIED: _read_folds,
    SHUFFLE: _read_shuffle,
    GROUP: _read_group,
    KENNARD_STONE: _read_spread,
    SPXY: _read_spread,
}
