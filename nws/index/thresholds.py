"""Limits on figures: `rmse_max` is 0.5, `test_r2_min` is 0.8.

A name is a metric as people call it, with `_min` or `_max`; a bare metric is that of the validation partition, as in
rankings. This room reads names and makes the filter; it must not know what is ranked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from nws.errors import UnknownName, UsageError
from nws.metrics import VALIDATION, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

LOWEST, HIGHEST = "min", "max"


class Threshold(NamedTuple):
    """A limit on one `PARTITION_METRIC` column; the figure itself is within it."""

    column: str
    side: str
    value: float

    def expression(self) -> pl.Expr:
        """Return the filter; a figure that is absent or not a number is not within any limit."""
        import polars as pl

        figure = pl.col(self.column)
        within = figure >= self.value if self.side == LOWEST else figure <= self.value
        return within & figure.is_not_nan()


def read(thresholds: Mapping[str, float | str]) -> list[Threshold]:
    """Read limits, in the order given.

    Parameters
    ----------
    thresholds
        Name (`rmse_max`, `test-r2-min`, `RMSEP_max`) → number, or a number as text.

    Raises
    ------
    UnknownName
        If there is no such metric; the nearest are in the hint.
    UsageError
        If a name does not end in `_min` or `_max`, or a value is not a number.
    """
    return [_read(name, value) for name, value in thresholds.items()]


def implied_column(thresholds: Mapping[str, float | str]) -> str | None:
    """Return the column to rank by when no metric is named: that of the first limit, if there is any."""
    return next((limit.column for limit in read(thresholds)), None)


def _read(name: str, value: float | str) -> Threshold:
    metric, _, side = name.replace("-", "_").rpartition("_")
    if side.lower() not in (LOWEST, HIGHEST) or not metric:
        raise UsageError(f"not a limit: {name!r}", hint="a limit is a metric with _min or _max: rmse_max, test_r2_min")
    try:
        partition, figure = parse(metric)
    except UnknownName as err:
        raise UnknownName(f"{err.message} in {name!r}", hint=err.hint) from err
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise UsageError(f"{name} is not a number: {value!r}", hint=f"{name} takes a number, such as 0.5")
    return Threshold(f"{partition or VALIDATION}_{figure.name}", side.lower(), number)
