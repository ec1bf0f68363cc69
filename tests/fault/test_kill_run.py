"""Killed at any moment, a run leaves a usable workspace, and the same command finishes it."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace

PIPELINES = 60


def kill_and_finish(nws, tmp_path, *, kills, seed):
    """Kill a run at `kills` random moments, looking at everything each time; then let it finish."""
    nws("init", "w", check=0)
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", PIPELINES)
    moments = random.Random(seed)
    name = 0
    cut = 0
    for _ in range(kills):
        command = ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--run-name", f"n{name}", "--jobs", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "nws", "-C", "w", *command],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        # From the first word on, so that most kills meet it at work.
        process.stderr.readline()
        time.sleep(moments.uniform(0, 1.2))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
        check_whole(tmp_path / "w")
        cut += process.returncode == -signal.SIGKILL
        nws("-C", "w", "status", check=0)
        if moments.random() < 0.4:
            finish(nws, tmp_path, command)
            name += 1
    finish(nws, tmp_path, command)
    return cut


def finish(nws, tmp_path, command):
    """Give the same command again, and see that it ends with every pipeline once, under its number, in the index."""
    nws("-C", "w", *command, check=0)
    workspace = Workspace.open(tmp_path / "w")
    runs = [run for run in workspace.runs.list() if run.config().command[-1 - 2] == command[-3]]
    found = {pipeline.record_id: pipeline for pipeline in check_whole(tmp_path / "w")}
    for run in runs:
        if run.summary().status != "completed":
            continue
        hashes = [pipeline.record.hash for pipeline in run.pipelines()]
        assert run.numbers() == list(range(1, PIPELINES + 1))
        assert len(set(hashes)) == PIPELINES
        assert all(pipeline.is_rendered() for pipeline in run.pipelines())
    newest = max(workspace.runs.list(), key=lambda run: run.config().created_at)
    assert newest.summary().status == "completed"
    assert (
        {str(pipeline.record_id) for pipeline in newest.pipelines()}
        <= workspace.predictions.records()
        <= set(map(str, found))
    )


def test_a_few_kills(nws, tmp_path):
    assert kill_and_finish(nws, tmp_path, kills=3, seed=1) > 0


@pytest.mark.slow
def test_twenty_kills(nws, tmp_path):
    assert kill_and_finish(nws, tmp_path, kills=20, seed=2) > 10
