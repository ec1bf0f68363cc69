"""Arrays of one file, by their names, as the tables of a dataset.

Either they are called X, Y and M, as files of a folder are; or one of them is a matrix, and those that have an entry
for each of its rows are columns beside it. This room must not read files or know what a column is for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nws.dataset.columnar import Columnar, cells
from nws.dataset.folder import PARTITION_WORDS, Part, ours, role_of, sorted_parts
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# Names of the array that holds the axis, compared without case and punctuation, and the unit that they speak of.
_AXIS_WORDS = {
    **dict.fromkeys(("wavelength", "wavelengths", "wl", "lambda", "nm", "xnm"), "nm"),
    **dict.fromkeys(("wavenumber", "wavenumbers", "wn", "cm1"), "cm-1"),
    **dict.fromkeys(("axis", "xaxis", "features", "featurenames", "columns", "header", "headers", "wave", "waves"), ""),
}
_TARGET_WORDS = {"ynames", "targetnames", "ylabels", "ycolumns"}
_PARTITIONED = re.compile(rf"(?P<word>.+?)[ _.\-]*(?P<part>{'|'.join(PARTITION_WORDS)})")
HINT = "name the arrays X and Y, or Xcal, Ycal, Xtest, Ytest"


def tables(path: Path, arrays: Mapping[str, NDArray[Any]], form: str) -> tuple[list[Part], list[Columnar], list[str]]:
    """Make tables of the arrays of a file.

    Parameters
    ----------
    path
        The file; its arrays are called `path/name` in messages.
    arrays
        By name.
    form
        What kind of file it is.

    Returns
    -------
    parts
        As of a folder.
    tables
        One for each path in the parts.
    ignored
        Names of arrays that fit nowhere.

    Raises
    ------
    BadInput
        If it cannot be told which array holds the spectra.
    """
    if len(arrays) == 1:
        array = next(iter(arrays.values()))
        if array.dtype.names is None and array.ndim == 1:
            array = array.reshape(-1, 1)
        return [Part(x=(path,))], [_table(path, array, form)], []
    other = _AXIS_WORDS.keys() | _TARGET_WORDS
    candidates = ours(path / name for name in arrays if _word(name) not in other)
    named = {member.name: arrays[member.name] for member in candidates}
    if not any(_kind(name) == "X" for name in named):
        lone = _only_matrix(path, arrays)
        parts, named = [Part(x=(path / lone,))], {lone: arrays[lone]}
    else:
        parts = sorted_parts([path / name for name in named], str(path))
    beside = {name: array for name, array in arrays.items() if name not in named and array.dtype.names is None}
    used: set[str] = set()
    found = []
    for part in parts:
        rows = _rows(arrays[part.x[0].name])
        for kind, member in part.files():
            array = arrays[member.name]
            if kind == "X":
                extra = beside if member == part.x[0] else {}
                found.append(_spectra(member, array, _fitting(extra, part.partition, rows), beside, form, used))
            else:
                names = _target_names(beside, array, rows, used) if kind == "Y" else None
                found.append(_table(member, _upright(array, rows), form, names))
    missed = [name for name in arrays if name not in used and name not in {t.path.name for t in found}]
    return parts, found, missed


def _kind(name: str) -> str | None:
    role = role_of(name)
    return role.kind if role is not None else None


def _rows(array: NDArray[Any]) -> int:
    return 1 if array.ndim == 1 else int(array.shape[0])


def _only_matrix(path: Path, arrays: Mapping[str, NDArray[Any]]) -> str:
    matrices = {
        name: array
        for name, array in arrays.items()
        if array.ndim == 2 and min(array.shape) > 1 and array.dtype.kind in "fiu"
    }
    if len(matrices) == 1:
        return next(iter(matrices))
    said = ", ".join(f"{name} {'×'.join(map(str, array.shape))}" for name, array in list(arrays.items())[:8])  # noqa: RUF001 -- times
    what = "no matrix of spectra among" if not matrices else "which of the matrices holds the spectra?"
    raise BadInput(f"{path}: {what} {said or 'its variables'}", hint=HINT)


def _fitting(
    beside: Mapping[str, NDArray[Any]], partition: str | None, rows: int
) -> dict[str, tuple[str, NDArray[Any]]]:
    """Return the arrays that have an entry for each row of a partition: column name to the array and its name."""
    found: dict[str, tuple[str, NDArray[Any]]] = {}
    for name, array in beside.items():
        match = _PARTITIONED.fullmatch(name.lower())
        word = name if match is None or partition is None else name[: match.end("word")]
        said = None if match is None else PARTITION_WORDS[match["part"]]
        if (partition is None or said == partition) and array.size == rows and _word(word) not in _AXIS_WORDS:
            found[word] = (name, array)
    return found


def _word(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _spectra(
    path: Path,
    array: NDArray[Any],
    extra: Mapping[str, tuple[str, NDArray[Any]]],
    beside: Mapping[str, NDArray[Any]],
    form: str,
    used: set[str],
) -> Columnar:
    if array.ndim == 1:
        array = array.reshape(1, -1)
    axis = _axis_names(beside, array, used)
    if not extra or array.dtype.names is not None:
        return _table(path, array, form, axis)
    import polars as pl

    used.update(name for name, _ in extra.values())
    columns = [cells(values.ravel()) if values.dtype.kind in "USOb" else values.ravel() for _, values in extra.values()]
    series = [pl.Series(str(place), column) for place, column in enumerate(columns)]
    body = [pl.Series(str(len(series) + place), array[:, place]) for place in range(array.shape[1])]
    names = axis or [str(place + 1) for place in range(array.shape[1])]
    return Columnar(path=path, values=pl.DataFrame([*series, *body]), names=[*extra, *names], form=form)


def _axis_names(beside: Mapping[str, NDArray[Any]], array: NDArray[Any], used: set[str]) -> list[str] | None:
    for name, values in beside.items():
        word = _word(name)
        if word in _AXIS_WORDS and values.size == array.shape[-1]:
            used.add(name)
            flat = values.ravel()
            if flat.dtype.kind not in "fiu":
                return [str(cell or "") for cell in cells(flat)]
            unit = "um" if _AXIS_WORDS[word] == "nm" and flat.size and flat.max() < 100 else _AXIS_WORDS[word]
            return [f"{value!r} {unit}".strip() for value in flat.astype(float).tolist()]
    return None


def _target_names(
    beside: Mapping[str, NDArray[Any]], array: NDArray[Any], rows: int, used: set[str]
) -> list[str] | None:
    for name, values in beside.items():
        if _word(name) in _TARGET_WORDS and values.size == _upright(array, rows).shape[1]:
            used.add(name)
            return [str(cell or "") for cell in cells(values.ravel())]
    return None


def _upright(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return an array with one row for each sample; MATLAB has vectors that lie down."""
    if array.dtype.names is not None or array.ndim > 2:
        return array
    if array.ndim < 2:
        return array.reshape(-1, 1)
    return array.T if array.shape[0] == 1 and array.shape[1] == rows != 1 else array


def _table(path: Path, array: NDArray[Any], form: str, names: Sequence[str] | None = None) -> Columnar:
    if array.dtype.names is not None and array.ndim == 1:
        import polars as pl

        fields = array.dtype.names
        columns = [pl.Series(str(place), array[field]) for place, field in enumerate(fields)]
        return Columnar(path=path, values=pl.DataFrame(columns), names=list(fields), form=form)
    if array.ndim != 2 or array.dtype.kind not in "fiubUSO":
        raise BadInput(
            f"{path}: an array of {array.dtype} with {array.ndim} dimensions is no table",
            hint="two dimensions, samples × features, of real numbers are expected",  # noqa: RUF001 -- times
        )
    return Columnar(path=path, values=array, names=None if names is None else list(names), form=form)
