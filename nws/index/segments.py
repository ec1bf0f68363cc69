"""Segments of the index: immutable Parquet files, appended in pairs, never changed.

A directory of segments is one table. This room knows rows and files; it must not know of runs, records or rankings.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws import fsio
from nws.errors import Conflict, Damaged, NewerFormat
from nws.index import columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

META = "predictions_meta.parquet"
DATA = "predictions_data.parquet"
TABLES = {META: columns.META, DATA: columns.DATA}
# One look-up by prediction_id reads one group, so groups of the heavy table are small.
GROUP_ROWS = {META: 65_536, DATA: 64}
_CHUNK = 4096
_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{16}\.parquet")


@dataclass(frozen=True)
class Row:
    """One prediction: its row of the meta table, and one row of the data table per partition.

    Columns that are absent are null.
    """

    meta: Mapping[str, Any]
    data: Sequence[Mapping[str, Any]] = ()


def append(catalog: Path, rows: Sequence[Row]) -> str | None:
    """Add predictions to the index, durably, as one new segment of each table.

    The data segment stands before the meta segment, which is what makes the predictions visible. Nothing that is in
    the index already is read or touched. A prediction may be appended again: readers see it once.

    Parameters
    ----------
    catalog
        Folder of the two tables; made if it is not there.
    rows
        Predictions. Order does not matter: segments are sorted by prediction_id.

    Returns
    -------
    str | None
        The name that both segments have; None if there was nothing to add.

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
    name = _fresh_name()
    _write(catalog, DATA, name, [item for row in ordered for item in row.data])
    _write(catalog, META, name, [row.meta for row in ordered])
    return name


def names(folder: Path) -> list[str]:
    """Return the names of the segments in one table's folder, oldest first, from a fresh listing."""
    return [name for name in fsio.names(folder) if _NAME.fullmatch(name)]


def paths(catalog: Path, table: str) -> list[Path]:
    """Return the segments of one table, oldest first."""
    return [catalog / table / name for name in names(catalog / table)]


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

    try:
        version = pl.read_parquet_metadata(path).get(columns.FORMAT_KEY, "")
        if version.isdigit() and int(version) > columns.FORMAT:
            raise NewerFormat(
                f"{path} has index format {version}; this nws reads up to {columns.FORMAT}",
                hint="upgrade nws: pip install -U nws",
            )
        rows = pl.scan_parquet(path, schema=columns.polars_schema(TABLES[path.parent.name]), glob=False)
        # The filter keeps every row, and has the statistics read too.
        rows.filter(pl.col("prediction_id") >= "").collect()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as err:
        raise Damaged(
            f"{path}: not a readable segment: {str(err).splitlines()[0]}",
            hint="move that file out of the folder; `nws reindex` adds its rows again",
        ) from err


def _check(row: Row) -> None:
    for table, items in ((META, [row.meta]), (DATA, row.data)):
        known = {column.name for column in TABLES[table]}
        for item in items:
            if unknown := sorted(item.keys() - known):
                raise ValueError(f"not a column of {table}: {', '.join(unknown)}")
            if missing := sorted(name for name in columns.REQUIRED & known if item.get(name) is None):
                raise ValueError(f"a row of {table} lacks {', '.join(missing)}")


def _fresh_name() -> str:
    import datetime as dt

    # Ordered by time for people and for compaction; the random part is what makes it unique.
    moment = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{moment}-{os.urandom(8).hex()}.parquet"


def _write(catalog: Path, table: str, name: str, items: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow.parquet as pq

    folder = catalog / table
    if not folder.is_dir():
        fsio.make_folder(folder)
        fsio.sync_folder(catalog)
    schema = columns.arrow_schema(TABLES[table])
    # Staged beside the table and not in it: polars refuses a directory that holds anything but Parquet files, and a
    # writer that is killed leaves its temporary file behind.
    with fsio.staged(catalog) as (temp, handle):
        with pq.ParquetWriter(handle, schema, **_options(table)) as writer:
            writer.add_key_value_metadata({columns.FORMAT_KEY: str(columns.FORMAT)})
            for chunk in _tables(items, schema):
                writer.write_table(chunk, row_group_size=GROUP_ROWS[table])
        fsio.sync(handle)
        if not fsio.publish(temp, folder / name):
            raise Conflict(f"{folder / name} is already there", hint="try again: names are random")
    fsio.sync_folder(folder)


def _options(table: str) -> dict[str, Any]:
    return {
        "compression": "zstd",
        "use_dictionary": columns.DICTIONARY["META" if table == META else "DATA"],
        "write_page_checksum": True,
        # The columns say all that readers need; the copy of the Arrow schema would double a small segment.
        "store_schema": False,
    }


def _tables(items: Sequence[Mapping[str, Any]], schema: pa.Schema) -> Iterator[pa.Table]:
    import pyarrow as pa

    for start in range(0, max(len(items), 1), _CHUNK):
        yield pa.Table.from_pylist(items[start : start + _CHUNK], schema=schema)
