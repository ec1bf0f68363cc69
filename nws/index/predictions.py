"""Predictions: what the index is asked.

Every question is a lazy polars query over the index as it is at that moment. This room has the verbs; it must not know
of runs on disk, and it never writes into the index it reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, Unpack

from nws.errors import UnknownName, UsageError
from nws.index import choice, copying, figures, history, lookup, ranking, segments
from nws.index.ranking import Leaderboard
from nws.index.table import Table
from nws.index.thresholds import implied_column
from nws.metrics import METRICS, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import polars as pl

    from nws.index.criteria import Criteria, Selection
    from nws.index.ranking import Key
    from nws.index.standing import Standing
    from nws.index.tags import Tags


class Predictions:
    """The index of all predictions of a workspace.

    Rows have the columns of the meta table, and `deleted`: whether the pipeline is no longer in `runs/`.

    Parameters
    ----------
    catalog
        The folder of the two tables; nothing need be there yet.
    standing
        Says which runs and pipelines are still there; without it, all count as there.
    archive
        Makes a permanent copy of the pipeline with this record, of this kind, and returns where it stands.
    """

    def __init__(
        self,
        catalog: Path,
        *,
        standing: Callable[[], Standing] | None = None,
        archive: Callable[[str, str], Path] | None = None,
    ) -> None:
        self.catalog = catalog
        self._table = Table(catalog, standing)
        self._archive = archive

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

    @property
    def tags(self) -> Tags:
        """The tags of pipelines."""
        return self._table.tags

    def scan(self, dataset: str | None = None, **criteria: Unpack[Criteria]) -> pl.LazyFrame:
        """Return the meta table lazily, each prediction once, limited by the criteria (see `Criteria`).

        A segment that is taken away before the frame is collected makes collecting fail; the other methods look again
        by themselves.
        """
        return self._table.selected({"dataset": dataset, **criteria})

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
            If there is no such metric, column, dataset, target, run or tag; the nearest names are in the hint.
        UsageError
            If the selected predictions are of both tasks and no metric is given, or a criterion cannot be understood.
        """
        selection: Selection = {"dataset": dataset, **criteria}
        column = self.ranking_column(dataset, metric, partition=partition, **criteria)
        figure = parse(column)[1]
        rows = self._first(selection, ranking.best_first(column), n=n, show=show, ranked_by=column)
        elsewhere: tuple[str, ...] = ()
        if not len(rows):
            self._table.check_names(selection)
            elsewhere = choice.elsewhere(self._table, figure.name, selection)
        return Leaderboard(rows=rows, column=column, order=ranking.ORDERS[figure.goal], elsewhere=elsewhere)

    def ranking_column(
        self,
        dataset: str | None = None,
        metric: str | None = None,
        *,
        partition: str | None = None,
        **criteria: Unpack[Criteria],
    ) -> str:
        """Return the `PARTITION_METRIC` column that `leaderboard` ranks by; it says which, and what is raised."""
        if metric is not None:
            return choice.named(metric, partition)
        return f"{choice.partition_of(partition)}_{choice.primary(self._table, {'dataset': dataset, **criteria})}"

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
            If there is no such column, dataset, target, run, tag or task.
        UsageError
            If a criterion cannot be understood.
        """
        selection: Selection = {"dataset": dataset, **criteria}
        rows = self._first(selection, ranking.newest_first(), n=n, show=show)
        if not len(rows):
            self._table.check_names(selection)
        return rows

    def search_predictions(
        self,
        dataset: str | None = None,
        metric: str | None = None,
        *,
        n: int | None = None,
        show: Sequence[str] = (),
        **criteria: Unpack[Criteria],
    ) -> pl.DataFrame:
        """Return the predictions that meet the criteria: best first by a metric, else newest first.

        The metric is the one given, else that of the first threshold.
        """
        column = metric or implied_column(criteria.get("thresholds") or {})
        if column is None:
            return self.filter_by_criteria(dataset, n=n, show=show, **criteria)
        return self.leaderboard(dataset, column, n=n, show=show, **criteria).rows

    def get_global_best(
        self,
        metric: str | None = None,
        *,
        partition: str | None = None,
        show: Sequence[str] = (),
        **criteria: Unpack[Selection],
    ) -> pl.DataFrame:
        """Return the best prediction of each dataset and target.

        Parameters
        ----------
        metric
            As in `leaderboard`. By default each prediction stands with its own primary metric, and where those of one
            dataset and target differ, each metric has its best.
        partition, show
            As in `leaderboard`.
        **criteria
            See `Criteria`; `dataset` is one of them here.
        """
        where = choice.partition_of(partition)
        column = choice.named(metric, partition) if metric else f"{where}_score"
        keys = ["dataset_name", "target"] if metric else ["dataset_name", "target", "metric"]
        bad = ranking.badness(column) if metric else ranking.own_badness(where)

        def query() -> pl.LazyFrame:
            ranked = self._table.selected(criteria).filter(ranking.has_figure(column))
            return ranking.best_of_each(ranked, keys, bad).lazy()

        rows = self._table.rows(query)
        if not len(rows):
            self._table.check_names(criteria)
        return self._table.shown(rows, show)

    def compare_across_datasets(
        self,
        hash_prefix: str,
        metric: str | None = None,
        *,
        partition: str | None = None,
        show: Sequence[str] = (),
        **criteria: Unpack[Selection],
    ) -> pl.DataFrame:
        """Return the best prediction of one pipeline config on each dataset and target, as `get_global_best` does.

        Parameters
        ----------
        hash_prefix
            The config hash, or the beginning of it.
        metric, partition, show, **criteria
            As in `get_global_best`.

        Raises
        ------
        UnknownName
            If no config hash begins so, or more than one.
        """
        criteria["config"] = lookup.config_hash(self._table, hash_prefix)
        return self.get_global_best(metric, partition=partition, show=show, **criteria)

    def get_summary_stats(
        self,
        by: str = "dataset_name",
        metric: str | None = None,
        *,
        partition: str | None = None,
        **criteria: Unpack[Selection],
    ) -> pl.DataFrame:
        """Return one row a group: predictions, failed, best, median, mean, std and worst of a figure.

        Figures of different tasks or metrics are never put together: they stand in rows of their own.

        Parameters
        ----------
        by
            A column that names something: `dataset_name`, `model_type`, `run_id`, …
        metric, partition, **criteria
            As in `get_global_best`; the primary metric of each prediction by default.

        Raises
        ------
        UsageError
            If that column cannot be grouped by.
        """
        figures.check_label(by)
        where, figure = choice.partition_of(partition), None
        if metric is not None:
            where, _, name = choice.named(metric, partition).partition("_")
            figure = METRICS[name]
        rows = self._table.rows(
            lambda: figures.summary(self._table.selected(criteria), by, partition=where, metric=figure).lazy()
        )
        if not len(rows):
            self._table.check_names(criteria)
        return rows

    def list_runs(self, dataset: str | None = None, *, n: int | None = None) -> pl.DataFrame:
        """Return one row a run, newest first: its dataset, how many predictions, how many failed, its best, when.

        A run that is gone has `deleted`; of one that is there, pipelines that were deleted out of it do not count.
        """
        # Runs are listed after rows: a run is there before its rows are, and is not taken for one that is gone.
        return self._table.rows(
            lambda: history.run_rows(self._table.selected({"dataset": dataset}), self._table.standing(), n).lazy()
        )

    def records(self) -> set[str]:
        """Return the record of every prediction."""
        return set(self._table.values("record"))

    def run_names(self) -> set[str]:
        """Return the name of every run that has predictions."""
        return set(self._table.values("run_id"))

    def get(self, prediction_id: str) -> dict[str, Any]:
        """Return the row of one prediction.

        Raises
        ------
        UnknownName
            If the index has no such prediction.
        """
        return lookup.get(self._table, prediction_id)

    def arrays(self, prediction_id: str) -> pl.DataFrame:
        """Return the arrays of one prediction: a row per partition; none for a pipeline that failed.

        Raises
        ------
        UnknownName
            If the index has no such prediction; rows of the data table without one in meta do not count.
        """
        return lookup.arrays(self._table, prediction_id)

    def samples(self, prediction_id: str) -> pl.DataFrame:
        """Return the arrays of one prediction, a row per partition and sample, class labels as text.

        Raises
        ------
        UnknownName
            If the index has no such prediction.
        """
        return lookup.samples(self.arrays(prediction_id))

    def resolve(self, prefix: str) -> dict[str, Any]:
        """Return the row of the one prediction whose id, or whose record, begins with `prefix`.

        Raises
        ------
        UnknownName
            If there is none, or more than one.
        """
        return lookup.resolve(self._table, prefix)

    def save_to_parquet(self, folder: Path, prediction_ids: Sequence[str] | None = None) -> int:
        """Copy predictions with their arrays into the index in another folder, and return how many.

        Parameters
        ----------
        folder
            Where the two tables are, or will be made.
        prediction_ids
            Which predictions; all by default.
        """
        return copying.copy(self._table, folder, prediction_ids)

    def archive_to_catalog(self, prediction_id: str, *, kind: str = "pipeline") -> Path:
        """Make a permanent copy of the pipeline of a prediction, and return where it stands.

        Raises
        ------
        UnknownName
            If the index has no such prediction.
        UsageError
            If this index is not that of an open workspace.
        """
        if self._archive is None:
            raise UsageError("an index alone has nothing to copy", hint="Workspace.open(…).predictions archives")
        return self._archive(lookup.get(self._table, prediction_id)["record"], kind)

    def _first(
        self,
        selection: Selection,
        order: Sequence[Key],
        *,
        n: int | None,
        show: Sequence[str],
        ranked_by: str | None = None,
    ) -> pl.DataFrame:
        if n is not None and n < 1:
            raise UsageError(f"{n} rows cannot be shown", hint="give a number of rows from 1")
        sources = self._table.sources(show)

        def query() -> pl.LazyFrame:
            rows = self._table.selected(selection)
            ranked = rows if ranked_by is None else rows.filter(ranking.has_figure(ranked_by))
            return ranking.first(ranked, order, n=n, columns=sources).lazy()

        return self._table.shown(self._table.rows(query), show)
