"""The Python blocks of the reference page are run, one after the other, and its tables name what is there."""

import re
import shutil
from pathlib import Path

import pytest
from workspaces import GASOLINE

from nws import ObjectStore, Workspace
from nws.engine.request import Request
from nws.index.criteria import Criteria
from nws.index.predictions import Predictions
from nws.pipeline import Pipeline
from nws.run import Run

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
TABLES = {
    "| call |": (Workspace, {"root", "settings"}),
    "| verb | gives |": (Predictions, set()),
    "| of a run |": (Run, set()),
    "| of a pipeline |": (Pipeline, {"record", "record_id"}),
    "| verb | does |": (ObjectStore, set()),
}


def test_the_blocks_run(tmp_path, monkeypatch, capsys):
    shutil.copy(GASOLINE, tmp_path)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(block, "python.md", "exec"), names)
    said = capsys.readouterr().out
    assert "6 of 6, 0 failed" in said
    assert "unknown-name" in said


@pytest.mark.parametrize("head", TABLES)
def test_the_tables_name_what_is_there(head):
    kind, fields = TABLES[head]
    table = PAGE[PAGE.index(head) :].split("\n\n")[0]
    named = {
        text.removeprefix("workspace.").removeprefix("Workspace.").removeprefix("Predictions.").split("(")[0]
        for row in table.splitlines()[2:]
        for text in re.findall(r"`([^`]+)`", row.split(" | ")[0])
    }
    assert named
    for name in named - fields:
        assert hasattr(kind, name), name


def test_options_and_criteria_are_all_named():
    for name in {*Request.__dataclass_fields__, *Criteria.__annotations__} - {"provenance"}:
        assert f"`{name}`" in PAGE, name
