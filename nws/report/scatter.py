"""Predicted against measured values, and what is between them: the two pictures of a regression.

This room must not know models or spectra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.report import style
from nws.report.subject import NotDrawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy import ndarray

    from nws.report.subject import Subject

    Array = ndarray[Any, Any]

# Of the width: what is said beside the picture.
_BESIDE = (1.0, 0.42)


@dataclass(frozen=True, kw_only=True)
class Points:
    """The predictions of one partition: arrays of one length, and those that lie outside the space of the model."""

    partition: str
    measured: Array
    predicted: Array
    outlier: Array


def points(subject: Subject) -> list[Points]:
    """Return the predictions of each partition that have both values.

    Raises
    ------
    NotDrawn
        If classes are predicted, or there are no predictions.
    """
    import numpy as np

    if subject.is_classification:
        raise NotDrawn("it is for numbers, and this pipeline predicts classes")
    found = []
    for name, block in subject.blocks.items():
        values: Array = np.array([block.y_true, block.y_pred], dtype=np.float64)
        known = np.asarray(np.isfinite(values).all(axis=0))
        flags: Array = np.array(block.columns.get("outlier", [False] * len(block.indices)), dtype=bool)
        if known.any():
            measured, predicted = values[:, known]
            found.append(Points(partition=name, measured=measured, predicted=predicted, outlier=flags[known]))
    if not found:
        raise NotDrawn("there are no predictions with reference values")
    return found


def predictions(subject: Subject) -> Figure:
    """Draw predicted against measured values, by partition, with the line on which they are equal."""
    found = points(subject)
    figure, axes, beside = _sheet(subject)
    ends = style.limits([value for part in found for value in _ends(part.measured, part.predicted)])
    axes.plot(ends, ends, color=style.GREY, linewidth=0.8, zorder=1)
    end = (ends[1], ends[1])
    axes.annotate("1:1", end, xytext=(-16, -4), textcoords="offset points", ha="right", va="top", color=style.GREY)
    for part in found:
        _draw(axes, part, part.predicted)
    axes.set(xlim=ends, ylim=ends)
    # In the corner where its labels are, for which the layout leaves room.
    axes.set_box_aspect(1.0)
    axes.set_anchor("SW")
    name = style.plain(subject.target, 32)
    axes.set(xlabel=f"{name}, measured", ylabel=f"{name}, predicted")
    _say(beside, subject, found, ("rmse", "r2", "bias"))
    return figure


def residuals(subject: Subject) -> Figure:
    """Draw predicted minus measured against measured values, with the band in which most of new samples will be."""
    found = points(subject)
    figure, axes, beside = _sheet(subject)
    style.level(axes, at=0.0)
    note = _band(axes, subject, found)
    for part in found:
        _draw(axes, part, part.predicted - part.measured)
    axes.set_xlim(style.limits([value for part in found for value in _ends(part.measured)]))
    name = style.plain(subject.target, 32)
    axes.set(xlabel=f"{name}, measured", ylabel=f"{name}, predicted − measured")  # noqa: RUF001 -- a minus sign
    _say(beside, subject, found, ("bias", "sep"), note)
    return figure


def _sheet(subject: Subject) -> tuple[Figure, Axes, Axes]:
    figure = style.sheet(title=subject.title)
    axes, beside = figure.subplots(1, 2, width_ratios=_BESIDE)
    beside.set_axis_off()
    return figure, axes, beside


def _ends(*arrays: Array) -> list[float]:
    return [float(end) for array in arrays for end in (array.min(), array.max())]


def _draw(axes: Axes, part: Points, heights: Array) -> None:
    look, count = style.LOOKS[part.partition], len(heights)
    size = 22.0 if count <= 200 else 12.0 if count <= style.MANY else 5.0
    axes.scatter(
        part.measured,
        heights,
        s=size,
        marker=look.marker,
        facecolors=look.colour if look.filled else "none",
        edgecolors=look.colour if not look.filled or count > style.MANY else "white",
        linewidths=0.4 if look.filled or count > style.MANY else 1.0,
        alpha=0.85 if count <= 200 else 0.6,
        zorder=3,
        rasterized=count > style.MANY,
        gid=f"points-{part.partition}",
    )
    if part.outlier.any():
        axes.scatter(
            part.measured[part.outlier],
            heights[part.outlier],
            s=size * 4,
            facecolors="none",
            edgecolors=style.BLACK,
            linewidths=0.9,
            zorder=4,
            gid=f"outliers-{part.partition}",
        )


def _band(axes: Axes, subject: Subject, found: Sequence[Points]) -> str:
    """Shade bias ± 2 SEP of the samples that were not fitted on, and say so; nothing where these are not known."""
    for name in ("test", "val"):
        bias, sep = (subject.figures(name).get(metric) for metric in ("bias", "sep"))
        if bias is not None and sep and any(part.partition == name for part in found):
            axes.axhspan(bias - 2 * sep, bias + 2 * sep, color=style.LIGHT, alpha=0.45, linewidth=0, zorder=0)
            return f"grey band: bias ± 2 SEP,\n{subject.partition(name)}"
    return ""


def _say(beside: Axes, subject: Subject, found: Sequence[Points], names: Sequence[str], note: str = "") -> None:
    """Write what each marker is, and the figures of its partition, beside the picture."""
    height, step = 1.0, 0.052
    for part in found:
        look, figures = style.LOOKS[part.partition], subject.figures(part.partition)
        beside.plot(
            [0.03],
            [height - 0.4 * step],
            marker=look.marker,
            color=look.colour,
            markerfacecolor=look.colour if look.filled else "none",
            markersize=6,
            linestyle="none",
            clip_on=False,
        )
        beside.text(0.12, height, subject.partition(part.partition), va="top", weight="bold")
        lines = [("n", f"{figures.get('samples', len(part.measured)):,}")]
        like = figures.get("rmse")
        lines += [
            (subject.figure(part.partition, name) if name == "rmse" else _LABELS[name],
             style.number(figures.get(name), like=None if name == "r2" else like))
            for name in names
        ]  # fmt: skip
        for place, (name, value) in enumerate(lines, 1):
            beside.text(0.12, height - place * step, name, va="top", size=8)
            beside.text(1.0, height - place * step, value, va="top", ha="right", size=8)
        height -= (len(lines) + 1.7) * step
    if any(part.outlier.any() for part in found):
        note = "\n".join(filter(None, ["in a ring: beyond the limit\nof T² or Q (--outliers)", note]))
    beside.text(0.0, 0.0, note, va="bottom", size=8, color=style.GREY)
    beside.set(xlim=(0, 1), ylim=(0, 1))


_LABELS = {"r2": "R²", "bias": "bias", "sep": "SEP"}
