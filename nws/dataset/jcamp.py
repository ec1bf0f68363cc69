"""Spectra out of JCAMP-DX files: one or several in each, all on one axis.

The package jcamp reads the format; this room checks what it says of its own checks. It must not know of targets.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

from nws.dataset.columnar import Columnar
from nws.dataset.extras import needed
from nws.dataset.files import read_text
from nws.dataset.formats import JCAMP, stem
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_UNITS = {"1/CM": "cm-1", "CM-1": "cm-1", "NANOMETERS": "nm", "NANOMETRES": "nm", "NM": "nm", "MICROMETERS": "um"}


def jcamp_table(path: Path, files: Sequence[Path]) -> Columnar:
    """Read JCAMP-DX files as one table: a column of ids, then the spectrum.

    Parameters
    ----------
    path
        What to call the table.
    files
        In the order of the samples. Ids are the names of the files, or the titles where one file has several spectra.

    Raises
    ------
    BadInput
        If the package for it is missing, a file is damaged or holds no spectrum, or two have different axes.
    """
    import numpy as np

    found = [(file, *spectrum) for file in files for spectrum in _spectra(file)]
    first_file, _, axis, unit, _ = found[0]
    for file, _, other, other_unit, _ in found[1:]:
        if other_unit != unit or not np.array_equal(axis, other):
            raise BadInput(
                f"{first_file} and {file} do not have the same axis: {_said(axis, unit)}, {_said(other, other_unit)}",
                hint="export all spectra on one axis",
            )
    ids = [title for _, title, *_ in found] if len(files) == 1 else _stems(found)
    import polars as pl

    matrix = np.array([spectrum for *_, spectrum in found])
    columns = [pl.Series("0", ids), *(pl.Series(str(place + 1), matrix[:, place]) for place in range(len(axis)))]
    names = ["id", *(f"{value!r} {unit}".strip() for value in axis.tolist())]
    if len(set(ids)) < len(ids):
        columns, names = columns[1:], names[1:]
    return Columnar(path=path, values=pl.DataFrame(columns), names=names, form=JCAMP)


def _stems(found: list[tuple[Path, str, Any, str, Any]]) -> list[str]:
    several = len({file for file, *_ in found}) < len(found)
    return [title if several else stem(file) for file, title, *_ in found]


def _said(axis: Any, unit: str) -> str:
    return f"{axis[0]:.10g} to {axis[-1]:.10g} {unit} in {len(axis)} points"


def _spectra(path: Path) -> Iterator[tuple[str, Any, str, Any]]:
    jcamp = needed("jcamp", extra="jcamp", path=path, kind=JCAMP, otherwise="export the spectra as CSV")
    told = io.StringIO()
    lines = read_text(path).data.decode().splitlines(keepends=True)
    try:
        # The package prints what fails of the checks that the format has.
        with contextlib.redirect_stdout(told):
            document = jcamp.read(lines)
    except Exception as err:  # the package raises whatever a damaged file leads it to
        raise BadInput(f"{path}: damaged JCAMP-DX file: {_line(err)}", hint="export it again") from err
    failed = [line for line in told.getvalue().splitlines() if not line.startswith("X-Check")]
    if failed:
        raise BadInput(f"{path}: damaged JCAMP-DX file: {failed[0]}", hint="export it again")
    blocks = document.get("children") or [document]
    there = [block for block in blocks if len(block["x"]) > 1 and "peak table" not in block]
    if not there:
        raise BadInput(f"{path}: no spectrum in it (XYDATA or XYPOINTS)", hint="export the spectra, not peaks or notes")
    for block in there:
        written = str(block.get("xunits", "")).strip().upper()
        yield str(block.get("title", "")).strip(), block["x"], _UNITS.get(written, ""), block["y"]


def _line(err: Exception) -> str:
    return str(err).splitlines()[0] if str(err) else type(err).__name__
