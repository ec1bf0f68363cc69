"""Lines of delimited text cut into cells, one by one, and what a single cell can be.

This room is for samples of a file and for finding the place of a fault; it must not be used to read whole matrices
(`nws.dataset.table` does that).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

# "None" is left out: it is a class label in some data ("no defect").
MISSING = ("", "NA", "N/A", "#N/A", "n/a", "na", "NaN", "nan", "NAN", "null", "NULL", ".")
# A file of one column has no delimiter; the unit separator of ASCII stands in, since text files never hold it.
NO_DELIMITER = "\x1f"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_QUOTED_LINES = 1000


def is_missing(cell: str) -> bool:
    """Say whether a cell (without blanks around it) is one of the spellings of a missing value."""
    return cell in MISSING


def number(cell: str, decimal: str = ".") -> float | None:
    """Return the number that a cell spells, infinities included; None if it spells none."""
    cell = cell.strip()
    if decimal != ".":
        if "." in cell:
            return None
        cell = cell.replace(decimal, ".")
    if _NUMBER.fullmatch(cell) or _INFINITE.fullmatch(cell):
        return float(cell)
    return None


def lines(data: bytes, start: int = 0) -> Iterator[str]:
    """Yield the lines of UTF-8 text one after the other, without making a list of them."""
    while start <= len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        yield data[start:end].decode()
        start = end + 1


def rows(data: bytes, delimiter: str, *, where: str, first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number, as a text editor counts, and the cells of each row, without blanks around them.

    Blank lines are rows only where there is a single column: there, they are missing values.

    Raises
    ------
    BadInput
        If a quote is opened and not closed.
    """
    held: list[str] = []
    for place, line in enumerate(lines(data), first_line):
        held.append(line)
        if sum(text.count('"') for text in held) % 2 and len(held) < _QUOTED_LINES:
            continue
        yield from _row(held, delimiter, where, place - len(held) + 1)
        held = []
    if held:
        raise _unclosed(where, place - len(held) + 1)


def _row(held: list[str], delimiter: str, where: str, line: int) -> Iterator[tuple[int, list[str]]]:
    text = "\n".join(held)
    if text.count('"') % 2:
        raise _unclosed(where, line)
    if text.strip() or delimiter == NO_DELIMITER:
        yield line, cut(text, delimiter)


def cut(text: str, delimiter: str) -> list[str]:
    """Return the cells of one row, which may hold quoted line ends."""
    if '"' not in text:
        return [cell.strip() for cell in text.split(delimiter)]
    import csv
    import io

    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    return [cell.strip() for row in reader for cell in row]


def _unclosed(where: str, line: int) -> BadInput:
    return BadInput(f"{where} line {line}: a quote is opened and never closed", hint="close it, or take the quotes out")
