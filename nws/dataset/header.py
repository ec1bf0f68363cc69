"""Is the first line a header or the first sample? Decided for X, Y and M of a partition together.

A spectrum taken for a header is lost without a trace, so every verdict has a weight, and the row counts of the files
that belong together overrule what is not certain. This room looks at samples of files; it must not parse them whole.
"""

from __future__ import annotations

import itertools
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.dataset.axis import is_counting
from nws.dataset.cells import is_missing, number
from nws.dataset.columnar import Columnar
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nws.dataset.contents import ReadOptions
    from nws.dataset.dialect import Delimited
    from nws.dataset.folder import Part
    from nws.dataset.table import File

CERTAIN = 2.0
# Files with types say it themselves: no option and no count of rows overrules that.
_GIVEN = 1000.0
# Not certain, so it is said to be a guess; but row counts alone do not overrule it.
LIKELY = 1.5
LEANING = 1.0
# A header of wavelengths that are not evenly spaced (filter instruments, wavenumbers turned into nm) is at least
# this large, and this many times larger than what stands below it.
_LEAST_WAVELENGTH = 100.0
_TOWERING = 10.0
_EVEN = 1e-3
_SMOOTH = 20.0
# So few values run one way, or count, by chance.
_MANY = 10


@dataclass(frozen=True)
class Decision:
    """Whether a file has a header, and why: `its cells`, `its kind`, `row counts`, `option` or `guess`."""

    header: bool
    because: str


def weigh(file: Delimited, kind: str) -> float:
    """Return how strongly the first line looks like a header: 2 certainly, -2 certainly not, 0 open.

    Parameters
    ----------
    file
        The file.
    kind
        "X", "Y" or "M".
    """
    sample = file.sample
    first, body = sample[0], sample[1:]
    if not body:
        return 0.0 if all(number(cell) is not None for cell in first) else LEANING
    if len(first) == file.width - 1:
        return CERTAIN
    columns = [[row[place] for row in body if place < len(row)] for place in range(len(first))]
    numeric = [place for place, column in enumerate(columns) if _mostly_numbers(column, file.decimal)]
    numeric = [place for place in numeric if not is_missing(first[place])]
    if not numeric:
        return _weigh_text(first, columns)
    values = [_loose_number(first[place]) for place in numeric]
    numbers = [value for value in values if value is not None]
    below = [[number(row[place], file.decimal) for place in numeric if place < len(row)] for row in body]
    if len(numbers) == len(values):
        whole = all(first[place].strip().isdecimal() for place in numeric)
        return weigh_numbers(numbers, below) if kind == "X" else _weigh_few_numbers(numbers, below, whole=whole)
    if 2 * len(numbers) <= len(values):
        return CERTAIN
    part = [[cell for cell, value in zip(row, values, strict=False) if value is not None] for row in below]
    return CERTAIN if len(numbers) >= 2 and weigh_numbers(numbers, part) == CERTAIN else -CERTAIN


def weigh_numbers(first: Sequence[float], body: Sequence[Sequence[float | None]]) -> float:
    """Weigh whether a first line of numbers is an axis and unlike the spectra below.

    An axis rises or falls all the way and is nowhere negative. It is certain if it towers above all that stands
    below; if it counts from 0 or 1, or is evenly spaced, and no line below is; or if it is large (100 or more) and
    smooth, and no line below runs one way. A spectrum does not do that: it has noise and peaks.
    """
    if len(first) < 2 or not _runs_one_way(first) or min(first) < 0:
        return -CERTAIN
    below = [[value for value in row if value is not None] for row in body]
    magnitude = statistics.median([abs(value) for row in below for value in row] or [0.0])
    large = min(first) >= _LEAST_WAVELENGTH
    if large and statistics.median(first) > _TOWERING * magnitude:
        return CERTAIN
    decimals = any(not value.is_integer() for row in below for value in row)
    if is_counting(first) and not any(is_counting(row) for row in below):
        return CERTAIN if len(first) >= _MANY or (decimals and len(first) > 2) else 0.0
    even, smooth = _evenness(first)
    if even and len(first) >= 5 and not any(len(row) > 2 and _runs_one_way(row) and _evenness(row)[0] for row in below):
        return CERTAIN
    alike = any(_runs_one_way(row) and min(row) >= 0 for row in below if len(row) > 1)
    if large and smooth and not alike and len(first) >= _MANY:
        return CERTAIN
    # Spectra that rise all the way, as of soils, look like an axis. To lose the first one is worse than to ask.
    open_question = large if alike else even or smooth
    return 0.0 if open_question else -LIKELY if alike else -LEANING


def _evenness(values: Sequence[float]) -> tuple[bool, bool]:
    """Say whether the steps of values that run one way are all the same, and whether they are of like size."""
    steps = [abs(after - before) for before, after in itertools.pairwise(values)]
    return max(steps) - min(steps) <= _EVEN * max(steps), max(steps) <= _SMOOTH * min(steps)


def _weigh_few_numbers(first: Sequence[float], body: Sequence[Sequence[float | None]], *, whole: bool) -> float:
    # pandas writes 0, 1, … above columns without names. A class code 0 further down speaks against that, and so does
    # a way of writing like 0.00: that is a value.
    counting = whole and first[0] == 0 and is_counting(first)
    return 0.0 if counting and not any(row and row[0] == 0 for row in body) else -CERTAIN


def _weigh_text(first: list[str], columns: list[list[str]]) -> float:
    if any(cell in column for cell, column in zip(first, columns, strict=True) if not is_missing(cell)):
        return -LEANING
    return LEANING


def _loose_number(cell: str) -> float | None:
    found = number(cell, ".")
    return number(cell, ",") if found is None else found


def _mostly_numbers(column: list[str], decimal: str) -> bool:
    cells = [cell for cell in column if not is_missing(cell)]
    return 2 * sum(number(cell, decimal) is not None for cell in cells) > len(cells)


def _runs_one_way(values: Sequence[float]) -> bool:
    pairs = list(itertools.pairwise(values))
    return all(before < after for before, after in pairs) or all(before > after for before, after in pairs)


def decide(parts: Sequence[Part], files: dict[str, File], *, options: Mapping[str, ReadOptions]) -> dict[str, Decision]:
    """Decide for every file, by its path, as are the options.

    Raises
    ------
    BadInput
        If no choice gives X, Y and M of a partition the same number of samples.
    """
    weights = {str(path): _weight(files[str(path)], kind) for part in parts for kind, path in part.files()}
    said = {path: options[path].header for path in weights if options[path].header != "auto"}
    said = {path: option for path, option in said.items() if abs(weights[path]) != _GIVEN}
    weights |= {path: _GIVEN if option == "yes" else -_GIVEN for path, option in said.items()}
    for path in _repeated_first_lines(parts, files):
        if -CERTAIN < weights[path] < _GIVEN:
            weights[path] = CERTAIN
    decisions: dict[str, Decision] = {}
    for part in parts:
        paths = [str(path) for _, path in part.files()]
        decisions.update(_together(paths, files, weights))
    return decisions | {path: Decision(option == "yes", "option") for path, option in said.items()}


def _weight(file: File, kind: str) -> float:
    if isinstance(file, Columnar):
        return _GIVEN if file.header else -_GIVEN
    return weigh(file, kind)


def _repeated_first_lines(parts: Sequence[Part], files: dict[str, File]) -> list[str]:
    """Return the X files that begin with the very same row of several cells: no two spectra are the same."""
    seen: dict[tuple[str, ...], list[str]] = {}
    for part in parts:
        for x in part.x:
            for first in files[str(x)].sample[:1]:
                seen.setdefault(tuple(first), []).append(str(x))
    return [path for first, paths in seen.items() if len(paths) > 1 and len(first) > 1 for path in paths]


def _together(paths: list[str], files: dict[str, File], weights: dict[str, float]) -> dict[str, Decision]:
    best: tuple[float, tuple[bool, ...]] | None = None
    for choice in itertools.product((True, False), repeat=len(paths)):
        signs = [weights[path] if header else -weights[path] for path, header in zip(paths, choice, strict=True)]
        counts = {files[path].count - header for path, header in zip(paths, choice, strict=True)}
        # In doubt there is no header: a name read as a value is found, a value read as a name is lost.
        if len(counts) == 1 and min(signs) > -LIKELY and (best is None or sum(signs) >= best[0]):
            best = (sum(signs), choice)
    if best is None:
        raise mismatch([(path, files[path].count, weights[path] > 0) for path in paths])
    settled = any(abs(weights[path]) >= CERTAIN for path in paths)
    return {
        path: Decision(header, _because(weights[path], settled=settled))
        for path, header in zip(paths, best[1], strict=True)
    }


def _because(weight: float, *, settled: bool) -> str:
    if abs(weight) == _GIVEN:
        return "its kind"
    if abs(weight) >= CERTAIN:
        return "its cells"
    return "row counts" if settled else "guess"


def mismatch(files: list[tuple[str, int, bool]]) -> BadInput:
    """Return the error for files whose numbers of samples differ: path, number of rows, and header or not, of each."""
    said = ", ".join(f"{path} has {count - header} samples" for path, count, header in files)
    lines = "; ".join(f"{count} rows {'with' if header else 'without'} a header" for _, count, header in files)
    return BadInput(f"row counts differ: {said}", hint=f"read as {lines}; every sample needs one row in each file")
