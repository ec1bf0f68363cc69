"""The report of a run: what was asked, what ran, what failed, what was best, and what changed since the last run.

This room chooses and words what a reader who was not there needs; it must not know how it looks.
"""

from __future__ import annotations

import shlex
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from nws.engine.cv import AUTO, GIVEN
from nws.report import parts, wording
from nws.report.across import across
from nws.report.blocks import Commands, Explorer, Facts, Report, Section, Table, Text, columns
from nws.report.explore import explorer
from nws.report.facts import AT_WORK, CUT_OFF, DAMAGED, failures, model_class, run_facts, spreads
from nws.report.gallery import pictures_of, pictures_of_run
from nws.words import plural, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nws.records import RunConfig, RunSummary
    from nws.report.blocks import Block, Cell
    from nws.report.facts import Row, RunFacts
    from nws.run import Run
    from nws.workspace import Workspace


def report_run(workspace: Workspace, run: Run | str, *, pictures: bool = True) -> Report:
    """Return the report of a run.

    What cannot be read of it is named in the report, which goes on with the rest.

    Parameters
    ----------
    workspace
        Where it is.
    run
        The run, or its name or the beginning of it.
    pictures
        Draw the best pipelines and the run, which takes a second or two.

    Raises
    ------
    UnknownName
        If there is no such run.
    """
    chosen = workspace.runs.get(run) if isinstance(run, str) else run
    facts = run_facts(chosen)
    trouble = list(facts.trouble)
    sections = [
        Section("In short", list(_in_short(facts))),
        Section("What was asked", _asked(facts)),
        Section("What ran", _ran(workspace, facts)),
        *_failures(facts),
        *chain.from_iterable(_leaderboard(facts, target) for target in facts.targets),
        *_look_into(facts, trouble),
        *_best(facts, pictures=pictures),
        *_estimates(facts.summary),
        *_statistics(workspace, facts, pictures=pictures),
        *across(workspace, facts, trouble),
        Section("Go on from here", [_commands(facts)]),
        *parts.trouble(trouble),
    ]
    return Report("run", chosen.name, f"Run {chosen.name}", _lead(facts), [part for part in sections if part.blocks])


def _lead(facts: RunFacts) -> str:
    failed = sum(row.failed for row in facts.rows)
    what = f"{plural(len(facts.rows), 'pipeline')} on {facts.dataset or 'a dataset that is not known'}"
    done = "none failed" if not failed else "all failed" if failed == len(facts.rows) else f"{failed} of them failed"
    states = {
        "completed": "The run came to its end.",
        AT_WORK: "The run is still at work: this is what it has so far.",
        CUT_OFF: "The run was cut off before its end: this is what it has.",
        DAMAGED: "What its summary said cannot be read.",
        "interrupted": "The run was interrupted before its end: this is what it has.",
    }
    said = "" if not facts.rows else f", {done}"
    return f"{what}{said}. {states.get(facts.status, f'Its status is {facts.status}.')}"


def _in_short(facts: RunFacts) -> Iterable[Block]:
    if not facts.rows:
        none = "No pipeline has finished yet" if facts.status == AT_WORK else "No pipeline of this run is there"
        yield Text(none + (f"; {facts.deleted} were deleted." if facts.deleted else "."))
    elif all(row.failed for row in facts.rows):
        yield Text("Every pipeline failed, so there is nothing to rank; the reasons stand below.")
    for target in facts.targets:
        ranked = facts.ranked(target)
        if ranked:
            yield Text(_best_sentence(target, ranked))
    first = next((row for row in facts.rows if row.metrics), None)
    if first is not None and first.metrics is not None:
        for line in wording.how_to_read(first.metrics.task_type, first.metric, once=first.once):
            yield Text(line, hint=True)


def _best_sentence(target: str, ranked: Sequence[Row]) -> str:
    best = ranked[0]
    samples = plural(int(best.figure("val", "samples") or 0), "sample")
    which = f"The best of {len(ranked)} pipelines that predict {target}" if len(ranked) > 1 else "The pipeline"
    text = (
        f"{which} is {best.name}: {wording.chain(best.preprocessing, best.model)}. "
        f"Over the {samples} of {wording.validated(once=best.once)} its "
        f"{wording.heading('val', best.metric, once=best.once)} is {wording.figure(best.score)}"
    )
    tested = best.figure("test")
    count = plural(int(best.figure("test", "samples") or 0), "test sample")
    if tested is not None:
        return f"{text}; over {count} its {wording.heading('test', best.metric)} is {wording.figure(tested)}."
    return f"{text}. No samples were set apart to test it."


def _asked(facts: RunFacts) -> list[Block]:
    config = facts.config
    if config is None:
        return [Text("What was asked is not known: run_config.json cannot be read.")]
    files = sorted({str(item.get("config_file") or "") for item in config.pipelines} - {""})
    return [
        Facts(
            {
                "description": config.description,
                "command": shlex.join(config.command),
                "dataset": config.dataset_name,
                "files": wording.listed(config.dataset_source),
                "data": _data(facts),
                "targets": wording.listed(facts.targets),
                "task": config.task_type,
                "config files": wording.listed(files),
                "splits": _splits(facts),
                "seed": str(config.random_seed),
                **_options(config),
            }
        )
    ]


def _options(config: RunConfig) -> dict[str, str]:
    asked = config.global_params
    words = {"metric": "metric asked for", "cv": "splits asked for", "test": "test samples asked for"}
    found = {word: str(asked[name]) for name, word in words.items() if asked.get(name) not in {None, AUTO}}
    if asked.get("outliers"):
        found["outliers"] = "Hotelling T² and Q residuals of each sample stand in predictions.csv"
    return found


def _data(facts: RunFacts) -> str:
    for row in facts.rows:
        data = row.pipeline.record.dataset
        axis = data.get("axis") or {}
        unit = {"cm-1": "cm⁻¹", "index": "(index)"}.get(axis.get("unit", ""), axis.get("unit", ""))
        ends = f" from {axis['first']:.6g} to {axis['last']:.6g} {unit}" if axis.get("first") is not None else ""
        return f"{data.get('samples')} samples of {data.get('features')} points{ends}; snapshot {str(data['id'])[:12]}"
    return ""


def _splits(facts: RunFacts) -> str:
    found: dict[str, None] = {}
    for row in facts.rows:
        told = row.pipeline.record.evaluation
        sizes = ", ".join(
            f"{told[key]} {word}"
            for key, word in (("n_train", "training"), ("n_test", "test"))
            if isinstance(told.get(key), int)
        )
        if told.get("cv"):
            test = f"; test by {told['test']}" if told.get("test") else ""
            folds = f", {plural(told['folds'], 'fold')}" if told.get("folds", 1) > 1 else ""
            cv = "a given validation set" if told["cv"] == GIVEN else told["cv"]
            found[f"{cv}{folds}; samples: {sizes}{test}"] = None
    return wording.listed(list(found), most=4)


def _ran(workspace: Workspace, facts: RunFacts) -> list[Block]:
    summary, config = facts.summary, facts.config
    failed = sum(row.failed for row in facts.rows)
    told = {
        "status": facts.status,
        "pipelines": f"{len(facts.rows)}: {len(facts.rows) - failed} completed, {failed} failed",
        "deleted since": str(facts.deleted) if facts.deleted else "",
        "came here": "by import" if workspace.runs.imported.has(facts.run.name) else "",
    }
    if summary is not None:
        skipped = summary.statistics.get("skipped_in") or {}
        where = f" (in {wording.listed(list(skipped))})" if skipped else ""
        told |= {
            "there already": f"{summary.skipped_pipelines}{where}" if summary.skipped_pipelines else "",
            "began": wording.moment(summary.started_at),
            "ended": wording.moment(summary.completed_at),
            "took": wording.took(summary.duration_seconds) if summary.completed_at else "",
            "artifacts": _stored(summary.statistics),
        }
    if config is not None:
        changes = {True: " with changes that were not committed", False: "", None: ""}[config.git_dirty]
        told |= {
            "by": f"{config.created_by or 'somebody'} on {config.host}",
            "job": config.job_id or "",
            "nws": config.nws_version,
            "Python": config.python_version,
            "packages": parts.packages(config.packages),
            "git commit": f"{config.git_commit}{changes}" if config.git_commit else "none: not in a git repository",
        }
    return [Facts(told)]


def _stored(stored: dict[str, Any]) -> str:
    if not stored.get("artifact_count"):
        return ""
    return (
        f"{stored['artifact_count']} fitted steps of {size(stored.get('artifact_bytes', 0))}, kept in "
        f"{size(stored.get('stored_bytes', 0))}"
    )


def _failures(facts: RunFacts) -> list[Section]:
    found = failures(facts.rows)
    if not found:
        return []
    heads = columns("pipelines", "in step", "reason", "which", numeric={"pipelines"})
    rows: list[list[Cell]] = [
        [
            len(item.pipelines),
            wording.listed(item.steps),
            item.message,
            wording.listed(item.pipelines, most=parts.MOST_NAMES),
        ]
        for item in found[: parts.MOST_RUNS]
    ]
    more = parts.of_many(len(found), parts.MOST_RUNS, "the first")
    caption = f"Failures by reason, the most common first{more}"
    about = Text(
        "A pipeline that failed stops no other one. Its folder has error.log with all that was said.", hint=True
    )
    return [Section("What failed", [Table(caption, heads, rows), about])]


def _leaderboard(facts: RunFacts, target: str) -> list[Section]:
    ranked = facts.ranked(target)
    if not ranked:
        return []
    title = "Leaderboard" if len(facts.targets) == 1 else f"Leaderboard: {target}"
    return [Section(title, [parts.leaderboard(target, ranked, named=lambda row: row.name)])]


def _look_into(facts: RunFacts, trouble: list[str]) -> list[Section]:
    """Return the best pipelines of all targets by turns, as many as a page can hold."""
    turns = zip_longest(*(facts.ranked(target) for target in facts.targets))
    found = explorer(
        [row for turn in turns for row in turn if row is not None], named=lambda row: row.name, trouble=trouble
    )
    if found is None:
        return []
    scored = sum(row.score is not None for row in facts.rows)
    held = len(found["pipelines"])
    about = (
        f"The predictions of {'all' if held == scored else f'the best {held} of'} {scored} pipelines are in this page."
    )
    if held < scored:
        about += " Those of the others are in predictions.csv of their folders."
    if found["thinned"]:
        about += " Of very many samples, a regular choice is shown."
    return [Section("Look into predictions", [Explorer(found, about)])]


def _best(facts: RunFacts, *, pictures: bool) -> list[Section]:
    found = []
    for target in facts.targets:
        ranked = facts.ranked(target)
        if ranked:
            title = "The best pipeline" if len(facts.targets) == 1 else f"The best pipeline for {target}"
            whole = parts.in_full(ranked[0].pipeline, ranked[0], title=title)
            drawn = pictures_of(ranked[0].pipeline) if pictures else []
            found.append(Section(title, [*whole.blocks, *drawn]))
    return found


def _estimates(summary: RunSummary | None) -> list[Section]:
    """Return what nested cross-validation says of choosing the best, where it was asked for."""
    nested = (summary.statistics.get("nested") or {}) if summary is not None else {}
    rows = [
        [
            target, wording.heading("test", str(told["metric_name"]).removeprefix("test_")), told["metric_value"],
            told["standard_error"], told["folds"], told["samples"], told["pipelines"],
            wording.listed(sorted({str(item["pipeline_id"]) for item in told["chosen"]})),
        ]
        for target, told in sorted(nested.items())
    ]  # fmt: skip
    if not rows:
        return []
    heads = columns(
        "target",
        "figure",
        "value",
        "standard error",
        "outer folds",
        "samples",
        "pipelines",
        "chosen in a fold",
        numeric={"value", "standard error", "outer folds", "samples", "pipelines"},
    )
    about = Text(
        "Nested cross-validation: in each outer fold the best pipeline was chosen without the samples of that fold, "
        "and then predicted them. So these figures tell how good the choice of the best is, without its flattery."
    )
    return [Section("What choosing the best comes to", [about, Table("Nested estimates", heads, rows)])]


def _statistics(workspace: Workspace, facts: RunFacts, *, pictures: bool) -> list[Section]:
    blocks: list[Block] = []
    for target in facts.targets:
        rows = [row for row in facts.rows if row.target == target]
        ranked = facts.ranked(target)
        if ranked and len(rows) > 1:
            metric = ranked[0].metric
            for what, by in (("preprocessing", lambda row: row.preprocessing), ("model", model_class)):
                once = ranked[0].once
                blocks.append(parts.spread_table(what, target, metric, spreads(rows, by), once=once))
    if blocks and pictures:
        blocks += pictures_of_run(workspace, facts.run, facts.targets)
    return [Section("By preprocessing and by model", blocks)]


def _commands(facts: RunFacts) -> Commands:
    lines = [f"nws runs show {facts.run.name}"]
    if facts.status in {CUT_OFF, "interrupted"} and facts.config is not None and facts.config.configs is not None:
        lines.append(f"nws run --resume {facts.run.name}")
    best = next((row for row in facts.rows if row.score is not None), None)
    if best is not None:
        ref = best.pipeline.ref
        lines += [f"nws show {ref}", f"nws export {ref}", f"nws predict {ref} --input FILE", f"nws reproduce {ref}"]
    return Commands(lines)
