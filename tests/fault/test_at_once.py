"""Many processes at the same instant, as a job array starts them."""

import shlex
import subprocess
import sys

import pytest
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace


@pytest.mark.slow
def test_eight_jobs_that_each_begin_with_init(tmp_path):
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 20)
    call = f"{shlex.quote(sys.executable)} -m nws"
    script = f"{call} init shared/w && {call} -C shared/w run --dataset wheat.csv --pipelines grid.json --jobs 1 --quiet --force"
    jobs = [
        subprocess.Popen(["sh", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    said = [job.communicate() for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 8, said
    found = check_whole(tmp_path / "shared" / "w")
    assert len(found) == 160
    workspace = Workspace.open(tmp_path / "shared" / "w")
    assert len(workspace.runs.names()) == 8
    assert workspace.predictions.records() == {str(pipeline.record_id) for pipeline in found}


@pytest.mark.slow
def test_eight_jobs_that_share_one_run(tmp_path):
    small_csv(tmp_path / "wheat.csv")
    subprocess.run([sys.executable, "-m", "nws", "init", "w"], cwd=tmp_path, check=True, capture_output=True)
    jobs = []
    for place in range(8):
        ridge_grid(tmp_path / f"grid{place}.json", 3 + place, scaled=place % 2)
        command = [
            sys.executable,
            "-m",
            "nws",
            "-C",
            "w",
            "run",
            "--dataset",
            "wheat.csv",
            "--pipelines",
            f"grid{place}.json",
        ]
        command += ["--append", "--run-name", "array", "--jobs", "1", "--seed", str(place)]
        jobs.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    said = [job.communicate() for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 8, said
    (run,) = Workspace.open(tmp_path / "w").runs.list()
    total = sum(3 + place for place in range(8))
    assert run.numbers() == list(range(1, total + 1))
    assert len(check_whole(tmp_path / "w")) == total
    assert run.summary().total_pipelines <= total
