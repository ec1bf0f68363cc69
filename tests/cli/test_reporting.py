"""`nws report`: where files go, what is printed, what is refused."""

import json
import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote

import pytest

from nws import Workspace


@pytest.fixture
def name(place):
    (only,) = Workspace.open(place).runs.names()
    return only


def test_a_run_has_both_forms_among_the_exports(here, place, name):
    told = here("report", "run", name[:12], check=0)
    assert told.out.splitlines() == ["path", *(f"exports/session_reports/{name}.{form}" for form in ("md", "html"))]
    page = place / "exports" / "session_reports" / f"{name}.html"
    assert f"report: {page.as_uri()}" in told.err
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert page.with_suffix(".md").read_text(encoding="utf-8").startswith(f"# Run {name}\n")


def test_datasets_and_the_workspace_are_in_the_catalog(here, place, name):
    here("report", "dataset", "wheat", "--format", "md", check=0)
    here("report", "global", "--format", "html", check=0)
    there = sorted(os.listdir(place / "catalog" / "reports"))
    assert there == ["dataset_wheat.md", "dataset_wheat_pictures", "global.html"]


def test_json_names_each_file(here, place, name):
    lines = [json.loads(line) for line in here("report", "run", name, "--json", check=0).out.splitlines()]
    assert [line["format"] for line in lines] == ["md", "html"]
    for line in lines:
        assert (line["type"], line["kind"], line["name"]) == ("report", "run", name)
        assert line["size_bytes"] == (place / line["path"]).stat().st_size


def test_made_again_it_takes_the_place_of_the_one_before(here, place, name):
    here("report", "run", name, "--format", "md", check=0)
    path = place / "exports" / "session_reports" / f"{name}.md"
    first = path.read_bytes()
    path.write_text("old")
    here("report", "run", name, "--format", "md", check=0)
    assert path.read_bytes() == first
    assert sorted(os.listdir(path.parent)) == [path.name, f"{name}_pictures"]


def test_markdown_shows_pictures_of_a_folder_beside_it(here, place, name):
    folder = place / "a b é_pictures"
    folder.mkdir()
    for old in ("x_chart_gone.svg", "mine.svg"):
        (folder / old).write_text("old")
    told = here("report", "run", name, "--output", "a b é.md", "--json", check=0)
    text = (place / "a b é.md").read_text(encoding="utf-8")
    links = [unquote(link) for link in re.findall(r"^!\[[^\]]+\]\((\S+)\)$", text, re.MULTILINE)]
    assert len(links) > 2
    assert sorted(Path(link) for link in [*links, f"{folder.name}/mine.svg"]) == sorted(
        path.relative_to(place) for path in folder.iterdir()
    )
    assert json.loads(told.out)["pictures"] == folder.name


def test_a_file_and_a_folder_of_ones_own(here, place, name):
    told = here("report", "run", name, "--output", "my report é.HTML", check=0)
    assert told.out.splitlines()[-1].endswith("my report é.HTML")
    assert (place / "my report é.HTML").read_text(encoding="utf-8").startswith("<!DOCTYPE")
    (place / "mine").mkdir()
    here("report", "run", name, "--output", "mine", check=0)
    assert sorted(os.listdir(place / "mine")) == [f"{name}.html", f"{name}.md", f"{name}_pictures"]
    assert not (place / "exports" / "session_reports").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "nobody"], 4, "no run named 'nobody'"),
        (["dataset", "whaet"], 4, "did you mean wheat?"),
        (["global", "--format", "htm"], 2, "did you mean html?"),
        (["global", "--format", "md", "--output", "a.html"], 2, "named like html"),
        (["global", "--output", "a.txt"], 2, "does not say which form"),
        (["global", "--output", "nowhere/a.md"], 2, "mkdir -p nowhere"),
        (["global", "--format", "md", "--open"], 2, "only Markdown is asked for"),
    ],
)
def test_what_is_refused_leaves_no_file(here, place, words, code, said):
    before = sorted(path for path in place.rglob("*") if path.is_file())
    told = here("report", *words, check=code)
    assert said in told.err
    assert sorted(path for path in place.rglob("*") if path.is_file()) == before


def test_what_is_no_file_is_not_replaced_by_one(here, place):
    os.mkfifo(place / "pipe.md")
    told = here("report", "global", "--output", "pipe.md", check=2)
    assert "neither a file nor a folder" in told.err
    assert (place / "pipe.md").is_fifo()


def test_a_link_is_followed_and_stays_one(here, place):
    (place / "real.md").write_text("old")
    (place / "link.md").symlink_to("real.md")
    here("report", "global", "--output", "link.md", check=0)
    assert (place / "link.md").is_symlink()
    assert (place / "real.md").read_text().startswith("# Workspace")


def test_a_deleted_run_is_said_to_be_one(here, place, name):
    here("runs", "delete", name, "--yes", check=0)
    told = here("report", "run", name, check=4)
    assert "was deleted" in told.err
    assert here("report", "dataset", "wheat", check=0)


def test_open_hands_the_page_to_the_browser(here, place, name, monkeypatch, nws):
    browser = place / "browser"
    browser.write_text(f"#!/bin/sh\nprintf %s \"$1\" > '{place / 'opened'}'\n")
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    nws("report", "run", name, "--open", cwd=place, check=0, env={"BROWSER": str(browser), "DISPLAY": ""})
    page = place / "exports" / "session_reports" / f"{name}.html"
    assert (place / "opened").read_text() == page.as_uri()


def test_without_a_browser_that_is_said(place, name, nws):
    done = nws("report", "global", "--open", cwd=place, check=0, env={"PATH": str(place), "DISPLAY": "", "BROWSER": ""})
    assert "no browser was found" in done.stderr
