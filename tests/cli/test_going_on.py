"""A run that was cut off goes on: by the same command, or by its name alone."""

import contextlib
import json
import shutil
import sys

import pytest
from three_pipelines import WORDS, cut_off, files, lines, runs
from workspaces import check_whole, mixed_grid, ridge_grid, said

from nws import Workspace


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
    assert "completed: 3 pipelines (2 of them from before), 0 failed, 0 there already, " in told.err
    assert "after it began" in told.err
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
