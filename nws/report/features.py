"""Where the features of spectra lie on an axis, as far as that is known after each preprocessing step.

This room must not know models, nor how anything is drawn.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.dataset.contents import NANOMETRES, WAVENUMBERS
from nws.engine.latent import CLASSES
from nws.pipeline.rows import chain_text
from nws.report import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy import ndarray

    from nws.dataset import Axis
    from nws.report.subject import Subject

    Array = ndarray[Any, Any]

_TITLES = {NANOMETRES: "wavelength (nm)", WAVENUMBERS: "wavenumber (cm⁻¹)"}
_BY_NUMBER = "feature (number)"
# Below this each feature has a marker of its own.
_FEW = 60


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where each feature lies: `values` on an axis with that `title`, `numbers` among the features of the data.

    `numbers` is None where the features are made of several, as components are.
    """

    values: Array
    title: str
    reverse: bool = False
    numbers: Array | None = None

    @classmethod
    def of_axis(cls, axis: Axis) -> Places:
        """Return those of a dataset; by number where a place occurs twice, as with two instruments side by side."""
        import numpy as np

        values, numbers = np.array(axis.values, dtype=np.float64), np.arange(len(axis.values))
        known = axis.unit in _TITLES
        if known and len(set(axis.values)) == len(axis.values):
            return cls(values=values, title=_TITLES[axis.unit], reverse=axis.unit == WAVENUMBERS, numbers=numbers)
        return cls(values=numbers + 1.0, title=_BY_NUMBER, numbers=numbers)

    def after(self, step: Any, features: int) -> Places:
        """Return those after a fitted step that makes so many features."""
        import numpy as np

        names = _names_out(step, len(self.values))
        if names is None and features == len(self.values) and not _is_latent(step):
            return self
        chosen = None if names is None else [int(name) for name in names if str(name).isdecimal()]
        if chosen is None or len(chosen) != features:
            title = f"{_made_by(step, names or [])} (number)"
            return Places(values=np.arange(1.0, features + 1), title=title)
        numbers = None if self.numbers is None else self.numbers[chosen]
        return Places(values=self.values[chosen], title=self.title, reverse=self.reverse, numbers=numbers)

    @property
    def order(self) -> Array:
        """The features in ascending order of their places."""
        import numpy as np

        return np.argsort(self.values, kind="stable")

    @property
    def pieces(self) -> list[Array]:
        """The features in parts between which none lies that was left out, each in ascending order of places."""
        import numpy as np

        order = self.order
        if self.numbers is None or len(order) < 2:
            return [order]
        apart = np.flatnonzero(np.abs(np.diff(self.numbers[order])) > 1) + 1
        return list(np.split(order, apart))

    def line(self, axes: Axes, heights: Array, *, dotted: bool = True, **look: Any) -> None:
        """Draw a line over the places, broken where features were left out, with a dot for each of few features."""
        label = look.pop("label", None)
        for place, part in enumerate(self.pieces):
            dots: dict[str, Any] = (
                {"marker": ".", "markersize": 4} if len(part) == 1 or (dotted and len(self.values) < _FEW) else {}
            )
            axes.plot(self.values[part], heights[part], label=label if not place else None, **dots, **look)

    def finish(self, axes: Axes, *, title: bool = True) -> None:
        """Set ends, direction and title of the axis."""
        low, high = style.limits(self.values.tolist(), 0.01)
        axes.set_xlim((high, low) if self.reverse else (low, high))
        if title:
            axes.set_xlabel(self.title)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Spectra after some of the steps: what they are called, their values (samples, features), and their places."""

    name: str
    spectra: Array
    places: Places


def stages(subject: Subject, rows: Sequence[int]) -> list[Stage]:
    """Return spectra as recorded, and after each preprocessing step; this loads the fitted steps.

    Parameters
    ----------
    subject
        The pipeline.
    rows
        Which of the samples.
    """
    import numpy as np

    dataset, fitted = subject.dataset, subject.fitted
    found = [Stage(name="as recorded", spectra=dataset.spectra[list(rows)], places=Places.of_axis(dataset.axis))]
    for step, told in zip(fitted.steps[:-1], subject.transforms, strict=True):
        before = found[-1]
        # A step may write to what it is given.
        values = np.asarray(step.transform(before.spectra.copy()), dtype=np.float64)
        name = style.plain(style.short(chain_text([told])), 70)
        found.append(Stage(name=name, spectra=values, places=before.places.after(step, values.shape[1])))
    return found


def _names_out(step: Any, features: int) -> list[str] | None:
    """Return what a step calls the features that come out, where those that go in are called by their numbers."""
    import numpy as np

    told = getattr(step, "get_feature_names_out", None)
    if told is None:
        return None
    names = np.array([str(number) for number in range(features)], dtype=object)
    try:
        return [str(name) for name in told(names)]
    except Exception:  # noqa: BLE001 -- the code of a step can fail in any way, and this is only asked to be kind
        return None


def _made_by(step: Any, names: Sequence[str]) -> str:
    if names and all("__" in name for name in names):
        return "feature, chains side by side"
    return f"{'component' if _is_latent(step) else 'feature'} of {style.short(type(step).__name__)}"


def _is_latent(step: Any) -> bool:
    made_of = [f"{cls.__module__}.{cls.__qualname__}" for cls in type(step).__mro__]
    public = {f"{path.split('._', 1)[0]}.{path.rpartition('.')[2]}" for path in made_of}
    return not CLASSES.isdisjoint(public)


def evenly(rows: Sequence[int], most: int) -> list[int]:
    """Return at most so many of the rows, evenly from first to last."""
    if len(rows) <= most:
        return list(rows)
    places = [round(place * (len(rows) - 1) / (most - 1)) for place in range(most)]
    return [rows[place] for place, _ in itertools.groupby(places)]
