"""Commands that find predictions: catalog list, best, search."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from nws.cli.filters import Filters, Limits
from nws.cli.rows import Form, marked, no, write
from nws.cli.session import Handed, Session
from nws.errors import DONE, UnknownName, UsageError
from nws.metrics import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from nws.index.criteria import Criteria
    from nws.index.predictions import Predictions
    from nws.index.ranking import Leaderboard

# What a table shows besides scores; `pipeline` is what `nws show` takes.
IDENTITY = {"ref": "pipeline", "dataset_name": "dataset", "target": "target"}
WHAT = {"preprocessing": "preprocessing", "model": "model"}
SCORES = {"metric": "metric", "val_score": "val", "test_score": "test"}
LISTED = {"created_at": "created", **IDENTITY, "status": "status", **SCORES, **WHAT}

Number = Annotated[int | None, Parameter(name=["-n", "--number"])]


def best(
    dataset: str | None = None,
    /,
    *,
    metric: str | None = None,
    number: Number = 10,
    one_se: bool = False,
    filters: Filters = Filters(),
    form: Form = Form(),
    session: Handed,
    **limits: Limits,
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
    one_se
        The simplest first of those within one standard error of the best: fewest components, or as the guide says.
    """
    chosen, criteria = form.chosen(), filters.criteria(limits)
    question = _Question(session, dataset, criteria, form, chosen)
    return question.simplest(metric, number) if one_se else question.best(metric, number)


def list_(
    dataset: str | None = None,
    /,
    *,
    number: Number = None,
    filters: Filters = Filters(),
    form: Form = Form(),
    session: Handed,
    **limits: Limits,
) -> int:
    """List predictions, newest first, failed ones among them.

    Parameters
    ----------
    dataset
        Only predictions on this dataset.
    number
        At most so many rows.
    """
    chosen, criteria = form.chosen(), filters.criteria(limits)
    return _Question(session, dataset, criteria, form, chosen).newest(number)


def search(
    dataset: str | None = None,
    /,
    *,
    metric: str | None = None,
    number: Number = None,
    filters: Filters = Filters(),
    form: Form = Form(),
    session: Handed,
    **limits: Limits,
) -> int:
    """Find every prediction that meets all conditions.

    With a metric, or a limit on one, they are ranked as `nws catalog best` does; else they are listed, newest first.

    Parameters
    ----------
    dataset
        Only predictions on this dataset.
    metric
        Rank by this metric; if not given, by that of the first limit.
    number
        At most so many rows.
    """
    from nws.index.thresholds import implied_column

    chosen, criteria = form.chosen(), filters.criteria(limits)
    question = _Question(session, dataset, criteria, form, chosen)
    column = metric or implied_column(limits)
    return question.best(column, number) if column else question.newest(number)


class _Question:
    """One question to the catalog, and its answer printed as it is asked for."""

    def __init__(
        self, session: Session, dataset: str | None, criteria: "Criteria", form: Form, chosen: "Sequence[str]"
    ) -> None:
        self.session = session
        self.workspace = session.workspace()
        self.dataset = dataset
        self.criteria = criteria
        self.form = form
        self.chosen = chosen

    @property
    def predictions(self) -> "Predictions":
        return self.workspace.predictions

    @property
    def is_table(self) -> bool:
        return self.form.is_table(self.session)

    def best(self, metric: str | None, number: int | None) -> int:
        try:
            column = self.predictions.ranking_column(self.dataset, metric, **self.criteria)
            show = [*_scores(column), *IDENTITY, *WHAT, "n_folds", "deleted"] if self.is_table else self.chosen
            board = self.predictions.leaderboard(self.dataset, column, n=number, show=show, **self.criteria)
        except UnknownName as err:
            return self.unused(err)
        if not len(board.rows):
            return _nothing_ranked(self.session, board)
        _say_ranking(self.session, board)
        columns = _leaderboard_columns(board.rows, board.column) if self.is_table else self.chosen
        write(self.session, "prediction", board.rows, self.form, columns, ranked=True)
        return DONE

    def simplest(self, metric: str | None, number: int | None) -> int:
        from nws.cli.choosing import say_choice
        from nws.engine.parsimony import simplest
        from nws.index.criteria import heading

        if number is not None and number < 1:
            raise UsageError(f"{number} rows cannot be shown", hint="give a number of rows from 1")
        try:
            column = self.predictions.ranking_column(self.dataset, metric, **self.criteria)
            choice = simplest(self.workspace, self.dataset, column, self.criteria, show=self.chosen)
        except UnknownName as err:
            return self.unused(err)
        if choice is None:
            return no(self.session, f"no selected pipeline that is still there has {heading(column)}")
        say_choice(self.session.output, choice)
        rows = choice.rows.head(len(choice.rows) if number is None else number)
        rows = rows.select(self.chosen) if self.chosen else rows
        columns = _leaderboard_columns(rows, column) if self.is_table else self.chosen
        write(self.session, "prediction", rows, self.form, columns, ranked=True)
        return DONE

    def newest(self, number: int | None) -> int:
        show = [*LISTED, "deleted"] if self.is_table else self.chosen
        try:
            rows = self.predictions.filter_by_criteria(self.dataset, n=number, show=show, **self.criteria)
        except UnknownName as err:
            return self.unused(err)
        if not len(rows):
            asked = any(self.criteria.values())
            return no(self.session, "no prediction is like that" if asked else "no predictions yet")
        columns = marked(rows, LISTED) if self.is_table else self.chosen
        write(self.session, "prediction", rows, self.form, columns)
        return DONE

    def unused(self, err: UnknownName) -> int:
        """Say no where a dataset is registered without a prediction on it; else raise what was raised."""
        known = any(held.name == self.dataset for held in self.workspace.datasets.list())
        if not known or len(self.predictions.list_runs(self.dataset, n=1)):
            raise err
        return no(self.session, f"no predictions on {self.dataset} yet")


def _nothing_ranked(session: Session, board: "Leaderboard") -> int:
    from nws.index.criteria import heading

    if board.elsewhere:
        session.output.say(f"there is {', '.join(board.elsewhere)}: rank by one of them with --metric")
    return no(session, f"no selected prediction has {heading(board.column)}")


def _say_ranking(session: Session, board: "Leaderboard") -> None:
    from nws.index.criteria import heading

    session.output.say(f"ranked by {heading(board.column, once=_once(board.rows))}, {board.order}")
    apart = {"dataset_name", "target"} & set(board.rows.columns)
    if any(board.rows[name].n_unique() > 1 for name in apart):
        session.output.say("note: these are of several datasets or targets, whose figures may not compare")


def _once(rows: "pl.DataFrame") -> bool:
    """Say whether all rows, as far as they say it, have validation samples that were set apart once, not crossed."""
    return "n_folds" in rows.columns and bool(rows["n_folds"].eq_missing(1).all())


def _leaderboard_columns(rows: "pl.DataFrame", column: str) -> dict[str, str]:
    """Return what a leaderboard shows: the score ranked by, the same figure elsewhere, and what tells rows apart."""
    scores = {name: label(name, once=_once(rows)) for name in _scores(column) if rows[name].count()}
    apart = {key: text for key, text in IDENTITY.items() if key == "ref" or rows[key].n_unique() > 1}
    return marked(rows, {"rank": "#", **scores, **apart, **WHAT})


def _scores(column: str) -> list[str]:
    metric = column.partition("_")[2]
    others = [f"{name}_{metric}" for name in ("val", "test", "train")]
    return [column, *(name for name in others if name != column)]
