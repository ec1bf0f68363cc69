"""Parquet and Arrow files as tables with types.

pyarrow reads them: it takes damaged files for what they are, where polars was seen to end the whole process. This
room must not know what a column is for.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from nws.dataset.columnar import Columnar
from nws.dataset.files import decoding, most_bytes
from nws.dataset.formats import PARQUET
from nws.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


def typed_table(path: Path, kind: str) -> Columnar:
    """Read a Parquet or Arrow file.

    Raises
    ------
    BadInput
        If it is damaged, expands beyond all measure, or has columns that hold more than one value in a cell.
    """
    with decoding(path, kind) as handle:
        table = (_parquet if kind == PARQUET else _arrow)(handle, path, most_bytes(handle.seek(0, 2)))
        table.validate(full=True)
        table = table.select(
            sorted(range(table.num_columns), key=lambda place: bool(_heading(table.column_names[place])))
        )
        frame = _frame(table, path)
    return Columnar(path=path, values=frame, names=[_heading(name) for name in table.column_names], form=kind)


def _parquet(handle: IO[bytes], path: Path, limit: int) -> Any:
    from pyarrow import parquet

    handle.seek(0)
    file = parquet.ParquetFile(handle)
    _check_size(file.metadata.num_rows * file.metadata.num_columns * 8, path, limit)
    return file.read()


def _arrow(handle: IO[bytes], path: Path, limit: int) -> Any:
    import pyarrow as pa

    handle.seek(0)
    file = pa.ipc.open_file(handle)
    batches = []
    room = limit
    for number in range(file.num_record_batches):
        batches.append(file.get_batch(number))
        room -= batches[-1].nbytes
        _check_size(limit - room, path, limit)
    return pa.Table.from_batches(batches, schema=file.schema)


def _check_size(size: int, path: Path, limit: int) -> None:
    if size > limit:
        raise BadInput(f"{path}: expands to more than {limit >> 20} MiB", hint="if it is genuine, save it as CSV")


def _frame(table: Any, path: Path) -> pl.DataFrame:
    import polars as pl
    import pyarrow as pa

    columns = []
    for place, (field, column) in enumerate(zip(table.schema, table.columns, strict=True)):
        if pa.types.is_nested(field.type):
            raise BadInput(
                f"{path}: column {field.name!r} holds {field.type} in each cell",
                hint="one column a wavelength is expected",
            )
        plain = column.cast(field.type.value_type) if pa.types.is_dictionary(field.type) else column
        # Two columns may have one name, which is said later, with both places.
        columns.append(pl.Series(str(place), pl.from_arrow(plain)))
    return pl.DataFrame(columns)


def _heading(name: str) -> str:
    # pandas keeps the names of rows under this one, in the last column; in text they are the first, without a heading.
    return "" if name.startswith("__index_level_") else name
