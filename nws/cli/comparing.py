"""Commands that put predictions side by side: catalog compare, catalog stats."""

from typing import TYPE_CHECKING

from nws.cli.filters import Filters, Limits
from nws.cli.rows import Form, marked, no, write
from nws.cli.session import Handed, Session
from nws.errors import DONE, UnknownName
from nws.ids import is_prefix
from nws.metrics import PARTITIONS, label

if TYPE_CHECKING:
    import polars as pl

    from nws.api import Workspace

_TITLE = ("preprocessing", "model")


def compare(
    config: str,
    /,
    *,
    metric: str | None = None,
    filters: Filters = Filters(),
    form: Form = Form(),
    session: Handed,
    **limits: Limits,
) -> int:
    """Show one pipeline config across datasets: its best prediction on each dataset and target.

    Parameters
    ----------
    config
        The config hash or the beginning of it, or a REF to a pipeline of that config.
    metric
        What the best is the best by; if not given, the primary metric of each prediction.
    """
    chosen, criteria = form.chosen(), filters.criteria(limits)
    workspace = session.workspace()
    show = [*chosen, *_TITLE] if chosen else []
    predictions = workspace.predictions
    try:
        rows = predictions.compare_across_datasets(_as_hash(config), metric, show=show, **criteria)
    except UnknownName as err:
        whole = _config_of(session, workspace, config, err)
        rows = predictions.compare_across_datasets(whole, metric, show=show, **criteria)
    if not len(rows):
        return no(session, "no ranked prediction of that config is like that")
    session.output.say(f"one config, {' | '.join(rows.select(_TITLE).row(0))}")
    shown = rows.select(chosen) if chosen else rows
    write(session, "prediction", shown, form, _side_by_side(rows, metric) if form.is_table(session) else chosen)
    return DONE


def _as_hash(text: str) -> str:
    if not is_prefix(text.lower()):
        raise UnknownName(f"not the beginning of a hash: {text!r}")
    return text


def _config_of(session: Session, workspace: "Workspace", ref: str, err: UnknownName) -> str:
    """Return the config hash of a REF; what was said of it as a hash is said again where it is neither."""
    try:
        return str(session.remembered(workspace, ref)["pipeline_hash"])
    except UnknownName as unknown:
        raise (err if is_prefix(ref.lower()) else unknown) from None


def _side_by_side(rows: "pl.DataFrame", metric: str | None) -> dict[str, str]:
    from nws.index.choice import named

    columns = {"dataset_name": "dataset"}
    if rows["target"].n_unique() > 1:
        columns["target"] = "target"
    if metric is None:
        columns |= {"metric": "metric", **{f"{name}_score": name for name in ("val", "test", "train")}}
    else:
        chosen = named(metric, None)
        figure = chosen.partition("_")[2]
        others = [f"{name}_{figure}" for name in reversed(PARTITIONS)]
        columns |= {name: label(name) for name in dict.fromkeys([chosen, *others])}
    return marked(rows, {**columns, "n_samples_train": "samples", "ref": "pipeline"})


def stats(
    dataset: str | None = None,
    /,
    *,
    by: str = "dataset_name",
    metric: str | None = None,
    filters: Filters = Filters(),
    form: Form = Form(),
    session: Handed,
    **limits: Limits,
) -> int:
    """Show how the predictions of each group are spread: best, median, mean, standard deviation, worst.

    Figures of different tasks or metrics are never put together: a group that has both has a row for each.

    Parameters
    ----------
    dataset
        Only predictions on this dataset.
    by
        The column to group by: dataset_name, model_type, run_id, target, preprocessing, …
    metric
        rmse, val_rmse, test_r2, …; if not given, the primary metric of each prediction, on validation results.
    """
    from nws.index.figures import FIGURES, check_label

    criteria = filters.criteria(limits)
    columns = [check_label(by), "task_type", "metric", "predictions", "failed", *FIGURES]
    chosen = form.chosen(columns)
    rows = session.workspace().predictions.get_summary_stats(by, metric, dataset=dataset, **criteria)
    if not len(rows):
        return no(session, "no prediction is like that" if dataset or any(criteria.values()) else "no predictions yet")
    shown = chosen or [name for name in columns if name != "task_type"]
    write(session, "stats", rows.select(chosen) if chosen else rows, form, shown)
    return DONE
