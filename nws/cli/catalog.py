"""Commands on the catalog: list and best."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.output import plural
from nws.cli.session import Handed, Session
from nws.errors import ANSWER_IS_NO, DONE, UnknownName, UsageError
from nws.metrics import label

if TYPE_CHECKING:
    import polars as pl

    from nws.index.criteria import Criteria
    from nws.index.predictions import Leaderboard

SUFFIXES = (".csv", ".json", ".parquet")
# What a table shows besides scores; `pipeline` is what `nws show` takes.
IDENTITY = {"ref": "pipeline", "dataset_name": "dataset", "target": "target"}
REF = ("run_id", "pipeline_number", "pipeline_id")
WHAT = {"preprocessing": "preprocessing", "model": "model"}
SCORES = {"metric": "metric", "val_score": "val", "test_score": "test"}
LISTED = {"created_at": "created", **IDENTITY, "status": "status", **SCORES, **WHAT}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which predictions.

    Parameters
    ----------
    target
        Only predictions of this target.
    task
        Only regression, or only classification.
    pipeline
        Only pipelines with this text in their name, preprocessing or model, or at the start of their hash.
    model
        Only models with this text in their class path.
    since
        Only what was begun at or after this date (2026-01-31, here) or moment (RFC 3339).
    run
        Only this run.
    """

    target: str | None = None
    task: str | None = None
    pipeline: str | None = None
    model: str | None = None
    since: str | None = None
    run: str | None = None

    def criteria(self) -> "Criteria":
        """Return them as the index takes them."""
        return {
            "target": self.target, "task": self.task, "pipeline": self.pipeline, "model": self.model,
            "since": moment(self.since) if self.since else None, "run": self.run,
        }  # fmt: skip


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Form:
    """How rows are shown.

    Parameters
    ----------
    columns
        Columns of the index to show, separated by commas (val_rmse,model_type).
    csv
        Print comma-separated values, with all columns unless --columns is given.
    output
        Write rows to this file instead: .csv, .json or .parquet.
    """

    columns: str | None = None
    csv: bool = False
    output: Path | None = None

    def chosen(self) -> list[str]:
        """Return the columns that were asked for, checked; none where none were."""
        from nws.index.columns import check_columns

        if self.output is not None and self.output.suffix not in SUFFIXES:
            raise UsageError(f"cannot write {self.output}", hint=f"the name ends in one of {', '.join(SUFFIXES)}")
        return check_columns(name.strip() for name in (self.columns or "").split(",") if name.strip())

    def is_table(self, session: Session) -> bool:
        """Say whether a table is printed, which needs few columns."""
        return not (self.columns or self.csv or self.output or session.json)


Number = Annotated[int | None, Parameter(name=["-n", "--number"])]


def best(
    dataset: str | None = None,
    /,
    *,
    metric: str | None = None,
    number: Number = 10,
    filters: Filters = Filters(),
    form: Form = Form(),
    session: Handed,
) -> int:
    """Rank predictions by a metric, best first.

    Ranking is on validation results unless the metric names another partition; the direction comes from the metric;
    ties break by date, then id.

    Parameters
    ----------
    dataset
        Only predictions on this dataset.
    metric
        rmse, val_rmse, test_r2, RMSEP, …; if not given, the primary metric of the selected predictions.
    number
        How many rows.
    """
    chosen, criteria = form.chosen(), filters.criteria()
    predictions = session.workspace().predictions
    try:
        column = predictions.ranking_column(dataset, metric, **criteria)
        show = [*_scores(column), *REF, *IDENTITY, *WHAT] if form.is_table(session) else chosen
        show = [name for name in show if name != "ref"]
        board = predictions.leaderboard(dataset, column, n=number, show=show, **criteria)
    except UnknownName:
        if not _unused(session, dataset):
            raise
        return _no(session, f"no predictions on {dataset} yet")
    if not len(board.rows):
        return _nothing_ranked(session, board)
    _say_ranking(session, board)
    _write(session, board.rows, form, _leaderboard_columns(board) if form.is_table(session) else chosen, ranked=True)
    return DONE


def list_(
    dataset: str | None = None,
    /,
    *,
    number: Number = None,
    filters: Filters = Filters(),
    form: Form = Form(),
    session: Handed,
) -> int:
    """List predictions, newest first, failed ones among them.

    Parameters
    ----------
    dataset
        Only predictions on this dataset.
    number
        At most so many rows.
    """
    chosen, criteria = form.chosen(), filters.criteria()
    show = [name for name in (*LISTED, *REF) if name != "ref"] if form.is_table(session) else chosen
    try:
        rows = session.workspace().predictions.filter_by_criteria(dataset, n=number, show=show, **criteria)
    except UnknownName:
        if not _unused(session, dataset):
            raise
        return _no(session, f"no predictions on {dataset} yet")
    if not len(rows):
        return _no(session, "no prediction is like that" if any(criteria.values()) else "no predictions yet")
    _write(session, rows, form, LISTED if form.is_table(session) else chosen, ranked=False)
    return DONE


def moment(text: str) -> dt.datetime:
    """Read a date, as midnight here, or a moment.

    Raises
    ------
    UsageError
        If it is neither.
    """
    try:
        return dt.datetime.fromisoformat(text).astimezone()
    except ValueError as err:
        raise UsageError(f"not a date: {text!r}", hint="write 2026-01-31 or 2026-01-31T12:00:00Z") from err


def _unused(session: Session, dataset: str | None) -> bool:
    """Say whether a dataset is registered without a prediction on it."""
    if dataset is None:
        return False
    workspace = session.workspace()
    known = any(held.name == dataset for held in workspace.datasets.list())
    return known and not len(workspace.predictions.list_runs(dataset))


def _no(session: Session, text: str) -> int:
    session.output.say(text)
    return ANSWER_IS_NO


def _nothing_ranked(session: Session, board: "Leaderboard") -> int:
    from nws.index.criteria import heading

    if board.elsewhere:
        session.output.say(f"there is {', '.join(board.elsewhere)}: rank by one of them with --metric")
    return _no(session, f"no selected prediction has {heading(board.column)}")


def _say_ranking(session: Session, board: "Leaderboard") -> None:
    from nws.index.criteria import heading

    session.output.say(f"ranked by {heading(board.column)}, {board.order}")
    apart = {"dataset_name", "target"} & set(board.rows.columns)
    if any(board.rows[name].n_unique() > 1 for name in apart):
        session.output.say("note: these are of several datasets or targets, whose figures may not compare")


def _leaderboard_columns(board: "Leaderboard") -> dict[str, str]:
    """Return what a leaderboard shows: the score ranked by, the same figure elsewhere, and what tells rows apart."""
    rows = board.rows
    scores = {name: label(name) for name in _scores(board.column) if rows[name].count()}
    apart = {key: text for key, text in IDENTITY.items() if key == "ref" or rows[key].n_unique() > 1}
    return {"rank": "#", **scores, **apart, **WHAT}


def _scores(column: str) -> list[str]:
    metric = column.partition("_")[2]
    others = [f"{name}_{metric}" for name in ("val", "test", "train")]
    return [column, *(name for name in others if name != column)]


def _write(
    session: Session,
    rows: "pl.DataFrame",
    form: Form,
    columns: Mapping[str, str] | Sequence[str],
    *,
    ranked: bool = False,
) -> None:
    if form.output is not None:
        _save(rows, form.output)
        session.output.say(f"{plural(len(rows), 'row')} written to {form.output}")
    elif form.csv and not session.json:
        session.output.line(_csv(rows).rstrip("\n"))
    else:
        items = (_plain(item) for item in rows.iter_rows(named=True))
        numbered = ({"rank": rank, **item} for rank, item in enumerate(items, 1)) if ranked else items
        session.output.rows("prediction", numbered, columns)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
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
    return frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")


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
        data = pretty([_plain(row) for row in frame.iter_rows(named=True)])
    fsio.replace(path, data, durable=False)
