"""What reports say: counts, reasons, the best, what changed, and what cannot be read."""

import functools
import os
import re
import shutil

import pytest
from reports import EVIL, GRID, LATER, NASTY, evil_workspace, run
from workspaces import MAYONNAISE, PLS, small_csv

from nws import Workspace, report
from nws.dataset import ReadOptions
from nws.errors import UnknownName, UsageError
from nws.report import report_global, wording
from nws.report.facts import failures, run_facts, spreads
from nws.report.markdown import escaped

# Pictures have tests of their own, and take their time.
report_run = functools.partial(report.report_run, pictures=False)
report_dataset = functools.partial(report.report_dataset, pictures=False)
BAD = [{"model": {"class": PLS, "params": {"n_components": 50}}}]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with two runs of one dataset with two targets."""
    root = tmp_path_factory.mktemp("made é")
    workspace = evil_workspace(root)
    first = run(workspace, root, GRID, run_name="a", description="<b>first</b>")
    second = run(workspace, root, LATER, run_name="b", force=True, seed=3)
    return workspace, first, second, root


@pytest.fixture
def copied(made, tmp_path):
    workspace, first, second, root = made
    shutil.copytree(workspace.root, tmp_path / "w")
    there = Workspace.open(tmp_path / "w")
    return there, there.runs.get(first.name), there.runs.get(second.name), root


def section(text, title):
    return re.search(rf"^## {re.escape(title)}.*?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def rows_of(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def break_object(workspace, oid):
    path = workspace.root / "_binaries" / oid[:2] / f"{oid}.zst"
    path.write_bytes(path.read_bytes()[:-2])


def test_counts_reasons_and_the_best(made):
    workspace, first, _, _ = made
    text = report_run(workspace, first).markdown()
    assert "12 pipelines on two, 4 of them failed. The run came to its end." in text
    best = run_facts(first).ranked(EVIL)[0]
    assert f"{escaped(EVIL)} is {best.name}: StandardScaler, then Ridge(alpha=0.1)." in text
    assert (
        f"Over the 24 samples of cross-validation its RMSECV is {best.score:#.4g}; over 6 test samples its RMSEP is"
        in text
    )
    ((number, steps, reason, which),) = rows_of(section(text, "What failed"))[2:]
    assert (number, steps, len(which.split(", "))) == ("4", "PLSRegression", 4)
    assert "upper bound is 4. Got 50" in reason
    assert escaped("<b>first</b>") in section(text, "What was asked")


def test_the_leaderboard_has_every_pipeline_with_a_figure_best_first(made):
    workspace, first, _, _ = made
    text = report_run(workspace, first).markdown()
    rows = rows_of(section(text, f"Leaderboard: {escaped(NASTY)}"))[2:]
    figures = [float(row[2]) for row in rows]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert figures == sorted(figures)


def test_statistics_are_those_of_the_figures(made):
    _, first, _, _ = made
    rows = [row for row in run_facts(first).rows if row.target == EVIL]
    by = {spread.group: spread for spread in spreads(rows, lambda row: row.preprocessing)}
    scores = [row.score for row in rows if row.preprocessing == "none" and row.score is not None]
    spread = by["none"]
    assert (spread.pipelines, spread.failed) == (3, 1)
    assert (spread.best, spread.worst) == (min(scores), max(scores))
    assert spread.mean == pytest.approx(sum(scores) / 2)
    assert spread.sd == pytest.approx(abs(scores[0] - scores[1]) / 2**0.5)


def test_what_changed_since_the_last_run(made):
    workspace, first, second, _ = made
    text = section(report_run(workspace, second).markdown(), "Since the last run")
    assert f"The run of two before this one was {first.name}." in text
    was, now = (run_facts(one).ranked(EVIL)[0].score for one in (first, second))
    assert now < was
    assert f"{escaped(EVIL)} is better by {was - now:#.4g}: {now:#.4g}, before {was:#.4g}." in text
    assert "4 pipelines are new, 4 ran in both, 8 ran only before." in text
    assert "the seed was 0 and is 3" in text
    assert "first run of two" in report_run(workspace, first).markdown()


def test_worse_is_said_where_the_figure_is_better_when_higher(tmp_path):
    workspace, _ = Workspace.init(tmp_path / "w")
    workspace.datasets.add("oil", [MAYONNAISE], ReadOptions())
    models = ("LogisticRegression", "RidgeClassifier")
    for name in models:
        (tmp_path / "grid.json").write_text(f'[{{"model": "sklearn.linear_model.{name}"}}]')
        workspace.run("oil", tmp_path / "grid.json", run_name=name)
    first, second = (next(one for one in workspace.runs.list() if one.name.endswith(name)) for name in models)
    was, now = (run_facts(one).rows[0].score for one in (first, second))
    word = "better" if now > was else "worse"
    text = report_run(workspace, second).markdown()
    assert f"is {word} by {abs(now - was):#.4g}: {now:#.4g}, before {was:#.4g}" in text
    assert "higher is better" in text


def test_other_splits_are_said_to_spoil_the_comparison(copied):
    workspace, _, _, root = copied
    other = run(workspace, root, LATER, run_name="c", force=True, seed=3, cv="shuffle:5")
    text = section(report_run(workspace, other).markdown(), "Since the last run")
    assert "may not be comparable: the splits were kfold:5 and are shuffle:5" in text


def test_what_a_validation_set_that_was_given_says_is_not_called_cross_validation(tmp_path):
    workspace, _ = Workspace.init(tmp_path / "w")
    small_csv(tmp_path / "wheat.csv", samples=30)
    first, *lines = (tmp_path / "wheat.csv").read_text().splitlines()
    parts = ["train"] * 20 + ["val"] * 5 + ["test"] * 5
    rows = [f"{line},{part}" for line, part in zip(lines, parts, strict=True)]
    (tmp_path / "wheat.csv").write_text("\n".join([f"{first},set", *rows]))
    (tmp_path / "grid.json").write_text('[{"model": "sklearn.linear_model.Ridge"}]')
    workspace.datasets.add("wheat", [tmp_path / "wheat.csv"], ReadOptions())
    (result,) = workspace.run("wheat", tmp_path / "grid.json")
    texts = [report_run(workspace, result.run).markdown(), report_dataset(workspace, "wheat").markdown()]
    assert "RMSECV" not in report_global(workspace).markdown()
    assert "Over the 5 samples of the validation set its RMSE (val) is" in texts[0]
    assert "a given validation set; samples: " in texts[0]
    assert all("RMSE (val)" in text and "RMSEP" in text for text in texts)
    assert not any("RMSECV" in text or "cross-validation" in text for text in texts)


def test_the_report_of_a_dataset_knows_all_runs(made):
    workspace, first, second, _ = made
    text = report_dataset(workspace, "two").markdown()
    assert text.startswith("# Dataset two\n\n2 runs with 20 pipelines, 4 of which failed.")
    assert "30" in section(text, "What the data are")
    best = run_facts(second).ranked(EVIL)[0]
    assert f"is {best.pipeline.ref}: {best.preprocessing}, then" in section(text, "In short")
    assert {first.name, second.name} <= {row[1] for row in rows_of(section(text, "All runs"))}
    assert "best so far" in text


def test_the_report_of_a_workspace_remembers_what_is_gone(copied):
    workspace, first, _, _ = copied
    shutil.rmtree(first.folder)
    text = report_global(workspace).markdown()
    rows = {row[1]: row[-1] for row in rows_of(section(text, "Runs"))}
    assert rows[first.name] == "deleted"
    assert len(rows_of(section(text, "The best of each dataset"))) == 2 + 2
    assert "deleted" in report_dataset(workspace, "two").markdown()


def test_where_the_best_is_gone_the_best_that_is_still_there_is_named_and_looked_into(copied, monkeypatch):
    workspace, *runs, _ = copied
    monkeypatch.setattr("nws.report.of_dataset._LOOKED_INTO", 1)
    best = workspace.predictions.query_best("two", "rmsecv", n=1, target=EVIL)["run_id"][0]
    (kept,) = (one for one in runs if one.name != best)
    shutil.rmtree(workspace.runs.get(best).folder)
    text = report_dataset(workspace, "two").markdown()
    there = run_facts(kept).ranked(EVIL)[0]
    assert f"The best that is still there is {there.pipeline.ref}, with {wording.figure(there.score)}." in text
    assert there.pipeline.ref in section(text, f"The best pipeline: {escaped(EVIL)}, RMSECV")


def test_an_empty_workspace(tmp_path):
    workspace, _ = Workspace.init(tmp_path / "w")
    page = report_global(workspace)
    assert "Nothing ran in this workspace yet." in page.markdown()
    assert page.html().startswith("<!DOCTYPE html>")
    with pytest.raises(UnknownName, match="no dataset named"):
        report_dataset(workspace, "two")
    for name in ("", "../two"):
        with pytest.raises(UsageError, match="not a valid dataset name"):
            report_dataset(workspace, name)


def test_a_dataset_that_nothing_ran_on(tmp_path):
    text = report_dataset(evil_workspace(tmp_path), "two").markdown()
    assert "nothing ran on it yet" in text


def test_a_run_in_which_everything_failed(copied):
    workspace, _, _, root = copied
    failed = run(workspace, root, BAD, run_name="bad", force=True)
    text = report_run(workspace, failed).markdown()
    assert "Every pipeline failed" in text
    assert "Leaderboard" not in text
    assert "may not be comparable: the number" not in text
    rows = [row for row in rows_of(section(text, "All runs of this dataset")) if row[1].endswith(("_a", "_bad"))]
    assert [bool(row[4]) for row in rows] == [True, False] * 2
    assert "all failed" in text
    best = min(run_facts(one).ranked(EVIL)[0].score for one in workspace.runs.list() if one.name != failed.name)
    assert f"The best RMSECV of {escaped(EVIL)} in all runs is {best:#.4g}, in " in text


def test_a_damaged_record_is_named_and_the_rest_is_told(copied):
    workspace, first, _, _ = copied
    break_object(workspace, first.ref(2).record)
    break_object(workspace, first.pipeline(1).record.files["metrics.json"])
    best = run_facts(first).ranked(NASTY)[0]
    break_object(workspace, best.pipeline.record.files["predictions.csv"])
    page = report.report_run(workspace, first).markdown()
    text = section(page, "What could not be read")
    assert "pipeline 0002" in text
    assert escaped(first.pipeline(1).path) in text
    assert escaped(best.pipeline.path) in text
    assert "11 pipelines on two, 4 of them failed." in page
    assert "Not drawn: " in page


def test_a_damaged_summary_and_a_lost_config(copied):
    workspace, first, second, _ = copied
    (first.folder / "run_summary.json").write_text("{")
    (second.folder / "run_config.json").unlink()
    assert "What its summary said cannot be read." in report_run(workspace, first).markdown()
    assert "What was asked is not known" in report_run(workspace, second).markdown()
    assert "run_summary.json" in section(report_global(workspace).markdown(), "What could not be read")


def test_a_run_that_was_cut_off_says_so_and_one_at_work_too(copied):
    workspace, first, _, _ = copied
    path = first.folder / "run_summary.json"
    path.write_text(path.read_text().replace('"status": "completed"', '"status": "running"'))
    text = report_run(workspace, first).markdown()
    assert "cut off before its end" in text
    assert f"nws run --resume {first.name}" in text
    with first.at_work():
        assert "still at work" in report_run(workspace, first).markdown()
    (workspace.runs.folder / "2026-01-02_x").mkdir()
    empty = workspace.runs.get("2026-01-02_x")
    with empty.at_work():
        assert "No pipeline has finished yet." in report_run(workspace, empty).markdown()


def test_a_run_that_was_cut_off_while_it_began(copied):
    workspace, _, _, _ = copied
    (workspace.runs.folder / "2026-01-01_x").mkdir()
    text = report_run(workspace, "2026-01-01_x").markdown()
    assert "No pipeline of this run is there." in text
    assert "--resume" not in text
    assert "None" not in text
    assert "2026-01-01_x" in section(report_global(workspace).markdown(), "Runs")


def test_a_run_that_the_catalog_does_not_have_yet(copied):
    workspace, first, _, _ = copied
    shutil.rmtree(workspace.catalog / "predictions_meta.parquet")
    assert "nws reindex adds it" in report_run(workspace, first).markdown()


def test_a_damaged_index_leaves_out_what_it_would_have_said(copied):
    workspace, first, _, _ = copied
    for path in (workspace.catalog / "predictions_meta.parquet").glob("*.parquet"):
        path.write_bytes(b"not parquet")
    text = report_run(workspace, first).markdown()
    assert "Leaderboard" in text
    assert "the catalog" in section(text, "What could not be read")
    assert "Damaged or missing" in report_global(workspace).markdown()


def test_nested_estimates_and_outliers_are_told(tmp_path):
    workspace, _ = Workspace.init(tmp_path / "w")
    small_csv(tmp_path / "wheat.csv", samples=40)
    (tmp_path / "grid.json").write_text('[{"model": "sklearn.linear_model.Ridge"}]')
    (result,) = workspace.run(tmp_path / "wheat.csv", tmp_path / "grid.json", test="kfold:4", outliers=True)
    text = report_run(workspace, result.run).markdown()
    told = result.summary.statistics["nested"]["protein"]
    (row,) = rows_of(section(text, "What choosing the best comes to"))[2:]
    assert row[:3] == ["protein", "RMSEP", f"{told['metric_value']:#.4g}"]
    assert "Hotelling" in section(text, "What was asked")


def test_the_same_workspace_gives_the_same_bytes(made):
    workspace, first, _, _ = made
    pages = [report.report_run(Workspace.open(workspace.root), first.name) for _ in range(2)]
    assert pages[0].html() == pages[1].html()
    assert pages[0].markdown() == pages[1].markdown()
    assert f"*The best figure of each model with each preprocessing: {escaped(EVIL)}*" in pages[0].markdown()


def test_a_run_that_came_by_import_says_so(copied):
    workspace, first, second, _ = copied
    workspace.runs.imported.add(first.name, kind="fullrun", manifest=first.ref(1).record, file="x.zip")
    assert "by import" in section(report_run(workspace, first).markdown(), "What ran")
    assert "by import" not in report_run(workspace, second).markdown()
    states = {row[1]: row[-1] for row in rows_of(section(report_global(workspace).markdown(), "Runs"))}
    assert (states[first.name], states[second.name]) == ("completed, by import", "completed")


def test_failures_with_the_same_words_stand_together(made):
    _, first, _, _ = made
    (only,) = failures(run_facts(first).rows)
    assert only.steps == ["PLSRegression"]
    assert len(only.pipelines) == 4


def test_models_of_somebody_else_are_not_drawn_and_the_report_says_how_they_are(made, monkeypatch):
    workspace, first, _, _ = made
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    text = report.report_run(Workspace.open(workspace.root), first.name).markdown()
    best = section(text, f"The best pipeline for {escaped(NASTY)}")
    assert best.count("Not drawn: ") == 1
    assert "is not loaded" in best
    assert "nws config trust add" in best
    assert "Predicted against measured" in best
