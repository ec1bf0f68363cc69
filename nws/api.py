"""The door for Python: `from nws import Workspace`, the same as the command line without the terminal.

It joins the rooms to the engine; it must not know argv, environment or terminal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nws import workspace

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from nws.dataset import ReadOptions
    from nws.engine.predicted import Predicted
    from nws.engine.prospects import Prospects
    from nws.engine.reproduce import Reproduction
    from nws.engine.request import Plan, Request
    from nws.engine.result import Progress, Result
    from nws.index.compaction import Compaction
    from nws.pipeline import Pipeline
    from nws.report.exporting import Exported
    from nws.upkeep.bringing import Brought
    from nws.upkeep.gc import Collected
    from nws.upkeep.importing import Taken


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
        from nws.engine.request import Request

        return self.execute(Request.of(datasets, pipelines, options), report=report)

    def resume(
        self, run: str, *, jobs: int | None = None, report: Callable[[Progress], None] = lambda _: None
    ) -> Result:
        """Go on with a run that was cut off or interrupted, with what was asked then; its files are not read again.

        Parameters
        ----------
        run
            Its name, or the beginning of it.
        jobs
            How many worker processes; as many as before if not given.
        report
            Called after every pipeline with how far the run is.

        Raises
        ------
        UnknownName
            If there is no such run, or it was cut off before it could say what was asked.
        Conflict
            If an older version began it, which did not keep what is needed.
        Locked
            If a process is at work in it.
        Damaged
            If the dataset or the pipelines that were asked are gone from the store.
        """
        from nws.engine.request import Request

        (result,) = self.execute(Request(resume=run, jobs=jobs), report=report)
        return result

    def plan(self, request: Request, *, store: bool = True) -> list[Plan]:
        """Return what a request would do: one plan per dataset.

        Parameters
        ----------
        request
            What is asked.
        store
            Put snapshots of files that are given directly into the store.
        """
        return self._asked(request, store=store)[1]

    def _asked(self, request: Request, *, store: bool) -> tuple[Request, list[Plan]]:
        """Return a request with what a run to go on with says of it, and its plans."""
        if request.resume is None:
            from nws.engine.request import make_plans

            return request, make_plans(self, request, store=store)
        from nws.engine.asked import recall

        request, plan = recall(self.runs.get(request.resume), request, trusted=self.settings.trusted_packages)
        return request, [plan]

    def execute(self, request: Request, *, report: Callable[[Progress], None] = lambda _: None) -> list[Result]:
        """Do what a request asks. Everything is read and checked before the first run begins."""
        from nws.engine.execute import execute
        from nws.engine.local import LocalExecutor
        from nws.engine.warming import server

        self.writable()
        all_new = request.resume is None and (request.force or not self._has_predictions())
        if all_new and (request.jobs or 1) > 1 and "sklearn" not in sys.modules:
            # Workers are likely to be wanted, and load their libraries while this process loads its own.
            server()
        request, plans = self._asked(request, store=True)
        executor = LocalExecutor(self.store, jobs=max(1, request.jobs or 1))
        results = []
        for plan in plans:
            results.append(execute(self, plan, request, executor, report=report))
            if results[-1].interrupted:
                break
        return results

    def _has_predictions(self) -> bool:
        from nws.index import segments

        return bool(segments.names(self.catalog / segments.META))

    def look(self, request: Request) -> list[Prospects]:
        """Return, for each dataset, which pipelines a request would run, and who has the others; nothing is written."""
        from nws.engine.prospects import Prospects

        request, plans = self._asked(request, store=False)
        return [Prospects(self, plan, request) for plan in plans]

    def predict(
        self,
        ref: str | Path,
        paths: Sequence[str | Path] | str | Path,
        *,
        interpolate: bool = False,
        trust: bool = False,
        options: ReadOptions | None = None,
    ) -> Predicted:
        """Predict new spectra with a stored pipeline.

        Parameters
        ----------
        ref
            A REF, `library:NAME` among them; or the path of an exported folder or a zip file, as a `Path`.
        paths
            Files of spectra, as datasets have them; reference values in them are compared with the predictions.
        interpolate
            Whether spectra with other wavelengths are brought to those of the model, linearly.
        trust
            Whether the model is loaded though its files belong to another user, or its packages are not trusted.
        options
            How the files are to be read, where that is not to be found out.

        Raises
        ------
        UnknownName
            If `ref` names nothing.
        Conflict
            If the pipeline failed, and so has no model.
        BadInput
            If the spectra cannot be read, or do not fit the model.
        Damaged
            If a fitted step is gone or damaged.
        NotTrusted
            If the model may not be loaded.
        """
        from nws.engine.predict import predict_files
        from nws.engine.sources import Source

        if isinstance(ref, str) and ref.startswith(workspace.LIBRARY):
            ref = self.library.get(ref.removeprefix(workspace.LIBRARY)).path
        if not isinstance(ref, str):
            return predict(
                ref,
                paths,
                interpolate=interpolate,
                trust=trust,
                options=options,
                packages=self.settings.trusted_packages,
            )
        source = Source.in_workspace(self, self.resolve(ref), trust=trust)
        return predict_files(source, paths, options, interpolate=interpolate)

    def reproduce(self, pipelines: Sequence[Pipeline] | Pipeline | str, *, jobs: int = 1) -> list[Reproduction]:
        """Run pipelines again from their records alone, and say how what comes of it differs; no run is made.

        Parameters
        ----------
        pipelines
            Pipelines, or a REF (see `resolve`).
        jobs
            How many worker processes.

        Raises
        ------
        UsageError
            If there is to be no worker.
        BadInput
            If a record does not say what is needed, or names a class that is not there.
        NotTrusted
            If it names a class of a package that nobody trusted.
        Damaged
            If its dataset, or what it is compared with, is gone or not what its id says.
        """
        from nws.engine.local import LocalExecutor
        from nws.engine.reproduce import reproduce
        from nws.engine.request import check_jobs
        from nws.pipeline import Pipeline

        check_jobs(jobs)
        chosen = self.resolve(pipelines) if isinstance(pipelines, str) else pipelines
        several = [chosen] if isinstance(chosen, Pipeline) else list(chosen)
        return list(reproduce(self, several, LocalExecutor(self.store, jobs=jobs)))

    def export(
        self, refs: Sequence[str] | str, *, folder: Path | None = None, trust: bool = False, **how: str | bool
    ) -> list[Exported]:
        """Copy pipelines out, each with what it takes to use it without nws, and return where they are.

        `folder` is where the copies come to, `exports/` of the workspace if not given; `how` has the fields of
        `nws.report.exporting.Exporting`: `form`, `name`, `replace`. See `nws.report.exporting.export` for what is
        raised.
        """
        from nws.report.exporting import Exporting, export
        from nws.shelf import exports

        pipelines = [self.resolve(ref) for ref in ([refs] if isinstance(refs, str) else refs)]
        shelf = self.exports if folder is None else exports(folder)
        wanted = Exporting(**how)  # type: ignore[arg-type]  # its fields by name
        return list(export(self, pipelines, wanted, shelf=shelf, trusts=lambda _: trust))

    def archive(self, ref: str, kind: str | None = None, *, trust: bool = False) -> Path:
        """Make a permanent copy of the pipeline that a REF names, and return its file.

        `kind` is `pipeline` if not given; `trust` says that a model of another user, or one that came by import, is
        copied. See `nws.engine.archiving.archive` for the kinds and what is raised.
        """
        from nws.engine.archiving import archive
        from nws.shelf.contents import WHOLE

        (done,) = archive(self, [self.resolve(ref)], kind or WHOLE, trusts=lambda _: trust)
        return done.path

    def save(self, ref: str, name: str, *, report: Callable[[str], None] = lambda _: None, **how: str | bool) -> Path:
        """Keep a pipeline, or a whole run, in the library under a name, and return the file of the copy.

        `how` has the fields of `nws.upkeep.library.Keeping`: `kind`, `description`, `include_binaries`, `replace`. See
        `nws.upkeep.library.save` for what is raised.
        """
        from nws.upkeep.library import Keeping, save

        return save(self, ref, name, Keeping(**how), report=report)  # type: ignore[arg-type]  # its fields by name

    def save_template(
        self, name: str, source: str | Path, *, description: str = "", replace: bool = False
    ) -> tuple[Path, int]:
        """Keep a config file, or the config of a REF, as a template; return its file and how many pipelines it has."""
        from nws.engine.templates import config_of

        config, pipelines = config_of(self, source, description=description)
        return self.templates.add(name, config, replace=replace), len(pipelines)

    def load(self, name: str, *, report: Callable[[str], None] = lambda _: None) -> Brought:
        """Make a run of its copy in the library again; see `nws.upkeep.bringing.bring`."""
        from nws.upkeep.library import load

        return load(self, name, report=report)

    def take(
        self,
        path: Path,
        *,
        name: str | None = None,
        replace: bool = False,
        report: Callable[[str], None] = lambda _: None,
    ) -> Taken:
        """Import what somebody else made: a run, or a pipeline into the library; see `nws.upkeep.importing.take`."""
        from nws.upkeep.importing import take

        return take(self, path, name=name, replace=replace, report=report)

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


def predict(
    copy: Path,
    paths: Sequence[str | Path] | str | Path,
    *,
    interpolate: bool = False,
    trust: bool = False,
    options: ReadOptions | None = None,
    packages: tuple[str, ...] = (),
) -> Predicted:
    """Predict new spectra with the pipeline in an exported folder or a zip file; as `Workspace.predict`.

    Parameters
    ----------
    copy
        The folder or the file. It needs no workspace.
    paths, interpolate, trust, options
        As there.
    packages
        Packages that are trusted besides scikit-learn, chemotools and nws.
    """
    from nws.engine.predict import predict_files
    from nws.engine.sources import Source

    source = Source.in_copy(copy, packages=packages, trust=trust)
    return predict_files(source, paths, options, interpolate=interpolate)
