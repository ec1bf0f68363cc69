"""Column names as an axis: `900 nm`, `X4000.5`, `NIR.1100.nm`, `12`, and which columns are the spectrum.

This room reads names; it must not look at any spectrum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.dataset.contents import INDEX, NANOMETRES, WAVENUMBERS, Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

_MICROMETRES = "um"
_UNITS = {
    NANOMETRES: r"nm|nanomet(?:er|re)s?",
    WAVENUMBERS: r"cm\s?\^?[-−⁻][1¹]|cm\.1|1/cm|/cm|wavenumbers?",  # noqa: RUF001 -- minus signs that people write
    _MICROMETRES: r"[uµμ]m|microns?|micromet(?:er|re)s?",
}
_UNIT = "|".join(f"(?P<u{place}>{pattern})" for place, pattern in enumerate(_UNITS.values()))
_NAME = re.compile(
    r"(?P<prefix>(?:.*?[^\d.,][.,]?)??)"
    rf"(?P<number>\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?)[\s._\[(]*(?:{_UNIT})?[\])]?",
    re.IGNORECASE,
)
# Fewer than this many names with a running number are as likely targets (`y1`, `y2`) as a spectrum.
LEAST = 3
# Without a unit: numbers from 100 up to 3300 are taken for nm, beyond that for cm-1.
_LEAST_WAVELENGTH = 100.0
_LARGEST_WAVELENGTH = 3300.0


@dataclass(frozen=True)
class Wave:
    """One column name read as a place on an axis; `family` is what all names of one spectrum share."""

    family: tuple[str, str]
    value: float

    @property
    def unit(self) -> str:
        """Unit as it was written; empty if there is none."""
        return self.family[1]


def wave(name: str) -> Wave | None:
    """Read a column name as a place on an axis; None if it is not of that form."""
    match = _NAME.fullmatch(name.strip())
    if match is None:
        return None
    unit = next((unit for place, unit in enumerate(_UNITS) if match[f"u{place}"]), "")
    return Wave((match["prefix"].strip().casefold(), unit), float(match["number"].replace(",", ".")))


def spectral_columns(names: Sequence[str], *, excluded: set[int]) -> list[int]:
    """Return the places of the largest family of names that form an axis; none if there is no such family."""
    families: dict[tuple[str, str], list[int]] = {}
    for place, name in enumerate(names):
        found = wave(name) if place not in excluded else None
        if found is not None:
            families.setdefault(found.family, []).append(place)
    largest = max(families.values(), key=len, default=[])
    others = len(names) - len(excluded) - len(largest)
    return largest if len(largest) >= LEAST or (len(largest) == 2 and not others) else []


def axis_of(names: Sequence[str]) -> tuple[Axis, bool]:
    """Return the axis of spectral columns, and whether its unit was assumed from the values.

    Names that form no axis give an index from 1. Micrometres are turned into nm.
    """
    waves = [found for name in names if (found := wave(name)) is not None]
    if len(waves) < len(names) or len({found.family for found in waves}) != 1:
        return Axis(unit=INDEX, values=[float(place + 1) for place in range(len(names))]), False
    values = [found.value for found in waves]
    unit = waves[0].unit
    if unit == _MICROMETRES:
        return Axis(unit=NANOMETRES, values=[round(value * 1000, 9) for value in values]), False
    if unit:
        return Axis(unit=unit, values=values), False
    unit = _assumed_unit(values)
    return Axis(unit=unit, values=values), unit != INDEX


def _assumed_unit(values: list[float]) -> str:
    if is_counting(values) or min(values) < _LEAST_WAVELENGTH:
        return INDEX
    return WAVENUMBERS if max(values) > _LARGEST_WAVELENGTH else NANOMETRES


def is_counting(values: Sequence[float]) -> bool:
    """Say whether values are 0, 1, 2, … or 1, 2, 3, …."""
    return (
        len(values) > 0
        and values[0] in (0, 1)
        and all(value == values[0] + place for place, value in enumerate(values))
    )


def same_axis(one: Axis, other: Axis) -> bool:
    """Say whether two axes stand for the same features."""
    return one == other


def side_by_side(axes: Sequence[Axis]) -> tuple[Axis, list[str]]:
    """Return the axis of several sources side by side, and what there is to say about it.

    It keeps the values where all sources have one unit, even if they overlap or turn; otherwise it counts from 1.
    """
    if len(axes) == 1:
        return axes[0], []
    values = [value for axis in axes for value in axis.values]
    units = {axis.unit for axis in axes}
    if len(units) == 1 and INDEX not in units:
        return Axis(unit=units.pop(), values=values), []
    counted = Axis(unit=INDEX, values=[float(place + 1) for place in range(len(values))])
    return counted, ["the sources have no unit in common, so the features are numbered"] if len(units) > 1 else []
