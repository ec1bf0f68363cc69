"""One known data set, written in every form that people have it in, to be read back and compared.

What is written here is the truth: `MADE` holds the values, the functions below write them, and `Form.check` compares
what was read with them, bit by bit. Nothing here uses the code that reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from spectra import CM, NM, spectra, text_of, write

SIZES = {"train": 6, "val": 3, "test": 4}
SAMPLES = sum(SIZES.values())


@dataclass(frozen=True)
class Made:
    """The values: spectra, and what belongs to each row."""

    spectra: np.ndarray = field(default_factory=lambda: spectra(SAMPLES, seed=5))
    ids: tuple[str, ...] = tuple(f"s{row:02}" for row in range(SAMPLES))
    partition: tuple[str, ...] = tuple(name for name, size in SIZES.items() for _ in range(size))
    protein: tuple[float | None, ...] = tuple(None if row == 1 else 10.25 + 0.3 * row for row in range(SAMPLES))
    oil: tuple[str, ...] = tuple("sun" if row % 3 else "palm" for row in range(SAMPLES))
    scan: tuple[str, ...] = tuple("abccddffghijj")
    plot: tuple[float, ...] = tuple(float(row // 4) + 0.5 for row in range(SAMPLES))

    def column(self, name: str) -> list:
        return list(getattr(self, name))

    def rows(self, part: str | None) -> list[int]:
        return [row for row in range(SAMPLES) if part in (None, self.partition[row])]


MADE = Made()
TARGETS = ("protein", "oil")
DIALECTS = [(";", "."), (";", ","), (",", "."), ("\t", "."), ("\t", ","), ("|", "."), ("|", ",")]
COMPRESSIONS = [None, "gz", "zip", "zst"]
ENCODINGS = ["utf-8", "utf-8-sig", "latin-1", "utf-16"]
# Name of the form, headings of the spectrum, unit and values that they mean.
HEADINGS = {
    "nm": ([f"{value:g} nm" for value in NM], "nm", NM),
    "nm down": ([f"{value:g}" for value in NM[::-1]], "nm", NM[::-1]),
    "cm-1": ([f"{value:.3f} cm-1" for value in CM[::-1]], "cm-1", [round(value, 3) for value in CM[::-1]]),
    "cm-1 down": ([f"{value:.1f}" for value in CM], "cm-1", [round(value, 1) for value in CM]),
    "micrometres": ([f"{value / 1000:.3f} µm" for value in NM], "nm", NM),
    "indices": ([str(place) for place in range(12)], "index", [float(place) for place in range(12)]),
    "none": (None, "index", [float(place + 1) for place in range(12)]),
}


def cells(value):
    return "" if value is None else value


def wide_rows(
    header: str, rows: list[int] | None = None, columns=("ids", "partition", "protein", "oil", "scan", "plot")
):
    """Rows of one wide table, the header first if it has one; without a header there are spectra only."""
    headings = HEADINGS[header][0]
    rows = MADE.rows(None) if rows is None else rows
    if headings is None:
        return [MADE.spectra[row].tolist() for row in rows]
    names = [{"ids": "id"}.get(name, name) for name in columns]
    body = [[*(cells(MADE.column(name)[row]) for name in columns), *MADE.spectra[row].tolist()] for row in rows]
    return [[*names, *headings], *body]


def tables(header: str, part: str | None):
    """Rows of the X, Y and M table of one partition."""
    rows = MADE.rows(part)
    headings = HEADINGS[header][0]
    x = [MADE.spectra[row].tolist() for row in rows]
    y = [[cells(MADE.protein[row]), MADE.oil[row]] for row in rows]
    m = [["id", "scan", "plot"], *([MADE.ids[row], MADE.scan[row], MADE.plot[row]] for row in rows)]
    return {
        "X": [headings, *x] if headings else x,
        "Y": [["protein", "oil"], *y] if headings else y,
        "M": m,
    }


TOP = "# gemessen für Öl, 2024; °C\n\n"


def text_file(path: Path, rows, *, dialect, encoding="utf-8", compression=None, end="\n", top="") -> Path:
    delimiter, decimal = dialect
    shown = [[cell.replace(".", decimal) if is_number(cell) else cell for cell in row] for row in rows]
    return write(path, top + text_of(shown, delimiter, decimal, end), encoding, compression)


def is_number(cell) -> bool:
    """Say whether a heading is written with the decimal mark of the file, as spreadsheets do."""
    return isinstance(cell, str) and cell[:1].isdigit() and "." in cell


def folder_of_text(folder: Path, header: str, names=("{kind}{part}.csv",), **how) -> Path:
    """Write X, Y and M files by partition, in turn named as `names` say."""
    words = {"train": "cal", "val": "Val", "test": "TEST"}
    for place, part in enumerate(SIZES):
        for kind, rows in tables(header, part).items():
            name = names[place % len(names)].format(kind=kind, part=words[part])
            text_file(folder / name, rows, **how)
    return folder


def check(
    dataset, header: str, *, targets=True, metadata=True, ids=True, partition=True, scan=None, names=None
) -> None:
    """Compare what was read with what was written."""
    _, unit, axis = HEADINGS[header]
    assert dataset.spectra.tobytes() == MADE.spectra.tobytes()
    assert (dataset.axis.unit, dataset.axis.values) == (unit, axis)
    assert dataset.sample_ids == (list(MADE.ids) if ids else [str(row + 1) for row in range(SAMPLES)])
    assert dataset.partition == (list(MADE.partition) if partition else ["train"] * SAMPLES)
    found = {target.name: (target.task, target.values) for target in dataset.targets}
    names = names or (("y1", "y2") if HEADINGS[header][0] is None else ("protein", "oil"))
    assert found == (
        {names[0]: ("regression", list(MADE.protein)), names[1]: ("classification", list(MADE.oil))} if targets else {}
    )
    assert dataset.metadata == ({"scan": list(MADE.scan), "plot": list(MADE.plot)} if metadata else {})
    assert dataset.group == scan
