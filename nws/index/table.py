"""The meta table as questions see it: rows limited to a selection, with the virtual columns that it or they need.

This room joins what the index says of a prediction with what has become of its pipeline since; it must not rank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.errors import UnknownName
from nws.index import columns, segments, virtual
from nws.index.criteria import EQUAL, check, condition, needs_standing, suggestion, tags_of
from nws.index.reading import collect, lazily
from nws.index.tags import TAGS, Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import polars as pl

    from nws.index.criteria import Selection
    from nws.index.standing import Standing

_META = [column.name for column in columns.META]


class Table:
    """The predictions of a workspace, each once.

    Parameters
    ----------
    catalog
        The folder of the index and of the tags.
    standing
        Says which runs are still there; without it, all count as there.
    """

    def __init__(self, catalog: Path, standing: Callable[[], Standing] | None) -> None:
        self.catalog = catalog
        self.tags = Tags(catalog / TAGS)
        self._ask = standing

    def meta(self, where: pl.Expr) -> pl.LazyFrame:
        """Return the rows that meet a condition on the columns of the table."""
        return lazily(self.catalog, segments.META).filter(where)

    def of(self, table: str, ids: Sequence[str]) -> pl.LazyFrame:
        """Return the rows of these predictions in the table of figures or in that of arrays."""
        return lazily(self.catalog, table, ids=ids)

    def selected(self, selection: Selection) -> pl.LazyFrame:
        """Return the rows of a selection lazily, as the index is at this moment.

        Raises
        ------
        UnknownName
            If a name in it is not known whatever the index holds: a task, a metric, a column.
        UsageError
            If it cannot be understood.
        """
        import polars as pl

        check(selection)
        tags = tags_of(selection)
        wanted = condition(selection, self.tags.with_all(tags) if tags else None)
        if not needs_standing(selection):
            return self.meta(wanted)
        marked = self.meta(pl.lit(value=True)).with_columns(virtual.deleted(self.standing()))
        return marked.filter(wanted).drop(virtual.DELETED)

    def rows(self, query: Callable[[], pl.LazyFrame]) -> pl.DataFrame:
        """Collect a query, made anew whenever the index changed under it."""
        return collect(self.catalog, query)

    def sources(self, show: Sequence[str]) -> list[str]:
        """Return the columns of the table that the columns to be shown are made of; all of them if none is named.

        Raises
        ------
        UnknownName
            If there is no such column.
        """
        made = [source for name in columns.check_columns(show) for source in virtual.SOURCES.get(name, (name,))]
        return list(dict.fromkeys(made)) or _META

    def shown(self, rows: pl.DataFrame, show: Sequence[str]) -> pl.DataFrame:
        """Return rows with the columns to be shown; with all of the table and `deleted` if none is named."""
        if not show or virtual.DELETED in show:
            rows = rows.with_columns(virtual.deleted(self.standing()))
        if virtual.REF in show:
            rows = rows.with_columns(virtual.ref())
        if virtual.TAGS in show:
            rows = virtual.with_tags(rows, self.tags.by_record())
        return rows.select(list(dict.fromkeys(show))) if show else rows

    def standing(self) -> Standing | None:
        """Return which runs are still there; None where that is not known."""
        return self._ask() if self._ask else None

    def values(self, column: str) -> list[Any]:
        """Return the distinct values of a column, in no order."""
        return list(self.rows(lambda: lazily(self.catalog, segments.META).select(column).unique())[column])

    def check_names(self, selection: Selection) -> None:
        """Say which name of a selection without rows nothing has.

        Raises
        ------
        UnknownName
            If the index has predictions, but none of the dataset, target or run; if nothing has the tag.
        """
        for key in ("dataset", "target", "run"):
            name = selection.get(key)
            if name is None:
                continue
            names = self.values(EQUAL[key])
            if names and name not in names:
                raise UnknownName(f"the catalog has no {key} {name!r}", hint=suggestion(str(name), names))
        known = self.tags.counts() if tags_of(selection) else {}
        for tag in tags_of(selection):
            if tag not in known:
                hint = suggestion(tag, known) if known else "nws tag add REF TAG"
                raise UnknownName(f"nothing is tagged {tag!r}", hint=hint)
