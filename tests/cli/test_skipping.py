"""What the workspace has is not run again; a dry run writes nothing."""

import json
import shutil

import pytest
from three_pipelines import WORDS, cut_off, files, lines, runs
from workspaces import mixed_grid, ridge_grid, said, small_csv

from nws import Workspace
from nws.engine import software


def test_a_finished_grid_again_says_where_everything_is_and_writes_nothing(here, place, nothing_runs):
    before = files(place)
    told = here(*WORDS, check=0)
    after = files(place)
    assert after.keys() == before.keys()
    # Only the snapshot of the data was seen to be there, which keeps it from a collector.
    assert {path.parent.parent.name for path in after if after[path] != before[path]} == {"_binaries"}
    (run,) = runs(place)
    assert f"nothing to run: all 3 pipelines are there already ({run.name})" in told.err
    assert f"next: nws show {run.name}/0001" in told.err
    assert [line.split("\t")[1][:4] for line in told.out.splitlines()[1:]] == ["0001", "0002", "0003"]
    (line,) = lines(here(*WORDS, "--json", check=0))
    assert (line["run_id"], line["ran"], line["skipped"], line["total_pipelines"]) == (run.name, 0, 3, 3)
    assert line["skipped_in"] == {run.name: 3}
    here(*WORDS, "--run-name", "other", "--append", check=0)
    assert len(runs(place)) == 1


def test_a_run_holds_only_what_is_new_and_says_where_the_rest_is(here, place):
    ridge_grid(place / "grid.json", 5)
    told = here(*WORDS, "--run-name", "more", check=0)
    old, new = runs(place)
    assert new.numbers() == [1, 2]
    assert f"5 pipelines, 3 of them there already ({old.name})" in told.err
    assert "completed: 2 pipelines, 0 failed, 3 there already" in told.err
    heads, *rows = [line.split("\t") for line in told.out.splitlines()]
    assert {row[heads.index("run")] for row in rows} == {old.name, new.name}
    assert len(rows) == 5
    summary, config = new.summary(), new.config()
    assert (summary.total_pipelines, summary.skipped_pipelines) == (2, 3)
    assert summary.statistics["skipped_in"] == {old.name: 3}
    skipped = [item for item in config.pipelines if item["status"] == "skipped"]
    assert [(item["run_id"], item["record"]) for item in skipped] == [
        (old.name, pipeline.record_id) for pipeline in old.pipelines()
    ]
    assert [item["status"] for item in config.pipelines] == ["completed"] * 2 + ["skipped"] * 3
    (line,) = lines(here(*WORDS, "--json", check=0))
    assert (line["run_id"], line["skipped_in"]) == (None, {old.name: 3, new.name: 2})
    assert "skipped in" in here("runs", "show", new.name, check=0).out


def test_with_force_everything_runs(here, place):
    here(*WORDS, "--force", check=0)
    old, new = runs(place)
    assert said(old.pipelines()) == said(new.pipelines())


@pytest.mark.parametrize("change", ["--seed 1", "--cv kfold:4", "--dataset other.csv"])
def test_another_seed_split_or_dataset_is_other_work(here, place, change):
    small_csv(place / "other.csv", seed=4)
    words = [*WORDS, *change.split()]
    if "--dataset" in change:
        words = [word for word in words if word != "wheat.csv"]
        words.remove("--dataset")
    here(*words, check=0)
    assert [len(run.numbers()) for run in runs(place)] == [3, 3]


def test_another_metric_ranks_what_is_there(here, place, nothing_runs):
    told = here(*WORDS, "--metric", "r2", check=0)
    heads, *rows = [line.split("\t") for line in told.out.splitlines()]
    figures = [float(row[2]) for row in rows]
    assert "R²" in heads[2]
    assert figures == sorted(figures, reverse=True)
    assert len(figures) == 3


@pytest.mark.parametrize("kind", ["pipeline", "run", "folder"])
def test_what_was_deleted_is_run_again(here, place, kind):
    (run,) = runs(place)
    if kind == "folder":
        shutil.rmtree(run.folder)
    else:
        here("runs", "delete", f"{run.name}/2" if kind == "pipeline" else run.name, "--yes", check=0)
    (line,) = lines(here(*WORDS, "--run-name", "again", "--json", check=0))
    assert line["ran"] == (1 if kind == "pipeline" else 3)


def test_a_row_of_a_run_that_was_made_again_by_hand_names_nothing(here, place):
    (run,) = runs(place)
    rows = Workspace.open(place).predictions.filter_by_criteria()
    shutil.rmtree(run.folder)
    shutil.rmtree(place / "catalog" / "archives")
    here(*WORDS, check=0)
    workspace = Workspace.open(place)
    old = set(rows["prediction_id"])
    workspace.forget([one for one in workspace.predictions.filter_by_criteria()["prediction_id"] if one not in old])
    (line,) = lines(here(*WORDS, "--json", check=0))
    assert line["ran"] == 3


@pytest.mark.parametrize("name", ["record", "predictions.csv", "metrics.json", "artifact"])
@pytest.mark.parametrize("damage", ["gone", "torn", "other"])
def test_what_lacks_an_object_is_run_again(here, place, name, damage):
    (run,) = runs(place)
    pipeline = run.pipeline(2)
    named = {**pipeline.record.files, "record": pipeline.record_id, "artifact": pipeline.record.artifacts[-1]["object"]}
    path = place / "_binaries" / named[name][:2] / f"{named[name]}.zst"
    if not path.exists():
        (path,) = (place / "_binaries" / "packs").glob("*.pack")
    whole = path.read_bytes()
    path.unlink()
    if damage != "gone":
        middle = len(whole) // 2
        path.write_bytes(b"" if damage == "torn" else whole[: middle - 5] + b"x" * 9 + whole[middle + 4 :])
    (line,) = lines(here(*WORDS, "--run-name", "again", "--json", check=0))
    assert line["ran"] >= 1
    (line,) = lines(here(*WORDS, "--json", check=0))
    assert line["ran"] == 0


def test_versions_of_packages_that_a_pipeline_uses_count(here, place, monkeypatch):
    from importlib import metadata

    known = metadata.version

    def newer(name):
        return "99.0" if name == changed else known(name)

    monkeypatch.setattr(metadata, "version", newer)
    for changed, ran in (("chemotools", 0), ("joblib", 0), ("nws", 0), ("scikit-learn", 3)):
        (line,) = lines(here(*WORDS, "--json", check=0))
        assert line["ran"] == ran, changed
    changed = "numpy"
    (line,) = lines(here(*WORDS, "--json", check=0))
    assert line["ran"] == 3


def test_the_engine_counts_too(here, place, monkeypatch):
    monkeypatch.setattr("nws.engine.software.ENGINE", software.ENGINE + 1)
    (line,) = lines(here(*WORDS, "--json", check=0))
    assert line["ran"] == 3
    (line,) = lines(here(*WORDS, "--json", check=0))
    assert line["ran"] == 0


def test_what_failed_by_itself_is_not_run_again(here, place, monkeypatch):
    (place / "grid.json").write_text(
        json.dumps(
            [
                {"model": "sklearn.neighbors.KNeighborsRegressor"},
                {"model": {"class": "sklearn.cross_decomposition.PLSRegression", "params": {"n_components": 500}}},
            ]
        )
    )
    here(*WORDS, check=3)
    told = here(*WORDS, check=3)
    assert "nothing to run" in told.err
    assert "failed: " in told.err
    assert lines(here(*WORDS, "--json", check=3))[0]["ran"] == 0


def test_what_failed_by_the_machine_is_run_again(here, place, monkeypatch):
    from nws.engine import known

    (place / "grid.json").write_text(
        json.dumps([{"model": {"class": "sklearn.cross_decomposition.PLSRegression", "params": {"n_components": 500}}}])
    )
    here(*WORDS, check=3)
    monkeypatch.setattr(known, "_OF_THE_MACHINE", frozenset({"ValueError"}))
    assert lines(here(*WORDS, "--json", check=3))[0]["ran"] == 1


def test_a_dry_run_says_who_has_what_and_writes_nothing(here, place):
    ridge_grid(place / "grid.json", 5)
    small_csv(place / "barley.csv", seed=3)
    (run,) = runs(place)
    before = files(place)
    words = ["run", "--dataset", "wheat.csv", "barley.csv", "--pipelines", "grid.json", "--dry-run"]
    told = here(*words, "--json", check=0)
    planned = lines(told)
    assert [row["position"] for row in planned] == [1, 2, 3, 4, 5] * 2
    assert [row["ref"] for row in planned] == [
        *(f"{run.name}/{pipeline.record.id}" for pipeline in run.pipelines()),
        *[None] * 7,
    ]
    assert [row["status"] for row in planned] == ["skipped"] * 3 + ["planned"] * 7
    assert {len(row["hash"]) for row in planned} == {64}
    assert files(place) == before
    told = here(*words, check=0)
    assert f"wheat: 2 pipelines would run; 3 there already ({run.name})" in told.err
    assert "barley: 5 pipelines would run" in told.err
    assert len(told.out.splitlines()) == 11, told.out
    assert {len(line.split("\t")[2]) for line in told.out.splitlines()[1:]} == {6}
    assert "3 there already" not in here(*words, "--force", check=0).err
    assert files(place) == before


def test_a_dry_run_of_what_was_cut_off_says_so(here, place):
    (run,) = runs(place)
    cut_off(place, run)
    told = here(*WORDS, "--dry-run", check=0)
    assert f"1 pipeline would run, going on with {run.name}; 2 there already" in told.err
    told = here("run", "--resume", run.name, "--dry-run", check=0)
    assert f"1 pipeline would run, going on with {run.name}" in told.err
    assert run.numbers() == [1, 2]


def test_one_worker_and_two_give_the_same_records(nws, tmp_path):
    nws("init", check=0)
    small_csv(tmp_path / "wheat.csv")
    mixed_grid(tmp_path / "mixed.json")
    ridge_grid(tmp_path / "ridges.json", 12)
    for jobs in ("1", "2"):
        words = ["--dataset", "wheat.csv", "--pipelines", "mixed.json", "ridges.json", "--jobs", jobs]
        nws("run", *words, "--run-name", f"jobs{jobs}", "--force", check=0)
    one, two = runs(tmp_path)
    assert said(one.pipelines()) == said(two.pipelines())
    assert len(one.numbers()) == 38
    assert {pipeline.record.status for pipeline in one.pipelines()} == {"completed"}


def test_from_python_too(place, nothing_runs):
    workspace = Workspace.open(place)
    (result,) = workspace.run(place / "wheat.csv", place / "grid.json")
    (run,) = runs(place)
    assert (result.ran, len(result.held), result.run.name, result.nothing_to_do) == (0, 3, run.name, True)
    assert [entry.pipeline.record.number for entry in result.best(workspace, 2)] == [1, 2]
    assert workspace.resume(run.name).nothing_to_do
    with pytest.raises(Exception, match="no dataset given"):
        workspace.run((), place / "grid.json")


def test_a_pipeline_that_two_files_have_runs_once(here, place):
    ridge_grid(place / "more.json", 5)
    told = here(
        "run", "--dataset", "wheat.csv", "--pipelines", "more.json", "grid.json", "--force", "--jobs", "1", check=0
    )
    assert "completed: 5 pipelines" in told.err
