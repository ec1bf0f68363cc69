"""Reading a table of the index: all its segments as one lazy frame, whatever happens to them meanwhile.

This room knows listings, retries and damage; it must not know what is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.index import columns, segments

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

ATTEMPTS = 5


def lazily(catalog: Path, table: str) -> pl.LazyFrame:
    """Return a table as its segments are at this moment; an empty one where there are none."""
    import polars as pl

    schema = columns.polars_schema(segments.TABLES[table])
    found = segments.paths(catalog, table)
    return pl.scan_parquet(found, schema=schema, glob=False) if found else pl.LazyFrame(schema=schema)


def collect(catalog: Path, query: Callable[[], pl.LazyFrame]) -> pl.DataFrame:
    """Run a query over fresh listings until none of the listed segments was gone when it was read.

    Parameters
    ----------
    catalog
        Folder of the tables.
    query
        Makes the query, beginning with `lazily`; called once an attempt.

    Raises
    ------
    Damaged
        If a segment cannot be read, with its name.
    NewerFormat
        If a newer nws wrote one.
    """
    import polars as pl

    for _ in range(ATTEMPTS - 1):
        try:
            return query().collect()
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
            _verify(catalog)
    return query().collect()


def _verify(catalog: Path) -> None:
    # polars does not always name the file that it could not read, and a damaged one makes every query fail.
    for table in segments.TABLES:
        for path in segments.paths(catalog, table):
            try:
                segments.verify(path)
            except FileNotFoundError:
                return
