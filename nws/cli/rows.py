"""Rows of the index on their way out: as a table, JSON lines, comma-separated values or a file.

This room knows forms; it must not know which question the rows answer.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from nws.cli.session import Session
from nws.errors import ANSWER_IS_NO, UsageError
from nws.words import plural

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".json", ".parquet")
# The columns that a REF and a path are made of.
REF = ("run_id", "pipeline_number", "pipeline_id")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Form:
    """How rows are shown.

    Parameters
    ----------
    columns
        Columns to show, separated by commas (val_rmse,model_type).
    csv
        Print comma-separated values, with all columns unless --columns is given.
    output
        Write rows to this file instead: .csv, .json or .parquet.
    """

    columns: str | None = None
    csv: bool = False
    output: Path | None = None

    def chosen(self, known: Iterable[str] | None = None) -> list[str]:
        """Return the columns that were asked for, checked; none where none were.

        Parameters
        ----------
        known
            The columns that the rows have; those of predictions by default.
        """
        from nws.index.columns import check_columns

        if self.output is not None and self.output.suffix not in SUFFIXES:
            raise UsageError(f"cannot write {self.output}", hint=f"the name ends in one of {', '.join(SUFFIXES)}")
        return check_columns((name.strip() for name in (self.columns or "").split(",") if name.strip()), known)

    def is_table(self, session: Session) -> bool:
        """Say whether a table is printed, which needs few columns."""
        return not (self.columns or self.csv or self.output or session.json)


def write(
    session: Session,
    kind: str,
    rows: "pl.DataFrame",
    form: Form,
    columns: Mapping[str, str] | Sequence[str],
    *,
    ranked: bool = False,
) -> None:
    """Print rows, or write them to the file that is asked for.

    Parameters
    ----------
    session
        How to speak.
    kind
        The `type` of each JSON line.
    rows
        What to print.
    form
        How.
    columns
        What a table shows; every column that rows have if empty.
    ranked
        Number the rows from 1.
    """
    if form.output is not None:
        _save(rows, form.output)
        session.output.say(f"{plural(len(rows), 'row')} written to {form.output}")
    elif form.csv and not session.json:
        session.output.line(_csv(rows).rstrip("\n"))
    else:
        items = (plain(item) for item in rows.iter_rows(named=True))
        numbered = ({"rank": rank, **item} for rank, item in enumerate(items, 1)) if ranked else items
        session.output.rows(kind, numbered, columns or rows.columns)


def marked(rows: "pl.DataFrame", columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of a table, with `deleted` among them only if one of the rows is."""
    return {**columns, "deleted": "deleted"} if rows["deleted"].any() else dict(columns)


def no(session: Session, text: str) -> int:
    """Say that the answer is no."""
    session.output.say(text)
    return ANSWER_IS_NO


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON has it, with the REF and the path that its pipeline has."""
    from nws.records import timestamp

    for key, value in row.items():
        if isinstance(value, dt.datetime):
            row[key] = timestamp(value)
        elif isinstance(value, dt.date):
            row[key] = value.isoformat()
    if row.keys() >= set(REF):
        row["ref"] = f"{row['run_id']}/{row['pipeline_number']:04d}"
        row["path"] = f"runs/{row['run_id']}/{row['pipeline_id']}"
    return row


def _csv(frame: "pl.DataFrame") -> str:
    import polars as pl

    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    flat = frame.with_columns(pl.col(name).list.join(" ") for name in lists)
    return flat.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")


def _save(frame: "pl.DataFrame", path: Path) -> None:
    import io

    from nws import fsio
    from nws.records import pretty

    if path.suffix == ".parquet":
        target = io.BytesIO()
        frame.write_parquet(target)
        data = target.getvalue()
    elif path.suffix == ".csv":
        data = _csv(frame).encode()
    else:
        data = pretty([plain(row) for row in frame.iter_rows(named=True)])
    fsio.replace(path, data, durable=False)
