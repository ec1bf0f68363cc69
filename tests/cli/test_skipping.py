"""What the workspace has is not run again; a run that was cut off goes on by its name; a dry run writes nothing."""

import contextlib
import json
import shutil
import sys

import pytest
from workspaces import check_whole, mixed_grid, ridge_grid, said, small_csv

from nws import Workspace
from nws.cli.app import run as call
from nws.engine import software
from nws.engine.local import LocalExecutor


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace with one finished run of three pipelines, made once; `place` copies it."""
    root = tmp_path_factory.mktemp("finished")
    small_csv(root / "wheat.csv")
    ridge_grid(root / "grid.json", 3)
    Workspace.init(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert call(WORDS) == 0
    return root


@pytest.fixture
def place(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


WORDS = ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "1"]


def lines(told):
    return [json.loads(line) for line in told.out.splitlines()]


def files(root):
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file() and path.name != ".at-work"}


def runs(root):
    return list(Workspace.open(root).runs.list())


@pytest.fixture
def nothing_runs(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("there is nothing to run")

    monkeypatch.setattr(LocalExecutor, "__init__", refuse)


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


def cut_off(root, run):
    """Make of a finished run one that was cut off before its last pipeline was published."""
    last = run.pipeline(run.numbers()[-1])
    (run.folder / "_refs" / f"{last.record.number:04d}").unlink()
    shutil.rmtree(last.view)
    summary = json.loads((run.folder / "run_summary.json").read_text())
    (run.folder / "run_summary.json").write_text(json.dumps({**summary, "status": "running", "completed_at": None}))
    workspace = Workspace.open(root)
    gone = workspace.predictions.filter_by_criteria(run=run.name, where="pipeline_number = 3")
    workspace.forget(gone["prediction_id"].to_list())


def test_a_run_goes_on_by_its_name_alone(here, place):
    (run,) = runs(place)
    before = said(run.pipelines())
    cut_off(place, run)
    for command in (["status"], ["runs", "list"], ["runs", "show", run.name]):
        assert f"nws run --resume {run.name}" in here(*command, check=0).err
    ridge_grid(place / "grid.json", 9)
    (place / "wheat.csv").unlink()
    told = here("run", "--resume", run.name, check=0)
    assert f"going on with {run.name}: 3 pipelines, 2 of them there already" in told.err
    assert said(run.pipelines()) == before
    assert run.summary().status == "completed"
    check_whole(place)
    told = here("run", "--resume", run.name[:12], check=0)
    assert f"nothing to run: {run.name} had come to its end" in told.err
    assert len(told.out.splitlines()) == 4


def test_a_run_that_lacks_only_its_end_starts_nothing(here, place, nothing_runs):
    (run,) = runs(place)
    summary = json.loads((run.folder / "run_summary.json").read_text())
    (run.folder / "run_summary.json").write_text(json.dumps({**summary, "status": "running", "completed_at": None}))
    told = here(*WORDS, check=0)
    assert f"going on with {run.name}: 3 pipelines, 3 of them there already" in told.err
    assert run.summary().status == "completed"


def test_the_same_command_goes_on_with_a_run_of_another_day(here, place):
    (run,) = runs(place)
    cut_off(place, run)
    for pipeline in run.pipelines():
        shutil.rmtree(pipeline.view)
        (run.folder / "_refs" / f"{pipeline.record.number:04d}").unlink()
    old = run.folder.with_name("2024-02-29" + run.name[10:])
    run.folder.rename(old)
    here(*WORDS, check=0)
    assert [found.name for found in runs(place)] == [old.name]
    assert runs(place)[0].summary().status == "completed"


def test_a_run_that_was_cut_off_before_it_said_anything_is_begun_again(here, place):
    (run,) = runs(place)
    empty = run.folder.with_name(f"{run.name}_fresh")
    for kind in ("folder", "sign", "at work"):
        empty.mkdir(exist_ok=True)
        if kind != "folder":
            (empty / "_refs").mkdir(exist_ok=True)
            (empty / "_refs" / ".at-work").touch()
        bare = Workspace.open(place).runs.get(empty.name)
        with bare.at_work() if kind == "at work" else contextlib.nullcontext():
            here(*WORDS, "--run-name", "fresh", "--force", check=0)
        assert empty.with_name(f"{empty.name}_2").exists() == (kind == "at work")
        assert (bare.numbers() == [1, 2, 3]) == (kind != "at work")
        shutil.rmtree(empty)
        shutil.rmtree(place / "catalog")


def test_what_was_asked_comes_back_whole(here, place):
    mixed_grid(place / "grid.json")
    asked = ["--seed", "7", "--metric", "mae", "--cv", "kfold:3", "--description", "why", "--pipeline-names", "mine"]
    here(*WORDS, "--run-name", "whole", *asked, check=0)
    run = runs(place)[-1]
    before, config = said(run.pipelines()), run.config()
    for number in run.numbers()[3:]:
        shutil.rmtree(run.pipeline(number).view)
        (run.folder / "_refs" / f"{number:04d}").unlink()
    shutil.rmtree(place / "catalog")
    summary = json.loads((run.folder / "run_summary.json").read_text())
    (run.folder / "run_summary.json").write_text(json.dumps({**summary, "status": "interrupted"}))
    Workspace.open(place).gc()
    (place / "grid.json").unlink()
    here("run", "--resume", run.name, check=0)
    assert said(run.pipelines()) == before
    assert {pipeline.record.name for pipeline in run.pipelines()} == {"mine"}
    after = run.config()
    assert (after.plan, after.command, after.global_params) == (config.plan, config.command, config.global_params)


def test_a_collector_keeps_what_a_run_needs_to_go_on(here, place):
    import datetime as dt

    (run,) = runs(place)
    cut_off(place, run)
    workspace = Workspace.open(place)
    workspace.gc(grace=dt.timedelta(0))
    assert workspace.store.has(run.config().configs)
    here("run", "--resume", run.name, check=0)


def test_what_is_not_trusted_now_does_not_go_on(here, place, monkeypatch):
    monkeypatch.syspath_prepend(str(place))
    (place / "not_trusted.py").write_text("from sklearn.linear_model import Ridge\n\n\nclass Mine(Ridge):\n    pass\n")
    (place / "grid.json").write_text(
        json.dumps([{"model": "not_trusted.Mine"}, {"model": "sklearn.linear_model.Ridge"}])
    )
    trusting = (place / "nws.toml").read_text().replace("packages = []", 'packages = ["not_trusted"]')
    plain = (place / "nws.toml").read_text()
    (place / "nws.toml").write_text(trusting)
    here(*WORDS, "--run-name", "mine", check=0)
    run = runs(place)[-1]
    summary = json.loads((run.folder / "run_summary.json").read_text())
    (run.folder / "run_summary.json").write_text(json.dumps({**summary, "status": "interrupted"}))
    (place / "nws.toml").write_text(plain)
    monkeypatch.delitem(sys.modules, "not_trusted")
    told = here("run", "--resume", run.name, check=14)
    assert "not_trusted" in told.err
    assert "not_trusted" not in sys.modules
    (place / "nws.toml").write_text(trusting)
    here("run", "--resume", run.name, check=0)
    # It has no version: what its file says is its version.
    for word, status in (("", "skipped"), ("# another word\n", "planned")):
        with (place / "not_trusted.py").open("a") as file:
            file.write(word)
        planned = lines(here(*WORDS, "--dry-run", "--json", check=0))
        assert [row["status"] for row in planned] == [status, "skipped"]


def test_a_run_at_work_elsewhere_is_left_alone(here, place):
    (run,) = runs(place)
    cut_off(place, run)
    before = files(place)
    with run.at_work():
        told = here("run", "--resume", run.name, check=11)
    assert "at work" in told.err
    assert files(place) == before


@pytest.mark.parametrize(
    ("damage", "code"), [("old", 5), ("configs gone", 13), ("dataset gone", 13), ("newer", 12), ("no config", 4)]
)
def test_a_run_that_cannot_go_on_says_why(here, place, damage, code):
    (run,) = runs(place)
    cut_off(place, run)
    file = run.folder / "run_config.json"
    config = json.loads(file.read_text())
    if damage == "old":
        del config["configs"]
    elif damage == "newer":
        config["global_params"]["colour"] = "blue"
    file.write_text(json.dumps(config))
    gone = {"configs gone": config.get("configs"), "dataset gone": config["dataset_id"]}.get(damage)
    if gone:
        (place / "_binaries" / gone[:2] / f"{gone}.zst").unlink()
    if damage == "no config":
        file.unlink()
    told = here("run", "--resume", run.name, check=code)
    assert "hint: " in told.err
    assert run.numbers() == [1, 2]


@pytest.mark.parametrize(
    "words", [["--dataset", "wheat.csv"], ["--seed", "1"], ["--pipelines", "grid.json"], ["--force"], ["--jobs", "0"]]
)
def test_what_is_not_asked_beside_resume(here, place, words):
    (run,) = runs(place)
    told = here("run", "--resume", run.name, *words, check=2)
    assert words[0] in told.err


def test_nothing_asked_is_no_run(here, place):
    assert "--dataset" in here("run", check=2).err
    assert "--pipelines" in here("run", "--dataset", "wheat.csv", check=2).err
    assert "no run named" in here("run", "--resume", "nonsense", check=4).err


def test_a_forced_run_that_was_cut_off_goes_on(here, place):
    here(*WORDS, "--force", check=0)
    first, second = runs(place)
    before = said(second.pipelines())
    cut_off(place, second)
    assert "nothing to run" in here(*WORDS, check=0).err
    told = here(*WORDS, "--force", check=0)
    assert f"going on with {second.name}" in told.err
    assert said(second.pipelines()) == before == said(first.pipelines())


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
