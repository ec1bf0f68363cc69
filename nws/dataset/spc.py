"""Spectra out of Galactic SPC files: one or several in each, evenly spaced or not.

The package spc-io reads the format; this room sets right what it takes otherwise than the format says. It must not
know of other files.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

from nws.dataset.axis import wave
from nws.dataset.extras import needed
from nws.dataset.files import decoding
from nws.dataset.formats import SPC
from nws.dataset.spectra import Spectrum
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

# Names of spc-io for the codes of the format; other units of the axis are refused, other quantities are not named.
_UNITS = {"XARB": "", "XWAVEN": "cm-1", "XRAMANS": "cm-1", "XUMETR": "um", "XNMETR": "nm"}
_QUANTITIES = {
    "YIGRAM": "interferogram",
    "YABSRB": "absorbance",
    "YKMONK": "Kubelka-Munk",
    "YCOUNT": "counts",
    "YLOGDR": "log(1/R)",
    "YPERCNT": "percent",
    "YINTENS": "intensity",
    "YTRANS": "transmittance",
    "YREFLEC": "reflectance",
    "YEMISN": "emission",
}
_FLOAT = -128
_AGAIN = "save it again in the program that wrote it, or export the spectra as JCAMP-DX or CSV"


def spc_spectra(path: Path) -> Iterator[Spectrum]:
    """Yield the spectra of an SPC file in the order in which they are stored.

    Raises
    ------
    BadInput
        If the package for it is missing, or the file is damaged, of an old kind, or has an axis of another kind.
    """
    package = needed("spc_io", extra="spc", path=path, kind=SPC, otherwise="export the spectra as JCAMP-DX or CSV")
    # It warns of whatever follows the spectra.
    logging.getLogger("spc_io").setLevel(logging.CRITICAL)
    with decoding(path, SPC) as handle:
        data = handle.read()
        if not data:
            raise BadInput(f"{path} is empty", hint=_AGAIN)
        raw = _raw(package, data, path)
        found = [_spectrum(raw, sub, path) for sub in raw.subs]
    yield from found


def _raw(package: Any, data: bytes, path: Path) -> Any:
    """Return what spc-io makes of a file, without the log that may follow the spectra."""
    header = package.low_level.headers.SpcHdr.from_buffer_copy(data)
    version = str(header.fversn)
    if version != "LSB_format":
        old = version in ("MSB_format", "old_format")
        what = f"a {SPC} file of an old kind" if old else f"no {SPC} file, though it is called like one"
        raise BadInput(f"{path}: {what}", hint=_AGAIN if old else "move it elsewhere")
    if header.ftflgs.TRANDM:
        raise BadInput(f"{path}: a {SPC} file whose spectra have no order, which is not read", hint=_AGAIN)
    # It is taken to lie right behind the spectra, where not every program puts it.
    header.flogoff = 0
    plain = bytes(header)
    try:
        return package.SpcRaw.from_bytes_io(io.BytesIO(plain + data[len(plain) :]))
    except (ValueError, IndexError) as err:
        raise ValueError("it ends before its spectra do") from err


def _spectrum(raw: Any, sub: Any, path: Path) -> Spectrum:
    header = raw.main_header
    own = raw.xarray if sub.xarray is None else sub.xarray
    axis = _even(header) if own is None else own.astype(float)
    if len(axis) < 2:
        raise ValueError(f"a spectrum of {len(axis)} points")
    quantity = _QUANTITIES.get(str(header.fytype), "")
    return Spectrum(axis=axis, unit=_unit(header, path), values=_values(header, sub), quantity=quantity)


def _even(header: Any) -> NDArray[np.float64]:
    import numpy as np

    return np.linspace(header.ffirst, header.flast, header.fnpts)


def _values(header: Any, sub: Any) -> NDArray[np.floating[Any]]:
    values: NDArray[np.floating[Any]] = sub.yarray
    whole = _FLOAT not in (header.fexp, sub.header.subexp)
    # Whole numbers have the exponent of the file, unless each spectrum has its own; spc-io takes that of the spectrum.
    return values * 2.0 ** (header.fexp - sub.header.subexp) if whole and not header.ftflgs.TMULTI else values


def _unit(header: Any, path: Path) -> str:
    """Return the unit of the axis; a label of a program's own counts where it is a unit that we know."""
    if header.ftflgs.TALABS and (label := header.fcatxt.decode("latin-1").strip()):
        named = wave(f"1 {label}")
        return named.unit if named is not None else ""
    code = str(header.fxtype)
    if code not in _UNITS:
        raise BadInput(f"{path}: the unit of its axis is {code} of the format, no wavelength", hint=_AGAIN)
    return _UNITS[code]
