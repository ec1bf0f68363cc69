"""Commands run in this process, which spares the start of another one."""

import pytest

from nws.cli.app import run


@pytest.fixture
def here(monkeypatch, capsys, tmp_path):
    """Run nws in the folder of the workspace, and return what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*words, check):
        code = run(list(map(str, words)))
        told = capsys.readouterr()
        assert code == check, told.err
        return told

    return call
