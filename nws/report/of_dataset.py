"""The report of a dataset: what the data are, all runs on them, the best pipelines of all and how they came to be.

It is made from the registration, the index and the records that are still there. This room must not know how it looks.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from nws.errors import NwsError, UnknownName
from nws.ids import check_name, closest
from nws.report import history, parts, wording
from nws.report.blocks import Commands, Explorer, Facts, Report, Section, Table, Text, columns
from nws.report.explore import explorer
from nws.report.facts import Row, Spread, row_of
from nws.report.gallery import pictures_of
from nws.words import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nws.index.criteria import Criteria
    from nws.records import Registration
    from nws.report.blocks import Block
    from nws.workspace import Workspace

# How many pipelines of all runs stand in the leaderboard of a dataset.
MOST = 50
# How many of those that are still there a reader can look into.
_LOOKED_INTO = 12
_SHOWN = ("record", "ref", "run_id", "preprocessing", "model", "metric", "deleted", "run_date")


def report_dataset(workspace: Workspace, name: str, *, pictures: bool = True) -> Report:
    """Return the report of a dataset, registered or only known from runs on it.

    Parameters
    ----------
    workspace
        Where it is.
    name
        Its name.
    pictures
        Draw the best pipelines, which takes a second or two.

    Raises
    ------
    UsageError
        If nothing can have that name.
    UnknownName
        If nothing has that name; the nearest names are in the hint.
    Damaged, NewerFormat
        If the index cannot be read.
    """
    name = check_name(name, "dataset name")
    registration, trouble = _registration(workspace, name)
    runs = history.runs_of(workspace, name)
    if registration is None and not runs and not trouble:
        raise _unknown(workspace, name)
    bests = history.bests_of(workspace, name) if runs else []
    boards = {_what(row): _board(workspace, name, row, trouble) for row in bests}
    sections = [
        Section("In short", list(_in_short(name, bests, runs, boards))),
        Section("What the data are", _data(registration)),
        *(section for row in bests for section in _leaderboard(workspace, name, row, several=len(bests) > 1)),
        *_look_into([rows for rows in boards.values() if rows], trouble),
        *_best(boards, pictures=pictures),
        Section("All runs", [*_runs(runs), *(block for row in bests for block in _history(workspace, name, row))]),
        Section("By preprocessing and by model", list(_statistics(workspace, name, bests))),
        Section(
            "Go on from here",
            [Commands([f"nws catalog best {name}", f"nws show best:{name}", f"nws runs list {name}"])],
        ),
        *parts.trouble(trouble),
    ]
    failed = sum(row["failed"] for row in runs)
    lead = f"{plural(len(runs), 'run')} with {plural(sum(row['predictions'] for row in runs), 'pipeline')}"
    lead += f", {failed} of which failed." if failed else "." if runs else ": nothing ran on it yet."
    return Report("dataset", name, f"Dataset {name}", lead, [section for section in sections if section.blocks])


def _registration(workspace: Workspace, name: str) -> tuple[Registration | None, list[str]]:
    try:
        return workspace.datasets.get(name), []
    except UnknownName:
        return None, []
    except (NwsError, OSError) as err:
        return None, [str(err)]


def _unknown(workspace: Workspace, name: str) -> UnknownName:
    known = [one.name for one in workspace.datasets.list()]
    known += [row["dataset_name"] for row in history.runs_of(workspace)]
    near = closest(name, sorted(set(known)))
    return UnknownName(f"no dataset named {name!r}", hint=f"did you mean {near[0]}?" if near else "nws dataset list")


def _in_short(
    name: str, bests: list[dict[str, Any]], runs: list[dict[str, Any]], boards: dict[str, list[Row]]
) -> Iterable[Block]:
    if runs and not bests:
        yield Text(f"No pipeline that ran on {name} has a figure: all failed, or have no validation results.")
    for row in bests:
        head = wording.heading("test", row["metric"])
        tested = f"; its {head} is {wording.figure(row['test_score'])}" if row["test_score"] is not None else ""
        gone = _gone(boards[_what(row)]) if row["deleted"] else ""
        yield Text(
            f"The best pipeline that predicts {row['target']} is {row['ref']}: "
            f"{wording.chain(row['preprocessing'], row['model'])}. Its {_head(row)} is "
            f"{wording.figure(row['val_score'])}{tested}.{gone}"
        )
    if bests:
        for line in wording.how_to_read(bests[0]["task_type"], bests[0]["metric"], once=_once(bests[0])):
            yield Text(line, hint=True)


def _gone(there: list[Row]) -> str:
    said = " That pipeline was deleted; the catalog remembers its figures."
    if not there:
        return said
    first = there[0]
    return f"{said} The best that is still there is {first.pipeline.ref}, with {wording.figure(first.score)}."


def _once(row: dict[str, Any]) -> bool:
    return bool(row["n_folds"] == 1)


def _head(row: dict[str, Any], partition: str = "val") -> str:
    return wording.heading(partition, row["metric"], once=_once(row))


def _data(registration: Registration | None) -> list[Block]:
    from nws.dataset import Understood

    if registration is None:
        return [Text("It is not registered in this workspace: its files were given directly, or it was removed.")]
    lines: dict[str, str] = {}
    for line in Understood(registration.understood).lines():
        word, _, text = line.partition(" ")
        lines[word] = f"{lines[word]}; {text.strip()}" if word in lines else text.strip()
    options = ", ".join(f"{name} = {_option(value)}" for name, value in sorted(registration.options.items()))
    told = {"registered": wording.moment(registration.registered_at), "from": wording.listed(registration.sources)}
    return [Facts({**lines, **told, "options": options, "snapshot": str(registration.id)})]


def _option(value: Any) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _ranked(
    workspace: Workspace, name: str, best: dict[str, Any], n: int, *, deleted: bool | None = None
) -> list[dict[str, Any]]:
    """Return the rows of the best pipelines by the metric of `best`; only those that have it as their own."""
    column = f"val_{best['metric']}"
    where = f"metric == '{best['metric']}'"
    shown = (*_SHOWN, column, f"test_{best['metric']}", f"train_{best['metric']}", "prediction_id")
    criteria: Criteria = {"target": best["target"], "where": where, "deleted": deleted}
    return workspace.predictions.leaderboard(name, column, n=n, show=shown, **criteria).rows.rows(named=True)


def _leaderboard(workspace: Workspace, name: str, best: dict[str, Any], *, several: bool) -> list[Section]:
    metric, target = best["metric"], best["target"]
    rows = _ranked(workspace, name, best, MOST)
    there = [part for part in ("val", "test", "train") if any(row[f"{part}_{metric}"] is not None for row in rows)]
    figures = [_head(best, part) for part in there]
    heads = columns("#", "pipeline", *figures, "preprocessing", "model", "date", "note", numeric={"#", *figures})
    cells = [
        [
            rank, row["ref"], *(row[f"{part}_{metric}"] for part in there), row["preprocessing"], row["model"],
            str(row["run_date"]), "deleted" if row["deleted"] else "",
        ]
        for rank, row in enumerate(rows, 1)
    ]  # fmt: skip
    by = f"{_head(best)} ({wording.direction(metric)})"
    first = f"; the first {MOST}" if len(rows) == MOST else ""
    caption = f"The best pipelines of all runs that predict {target}, by {by}{first}"
    table = Table(caption, heads, cells, name=parts.LEADERBOARD, keys=[row["ref"] for row in rows])
    return [Section(f"Best pipelines: {_what(best)}" if several else "Best pipelines", [table])]


def _what(best: dict[str, Any]) -> str:
    return f"{best['target']}, {_head(best)}"


def _board(workspace: Workspace, name: str, best: dict[str, Any], trouble: list[str]) -> list[Row]:
    """Return the best pipelines that are still there, as their records tell them."""
    found = []
    for row in _ranked(workspace, name, best, _LOOKED_INTO, deleted=False):
        try:
            run = workspace.runs.get(row["run_id"])
            found.append(row_of(run.open(run.ref(int(row["ref"].rpartition("/")[2]))), trouble))
        except (NwsError, OSError, KeyError, ValueError) as err:
            trouble.append(f"{row['ref']}: {err}")
    return [row for row in found if row.metrics is not None]


def _look_into(boards: list[list[Row]], trouble: list[str]) -> list[Section]:
    turns = zip_longest(*boards)
    found = explorer(
        [row for turn in turns for row in turn if row is not None], named=lambda row: row.pipeline.ref, trouble=trouble
    )
    if found is None:
        return []
    held = plural(len(found["pipelines"]), "pipeline")
    return [
        Section("Look into predictions", [Explorer(found, f"The predictions of the best {held} are in this page.")])
    ]


def _best(boards: dict[str, list[Row]], *, pictures: bool) -> list[Section]:
    found = []
    for what, rows in boards.items():
        if rows:
            title = "The best pipeline" if len(boards) == 1 else f"The best pipeline: {what}"
            whole = parts.in_full(rows[0].pipeline, rows[0], title=title)
            drawn = pictures_of(rows[0].pipeline) if pictures else []
            found.append(Section(title, [*whole.blocks, *drawn]))
    return found


def _runs(runs: list[dict[str, Any]]) -> list[Block]:
    if not runs:
        return []
    heads = columns("began", "run", "pipelines", "failed", "best pipeline", "note", numeric={"pipelines", "failed"})
    cells = [
        [
            f"{row['first_created_at']:%Y-%m-%d %H:%M}", row["run_id"], row["predictions"], row["failed"],
            row["pipeline_id"], "deleted" if row["deleted"] else "",
        ]
        for row in list(reversed(runs))[: parts.MOST_RUNS]
    ]  # fmt: skip
    more = parts.of_many(len(runs), parts.MOST_RUNS, "the newest")
    return [Table(f"Runs on this dataset, newest first (times in UTC){more}", heads, cells)]


def _history(workspace: Workspace, name: str, best: dict[str, Any]) -> list[Block]:
    points = history.points(workspace, name, best["target"], best["metric"])
    return parts.history(best["target"], best["metric"], points, once=_once(best))


def _statistics(workspace: Workspace, name: str, bests: list[dict[str, Any]]) -> Iterable[Block]:
    for best in bests:
        for column, what in (("preprocessing", "preprocessing"), ("model_type", "model")):
            stats = workspace.predictions.get_summary_stats(column, dataset=name, target=best["target"]).rows(
                named=True
            )
            mine = [row for row in stats if row["metric"] == f"val_{best['metric']}" and row["best"] is not None]
            spreads = [
                Spread(
                    str(row[column]),
                    row["predictions"],
                    row["failed"],
                    *(row[key] for key in ("best", "median", "mean", "std", "worst")),
                )
                for row in mine
            ]
            if spreads:
                ordered = parts.best_first(best["metric"], spreads)
                yield parts.spread_table(what, best["target"], best["metric"], ordered, once=_once(best))
