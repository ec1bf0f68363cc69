"""`nws library` and `nws import`: what they print, refuse and leave behind, and models that are kept from being loaded."""

import json
import os
import shutil

import pytest
from attacking import changed, tree
from predicting import NEIGHBOURS, REDUCED, rows_of_test, run_of, stored

from nws import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with a run of two pipelines, and the test samples as a file."""
    return stored(tmp_path_factory.mktemp("mine é"), grids=(REDUCED, NEIGHBOURS)).root


@pytest.fixture
def mine(made, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    shutil.copytree(made, tmp_path / "mine é")
    return Workspace.open(tmp_path / "mine é")


@pytest.fixture
def theirs(tmp_path):
    return Workspace.init(tmp_path / "à elle")[0]


def lines(told):
    return [json.loads(line) for line in told.out.splitlines()]


@pytest.mark.parametrize("kind", ["filtered", "pipeline", "fullrun"])
def test_from_one_workspace_to_another(nws_in, mine, theirs, kind):
    gas = run_of(mine, "gas")
    rows, ref = rows_of_test(gas.pipeline(1)), gas.pipeline(1).ref
    new = mine.root / "test.csv"
    told = nws_in(mine, "library", "save", "--from", ref, "--name", "kept", "--kind", kind, "--description", "für Öl")
    path = told.out.strip()
    assert path == f"library/trained/{kind}/kept.zip"
    assert "as kept, " in told.err
    nws_in(mine, "runs", "delete", gas.name, "--yes")
    nws_in(mine, "gc", "--grace", "0s")
    if kind == "fullrun":
        told = nws_in(mine, "library", "load", "kept")
        assert told.out == f"runs/{gas.name}\n"
        assert nws_in(mine, "predict", ref, "--input", new).out.encode() == rows
    else:
        assert nws_in(mine, "predict", "library:kept", "--input", new).out.encode() == rows
        ref = "library:kept"
    told = nws_in(theirs, "import", mine.root / path)
    where = told.out.strip()
    assert "nws config trust add " in told.err
    told = nws_in(theirs, "predict", ref, "--input", new, check=14)
    assert "came by import" in told.err
    assert nws_in(theirs, "predict", ref, "--input", new, "--trust").out.encode() == rows
    nws_in(theirs, "config", "trust", "add", theirs.root / where)
    assert nws_in(theirs, "predict", ref, "--input", new).out.encode() == rows
    nws_in(theirs, "config", "trust", "remove", theirs.root / where)
    nws_in(theirs, "predict", ref, "--input", new, check=14)
    nws_in(theirs, "config", "trust", "add", theirs.root)
    assert nws_in(theirs, "predict", ref, "--input", new).out.encode() == rows
    again = nws_in(theirs, "import", mine.root / path)
    assert again.out.strip() == where
    assert "nothing was changed" in again.err


def test_a_file_that_is_another_now_is_not_the_one_that_was_trusted(nws_in, mine, theirs):
    ref, new = run_of(mine, "gas").pipeline(1).ref, mine.root / "test.csv"
    nws_in(mine, "library", "save", "--from", ref, "--name", "a")
    nws_in(theirs, "import", mine.root / "library/trained/filtered/a.zip")
    path = theirs.root / "library/trained/filtered/a.zip"
    nws_in(theirs, "config", "trust", "add", path)
    nws_in(theirs, "predict", "library:a", "--input", new)
    nws_in(mine, "library", "save", "--from", run_of(mine, "gas").pipeline(2).ref, "--name", "a", "--replace")
    nws_in(theirs, "import", mine.root / "library/trained/filtered/a.zip", check=5)
    nws_in(theirs, "import", mine.root / "library/trained/filtered/a.zip", "--replace")
    nws_in(theirs, "predict", "library:a", "--input", new, check=14)


def test_figures_need_no_trust(nws_in, mine, theirs):
    gas = run_of(mine, "gas")
    nws_in(mine, "library", "save", "--from", gas.name, "--name", "all", "--kind", "fullrun")
    nws_in(theirs, "import", mine.root / "library/trained/fullrun/all.zip")
    for words in (["show", f"{gas.name}/0001"], ["catalog", "best"], ["runs", "list"], ["report", "run", gas.name]):
        assert nws_in(theirs, *words).out
    assert "RMSE" in nws_in(theirs, "show", f"{gas.name}/0001").out
    nws_in(theirs, "reproduce", f"{gas.name}/0001")
    # The copy would be one's own, and be loaded without another question.
    nws_in(theirs, "export", f"{gas.name}/0001", check=14)


def test_what_another_user_put_there_gives_a_run_that_is_marked(nws_in, mine, monkeypatch):
    gas = run_of(mine, "gas")
    nws_in(mine, "library", "save", "--from", gas.name, "--name", "all", "--kind", "fullrun")
    nws_in(mine, "runs", "delete", gas.name, "--yes")
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 4242)
        nws_in(mine, "library", "load", "all")
    assert mine.runs.imported.has(gas.name)


def test_what_is_listed_shown_and_removed(nws_in, mine):
    assert "the library is empty" in nws_in(mine, "library", "list").err
    assert "the library is empty" in nws_in(mine, "library", "verify").err
    gas = run_of(mine, "gas")
    nws_in(mine, "library", "save", "--from", gas.pipeline(1).ref, "--name", "one", "--description", "Öl")
    nws_in(mine, "library", "save", "--from", gas.name, "--name", "all", "--kind", "fullrun")
    assert [item["name"] for item in lines(nws_in(mine, "library", "list", "--json"))] == ["one", "all"]
    assert "Öl" in nws_in(mine, "library", "list").out
    told = nws_in(mine, "library", "show", "one")
    assert "LinearRegression" in told.out
    assert "rmse=" in told.out
    (item,) = lines(nws_in(mine, "library", "show", "library:one", "--json"))
    assert item["record"] == gas.pipeline(1).record_id
    assert {member["name"] for member in item["members"]} >= {"pipeline.json", "metrics.json"}
    assert gas.name in nws_in(mine, "library", "show", "all").out
    told = nws_in(mine, "library", "verify", "one", "all")
    assert "2 copies checked: all sound" in told.err
    nws_in(mine, "library", "show", "two", check=4)
    nws_in(mine, "library", "remove", "one", check=2)
    nws_in(mine, "library", "remove", "one", "two", "--yes", check=4)
    assert nws_in(mine, "library", "remove", "one", "all", "--yes").out.splitlines() == [
        "library/trained/filtered/one.zip",
        "library/trained/fullrun/all.zip",
    ]
    assert "the library is empty" in nws_in(mine, "library", "list").err


def test_a_damaged_copy_does_not_hide_the_others(nws_in, mine):
    gas = run_of(mine, "gas")
    for name in ("a", "b"):
        nws_in(mine, "library", "save", "--from", gas.pipeline(1).ref, "--name", name)
    path = mine.root / "library/trained/filtered/a.zip"
    path.write_bytes(path.read_bytes()[:-9])
    told = nws_in(mine, "library", "list", "--json")
    assert [item.get("note", "") != "" for item in lines(told)] == [True, False]
    assert "damaged" in nws_in(mine, "library", "verify", check=13).out
    nws_in(mine, "predict", "library:a", "--input", mine.root / "test.csv", check=13)
    nws_in(mine, "library", "show", "a", check=13)
    nws_in(mine, "library", "load", "a", check=13)
    assert not (mine.root / "exports" / "a").exists()


def test_a_copy_as_a_folder(nws_in, mine, tmp_path):
    nws_in(mine, "library", "save", "--from", run_of(mine, "gas").pipeline(1).ref, "--name", "one")
    assert nws_in(mine, "library", "load", "one").out == "exports/one\n"
    assert "nothing was changed" in nws_in(mine, "library", "load", "one").err
    folder = tmp_path / "new" / "folder"
    assert nws_in(mine, "library", "load", "one", "--output", folder).out == f"{folder}\n"
    assert nws_in(mine, "predict", folder, "--input", mine.root / "test.csv").out
    (folder / "metrics.json").unlink()
    nws_in(mine, "library", "load", "one", "--output", folder, check=5)


def test_words_that_do_not_fit(nws_in, mine):
    ref = run_of(mine, "gas").pipeline(1).ref
    before = tree(mine.root / "library")
    nws_in(mine, "library", "save", "--from", ref, "--name", "../x", check=2)
    nws_in(mine, "library", "save", "--from", ref, "--name", "x", "--kind", "all", check=2)
    nws_in(mine, "library", "save", "--from", ref, check=2)
    nws_in(mine, "library", "save", "--from", "none", "--name", "x", check=4)
    told = nws_in(mine, "library", "save", "--from", run_of(mine, "gas").name, "--name", "x", check=4)
    assert "--kind fullrun keeps all of it" in told.err
    nws_in(mine, "library", "load", "none", check=4)
    nws_in(mine, "import", mine.root / "none.zip", check=4)
    nws_in(mine, "import", mine.root / "test.csv", check=6)
    nws_in(mine, "import", mine.root, check=6)
    nws_in(mine, "show", "library:none", check=4)
    assert tree(mine.root / "library") == before
    nws_in(mine, "library", "save", "--from", ref, "--name", "x")
    nws_in(mine, "library", "save", "--from", ref, "--name", "x", check=5)
    nws_in(mine, "show", "library:x", check=2)
    nws_in(mine, "predict", "library:x", "--input", mine.root / "none.csv", check=6)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda held, _: held.update({"../../evil": b"x"}), 6),
        (lambda held, _: held.pop("run_config.json") and None, 13),
        (lambda _, told: told.update(schema="manifest/9"), 12),
    ],
)
def test_exit_codes_of_what_attacks(nws_in, mine, theirs, tmp_path, change, code):
    nws_in(mine, "library", "save", "--from", run_of(mine, "gas").name, "--name", "all", "--kind", "fullrun")
    path = shutil.copy(mine.root / "library/trained/fullrun/all.zip", tmp_path / "evil.zip")
    changed(path, change)
    before = tree(tmp_path)
    nws_in(theirs, "import", path, check=code)
    assert tree(tmp_path) == before


def test_templates(nws_in, mine):
    assert "no templates yet" in nws_in(mine, "library", "template", "list").err
    gas = run_of(mine, "gas")
    file = mine.root / "grid.json"
    file.write_text('[{"model": {"class": "sklearn.linear_model.Ridge", "params": {"alpha": {"_or_": [1, 2]}}}}]')
    told = nws_in(mine, "library", "template", "save", "ridge", "--from", file, "--description", "two of them")
    assert told.out == "library/templates/ridge.json\n"
    assert "2 pipelines" in told.err
    nws_in(mine, "library", "template", "save", "ridge", "--from", file, check=5)
    nws_in(mine, "library", "template", "save", "best", "--from", gas.pipeline(1).ref)
    assert "two of them" in nws_in(mine, "library", "template", "list").out
    shown = nws_in(mine, "library", "template", "show", "template:best").out
    assert json.loads(shown) == json.loads((mine.root / "library/templates/best.json").read_text())
    nws_in(mine, "library", "template", "show", "none", check=4)
    told = nws_in(mine, "run", "--dataset", "gas", "--pipelines", "template:ridge", "--jobs", "1", "--charts", "none")
    assert "2 pipelines" in told.err
    newest = max((item for item in mine.runs.list()), key=lambda item: item.config().created_at)
    assert {pipeline.record.config_file for pipeline in newest.pipelines()} == {"template:ridge"}
    nws_in(mine, "run", "--dataset", "gas", "--pipelines", "template:none", check=4)
