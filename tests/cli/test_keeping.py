"""`nws catalog compact`, `nws catalog forget`, `nws reindex`: what they say, print and refuse, and with which exit code."""

import json
import shutil
import subprocess
import sys

import polars as pl
import pytest
from workspaces import ridge_grid, small_csv

from nws import Workspace
from nws.index import segments
from nws.index.compaction import PILED_UP


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Two runs of three pipelines each."""
    root = tmp_path_factory.mktemp("keeping") / "w"
    workspace, _ = Workspace.init(root)
    small_csv(root / "d.csv")
    for name in ("first", "second"):
        workspace.run(root / "d.csv", ridge_grid(root / "g.json", 3), run_name=name, force=True)
    return root


@pytest.fixture
def held(template, tmp_path):
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return tmp_path


def runs(root):
    return sorted(path.name for path in (root / "runs").iterdir() if not path.name.startswith("."))


def listed(here):
    done = here("catalog", "list", "--json", check=0)
    return [json.loads(line) for line in done.out.splitlines()]


def test_compact_says_what_it_did_and_changes_no_answer(held, here):
    before = listed(here)
    done = here("catalog", "compact", check=0)
    assert "merged; the index has 1 segment\n" in done.err
    assert done.out == ""
    assert listed(here) == before
    assert len(pl.read_parquet(held / "catalog" / segments.META)) == 6
    again = here("catalog", "compact", "--json", check=0)
    assert json.loads(again.out) == {"type": "compact", "merged": 0, "segments": 1}
    assert "nothing to merge" in again.err


def test_compact_where_there_is_nothing(tmp_path, here):
    Workspace.init(tmp_path)
    assert here("catalog", "compact", check=0).err == "nothing to merge; the index has 0 segments\n"
    here("catalog", "compact", "extra", check=2)


def test_runs_merge_what_has_piled_up(held):
    workspace = Workspace.open(held)
    for number in range(PILED_UP):
        workspace.run(held / "d.csv", ridge_grid(held / "g.json", 1), run_name=f"more{number}", force=True)
    assert len(segments.names(held / "catalog" / segments.META)) < PILED_UP
    assert len(workspace.predictions.filter_by_criteria()) == 6 + PILED_UP


def test_what_is_still_there_is_not_forgotten(held, here):
    first = runs(held)[0]
    for named in (first, f"{first}/0002", listed(here)[0]["prediction_id"]):
        done = here("catalog", "forget", named, "--yes", check=5)
        assert "is still in runs/" in done.err
        assert "hint: nws runs delete" in done.err
    assert len(listed(here)) == 6


def test_a_deleted_run_is_kept_and_marked_until_it_is_forgotten(held, here):
    first = runs(held)[0]
    here("runs", "delete", first, "--yes", check=0)
    assert sum(row["deleted"] for row in listed(here)) == 3
    dry = here("catalog", "forget", first, "--dry-run", check=0)
    assert dry.out.splitlines() == ["run\tpredictions", f"{first}\t3"]
    assert "nothing was changed" in dry.err
    assert here("catalog", "forget", first, check=2).err.startswith("3 predictions of 1 run, with their arrays\n")
    assert len(listed(here)) == 6
    done = here("catalog", "forget", first, "--yes", "--json", check=0)
    assert json.loads(done.out) == {"type": "forgotten", "run_id": first, "predictions": 3}
    assert [row["run_id"] for row in listed(here)] == [runs(held)[0]] * 3
    for table, each in ((segments.META, 1), (segments.DATA, 2)):
        assert len(pl.read_parquet(held / "catalog" / table)) == 3 * each
    assert "0 pipelines added" in here("reindex", check=0).err
    assert "the catalog has no run" in here("catalog", "forget", first, "--yes", check=4).err


def test_tags_go_with_what_is_forgotten_and_archives_stay(held, here):
    first, second = runs(held)
    for run in (first, second):
        here("tag", "add", f"{run}/0001", "good", check=0)
    here("catalog", "archive", f"{first}/0001", check=0)
    here("runs", "delete", first, "--yes", check=0)
    assert "good\t2" in here("tag", "list", check=0).out
    here("catalog", "forget", f"{first}/0001", "--yes", check=0)
    assert "good\t1" in here("tag", "list", check=0).out
    assert "all sound" in here("catalog", "verify", check=0).err


def test_a_run_removed_by_hand_is_forgotten_with_all_that_is_gone(held, here):
    assert here("catalog", "forget", "--deleted", check=1).out == ""
    first, second = runs(held)
    shutil.rmtree(held / "runs" / first)
    here("runs", "delete", f"{second}/0002", "--yes", check=0)
    done = here("catalog", "forget", "--deleted", "--yes", check=0)
    assert sorted(done.out.splitlines()[1:]) == [f"{first}\t3", f"{second}\t1"]
    assert sorted(row["pipeline_number"] for row in listed(here)) == [1, 3]


def test_one_prediction_is_forgotten_by_its_id_or_its_number(held, here):
    first = runs(held)[0]
    here("runs", "delete", first, "--yes", check=0)
    rows = sorted((row for row in listed(here) if row["deleted"]), key=lambda row: row["pipeline_number"])
    here("catalog", "forget", rows[0]["prediction_id"][:30], f"{first}/0003", "--yes", check=0)
    assert [row["pipeline_number"] for row in listed(here) if row["deleted"]] == [2]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "nothing named to forget"),
        (["nosuchrun"], 4, "the catalog has no run 'nosuchrun'"),
        (["0123456789ab"], 4, "no prediction '0123456789ab'"),
        (["--nosuch"], 2, "--nosuch"),
    ],
)
def test_wrong_words(held, here, words, code, said):
    assert said in here("catalog", "forget", *words, check=code).err


def test_reindex_brings_back_what_a_lost_segment_had(held, here):
    before = listed(here)
    here("catalog", "compact", check=0)
    for table in segments.TABLES:
        (lost,) = segments.paths(held / "catalog", table)
        lost.rename(held / "lost.parquet")
        asked = ["list"] if table == segments.META else ["show", before[0]["prediction_id"], "--arrays"]
        assert lost.name in here("catalog", *asked, check=13).err
        assert "6 pipelines added" in here("reindex", check=0).err
        assert listed(here) == before
        assert len(pl.read_parquet(held / "catalog" / segments.META)) == 6
        assert len(pl.read_parquet(held / "catalog" / segments.DATA)) == 12
    assert "0 pipelines added" in here("reindex", check=0).err


def test_reindex_twice_at_once_adds_nothing_twice(held, here):
    before = listed(here)
    shutil.rmtree(held / "catalog")
    words = [sys.executable, "-m", "nws", "--quiet", "reindex"]
    both = [subprocess.Popen(words, cwd=held) for _ in range(2)]
    assert [child.wait(60) for child in both] == [0, 0]
    assert listed(here) == before
    here("catalog", "compact", check=0)
    assert len(pl.read_parquet(held / "catalog" / segments.META)) == 6
