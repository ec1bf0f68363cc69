"""Which predictions a command is about: the options that all commands on the catalog share.

This room reads options into criteria; it must not ask anything.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from nws.errors import UsageError
from nws.ids import closest

if TYPE_CHECKING:
    from nws.index.criteria import Criteria

# Every metric has limits, and none of them stands on the help page by itself.
Limits = Annotated[
    str,
    Parameter(
        name=["--METRIC-min", "--METRIC-max"],
        help="Only figures within this limit, for any metric: --rmse-max 0.5 (validation), --test-r2-min 0.8.",
    ),
]


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
    until
        Only what was begun on or before this date, or at or before this moment.
    run
        Only this run.
    status
        Only completed, or only failed.
    tag
        Only pipelines with this tag; given again, with both.
    deleted
        Only pipelines that are no longer in runs/.
    kept
        Only pipelines that are still in runs/.
    where
        Only rows that meet this condition: "val_rpd > 2 and model_type == 'PLSRegression'".
    """

    target: str | None = None
    task: str | None = None
    pipeline: str | None = None
    model: str | None = None
    since: str | None = None
    until: str | None = None
    run: str | None = None
    status: str | None = None
    tag: list[str] | None = None
    deleted: bool = False
    kept: bool = False
    where: str | None = None

    def criteria(self, limits: Mapping[str, str]) -> "Criteria":
        """Return them as the index takes them.

        Parameters
        ----------
        limits
            The options that no parameter of the command has taken.

        Raises
        ------
        UsageError
            If one of them is no limit, or options contradict each other.
        """
        if self.deleted and self.kept:
            raise UsageError("nothing is both deleted and kept", hint="give --deleted or --kept, or neither")
        for name in limits:
            _check_limit(name)
        return {
            "target": self.target, "task": self.task, "pipeline": self.pipeline, "model": self.model,
            "since": moment(self.since) if self.since else None,
            "until": moment(self.until, end=True) if self.until else None,
            "run": self.run, "status": self.status, "tag": self.tag or None,
            "deleted": self.deleted if self.deleted or self.kept else None, "thresholds": limits, "where": self.where,
        }  # fmt: skip


_OTHERS = ("metric", "number", "columns", "csv", "output", "by", "one-se", "json", "quiet", "verbose")


def _check_limit(name: str) -> None:
    if name.replace("_", "-").lower().endswith(("-min", "-max")):
        return
    known = [*_OTHERS, *(item.name for item in fields(Filters))]
    near = closest(name, known, count=1)
    hint = f"did you mean --{near[0]}?" if near else "a limit is a metric with -min or -max: --rmse-max 0.5"
    raise UsageError(f"unknown option: --{name}", hint=hint)


def moment(text: str, *, end: bool = False) -> dt.datetime:
    """Read a date, as midnight here (or as the end of that day), or a moment.

    Raises
    ------
    UsageError
        If it is neither.
    """
    try:
        read = dt.datetime.fromisoformat(text)
        if end and len(text) <= len("2026-01-31"):
            read = dt.datetime.combine(read, dt.time.max)
        return read.astimezone()
    except (ValueError, OverflowError) as err:
        raise UsageError(f"not a date: {text!r}", hint="write 2026-01-31 or 2026-01-31T12:00:00Z") from err
