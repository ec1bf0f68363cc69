"""The picture of the spectra: as recorded, and after each preprocessing step.

This room must not know what a model makes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.report import style
from nws.report.features import evenly, stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy import ndarray

    from nws.report.features import Stage
    from nws.report.subject import Subject

    Array = ndarray[Any, Any]

LINES = 100
# More steps than these are not drawn; the last ones are what the model gets.
_PANELS = 6
_HEIGHT = 1.55


def spectra(subject: Subject) -> Figure:
    """Draw spectra in one panel for each step, coloured by the target, and their mean."""
    import numpy as np

    rows = _rows(subject)
    values = np.array([subject.dataset.target(subject.target).values[row] for row in rows], dtype=object)
    found = stages(subject, rows)
    shown = found if len(found) <= _PANELS else [found[0], *found[1 - _PANELS :]]
    columns = 1 if len(shown) <= 3 else 2
    deep = -(-len(shown) // columns)
    width, height = (style.SIZE[0] if columns == 1 else 8.0), max(style.SIZE[1], 0.9 + _HEIGHT * deep)
    figure = style.sheet(width, height, title=subject.title, foot=_foot(subject, len(rows), len(found) - len(shown)))
    panels = figure.subplots(deep, columns, squeeze=False).T.ravel()
    colours = _Colours.of_classes(values) if subject.is_classification else _Colours.of_numbers(values)
    for place, (axes, stage) in enumerate(zip(panels, shown, strict=False)):
        _panel(axes, stage, colours, few=len(rows) <= LINES // 4)
        below = shown[place + 1] if place + 1 < len(shown) and (place + 1) % deep else None
        same = below is not None and below.places.title == stage.places.title
        stage.places.finish(axes, title=not same)
        axes.tick_params(labelbottom=not same)
        axes.set_title(stage.name if not place else f"after {stage.name}")
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    figure.supylabel("signal", fontsize=9)
    colours.explain(figure, list(panels[: len(shown)]), subject.target)
    return figure


def _foot(subject: Subject, shown: int, hidden: int) -> str:
    total = sum(value is not None for value in subject.dataset.target(subject.target).values)
    which = f"all {total:,} samples" if shown == total else f"{shown:,} of {total:,} samples"
    first = f"{hidden} of the first steps not shown; " if hidden else ""
    return f"{first}{which}; black dashes: their mean"


def _rows(subject: Subject) -> list[int]:
    """Return the samples that are drawn: some hundred at most, evenly over the values of the target."""
    values = subject.dataset.target(subject.target).values
    known = [row for row, value in enumerate(values) if value is not None]
    return evenly(sorted(known, key=lambda row: (values[row], row)), LINES)


def _panel(axes: Axes, stage: Stage, colours: _Colours, *, few: bool) -> None:
    import numpy as np
    from matplotlib.collections import LineCollection

    order = stage.places.order
    x = stage.places.values[order]
    segments = [np.column_stack([x, spectrum[order]]) for spectrum in stage.spectra]
    lines = LineCollection(
        segments,
        colors=colours.lines,
        linewidths=0.8 if few else 0.5,
        alpha=0.9 if few else 0.55,
        rasterized=stage.spectra.size > style.MANY,
        gid="spectra",
    )
    axes.add_collection(lines)
    stage.places.line(
        axes, stage.spectra.mean(axis=0), dotted=False, color=style.BLACK, linewidth=0.9, linestyle=(0, (4, 2))
    )
    finite = stage.spectra[np.isfinite(stage.spectra)]
    if len(finite):
        axes.set_ylim(style.limits([float(finite.min()), float(finite.max())]))


class _Colours:
    """The colour of each line, and how it is explained."""

    def __init__(self, lines: Sequence[Any], scale: tuple[float, float] | None, names: dict[str, Any]) -> None:
        self.lines = lines
        self._scale = scale
        self._names = names

    @classmethod
    def of_numbers(cls, values: Array) -> _Colours:
        from matplotlib.colors import Normalize

        low, high = float(min(values)), float(max(values))
        normed = Normalize(low, high if high > low else low + 1.0)
        return cls([style.scale()(normed(float(value))) for value in values], (low, high), {})

    @classmethod
    def of_classes(cls, values: Array) -> _Colours:
        labels = sorted(set(values), key=str)
        many = len(labels) > len(style.PALETTE) - 1
        # Black is the mean.
        colours = [
            style.scale()(place / max(len(labels) - 1, 1)) if many else style.PALETTE[place]
            for place in range(len(labels))
        ]
        names = dict(zip(map(str, labels), colours, strict=True))
        return cls([names[str(value)] for value in values], None, names)

    def explain(self, figure: Figure, panels: Sequence[Axes], target: str) -> None:
        """Draw the scale of colours, or what class each stands for."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize
        from matplotlib.lines import Line2D

        name = style.plain(target, 40)
        if self._scale is not None:
            low, high = self._scale
            if high > low:
                colours = ScalarMappable(Normalize(low, high), style.scale())
                figure.colorbar(colours, ax=panels, label=name, aspect=40, fraction=0.04, pad=0.01)
            return
        shown = dict(list(self._names.items())[:12])
        handles = [Line2D([], [], color=colour, linewidth=2) for colour in shown.values()]
        labels = [style.plain(label, 18) for label in shown]
        if len(self._names) > len(shown):
            labels[-1] = f"… {len(self._names)} classes"
        figure.legend(handles, labels, title=style.plain(target, 18), loc="outside right upper", title_fontsize=8)
