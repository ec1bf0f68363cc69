"""Killed at any moment, a run leaves a usable workspace, and goes on to what it would have been."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from workspaces import check_whole, mixed_grid, ridge_grid, said, small_csv

from nws import Workspace
from nws.run import COMPLETED

WORDS = ["run", "--dataset", "wheat.csv", "--pipelines", "mixed.json", "ridges.json", "--jobs", "2"]
PIPELINES = 26 + 30


def prepare(folder):
    folder.mkdir()
    small_csv(folder / "wheat.csv")
    mixed_grid(folder / "mixed.json")
    ridge_grid(folder / "ridges.json", 30, scaled=False)
    Workspace.init(folder / "w")


def kill(folder, words, moments):
    """Begin a command and kill it with all its workers at a random moment; say whether that met it at work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nws", "-C", "w", *words], cwd=folder, stderr=subprocess.PIPE, start_new_session=True
    )
    if moments.random() < 0.8:
        # From the first word on, and as far as some of its pipelines, so that most kills meet it at work.
        process.stderr.readline()
        enough = moments.uniform(0, 0.8) * PIPELINES
        while published(folder) < enough and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.1))
    else:
        time.sleep(moments.uniform(0, 1.3))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return process.returncode == -signal.SIGKILL


def published(folder):
    return sum(1 for _ in folder.glob("w/runs/*/_refs/0*"))


def again(folder, moments):
    """Return a command that goes on: the same, or that with the name of the run, its files being gone."""
    runs = [run for run in Workspace.open(folder / "w").runs.list() if (run.folder / "run_config.json").exists()]
    if not runs or moments.random() < 0.5:
        return WORDS
    for name in ("mixed.json", "ridges.json", "wheat.csv"):
        (folder / name).unlink()
    return ["run", "--resume", runs[-1].name]


def killed_and_finished(nws, folder, moments):
    """Kill a run once or more often, let it finish, and return its records and how often it was met at work."""
    prepare(folder)
    words, cuts = WORDS, 0
    while True:
        cuts += kill(folder, words, moments)
        check_whole(folder / "w")
        nws("-C", "w", "status", cwd=folder, check=0)
        words = again(folder, moments)
        if words != WORDS or moments.random() < 0.6:
            break
    nws("-C", "w", *words, cwd=folder, check=0)
    workspace = Workspace.open(folder / "w")
    run = max(workspace.runs.list(), key=lambda run: len(run.numbers()))
    assert run.summary().status == COMPLETED
    assert run.numbers() == list(range(1, PIPELINES + 1))
    found = check_whole(folder / "w")
    assert all(pipeline.is_rendered() for pipeline in found)
    assert workspace.predictions.records() == {str(pipeline.record_id) for pipeline in found}
    return said(run.pipelines()), cuts


def compare(nws, tmp_path, *, rounds, seed):
    prepare(tmp_path / "undisturbed")
    nws("-C", "w", *WORDS, cwd=tmp_path / "undisturbed", check=0)
    (run,) = Workspace.open(tmp_path / "undisturbed" / "w").runs.list()
    expected = said(run.pipelines())
    moments, cuts = random.Random(seed), 0
    for count in range(rounds):
        found, cut = killed_and_finished(nws, tmp_path / f"killed {count}", moments)
        assert found == expected
        cuts += cut
    assert cuts >= rounds / 2


def test_a_few_kills(nws, tmp_path):
    compare(nws, tmp_path, rounds=1, seed=3)


@pytest.mark.slow
def test_twenty_kills(nws, tmp_path):
    compare(nws, tmp_path, rounds=20, seed=2)
