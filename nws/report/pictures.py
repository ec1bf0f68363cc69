"""The pictures of a pipeline and of a run, as files: which there are, and why one is left out.

They are drawn from records and the store, and are not part of a record. This room must not know where the files go.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from nws.errors import NotTrusted, NwsError
from nws.report import style
from nws.report.subject import NotDrawn, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure

    from nws.pipeline import Pipeline
    from nws.records import JsonMap
    from nws.run import Run
    from nws.workspace import Workspace

    Drawing = Callable[[Subject], Figure]
    Told = Callable[[str, str], None]


def silent(_name: str, _why: str) -> None:
    """Say nothing of a picture that is not drawn."""


def draw(
    pipeline: Pipeline,
    *,
    form: str = style.PNG,
    trust: bool = False,
    left_out: Told = silent,
    failed: Told | None = None,
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
        Called with the name of each picture of such a task that there is not, and why.
    failed
        Called instead, if given, where something is wrong: a model that is not trusted, or damage.

    Raises
    ------
    UsageError
        If there is no such form, or matplotlib cannot be loaded.
    Damaged, UnknownName
        If the predictions or figures are gone or not what their ids say.
    """
    style.check_form(form)
    if pipeline.record.error is not None:
        left_out("pictures", f"it {pipeline.record.status}, so there is nothing to draw")
        return {}
    subject = Subject(pipeline, trust=trust)
    return _drawn(_of_a_pipeline(subject), form, left_out, failed or left_out)


def draw_run(workspace: Workspace, run: Run, *, form: str = style.PNG, left_out: Told = silent) -> dict[str, bytes]:
    """Return the pictures of a run by name: `chart_components.png`, `chart_metrics_by_preprocessing.png`, ….

    Where several targets were predicted, each has its own, with the target in the name.
    """
    from nws.report.overview import by_preprocessing, models
    from nws.report.whole import rows_by_target, scores

    style.check_form(form)
    groups = rows_by_target(workspace, run)
    pictures: dict[str, bytes] = {}
    for target, rows in groups.items():
        drawings: dict[str, Callable[[], Figure]] = {
            "chart_components": functools.partial(_components, workspace, rows),
            "chart_metrics_by_preprocessing": functools.partial(by_preprocessing, scores(run, rows)),
            "chart_model_preprocessing": functools.partial(models, scores(run, rows)),
        }
        end = f"_{style.file_part(target)}" if len(groups) > 1 else ""
        named = {f"{name}{end}": drawing for name, drawing in drawings.items()}
        pictures |= _drawn(named, form, left_out, left_out)
    return pictures


def _components(workspace: Workspace, rows: Sequence[JsonMap]) -> Figure:
    from nws.report.components import components
    from nws.report.whole import best_course

    return components(best_course(workspace, rows))


def _of_a_pipeline(subject: Subject) -> dict[str, Callable[[], Figure]]:
    from nws.report.confusion import confusion
    from nws.report.importance import importance
    from nws.report.scatter import predictions, residuals
    from nws.report.spectra import spectra

    own: dict[str, Drawing] = {"chart_predictions": predictions, "chart_residuals": residuals}
    if subject.is_classification:
        own = {"chart_confusion": confusion}
    own |= {"chart_feature_importance": importance, "chart_spectra": spectra}
    return {name: functools.partial(drawing, subject) for name, drawing in own.items()}


def _drawn(drawings: Mapping[str, Callable[[], Figure]], form: str, left_out: Told, failed: Told) -> dict[str, bytes]:
    style.needed()
    pictures = {}
    for name, drawing in drawings.items():
        try:
            with style.applied():
                pictures[f"{name}.{form}"] = style.encode(drawing(), form, name=name)
        except NotDrawn as why:
            left_out(name, str(why))
        except NotTrusted as err:
            # Nothing that draws has an option that trusts for once.
            failed(name, f"{err.message}; {err.hint.partition(', or --trust')[0]}")
        except NwsError as err:
            failed(name, err.message)
        except Exception as err:  # noqa: BLE001 -- the code of steps can fail in any way; the other pictures are there
            failed(name, f"{type(err).__name__}: {str(err).partition(chr(10))[0]}")
    return pictures
