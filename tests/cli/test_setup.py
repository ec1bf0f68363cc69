import json
import os

import pytest


def test_init_makes_a_workspace_and_twice_is_harmless(nws, tmp_path):
    first = nws("init", "données été", check=0)
    root = tmp_path / "données été"
    assert (root / "nws.toml").read_text().startswith("#")
    assert {path.name for path in root.iterdir()} == {
        "nws.toml",
        "_binaries",
        "datasets",
        "runs",
        "exports",
        "library",
        "catalog",
    }
    assert "created" in first.stderr
    assert first.stdout == ""
    before = (root / "nws.toml").stat().st_mtime_ns
    second = nws("init", "données été", check=0)
    assert "already" in second.stderr
    assert (root / "nws.toml").stat().st_mtime_ns == before


def test_a_workspace_is_found_from_below_by_variable_and_by_option(nws, tmp_path):
    nws("init", "a", check=0)
    nws("init", "b", check=0)
    (tmp_path / "a" / "runs" / "deep").mkdir()

    def where(*words, **options):
        return json.loads(nws("status", "--json", *words, check=0, **options).stdout)["workspace"]

    assert where(cwd=tmp_path / "a" / "runs" / "deep") == str(tmp_path / "a")
    assert where(cwd=tmp_path / "a", env={"NWS_WORKSPACE": str(tmp_path / "b")}) == str(tmp_path / "b")
    assert where("-C", tmp_path / "a", env={"NWS_WORKSPACE": str(tmp_path / "b")}) == str(tmp_path / "a")


def test_no_workspace_says_how_to_make_one(nws):
    done = nws("status", check=10)
    assert "no workspace" in done.stderr
    assert "nws init" in done.stderr
    assert nws("status", "-C", "absent", check=10).stderr.count("\n") == 2


def test_a_newer_format_is_refused(nws, tmp_path):
    nws("init", check=0)
    (tmp_path / "nws.toml").write_text("format = 2\n")
    done = nws("status", check=12)
    assert "format 2" in done.stderr
    assert "upgrade" in done.stderr


def test_a_broken_marker_names_the_file(nws, tmp_path):
    nws("init", check=0)
    (tmp_path / "nws.toml").write_text("format = ")
    assert "nws.toml" in nws("status", check=6).stderr


def test_init_on_a_file_is_refused(nws, tmp_path):
    (tmp_path / "file").write_text("x")
    assert "not a folder" in nws("init", "file", check=6).stderr
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_status_of_an_empty_workspace(nws):
    nws("init", check=0)
    status = json.loads(nws("status", "--json", check=0).stdout)
    assert (status["type"], status["runs"], status["pipelines"], status["objects"]) == ("status", 0, 0, 0)
    assert nws("runs", "list", check=0).stdout.count("\n") <= 1
    assert "no runs yet" in nws("runs", "list").stderr
    assert "nothing ran yet" in nws("log").stderr
