"""Where reports are written: of runs among the exports, of datasets and of the workspace in the catalog.

A report that is made again takes the place of the one before. The pictures of `NAME.md` are files in `NAME_pictures`
beside it. This room must not know what a report says.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from nws import fsio
from nws.errors import SystemRefused, UsageError
from nws.ids import closest
from nws.shelf.shelves import REPORTS

if TYPE_CHECKING:
    from pathlib import Path

    from nws.report.blocks import Report
    from nws.workspace import Workspace

MARKDOWN, HTML = "md", "html"
FORMS = (MARKDOWN, HTML)
_OURS = re.compile(r"_chart_\w+\.(svg|png)$")
_SUFFIXES = {".md": MARKDOWN, ".markdown": MARKDOWN, ".html": HTML, ".htm": HTML}


def forms_for(form: str | None, output: Path | None) -> tuple[str, ...]:
    """Return the forms to write: the one asked for, that of the named file, or both.

    Raises
    ------
    UsageError
        If there is no such form, or the file is named like the other one.
    """
    if form is not None and form not in FORMS:
        near = closest(form, FORMS)
        raise UsageError(f"no form of report {form!r}", hint=f"did you mean {near[0]}?" if near else "md or html")
    named = None if output is None or output.is_dir() else _SUFFIXES.get(output.suffix.lower())
    if form is not None:
        if named not in {None, form}:
            raise UsageError(f"--format {form}, but {output} is named like {named}", hint="leave one of them out")
        return (form,)
    if output is None or output.is_dir():
        return FORMS
    if named is None:
        raise UsageError(
            f"{output} does not say which form it is to have",
            hint="name it .html or .md, or --format; a folder is to be there already",
        )
    return (named,)


def write(
    workspace: Workspace, report: Report, *, forms: tuple[str, ...] = FORMS, output: Path | None = None
) -> dict[str, Path]:
    """Write a report, each file whole, and return form → file.

    Parameters
    ----------
    workspace
        Whose report it is.
    report
        The report.
    forms
        `md`, `html` or both.
    output
        A file, for one form, or a folder; the place of such reports in the workspace if None.

    Raises
    ------
    UsageError
        If `output` cannot be a file.
    SystemRefused
        If nobody may write reports in that workspace.
    """
    if output is None:
        try:
            return _write(report, forms, fsio.make_folder(_place(workspace, report)))
        except PermissionError as err:
            raise SystemRefused(f"permission denied: {err.filename}", hint="--output writes it elsewhere") from err
    return _write(report, forms, output if output.is_dir() else _file(output))


def _write(report: Report, forms: tuple[str, ...], to: Path) -> dict[str, Path]:
    written = {}
    for form in forms:
        path = to / f"{report.stem}.{form}" if to.is_dir() else to
        text = _markdown(report, path) if form == MARKDOWN else report.html()
        fsio.replace(path, text.encode(), durable=False)
        written[form] = path
    return written


def _file(output: Path) -> Path:
    """Return the file to write: a link is followed, and what is not a file is not replaced by one."""
    path = output.resolve()
    if output.exists() and not output.is_file():
        raise UsageError(f"{output} is neither a file nor a folder", hint="name a file, and print it with cat")
    if not path.parent.is_dir():
        raise UsageError(
            f"there is no folder {output.parent}", hint=f"make it: mkdir -p {shlex.quote(str(output.parent))}"
        )
    return path


def pictures_beside(path: Path) -> Path:
    """Return the folder of the pictures of a report in Markdown."""
    return path.with_name(f"{path.stem}_pictures")


def _markdown(report: Report, path: Path) -> str:
    """Write the pictures of a report beside it, remove those that it had before, and return it."""
    folder, found = pictures_beside(path), report.pictures
    for name in fsio.names(folder):
        if _OURS.search(name) and name not in found:
            fsio.remove(folder / name, durable=False)
    if found:
        fsio.write_folder(folder, found, over=True)
    return report.markdown(pictures=folder.name if found else None)


def _place(workspace: Workspace, report: Report) -> Path:
    return workspace.exports.root / REPORTS if report.kind == "run" else workspace.catalog / "reports"
