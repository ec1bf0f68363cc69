"""The pictures of a whole run: its figures by preprocessing, and the best of each model with each preprocessing.

This room must not know single predictions.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.metrics import METRICS, badness
from nws.report import style
from nws.report.subject import NotDrawn
from nws.report.wording import heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy import ndarray

    Array = ndarray[Any, Any]

ROWS, _COLUMNS = 20, 10
_WIDE = 10
_NAME = 36


@dataclass(frozen=True, kw_only=True)
class Score:
    """The figure of validation of one pipeline."""

    preprocessing: str
    model: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The figures of validation of the pipelines of a run on one target, by one metric.

    `once` says that validation samples were set apart once, not each in its turn.
    """

    title: str
    target: str
    metric: str
    scores: Sequence[Score]
    once: bool = False

    @property
    def label(self) -> str:
        """What the figure is called: `RMSECV of octane`."""
        return f"{heading('val', self.metric, once=self.once)} of {style.plain(self.target, 32)}"

    @property
    def is_larger_better(self) -> bool:
        """Whether a larger figure is better, where that can be said."""
        return METRICS[self.metric].goal == "max"

    @property
    def ideal(self) -> float | None:
        """The best figure there can be; None where the least or the greatest is best."""
        return {"zero": 0.0, "one": 1.0}.get(METRICS[self.metric].goal)

    @property
    def height(self) -> str:
        """What colours stand for: the figure, or how far from where it is best."""
        return self.label if self.ideal is None else f"distance of {self.label} from {self.ideal:g}"

    def heights(self, values: Array) -> Array:
        """Return figures as colours stand for them."""
        return values if self.ideal is None else abs(values - self.ideal)

    def rank(self, value: float) -> float:
        """Return a number that is smaller the better a figure is."""
        return badness(METRICS[self.metric], value)

    def by_preprocessing(self) -> dict[str, list[float]]:
        """Return the figures of each preprocessing, best first within and among them."""
        groups: dict[str, list[float]] = {}
        for score in sorted(self.scores, key=lambda score: self.rank(score.value)):
            groups.setdefault(score.preprocessing, []).append(score.value)
        return groups


def by_preprocessing(found: Scores) -> Figure:
    """Draw for each preprocessing where its figures lie: all of them, the middle half, the median and the best."""
    groups = found.by_preprocessing()
    if not groups:
        raise NotDrawn("no pipeline has a figure of validation")
    shown = dict(list(groups.items())[:ROWS])
    figure = style.sheet(7.5, 1.3 + 0.36 * max(len(shown), 3), title=found.title)
    axes = figure.subplots()
    places = list(range(len(shown)))
    boxes = axes.bxp(
        [_box(values) for values in shown.values()],
        positions=places,
        orientation="horizontal",
        widths=0.55,
        patch_artist=True,
        showfliers=False,
        boxprops={"facecolor": style.SKY, "edgecolor": style.BLUE, "linewidth": 0.9},
        whiskerprops={"color": style.BLUE, "linewidth": 0.9},
        capprops={"color": style.BLUE, "linewidth": 0.9},
        medianprops={"color": style.BLACK, "linewidth": 1.4},
    )
    del boxes
    first = [values[0] for values in shown.values()]
    axes.plot(first, places, marker="D", markersize=4.5, color=style.VERMILION, linestyle="none", zorder=4)
    axes.set_yticks(places, [style.wrapped(style.short(name), _NAME) for name in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    for place, values in zip(places, shown.values(), strict=True):
        axes.annotate(
            f"n = {len(values):,}", (1.0, place), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", size=8, color=style.GREY, annotation_clip=False,
        )  # fmt: skip
    cut = _cut(axes, found, [value for values in shown.values() for value in values])
    axes.grid(visible=True, axis="x", color=style.LIGHT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{found.label}{cut}\n{_legend(len(groups))}")
    return figure


def _legend(count: int) -> str:
    said = "diamond: best; box: middle half, median; whiskers: all; sorted by the best"
    return said if count <= ROWS else f"{said}; the first {ROWS} of {count:,}"


def _box(values: Sequence[float]) -> dict[str, Any]:
    low, high = min(values), max(values)
    first, middle, last = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return {"whislo": low, "q1": first, "med": middle, "q3": last, "whishi": high, "fliers": []}


def _cut(axes: Axes, found: Scores, values: Sequence[float]) -> str:
    """Choose an axis on which the good figures can be told apart, and say if the worst are beyond it."""
    low, high = min(values), max(values)
    if not found.is_larger_better and low > 0 and high / low >= _WIDE:
        style.logarithmic(axes, "x")
        axes.set_xlim(low * 0.93, high * 1.07)
        return " (logarithmic)"
    if found.is_larger_better:
        middle = statistics.median(values)
        end = high - 4 * (high - middle)
        if low < end < high:
            axes.set_xlim(style.limits([end, high]))
            return " (what is worse is not shown)"
    axes.set_xlim(style.limits([low, high]))
    return ""


def models(found: Scores) -> Figure:
    """Draw the best figure of each model with each preprocessing as a map."""
    import numpy as np

    groups = found.by_preprocessing()
    best: dict[tuple[str, str], float] = {}
    for score in sorted(found.scores, key=lambda score: found.rank(score.value)):
        best.setdefault((score.preprocessing, score.model), score.value)
    if not best:
        raise NotDrawn("no pipeline has a figure of validation")
    rows = list(groups)[:ROWS]
    columns = list(dict.fromkeys(model for _, model in best))[:_COLUMNS]
    values = np.array([[best.get((row, column), math.nan) for column in columns] for row in rows])
    figure = style.sheet(max(6.0, 3.6 + 0.85 * len(columns)), 1.7 + 0.36 * max(len(rows), 3), title=found.title)
    axes = figure.subplots()
    heights = found.heights(values)
    low, high = _scale(found, heights[np.isfinite(heights)])
    # Dark is good.
    colours = "cividis_r" if found.is_larger_better else "cividis"
    image = axes.imshow(heights, cmap=colours, vmin=low, vmax=high, aspect="auto", gid="models")
    for row, column in np.ndindex(*values.shape):
        value = float(values[row, column])
        shade = (float(heights[row, column]) - low) / (high - low)
        dark = shade > 0.5 if found.is_larger_better else shade < 0.5
        ink = style.GREY if math.isnan(value) else "white" if dark else style.BLACK
        axes.text(column, row, style.number(value), ha="center", va="center", size=8, color=ink)
    axes.set_xticks(range(len(columns)), [style.words(style.short(name), 14) for name in columns])
    axes.set_yticks(range(len(rows)), [style.wrapped(style.short(name), _NAME) for name in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(_said(len(groups), len({model for _, model in best})))
    figure.colorbar(
        image, ax=axes, label=f"{style.wrapped(found.height, 34)}\n(darker: better)", aspect=30, fraction=0.05, pad=0.02
    )
    return figure


def _scale(found: Scores, known: Array) -> tuple[float, float]:
    """Return between which figures the colours are, the worst tenth having one; the best has the end of its own."""
    import numpy as np

    best, worst = float(known.max()), float(np.quantile(known, 0.1))
    if not found.is_larger_better:
        best, worst = float(known.min()), float(np.quantile(known, 0.9))
    if best == worst:
        room = abs(best) or 1.0
        worst = best - room if found.is_larger_better else best + room
    return min(best, worst), max(best, worst)


def _said(preprocessings: int, kinds: int) -> str:
    left = []
    if preprocessings > ROWS:
        left.append(f"the best {ROWS} of {preprocessings:,} preprocessings")
    if kinds > _COLUMNS:
        left.append(f"the best {_COLUMNS} of {kinds} models")
    return "best figure of each; " + (", ".join(left) or "sorted by the best")
