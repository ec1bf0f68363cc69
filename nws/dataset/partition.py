"""Which partition each sample is in, and which samples are scans of one: by a column, by rows, by names of files.

This room must not know of ids or targets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.dataset.columns import PARTITION_NAMES, Column, plain, same_name
from nws.dataset.contents import parse_rows
from nws.dataset.folder import PARTITION_WORDS
from nws.errors import BadInput, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nws.dataset.contents import ReadOptions

_WORDS = {**PARTITION_WORDS, "pred": "test", "prediction": "test"}
_TRUE = {"true", "t", "yes", "y", "1"}
_FALSE = {"false", "f", "no", "n", "0"}
_TEST_NAMES = {"test", "istest", "validation", "val"}


def unnamed(columns: Sequence[Column], options: ReadOptions) -> list[Column]:
    """Return the columns that no option names."""
    return [column for column in columns if not any(same_name(column.name, name) for name in options.named)]


def partition_column(
    columns: Sequence[Column], options: ReadOptions, partitions: Sequence[str | None]
) -> Column | None:
    """Return the column that says the partition: the one that is named, or one that plainly is.

    Raises
    ------
    UsageError
        If the partition is said in two ways.
    """
    by_file = partitions[0] is not None
    if by_file and (options.partition or options.test_rows):
        raise UsageError(
            "the names of the files say the partition already", hint="leave out --partition and --test-rows"
        )
    if options.partition and options.test_rows:
        raise UsageError("--partition and --test-rows both say the partition", hint="leave out one of them")
    if options.partition:
        return next(column for column in columns if same_name(column.name, options.partition))
    if by_file or options.test_rows:
        return None
    free = unnamed(columns, options)
    beside = [column for column in free if column.origin != "Y" or len(free) > 1]
    return next((column for column in beside if _is_partition(column)), None)


def _is_partition(column: Column) -> bool:
    if not column.headed or plain(column.name) not in PARTITION_NAMES or None in column.cells:
        return False
    words = {str(cell).casefold() for cell in column.cells}
    generic = plain(column.name) in ("partition", "split", "set", "subset")
    return words <= set(_WORDS) or (words <= _TRUE | _FALSE and not generic)


def partition_of(
    column: Column | None,
    options: ReadOptions,
    partitions: Sequence[str | None],
    notes: list[str],
    *,
    otherwise: str,
) -> list[str]:
    """Return the partition of each sample; `otherwise` where nothing says one.

    Raises
    ------
    BadInput
        For a cell that is no partition, or rows that are not there.
    """
    if options.test_rows is not None:
        rows = parse_rows(options.test_rows)
        if rows[-1] >= len(partitions):
            raise BadInput(
                f"row {rows[-1] + 1} cannot be a test row: there are {len(partitions)} samples",
                hint="rows count from 1",
            )
        chosen = set(rows)
        return ["test" if row in chosen else "train" for row in range(len(partitions))]
    if column is None:
        return [name or otherwise for name in partitions]
    meanings = dict(_WORDS)
    inverted = plain(column.name) in _TEST_NAMES
    meanings.update(dict.fromkeys(_TRUE, "test" if inverted else "train"))
    meanings.update(dict.fromkeys(_FALSE, "train" if inverted else "test"))
    notes.append(f"the partition is taken from column {column.name!r}")
    return [_meaning(column, row, meanings) for row in range(len(column.cells))]


def _meaning(column: Column, row: int, meanings: dict[str, str]) -> str:
    cell = column.cells[row]
    meaning = meanings.get(str(cell).casefold()) if cell is not None else None
    if meaning is None:
        raise BadInput(
            f"{column.place(row)}: {cell or 'a missing value'!r} is no partition",
            hint="train, val or test; or true and false",
        )
    return meaning


def group_of(name: str | None, metadata: Sequence[Column], partition: Sequence[str]) -> str | None:
    """Return the column of groups as it is written, after a look at its cells."""
    if name is None:
        return None
    column = next((column for column in metadata if same_name(column.name, name)), None)
    if column is None:
        raise BadInput(
            f"column {name!r} is the sample id, the partition or a target, not a group",
            hint="name the column that is alike for all scans of one sample",
        )
    seen: dict[str, int] = {}
    for row, cell in enumerate(column.cells):
        if cell is None:
            raise BadInput(f"{column.place(row)}: the group is missing", hint="every scan needs one; fill it in")
        first = seen.setdefault(cell, row)
        if partition[first] != partition[row]:
            raise BadInput(
                f"{column.place(row)}: group {cell!r} is in {partition[row]}, and in {partition[first]} before"
                f" ({column.place(first)})",
                hint="scans of one sample belong into one partition; without --group they count as samples",
            )
    return column.name
