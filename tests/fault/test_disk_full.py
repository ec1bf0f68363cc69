"""A full disk: the path is named, what is finished is whole, and the same command finishes when there is room again."""

import pytest
from mounting import mounted
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace
from nws.cli.app import run as call
from nws.engine.execute import execute
from nws.engine.local import LocalExecutor
from nws.engine.request import Request, make_plans
from nws.errors import DONE, SystemRefused


@pytest.fixture
def small_disk(tmp_path):
    """Return a file system of its own, and a function that makes it larger."""
    folder = tmp_path / "disk"
    with mounted(folder, "256k") as mount:
        yield folder, lambda: mount("remount,size=50m")


def test_a_full_disk_stops_a_run_that_the_same_command_finishes(tmp_path, small_disk, capsys, monkeypatch):
    disk, enlarge = small_disk
    monkeypatch.chdir(tmp_path)
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "few.json", 3)
    ridge_grid(tmp_path / "many.json", 80)
    words = ["-C", str(disk), "run", "--dataset", "wheat.csv", "--jobs", "1", "--pipelines"]
    assert call(["init", str(disk)]) == DONE
    assert call([*words, "few.json"]) == DONE
    capsys.readouterr()
    assert call([*words, "many.json"]) == SystemRefused.exit_code
    said = capsys.readouterr().err
    message, hint = said.splitlines()[-2:]
    assert message.startswith(f"nws: no space left on device: {disk}/")
    assert hint.startswith("hint: free some space")
    assert "Traceback" not in said
    assert not list(disk.rglob(".tmp-*"))
    before = {pipeline.record_id for pipeline in check_whole(disk)}
    assert len(before) >= 3
    assert call(["-C", str(disk), "status"]) == DONE
    assert enlarge() == 0
    assert call([*words, "many.json"]) == DONE
    assert "going on with" in capsys.readouterr().err
    found = check_whole(disk)
    assert len(found) == 80
    assert before <= {pipeline.record_id for pipeline in found}
    assert Workspace.open(disk).predictions.records() == {str(pipeline.record_id) for pipeline in found}


class StopsAfter:
    """An executor that meets a full disk after some tasks."""

    def __init__(self, store, count):
        self.inner = LocalExecutor(store, jobs=1)
        self.count = count

    def map(self, tasks):
        yield from self.inner.map(tasks[: self.count])
        raise SystemRefused("no space left on device: objects")


def test_what_was_finished_when_the_disk_was_full_is_published(tmp_path):
    workspace, _ = Workspace.init(tmp_path)
    small_csv(tmp_path / "wheat.csv")
    request = Request(datasets=(tmp_path / "wheat.csv",), pipelines=(ridge_grid(tmp_path / "grid.json", 5),))
    (plan,) = make_plans(workspace, request)
    with pytest.raises(SystemRefused):
        execute(workspace, plan, request, StopsAfter(workspace.store, 2), report=lambda _: None)
    assert [pipeline.record.number for pipeline in check_whole(tmp_path)] == [1, 2]
