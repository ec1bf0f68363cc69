"""One prediction: found by an id, by the beginning of one, or by its pipeline, and opened sample by sample.

This room finds rows; it must not rank or select them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.errors import UnknownName
from nws.index import segments

if TYPE_CHECKING:
    import polars as pl

    from nws.index.table import Table

SHORTEST = 6


def get(table: Table, prediction_id: str) -> dict[str, Any]:
    """Return the row of one prediction.

    Raises
    ------
    UnknownName
        If the index has no such prediction.
    """
    rows = table.rows(lambda: table.of(segments.META, [prediction_id]))
    if not len(rows):
        raise UnknownName(f"no prediction {prediction_id}", hint="nws catalog list --json prints ids in full")
    return table.shown(rows, ()).row(0, named=True)


def resolve(table: Table, prefix: str) -> dict[str, Any]:
    """Return the row of the one prediction whose id, or whose record, begins with `prefix`.

    Raises
    ------
    UnknownName
        If there is none, or more than one.
    """
    import polars as pl

    if len(prefix) < SHORTEST:
        raise UnknownName(f"no prediction {prefix!r}", hint=_LONGER)
    starts = pl.col("prediction_id").str.starts_with(prefix) | pl.col("record").str.starts_with(prefix)
    rows = table.rows(lambda: table.meta(starts).sort("created_at", "prediction_id"))
    if not len(rows):
        raise UnknownName(f"no prediction {prefix!r}", hint=_LONGER)
    if len(rows) > 1:
        some = ", ".join(rows["prediction_id"].head(5))
        raise UnknownName(f"{prefix!r} begins {len(rows)} ids", hint=f"write more of it: {some}")
    return table.shown(rows, ()).row(0, named=True)


_LONGER = f"give at least {SHORTEST} digits of a record or prediction id"


def config_hash(table: Table, prefix: str) -> str:
    """Return the only config hash that begins with `prefix`.

    Raises
    ------
    UnknownName
        If there is none, or more than one.
    """
    import polars as pl

    starts = pl.col("pipeline_hash").str.starts_with(prefix.lower())
    found = table.rows(lambda: table.meta(starts).select("pipeline_hash").unique())["pipeline_hash"].sort().to_list()
    if not prefix or not found:
        raise UnknownName(f"no pipeline config {prefix!r}", hint="nws catalog list --columns pipeline_hash,model")
    if len(found) > 1:
        raise UnknownName(f"{prefix!r} begins {len(found)} config hashes", hint=f"one of: {', '.join(found[:5])}")
    return str(found[0])


def arrays(table: Table, prediction_id: str) -> pl.DataFrame:
    """Return the rows of the data table of one prediction; none for a pipeline that failed.

    Raises
    ------
    UnknownName
        If the index has no such prediction.
    """
    found = table.rows(lambda: table.of(segments.DATA, [prediction_id]))
    if not len(found):
        get(table, prediction_id)
    return found


def samples(arrays: pl.DataFrame) -> pl.DataFrame:
    """Return arrays a row per partition and sample: `partition`, `fold`, `sample_index`, `y_true`, `y_pred`, `proba_…`.

    Class labels stand where arrays have their positions.
    """
    import polars as pl

    labels: list[str] = next((held for held in arrays["classes"].to_list() if held), [])
    parts = [_part(row, labels) for row in arrays.iter_rows(named=True)]
    value = pl.String() if labels else pl.Float64()
    schema = {
        "partition": pl.String(), "fold": pl.Int32(), "sample_index": pl.Int32(), "y_true": value, "y_pred": value,
    }  # fmt: skip
    probabilities = dict.fromkeys(labels, pl.Float64()) if any(held is not None for held in arrays["y_proba"]) else {}
    schema |= {f"proba_{label}": kind for label, kind in probabilities.items()}
    columns = [[value for part in parts for value in part.get(name, [])] for name in schema]
    return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)


def _part(row: dict[str, Any], labels: list[str]) -> dict[str, list[Any]]:
    count = len(row["y_pred"] or [])
    empty: list[Any] = [None] * count
    held = {
        "partition": [row["partition"]] * count,
        "fold": row["fold_id"] or empty,
        "sample_index": row["sample_indices"] or empty,
        "y_true": _values(row["y_true"] or empty, labels),
        "y_pred": _values(row["y_pred"] or empty, labels),
    }
    given = row["y_proba"] or [[]] * count
    for at, label in enumerate(labels):
        held[f"proba_{label}"] = [chances[at] if at < len(chances) else None for chances in given]
    return held


def _values(values: list[float | None], labels: list[str]) -> list[Any]:
    return [None if value is None else labels[int(value)] for value in values] if labels else values
