"""Sheets of a workbook, each as the delimited text that a person would have saved it as.

So whatever is found out about text (header, partition, ids) is found out about sheets by the same code, and a line of
the text is a row of the sheet. This room must not know what a column is for.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from nws.dataset.columnar import cell_of
from nws.dataset.extras import needed
from nws.dataset.files import Text, most_bytes, opened
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORM = "Excel"
_AGAIN = "save it again, or save the sheet as CSV"


def sheets(path: Path) -> dict[str, Text]:
    """Return the sheets that hold anything, by name, as text with tabs between cells and a point in decimals.

    Raises
    ------
    BadInput
        If the package for it is missing, or the file is damaged, has a password, or expands beyond all measure.
    """
    calamine = needed(
        "python_calamine", extra="excel", path=path, kind="Excel and OpenDocument", otherwise="save the sheet as CSV"
    )
    _check_expansion(path)
    found: dict[str, Text] = {}
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            for name in book.sheet_names:
                data = "\n".join(_lines(book.get_sheet_by_name(name).to_python(skip_empty_area=False))).encode()
                if data.strip():
                    found[name] = Text(path=path, data=data, encoding="UTF-8", form=FORM)
    except (calamine.CalamineError, OSError, ValueError) as err:
        raise BadInput(f"{path}: the workbook cannot be read: {str(err).splitlines()[0]}", hint=_AGAIN) from err
    if not found:
        raise BadInput(f"{path} is empty", hint="a sheet with one row per sample is expected")
    return found


def _check_expansion(path: Path) -> None:
    with opened(path) as handle:
        limit = most_bytes(handle.seek(0, 2))
        try:
            with zipfile.ZipFile(handle) as archive:
                size = sum(info.file_size for info in archive.infolist())
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError):
            return
    if size > limit:
        raise BadInput(
            f"{path}: expands to more than {limit >> 20} MiB", hint="if it is genuine, save the sheet as CSV"
        )


def _lines(rows: list[list[Any]]) -> Iterator[str]:
    for row in rows:
        cells = [_cell(value) for value in row]
        yield "\t".join(cells) if any(cells) else ""


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    # A cell is one line of the text, so that rows keep their numbers; tabs and quotes would cut it.
    text = " ".join((cell_of(value) or "").split())
    return '"' + text.replace('"', '""') + '"' if '"' in text else text
