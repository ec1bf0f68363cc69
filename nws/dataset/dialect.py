"""How a text file is cut into cells: what stands above the table, the delimiter, the decimal mark.

This room looks at the first lines only; it must not decide what the columns mean or whether there is a header.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.dataset.cells import NO_DELIMITER, cut, is_missing, lines, number, rows
from nws.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from nws.dataset.contents import ReadOptions
    from nws.dataset.files import Text

# The comma comes last: where it is the decimal mark, it stands in every line too.
CANDIDATES = ("\t", ";", "|", ",")
SAMPLE = 60
# A spectrum of more wavelengths than this is a file that has lost its line ends.
MOST_COLUMNS = 200_000
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class Delimited:
    """A text file cut into cells.

    `body` is the text from the first row on (the header, if there is one), which stands on line `first_line` of the
    file; `sample` holds the cells of its first rows; `count` is the number of all rows and `width` of columns;
    `blank_lines` says whether there are any between rows; `form` is the kind of file where the text was made of
    another.
    """

    path: Path
    body: bytes
    first_line: int
    delimiter: str
    decimal: str
    sample: list[list[str]]
    count: int
    blank_lines: bool
    width: int
    encoding: str
    compression: str | None
    form: str | None = None

    @property
    def unit(self) -> str:
        """What a row of the file is called in messages."""
        return "line" if self.form is None else "row"


def delimited(text: Text, options: ReadOptions, *, sibling: Delimited | None = None) -> Delimited:
    """Find out how a file is cut, or follow the options.

    Parameters
    ----------
    text
        The file.
    options
        `delimiter` and `decimal` of them.
    sibling
        The X file that this one belongs to, whose dialect settles what is left open here.

    Raises
    ------
    BadInput
        If there is no row.
    """
    body, first_line, given = _without_top(text)
    first_lines = _first_lines(body)
    _check_ends(first_lines, text.path)
    delimiter = options.delimiter or given or _delimiter(first_lines, options, sibling)
    body, first_line = _with_commented_header(text, body, first_line, delimiter)
    rows_there = rows(body, delimiter, where=str(text.path), first_line=first_line)
    sample = [cells for _, cells in itertools.islice(rows_there, SAMPLE)]
    count, blank_lines = _survey(body, delimiter, text.path)
    widths = Counter(len(cells) for cells in (sample[1:] or sample))
    return Delimited(
        path=text.path,
        body=body,
        first_line=first_line,
        delimiter=delimiter,
        decimal=options.decimal or _decimal(sample, body, delimiter, sibling),
        sample=sample,
        count=count,
        blank_lines=blank_lines,
        width=max(widths, key=lambda width: (widths[width], width == len(sample[0]))),
        encoding=text.encoding,
        compression=text.compression,
        form=text.form,
    )


def _without_top(text: Text) -> tuple[bytes, int, str | None]:
    """Return the text without blank and comment lines above and blank ones below, the line it starts at, and `sep=`."""
    start, line, given = 0, 1, None
    for content in lines(text.data):
        word = content.strip()
        if re.fullmatch(r"sep=(.|\\t)", word, re.IGNORECASE):
            given = "\t" if word[4:] == "\\t" else word[4:]
        elif word.strip(' ,;|\t"') and not word.startswith("#"):
            break
        start += len(content.encode()) + 1
        line += 1
    body = text.data[start:] if start else text.data
    end = len(body)
    while end and not body[body.rfind(b"\n", 0, end) + 1 : end].strip(b' ,;|\t"'):
        end = max(body.rfind(b"\n", 0, end), 0)
    if not end:
        what = "holds comments only" if b"#" in text.data else "is empty"
        raise BadInput(f"{text.path} {what}", hint="a file with one row per sample is expected")
    return body[:end], line, given if given in CANDIDATES else None


def _with_commented_header(text: Text, body: bytes, first_line: int, delimiter: str) -> tuple[bytes, int]:
    """Take the comment line right above the table for its header if it has as many cells, as `numpy.savetxt` writes."""
    above = list(itertools.islice(lines(text.data), first_line - 1))
    width = len(cut(next(lines(body)), delimiter))
    if not above or not above[-1].lstrip().startswith("#") or width < 3:
        return body, first_line
    header = above[-1].lstrip().lstrip("#")
    if len(cut(header, delimiter)) != width:
        return body, first_line
    return header.encode() + b"\n" + body, first_line - 1


def _first_lines(body: bytes) -> list[str]:
    return list(itertools.islice((line for line in lines(body) if line.strip()), SAMPLE))


def _check_ends(first_lines: list[str], path: Path) -> None:
    marks = max(line.count(mark) for line in first_lines for mark in CANDIDATES)
    if marks > MOST_COLUMNS:
        raise BadInput(
            f"{path}: a line with more than {MOST_COLUMNS:,} cells",
            hint="are the line ends missing? one row is one sample",
        )


def _delimiter(sample: list[str], options: ReadOptions, sibling: Delimited | None) -> str:
    scores: list[tuple[float, float, int]] = []
    for place, candidate in enumerate(CANDIDATES):
        table = [cut(line, candidate) for line in sample]
        body = table[1:] or table
        width, times = Counter(len(row) for row in body).most_common(1)[0]
        decimal = candidate == "," and (_is_decimal_column(table, options, sibling) or _are_decimals(sample))
        if width > 1 and not decimal:
            cells = [cell for row in body for cell in row if not is_missing(cell)]
            marks = "." if candidate == "," else ".,"
            share = sum(any(number(cell, mark) is not None for mark in marks) for cell in cells) / max(len(cells), 1)
            scores.append((times / len(body), share, -place))
    return CANDIDATES[-max(scores)[2]] if scores else NO_DELIMITER


def _are_decimals(sample: list[str]) -> bool:
    """Say whether another delimiter cuts all rows alike and so that each comma is the mark of a number."""
    for candidate in CANDIDATES[:-1]:
        table = [cut(line, candidate) for line in sample]
        body = table[1:] or table
        if len(body[0]) > 1 and len({len(row) for row in body}) == 1:
            commas = [cell for row in body for cell in row if "," in cell]
            if commas and all(_COMMA_NUMBER.fullmatch(cell) for cell in commas):
                return True
    return False


def _is_decimal_column(table: list[list[str]], options: ReadOptions, sibling: Delimited | None) -> bool:
    """Say whether the commas of a file are decimal marks of its only column, not delimiters of two."""
    body = table[1:] or table
    if any(len(row) > 2 or not all(re.fullmatch(r"[+-]?\d+|", cell) for cell in row) for row in body):
        return False
    if options.decimal == "," or (options.decimal is None and sibling is not None and sibling.decimal == ","):
        return True
    counted = [row[0] for row in body] in ([str(n + first) for n in range(len(body))] for first in (0, 1))
    return len(table[0]) == 1 and not counted


def _decimal(sample: list[list[str]], body: bytes, delimiter: str, sibling: Delimited | None) -> str:
    cells = [cell for row in sample[1:] or sample for cell in row]
    commas = sum(_COMMA_NUMBER.fullmatch(cell) is not None for cell in cells)
    points = sum("." in cell and number(cell) is not None for cell in cells)
    if delimiter == ",":
        # Only quoted cells can hold the delimiter.
        return "," if commas > points else "."
    if not commas and not points:
        # Whole numbers so far: what comes later, and then the file beside it, decides.
        commas, points = bool(re.search(rb"\d,\d", body)), bool(re.search(rb"\d\.\d", body))
    if commas == points:
        return sibling.decimal if sibling is not None else "."
    return "," if commas > points else "."


def _survey(body: bytes, delimiter: str, path: Path) -> tuple[int, bool]:
    """Return the number of rows, and whether blank lines stand among them (which count in a single column only)."""
    found, blank, quoted, start = 0, 0, False, 0
    quotes = b'"' in body
    while start <= len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        found += 1
        blank += body[start : start + 1] in (b"", b" ", b"\t", b"\n") and not body[start:end].strip()
        quoted = quoted or (quotes and body.count(b'"', start, end) % 2 == 1)
        start = end + 1
    if quoted:
        return sum(1 for _ in rows(body, delimiter, where=str(path))), blank > 0
    return (found, False) if delimiter == NO_DELIMITER else (found - blank, blank > 0)
