"""Commands that write reports: report run, report dataset, report global."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from nws.cli.opening import open_page, write_report
from nws.cli.session import Handed, Session
from nws.errors import UsageError

if TYPE_CHECKING:
    from nws.api import Workspace
    from nws.report.blocks import Report

Form = Annotated[str | None, Parameter(name="--format")]
Open = Annotated[bool, Parameter(name="--open")]


def run(run: str, /, *, format: Form = None, output: Path | None = None, open_: Open = False, session: Handed) -> None:
    """Write the report of a run: what was asked, what ran, what failed, what is best, what changed.

    Parameters
    ----------
    run
        Name of the run, or the beginning of it.
    format
        md or html; both if not given.
    output
        File or folder; exports/session_reports of the workspace if not given.
    open_
        Open the page in a browser.
    """
    from nws.report import report_run

    _report(session, lambda workspace: report_run(workspace, run), format, output, open_=open_)


def dataset(
    name: str, /, *, format: Form = None, output: Path | None = None, open_: Open = False, session: Handed
) -> None:
    """Write the report of a dataset: what the data are, all runs on them, the best pipelines of all.

    Parameters
    ----------
    name
        Its name.
    format
        md or html; both if not given.
    output
        File or folder; catalog/reports of the workspace if not given.
    open_
        Open the page in a browser.
    """
    from nws.report import report_dataset

    _report(session, lambda workspace: report_dataset(workspace, name), format, output, open_=open_)


def global_(*, format: Form = None, output: Path | None = None, open_: Open = False, session: Handed) -> None:
    """Write the report of the whole workspace: all datasets, all runs, the best of each.

    Parameters
    ----------
    format
        md or html; both if not given.
    output
        File or folder; catalog/reports of the workspace if not given.
    open_
        Open the page in a browser.
    """
    from nws.report import report_global

    _report(session, report_global, format, output, open_=open_)


def _report(
    session: Session,
    make: "Callable[[Workspace], Report]",
    form: str | None,
    output: Path | None,
    *,
    open_: bool,
) -> None:
    from nws.report.files import HTML, forms_for

    forms = forms_for(form, output)
    if open_ and HTML not in forms:
        raise UsageError("--open opens the HTML page, and only Markdown is asked for", hint="leave --format md out")
    workspace = session.workspace()
    written = write_report(session, workspace, make, forms=forms, output=output)
    lines = list(written.lines(workspace))
    session.output.rows("report", lines, ["path"])
    for line in lines:
        if line["pictures"]:
            session.output.say(f"pictures of {Path(str(line['path'])).name}: {line['pictures']}")
    open_page(session, written, really=open_)
