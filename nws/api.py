"""The door for Python: `from nws import Workspace`, the same as the command line without the terminal.

It joins the rooms to the engine; it must not know argv, environment or terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws import workspace
from nws.errors import UsageError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from nws.engine.execute import Progress, Result
    from nws.engine.request import Plan, Request
    from nws.index.compaction import Compaction
    from nws.upkeep.gc import Collected


class Workspace(workspace.Workspace):
    """An open workspace that can run pipelines.

    Examples
    --------
    >>> ws = Workspace.find()                                              # doctest: +SKIP
    >>> ws.run(datasets=["wheat"], pipelines=["grid.json"])                # doctest: +SKIP
    >>> ws.predictions.query_best(dataset="wheat", metric="rmsecv")        # doctest: +SKIP
    """

    def run(
        self,
        datasets: Sequence[str | Path] | str | Path,
        pipelines: Sequence[str | Path] | str | Path,
        *,
        report: Callable[[Progress], None] = lambda _: None,
        **options: object,
    ) -> list[Result]:
        """Run every pipeline on every dataset.

        Parameters
        ----------
        datasets
            Names of registered datasets, or paths.
        pipelines
            Config files.
        report
            Called after every pipeline with how far the run is.
        **options
            The other fields of `nws.engine.request.Request`: `run_name`, `cv`, `metric`, `seed`, `jobs`, …

        Returns
        -------
        list of Result
            One for each dataset.

        Raises
        ------
        UsageError
            If an option is not known or does not fit.
        BadInput
            If a file cannot be used as it is.

        Notes
        -----
        With `jobs` above 1 the caller's main module is imported by worker processes, as `multiprocessing` does: a
        script keeps its own work under `if __name__ == "__main__":`.
        """
        return self.execute(_request(datasets, pipelines, options), report=report)

    def plan(self, request: Request) -> list[Plan]:
        """Return what a request would do: one plan per dataset."""
        from nws.engine.request import make_plans

        return make_plans(self, request)

    def execute(self, request: Request, *, report: Callable[[Progress], None] = lambda _: None) -> list[Result]:
        """Do what a request asks. Everything is read and checked before the first run begins."""
        from nws.engine.execute import execute
        from nws.engine.local import LocalExecutor

        self.writable()
        executor = LocalExecutor(self.store, jobs=request.jobs)
        results = []
        for plan in self.plan(request):
            results.append(execute(self, plan, request, executor, report=report))
            if results[-1].interrupted:
                break
        return results

    def reindex(self, *, report: Callable[[str], None] = lambda _: None) -> int:
        """Add to the index every published pipeline that it lacks, and return how many there were.

        Parameters
        ----------
        report
            Called with how far it is, in words.
        """
        from nws.upkeep.reindex import reindex

        return reindex(self, report=report)

    def compact(self, *, report: Callable[[str], None] = lambda _: None) -> Compaction | None:
        """Merge the segments of the index into fewer, sorted ones; see `nws.index.compaction.compact`."""
        from nws.index.compaction import compact

        return compact(self.catalog, report=report)

    def forget(self, prediction_ids: Iterable[str]) -> int:
        """Remove predictions from the index for good, and return how many there were; see `nws.upkeep.forget`."""
        from nws.upkeep.forget import forget

        return forget(self, prediction_ids)

    def gc(
        self,
        *,
        grace: dt.timedelta | None = None,
        dry_run: bool = False,
        report: Callable[[str], None] = lambda _: None,
    ) -> Collected:
        """Remove objects that no ref and no dataset reaches any more; see `nws.upkeep.gc.gc`.

        Parameters
        ----------
        grace
            What was added within this time stays; two weeks if not given.
        dry_run
            Only say what would go.
        report
            Called with how far it is, in words.
        """
        from nws.upkeep.gc import GRACE, gc

        return gc(self, grace=GRACE if grace is None else grace, dry_run=dry_run, report=report)


def _request(
    datasets: Sequence[str | Path] | str | Path,
    pipelines: Sequence[str | Path] | str | Path,
    options: dict[str, object],
) -> Request:
    import dataclasses
    from pathlib import Path

    from nws.engine.request import Request
    from nws.ids import closest

    known = {item.name for item in dataclasses.fields(Request)}
    for name in options:
        if name not in known:
            near = closest(name, known)
            raise UsageError(f"run has no option {name!r}", hint=f"did you mean {near[0]}?" if near else "")
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    return Request(
        datasets=(datasets,) if isinstance(datasets, str | Path) else tuple(datasets),
        pipelines=tuple(Path(path) for path in ([pipelines] if isinstance(pipelines, str | Path) else pipelines)),
        **given,  # type: ignore[arg-type]  # checked by name above; the values are checked when the plan is made
    )
