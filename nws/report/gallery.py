"""The pictures of a report, and in the place of one that is not there, why.

A report goes on without pictures. This room must not know how they are drawn, nor how a report looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import NwsError
from nws.report.blocks import Picture, Text
from nws.report.pictures import silent
from nws.report.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nws.pipeline import Pipeline
    from nws.report.blocks import Block
    from nws.run import Run
    from nws.workspace import Workspace

    Told = Callable[[str, str], None]
    Drawing = Callable[[str, Told, Told], dict[str, bytes]]

SHOWS = {
    "chart_predictions": "predicted against measured values of each partition, with the line of perfect agreement",
    "chart_confusion": "which class was taken for which",
    "chart_residuals": "residuals (predicted minus measured) against measured values",
    "chart_feature_importance": "what each wavelength or variable counts for in the model",
    "chart_spectra": "the spectra, raw and after each step of preprocessing",
    "chart_components": "error against the number of components",
    "chart_metrics_by_preprocessing": "how the figures of pipelines are spread by preprocessing",
    "chart_model_preprocessing": "the best figure of each model with each preprocessing",
}
# An SVG file that is larger than this is a picture of very many points, and PNG is smaller.
_LARGE = 300_000


def pictures_of(pipeline: Pipeline) -> list[Block]:
    """Return the pictures of a pipeline; in their place, why there are none."""
    from nws.report.pictures import draw

    def drawing(form: str, left_out: Told, failed: Told) -> dict[str, bytes]:
        return draw(pipeline, form=form, left_out=left_out, failed=failed)

    return _drawn(drawing, of=pipeline.ref, parts={})


def pictures_of_run(workspace: Workspace, run: Run, targets: Iterable[str]) -> list[Block]:
    """Return the pictures of a run that predicted some targets."""
    from nws.report.pictures import draw_run
    from nws.report.style import file_part

    def drawing(form: str, left_out: Told, _failed: Told) -> dict[str, bytes]:
        return draw_run(workspace, run, form=form, left_out=left_out)

    # The names of its pictures hold those of targets, as far as a file can be called so.
    parts = {file_part(target): target for target in targets}
    return _drawn(drawing, of=run.name, parts=parts)


def _drawn(drawing: Drawing, *, of: str, parts: Mapping[str, str]) -> list[Block]:
    left_out: dict[str, str] = {}
    failed: dict[str, str] = {}
    try:
        found = drawing("svg", left_out.__setitem__, failed.__setitem__)
        if any(len(data) > _LARGE for data in found.values()):
            smaller = drawing("png", silent, silent)
            found = dict(_smaller(name, data, smaller) for name, data in found.items())
    except NwsError as err:
        why = ": ".join(word for word in (sentence(err.message), err.hint) if word)
        return [Text(f"There are no pictures of {of}. {why}.", hint=True)]
    except OSError as err:
        return [Text(f"There are no pictures of {of}. {sentence(str(err))}.", hint=True)]
    pictures = [
        Picture(f"{of.replace('/', '_')}_{name}", data, _shows(name, parts))
        for name, data in sorted(found.items(), key=lambda item: _place(item[0]))
    ]
    lines = [*_reasons(left_out, parts), *_reasons(failed, parts)]
    return [*pictures, *(Text(line, hint=True) for line in lines)]


def _reasons(told: dict[str, str], parts: Mapping[str, str]) -> list[str]:
    """Return why pictures are not there, those with one reason together."""
    groups: dict[str, list[str]] = {}
    for name in sorted(told, key=_place):
        groups.setdefault(told[name], []).append(_shows(name, parts))
    return [f"Not drawn: {'; '.join(names)}. {sentence(why)}." for why, names in groups.items()]


def _place(name: str) -> tuple[int, str]:
    return next((place for place, known in enumerate(SHOWS) if name.startswith(known)), len(SHOWS)), name


def _smaller(name: str, data: bytes, smaller: dict[str, bytes]) -> tuple[str, bytes]:
    other = f"{name.rpartition('.')[0]}.png"
    return (other, smaller[other]) if len(smaller.get(other, data)) < len(data) else (name, data)


def _shows(name: str, parts: Mapping[str, str]) -> str:
    stem = name.removesuffix(".svg").removesuffix(".png")
    known = max((key for key in SHOWS if stem.startswith(key)), key=len, default="")
    rest = stem.removeprefix(known).strip("_")
    return SHOWS.get(known, stem.replace("_", " ")) + (f": {parts.get(rest, rest)}" if rest and known else "")
