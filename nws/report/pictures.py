"""The pictures of a pipeline and of a run, as files: which there are, and why one is left out.

They are drawn from records and the store, and are not part of a record. This room must not know where the files go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.errors import NwsError
from nws.report import style
from nws.report.subject import NotDrawn, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    from nws.pipeline import Pipeline
    from nws.run import Run
    from nws.workspace import Workspace

    Drawing = Callable[[Subject], Figure]
    Told = Callable[[str, str], None]


def _silent(_name: str, _why: str) -> None:
    pass


def draw(
    pipeline: Pipeline, *, form: str = style.PNG, trust: bool = False, left_out: Told = _silent
) -> dict[str, bytes]:
    """Return the pictures of a pipeline: `chart_predictions.png` and so on, by name; none of one that failed.

    Parameters
    ----------
    pipeline
        The pipeline.
    form
        `png` or `svg`.
    trust
        Whether its fitted steps, which some pictures are drawn from, are loaded though somebody else wrote them.
    left_out
        Called with the name of each picture that makes sense of such a pipeline but cannot be drawn, and why.

    Raises
    ------
    UsageError
        If there is no such form.
    Damaged, UnknownName
        If the predictions or figures are gone or not what their ids say.
    """
    style.check_form(form)
    if pipeline.record.error is not None:
        left_out("chart_predictions", f"{pipeline.path} {pipeline.record.status}, and so has nothing to draw")
        return {}
    subject = Subject(pipeline, trust=trust)
    return _drawn(_of_a_pipeline(), subject, form, left_out)


def draw_run(workspace: Workspace, run: Run, *, form: str = style.PNG, left_out: Told = _silent) -> dict[str, bytes]:
    """Return the pictures of a run by name: `chart_components.png`, `chart_metrics_by_preprocessing.png`, ….

    Where several targets were predicted, each has its own, with the target in the name.
    """
    style.check_form(form)
    del workspace, run, left_out
    return {}


def _of_a_pipeline() -> Mapping[str, Drawing]:
    from nws.report import scatter

    return {"chart_predictions": scatter.predictions, "chart_residuals": scatter.residuals}


def _drawn(drawings: Mapping[str, Drawing], subject: Subject, form: str, left_out: Told) -> dict[str, bytes]:
    pictures = {}
    for name, drawing in drawings.items():
        try:
            with style.applied():
                pictures[f"{name}.{form}"] = style.encode(drawing(subject), form, name=name)
        except NotDrawn as why:
            left_out(name, str(why))
        except NwsError as err:
            left_out(name, err.message)
    return pictures
