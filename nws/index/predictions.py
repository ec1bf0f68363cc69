"""Predictions: what the index is asked.

Every question is a lazy polars query over the segments as they are at that moment. This room ranks and filters rows;
it must not know of runs on disk, and it never writes into the index it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, Unpack

from nws.errors import UnknownName, UsageError
from nws.index import columns, segments
from nws.index.criteria import EQUAL, ORDERS, TASKS, Criteria, Selection, badness, condition, suggestion
from nws.index.reading import collect, lazily
from nws.metrics import METRICS, PARTITIONS, PRIMARY, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import polars as pl

SHORTEST = 6
VALIDATION = "val"
_SAVED_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """Predictions, best first, and what they were ranked by.

    `column` is the `PARTITION_METRIC` column; `order` says its direction in words; `elsewhere` names, when there are
    no rows, the columns of the same metric in which the selected predictions do have figures.
    """

    rows: pl.DataFrame
    column: str
    order: str
    elsewhere: tuple[str, ...] = ()


class Predictions:
    """The index of all predictions of a workspace.

    Parameters
    ----------
    catalog
        The folder of the two tables; nothing need be there yet.
    """

    def __init__(self, catalog: Path) -> None:
        self.catalog = catalog

    @classmethod
    def load_from_parquet(cls, folder: Path) -> Self:
        """Open an index that was saved anywhere.

        Raises
        ------
        UnknownName
            If the folder does not have the two tables.
        """
        for table in segments.TABLES:
            if not (folder / table).is_dir():
                raise UnknownName(f"{folder} has no {table}", hint="an index is a folder with the two tables in it")
        return cls(folder)

    def scan(self, dataset: str | None = None, **criteria: Unpack[Criteria]) -> pl.LazyFrame:
        """Return the meta table lazily, each prediction once, limited by the criteria (see `Criteria`).

        A segment that is taken away before the frame is collected makes collecting fail; the other methods look again
        by themselves.
        """
        return self._meta(condition({"dataset": dataset, **criteria}))

    def leaderboard(
        self,
        dataset: str | None = None,
        metric: str | None = None,
        *,
        n: int | None = 10,
        partition: str | None = None,
        show: Sequence[str] = (),
        **criteria: Unpack[Criteria],
    ) -> Leaderboard:
        """Rank predictions, best first.

        Failed pipelines and those without the figure are left out. Ties break by date, then by id.

        Parameters
        ----------
        dataset
            Name of a dataset; all by default.
        metric
            A `PARTITION_METRIC` column, a bare metric, or RMSEC, RMSECV, RMSEP. By default the primary metric that the
            selected predictions agree on, else that of their task.
        n
            How many rows at most; None for all.
        partition
            Where to take a bare metric from: `train`, `val` or `test`. By default `val`, and never another one: a
            ranking on training or test results must be asked for.
        show
            Columns of the result; all of them by default.
        **criteria
            See `Criteria`.

        Raises
        ------
        UnknownName
            If there is no such metric, column, dataset, target or run; the nearest names are in the hint.
        UsageError
            If the selected predictions are of both tasks and no metric is given.
        """
        import polars as pl

        selection: Selection = {"dataset": dataset, **criteria}
        column = self.ranking_column(dataset, metric, partition=partition, **criteria)
        figure = parse(column)[1]
        order = [badness(column), pl.col("created_at"), pl.col("prediction_id")]

        def query() -> pl.LazyFrame:
            ranked = self.scan(**selection).filter(_ranked(column))
            return _first(ranked, order, n=n, descending=False, show=show)

        rows = self._collect(query)
        elsewhere = () if len(rows) else self._elsewhere(figure.name, selection)
        return Leaderboard(rows=rows, column=column, order=ORDERS[figure.goal], elsewhere=elsewhere)

    def ranking_column(
        self,
        dataset: str | None = None,
        metric: str | None = None,
        *,
        partition: str | None = None,
        **criteria: Unpack[Criteria],
    ) -> str:
        """Return the `PARTITION_METRIC` column that `leaderboard` ranks by; it says which, and what is raised."""
        if partition is not None and partition not in PARTITIONS:
            raise UnknownName(f"unknown partition: {partition!r}", hint=f"one of {', '.join(PARTITIONS)}")
        if metric is None:
            return f"{partition or VALIDATION}_{self._primary({'dataset': dataset, **criteria})}"
        named, figure = parse(metric)
        if named and partition and named != partition:
            raise UsageError(f"{metric} is not of the {partition} partition", hint="name one of the two")
        return f"{named or partition or VALIDATION}_{figure.name}"

    def query_best(
        self,
        dataset: str | None = None,
        metric: str | None = None,
        *,
        n: int | None = 10,
        partition: str | None = None,
        **criteria: Unpack[Criteria],
    ) -> pl.DataFrame:
        """Return the rows of a `leaderboard`."""
        return self.leaderboard(dataset, metric, n=n, partition=partition, **criteria).rows

    def filter_by_criteria(
        self,
        dataset: str | None = None,
        *,
        n: int | None = None,
        show: Sequence[str] = (),
        **criteria: Unpack[Criteria],
    ) -> pl.DataFrame:
        """Return the predictions that meet the criteria, newest first, failed pipelines among them.

        Raises
        ------
        UnknownName
            If there is no such column, dataset, target, run or task.
        """
        import polars as pl

        order = [pl.col("created_at"), pl.col("prediction_id")]
        rows = self._collect(lambda: _first(self.scan(dataset, **criteria), order, n=n, descending=True, show=show))
        if not len(rows):
            self._check_names({"dataset": dataset, **criteria})
        return rows

    def list_runs(self, dataset: str | None = None) -> pl.DataFrame:
        """Return one row a run, newest first: its dataset, how many predictions, how many of them failed, when."""
        import polars as pl

        def query() -> pl.LazyFrame:
            return (
                self.scan(dataset=dataset)
                .group_by("run_id")
                .agg(
                    pl.col("run_date", "dataset_name").first(),
                    pl.len().alias("predictions"),
                    (pl.col("status") == "failed").sum().alias("failed"),
                    pl.col("created_at").min().alias("first_created_at"),
                    pl.col("created_at").max().alias("last_created_at"),
                )
                .sort("last_created_at", "run_id", descending=True)
            )

        return self._collect(query)

    def records(self) -> set[str]:
        """Return the record of every prediction."""
        return set(self._values("record"))

    def get(self, prediction_id: str) -> dict[str, Any]:
        """Return the row of one prediction.

        Raises
        ------
        UnknownName
            If the index has no such prediction.
        """
        import polars as pl

        rows = self._collect(lambda: self._meta(pl.col("prediction_id") == prediction_id))
        if not len(rows):
            raise UnknownName(f"no prediction {prediction_id}", hint="nws catalog list --json prints ids in full")
        return rows.row(0, named=True)

    def arrays(self, prediction_id: str) -> pl.DataFrame:
        """Return the arrays of one prediction: a row per partition; none for a pipeline that failed.

        Raises
        ------
        UnknownName
            If the index has no such prediction; rows of the data table without one in meta do not count.
        """
        import polars as pl

        self.get(prediction_id)
        return self._collect(lambda: self._data(pl.col("prediction_id") == prediction_id))

    def resolve(self, prefix: str) -> dict[str, Any]:
        """Return the row of the one prediction whose id, or whose record, begins with `prefix`.

        Raises
        ------
        UnknownName
            If there is none, or more than one.
        """
        import polars as pl

        starts = pl.col("prediction_id").str.starts_with(prefix) | pl.col("record").str.starts_with(prefix)
        rows = self._collect(lambda: self._meta(starts).sort("created_at", "prediction_id"))
        if len(prefix) < SHORTEST or not len(rows):
            raise UnknownName(
                f"no prediction {prefix!r}", hint=f"give at least {SHORTEST} digits of a record or prediction id"
            )
        if len(rows) > 1:
            some = ", ".join(rows["prediction_id"].head(5))
            raise UnknownName(f"{prefix!r} begins {len(rows)} ids", hint=f"write more of it: {some}")
        return rows.row(0, named=True)

    def save_to_parquet(self, folder: Path, prediction_ids: Sequence[str] | None = None) -> int:
        """Copy predictions with their arrays into the index in another folder, and return how many.

        Parameters
        ----------
        folder
            Where the two tables are, or will be made.
        prediction_ids
            Which predictions; all by default.
        """
        import polars as pl

        chosen = pl.lit(value=True) if prediction_ids is None else pl.col("prediction_id").is_in(list(prediction_ids))
        meta = self._collect(lambda: self._meta(chosen).sort("prediction_id"))
        for part in meta.iter_slices(_SAVED_AT_ONCE):
            segments.append(folder, self._rows(part))
        return len(meta)

    def _rows(self, meta: pl.DataFrame) -> list[segments.Row]:
        import polars as pl

        wanted = pl.col("prediction_id").is_in(meta["prediction_id"].to_list())
        arrays = self._collect(lambda: self._data(wanted))
        data: dict[str, list[dict[str, Any]]] = {}
        for row in arrays.iter_rows(named=True):
            data.setdefault(row["prediction_id"], []).append(row)
        return [segments.Row(row, data.get(row["prediction_id"], [])) for row in meta.iter_rows(named=True)]

    def _meta(self, where: pl.Expr) -> pl.LazyFrame:
        # A writer that was cut off may have appended a prediction that is then appended again.
        return lazily(self.catalog, segments.META).filter(where).unique("prediction_id", keep="any")

    def _data(self, where: pl.Expr) -> pl.LazyFrame:
        rows = lazily(self.catalog, segments.DATA).filter(where)
        return rows.unique(["prediction_id", "partition"], keep="first", maintain_order=True)

    def _collect(self, query: Callable[[], pl.LazyFrame]) -> pl.DataFrame:
        return collect(self.catalog, query)

    def _primary(self, selection: Selection) -> str:
        rows = self._collect(
            lambda: (
                lazily(self.catalog, segments.META)
                .filter(condition({**selection, "status": "completed"}))
                .select("task_type", "metric")
                .unique()
            )
        )
        tasks = sorted(set(rows["task_type"].drop_nulls()))
        if len(tasks) > 1:
            raise UsageError(
                f"the selected predictions are of {' and '.join(tasks)}",
                hint="choose a task (--task regression), a dataset or a metric (--metric rmse)",
            )
        metrics = set(rows["metric"].drop_nulls())
        if len(metrics) == 1 and metrics <= METRICS.keys():
            return str(metrics.pop())
        return PRIMARY[tasks[0] if tasks else TASKS[0]]

    def _elsewhere(self, metric: str, selection: Selection) -> tuple[str, ...]:
        self._check_names(selection)
        names = [f"{partition}_{metric}" for partition in PARTITIONS]
        counts = self._collect(lambda: self.scan(**selection).select(names).count())
        return tuple(name for name in names if counts[name][0])

    def _values(self, column: str) -> list[str]:
        return list(self._collect(lambda: lazily(self.catalog, segments.META).select(column).unique())[column])

    def _check_names(self, selection: Selection) -> None:
        """Raise UnknownName if the index has predictions, but none of the dataset, target or run that is selected."""
        for key in ("dataset", "target", "run"):
            name = selection.get(key)
            if name is None:
                continue
            names = self._values(EQUAL[key])
            if names and name not in names:
                raise UnknownName(f"the catalog has no {key} {name!r}", hint=suggestion(str(name), names))


def _ranked(score: str) -> pl.Expr:
    import polars as pl

    return (pl.col("status") == "completed") & pl.col(score).is_not_null() & pl.col(score).is_not_nan()


def _first(
    rows: pl.LazyFrame, order: Sequence[pl.Expr], *, n: int | None, descending: bool, show: Sequence[str]
) -> pl.LazyFrame:
    if n is not None and n < 1:
        raise UsageError(f"{n} rows cannot be shown", hint="give a number of rows from 1")
    shown = columns.check_columns(show)
    ordered = rows.sort(*order, descending=descending)
    first = ordered if n is None else ordered.head(n)
    return first.select(shown) if shown else first
