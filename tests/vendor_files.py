"""Files as instruments of Bruker and programs of Galactic write them, byte by byte after the published layouts.

Nothing here uses the code that reads, nor the packages that it reads with.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from datasets_written import HEADINGS, MADE

# Spectra as 32-bit fractions, which is what instruments keep.
SPECTRA = MADE.spectra.astype("<f4")
# Blocks of OPUS files by the four numbers that say what they hold: part, channel, parameters, quantity.
ABSORBANCE, TRANSMITTANCE, REFLECTANCE = (3, 3, 0, 4), (3, 3, 0, 5), (3, 3, 0, 12)
SAMPLE, REFERENCE = (3, 1, 0, 1), (3, 2, 0, 1)
DIRECTORY = 13 << 10


def axis(header: str) -> tuple[str, list[float]]:
    return HEADINGS[header][1:]


def _code(kind: tuple[int, ...], *, parameters=False, derivative=0, form=0) -> int:
    part, channel, _, quantity = kind
    return part | channel << 2 | parameters << 4 | quantity << 10 | derivative << 17 | form << 19


def _parameters(**values) -> bytes:
    """Parameters with their type: 0 a whole number, 1 a fraction, 2 text."""
    body = b""
    for name, value in values.items():
        if isinstance(value, str):
            text = value.encode("latin-1") + b"\0"
            kind, data = 2, text + b"\0" * (len(text) % 2)
        else:
            kind, data = (0, struct.pack("<i", value)) if isinstance(value, int) else (1, struct.pack("<d", value))
        body += name.encode() + b"\0" + struct.pack("<2h", kind, len(data) // 2) + data
    return body + b"END\0" + struct.pack("<2h", 0, 0)


def opus(path: Path, blocks: dict, x, *, unit="WN", scale=1.0, points=None, format_of_points=1, derivative=0) -> Path:
    """An OPUS file with a block of points, and one of their parameters, for each quantity in `blocks`."""
    held: list[tuple[int, bytes]] = [
        (0x28 | 0 << 2, _parameters(SNM="sample of a test", SFM="powder")),
    ]
    for kind, values in blocks.items():
        said = _parameters(
            DPF=format_of_points, NPT=points or len(values), FXV=float(x[0]), LXV=float(x[-1]), CSF=scale,
            MXY=float(np.max(values)), MNY=float(np.min(values)), DXU=unit, DAT="23/10/2024", TIM="12:00:00.000 (GMT+1)",
        )  # fmt: skip
        code = {"derivative": derivative if kind == ABSORBANCE else 0}
        held.append((_code(kind, parameters=True, **code), said))
        held.append((_code(kind, **code), np.asarray(values, "<f4").tobytes()))
    start, room = 24, 40
    at = start + 12 * room
    entries = [(DIRECTORY, 3 * room, start)]
    body = b""
    for code, data in held:
        padded = data + b"\0" * (-len(data) % 4)
        entries.append((code, len(padded) // 4, at + len(body)))
        body += padded
    table = b"".join(struct.pack("<3i", *entry) for entry in entries).ljust(12 * room, b"\0")
    path.write_bytes(b"\n\n\xfe\xfe" + struct.pack("<d3i", 920622.0, start, room, len(entries)) + table + body)
    return path


UNITS = {"": 0, "cm-1": 1, "um": 2, "nm": 3, "eV": 14}
QUANTITIES = {"": 0, "absorbance": 2, "transmittance": 128}
FLOAT = 0x80


def spc(
    path: Path,
    x,
    spectra,
    *,
    unit="nm",
    quantity="absorbance",
    points="float",
    uneven="",
    exponents=(),
    version=0x4B,
    label=b"",
    log=b"",
    gap=0,
    flags=0,
) -> Path:
    """An SPC file of the new kind with one spectrum, or several.

    `points` is float, or 32 or 16 for whole numbers of so many bits, each a fraction of 2 to the power of the exponent:
    of the file, or where there are several spectra that of each. `uneven` is empty where the axis is even, else
    "shared" or "own": written once, or with every spectrum.
    """  # fmt: skip
    spectra = np.atleast_2d(spectra)
    several = len(spectra) > 1
    powers = [FLOAT] * len(spectra) if points == "float" else list(exponents)
    flag = flags | (points == 16) | several << 2 | bool(label) << 5 | (uneven == "own") << 6 | bool(uneven) << 7
    written = np.asarray(x, "<f4").tobytes()
    body = written if uneven == "shared" else b""
    directory = []
    for place, (values, power) in enumerate(zip(spectra, powers, strict=True)):
        own = struct.pack(
            "<BBHfffIIf4x",
            0,
            power if several or points == "float" else 0,
            place,
            place,
            place + 1,
            0,
            len(values),
            0,
            0.0,
        )
        own += written if uneven == "own" else b""
        if points == "float":
            own += np.asarray(values, "<f4").tobytes()
        else:
            own += np.round(values * 2.0 ** (points - power)).astype(f"<i{points // 8}").tobytes()
        directory.append((512 + len(body), len(own), float(place)))
        body += own
    number = len(x)
    if uneven == "own":
        number = 512 + len(body)
        body += b"".join(struct.pack("<IIf", *entry) for entry in directory)
    body += b"\0" * gap
    at = 512 + len(body) if log else 0
    if log:
        body += struct.pack("<5I44x", 64 + len(log), 4096, 64, 0, 0) + log
    head = struct.pack(
        "<BBBBIddIBBBBI9s9sH32x130s30sIIBBHf48sfIfB187x",
        flag, version, 0, powers[0], number, x[0], x[-1], len(spectra), UNITS[unit], QUANTITIES[quantity], 0, 0,
        2024 << 20 | 10 << 16 | 23 << 11, b"", b"", 0, b"a test", label, at, 0, 0, 0, 0, 1.0, b"", 1.0, 0, 0.0, 0,
    )  # fmt: skip
    assert len(head) == 512
    path.write_bytes(head + body)
    return path
