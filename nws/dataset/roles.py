"""What the columns beside the spectrum are for: sample ids, partition, targets, metadata.

Options decide; what they leave open is guessed where it is plain, and refused where it is not. This room must not
look at spectra.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nws.dataset.columns import ID_NAMES, TARGET_NAMES, Column, plain, same_name
from nws.dataset.partition import group_of, partition_column, partition_of, unnamed
from nws.errors import BadInput
from nws.ids import closest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nws.dataset.contents import ReadOptions


class TargetUntold(BadInput):
    """More than one column could be the target, and nothing says which."""


@dataclass(kw_only=True)
class Roles:
    """Every column with its role; `notes` say what was decided where the files leave it open."""

    ids: list[str]
    partition: list[str]
    targets: list[Column]
    metadata: list[Column]
    group: str | None = None
    notes: list[str] = field(default_factory=list)


def assign(
    columns: Sequence[Column],
    options: ReadOptions,
    *,
    spectral: Sequence[str],
    partitions: Sequence[str | None],
    expected: Sequence[str] | None = None,
) -> Roles:
    """Give every column its role.

    Parameters
    ----------
    columns
        All that are no part of the spectrum.
    options
        What a person says about them.
    spectral
        Names of the columns of the spectrum, for messages.
    partitions
        For each sample what the name of its file says.
    expected
        None for samples to fit on. Otherwise the samples are to be predicted, and of the columns that no option names
        only these are targets, or those of Y files where this is empty; a column is a partition only if an option
        says so, and where nothing says a partition it is test.

    Raises
    ------
    BadInput
        For unknown columns, duplicate or missing ids, unreadable partitions, or a target that cannot be told.
    """
    columns = [column for column in columns if column.headed or not column.is_empty]
    for name in options.named:
        _known(name, columns, spectral)
    notes: list[str] = []
    id_columns = _id_columns(columns, options, notes)
    left = [column for column in columns if column not in id_columns and not column.is_nameless]
    if not id_columns and any(column.is_nameless for column in columns):
        notes.append("row names are not unique, so samples are numbered")
    to_predict = expected is not None
    guess = not to_predict or options.partition is not None
    chosen = partition_column(left, options, partitions) if guess else None
    left = [column for column in left if column is not chosen]
    targets = _targets(left, options) if expected is None else _targets_if_there(left, options, expected)
    others = [column for column in left if column not in targets]
    metadata = [column for column in others if not column.is_empty]
    if not to_predict:
        notes += [f"{_said(column)} is empty, and left out" for column in others if column.is_empty]
    _distinct(metadata)
    otherwise = "test" if to_predict else "train"
    partition = partition_of(chosen, options, partitions, notes, otherwise=otherwise)
    return Roles(
        ids=_ids(id_columns, len(partitions)),
        partition=partition,
        targets=targets,
        metadata=metadata,
        group=group_of(options.group, metadata, partition),
        notes=notes,
    )


def _known(name: str, columns: Sequence[Column], spectral: Sequence[str]) -> None:
    known = [column.name for column in columns]
    if not any(same_name(name, each) for each in known):
        near = closest(name, [*known, *spectral])
        hint = f"did you mean {', '.join(near)}?" if near else f"columns: {', '.join([*known, *spectral][:8])}"
        raise BadInput(f"no column named {name!r}", hint=hint)


def _id_columns(columns: Sequence[Column], options: ReadOptions, notes: list[str]) -> list[Column]:
    if options.id is not None:
        found = [column for column in columns if same_name(column.name, options.id)]
    else:
        free = unnamed(columns, options)
        guesses = (
            _guessed_id([column for column in free if column.origin == origin], notes) for origin in _origins(columns)
        )
        found = [column for column in guesses if column is not None]
    for column in found:
        _check_ids(column)
    for column in found[1:]:
        _check_order(found[0], column)
    return found


def _origins(columns: Sequence[Column]) -> list[str]:
    """Return where columns come from: the sources of spectra first, then M, then Y."""
    there = {column.origin for column in columns}
    return sorted(there, key=lambda origin: (not origin.startswith("X"), origin == "Y", origin))


def _guessed_id(columns: Sequence[Column], notes: list[str]) -> Column | None:
    named = next((column for column in columns if column.headed and plain(column.name) in ID_NAMES), None)
    if named is not None or not columns or columns[0].position != 0:
        return named
    first = columns[0]
    lone = first.origin == "Y" and len(columns) == 1
    if first.is_unique and not lone and (not first.headed or not first.is_mostly_numeric):
        notes.append(f"sample ids are taken from {_said(first)}")
        return first
    return None


def _said(column: Column) -> str:
    return f"column {column.name!r}" if column.headed else f"column {column.position + 1}"


def _check_ids(column: Column) -> None:
    seen: dict[str, int] = {}
    for row, cell in enumerate(column.cells):
        if cell is None:
            raise BadInput(f"{column.place(row)}: the sample id is missing", hint="fill it in")
        other = seen.setdefault(cell, row)
        if other != row:
            raise BadInput(
                f"{column.place(row)}: sample id {cell!r} occurs twice (first: {column.place(other)})",
                hint=f"make ids unique; for repeated scans of one sample say --group {column.name!r}, else --metadata",
            )


def _check_order(one: Column, other: Column) -> None:
    for row, (mine, theirs) in enumerate(zip(one.cells, other.cells, strict=True)):
        if mine != theirs:
            raise BadInput(
                f"{other.place(row)}: sample id {theirs!r} where {one.place(row)} has {mine!r}",
                hint="the rows of X, Y and M files belong together one by one; sort them alike",
            )


def _ids(columns: Sequence[Column], samples: int) -> list[str]:
    if columns:
        return [str(cell) for cell in columns[0].cells]
    return [str(row + 1) for row in range(samples)]


def _targets(columns: Sequence[Column], options: ReadOptions) -> list[Column]:
    if options.target:
        return [_named_target(name, columns) for name in options.target]
    kept = (*options.metadata, *([options.group] if options.group else []))
    free = [column for column in columns if not any(same_name(column.name, name) for name in kept)]
    given = [column for column in free if column.origin == "Y"]
    if given or any(column.origin == "Y" for column in columns):
        return given
    free = [column for column in free if column.origin != "M" and not column.is_empty]
    numeric = [column for column in free if column.is_mostly_numeric]
    likely = [column for column in free if plain(column.name) in TARGET_NAMES]
    for choice in (numeric, likely, free):
        if len(choice) == 1 and (choice is not free or not free[0].is_unique):
            return choice
    if len(numeric) > 1 or len(free) > 1:
        names = ", ".join(column.name for column in (numeric or free)[:8])
        raise TargetUntold(
            f"the target cannot be told: {names} could be it",
            hint="name it with --target, or name the others with --metadata",
        )
    return []


def _targets_if_there(columns: Sequence[Column], options: ReadOptions, expected: Sequence[str]) -> list[Column]:
    """Return the targets of samples to predict: what options name, what is expected, or all of the Y files."""
    given = [column for column in columns if column.origin == "Y"]
    if options.target:
        found = [_named_target(name, columns) for name in options.target]
    elif expected:
        found = [column for name in expected for column in _called(name, columns)[:1]]
        if not found and len(expected) == len(given) and not any(column.headed for column in given):
            found = given
    else:
        found = given
    return [column for column in found if not column.is_empty]


def _named_target(name: str, columns: Sequence[Column]) -> Column:
    found = _called(name, columns)
    if not found:
        raise BadInput(f"column {name!r} is the sample id or the partition, not a target", hint="see --id, --partition")
    return found[0]


def _called(name: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns of a name, those of Y files first."""
    return [
        column for origin in "YXM" for column in columns if column.origin == origin and same_name(column.name, name)
    ]


def _distinct(metadata: Sequence[Column]) -> None:
    names = [column.name for column in metadata]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"metadata column {name!r} stands in two files", hint="rename it in one of them")


def metadata_values(column: Column) -> list[str | float | None]:
    """Return a metadata column as numbers if it holds nothing else, otherwise as text."""
    numbers = column.numbers()
    if column.is_numeric and all(value is None or math.isfinite(value) for value in numbers):
        return list(numbers)
    return list(column.cells)
