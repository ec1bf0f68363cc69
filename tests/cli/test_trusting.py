"""Packages that another user's workspace trusts: their code is not run before this user trusts it, too."""

import json
import os

import pytest
from workspaces import small_csv

from nws import Workspace
from nws.cli.app import run

MODULE = """
from sklearn.linear_model import Ridge

class Mine(Ridge):
    pass

open("imported", "w").close()
"""
RUN = ["run", "--dataset", "wheat.csv", "--pipelines", "mine.json", "--jobs", "1"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    # Of another name in each test, since a module is imported once.
    module = f"of_{tmp_path.name}"
    folder = tmp_path / "à lui"
    Workspace.init(folder)
    toml = folder / "nws.toml"
    toml.write_text(toml.read_text().replace("packages = []", f'packages = ["{module}"]'))
    small_csv(folder / "wheat.csv")
    (folder / f"{module}.py").write_text(MODULE)
    (folder / "mine.json").write_text(json.dumps([{"model": f"{module}.Mine"}]))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return folder


def test_its_owner_runs_it(place):
    assert run(RUN) == 0
    assert (place / "imported").exists()


def test_another_user_has_to_trust_it_first(place, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert run(RUN) == 14
    assert f"nws config trust add {place}" in capsys.readouterr().err
    assert not (place / "imported").exists()
    assert run(["config", "trust", "add", str(place)]) == 0
    assert run(RUN) == 0
    assert (place / "imported").exists()


@pytest.mark.parametrize("words", [["reproduce", "best:wheat"], ["run", "--resume", "RUN"]], ids=" ".join)
def test_so_it_is_for_what_was_run_before(place, monkeypatch, capsys, words):
    assert run(RUN) == 0
    (name,) = (item.name for item in Workspace.open(place).runs.list())
    words = [name if word == "RUN" else word for word in words]
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    capsys.readouterr()
    assert run(words) == 14
    assert "is not trusted" in capsys.readouterr().err
    assert run(["config", "trust", "add", str(place)]) == 0
    assert run(words) == 0


def test_figures_need_no_trust(place, monkeypatch, capsys):
    assert run(RUN) == 0
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert run(["show", "best:wheat"]) == 0
    assert ".Mine" in capsys.readouterr().out
    assert Workspace.open(place).settings.trusted_packages == ()
    assert len(Workspace.open(place, trust=True).settings.trusted_packages) == 1
