"""Commands that begin and survey a workspace: init, demo, status."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from nws.cli.following import perform
from nws.cli.lines import UNFINISHED, run_line, say_how_to_go_on, warn_of_damage
from nws.cli.opening import open_page, write_report
from nws.cli.session import Handed, Session
from nws.errors import DONE
from nws.words import size

if TYPE_CHECKING:
    from nws.api import Workspace


def init(path: Path | None = None, /, *, session: Handed) -> None:
    """Create a workspace.

    Parameters
    ----------
    path
        Its folder; the current one if not given. What is there already is left as it is.
    """
    from nws.workspace import Workspace

    workspace, made = Workspace.init(session.new_folder(path))
    if session.json:
        session.output.record("workspace", {"path": workspace.root.as_posix(), "created": made})
    if made:
        session.output.say(f"created a workspace in {workspace.root}")
        session.output.say("next: nws dataset add NAME FILE, then nws run --dataset NAME --pipelines FILE")
    else:
        session.output.say(f"there is a workspace in {workspace.root} already; nothing was changed")


def status(*, session: Handed) -> None:
    """Show runs, pipelines, failures, size on disk and what is unfinished."""
    workspace = session.workspace()
    runs = [run_line(run) for run in workspace.runs.list()]
    count = workspace.store.count()
    unfinished = [row["run_id"] for row in runs if row["status"] in UNFINISHED]
    facts: dict[str, Any] = {
        "workspace": workspace.root.as_posix(),
        "datasets": len(workspace.datasets.list()),
        "runs": len(runs),
        "running": [row["run_id"] for row in runs if row["status"] == "running"],
        "unfinished": unfinished,
        "damaged": [row["run_id"] for row in runs if row["status"] == "damaged"],
        "pipelines": sum(row.get("total_pipelines") or 0 for row in runs),
        "failed": sum(row.get("failed_pipelines") or 0 for row in runs),
        "objects": count.objects,
    }
    warn_of_damage(session.output, runs)
    if session.json:
        session.output.record("status", {**facts, "plain_bytes": count.size, "stored_bytes": count.stored})
        return
    session.output.facts("status", {**facts, "stored": f"{size(count.size)} in {size(count.stored)}"})
    say_how_to_go_on(session.output, workspace, unfinished)


def demo(
    path: Path | None = None, /, *, open_: Annotated[bool, Parameter(name="--open")] = False, session: Handed
) -> int:
    """Make a workspace with a real dataset, run a small grid on it, show its best model and write a report.

    Parameters
    ----------
    path
        Folder of the workspace; `nws-demo` if not given.
    open_
        Open the report in a browser.
    """
    from nws.api import Workspace
    from nws.engine.local import usable_cores
    from nws.engine.request import Request

    root = path or session.named_folder() or Path("nws-demo")
    workspace, _ = Workspace.init(root)
    data = Path(__file__).parent.parent / "data"
    session.output.say(f"workspace: {workspace.root}")
    _register(session, workspace, data / "gasoline.csv.gz")
    request = Request(
        datasets=("gasoline",),
        pipelines=(data / "demo.json",),
        run_name="demo",
        description="PLS on 60 NIR spectra of gasoline, raw and preprocessed",
        jobs=usable_cores(),
        provenance=session.provenance(),
    )
    code = perform(session, workspace, request)
    if code != DONE:
        return code
    if not session.json:
        _compare(session, workspace)
    _report(session, workspace, really=open_)
    session.output.say("\ntype next:")
    if Path.cwd() != workspace.root:
        session.output.say(f"  cd {shlex.quote(str(root))}")
    for words in ("catalog best gasoline", "show best:gasoline", "export best:gasoline"):
        session.output.say(f"  {session.program()} {words}")
    return code


def _report(session: Session, workspace: "Workspace", *, really: bool) -> None:
    """Write the report of the run that was made last, and say where."""
    from nws.report import report_run
    from nws.report.files import FORMS

    run = [name for name in workspace.runs.names() if "_gasoline_demo" in name][-1]
    session.output.say("")
    written = write_report(session, workspace, lambda there: report_run(there, run), forms=FORMS)
    if session.json:
        session.output.rows("report", written.lines(workspace), ["path"])
    open_page(session, written, really=really)


def _register(session: Session, workspace: Any, path: Path) -> None:
    from nws.dataset import ReadOptions

    registration = workspace.datasets.add("gasoline", [path], ReadOptions(test_rows="51-60"))
    session.output.say(f"data: {registration.name}, NIR spectra and octane numbers of gasoline (Kalivas 1997)")


# RMSECV (leave-one-out on rows 1 to 50) and RMSEP (rows 51 to 60) by number of components, as R's pls 2.8 gives them.
PUBLISHED = {
    1: (1.357, 1.1696), 2: (0.2966, 0.2445), 3: (0.2524, 0.2341), 4: (0.2476, 0.3287), 5: (0.2398, 0.2780),
    6: (0.2319, 0.2703), 7: (0.2386, 0.3301), 8: (0.2316, 0.3571), 9: (0.2449, 0.4090), 10: (0.2673, 0.6116),
}  # fmt: skip


def _compare(session: Session, workspace: Any) -> None:
    """Print the figures of PLS on the raw spectra beside the published ones."""
    from nws.pipeline.rows import chain_text

    run = list(workspace.runs.list())[-1]
    rows = []
    for pipeline in run.pipelines():
        model = pipeline.record.steps[-1]
        metrics = pipeline.metrics()
        if chain_text(pipeline.record.steps) != "none" or metrics is None:
            continue
        components = model["params"].get("n_components", 2)
        cv, prediction = PUBLISHED[components]
        rows.append(
            {
                "components": components, "rmsecv": f"{metrics.val['rmse']:.4f}", "published": f"{cv:.4g}",
                "rmsep": f"{metrics.test['rmse']:.4f}", "published_rmsep": f"{prediction:.4f}",
                "note": "published optimum" if cv == min(figure for figure, _ in PUBLISHED.values()) else "",
            }
        )  # fmt: skip
    session.output.say("\nPLS on the raw spectra, beside the published figures (R pls 2.8):")
    heads = {
        "components": "components",
        "rmsecv": "RMSECV",
        "published": "published",
        "rmsep": "RMSEP",
        "published_rmsep": "published",
        "note": "",
    }
    session.output.rows("published", rows, heads)
