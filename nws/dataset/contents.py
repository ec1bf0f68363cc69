"""What a dataset holds: spectra with their axis, targets, partitions and metadata, and the options for reading it.

This room holds values only; it must not know how files are read or where a snapshot lies.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.errors import BadInput, UsageError
from nws.ids import closest
from nws.metrics import CLASSIFICATION, REGRESSION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NANOMETRES = "nm"
WAVENUMBERS = "cm-1"
INDEX = "index"
DECIMALS = {"point": ".", "comma": ","}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What the features of a spectrum stand for.

    `unit` is "nm", "cm-1" or "index" (no physical unit known); `values` has one entry per feature, in file order.
    """

    unit: str
    values: list[float]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One reference value per sample: floats for regression, class labels for classification, None if missing."""

    name: str
    task: str
    values: list[float | str | None]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Spectra and all that belongs to them, row by row.

    `spectra` is float64 of shape (samples, features) and not to be written to; `partition` holds "train", "val" or
    "test" for each sample; `sample_ids` are unique. `group` names the metadata column whose equal values mean scans of
    one sample, which no split may separate; None where every row is a sample of its own.
    """

    name: str
    spectra: NDArray[np.float64]
    axis: Axis
    sample_ids: list[str]
    partition: list[str]
    targets: tuple[Target, ...] = ()
    metadata: dict[str, list[str | float | None]] = field(default_factory=dict)
    group: str | None = None

    @property
    def samples(self) -> int:
        """Number of rows."""
        return int(self.spectra.shape[0])

    @property
    def features(self) -> int:
        """Number of wavelengths."""
        return int(self.spectra.shape[1])

    def target(self, name: str | None = None) -> Target:
        """Return the target of that name, or the only one.

        Raises
        ------
        BadInput
            If there is none, none of that name, or several and no name is given.
        """
        known = [target.name for target in self.targets]
        if not known:
            raise BadInput(f"dataset {self.name} has no target", hint="name its column with --target, or add a Y file")
        if name is None and len(known) > 1:
            raise BadInput(f"dataset {self.name} has {len(known)} targets: {', '.join(known)}", hint="name one of them")
        if name is not None and name not in known:
            near = closest(name, known) or known
            raise BadInput(f"dataset {self.name} has no target {name!r}", hint=f"targets: {', '.join(near)}")
        return self.targets[0 if name is None else known.index(name)]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What a person says about files, where the default is to find out.

    Parameters
    ----------
    target, metadata
        Names of columns; in files without a header, columns are named "1", "2", ….
    id, partition, group
        Name of the column with sample ids, of the one that says train, val or test, and of the one whose equal values
        mean scans of one sample.
    task
        "regression" or "classification", for all targets.
    test_rows
        Rows of the test partition, counted from 1 over all samples: "51-60" or "1,5,51-60".
    delimiter
        One of `, ; |` and tab, or comma, semicolon, pipe, tab.
    decimal
        "." or ",", or point or comma.
    header
        "yes", "no" or "auto", for every file.
    unit
        "nm", "cm-1" or "index": what the axis stands for, whatever the header says.
    sheet
        Name of the sheet of a workbook that holds the data.
    """

    target: tuple[str, ...] = ()
    id: str | None = None
    partition: str | None = None
    metadata: tuple[str, ...] = ()
    task: str | None = None
    test_rows: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: str = "auto"
    group: str | None = None
    unit: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", DELIMITERS.get(self.delimiter, self.delimiter))
        if self.decimal is not None:
            object.__setattr__(self, "decimal", DECIMALS.get(self.decimal, self.decimal))
        _one_of("task", self.task, (None, REGRESSION, CLASSIFICATION))
        _one_of("delimiter", self.delimiter, (None, *DELIMITERS.values()), said="comma, semicolon, tab or pipe")
        _one_of("decimal", self.decimal, (None, *DECIMALS.values()), said="point or comma")
        _one_of("header", self.header, ("auto", "yes", "no"))
        _one_of("unit", self.unit, (None, NANOMETRES, WAVENUMBERS, INDEX))
        parse_rows(self.test_rows)

    @property
    def named(self) -> tuple[str, ...]:
        """Every column that the options name."""
        single = (name for name in (self.id, self.partition, self.group) if name is not None)
        return (*self.target, *self.metadata, *single)

    def as_dict(self) -> dict[str, Any]:
        """Return what differs from the defaults, as plain data."""
        return {
            item.name: list(value) if isinstance(value, tuple) else value
            for item in dataclasses.fields(self)
            if (value := getattr(self, item.name)) != item.default
        }


def _one_of(option: str, value: str | None, allowed: tuple[str | None, ...], *, said: str = "") -> None:
    if value not in allowed:
        said = said or " or ".join(word for word in allowed if word is not None)
        raise UsageError(f"{option} {value!r} is not known", hint=f"{option} is {said}")


def parse_rows(text: str | None) -> list[int]:
    """Read "51-60" or "1,5,51-60" as rows from 0.

    Raises
    ------
    UsageError
        If it is not of that form.
    """
    rows: set[int] = set()
    for part in text.split(",") if text is not None else ():
        first, dash, last = (word.strip() for word in part.partition("-"))
        numbers = [first, last] if dash else [first]
        if not all(number.isascii() and number.isdigit() for number in numbers):
            raise UsageError(f"rows {text!r} are not of the form 51-60 or 1,5,51-60", hint="rows count from 1")
        low, high = int(numbers[0]), int(numbers[-1])
        if not 1 <= low <= high or high > 10**9:
            raise UsageError(f"rows {part.strip()!r} are not a range", hint="rows count from 1, as in 51-60")
        rows.update(range(low - 1, high))
    return sorted(rows)
