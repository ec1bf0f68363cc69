"""Arrays by name out of NumPy and MATLAB files, within bounds and without running code.

This room reads values; it must not know which of them is the spectra.
"""

from __future__ import annotations

import math
import zipfile
from typing import IO, TYPE_CHECKING, Any

from nws.dataset.extras import needed
from nws.dataset.files import decoding, most_bytes, opened
from nws.dataset.formats import MATLAB, NUMPY
from nws.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_AGAIN = "write the file again, or save the data as delimited text (CSV)"
_NUMBERS = ("double", "single", "logical", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def numpy_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a `.npy` file (under an empty name) or a `.npz` file.

    Raises
    ------
    BadInput
        If it is damaged, holds Python objects (loading these would run code), or says it is larger than it is.
    """
    with decoding(path, NUMPY) as handle:
        if handle.read(2) != b"PK":
            return {"": _npy(handle, path, handle.seek(0, 2))}
        with zipfile.ZipFile(handle) as archive:
            _check_expansion(archive, path, handle.seek(0, 2))
            return {info.filename.removesuffix(".npy"): _member(archive, info, path) for info in archive.infolist()}


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    with archive.open(info) as member:
        return _npy(member, path / info.filename.removesuffix(".npy"), info.file_size)


def _npy(handle: IO[bytes], path: Path, size: int) -> NDArray[Any]:
    import numpy as np

    handle.seek(0)
    version = np.lib.format.read_magic(handle)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(handle)
    if dtype.hasobject:
        raise BadInput(f"{path}: holds Python objects, and loading them would run code", hint=_AGAIN)
    # A header may claim any shape, and the claim is what memory is asked for.
    claimed = dtype.itemsize * int(np.prod([int(length) for length in shape], dtype=object))
    if claimed > size:
        raise ValueError(f"{claimed} bytes are claimed, {size} are there")
    handle.seek(0)
    array: NDArray[Any] = np.lib.format.read_array(handle, allow_pickle=False)
    return array


def _check_expansion(archive: zipfile.ZipFile, path: Path, size: int) -> None:
    limit = most_bytes(size)
    if sum(info.file_size for info in archive.infolist()) > limit:
        raise BadInput(f"{path}: expands to more than {limit >> 20} MiB", hint="if it is genuine, save it uncompressed")


def matlab_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Return the numeric and text variables of a MATLAB file, and the names of those of other classes.

    Text comes as arrays of str. Versions up to 7 are read with SciPy, 7.3 with h5py.

    Raises
    ------
    BadInput
        If it is damaged, or h5py is needed and missing.
    """
    with opened(path) as handle:
        start = handle.read(512)
        size = handle.seek(0, 2)
    if b"MATLAB 7.3" in start[:20] or start.startswith(b"\x89HDF"):
        return _matlab_hdf5(path)
    found = _matlab_classic(path, most_bytes(size))
    arrays = {name: array for name, value in found.items() if (array := _plain(value)) is not None}
    return arrays, [name for name in found if name not in arrays]


def _matlab_classic(path: Path, limit: int) -> dict[str, Any]:
    from scipy.io import loadmat, whosmat

    sizes = {"double": 8, "single": 4, "int64": 8, "uint64": 8}
    with decoding(path, MATLAB) as handle:
        claimed = sum(math.prod(map(int, shape)) * sizes.get(kind, 2) for _, shape, kind in whosmat(handle))
        handle.seek(0)
        found = loadmat(handle, chars_as_strings=True) if claimed <= limit else {}
    if claimed > limit:
        raise BadInput(f"{path}: expands to more than {limit >> 20} MiB", hint="if it is genuine, save it with -v6")
    return {name: value for name, value in found.items() if not name.startswith("__")}


def _plain(value: Any) -> NDArray[Any] | None:
    """Return a variable as an array of numbers or text; None for structs, objects, functions and the like."""
    import numpy as np

    if hasattr(value, "toarray"):
        value = value.toarray()
    if not isinstance(value, np.ndarray):
        return None
    if value.dtype.kind in "fiubU":
        return value
    if value.dtype.kind != "O" or value.dtype.names:
        return None
    texts = [item[0] if isinstance(item, np.ndarray) and item.size == 1 else item for item in value.ravel()]
    texts = ["" if isinstance(item, np.ndarray) and item.size == 0 else item for item in texts]
    if not all(isinstance(item, str) for item in texts):
        return None
    return np.array(texts, dtype=str).reshape(value.shape)


def _matlab_hdf5(path: Path) -> tuple[dict[str, NDArray[Any]], list[str]]:
    h5py = needed("h5py", extra="matlab", path=path, kind="MATLAB 7.3", otherwise="save it with -v7 from MATLAB")
    arrays: dict[str, NDArray[Any]] = {}
    other: list[str] = []
    with decoding(path, MATLAB) as handle, h5py.File(handle, "r") as file:
        for name in file:
            value = None if name.startswith("#") else _hdf5_value(file, file[name], path)
            if value is not None:
                arrays[name] = value
            elif not name.startswith("#"):
                other.append(name)
    return arrays, other


def _hdf5_value(file: Any, item: Any, path: Path) -> NDArray[Any] | None:
    """Return a variable of a 7.3 file; its dimensions stand the other way round in HDF5."""
    import numpy as np

    kind = item.attrs.get("MATLAB_class", b"").decode()
    if not hasattr(item, "shape") or item.attrs.get("MATLAB_empty", 0):
        return None
    if kind in _NUMBERS or (not kind and item.dtype.kind in "fiu"):
        if item.size * 8 > (limit := most_bytes(path.stat().st_size)):
            raise BadInput(f"{path}: expands to more than {limit >> 20} MiB", hint="if it is genuine, save it as CSV")
        return np.asarray(item[()]).T
    if kind == "char":
        return np.array(_characters(item))
    if kind != "cell" or item.dtype != np.dtype("O"):
        return None
    held = [file[reference] for reference in item[()].T.ravel()]
    if not all(each.attrs.get("MATLAB_class", b"") == b"char" for each in held):
        return None
    texts = ["".join(_characters(each)) for each in held]
    return np.array(texts, dtype=str).reshape(item.shape[::-1])


def _characters(item: Any) -> list[str]:
    if item.attrs.get("MATLAB_empty", 0):
        return []
    return ["".join(chr(code) for code in row) for row in item[()].T.tolist()]
