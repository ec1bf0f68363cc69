"""The picture of a parameter: how the error falls and rises with the number of components, or with any other value.

This room must not know which pipelines are on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.metrics import METRICS
from nws.pipeline.rows import NO_PREPROCESSING, chain_text
from nws.report import style
from nws.report.wording import heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nws.report.course import Course

# From this ratio of the largest to the smallest value on, an axis is logarithmic.
_WIDE = 50
_LINES = {"train": ("-", 1.0), "val": ("-", 1.6), "test": (":", 0.9)}
_NAMES = {
    "n_components": "number of components",
    "n_estimators": "number of trees",
    "n_neighbors": "number of neighbours",
}


def components(found: Course) -> Figure:
    """Draw the metric of each partition over the values of the parameter, with the best and the simplest as good."""
    figure = style.sheet(title=_title(found))
    axes = figure.subplots()
    for partition in ("train", "test", "val"):
        _line(axes, found, partition)
    best = found.best
    axes.axvline(best.value, color=style.BLUE, linewidth=0.8, linestyle="--", zorder=1)
    _ring(axes, best.value, best.figure("val") or 0.0, f"best: {best.value:.4g}", "s", style.BLUE)
    if found.simplest is not None and found.limit is not None:
        axes.axhline(found.limit, color=style.GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        said = f"simplest within 1 standard error: {found.simplest.value:.4g}"
        _ring(axes, found.simplest.value, found.simplest.figure("val") or 0.0, said, "o", style.BLACK)
    _scale(axes, found)
    axes.set_xlabel(_NAMES.get(found.parameter, style.plain(found.parameter, 40)))
    target = style.plain(best.pipeline.record.dataset["targets"][0], 40)
    axes.set_ylabel(f"{METRICS[found.metric].label} of {target}")
    handles, names = axes.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda place: names[place].startswith(("best", "simplest")))
    figure.legend(
        [handles[place] for place in order], [names[place] for place in order], loc="outside lower left", ncols=2
    )
    return figure


def _title(found: Course) -> str:
    record = found.best.pipeline.record
    chain = chain_text(record.steps)
    model = next((str(step["class"]).rpartition(".")[2] for step in record.steps if step["operator"] == "model"), "")
    steps = style.short(model if chain == NO_PREPROCESSING else f"{chain} > {model}")
    return style.plain(f"{record.dataset.get('name')}: {steps}", 85)


def _line(axes: Axes, found: Course, partition: str) -> None:
    look, (dashes, width) = style.LOOKS[partition], _LINES[partition]
    known = [(point, figure) for point in found.points if (figure := point.figure(partition)) is not None]
    if not known:
        return
    values, figures = [point.value for point, _ in known], [figure for _, figure in known]
    errors = [point.error or 0.0 for point, _ in known] if partition == "val" else None
    once = found.best.pipeline.record.once
    said = heading(partition, found.metric, once=once) + (" ± standard error" if errors and any(errors) else "")
    axes.errorbar(
        values,
        figures,
        yerr=errors if errors and any(errors) else None,
        color=look.colour,
        marker=look.marker,
        markerfacecolor=look.colour if look.filled else "white",
        markersize=4.5,
        linestyle=dashes,
        linewidth=width,
        elinewidth=0.8,
        capsize=2,
        label=said,
        zorder=3 if partition == "val" else 2,
    )


def _ring(axes: Axes, value: float, figure: float, said: str, marker: str, colour: str) -> None:
    axes.plot(
        [value],
        [figure],
        marker=marker,
        markersize=11,
        markerfacecolor="none",
        markeredgecolor=colour,
        markeredgewidth=1.4,
        linestyle="none",
        label=said,
        zorder=4,
    )


def _scale(axes: Axes, found: Course) -> None:
    from matplotlib.ticker import MaxNLocator

    values = [point.value for point in found.points]
    if min(values) > 0 and max(values) / min(values) >= _WIDE:
        style.logarithmic(axes, "x")
    elif all(value.is_integer() for value in values):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    shown = [figure for point in found.points for part in ("train", "val", "test") if (figure := point.figure(part))]
    if found.metric in {"rmse", "mae", "sep"} and min(shown, default=0.0) > 0:
        if max(shown) / min(shown) >= _WIDE:
            style.logarithmic(axes, "y")
        else:
            axes.set_ylim(bottom=0.0)
