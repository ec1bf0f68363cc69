"""Spectra out of JCAMP-DX files: one or several in each.

The package jcamp reads the format; this room checks what it says of its own checks. It must not know of other files.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

from nws.dataset.extras import needed
from nws.dataset.files import read_text
from nws.dataset.formats import JCAMP
from nws.dataset.spectra import Spectrum
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UNITS = {"1/CM": "cm-1", "CM-1": "cm-1", "NANOMETERS": "nm", "NANOMETRES": "nm", "NM": "nm", "MICROMETERS": "um"}


def jcamp_spectra(path: Path) -> Iterator[Spectrum]:
    """Yield the spectra of a JCAMP-DX file.

    Raises
    ------
    BadInput
        If the package for it is missing, or the file is damaged or holds no spectrum.
    """
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
        title = str(block.get("title", "")).strip()
        yield Spectrum(axis=block["x"], unit=_UNITS.get(written, ""), values=block["y"], title=title)


def _line(err: Exception) -> str:
    if isinstance(err, KeyError):
        return f"it has no {err}"
    return str(err).splitlines()[0] if str(err) else type(err).__name__
