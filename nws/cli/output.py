"""What is said and printed: data to stdout, words for people to stderr, errors in one form.

This room knows streams and terminals; it must not know what the commands do.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, TextIO

from nws.errors import NwsError
from nws.ids import finite

Row = Mapping[str, Any]


class Output:
    """The two streams of a command and how they are to be written.

    Parameters
    ----------
    json_lines
        Print one JSON object a record instead of a table.
    quiet
        Say nothing to people but errors.
    verbose
        Say more, with tracebacks of bugs.
    progress
        Whether progress may be shown.
    """

    def __init__(
        self, *, json_lines: bool = False, quiet: bool = False, verbose: bool = False, progress: bool = True
    ) -> None:
        self.json_lines = json_lines
        self.quiet = quiet
        self.verbose = verbose
        self.progress = progress and not quiet

    @property
    def on_terminal(self) -> bool:
        """Whether stdout is read by a person."""
        return sys.stdout.isatty()

    def say(self, text: str = "") -> None:
        """Say something to the person, on stderr."""
        if not self.quiet:
            _write(sys.stderr, text + "\n")

    def warn(self, text: str) -> None:
        """Say something that a person ought to know even when quiet."""
        _write(sys.stderr, f"nws: {_one_line(text)}\n")

    def line(self, text: str) -> None:
        """Print one line of data."""
        sys.stdout.write(text + "\n")

    def record(self, kind: str, fields: Row) -> None:
        """Print one JSON line: first key `type`, NaN and infinities as null."""
        body = {"type": kind, **fields}
        try:
            text = json.dumps(body, ensure_ascii=False, allow_nan=False, default=_plain)
        except ValueError:
            text = json.dumps(finite(body), ensure_ascii=False, default=_plain)
        sys.stdout.write(text + "\n")

    def rows(self, kind: str, rows: Iterable[Row], columns: Sequence[str] | Mapping[str, str]) -> int:
        """Print rows: JSON lines in full, or the given columns as a table. Returns how many there were.

        Parameters
        ----------
        kind
            The `type` of each JSON line.
        rows
            Mappings; JSON lines carry every key.
        columns
            Keys to show in a table, or key → heading.
        """
        if self.json_lines:
            count = 0
            for row in rows:
                self.record(kind, row)
                count += 1
            return count
        headings = dict(columns) if isinstance(columns, Mapping) else {name: name for name in columns}
        cells = [[cell(row.get(key)) for key in headings] for row in rows]
        write_table(sys.stdout, list(headings.values()), cells, aligned=self.on_terminal)
        return len(cells)

    def facts(self, kind: str, facts: Row, *, labels: Mapping[str, str] | None = None) -> None:
        """Print one thing: a JSON line, or `name  value` lines."""
        if self.json_lines:
            self.record(kind, facts)
            return
        labels = labels or {}
        pairs = [[labels.get(key, key), cell(value)] for key, value in facts.items() if value not in (None, "", [], {})]
        write_table(sys.stdout, None, pairs, aligned=self.on_terminal)

    def made(self, kind: str, facts: Row) -> None:
        """Print one thing that was made, or is there: a JSON line, or its `path` alone."""
        if self.json_lines:
            self.record(kind, facts)
        else:
            self.line(str(facts["path"]))

    def error(self, error: NwsError) -> None:
        """Print an error in its one form, on stderr."""
        if self.json_lines:
            body = {
                "type": "error", "kind": error.kind, "exit_code": error.exit_code, "message": error.message,
                "hint": error.hint,
            }  # fmt: skip
            _write(sys.stderr, json.dumps(body, ensure_ascii=False) + "\n")
            return
        _write(sys.stderr, f"nws: {_one_line(error.message)}\n")
        if error.hint:
            _write(sys.stderr, f"hint: {_one_line(error.hint)}\n")


def _one_line(text: str) -> str:
    """Return `text` with line ends and control characters, which names of files may hold, written as escapes."""
    return (
        text
        if text.isprintable()
        else "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    )


def cell(value: Any) -> str:
    """Return a value as a table shows it: floats with four significant digits, moments to the second, lists joined."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={cell(item)}" for key, item in value.items())
    text = str(value)
    return f"{text[:10]} {text[11:19]}Z" if re.fullmatch(_MOMENT, text) else text


def number(value: float) -> str:
    """Return a figure for people: four significant digits, integers whole."""
    if value != value:  # noqa: PLR0124 -- NaN is the one value unequal to itself
        return ""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:#.4g}" if 1e-4 <= abs(value) < 1e5 else f"{value:.4g}"
    return text.rstrip(".")


# Compiled when a table is first written, not at every start.
_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
_CONTROL = r"[\x00-\x1f\x7f]"
_NUMERIC = r"-?[\d.,]+(e[+-]?\d+)?( [kMGT]?B| s)?"


def write_table(stream: TextIO, headings: Sequence[str] | None, cells: list[list[str]], *, aligned: bool) -> None:
    """Write a table: aligned columns for a terminal, else tab-separated and never wrapped."""
    lines = ([list(headings)] if headings else []) + [[re.sub(_CONTROL, " ", text) for text in line] for line in cells]
    if not aligned:
        stream.writelines("\t".join(line) + "\n" for line in lines)
        return
    if not lines:
        return
    widths = [max(width(line[at]) for line in lines) for at in range(len(lines[0]))]
    right = [bool(cells) and all(_is_number(line[at]) for line in cells) for at in range(len(widths))]
    for place, line in enumerate(lines):
        text = "  ".join(_pad(item, widths[at], right=right[at]) for at, item in enumerate(line)).rstrip()
        stream.write((bold(text) if headings and place == 0 else text) + "\n")


def _is_number(text: str) -> bool:
    return not text or re.fullmatch(_NUMERIC, text) is not None


def _pad(text: str, to: int, *, right: bool) -> str:
    gap = " " * (to - width(text))
    return gap + text if right else text + gap


def width(text: str) -> int:
    """Return the number of terminal cells that `text` takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def bold(text: str) -> str:
    """Return `text` in bold where the terminal may show it (`NO_COLOR` is honoured)."""
    return text if os.environ.get("NO_COLOR") else f"\x1b[1m{text}\x1b[0m"


def _plain(value: Any) -> Any:
    if hasattr(value, "as_posix"):
        return value.as_posix()
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


class Progress:
    """One line that is rewritten on a terminal; a plain line every so often elsewhere.

    Parameters
    ----------
    output
        Where to speak, and whether at all.
    clock
        Seconds, from any monotonic clock.
    """

    def __init__(self, output: Output, clock: Callable[[], float]) -> None:
        self._terminal = sys.stderr.isatty()
        self._silent = not output.progress or output.json_lines
        self._clock = clock
        self._last = clock()
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def update(self, text: str, *, final: bool = False) -> None:
        """Show `text` if it is time to."""
        pause = 0.1 if self._terminal else 10.0
        if self._silent or (not final and self._clock() - self._last < pause):
            return
        self._last = self._clock()
        if self._terminal:
            # Some terminals (expect, a few containers) do not say how wide they are.
            columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
            _write(sys.stderr, f"\r\x1b[2K{text[: columns - 1]}")
            self._shown = True
        elif not final:
            _write(sys.stderr, text + "\n")

    def clear(self) -> None:
        """Take the line away, so that other words have their own."""
        if self._shown:
            _write(sys.stderr, "\r\x1b[2K")
            self._shown = False
