"""Which files make up a dataset: one wide file, X and Y files, or a folder of X/Y/M files by partition.

This room reads names only; it must not open any file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nws.dataset.formats import EACH, ENDINGS, FOREIGN, JCAMP, OPUS, SPC, kind_named, not_read, plain_name, stem
from nws.errors import BadInput
from nws.fsio import names as names_in
from nws.ids import name_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

PARTITION_WORDS = {
    "train": "train",
    "training": "train",
    "cal": "train",
    "calibration": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
_KINDS = {"x": "X", "y": "Y", "m": "M", "meta": "M", "metadata": "M"}
_KIND = "|".join(sorted(_KINDS, key=len, reverse=True))
_PART = "|".join(sorted(PARTITION_WORDS, key=len, reverse=True))
_GAP = r"[ _.\-]*"
# A source is a number, or a word set off from what stands before it: X1, Xcal_2, X_train-NIR.
_SOURCE = rf"(?:{_GAP}(?P<number>\d+)|[ _.\-]+(?P<word>[^ _.\-].*))?"
_NAME = re.compile(
    rf"(?:(?P<kind>{_KIND})(?:{_GAP}(?P<part>{_PART}))?|(?P<part2>{_PART}){_GAP}(?P<kind2>{_KIND})){_SOURCE}"
)
_TABLES = tuple(end for kind, ends in ENDINGS.items() if kind not in (*EACH, "JSON or YAML") for end in ends)
LOOKED_FOR = "X, Y and M files, with cal, train, val or test: Xcal.csv, Y_train.csv.gz, M_test.csv, or X.csv and Y.csv"
# What all files of one kind in a folder are called together, where each holds a sample.
SPECTRA_EACH = {JCAMP: "*.jdx", OPUS: "*.0", SPC: "*.spc"}


@dataclass(frozen=True, kw_only=True)
class Role:
    """What a name says: `kind` X, Y or M, `partition` if it names one, `source` if there are several."""

    kind: str
    partition: str | None = None
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The files of one partition; `partition` is None where the names do not say.

    `x` holds the files of all sources, in order; `by_order` says that the files are X and Y because they were given
    in that order, not by their names.
    """

    x: tuple[Path, ...]
    y: Path | None = None
    m: Path | None = None
    partition: str | None = None
    by_order: bool = False

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield kind ("X", "Y", "M") and path of the files that are there."""
        for path in self.x:
            yield "X", path
        for kind, other in (("Y", self.y), ("M", self.m)):
            if other is not None:
                yield kind, other


def role_of(name: str) -> Role | None:
    """Read a name without endings as X, Y or M with a partition and a source; None if it is none of them."""
    match = _NAME.fullmatch(name.lower())
    if match is None:
        return None
    word = match["part"] or match["part2"]
    return Role(
        kind=_KINDS[match["kind"] or match["kind2"]],
        partition=PARTITION_WORDS[word] if word else None,
        source=match["number"] or match["word"] or "",
    )


def name_of(paths: Sequence[Path]) -> str:
    """Return an allowed name for the dataset in these paths: the folder's or file's, without endings.

    Files called X and Y are named after the folder they lie in.
    """
    first = paths[0]
    if first.is_dir():
        return name_from(first.resolve().name)
    role = role_of(stem(first))
    plain = role is not None and not (role.source and not role.source.isdigit())
    return name_from(first.resolve().parent.name if plain else stem(first))


def parts_of(paths: Sequence[Path]) -> tuple[list[Part], list[str]]:
    """Sort paths given by a person into parts, train first.

    Returns
    -------
    parts
        One for each partition.
    ignored
        Names in the folder that are not part of the dataset.

    Raises
    ------
    BadInput
        If the paths do not make up a dataset.
    """
    if not paths:
        raise BadInput("no data file given", hint="give a file, an X and a Y file, or a folder")
    if len(paths) == 1:
        return _folder(paths[0]) if paths[0].is_dir() else ([Part(x=(paths[0],))], [])
    folder = next((path for path in paths if path.is_dir()), None)
    if folder is not None:
        raise BadInput(f"{folder} is a folder among {len(paths)} paths", hint="give one folder alone, or files only")
    if len({path.resolve() for path in paths}) < len(paths):
        raise BadInput(f"{paths[0]}: the same file is given twice", hint="give the X file and the Y file")
    if len(ours(paths)) == len(paths):
        return sorted_parts(paths, "the files given"), []
    if len(paths) > 3:
        raise BadInput(f"{len(paths)} files that do not say what they are", hint=f"looked for: {LOOKED_FOR}")
    return [Part(x=(paths[0],), y=paths[1], m=paths[2] if len(paths) == 3 else None, by_order=True)], []


def _folder(folder: Path) -> tuple[list[Part], list[str]]:
    there = [folder / name for name in names_in(folder) if not name.startswith(".")]
    known = ours([path for path in there if is_table(path) and not path.is_dir()])
    foreign = [path for path in there if kind_named(path) in FOREIGN and role_of(plain_name(path).split(".")[0])]
    if foreign:
        error = not_read(foreign[0], str(kind_named(foreign[0])))
        raise BadInput(error.message, hint="save the data as delimited text (CSV), or move the file out of the folder")
    kind = None if any(_role(path).kind == "X" for path in known) else _kind_of_each(folder)
    if kind is not None:
        each = spectra_in(folder, kind)
        parts = sorted_parts([folder / f"X{SPECTRA_EACH[kind][1:]}", *known], str(folder))
        parts = [Part(x=(folder / SPECTRA_EACH[kind],), y=parts[0].y, m=parts[0].m)]
        return parts, [path.name for path in there if path not in known and path not in each]
    if not any(_role(path).kind == "X" for path in known) and not any(_role(path).partition for path in known):
        known = []
    if not known:
        for path in (path for path in there if kind_named(path) in FOREIGN):
            raise not_read(path, str(kind_named(path)))
        found = ", ".join(path.name for path in there[:5]) or "nothing"
        raise BadInput(f"{folder}: no data files found in it (there is {found})", hint=f"looked for: {LOOKED_FOR}")
    return sorted_parts(known, str(folder)), [path.name for path in there if path not in known]


def spectra_in(folder: Path, kind: str) -> list[Path]:
    """Return the files of one kind in a folder, in the order of their names."""
    names = [name for name in names_in(folder) if not name.startswith(".")]
    return [path for name in names if kind_named(path := folder / name) == kind and path.is_file()]


def _kind_of_each(folder: Path) -> str | None:
    """Return of which kind the files of spectra in a folder are; None if there are none."""
    there = {kind: found[0] for kind in EACH if (found := spectra_in(folder, kind))}
    if len(there) > 1:
        one, two = list(there.values())[:2]
        raise BadInput(f"{one} and {two} are spectra of two kinds", hint="keep those of one kind in the folder")
    return next(iter(there), None)


def is_table(path: Path) -> bool:
    """Say whether a name is that of a file with many samples, which may be an X, Y or M file.

    Files of kinds that hold one spectrum each are samples, unless they name a partition: `Xcal.spc`.
    """
    role = role_of(stem(path)) if kind_named(path) in EACH else None
    return plain_name(path).endswith(_TABLES) or (role is not None and role.partition is not None)


def ours(paths: Iterable[Path]) -> list[Path]:
    """Return the files, arrays or sheets whose names say what they are.

    Y and M with a word behind them are notes of someone, unless all have that word.
    """
    roles = {path: role for path in paths if (role := role_of(stem(path))) is not None}
    alike = len({role.source for role in roles.values()}) == 1
    return [
        path for path, role in roles.items() if alike or role.kind == "X" or not role.source or role.source.isdigit()
    ]


def _role(path: Path) -> Role:
    role = role_of(stem(path))
    assert role is not None
    return role


def sorted_parts(paths: Sequence[Path], where: str) -> list[Part]:
    """Sort files, or arrays or sheets of one file, into parts by their names, train first.

    Raises
    ------
    BadInput
        If two have the same role, one has no X, or partitions have different sources.
    """
    found: dict[str | None, dict[str, dict[str, Path]]] = {}
    alike = len({_role(path).source for path in paths}) == 1
    for path in paths:
        role = replace(_role(path), source="") if alike else _role(path)
        if role.source and role.kind != "X":
            raise BadInput(
                f"{path}: only spectra come from several sources (a word or number at the end of the name)",
                hint=f"put the columns into one {role.kind} file for each partition",
            )
        sources = found.setdefault(role.partition, {}).setdefault(role.kind, {})
        other = sources.setdefault(role.source, path)
        if other != path:
            raise BadInput(
                f"{other} and {path} are both {role.kind} of {role.partition or 'all samples'}",
                hint="keep one of them",
            )
    _check_partitions(found, where)
    _check_sources(found)
    order = [None, "train", "val", "test"]
    return [
        Part(
            x=tuple(files["X"][source] for source in sorted(files["X"], key=_natural)),
            y=files.get("Y", {}).get(""),
            m=files.get("M", {}).get(""),
            partition=partition,
        )
        for partition, files in sorted(found.items(), key=lambda item: order.index(item[0]))
    ]


def _natural(source: str) -> tuple[int, str]:
    return (int(source), "") if source.isdecimal() else (0, source)


def _check_partitions(found: dict[str | None, dict[str, dict[str, Path]]], where: str) -> None:
    if None in found and len(found) > 1:
        plain = next(iter(next(iter(found[None].values())).values()))
        raise BadInput(
            f"{plain} names no partition, but other files of {where} do",
            hint="name all of them, as in Xcal.csv and Xtest.csv",
        )
    for partition, files in found.items():
        if "X" not in files:
            lone = next(iter(next(iter(files.values())).values()))
            raise BadInput(f"{lone} has no X file for {partition or 'its samples'}", hint=f"looked for: {LOOKED_FOR}")


def _check_sources(found: dict[str | None, dict[str, dict[str, Path]]]) -> None:
    every = {source: path for files in found.values() for source, path in files["X"].items()}
    for sources in (files["X"] for files in found.values()):
        if "" in sources and len(sources) > 1:
            plain, other = sources[""], next(path for source, path in sources.items() if source)
            raise BadInput(
                f"{plain} and {other}: is the second another source of spectra?",
                hint="if so, name both (X_nir.csv, X_mir.csv, or X1.csv, X2.csv); if not, move it out of the folder",
            )
    for partition, files in found.items():
        for source in sorted(every.keys() - files["X"].keys()):
            raise BadInput(
                f"{every[source]}: {partition} has no X file of that source",
                hint="each source needs an X file for each partition",
            )
