"""nws exports: what was exported is listed, checked and removed."""

import json

import pytest
from workspaces import finished_run

from nws import Workspace

FORMS = ("folder", "zip", "skops")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with two pipelines; the first is exported in every form."""
    return finished_run(tmp_path_factory.mktemp("exports") / "Blé dur", 2)


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    import shutil

    shutil.copytree(made, tmp_path / "w")
    monkeypatch.chdir(tmp_path / "w")
    return tmp_path / "w"


@pytest.fixture
def exported(here, place):
    (run,) = Workspace.open(place).runs.list()
    ref = f"{run.name}/1"
    for form in FORMS:
        here("export", ref, "--format", form, check=0)
    here("export", ref, "--predictions-only", check=0)
    return ref


def rows(told):
    return [json.loads(line) for line in told.out.splitlines()]


def test_the_list_says_form_size_and_pipeline(here, place, exported):
    listed = rows(here("--json", "exports", "list", check=0))
    assert [row["kind"] for row in listed] == [*FORMS, "best_predictions"]
    record = Workspace.open(place).resolve(exported).record_id
    for row in listed:
        path = place / row["path"]
        held = [path, path.with_suffix(".json")] if path.suffix == ".csv" else [path, *path.rglob("*")]
        assert row["record"] == record
        assert row["bytes"] == sum(file.stat().st_size for file in held if file.is_file())


def test_an_export_that_cannot_be_read_is_listed_and_hides_no_other(here, place, exported):
    (path,) = (place / "exports").glob("*.zip")
    path.write_bytes(b"PK")
    told = here("--json", "exports", "list", check=0)
    assert [bool(row.get("note")) for row in rows(told)] == [False, True, False, False]
    assert path.name in told.err


def test_exports_are_verified(here, place, exported):
    assert "4 exports checked: all sound" in here("exports", "verify", check=0).err
    (folder,) = (path for path in (place / "exports").iterdir() if (path / "artifacts").is_dir())
    (folder / "predictions.csv").write_text("x")
    (place / "exports" / "notes.txt").write_text("mine")
    told = here("--json", "exports", "verify", check=13)
    states = {row["kind"]: row["state"] for row in rows(told) if row["type"] == "export"}
    assert states == {"folder": "damaged", "zip": "ok", "skops": "ok", "best_predictions": "ok"}
    assert [row["path"] for row in rows(told) if row["type"] == "stray"] == ["exports/notes.txt"]
    assert "exports/notes.txt: no export, and left alone" in here("exports", "verify", check=13).err
    assert here("exports", "verify", "exports/best_predictions/" + next(
        path.name for path in (place / "exports" / "best_predictions").glob("*.csv")
    ), check=0).err.count("1 export checked")  # fmt: skip


def test_exports_are_removed_when_that_is_confirmed(here, place, exported):
    (path,) = (place / "exports").glob("*.zip")
    assert "nothing was removed" in here("exports", "remove", path.name, check=2).err
    assert path.exists()
    told = here("--json", "exports", "remove", path.name, "--yes", check=0)
    assert rows(told)[0]["path"] == f"exports/{path.name}"
    assert not path.exists()
    assert "more than one copy" in here("exports", "remove", path.stem, "--yes", check=4).err
    assert len(rows(here("--json", "exports", "list", check=0))) == 3


@pytest.mark.parametrize("form", FORMS)
def test_a_name_that_is_there_is_refused_before_anything_is_copied(here, place, exported, form):
    held = {path: path.read_bytes() for path in (place / "exports").rglob("*") if path.is_file()}
    told = here("export", exported.replace("/1", "/2"), exported, "--format", form, check=5)
    assert " is there already\nhint: give another --custom-name, or --replace it\n" in told.err
    assert {path: path.read_bytes() for path in (place / "exports").rglob("*") if path.is_file()} == held
    here("export", exported, "--format", form, "--custom-name", "été", check=0)
    (made,) = (place / "exports").glob("été_0001*")
    assert made.exists()


def test_an_export_is_replaced_on_request(here, place, exported):
    for form in FORMS:
        here("export", exported, "--format", form, check=5)
        here("export", exported, "--format", form, "--replace", check=0)
    here("export", exported, "--predictions-only", "--replace", check=0)
    assert "4 exports checked: all sound" in here("exports", "verify", check=0).err


def test_without_exports_the_way_to_one_is_said(here, place):
    for verb in ("list", "verify"):
        assert "nothing is exported yet: nws export REF" in here("exports", verb, check=0).err


def test_exports_elsewhere_are_looked_at_without_a_workspace(here, place, exported, tmp_path, monkeypatch):
    here("export", exported, "--output", str(tmp_path / "out é"), check=0)
    (tmp_path / "nowhere").mkdir()
    monkeypatch.chdir(tmp_path / "nowhere")
    (row,) = rows(here("--json", "exports", "list", "--output", "../out é", check=0))
    assert row["path"] == row["name"]
    (tmp_path / "out é" / "notes.txt").touch()
    assert here("exports", "verify", "--output", "../out é", check=0).err == "1 export checked: all sound\n"
    here("exports", "remove", row["name"], "--output", "../out é", "--yes", check=0)
    assert [path.name for path in (tmp_path / "out é").iterdir()] == ["notes.txt"]
    assert "no folder ../out" in here("exports", "verify", "--output", "../out", check=4).err
    here("exports", "list", check=10)
