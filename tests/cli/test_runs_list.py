"""`nws runs list`: figures from the index, what a run says of itself from its folder, and runs that are gone."""

import datetime as dt
import json
import shutil

import pytest
from index_rows import START, row

from nws.index import segments
from nws.records import RunSummary, encode

FIRST, SECOND, GONE = "2026-01-02_wheat", "2026-01-03_corn", "2026-01-01_wheat"
DAY = dt.timedelta(days=1)


def summary(name, *, status="completed", started, total, failed=0):
    return encode(
        RunSummary(
            run_id=name, dataset_name=name[11:], run_date=name[:10], status=status, started_at=started, completed_at=None,
            duration_seconds=2.0, total_pipelines=total, successful_pipelines=total - failed, failed_pipelines=failed,
            skipped_pipelines=0, best_pipeline=None, statistics={"artifact_count": 3}, errors=[],
        )
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "nws.toml").write_text("format = 1\n")
    made = {
        FIRST: [row(1, val_score=0.5), row(2, val_score=0.25), row(3, status="failed", val_score=None)],
        SECOND: [row(4, run_id=SECOND, dataset_name="corn", metric="r2", val_score=0.75, created_at=START + DAY)],
        GONE: [
            row(number, run_id=GONE, run_date=dt.date(2026, 1, 1), val_score=3.0, created_at=START - DAY)
            for number in (1, 2)
        ],
    }
    for name, rows in made.items():
        segments.append(tmp_path / "catalog", rows)
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        started = f"{name[:10]}T03:04:00.000000Z"
        (folder / "run_summary.json").write_bytes(summary(name, started=started, total=len(rows)))
    shutil.rmtree(tmp_path / "runs" / GONE)
    return tmp_path


def items(text):
    return {item["run_id"]: item for item in map(json.loads, text.splitlines())}


def test_runs_that_are_there_and_runs_that_are_gone(workspace, here):
    lines = [line.split("\t") for line in here("runs", "list", check=0).out.splitlines()]
    assert lines == [
        ["run", "status", "pipelines", "failed", "best", "metric", "value", "started"],
        [SECOND, "completed", "1", "0", "0004_a1b2c3", "R² (val)", "0.7500", "2026-01-03 03:04:00Z"],
        [FIRST, "completed", "3", "1", "0002_a1b2c3", "RMSECV", "0.2500", "2026-01-02 03:04:00Z"],
        [GONE, "deleted", "2", "0", "0001_a1b2c3", "RMSECV", "3", "2026-01-01 03:04:05Z"],
    ]


def test_lines_have_what_runs_say_and_what_the_index_knows(workspace, here):
    found = items(here("runs", "list", "--json", check=0).out)
    assert list(found) == [SECOND, FIRST, GONE]
    assert found[FIRST]["statistics"] == {"artifact_count": 3}
    assert found[FIRST]["path"] == f"runs/{FIRST}"
    assert found[FIRST]["best_pipeline"] == {
        "pipeline_id": "0002_a1b2c3",
        "metric_name": "val_rmse",
        "metric_value": 0.25,
    }
    assert (
        found[FIRST]["total_pipelines"],
        found[FIRST]["successful_pipelines"],
        found[FIRST]["failed_pipelines"],
    ) == (3, 2, 1)
    assert found[GONE]["status"] == "deleted"
    assert found[GONE]["run_date"] == "2026-01-01"
    assert "path" not in found[GONE]


def test_a_number_and_a_dataset(workspace, here):
    assert list(items(here("runs", "list", "-n", "2", "--json", check=0).out)) == [SECOND, FIRST]
    assert list(items(here("runs", "list", "wheat", "-n", "5", "--json", check=0).out)) == [FIRST, GONE]
    assert here("runs", "list", "barley", check=0).err == "no runs on barley\n"
    assert "0 runs cannot be shown" in here("runs", "list", "-n", "0", check=2).err


def test_a_run_without_rows_is_listed_too(workspace, here):
    begun, cut = "2026-01-04_oats", "2026-01-05_oats"
    for name in (begun, cut):
        (workspace / "runs" / name).mkdir()
    text = summary(begun, status="interrupted", started="2026-01-04T00:00:00.000000Z", total=7)
    (workspace / "runs" / begun / "run_summary.json").write_bytes(text)
    found = items(here("runs", "list", "--json", check=0).out)
    assert list(found) == [begun, SECOND, FIRST, GONE, cut]
    assert (found[begun]["status"], found[begun]["total_pipelines"]) == ("interrupted", 7)
    assert found[cut]["status"] == "cut off"
    assert list(items(here("runs", "list", "-n", "1", "--json", check=0).out)) == [begun]
    assert list(items(here("runs", "list", "oats", "--json", check=0).out)) == [begun]


def test_the_summary_counts_where_the_index_lacks_rows(workspace, here):
    text = summary(FIRST, started="2026-01-02T03:04:00.000000Z", total=9, failed=2)
    (workspace / "runs" / FIRST / "run_summary.json").write_bytes(text)
    found = items(here("runs", "list", "--json", check=0).out)
    assert (found[FIRST]["total_pipelines"], found[FIRST]["failed_pipelines"]) == (9, 2)


def test_a_damaged_summary_hides_no_run(workspace, here):
    (workspace / "runs" / FIRST / "run_summary.json").write_bytes(b"{")
    done = here("runs", "list", "--json", check=0)
    found = items(done.out)
    assert list(found) == [SECOND, FIRST, GONE]
    assert (found[FIRST]["status"], found[FIRST]["total_pipelines"]) == ("damaged", 3)
    assert "run_summary.json" in done.err


def test_a_damaged_index_hides_no_run_that_is_there(workspace, here):
    name = segments.names(workspace / "catalog" / segments.META)[0]
    (workspace / "catalog" / segments.META / name).write_bytes(b"PAR1")
    done = here("runs", "list", "--json", check=0)
    assert list(items(done.out)) == [SECOND, FIRST]
    assert name in done.err


def test_an_empty_workspace_has_no_runs(tmp_path, here):
    (tmp_path / "nws.toml").write_text("format = 1\n")
    assert "no runs yet" in here("runs", "list", check=0).err
