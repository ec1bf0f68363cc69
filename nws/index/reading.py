"""Reading a table of the index: what counts of it as one lazy frame, whatever happens to its segments meanwhile.

This room knows states, retries and damage; it must not know what is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import Damaged
from nws.index import segments, state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import polars as pl

ATTEMPTS = 5
# What tells one row of a table from another.
KEYS = {segments.META: ["prediction_id"], segments.DATA: ["prediction_id", "partition"]}


def lazily(catalog: Path, table: str, *, ids: Sequence[str] | None = None) -> pl.LazyFrame:
    """Return a table as it is at this moment, each row once; an empty one where there is nothing.

    Parameters
    ----------
    catalog
        Folder of the tables.
    table
        One of the tables.
    ids
        Only these predictions: segments that cannot have one of them are not opened.
    """
    import polars as pl

    found = state.read(catalog, [segments.META, *({table} - {segments.META})])
    once, perhaps = found.once(table), found.perhaps(table)
    if ids is not None:
        passed_over = {catalog / table / name for name in _without(found.manifest.merged(table), ids)}
        once = [path for path in once if path not in passed_over]
    frame, doubtful = segments.scan(once, table), segments.scan(perhaps, table)
    if ids is not None:
        only = pl.col("prediction_id").is_in(list(ids))
        frame, doubtful = frame.filter(only), doubtful.filter(only)
    if not perhaps:
        return frame
    doubtful = doubtful.unique(KEYS[table], keep="first", maintain_order=True)
    if not once:
        return doubtful
    keys = [pl.col(name) for name in KEYS[table]]
    known = frame.select(keys).join(doubtful.select(keys), on=KEYS[table], how="semi")
    return pl.concat([frame, doubtful.join(known, on=KEYS[table], how="anti", maintain_order="left")])


def collect(catalog: Path, query: Callable[[], pl.LazyFrame]) -> pl.DataFrame:
    """Run a query over fresh states of the index until none of its segments was gone when it was read.

    Parameters
    ----------
    catalog
        Folder of the tables.
    query
        Makes the query, beginning with `lazily`; called once an attempt.

    Raises
    ------
    Damaged
        If a segment cannot be read, or one that counts is gone, with its name.
    NewerFormat
        If a newer nws wrote one.
    """
    import polars as pl

    before = None
    for _ in range(ATTEMPTS - 1):
        try:
            return query().collect()
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as err:
            # Segments that were merged meanwhile are no damage; what fails twice in the same state may be.
            now = state.read(catalog)
            if now == before or not isinstance(err, FileNotFoundError):
                verify(now)
            before = now
    return query().collect()


def repeated(found: state.State, paths: Sequence[Path], others: Sequence[Path], table: str) -> pl.DataFrame:
    """Return the keys of rows of some segments that stand in others as well.

    Raises
    ------
    Damaged
        If a segment of this state cannot be read.
    """
    import polars as pl

    keys = KEYS[table]
    asked = segments.scan(paths, table).select(keys).unique()
    try:
        return segments.scan(others, table).select(keys).join(asked, on=keys, how="semi").collect(engine="streaming")
    except pl.exceptions.PolarsError:
        # Which of the segments it is, it does not always say.
        verify(found)
        raise


def verify(found: state.State) -> None:
    """Read every segment that counts from end to end.

    Raises
    ------
    Damaged
        If one cannot be read, or is gone while the newest manifest names it.
    NewerFormat
        If a newer nws wrote one.
    """
    for table in segments.TABLES:
        for path in (*found.once(table), *found.perhaps(table)):
            try:
                segments.verify(path)
            except FileNotFoundError as err:
                if state.read(found.catalog).manifest == found.manifest and path.name in found.merged(table):
                    raise Damaged(f"{path} is gone", hint="`nws reindex` adds its rows again") from err


def _without(merged: Sequence[dict[str, str]], ids: Sequence[str]) -> list[str]:
    """Return the merged segments whose range holds none of some ids."""
    return [
        segment["name"]
        for segment in merged
        if not any(segment["first_id"] <= identity <= segment["last_id"] for identity in ids)
    ]
