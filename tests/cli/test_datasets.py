import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from nws.cli.app import run

DATA = Path(__file__).parent.parent / "data"
GASOLINE = DATA / "gasoline.csv"
MAYONNAISE = DATA / "mayonnaise.csv"


class Done(NamedTuple):
    stdout: str
    stderr: str


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run commands in this process, which is quicker than one process each, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run_one(*words, check):
        capfd.readouterr()
        code = run(list(map(str, words)))
        printed = capfd.readouterr()
        assert code == check, f"{words}: exit {code}\n{printed.out}\n{printed.err}"
        return Done(printed.out, printed.err)

    return run_one


@pytest.fixture
def workspace(call, tmp_path):
    call("init", check=0)
    return tmp_path


def test_add_show_list_remove(call, workspace):
    added = call("dataset", "add", "gasoline", GASOLINE, "--test-rows", "51-60", check=0)
    assert added.stdout == ""
    assert "octane: regression, mean 87.177" in added.stderr
    assert "partitions  train 50, test 10" in added.stderr
    shown = call("dataset", "show", "gasoline", check=0)
    assert "spectrum    401 features, 900 to 1700 nm" in shown.stdout
    assert "option      test_rows = 51-60" in shown.stdout
    assert shown.stderr == ""
    call("dataset", "add", "mayo", MAYONNAISE, "--target", "oil.type", check=0)
    lines = call("dataset", "list", check=0).stdout.splitlines()
    assert [line.split("\t")[:4] for line in lines] == [
        ["name", "samples", "features", "axis"],
        ["gasoline", "60", "401", "900-1700 nm"],
        ["mayo", "162", "351", "1-351 index"],
    ]
    removed = call("dataset", "remove", "gasoline", check=0)
    assert (removed.stdout, "no longer registered" in removed.stderr) == ("", True)
    assert not (workspace / "datasets" / "gasoline.json").exists()
    assert call("dataset", "show", "gasoline", check=4).stderr.startswith("nws: no dataset named 'gasoline'\nhint: ")


def test_json(call, workspace):
    def ask(*words):
        return [json.loads(line) for line in call("dataset", *words, "--json", check=0).stdout.splitlines()]

    (added,) = ask("add", "mayo", MAYONNAISE)
    assert (added["type"], added["name"], added["state"], len(added["id"])) == ("dataset", "mayo", "added", 64)
    assert next(iter(added)) == "type"
    assert added["understood"]["partitions"] == {"train": 120, "test": 42}
    assert added["understood"]["targets"][0]["classes"]["1"] == 42
    assert ask("add", "mayo", MAYONNAISE)[0]["state"] == "unchanged"
    assert ask("add", "mayo", MAYONNAISE, "--test-rows", "1-40", "--replace")[0]["state"] == "replaced"
    (listed,) = ask("list")
    assert (listed,) == tuple(ask("show", "mayo"))
    assert listed["options"] == {"test_rows": "1-40"}
    assert ask("remove", "mayo") == [{"type": "removed", "name": "mayo", "id": listed["id"]}]
    assert ask("list") == []


def test_check_needs_no_workspace_and_makes_nothing(nws, tmp_path):
    done = nws("dataset", "check", GASOLINE, check=0)
    assert "target      octane: regression" in done.stdout
    assert done.stderr == ""
    (facts,) = [json.loads(line) for line in nws("dataset", "check", GASOLINE, "--json", check=0).stdout.splitlines()]
    assert (facts["name"], facts["understood"]["samples"]) == ("gasoline", 60)
    assert list(tmp_path.iterdir()) == []


def test_two_files_and_options(call, tmp_path):
    (tmp_path / "Spectra.txt").write_text("900;902;904\n" + "0,1;0,3;0,2\n0,2;0,5;0,1\n")
    (tmp_path / "Lab.txt").write_text("fat;water\n1,5;2,5\n3,5;4,5\n")
    words = ("dataset", "check", "Spectra.txt", "Lab.txt")
    assert "fat: regression, mean 2.5" in call(*words, check=0).stdout
    done = call(
        *words, "--target", "water", "--metadata", "fat", "--decimal", "comma", "--delimiter", "semicolon", check=0
    )
    assert "metadata    fat" in done.stdout


def test_groups_units_and_sheets(call, workspace):
    import datasets_formats as forms
    from datasets_written import wide_rows

    book = forms.workbook(workspace / "Öl messung.xlsx", {"Readme": [["words"]], "Data": wide_rows("indices")})
    words = ("--sheet", "Data", "--target", "protein", "--group", "scan", "--unit", "index")
    checked = call("dataset", "check", book, *words, check=0).stdout
    assert "groups      scan: 9 samples of 1 to 2 scans each" in checked
    assert "file        Öl messung.xlsx: X, 13 samples; Excel, header" in checked
    assert "ignored     Readme" in checked
    (added,) = [
        json.loads(line) for line in call("dataset", "add", "oil", book, *words, "--json", check=0).stdout.splitlines()
    ]
    assert added["options"] == {"target": ["protein"], "group": "scan", "unit": "index", "sheet": "Data"}
    assert added["understood"]["groups"]["column"] == "scan"
    shown = call("dataset", "show", "oil", check=0).stdout
    assert "option      group = scan" in shown
    assert "groups      scan: 9 samples of 1 to 2 scans each" in shown
    assert call("dataset", "check", book, check=6).stderr.startswith(f"nws: {book}: 2 sheets, and none is called X")


def test_a_dataset_file_is_checked_and_added(call, workspace):
    (workspace / "data").mkdir()
    (workspace / "data" / "one.csv").write_text("protein;900;902;904\n1,5;0,1;0,3;0,2\n2,5;0,2;0,5;0,1\n")
    (workspace / "wheat.yaml").write_text("train_x: data/one.csv\ndelimiter: ';'\n")
    assert "target      protein: regression" in call("dataset", "check", "wheat.yaml", check=0).stdout
    call("dataset", "add", "wheat", "wheat.yaml", check=0)
    assert "source      " in call("dataset", "show", "wheat", check=0).stdout
    (workspace / "wheat.yaml").write_text("train_x: data/one.csv\nfolds: 3\n")
    done = call("dataset", "add", "barley", "wheat.yaml", check=6)
    assert "wheat.yaml: folds: not supported in a dataset file" in done.stderr
    assert not (workspace / "datasets" / "barley.json").exists()


def test_a_target_asked_of_a_run_settles_which_column_of_a_file_it_is(call, workspace):
    (workspace / "rye.csv").write_text("moisture,protein,1100,1102,1104\n9,11.2,1,3,2\n8,12.9,2,1,4\n7,10.4,3,2,2\n")
    (workspace / "ridge.json").write_text('["sklearn.linear_model.Ridge"]')
    words = ("run", "--dataset", "rye.csv", "--pipelines", "ridge.json", "--dry-run")
    assert "the target cannot be told: moisture, protein" in call(*words, check=6).stderr
    done = call(*words, "--target", "protein", "--json", check=0)
    assert [json.loads(line)["target"] for line in done.stdout.splitlines() if '"target"' in line] == ["protein"]


def test_the_same_name_for_something_else(call, workspace):
    call("dataset", "add", "a", GASOLINE, check=0)
    before = sorted(path for path in workspace.rglob("*"))
    done = call("dataset", "add", "a", MAYONNAISE, check=5)
    assert "other content" in done.stderr
    assert "--replace" in done.stderr
    assert sorted(path for path in workspace.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["add", "a", "absent.csv"], 6, "no such file"),
        (["add", "../x", GASOLINE], 2, "not a valid dataset name"),
        (["add", "", GASOLINE], 2, "not a valid dataset name"),
        (["add", "a" * 300, GASOLINE], 2, "not a valid dataset name"),
        (["add", "a", GASOLINE, "--target", "octan"], 6, "no column named 'octan'"),
        (["add", "a", GASOLINE, "--delimiter", "semicolon"], 6, "only one column"),
        (["add", "a", GASOLINE, "--test-rows", "x"], 2, "not of the form"),
        (["add", "a", "."], 6, "no data files found"),
        (["add", "a"], 2, "PATHS"),
        (["remove", "a"], 4, "no dataset named"),
        (["show", "../a"], 2, "not a valid dataset name"),
    ],
)
def test_refusals(call, workspace, words, code, said):
    before = sorted(workspace.rglob("*"))
    done = call("dataset", *words, check=code)
    assert said in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2
    assert done.stderr.splitlines()[1].startswith("hint: ")
    assert sorted(workspace.rglob("*")) == before


def test_an_error_as_json(nws):
    error = json.loads(nws("dataset", "check", "absent.csv", "--json", check=6).stderr)
    assert (error["type"], error["kind"], error["exit_code"]) == ("error", "bad-input", 6)


def test_listing_imports_nothing_heavy(call, workspace):
    call("dataset", "add", "gasoline", GASOLINE, check=0)
    code = (
        "import sys; from nws.cli.app import run; run(['dataset', 'list']); run(['dataset', 'show', 'gasoline']);"
        "print(sorted({'polars', 'numpy', 'sklearn', 'pyarrow', 'zstandard'} & set(sys.modules)))"
    )
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
