"""Spectra out of Bruker OPUS files: the result of a measurement, not the single channels that it was computed from.

The package brukeropus reads the format; it sets aside what it cannot read, and this room looks there. It must not
know of other files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.dataset.extras import needed
from nws.dataset.files import decoding
from nws.dataset.formats import OPUS
from nws.dataset.spectra import Spectrum
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What brukeropus calls the results, the one that is taken first: absorbance, log reflectance, ATR, what was computed to
# look like absorbance, reflectance, transmittance, Kubelka-Munk, and what is less likely in quantitative work.
_RESULTS = ("a", "logr", "atr", "aria", "r", "t", "km", "arit", "pas", "e", "ra")
_UNITS = {"WN": "cm-1", "MI": "um"}
_FRACTIONS = 1
_AGAIN = "open it in OPUS and save it again, or export it as JCAMP-DX"


def opus_spectra(path: Path) -> Iterator[Spectrum]:
    """Yield the spectrum of an OPUS file.

    Raises
    ------
    BadInput
        If the package for it is missing, or the file is damaged, holds no result, or has an axis of another kind.
    """
    brukeropus = needed("brukeropus", extra="opus", path=path, kind=OPUS, otherwise="export the spectra as JCAMP-DX")
    with decoding(path, OPUS) as handle:
        if not handle.read(1):
            raise BadInput(f"{path} is empty", hint=_AGAIN)
        try:
            file = brukeropus.read_opus(str(path))
        except KeyError as err:
            raise ValueError(f"the parameter {str(err.args[0]).upper()} is missing") from err
        if not file:
            raise BadInput(f"{path}: no Bruker OPUS file, though it is called like one", hint="move it elsewhere")
        found = _spectrum(_result(file, path), path)
    yield found


def _result(file: Any, path: Path) -> Any:
    """Choose what the measurement is about among the blocks of a file."""
    # Points without their parameters, or fewer than these say, are left over by the package without a word.
    lost = {_plain(block.get_data_key()) for block in file.unmatched_data_blocks}
    blocks = [getattr(file, key) for key in file.data_keys]
    for key in _RESULTS:
        # Derivatives have the key of what they are derived from. The last one that was stored comes first.
        found = [block for block in blocks if _plain(block.key) == key and not block.block.type[4]]
        if found:
            return found[0]
        if key in lost:
            raise BadInput(f"{path}: damaged Bruker OPUS file: points or parameters of a spectrum lack", hint=_AGAIN)
    if file.series_keys:
        raise BadInput(f"{path}: a series of spectra in one OPUS file", hint="save each as a file of its own in OPUS")
    if file.parse_error_blocks or not blocks:
        raise BadInput(f"{path}: damaged Bruker OPUS file: no spectrum can be read from it", hint=_AGAIN)
    held = ", ".join(dict.fromkeys(str(block.label) for block in blocks))
    raise BadInput(
        f"{path}: no absorbance, reflectance or transmittance in it, only {held}",
        hint="compute the spectrum in OPUS and save it with the result",
    )


def _plain(key: str) -> str:
    return key.split("_", maxsplit=1)[0]


def _spectrum(result: Any, path: Path) -> Spectrum:
    unit = _UNITS.get(result.params.dxu)
    if unit is None:
        raise BadInput(f"{path}: its axis is in {result.params.dxu!r}, not in cm-1", hint="convert it in OPUS")
    if result.params.dpf != _FRACTIONS:
        raise BadInput(f"{path}: its points are whole numbers, which are not read", hint=_AGAIN)
    if len(result.x) < 2:
        raise ValueError(f"a spectrum of {len(result.x)} points")
    return Spectrum(axis=result.x, unit=unit, values=result.y, quantity=str(result.label).lower())
