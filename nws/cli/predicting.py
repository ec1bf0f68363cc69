"""The command that predicts new spectra with a stored pipeline."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.output import Output, Progress, number
from nws.cli.reading import AS_FOUND, Reading
from nws.cli.session import Handed, Session
from nws.errors import NoWorkspace, UnknownName, UsageError
from nws.words import plural

if TYPE_CHECKING:
    from nws.dataset import Dataset, Understood
    from nws.engine.predicted import Predicted
    from nws.engine.sources import Source

_SHOWN = 10
# Of what was understood of the files, what matters to predictions.
_SAID = ("samples", "spectrum", "metadata", "ignored", "note")


def predict(
    ref: str,
    /,
    *,
    input: Annotated[list[Path], Parameter(consume_multiple=True)],
    output: Path | None = None,
    interpolate: bool = False,
    outliers: bool = False,
    trust: bool = False,
    reading: Reading = AS_FOUND,
    session: Handed,
) -> None:
    """Predict new spectra with a stored pipeline, and print the predictions as comma-separated values.

    Parameters
    ----------
    ref
        RUN/0007, RUN/best, best:DATASET, a view, the start of an id, library:NAME; or an exported folder or a zip file.
    input
        Spectra: one wide file, an X and a Y file, or a folder, as for `dataset add`.
    output
        Write the predictions to this file (.csv) instead.
    interpolate
        Bring spectra with other wavelengths to those of the model, linearly.
    outliers
        Add Hotelling's T², Q residuals and whether one is beyond its limit, for models with a latent space.
    trust
        Load the model though its files belong to another user, or its packages are not trusted; for every call: nws
        config trust add.
    """
    from nws.engine.predict import read_input

    _check_output(output, input)
    source = _source(session, ref, trust=trust)
    dataset, understood = read_input(source, input, reading.options())
    _tell_understood(session.output, understood)
    found = _predict(session.output, source, dataset, input, interpolate=interpolate)
    _write(session, found, output, outliers=outliers)
    _tell(session.output, found, output)


def _check_output(output: Path | None, inputs: list[Path]) -> None:
    if output is None:
        return
    if output.suffix.lower() != ".csv":
        raise UsageError(f"cannot write {output}", hint="the name ends in .csv")
    if any(output.resolve() == path.resolve() for path in inputs):
        raise UsageError(f"--output {output} is the input", hint="give it another name")


def _source(session: Session, ref: str, *, trust: bool) -> "Source":
    from nws.api import Workspace
    from nws.engine.sources import Source
    from nws.shelf.opening import is_copy
    from nws.workspace import LIBRARY

    path = Path(ref)
    if ref.startswith(LIBRARY):
        path = session.workspace().library.get(ref.removeprefix(LIBRARY)).path
    if is_copy(path) or path.suffix.lower() == ".zip":
        trust = trust or session.trusted().has(path)
        return Source.in_copy(path, packages=_trusted_packages(session), trust=trust)
    try:
        # A view may be of another workspace than the one around us.
        workspace = Workspace.find(path) if (path / "pipeline.json").is_file() else session.workspace()
        pipeline = session.resolve(workspace, ref)
        trust = trust or session.trusts(workspace, pipeline)
        return Source.in_workspace(workspace, pipeline, trust=trust)
    except (NoWorkspace, UnknownName):
        if path.is_dir():
            # It says why it is none.
            return Source.in_copy(path)
        raise


def _trusted_packages(session: Session) -> tuple[str, ...]:
    """Return the packages that the workspace around us trusts, if there is one."""
    try:
        return session.workspace().settings.trusted_packages
    except NoWorkspace:
        return ()


def _tell_understood(output: Output, understood: "Understood") -> None:
    for line in understood.lines():
        if line.split(" ", 1)[0] in _SAID:
            output.say(line)


def _predict(
    output: Output, source: "Source", dataset: "Dataset", paths: list[Path], *, interpolate: bool
) -> "Predicted":
    from nws.engine.predict import predict as predict_with

    with Progress(output, time.monotonic) as progress:

        def report(done: int) -> None:
            progress.update(f"predicting {done:,}/{dataset.samples:,}")

        return predict_with(source, dataset, where=str(paths[0]), interpolate=interpolate, report=report)


def _write(session: Session, found: "Predicted", output: Path | None, *, outliers: bool) -> None:
    from nws import fsio

    if outliers and found.answers.distances is None:
        session.output.warn("no T² and no Q: the model has no latent space, or nothing is known of its calibration")
    if output is not None:
        fsio.replace(output, found.csv(outliers=outliers), durable=False)
    elif session.json:
        for row in found.rows(outliers=outliers):
            session.output.record("sample", row)
    else:
        # Line by line: of a reader who goes away, the system may say nothing until the next write.
        sys.stdout.writelines(found.csv(outliers=outliers).decode().splitlines(keepends=True))
    if session.json:
        session.output.record("predicted", {**found.facts(), "output": None if output is None else output.as_posix()})


def _tell(output: Output, found: "Predicted", path: Path | None) -> None:
    for text in (*found.warnings, *_odd(found)):
        output.warn(text)
    where = f"written to {path}" if path else "predicted"
    source = found.source
    output.say(f"{plural(found.dataset.samples, 'sample')} {where}: {source.target}, with {source.path}")
    figures = found.figures()
    if figures:
        output.say(f"against {figures['samples']} reference values: {', '.join(_figures(figures))}")


def _odd(found: "Predicted") -> Iterator[str]:
    if not found.odd:
        return
    names = [found.dataset.sample_ids[row] for row in found.odd]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    how = "are unlike the calibration samples" if len(names) > 1 else "is unlike the calibration samples"
    yield f"{len(names)} of {plural(found.dataset.samples, 'sample')} {how} ({found.unlike}): {shown}"


def _figures(figures: dict[str, Any]) -> Iterator[str]:
    from nws.metrics import METRICS, label

    for name in METRICS:
        if isinstance(value := figures.get(name), float | int):
            yield f"{label('test_rmse') if name == 'rmse' else METRICS[name].label} {number(float(value))}"
