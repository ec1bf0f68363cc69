"""Workers that die, and code of others that does what no code should: one pipeline fails, the others finish."""

import json
import os
from pathlib import Path

import pytest
from workspaces import check_whole, small_csv

from nws import Workspace
from nws.cli.app import run as call
from nws.engine.local import ATTEMPTS, LARGEST_CHUNK, _chunk_size
from nws.engine.tasks import Outcome
from nws.errors import PARTIAL

RIDGE = {"model": "sklearn.linear_model.Ridge"}


@pytest.fixture
def workspace(tmp_path):
    Workspace.init(tmp_path)
    (tmp_path / "nws.toml").write_text('format = 1\n[trust]\npackages = ["odd_estimators"]\n')
    small_csv(tmp_path / "wheat.csv")
    return Workspace.open(tmp_path)


def deadly(**params):
    return {"model": {"class": "odd_estimators.Deadly", "params": params}}


def odd(how):
    return {"model": {"class": "odd_estimators.Odd", "params": {"how": how}}}


def run(workspace, steps, *, jobs):
    """Run every step as a pipeline of its own, and return the records by number."""
    file = workspace.root / "grid.json"
    file.write_text(json.dumps(steps))
    (result,) = workspace.run(workspace.root / "wheat.csv", file, jobs=jobs)
    check_whole(workspace.root)
    return result, [pipeline.record for pipeline in result.run.pipelines()]


def test_a_pipeline_that_ends_its_worker_fails_and_one_whose_worker_was_killed_is_tried_again(workspace, tmp_path):
    once = tmp_path / "killed"
    result, records = run(
        workspace, [RIDGE, deadly(how="exit"), deadly(how="kill", once=str(once)), RIDGE | {"name": "b"}], jobs=2
    )
    assert once.exists()
    assert [record.status for record in records] == ["completed", "failed", "completed"]
    assert records[1].error["type"] == "WorkerDied"
    assert str(ATTEMPTS) in records[1].error["message"]
    assert (result.summary.status, result.failed) == ("completed", 1)


def test_a_single_pipeline_that_may_end_its_process_does_not_end_ours(workspace):
    result, records = run(workspace, [deadly(how="exit")], jobs=2)
    assert [record.status for record in records] == ["failed"]
    assert result.summary.status == "completed"


@pytest.mark.parametrize("how", ["exit", "unlike", "half"])
def test_whatever_a_model_raises_only_its_pipeline_fails(workspace, how):
    _, records = run(workspace, [odd(how), RIDGE], jobs=1)
    assert [record.status for record in records] == ["failed", "completed"]
    message = records[0].error["message"]
    assert 0 < len(message) <= 500
    assert message.isprintable()


def test_what_a_model_prints_is_no_data(workspace, capfd):
    run(workspace, [odd("print")], jobs=1)
    said = capfd.readouterr()
    assert (said.out, said.err.count("fitting")) == ("", 6)


def test_what_a_model_prints_in_a_worker_is_no_data(nws, workspace):
    (workspace.root / "grid.json").write_text(json.dumps([odd("print"), odd("print as compiled code")]))
    here = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    words = ("run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "2", "--json")
    done = nws(*words, check=0, env={"PYTHONPATH": here})
    assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == ["run"]
    assert done.stderr.count("fitting") == 2 * 6


def test_going_on_tells_of_failures_that_were_there_already(workspace, capsys, monkeypatch):
    monkeypatch.chdir(workspace.root)
    (workspace.root / "grid.json").write_text(json.dumps([RIDGE, odd("raise")]))
    words = ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--append", "--jobs", "1"]
    assert call(words) == PARTIAL
    assert "0 there already" in capsys.readouterr().err
    assert call(words) == PARTIAL
    assert "2 pipelines (2 of them from before), 1 failed, 0 there already" in capsys.readouterr().err


def test_slow_tasks_are_given_one_at_a_time_and_quick_ones_together():
    def outcomes(seconds):
        return [
            Outcome(task=None, status="completed", created_at="", completed_at="", duration_seconds=seconds, steps=[])
        ]

    assert _chunk_size(outcomes(3600.0)) == 1
    assert _chunk_size(outcomes(0.1)) == 2
    assert _chunk_size(outcomes(0.0)) == LARGEST_CHUNK
