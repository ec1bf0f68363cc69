"""From paths to tables: which files there are, what kind each is, and each opened by the room for its kind.

This room must not decide what stands in the tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nws.dataset.dialect import Delimited, delimited
from nws.dataset.files import Text, read_text
from nws.dataset.folder import SPECTRA_EACH, Part, is_table, ours, parts_of, role_of, sorted_parts, spectra_in
from nws.dataset.formats import (
    ARROW,
    DELIMITED,
    DESCRIPTION,
    EACH,
    EXCEL,
    MATLAB,
    NUMPY,
    PARQUET,
    kind_named,
    kind_of,
)  # fmt: skip
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nws.dataset.contents import ReadOptions
    from nws.dataset.table import File

_SEVERAL = "give the file alone, or save each array or sheet as a file of its own"


@dataclass(kw_only=True)
class Gathered:
    """The tables of a dataset, by path; `each` has the options for each path, `options` those for the whole."""

    parts: list[Part]
    options: ReadOptions
    ignored: list[str]
    files: dict[str, File] = field(default_factory=dict)
    each: dict[str, ReadOptions] = field(default_factory=dict)


def gather(paths: Sequence[Path], options: ReadOptions) -> Gathered:
    """Open whatever the paths given by a person stand for.

    Raises
    ------
    BadInput
        If they make up no dataset, or a file cannot be read.
    SystemRefused
        If the system does not let one be read.
    """
    found = _gathered(paths, options)
    for part in found.parts:
        for _, path in part.files():
            sibling = found.files.get(str(part.x[0]))
            mine = found.each.setdefault(str(path), found.options)
            if str(path) not in found.files:
                found.files[str(path)] = _open(path, mine, sibling if isinstance(sibling, Delimited) else None)
    return found


def _gathered(paths: Sequence[Path], options: ReadOptions) -> Gathered:
    if len(paths) > 1 and (kind := _kind_of_each(paths)):
        return _of_spectra(paths, kind, options)
    if len(paths) != 1 or paths[0].is_dir():
        parts, ignored = parts_of(paths)
        return Gathered(parts=parts, options=options, ignored=ignored)
    return _of_one(paths[0], options)


def _kind_of_each(paths: Sequence[Path]) -> str | None:
    """Return the kind of several files that are a sample each; None if they are something else."""
    kinds = {kind_named(path) for path in paths}
    if len(kinds) > 1 or not kinds <= {*EACH} or all(map(is_table, paths)):
        return None
    # A number behind the name may mean anything.
    return next((kind for path in paths if (kind := kind_of(path)) in kinds), None)


def _of_one(path: Path, options: ReadOptions) -> Gathered:
    """Open a single file, which may hold several tables or name others."""
    kind = kind_of(path)
    if kind == DESCRIPTION:
        from nws.dataset.description import described

        told = described(path, options)
        return Gathered(parts=told.parts, options=told.options, ignored=told.ignored, each=told.each)
    if kind in EACH:
        return _of_spectra([path], kind, options)
    if kind in (NUMPY, MATLAB):
        return _of_arrays(path, kind, options)
    if kind == EXCEL:
        return _of_sheets(path, options)
    return Gathered(parts=[Part(x=(path,))], options=options, ignored=[])


def _open(path: Path, options: ReadOptions, sibling: Delimited | None) -> File:
    """Open a file that is one table."""
    from nws.dataset.spectra import spectra_table

    if each := next((kind for kind, name in SPECTRA_EACH.items() if name == path.name), None):
        return spectra_table(path, spectra_in(path.parent, each), each)
    kind = kind_of(path)
    if kind in EACH:
        return spectra_table(path, [path], kind)
    if kind in (PARQUET, ARROW):
        from nws.dataset.typed import typed_table

        return typed_table(path, kind)
    if kind in (NUMPY, MATLAB):
        inner = _of_arrays(path, kind, options)
        return _only(path, inner)
    if kind == EXCEL:
        return _only(path, _of_sheets(path, options))
    if kind != DELIMITED:
        raise BadInput(f"{path}: a {kind} file is not one of several", hint="give it alone")
    return delimited(read_text(path), options, sibling=sibling)


def _only(path: Path, inner: Gathered) -> File:
    if len(inner.parts) > 1 or inner.parts[0].y is not None or len(inner.parts[0].x) > 1:
        raise BadInput(f"{path}: X and Y, or several partitions, in one of several files", hint=_SEVERAL)
    return inner.files[str(inner.parts[0].x[0])]


def _of_spectra(paths: Sequence[Path], kind: str, options: ReadOptions) -> Gathered:
    from nws.dataset.spectra import spectra_table

    path = paths[0] if len(paths) == 1 else paths[0].parent / SPECTRA_EACH[kind]
    table = spectra_table(path, paths, kind)
    return Gathered(parts=[Part(x=(path,))], options=options, ignored=[], files={str(path): table})


def _of_arrays(path: Path, kind: str, options: ReadOptions) -> Gathered:
    from nws.dataset.arrays import matlab_arrays, numpy_arrays
    from nws.dataset.members import tables

    arrays, other = (numpy_arrays(path), []) if kind == NUMPY else matlab_arrays(path)
    if not arrays:
        said = f"; it holds {', '.join(other[:5])}, of classes that are not read" if other else ""
        raise BadInput(f"{path} holds no array{said}", hint="a matrix with one row per sample is expected")
    parts, found, missed = tables(path, arrays, kind)
    files: dict[str, File] = {str(table.path): table for table in found}
    return Gathered(parts=parts, options=options, ignored=sorted([*other, *missed]), files=files)


def _of_sheets(path: Path, options: ReadOptions) -> Gathered:
    from nws.dataset.workbook import sheets

    found = sheets(path)
    plain = replace(options, delimiter="tab", decimal="point")
    chosen = _chosen(path, found, options.sheet)
    if len(chosen) == 1:
        parts = [Part(x=(path,))]
        texts = {path: next(iter(chosen.values()))}
    else:
        texts = {path / name: replace(text, path=path / name) for name, text in chosen.items()}
        parts = sorted_parts(list(texts), str(path))
    files: dict[str, File] = {str(place): delimited(text, plain) for place, text in texts.items()}
    ignored = [name for name in found if name not in chosen]
    return Gathered(parts=parts, options=options, ignored=ignored, files=files)


def _chosen(path: Path, found: dict[str, Text], sheet: str | None) -> dict[str, Text]:
    if sheet is not None:
        if sheet not in found:
            raise BadInput(f"{path}: no sheet {sheet!r} with anything in it", hint=f"sheets: {', '.join(found)}")
        return {sheet: found[sheet]}
    named = {member.name: found[member.name] for member in ours(path / name for name in found)}
    if len(found) == 1 or any(getattr(role_of(name), "kind", None) == "X" for name in named):
        return named if len(found) > 1 else found
    raise BadInput(
        f"{path}: {len(found)} sheets, and none is called X: {', '.join(found)}",
        hint="name one with --sheet, or call them X and Y, or Xcal, Ycal, Xtest, Ytest",
    )
