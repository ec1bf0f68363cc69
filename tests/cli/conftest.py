"""Commands run in this process, which spares the start of another one."""

import shutil

import pytest
from quick import without_pictures
from three_pipelines import WORDS
from workspaces import ridge_grid, small_csv

from nws import Workspace
from nws.cli.app import run
from nws.engine.local import LocalExecutor


@pytest.fixture
def here(monkeypatch, capsys, tmp_path):
    """Run nws in the folder of the workspace, and return what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*words, check):
        code = run(without_pictures(words))
        told = capsys.readouterr()
        assert code == check, told.err
        return told

    return call


@pytest.fixture
def nws_in(capsys):
    """Run nws in a workspace that is given, and return what it printed."""

    def call(workspace, *words, check=0):
        code = run([*map(str, words), "-C", str(workspace.root)])
        told = capsys.readouterr()
        assert code == check, told.err
        return told

    return call


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace with one finished run of three pipelines, made once; `place` copies it."""
    root = tmp_path_factory.mktemp("finished")
    small_csv(root / "wheat.csv")
    ridge_grid(root / "grid.json", 3)
    Workspace.init(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert run(without_pictures(WORDS)) == 0
    return root


@pytest.fixture
def place(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def nothing_runs(monkeypatch):
    def refuse(_, tasks):
        assert not tasks, "there is nothing to run"
        return iter(())

    monkeypatch.setattr(LocalExecutor, "map", refuse)
