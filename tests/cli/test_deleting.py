"""`nws runs delete` and `nws gc`: what they ask, say, print and leave."""

import datetime as dt
import json
import os
import subprocess
import sys

import pytest
from collecting import DAY, age, new, publish, reached, register

from nws.ids import ObjectId
from nws.records import RunConfig, RunSummary, timestamp

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def workspace(tmp_path):
    return new(tmp_path)


def config(run, begun):
    run.write(
        RunConfig(
            run_id=run.name, dataset_name="wheat", dataset_id=register_once(run), created_at=timestamp(begun),
            created_by="", host="", nws_version="", python_version="", packages={}, command=[], dataset_source=[],
            task_type="regression", pipelines=[], global_params={}, random_seed=0, plan="",
        )
    )  # fmt: skip
    run.write(
        RunSummary(
            run_id=run.name, dataset_name="wheat", run_date=str(DAY), status="completed", started_at=timestamp(begun),
            completed_at=timestamp(begun), duration_seconds=7.0, total_pipelines=3, successful_pipelines=3,
            failed_pipelines=0, skipped_pipelines=0, best_pipeline=None, statistics={}, errors=[],
        )
    )  # fmt: skip


def register_once(run):
    return run.pipeline(1).record.dataset["id"]


@pytest.fixture
def runs(workspace):
    """Three runs of three pipelines, begun 50, 20 and 0 days ago."""
    found = []
    for days in (50, 20, 0):
        run = workspace.runs.create(DAY, "wheat", "Jörgs_Öl")
        for number in (1, 2, 3):
            publish(run, b"shared", f"{days} {number}".encode(), number=number)
        config(run, NOW - dt.timedelta(days=days))
        found.append(run)
    return found


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_what_is_lost_and_what_stays_is_said_and_the_paths_are_data(workspace, runs, here):
    told = here("runs", "delete", runs[0].name, "--yes", check=0)
    assert f"runs/{runs[0].name}: 3 pipelines with their folders, 13 files, " in told.err
    assert "what stays: rows of the catalog with their arrays, archives, exports and library" in told.err
    assert told.out == f"path\nruns/{runs[0].name}\n"
    assert workspace.runs.names() == [run.name for run in runs[1:]]


def test_json_says_what_went(workspace, runs, here):
    size = sum(path.stat().st_size for path in runs[1].folder.rglob("*") if path.is_file())
    (line,) = lines(here("runs", "delete", f"{runs[1].name}/0002", "--yes", "--json", check=0).out)
    view = workspace.runs.get(runs[1].name).ref(2).view
    assert line.pop("bytes") > 100
    assert line == {
        "type": "deleted", "path": f"runs/{runs[1].name}/{view}", "run_id": runs[1].name, "number": 2, "pipelines": 1,
        "files": 2,
    }  # fmt: skip
    (line,) = lines(here("runs", "delete", runs[1].name, "-y", "--json", check=0).out)
    assert (line["number"], line["pipelines"]) == (None, 2)
    assert 0 < line["bytes"] < size


def test_a_dry_run_changes_nothing(runs, here, tmp_path):
    def files():
        # To look whether somebody is at work may leave the sign.
        paths = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".at-work"]
        return {path: path.stat().st_mtime_ns for path in paths}

    before = files()
    told = here("runs", "delete", runs[0].name, f"{runs[1].name}/0001", "--dry-run", check=0)
    assert told.out == ""
    assert "nothing was changed" in told.err
    found = lines(here("runs", "delete", "--older-than", "0", "--dry-run", "--json", check=0).out)
    assert [(item["type"], item["run_id"]) for item in found] == [("planned", run.name) for run in runs]
    assert files() == before


def test_nothing_is_deleted_unasked(workspace, runs, here, monkeypatch):
    with open(os.devnull, encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        told = here("runs", "delete", runs[0].name, check=2)
    assert told.err.endswith("nws: nothing was deleted: not confirmed\nhint: --yes deletes without asking\n")
    assert len(workspace.runs.names()) == 3


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals there")
@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, 2), ("n", 2, 3), ("", 2, 3)])
def test_a_person_at_a_terminal_is_asked(workspace, runs, answer, code, left):
    ours, theirs = os.openpty()
    with os.fdopen(ours, "wb", buffering=0) as keyboard:
        keyboard.write(f"{answer}\n".encode())
        done = subprocess.run(
            [sys.executable, "-m", "nws", "-C", workspace.root, "runs", "delete", runs[0].name],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    os.close(theirs)
    assert "delete? [y/N]" in done.stderr
    assert done.returncode == code
    assert len(workspace.runs.names()) == left


def test_by_age_all_runs_begun_before_go(workspace, runs, here):
    told = here("runs", "delete", "--older-than", "30d", "--yes", check=0)
    assert told.out == f"path\nruns/{runs[0].name}\n"
    told = here("runs", "delete", "--older-than", "4w", "--yes", check=0)
    assert told.out == ""
    assert told.err == "nothing to delete: no run began more than 4w ago\n"
    assert len(workspace.runs.names()) == 2


def test_with_names_the_age_limits_them(workspace, runs, here):
    names = [run.name for run in runs[1:]]
    told = here("runs", "delete", *names, "--older-than", "10d", "--yes", check=0)
    assert told.out == f"path\nruns/{runs[1].name}\n"
    assert workspace.runs.names() == [runs[0].name, runs[2].name]


@pytest.mark.parametrize("spoil", ["missing", "damaged"])
def test_the_age_of_a_run_that_cannot_tell_is_that_of_its_folder(runs, here, spoil):
    path = runs[1].folder / "run_config.json"
    path.unlink() if spoil == "missing" else path.write_bytes(b"{")
    assert "no run began" in here("runs", "delete", runs[1].name, "--older-than", "3d", "--yes", check=0).err
    moment = (NOW - dt.timedelta(days=4)).timestamp()
    os.utime(runs[1].folder, (moment, moment))
    assert runs[1].name in here("runs", "delete", runs[1].name, "--older-than", "3d", "--yes", check=0).out


@pytest.mark.parametrize("text", ["5", "5x", "-5d", "", "5 d", "d", "1e3d", "9999999w", "999999999999w", "٣d"])
def test_a_length_of_time_is_refused_when_it_is_none(workspace, here, text):
    for words in (("runs", "delete", f"--older-than={text}"), ("gc", f"--grace={text}")):
        if text or words[0] == "gc":
            told = here(*words, check=2)
            assert told.err.startswith(f"nws: {words[-1].split('=')[0]}: ")
            assert "hint: a number with s, m, h, d or w" in told.err


def test_a_run_at_work_is_refused_by_name_and_passed_over_by_age(workspace, runs, here):
    with runs[0].at_work():
        for name in (runs[0].name, f"{runs[0].name}/0001"):
            told = here("runs", "delete", runs[1].name, name, "--yes", check=11)
            assert f"a process is at work in run {runs[0].name}" in told.err
        assert len(workspace.runs.names()) == 3
        told = here("runs", "delete", "--older-than", "10d", "--yes", check=0)
        assert f"a process is at work in run {runs[0].name}: it is passed over" in told.err
    assert workspace.runs.names() == [runs[0].name, runs[2].name]


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ("{run}", "run"), ("runs/{run}", "run"), ("runs/{run}/", "run"), ("{root}/runs/{run}", "run"), ("{run}/0002", 2),
        ("{run}/2", 2), ("runs/{run}/{view}", 2), ("{root}/runs/{run}/{view}/", 2), ("{run}/last", 3),
    ],
)  # fmt: skip
def test_runs_and_pipelines_are_named_in_every_way(workspace, runs, here, form, what):
    text = form.format(run=runs[2].name, view=runs[2].ref(2).view, root=workspace.root)
    here("runs", "delete", text, "--yes", check=0)
    if what == "run":
        assert runs[2].name not in workspace.runs.names()
    else:
        assert workspace.runs.standing().deleted == {(runs[2].name, what)}


@pytest.mark.parametrize("text", ["nobody", "{run}/0009", "{run}/0001_wrong", "{run}/x", "/"])
def test_a_name_of_nothing_deletes_nothing(workspace, runs, here, text):
    here("runs", "delete", runs[1].name, text.format(run=runs[0].name), "--yes", check=4)
    assert len(workspace.runs.names()) == 3


def test_what_is_named_twice_is_deleted_once(runs, here):
    names = [runs[0].name, f"{runs[0].name}/0001", runs[0].name, f"{runs[1].name}/0001", f"{runs[1].name}/1"]
    found = lines(here("runs", "delete", *names, "--yes", "--json", check=0).out)
    assert [(item["run_id"], item["number"]) for item in found] == [(runs[0].name, None), (runs[1].name, 1)]


def test_a_pipeline_that_is_deleted_already_is_said_to_be(runs, here):
    here("runs", "delete", f"{runs[0].name}/0001", "--yes", check=0)
    assert "was deleted at" in here("runs", "delete", f"{runs[0].name}/0001", "--yes", check=4).err


def test_a_pipeline_that_cannot_be_read_can_be_deleted(workspace, runs, here):
    record = runs[0].pipeline(2).record_id
    (workspace.store.root / record[:2] / f"{record}.zst").unlink()
    here("gc", check=13)
    here("runs", "delete", f"{runs[0].name}/0002", "--yes", check=0)
    here("gc", check=0)


def test_the_summary_of_a_run_no_longer_counts_what_was_deleted_from_it(runs, here):
    before = runs[0].summary()
    here("runs", "delete", f"{runs[0].name}/0001", "--yes", check=0)
    after = runs[0].summary()
    assert after.total_pipelines == after.successful_pipelines == 2
    assert after.best_pipeline["pipeline_id"] == runs[0].ref(2).view
    assert (after.status, after.duration_seconds, after.completed_at) == (
        before.status, before.duration_seconds, before.completed_at,
    )  # fmt: skip


def test_of_many_runs_the_first_are_said_and_the_sum(workspace, here):
    for _ in range(30):
        run = workspace.runs.create(DAY, "wheat")
        (run.folder / "notes").write_bytes(b"x" * 10)
    told = here("runs", "delete", "--older-than", "0", "--yes", check=0)
    assert len(told.out.splitlines()) == 31
    lines = told.err.splitlines()
    assert len(lines) == 22
    assert lines[-2] == "and 10 more; in all 30 runs, 0 pipelines, 30 files, 300 B"
    assert workspace.runs.names() == []


def test_to_name_no_run_is_refused(here, workspace):
    assert "hint: nws runs delete RUN…, or --older-than 30d" in here("runs", "delete", check=2).err


def test_gc_says_what_it_found_and_removes_it(workspace, runs, here):
    kept = set().union(*(reached(pipeline) for run in runs[1:] for pipeline in run.pipelines()))
    here("runs", "delete", runs[0].name, "--yes", check=0)
    there = set(workspace.store.list())
    assert here("gc", check=0).out.splitlines()[-1].startswith("removed\t0 objects")
    age(workspace.root)
    told = here("gc", "--dry-run", check=0)
    assert told.err == "nothing was changed\n"
    assert set(workspace.store.list()) == there
    rows = dict(line.split("\t") for line in told.out.splitlines())
    assert rows["examined"] == f"{len(there)} objects"
    assert rows["needed"] == f"{len(kept)} objects"
    assert rows["would be removed"].startswith(f"{len(there - kept)} objects, ")
    (line,) = lines(here("gc", "--json", check=0).out)
    assert line.pop("removed_bytes") > 0
    assert line == {
        "type": "gc", "examined": len(there), "reachable": len(kept), "kept": 0, "in_packs": 0, "removed": len(there - kept),
        "temporary": 0, "dry_run": False, "grace_seconds": 1209600.0,
    }  # fmt: skip
    assert set(workspace.store.list()) == kept


def test_gc_keeps_what_is_newer_than_the_grace_period(workspace, here):
    workspace.store.put(b"data")
    assert "kept for now\t1 object, newer than 1h or of a run at work\n" in here("gc", "--grace", "1h", check=0).out
    age(workspace.root, dt.timedelta(minutes=59))
    here("gc", "--grace", "1h", check=0)
    assert workspace.store.has(ObjectId.of(b"data"))
    here("gc", "--grace", "0", check=0)
    assert not workspace.store.has(ObjectId.of(b"data"))


def test_gc_names_what_it_cannot_read_and_keeps_everything(workspace, runs, here):
    register(workspace)
    (workspace.datasets.folder / "wheat.json").write_text('{"schema": "dataset/9"}')
    age(workspace.root)
    before = set(workspace.store.list())
    assert "datasets/wheat.json has schema dataset/9" in here("gc", "--grace", "0", check=12).err
    (runs[0].folder / "_refs" / "0002").write_text("{")
    assert f"runs/{runs[0].name}/_refs/0002" in here("gc", "--grace", "0", "--dry-run", check=13).err
    assert set(workspace.store.list()) == before


def test_an_empty_workspace_has_nothing_to_remove(workspace, here):
    assert here("gc", check=0).out == "examined\t0 objects\nneeded\t0 objects\nremoved\t0 objects, 0 B\n"


def test_outside_of_a_workspace_there_is_nothing_to_clean(here):
    here("gc", check=10)
    here("runs", "delete", "x", "--yes", check=10)
