"""Which kind of file a path is: told by its first bytes, else by its name.

This room looks at the first bytes only; it must not read what a file holds.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from nws.dataset.files import COMPRESSED, TEXT, compression_of, opened
from nws.errors import BadInput

if TYPE_CHECKING:
    from typing import IO

DELIMITED = "delimited text"
PARQUET = "Parquet"
ARROW = "Arrow"
NUMPY = "NumPy"
EXCEL = "Excel or OpenDocument"
MATLAB = "MATLAB"
JCAMP = "JCAMP-DX"
OPUS = "Bruker OPUS"
SPC = "Galactic SPC"
DESCRIPTION = "JSON or YAML"
ENDINGS = {
    DELIMITED: TEXT,
    PARQUET: (".parquet",),
    ARROW: (".arrow", ".feather", ".ipc"),
    NUMPY: (".npy", ".npz"),
    EXCEL: (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    MATLAB: (".mat",),
    JCAMP: (".jdx", ".dx", ".jcamp", ".jcm"),
    SPC: (".spc",),
    OPUS: (),  # any number: `.0`, `.1`, `.0012`
    DESCRIPTION: (".json", ".yaml", ".yml"),
}
# Of these a folder may hold one file for each sample.
EACH = (JCAMP, OPUS, SPC)
# Refused by name, with the way that the program of the instrument or of statistics offers.
FOREIGN = {
    "HDF5 or netCDF": (".h5", ".hdf5", ".nc"),
    "R": (".rds", ".rda", ".rdata"),
    "Thermo OMNIC": (".spa", ".spg"),
    "ASD or SVC": (".asd", ".sed", ".sig"),
    "Unscrambler": (".unsb", ".unsx"),
    "SAS, SPSS or Stata": (".sas7bdat", ".sav", ".dta"),
    "SQLite": (".sqlite", ".db"),
    "PDF": (".pdf",),
}
_MAGIC = {
    b"PAR1": PARQUET,
    b"ARROW1": ARROW,
    b"\x93NUMPY": NUMPY,
    b"\xd0\xcf\x11\xe0": EXCEL,
    b"MATLAB 5.0 MAT-file": MATLAB,
    b"MATLAB 7.3 MAT-file": MATLAB,
    b"\x89HDF": "HDF5 or netCDF",
    b"\x0a\x0a\xfe\xfe": OPUS,
    b"SQLite format 3": "SQLite",
    b"%PDF": "PDF",
}
_NUMBERED = re.compile(r"\.\d{1,4}")
_START = 512


def kind_of(path: Path) -> str:
    """Say what kind of file it is, as far as this version reads it.

    Raises
    ------
    BadInput
        If it is missing, or of a kind that is not read, by the name of that kind.
    SystemRefused
        If the system does not let it be read.
    """
    named = kind_named(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        # A pipe gives its bytes once, and breaks if it is opened and left.
        return named or DELIMITED
    with opened(path) as handle:
        start = handle.read(_START)
        kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
        if start.startswith(b"PK\x03\x04"):
            kind = _packed(handle)
    if named == OPUS and kind is None:
        # A number may stand behind any name, and what OPUS writes is known by its first bytes.
        named = None
    if named == SPC and kind == EXCEL:
        raise not_read(path, "Shimadzu SPC")
    if kind == "HDF5 or netCDF" and named == MATLAB:
        return MATLAB
    if kind is None and start.lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith((b"##TITLE", b"##JCAMP")):
        kind = JCAMP
    packed = compression_of(start) in ("gzip", "zstd") or path.name.lower().endswith(".zip")
    if kind is None and packed and named not in (None, JCAMP):
        raise BadInput(f"{path}: a compressed {named} file", hint="decompress it first; only text is read compressed")
    kind = kind or named or DELIMITED
    if kind not in ENDINGS:
        raise not_read(path, kind)
    return kind


def kind_named(path: Path) -> str | None:
    """Say what kind of file, other than delimited text, the name speaks of; None if it speaks of none."""
    name = plain_name(path)
    if _NUMBERED.fullmatch(Path(name).suffix):
        return OPUS
    others = {**ENDINGS, **FOREIGN}
    return next((kind for kind, endings in others.items() if kind != DELIMITED and name.endswith(endings)), None)


def stem(path: Path) -> str:
    """Return the name of a file without the endings that say how it is written."""
    name = path.name
    for endings in (COMPRESSED, tuple(ending for each in ENDINGS.values() for ending in each)):
        ending = next((end for end in endings if name.lower().endswith(end) and len(name) > len(end)), "")
        name = name[: len(name) - len(ending)]
    return name


def plain_name(path: Path) -> str:
    """Return the name of a file in lower case without the ending of its compression."""
    name = path.name.lower()
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return name


def not_read(path: Path, kind: str) -> BadInput:
    """Return the error for a file of a kind that this version does not read."""
    return BadInput(
        f"{path}: {kind} files are not read by this version", hint="save the data as delimited text (CSV) and use that"
    )


def _packed(handle: IO[bytes]) -> str | None:
    """Tell a workbook or arrays, both zip files, from zipped text; None for the last, and for what is damaged."""
    import zipfile

    try:
        with zipfile.ZipFile(handle) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
        return None
    if "[Content_Types].xml" in names or "content.xml" in names:
        return EXCEL
    return NUMPY if names and all(name.endswith(".npy") for name in names) else None
