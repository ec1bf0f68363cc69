"""The picture of classes: how many samples of each class were taken for which.

This room must not know models or spectra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.report import style
from nws.report.subject import NotDrawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy import ndarray

    from nws.report.subject import Subject

    Array = ndarray[Any, Any]

# With more classes than these the cells are too small for figures.
_LEGIBLE = 12
_MOST = 60
_NAMED = 22


def confusion(subject: Subject) -> Figure:
    """Draw the confusion matrix of the test samples, else of those that were held out: counts, and shares of each row.

    Raises
    ------
    NotDrawn
        If numbers are predicted, or there is no matrix that can be read.
    """
    import numpy as np

    if not subject.is_classification:
        raise NotDrawn("it is for classes, and this pipeline predicts numbers")
    partition = next((name for name in ("test", "val", "train") if subject.figures(name)), "val")
    told = subject.figures(partition).get("confusion_matrix")
    if not isinstance(told, dict) or not told.get("labels"):
        raise NotDrawn("the figures have no confusion matrix")
    labels, counts = [str(label) for label in told["labels"]], np.array(told["matrix"], dtype=np.int64)
    if len(labels) > _MOST:
        raise NotDrawn(f"{len(labels)} classes are too many to draw")
    sums = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, sums, out=np.zeros(counts.shape), where=sums > 0)
    figure = style.sheet(title=subject.title)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto", gid="confusion")
    if len(labels) <= _LEGIBLE:
        _write(axes, counts, shares)
    names = [style.plain(label, 16) for label in labels]
    # No more names than can be read.
    named = range(0, len(names), -(-len(names) // _NAMED))
    shown = [names[place] for place in named]
    axes.set_xticks(named, shown, rotation=90 if max(map(len, shown)) * len(shown) > 60 else 0)
    axes.set_yticks(named, shown)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    name = style.plain(subject.target, 40)
    figures = subject.figures(partition)
    said = " · ".join(
        f"{label} {style.number(figures.get(key))}"
        for key, label in (("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy"))
    )
    axes.set_title(f"{subject.partition(partition)}, n = {figures.get('samples', int(counts.sum())):,} · {said}")
    axes.set(xlabel=f"{name}, predicted", ylabel=f"{name}, reference")
    figure.colorbar(image, ax=axes, label="share of the reference class", aspect=40, fraction=0.04, pad=0.02).set_ticks(
        [0.0, 0.25, 0.5, 0.75, 1.0], labels=["0 %", "25 %", "50 %", "75 %", "100 %"]
    )
    return figure


def _write(axes: Any, counts: Array, shares: Array) -> None:
    """Write the counts into the cells, and the shares under them."""
    small = len(counts) > 8
    for row, column in zip(*counts.nonzero(), strict=True):
        share = shares[row, column]
        text = f"{counts[row, column]:,}" + ("" if small else f"\n{100 * share:.0f} %")
        axes.text(
            column, row, text, ha="center", va="center", fontsize=8, color="white" if share > 0.5 else style.BLACK
        )
