"""The wavelengths of spectra to predict, matched with those of a model: by their values, not their places.

This room compares two axes and rearranges columns; it must not know models or files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.dataset.contents import INDEX, WAVENUMBERS, Axis
from nws.errors import BadInput

if TYPE_CHECKING:
    from numpy import ndarray

    from nws.dataset import Dataset

    Array = ndarray[Any, Any]

SAME, REORDERED, INTERPOLATED, BY_POSITION = "same", "reordered", "interpolated", "by position"
# Of the smallest step: headers are rounded, by one program more than by another.
TOLERANCE = 0.01
# So even steps may be taken for even, and leave most of the tolerance to headers.
_EVEN = TOLERANCE / 4
_NM_PER_CM = 1e7
_SHOWN = 5
_INTERPOLATE = "--interpolate brings them to those of the model, linearly"
_BEYOND = "nothing is extrapolated: measure the range of the model, or fit a model on this one"


@dataclass(frozen=True, kw_only=True)
class Match:
    """How columns of spectra become the features of a model.

    `how` is one of the constants above. Feature j is column `lower[j]`, or lies between `lower[j]` and `upper[j]` by
    the share `weight[j]`. `warning` is what a person ought to know of it.
    """

    how: str
    lower: Array | None = None
    upper: Array | None = None
    weight: Array | None = None
    warning: str = ""

    def apply(self, spectra: Array) -> Array:
        """Return spectra of shape (samples, features of the model), C order, that nobody else has."""
        import numpy as np

        if self.lower is None:
            return np.array(spectra, order="C")
        picked = np.ascontiguousarray(spectra[:, self.lower])
        if self.weight is None:
            return picked
        return np.asarray(picked * (1 - self.weight) + spectra[:, self.upper] * self.weight)


def match(model: Axis | None, features: int, given: Axis, *, where: str, interpolate: bool = False) -> Match:
    """Match the axis of spectra with that of a model.

    Parameters
    ----------
    model
        The axis that the model was fitted on; None if it is not known.
    features
        How many features the model has.
    given
        The axis of the spectra.
    where
        What the spectra are called in messages.
    interpolate
        Whether a different axis may be interpolated, linearly in the unit of the model.

    Raises
    ------
    BadInput
        If they do not fit; the message has both ranges, units and steps.
    """
    if model is None or INDEX in {model.unit, given.unit}:
        return _by_position(model, features, given, where)
    values = _in_unit(given, model.unit)
    if values is None:
        raise BadInput(f"{where}: a wavelength or wavenumber of 0 or less cannot be converted to {said(model.unit)}")
    target = _array(model)
    room = TOLERANCE * _smallest_step(target)
    if len(values) == features and (abs(values - target) <= room).all():
        return Match(how=SAME)
    nearest = _nearest(values, target)
    found = abs(values[nearest] - target) <= room
    if found.all() and len(set(nearest.tolist())) == len(values) == features:
        return Match(how=REORDERED, lower=nearest)
    if not interpolate:
        covers = _covers(values, target, room)
        raise _different(model, given, nearest[found], found, where, hint=_INTERPOLATE if covers else _BEYOND)
    return _interpolated(model, given, values, target, room, where)


def refuse_lost_header(model: Axis | None, dataset: Dataset, where: str) -> None:
    """Refuse spectra of which the first has the wavelengths of the model for values: it was a header.

    Raises
    ------
    BadInput
        With the way to say so.
    """
    import numpy as np

    if model is None or model.unit == INDEX or dataset.axis.unit != INDEX or not dataset.samples:
        return
    target, first = np.sort(_array(model)), np.sort(dataset.spectra[0])
    if len(first) == len(target) and (abs(first - target) <= TOLERANCE * _smallest_step(target)).all():
        raise BadInput(
            f"{where}: the values of its first sample are the wavelengths of the model, so they are a header",
            hint="--header yes",
        )


def _by_position(model: Axis | None, features: int, given: Axis, where: str) -> Match:
    if len(given.values) != features:
        raise BadInput(
            f"{where} has {len(given.values)} features, the model has {features}"
            f"{'' if model is None or model.unit == INDEX else f' ({described(model)})'}",
            hint="columns that are no wavelengths are named with --target, --id or --metadata",
        )
    if model is None:
        why = "the wavelengths of the model are not known here"
    elif model.unit != INDEX:
        why = f"{where} does not say its wavelengths; the model has {described(model)}"
    elif given.unit != INDEX or given.values != model.values:
        why = "the data that the model was fitted on does not say its wavelengths"
    else:
        return Match(how=BY_POSITION)
    return Match(how=BY_POSITION, warning=f"{why}: only their number was compared")


def _array(axis: Axis) -> Array:
    import numpy as np

    return np.array(axis.values, dtype=np.float64)


def _in_unit(axis: Axis, unit: str) -> Array | None:
    """Return the values of an axis in nm or cm⁻¹; None where there is no such value."""
    values = _array(axis)
    if axis.unit == unit:
        return values
    return None if values.min() <= 0 else _NM_PER_CM / values


def _smallest_step(values: Array) -> float:
    import numpy as np

    steps = np.diff(np.sort(values))
    return float(steps[steps > 0].min()) if (steps > 0).any() else 0.0


def _nearest(values: Array, target: Array) -> Array:
    """Return for each target the place of the value nearest to it."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    ordered = values[order]
    above = np.searchsorted(ordered, target).clip(1, len(values) - 1)
    nearer = target - ordered[above - 1] <= ordered[above] - target
    return np.asarray(order[above - nearer])


def _runs_one_way(values: Array) -> bool:
    import numpy as np

    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())


def _covers(values: Array, target: Array, room: float) -> bool:
    return bool(values.min() - room <= target.min() and target.max() <= values.max() + room)


def _different(model: Axis, given: Axis, used: Array, found: Array, where: str, *, hint: str) -> BadInput:
    """Return the refusal of another axis, which names what is missing or too much where that is little."""
    missing = [value for value, there in zip(model.values, found.tolist(), strict=True) if not there]
    taken = set(used.tolist())
    extra = [value for place, value in enumerate(given.values) if place not in taken]
    said_of = []
    if 2 * len(missing) <= len(model.values):
        said_of += [f"lacks {_listed(missing, model.unit)}"] if missing else []
        said_of += [f"has {_listed(extra, given.unit)} too many"] if extra else []
    detail = f" (it {' and '.join(said_of)})" if said_of else ""
    return BadInput(
        f"{where} has other wavelengths than the model{detail}: {described(given)}; the model: {described(model)}",
        hint=hint,
    )


def _interpolated(model: Axis, given: Axis, values: Array, target: Array, room: float, where: str) -> Match:
    import numpy as np

    if not _covers(values, target, room):
        raise BadInput(
            f"{where} does not cover the wavelengths of the model: {described(given)}; the model: {described(model)}",
            hint=_BEYOND,
        )
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    if not (_runs_one_way(values) and _runs_one_way(target)):
        raise BadInput(
            f"{where} cannot be interpolated: the wavelengths, or those of the model, do not run one way",
            hint="columns of several instruments side by side, or in disorder, are matched only where all are there",
        )
    above = np.searchsorted(ordered, target).clip(1, len(values) - 1)
    weight = ((target - ordered[above - 1]) / (ordered[above] - ordered[above - 1])).clip(0, 1)
    return Match(
        how=INTERPOLATED,
        lower=np.asarray(order[above - 1]),
        upper=np.asarray(order[above]),
        weight=weight,
        warning=f"interpolated from {described(given)} to {described(model)}",
    )


def packed(axis: Axis) -> dict[str, Any]:
    """Return an axis as a record keeps it: its ends where its values are evenly spaced, else all of them."""
    import numpy as np

    values = _array(axis)
    even = np.linspace(values[0], values[-1], len(values))
    if (abs(values - even) <= _EVEN * _smallest_step(values)).all():
        return {"unit": axis.unit, "first": axis.values[0], "last": axis.values[-1]}
    return {"unit": axis.unit, "values": list(axis.values)}


def unpacked(told: dict[str, Any], features: int) -> Axis:
    """Return the axis that `packed` wrote, to within a quarter of the tolerance."""
    import numpy as np

    if "values" in told:
        return Axis(unit=told["unit"], values=[float(value) for value in told["values"]])
    return Axis(unit=told["unit"], values=np.linspace(told["first"], told["last"], features).tolist())


def described(axis: Axis) -> str:
    """Return an axis for people: `401 features, 900 to 1700 nm in steps of 2`."""
    ends = f"{len(axis.values)} features, {axis.values[0]:.10g} to {axis.values[-1]:.10g}"
    if axis.unit == INDEX:
        return f"{ends} (no unit)"
    steps = [abs(after - before) for before, after in zip(axis.values, axis.values[1:], strict=False)]
    least, most = min(steps), max(steps)
    # Steps of rounded values differ in their last digits.
    step = f"{(least + most) / 2:.4g}" if most - least <= TOLERANCE * most else f"{least:.4g} to {most:.4g}"
    return f"{ends} {said(axis.unit)} in steps of {step}"


def said(unit: str) -> str:
    """Return a unit for people."""
    return "cm⁻¹" if unit == WAVENUMBERS else unit


def _listed(values: list[float], unit: str) -> str:
    shown = ", ".join(f"{value:.10g}" for value in values[:_SHOWN])
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return f"{shown}{more} {said(unit)}"
