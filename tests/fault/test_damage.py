"""Damaged files: every command that reads says what is wrong or goes on with the rest, and none ends as a bug."""

import json
import shutil

import pytest
from workspaces import ridge_grid, small_csv

from nws import Workspace
from nws.cli.app import run as call
from nws.errors import CATEGORIES, DONE

NAMED = {category.exit_code for category in CATEGORIES} | {DONE, 1}
SURVEYS = [["status"], ["runs", "list"], ["log"]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace with two runs and a registered dataset."""
    root = tmp_path_factory.mktemp("finished")
    small_csv(root / "wheat.csv")
    ridge_grid(root / "grid.json", 2)
    workspace, _ = Workspace.init(root)
    assert call(["-C", str(root), "--quiet", "dataset", "add", "wheat", str(root / "wheat.csv")]) == DONE
    for name in ("a", "b"):
        workspace.run("wheat", root / "grid.json", run_name=name, force=True)
    return root


@pytest.fixture
def held(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path / "w")
    monkeypatch.chdir(tmp_path / "w")
    return tmp_path / "w"


def run_folder(root, name="a"):
    (found,) = (root / "runs").glob(f"*_wheat_{name}")
    return found


def edited(**fields):
    return lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def as_folder(path):
    path.unlink()
    path.mkdir()


def holding(data):
    return lambda path: path.write_bytes(data)


def record_file(root):
    """Return the file of the object that is the record of the second pipeline."""
    (workspace, run) = (Workspace.open(root), run_folder(root).name)
    oid = workspace.resolve(f"{run}/0002").record_id
    return root / "_binaries" / oid[:2] / f"{oid}.zst"


def metrics_file(root):
    """Return the file of the metrics of the second pipeline."""
    pipeline = Workspace.open(root).resolve(f"{run_folder(root).name}/0002")
    oid = pipeline.record.files["metrics.json"]
    return root / "_binaries" / oid[:2] / f"{oid}.zst"


SUMMARY, CONFIG = (
    (lambda root: run_folder(root) / "run_summary.json"),
    (lambda root: run_folder(root) / "run_config.json"),
)
REF = lambda root: run_folder(root) / "_refs" / "0002"  # noqa: E731
NAME = lambda root: root / "datasets" / "wheat.json"  # noqa: E731
SEGMENT = lambda root: next((root / "catalog" / "predictions_meta.parquet").iterdir())  # noqa: E731
CASES = {
    "summary empty": (SUMMARY, holding(b"")),
    "summary not text": (SUMMARY, holding(b"\x00\xff{")),
    "summary a folder": (SUMMARY, as_folder),
    "summary of a newer version": (SUMMARY, edited(schema="run_summary/2")),
    "summary with other types": (SUMMARY, edited(started_at=None, best_pipeline="x")),
    "summary with less inside": (SUMMARY, edited(best_pipeline={"pipeline_id": "x"})),
    "config empty": (CONFIG, holding(b"")),
    "config a folder": (CONFIG, as_folder),
    "config with other types": (CONFIG, edited(created_at=3, command=None)),
    "config with no moment": (CONFIG, edited(created_at="yesterday")),
    "ref empty": (REF, holding(b"")),
    "ref a list": (REF, holding(b"[]")),
    "ref a folder": (REF, as_folder),
    "ref of a number": (REF, edited(record=3)),
    "ref of no id": (REF, edited(record="../../x")),
    "ref of nothing": (REF, edited(record="0" * 64)),
    "ref with another number's name": (REF, lambda path: path.rename(path.with_name("00002"))),
    "ref with digits of another script": (REF, lambda path: path.rename(path.with_name("\u00b2" * 4))),
    "refs a file": (lambda root: run_folder(root) / "_refs", lambda path: (shutil.rmtree(path), path.touch())),
    "record gone": (record_file, lambda path: path.unlink()),
    "record empty": (record_file, holding(b"")),
    "metrics gone": (metrics_file, lambda path: path.unlink()),
    "metrics torn": (metrics_file, lambda path: path.write_bytes(path.read_bytes()[:-9])),
    "registration empty": (NAME, holding(b"")),
    "registration with other types": (NAME, edited(id="x", understood=3, sources=3)),
    "segment empty": (SEGMENT, holding(b"")),
    "segment torn": (SEGMENT, lambda path: path.write_bytes(path.read_bytes()[:-9])),
}  # fmt: skip


def reads(root):
    run = run_folder(root).name
    return [
        *SURVEYS, ["runs", "show", run], ["log", run], ["show", f"{run}/0002"], ["show", f"{run}/last"],
        ["show", f"{run}/best"], ["rev-parse", f"{run}/0002"], ["checkout", f"{run}/0002"],
        ["export", f"{run}/0002", "--output", "out"], ["catalog", "list"], ["catalog", "best"], ["dataset", "list"],
        ["dataset", "show", "wheat"], ["ls-objects"], ["count-objects"], ["reindex"],
        ["runs", "delete", run, "--dry-run"],
        ["run", "--dataset", "wheat", "--pipelines", "grid.json", "--jobs", "1", "--append", "--run-name", "a"],
    ]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_no_damage_is_a_bug(held, capsys, case):
    find, harm = CASES[case]
    harm(find(held))
    for words in reads(held):
        code = call(words)
        said = capsys.readouterr().err
        assert code in NAMED, f"{words}: {code}\n{said}"
        assert "Traceback" not in said
        if words in SURVEYS:
            assert code == DONE, f"{words}: {said}"
        elif code not in {DONE, 1}:
            assert said.splitlines()[-2 if "hint:" in said else -1].startswith("nws: "), said


@pytest.mark.parametrize(
    ("case", "words", "others"),
    [
        ("summary empty", ["status"], 1),
        ("summary empty", ["runs", "list"], 2),
        ("ref empty", ["log"], 4),
        ("record gone", ["log"], 4),
        ("metrics torn", ["log"], 4),
    ],
)
def test_surveys_say_what_is_damaged_and_show_the_rest(held, capsys, case, words, others):
    find, harm = CASES[case]
    harm(find(held))
    assert call([*words, "--json"]) == DONE
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert len(lines) == others
    assert str(lines).count("'damaged'") >= 1
    assert all(line.startswith("nws: ") for line in said.err.splitlines())
    assert said.err


@pytest.mark.parametrize("case", ["ref of no id", "ref of nothing", "record gone", "metrics gone", "record empty"])
def test_what_a_ref_or_record_names_and_is_not_there_is_damage(held, capsys, case):
    find, harm = CASES[case]
    harm(find(held))
    assert call(["show", f"{run_folder(held).name}/0002"]) == 13
    assert capsys.readouterr().err.count("\n") == 2


def test_a_registration_that_cannot_be_read_is_not_passed_over_in_silence(held, capsys):
    NAME(held).write_bytes(b"")
    assert call(["dataset", "list"]) == DONE
    assert "nws: datasets/wheat.json: not valid JSON" in capsys.readouterr().err


def test_a_run_cut_off_shows_how_many_pipelines_it_has(held, capsys):
    edited(status="running", total_pipelines=0)(SUMMARY(held))
    assert call(["runs", "list", "--json"]) == DONE
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (cut,) = [line for line in lines if line["run_id"].endswith("_a")]
    assert (cut["status"], cut["total_pipelines"]) == ("cut off", 2)


def test_a_run_folder_taken_away_while_a_run_is_at_work(held):
    """The run ends with what it published afterwards, and its files are there again."""
    workspace = Workspace.open(held)
    taken = []

    def take_away(reached):
        if reached.outcome is not None and not taken:
            taken.append(shutil.rmtree(held / "runs" / reached.run))

    (result,) = workspace.run("wheat", held / "grid.json", run_name="gone", report=take_away, force=True)
    assert result.summary.status == "completed"
    assert result.run.config().run_id == result.run.name


@pytest.mark.parametrize("name", ["00002", "2", "\u00b2\u00b2\u00b2\u00b2", "abcd"])
def test_other_files_among_the_refs_are_no_pipelines(held, name):
    shutil.copy(REF(held), REF(held).with_name(name))
    run = Workspace.open(held).runs.get(run_folder(held).name)
    assert run.numbers() == [1, 2]
    assert len(list(run.pipelines())) == 2
