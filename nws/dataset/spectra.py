"""Files that hold one spectrum each, or a few, made one table: all on one axis, and all of one quantity.

This room knows which room reads which kind of file; it must not know of targets.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.dataset.columnar import Columnar
from nws.dataset.formats import JCAMP, OPUS, stem
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """One spectrum as a file tells it.

    `axis` and `values` are vectors of one length; `unit` is "nm", "um" or "cm-1", empty where the file does not say;
    `quantity` is what the values are (absorbance, …), empty likewise; `title` names the sample.
    """

    axis: NDArray[np.float64]
    unit: str
    values: NDArray[np.floating[Any]]
    quantity: str = ""
    title: str = ""

    @property
    def extent(self) -> str:
        """The axis in words."""
        return f"{self.axis[0]:.10g} to {self.axis[-1]:.10g} {self.unit}".rstrip() + f" in {len(self.axis)} points"


def spectra_table(path: Path, files: Sequence[Path], kind: str) -> Columnar:
    """Read files of one kind as one table: a column of ids, then the spectrum.

    Parameters
    ----------
    path
        What to call the table.
    files
        In the order of the samples. Ids are the names of the files, or the titles where one file has several spectra.
    kind
        JCAMP-DX, Bruker OPUS or Galactic SPC.

    Raises
    ------
    BadInput
        If the package for it is missing, a file is damaged or holds no spectrum, or two have different axes or are of
        different quantities.
    """
    import numpy as np
    import polars as pl

    with np.errstate(all="ignore"):
        found = [(file, spectrum) for file in files for spectrum in _spectra(file, kind)]
    _check_alike(found)
    axis, unit, quantity = found[0][1].axis, found[0][1].unit, found[0][1].quantity
    matrix = np.array([spectrum.values for _, spectrum in found])
    columns = [pl.Series(str(place + 1), matrix[:, place]) for place in range(len(axis))]
    names = [f"{value!r} {unit}".strip() for value in axis.tolist()]
    if ids := _ids(found):
        columns, names = [pl.Series("0", ids), *columns], ["id", *names]
    notes = (*([f"{path.name}: the values are {quantity}"] if quantity else []), *_order_notes(path, files))
    return Columnar(path=path, values=pl.DataFrame(columns), names=names, form=kind, notes=notes)


def _spectra(file: Path, kind: str) -> Iterator[Spectrum]:
    if kind == JCAMP:
        from nws.dataset.jcamp import jcamp_spectra

        return jcamp_spectra(file)
    if kind == OPUS:
        from nws.dataset.opus import opus_spectra

        return opus_spectra(file)
    from nws.dataset.spc import spc_spectra

    return spc_spectra(file)


def _check_alike(found: list[tuple[Path, Spectrum]]) -> None:
    import numpy as np

    first_file, first = found[0]
    if not np.isfinite(first.axis).all():
        raise BadInput(f"{first_file}: damaged: its axis goes from {first.extent}", hint="export it again")
    for file, other in found[1:]:
        which = f"{first_file} and {file}" if file != first_file else f"{file}: two of its spectra"
        if other.unit != first.unit or not np.array_equal(first.axis, other.axis):
            raise BadInput(
                f"{which} do not have the same axis: {first.extent}, {other.extent}",
                hint="export all spectra on one axis",
            )
        if other.quantity != first.quantity:
            one, two = (quantity or "a quantity that is not said" for quantity in (first.quantity, other.quantity))
            raise BadInput(f"{which} are not of one quantity: {one}, {two}", hint="export all spectra as the same")


def _ids(found: list[tuple[Path, Spectrum]]) -> list[str]:
    """Return the ids of the samples; none where nothing tells them apart."""
    spectra = Counter(file for file, _ in found)
    titles = [spectrum.title for _, spectrum in found]
    if len(found) > len(spectra) or (len(spectra) == 1 and titles[0]):
        return titles if all(titles) and len(set(titles)) == len(titles) else []
    stems = [_stem(file) for file in spectra]
    return stems if len(set(stems)) == len(stems) else [file.name for file in spectra]


def _order_notes(path: Path, files: Sequence[Path]) -> list[str]:
    """Say where people and programs sort otherwise: reference values without ids may be in the other order."""
    names = [file.name for file in files]
    if names != sorted(names):
        return []
    counted = sorted(names, key=lambda name: [int(w) if w.isdecimal() else w for w in _DIGITS.split(name)])
    for name, other in zip(names, counted, strict=True):
        if name != other:
            return [f"{path.name}: in the order of names, {name!r} before {other!r}; is that the order of the Y file?"]
    return []


def _stem(file: Path) -> str:
    plain = stem(file)
    # OPUS counts the measurements of a sample in the ending.
    return plain if plain != file.name or not file.suffix[1:].isdigit() else file.stem
