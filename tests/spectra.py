"""Spectra made up for tests, and delimited files of them in every form that people have."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import zstandard

NM = [900.0 + 2 * place for place in range(12)]
CM = [9000.5 - 3.857 * place for place in range(12)]


def spectra(samples=8, features=12, seed=0):
    """Peaks with noise, of full double precision."""
    rng = np.random.default_rng(seed)
    axis = np.linspace(0, 1, features)
    peaks = np.exp(-((axis - rng.uniform(0.2, 0.8, (samples, 1))) ** 2) / 0.05)
    return peaks * rng.uniform(0.3, 1.2, (samples, 1)) + rng.normal(0, 0.02, (samples, features))


def text_of(rows, delimiter=",", decimal=".", end="\n"):
    """Join cells; floats are written in full."""

    def cell(value):
        return repr(float(value)).replace(".", decimal) if isinstance(value, float) else str(value)

    return "".join(delimiter.join(cell(value) for value in row) + end for row in rows)


def write(path: Path, text: str, encoding="utf-8", compression=None) -> Path:
    data = text.encode(encoding)
    if compression == "gz":
        data = gzip.compress(data)
    elif compression == "zst":
        data = zstandard.compress(data)
    path = path.with_name(path.name + (f".{compression}" if compression else ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    if compression == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside.csv", data)
    else:
        path.write_bytes(data)
    return path
