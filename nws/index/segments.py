"""Segments of the index: immutable Parquet files, appended in pairs, never changed.

A directory of segments is one table. This room knows rows, files and what their names say; it must not know of runs,
records or rankings, nor which segments count (see `nws.index.state`).
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws import fsio
from nws.errors import Conflict, Damaged, NewerFormat
from nws.index import columns

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import polars as pl
    import pyarrow as pa

META = "predictions_meta.parquet"
DATA = "predictions_data.parquet"
TABLES = {META: columns.META, DATA: columns.DATA}
# One look-up by prediction_id reads one group, so groups of the heavy table are small.
GROUP_ROWS = {META: 65_536, DATA: 64}
_CHUNK = 4096
# Fewer rows are not compressed: it would take longer, and of meta more room.
_COMPRESSED_FROM = 64
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_APPENDED = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-[0-9a-f]{16}(-once)?\.parquet")
_MERGED = re.compile(r"merged-(\d{8})-[0-9a-f]{16}\.parquet")


@dataclass(frozen=True)
class Row:
    """One prediction: its row of the meta table, and one row of the data table per partition.

    Columns that are absent are null.
    """

    meta: Mapping[str, Any]
    data: Sequence[Mapping[str, Any]] = ()


def append(catalog: Path, rows: Sequence[Row], *, name: str | None = None) -> str | None:
    """Add predictions to the index, durably, as one new segment of each table.

    The data segment stands before the meta segment, which is what makes the predictions visible. Nothing that is in
    the index already is read or touched. A prediction may be appended again: readers see it once.

    Parameters
    ----------
    catalog
        Folder of the two tables; made if it is not there.
    rows
        Predictions. Order does not matter: segments are sorted by prediction_id.
    name
        A name from `once_name`, under which nobody else appends these predictions.

    Returns
    -------
    str | None
        The name that both segments have; None if there was nothing to add, or if `name` has been taken: whoever took
        it (see `void`) has left the predictions to be appended without a name.

    Raises
    ------
    ValueError
        If a row has a column that the table does not have, or lacks one that it must have.
    """
    unique = {row.meta["prediction_id"]: row for row in rows}
    ordered = [unique[key] for key in sorted(unique)]
    if not ordered:
        return None
    for row in ordered:
        _check(row)
    chosen = name or _fresh_name()
    items = {DATA: [item for row in ordered for item in row.data], META: [row.meta for row in ordered]}
    for table, listed in items.items():
        if not write(catalog, table, chosen, _tables(listed, table), compressed=len(listed) >= _COMPRESSED_FROM):
            if name is None:
                raise Conflict(f"{catalog / table / chosen} is already there", hint="try again: names are random")
            if table == META:
                fsio.remove_all(catalog / DATA, [chosen])
            return None
    return chosen


def check(row: Row) -> None:
    """Find out, before anything is published, that a prediction of somebody else can be appended; nothing is written.

    Raises
    ------
    ValueError, TypeError
        If it cannot.
    """
    _check(row)
    for table, items in ((META, [row.meta]), (DATA, list(row.data))):
        for _ in _tables(items, table):
            pass


def void(catalog: Path, name: str) -> bool:
    """Take a name from `once_name` away from whoever was going to append under it, and say whether that was done.

    An empty segment stands there then. False means that the name was taken: by the one whose it is, or by another call.
    """
    if not write(catalog, META, name, _tables([], META), compressed=False):
        return False
    # Arrays that were written without the rows that would have made them visible.
    fsio.remove_all(catalog / DATA, [name])
    return True


def once_name() -> str:
    """Return a fresh name for a segment whose predictions nobody else will append, unless the name is made void."""
    return _fresh_name("-once")


def merged_name(number: int) -> str:
    """Return a fresh name for a segment that the manifest of that number is to name."""
    return f"merged-{number:08d}-{os.urandom(8).hex()}.parquet"


def names(folder: Path) -> list[str]:
    """Return the names of the segments in one table's folder, oldest first, from a fresh listing."""
    return [name for name in fsio.names(folder) if _APPENDED.fullmatch(name) or _MERGED.fullmatch(name)]


def paths(catalog: Path, table: str) -> list[Path]:
    """Return all segments of one table that are there, oldest first, whether they count or not."""
    return [catalog / table / name for name in names(catalog / table)]


def merged_number(name: str) -> int | None:
    """Return the number of the manifest for which a segment was merged; None for one that was appended."""
    found = _MERGED.fullmatch(name)
    return int(found[1]) if found else None


def promised_since(name: str) -> str | None:
    """Return when a name from `once_name` was made, as a text that sorts by time; None for any other name."""
    found = _APPENDED.fullmatch(name)
    return found[1] if found and found[2] else None


def appended_at(name: str) -> str | None:
    """Return when an appended segment was named, as a text that sorts by time; None for a merged one."""
    found = _APPENDED.fullmatch(name)
    return found[1] if found else None


def stamp(moment: dt.datetime) -> str:
    """Return a moment as names of segments have it."""
    return moment.strftime(_STAMP)


def scan(paths: Sequence[Path], table: str) -> pl.LazyFrame:
    """Return segments of one table as one lazy frame."""
    import polars as pl

    schema = columns.polars_schema(TABLES[table])
    return pl.scan_parquet(list(paths), schema=schema, glob=False) if paths else pl.LazyFrame(schema=schema)


def verify(path: Path) -> None:
    """Read a segment from end to end.

    Raises
    ------
    Damaged
        If it cannot be read.
    NewerFormat
        If a newer nws wrote it.
    FileNotFoundError
        If it is gone.
    """
    import polars as pl

    with unreadable(path):
        version = pl.read_parquet_metadata(path).get(columns.FORMAT_KEY, "")
        if version.isdigit() and int(version) > columns.FORMAT:
            raise NewerFormat(f"{path} has index format {version}; this nws reads up to {columns.FORMAT}")
        # The filter keeps every row, and has the statistics read too.
        scan([path], path.parent.name).filter(pl.col("prediction_id") >= "").collect()


@contextlib.contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Tell what the body finds wrong with a segment as damage of that file."""
    import polars as pl

    try:
        yield
    except FileNotFoundError:
        raise
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as err:
        if isinstance(err, OSError) and err.errno is not None:
            raise
        raise Damaged(
            f"{path}: not a readable segment: {str(err).splitlines()[0]}",
            hint="move that file out of the folder; `nws reindex` adds its rows again",
        ) from err


def write(catalog: Path, table: str, name: str, parts: Iterable[pa.Table], *, compressed: bool = True) -> bool:
    """Write one segment durably; no part of it is larger in memory than what `parts` yields.

    Returns
    -------
    bool
        False if a segment of that name is there.
    """
    import pyarrow.parquet as pq

    folder = catalog / table
    if not folder.is_dir():
        fsio.make_folder(folder)
        fsio.sync_folder(catalog)
    # Staged beside the table and not in it: polars refuses a directory that holds anything but Parquet files, and a
    # writer that is killed leaves its temporary file behind.
    with fsio.staged(catalog) as (temp, handle):
        with pq.ParquetWriter(
            handle, columns.arrow_schema(TABLES[table]), **_options(table, compressed=compressed)
        ) as writer:
            writer.add_key_value_metadata({columns.FORMAT_KEY: str(columns.FORMAT)})
            for part in parts:
                writer.write_table(part, row_group_size=GROUP_ROWS[table])
        fsio.sync(handle)
        done = fsio.publish(temp, folder / name)
    if done:
        fsio.sync_folder(folder)
    return done


def _check(row: Row) -> None:
    for table, items in ((META, [row.meta]), (DATA, row.data)):
        known = {column.name for column in TABLES[table]}
        for item in items:
            if unknown := sorted(item.keys() - known):
                raise ValueError(f"not a column of {table}: {', '.join(unknown)}")
            if missing := sorted(name for name in columns.REQUIRED & known if item.get(name) is None):
                raise ValueError(f"a row of {table} lacks {', '.join(missing)}")


def _fresh_name(promise: str = "") -> str:
    import datetime as dt

    # Ordered by time for people and for compaction; the random part is what makes it unique.
    return f"{stamp(dt.datetime.now(dt.UTC))}-{os.urandom(8).hex()}{promise}.parquet"


def _options(table: str, *, compressed: bool) -> dict[str, Any]:
    return {
        "compression": "zstd" if compressed else "none",
        "use_dictionary": columns.DICTIONARY["META" if table == META else "DATA"],
        "write_page_checksum": True,
        # The columns say all that readers need; the copy of the Arrow schema would double a small segment.
        "store_schema": False,
    }


def _tables(items: Sequence[Mapping[str, Any]], table: str) -> Iterator[pa.Table]:
    import pyarrow as pa

    schema = columns.arrow_schema(TABLES[table])
    for start in range(0, max(len(items), 1), _CHUNK):
        yield pa.Table.from_pylist(items[start : start + _CHUNK], schema=schema)
