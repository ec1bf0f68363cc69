"""Which files make up a dataset: one wide file, X and Y files, or a folder of X/Y/M files by partition.

This room reads names only; it must not open any file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.dataset.files import COMPRESSED, TEXT, other_kind, stem
from nws.errors import BadInput
from nws.fsio import names as names_in
from nws.ids import name_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
_NAME = re.compile(
    rf"(?:(?P<kind>{_KIND})(?:{_GAP}(?P<part>{_PART}))?|(?P<part2>{_PART}){_GAP}(?P<kind2>{_KIND}))(?P<source>{_GAP}\d+)?"
)
LOOKED_FOR = "X, Y and M files, with cal, train, val or test: Xcal.csv, Y_train.csv.gz, M_test.csv, or X.csv and Y.csv"


@dataclass(frozen=True, kw_only=True)
class Part:
    """The files of one partition; `partition` is None where the names do not say.

    `by_order` says that the files are X and Y because they were given in that order, not by their names.
    """

    x: Path
    y: Path | None = None
    m: Path | None = None
    partition: str | None = None
    by_order: bool = False

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield kind ("X", "Y", "M") and path of the files that are there."""
        for kind, path in (("X", self.x), ("Y", self.y), ("M", self.m)):
            if path is not None:
                yield kind, path


def name_of(paths: Sequence[Path]) -> str:
    """Return an allowed name for the dataset in these paths: the folder's or file's, without endings.

    Files called X and Y are named after the folder they lie in.
    """
    first = paths[0]
    if first.is_dir():
        return name_from(first.resolve().name)
    found = _NAME.fullmatch(stem(first).lower())
    return name_from(first.resolve().parent.name if found else stem(first))


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
        return _folder(paths[0]) if paths[0].is_dir() else ([Part(x=paths[0])], [])
    folder = next((path for path in paths if path.is_dir()), None)
    if folder is not None:
        raise BadInput(f"{folder} is a folder among {len(paths)} paths", hint="give one folder alone, or files only")
    if len({path.resolve() for path in paths}) < len(paths):
        raise BadInput(f"{paths[0]}: the same file is given twice", hint="give the X file and the Y file")
    if all(_NAME.fullmatch(stem(path).lower()) for path in paths):
        return _sorted_parts(paths, "the files given"), []
    if len(paths) > 3:
        raise BadInput(f"{len(paths)} files that do not say what they are", hint=f"looked for: {LOOKED_FOR}")
    return [Part(x=paths[0], y=paths[1], m=paths[2] if len(paths) == 3 else None, by_order=True)], []


def _folder(folder: Path) -> tuple[list[Part], list[str]]:
    there = [folder / name for name in names_in(folder) if not name.startswith(".")]
    known = [path for path in there if _NAME.fullmatch(stem(path).lower()) and _is_text(path)]
    foreign = [path for path in there if _NAME.fullmatch(_bare(path)) and other_kind(path) and path not in known]
    if foreign:
        raise BadInput(
            f"{foreign[0]}: {other_kind(foreign[0])} files are not read by this version",
            hint="save the data as delimited text (CSV), or move the file out of the folder",
        )
    if not known:
        found = ", ".join(path.name for path in there[:5]) or "nothing"
        raise BadInput(f"{folder}: no data files found in it (there is {found})", hint=f"looked for: {LOOKED_FOR}")
    return _sorted_parts(known, str(folder)), [path.name for path in there if path not in known]


def _is_text(path: Path) -> bool:
    name = path.name.lower()
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return name.endswith(TEXT) and not path.is_dir()


def _bare(path: Path) -> str:
    return path.name.lower().split(".")[0]


def _sorted_parts(paths: Sequence[Path], where: str) -> list[Part]:
    found: dict[str | None, dict[str, Path]] = {}
    for path in paths:
        partition, kind = _role(path)
        other = found.setdefault(partition, {}).setdefault(kind, path)
        if other != path:
            raise BadInput(
                f"{other} and {path} are both {kind} of {partition or 'all samples'}", hint="keep one of them"
            )
    if None in found and len(found) > 1:
        plain = next(iter(found[None].values()))
        raise BadInput(
            f"{plain} names no partition, but other files of {where} do",
            hint="name all of them, as in Xcal.csv and Xtest.csv",
        )
    for partition, files in found.items():
        if "X" not in files:
            lone = next(iter(files.values()))
            raise BadInput(f"{lone} has no X file for {partition or 'its samples'}", hint=f"looked for: {LOOKED_FOR}")
    order = [None, "train", "val", "test"]
    return [
        Part(x=files["X"], y=files.get("Y"), m=files.get("M"), partition=partition)
        for partition, files in sorted(found.items(), key=lambda item: order.index(item[0]))
    ]


def _role(path: Path) -> tuple[str | None, str]:
    match = _NAME.fullmatch(stem(path).lower())
    assert match is not None
    if match["source"]:
        raise BadInput(
            f"{path}: several sources of spectra (a number at the end) are not read by this version",
            hint="put the spectra side by side into one X file for each partition",
        )
    word = match["part"] or match["part2"]
    return PARTITION_WORDS[word] if word else None, _KINDS[match["kind"] or match["kind2"]]
