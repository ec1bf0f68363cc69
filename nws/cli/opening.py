"""A report written and, where that was asked, opened in the browser of whoever is at the terminal.

This room must not know what the report is of.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nws.cli.output import Progress
from nws.cli.session import Session

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.report.blocks import Report


@dataclass(frozen=True)
class Written:
    """A report that was written, and its file in each form."""

    report: "Report"
    files: Mapping[str, Path]

    def lines(self, workspace: "Workspace") -> Iterator[dict[str, Any]]:
        """Yield a line for each file."""
        from nws.report.files import MARKDOWN, pictures_beside

        for form, path in self.files.items():
            beside = pictures_beside(path) if form == MARKDOWN and self.report.pictures else None
            yield {
                "path": workspace.shown(path), "kind": self.report.kind, "name": self.report.name or None,
                "format": form, "size_bytes": path.stat().st_size,
                "pictures": None if beside is None else workspace.shown(beside),
            }  # fmt: skip


def write_report(
    session: Session,
    workspace: "Workspace",
    make: "Callable[[Workspace], Report]",
    *,
    forms: tuple[str, ...],
    output: Path | None = None,
) -> Written:
    """Make a report and write it, with a line of progress meanwhile."""
    from nws.report.files import write

    with Progress(session.output, time.monotonic) as progress:
        progress.update("reading records and drawing pictures", final=True)
        report = make(workspace)
        return Written(report, write(workspace, report, forms=forms, output=output))


def open_page(session: Session, written: Written, *, really: bool) -> None:
    """Say the address of a page, and open it if that was asked; without a browser that is said, and is no failure."""
    import webbrowser

    from nws.report.files import HTML

    if HTML not in written.files:
        return
    address = written.files[HTML].absolute().as_uri()
    session.output.say(f"report: {address}")
    if really and not webbrowser.open(address):
        session.output.warn("no browser was found; open that address yourself")
