"""The picture of what counts: the coefficients of a model, its importance in projection, or those of its trees.

This room must not know how these are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.report import style
from nws.report.features import stages
from nws.report.weights import through, weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy import ndarray

    from nws.report.features import Places, Stage
    from nws.report.subject import Subject
    from nws.report.weights import Weights

    Array = ndarray[Any, Any]

# More classes than these are drawn as the mean of their absolute coefficients.
_CLASSES = 6
# Features of a forest that are named.
_NAMED = 4
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))


def importance(subject: Subject) -> Figure:
    """Draw the weight of each feature over its wavelength, in a panel for each kind of weight that the model has."""
    entering = stages(subject, _two_rows(subject))
    last = entering[-1]
    found = weights(subject.fitted.steps[-1], last.spectra.shape[1])
    places, found = _in_spectra(subject, entering, found)
    drawings: list[Callable[[Axes], None]] = []
    if found.coefficients is not None:
        drawings.append(lambda axes: _coefficients(axes, places, found, subject))
    if found.vip is not None:
        drawings.append(lambda axes: _projection(axes, places, found))
    if found.importances is not None:
        drawings.append(lambda axes: _trees(axes, places, found))
    figure = style.sheet(title=subject.title)
    panels = figure.subplots(len(drawings), 1, squeeze=False, sharex=True)[:, 0]
    for axes, drawing in zip(panels, drawings, strict=True):
        drawing(axes)
        places.finish(axes, title=axes is panels[-1])
    figure.align_ylabels(list(panels))
    return figure


def _two_rows(subject: Subject) -> list[int]:
    """Return two samples that can be led through the steps, which tells what comes out of each."""
    values = subject.dataset.target(subject.target).values
    return [row for row, value in enumerate(values) if value is not None][:2]


def _in_spectra(subject: Subject, entering: list[Stage], found: Weights) -> tuple[Places, Weights]:
    """Return the weights over the places of the spectra, where the model itself was given components of them."""
    import dataclasses

    places = entering[-1].places
    if found.coefficients is None or len(entering) < 2:
        return places, found
    led_back = through(subject.fitted.steps[-2], found.coefficients)
    if led_back is None:
        return places, found
    return entering[-2].places, dataclasses.replace(found, coefficients=led_back, vip=None, importances=None)


def _coefficients(axes: Axes, places: Places, found: Weights, subject: Subject) -> None:
    import numpy as np

    values = found.coefficients
    assert values is not None
    style.level(axes, at=0.0)
    if len(values) == 1:
        places.line(axes, values[0], color=style.BLUE, linewidth=1.2, gid="coefficients")
    elif len(values) > _CLASSES:
        places.line(axes, np.abs(values).mean(axis=0), color=style.BLUE, linewidth=1.2, gid="coefficients")
        axes.set_title(f"coefficients: mean size over {len(values)} classes")
        axes.set_ylabel("coefficient")
        return
    else:
        for label, row, colour, dashes in zip(found.classes, values, style.PALETTE, _DASHES, strict=False):
            look: dict[str, Any] = {"color": colour, "linestyle": dashes, "linewidth": 0.9, "gid": "coefficients"}
            places.line(axes, row, label=style.plain(label, 18), **look)
        axes.legend(ncols=2 if len(values) > 3 else 1, title=style.plain(subject.target, 20), title_fontsize=8)
    axes.set_title(_unit(subject, found.classes))
    axes.set_ylabel("coefficient")


def _unit(subject: Subject, classes: Sequence[str]) -> str:
    if len(classes) == 2:
        return f"coefficients per unit of signal; above 0: for {style.plain(classes[1], 30)}"
    if subject.is_classification:
        return "coefficients per unit of signal"
    scaled = " as scaled" if subject.fitted.targets.steps else ""
    return f"coefficients: {style.plain(subject.target, 45)}{scaled} per unit of signal"


def _projection(axes: Axes, places: Places, found: Weights) -> None:
    assert found.vip is not None
    axes.axhline(1.0, color=style.GREY, linewidth=0.8, linestyle="--", zorder=1)
    places.line(axes, found.vip, color=style.VERMILION, linewidth=1.2, gid="vip")
    axes.set_ylim(bottom=0.0)
    axes.set_title("importance in projection; above 1: more than average")
    axes.set_ylabel("VIP")


def _trees(axes: Axes, places: Places, found: Weights) -> None:
    assert found.importances is not None
    axes.vlines(
        places.values, 0.0, found.importances, color=style.BLUE, linewidth=_thickness(len(places.values)), gid="trees"
    )
    for place in _peaks(places.values, found.importances):
        at = (places.values[place], found.importances[place])
        axes.annotate(f"{places.values[place]:g}", at, xytext=(0, 2), textcoords="offset points", ha="center", size=8)
    axes.set_ylim(bottom=0.0)
    axes.margins(y=0.12)
    axes.set_title("importance: share of the total")
    axes.set_ylabel("importance")


def _peaks(values: Array, heights: Array) -> list[int]:
    """Return the features that are named: the largest, as far as their names do not lie on one another."""
    import numpy as np

    room = 0.08 * float(np.ptp(values))
    chosen: list[int] = []
    for place in np.argsort(-heights, kind="stable").tolist():
        if len(chosen) == _NAMED or not heights[place] > heights.max() / 10:
            break
        if all(abs(values[place] - values[other]) > room for other in chosen):
            chosen.append(place)
    return chosen


def _thickness(features: int) -> float:
    return min(4.0, max(0.4, 250.0 / features))
