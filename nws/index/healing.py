"""Bringing an index back whose merged segments were taken away, or whose newest manifest cannot be read.

No row that is still in a segment is lost: what no manifest names any more is looked through, and what it has beyond the
rest counts again. This room must not know of records, from which the others can be made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import Damaged, Locked
from nws.index import segments, state
from nws.index.merging import merge
from nws.index.reading import repeated
from nws.index.segments import TABLES, scan
from nws.index.switching import Change, entry, switch

if TYPE_CHECKING:
    from pathlib import Path

    from nws.index.merging import Merge
    from nws.index.state import State
    from nws.records import JsonMap

_TRIES = 5


def heal(catalog: Path) -> bool:
    """Make a manifest that counts what is there, and say whether one was needed.

    An index without a manifest gets its first one, so that old promises of names are not relied on.

    Raises
    ------
    Damaged
        If a segment that is to count again cannot be read.
    Locked
        If other processes keep changing the index.
    """
    for _ in range(_TRIES):
        begun, readable = _present(catalog)
        gone = {table: [path.name for path in begun.missing(table)] for table in TABLES}
        harmed = not readable or any(gone.values())
        if begun.manifest.number and not harmed:
            return False
        change = _adopting(begun, gone) if harmed else Change(gone=gone)
        if switch(begun, change) is not None:
            return harmed
    raise Locked(f"other processes keep changing {catalog}", hint="try again in a minute")


def _present(catalog: Path) -> tuple[State, bool]:
    try:
        return state.read(catalog), True
    except Damaged:
        return state.without_manifest(catalog), False


def _adopting(begun: State, gone: dict[str, list[str]]) -> Change:
    """Return the change by which strays count again: as they are, or without the rows that stand elsewhere too."""
    named: dict[str, list[JsonMap]] = {table: [] for table in TABLES}
    merges: list[Merge] = []
    for table in TABLES:
        counted = [path for path in begun.once(table) if path.name not in gone[table]]
        for name in begun.strays(table):
            path = begun.catalog / table / name
            segments.verify(path)
            again = repeated(begun, [path], counted, table) if counted else None
            if again is None or not len(again):
                named[table].append(_entry(path, table))
            else:
                merges.append(merge([path], table, without=[again]))
            counted.append(path)
    return Change(gone=gone, merges=merges, named=named)


def _entry(path: Path, table: str) -> JsonMap:
    import polars as pl

    ids = pl.col("prediction_id")
    figures = [pl.len().alias("rows"), ids.min().alias("first_id"), ids.max().alias("last_id")]
    found = scan([path], table).select(figures).collect(engine="streaming").row(0, named=True)
    return entry(path, rows=found["rows"], first_id=found["first_id"] or "", last_id=found["last_id"] or "")
