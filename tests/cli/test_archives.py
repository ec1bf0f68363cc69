"""`nws catalog archive` and `nws catalog verify`, and what `nws run` archives by itself."""

import json
import shutil

import pytest
from workspaces import GASOLINE, PLS, ridge_grid, small_csv

from nws import Workspace
from nws.cli.app import run as call
from nws.errors import DONE

SETTING = "format = 1\n[catalog]\narchive_best = {}\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace in a folder with spaces and accents, with a good pipeline and one that failed; nothing archived."""
    root = tmp_path_factory.mktemp("x") / "le blé d'été"
    root.mkdir()
    (root / "nws.toml").write_text(SETTING.format("false"), encoding="utf-8")
    small_csv(root / "blé.csv")
    ridge_grid(root / "grid.json", 2)
    (root / "bad.json").write_text(json.dumps([{"model": {"class": PLS, "params": {"n_components": 99}}}]))
    workspace, _ = Workspace.init(root)
    workspace.run(root / "blé.csv", [root / "grid.json", root / "bad.json"])
    return root


@pytest.fixture
def held(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path / finished.name)
    monkeypatch.chdir(tmp_path / finished.name)
    return tmp_path / finished.name


def archived(root):
    folder = root / "catalog" / "archives"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def run_name(root):
    (run,) = Workspace.open(root).runs.list()
    return run.name


def test_paths_are_printed_and_what_is_there_already_is_said(held, capsys):
    name = run_name(held)
    assert call(["catalog", "archive", f"{name}/0001", f"{name}/0002"]) == DONE
    told = capsys.readouterr()
    assert told.out.splitlines() == [f"catalog/archives/pipeline/{path.split('/')[1]}" for path in archived(held)]
    assert len(archived(held)) == 2
    assert told.err == ""
    before = {path: (held / path).stat().st_mtime_ns for path in told.out.splitlines()}
    assert call(["catalog", "archive", "best:blé"]) == DONE
    told = capsys.readouterr()
    assert told.out.strip() in before
    assert "was archived already; nothing was changed" in told.err
    assert {path: (held / path).stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(("kind", "suffixes"), [("filtered", ["zip"]), ("best_predictions", ["csv", "json"])])
def test_kinds(held, capsys, kind, suffixes):
    assert call(["catalog", "archive", "best:blé", "--kind", kind, "--json"]) == DONE
    (line,) = lines(capsys.readouterr().out)
    assert (line["type"], line["kind"], line["state"]) == ("archive", kind, "added")
    assert (held / line["path"]).is_file()
    assert [path.rsplit(".")[-1] for path in archived(held)] == suffixes
    assert all(path.startswith(f"{kind}/") for path in archived(held))
    assert call(["catalog", "archive", "best:blé", "--kind", kind, "--json"]) == DONE
    assert lines(capsys.readouterr().out) == [{**line, "state": "unchanged"}]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nonsense"], 4, "no pipeline named 'nonsense'"),
        (["RUN/0009"], 4, "has no pipeline 0009"),
        (["RUN/0001", "nonsense"], 4, "no pipeline named 'nonsense'"),
        (["best:blé", "--kind", "filtred"], 2, "did you mean filtered?"),
        (["best:blé", "--kind", "zip"], 2, "one of pipeline, filtered, best_predictions"),
        (["RUN/0003", "--kind", "best_predictions"], 5, "has no predictions: it failed"),
        (["RUN/0003", "--kind", "filtered"], 5, "has no model to keep: it failed"),
        ([], 2, "nws catalog archive --help"),
    ],
)
def test_what_cannot_be_archived_is_said_and_nothing_is_written(held, capsys, words, code, said):
    name = run_name(held)
    assert call(["catalog", "archive", *(word.replace("RUN", name) for word in words)]) == code
    assert said in capsys.readouterr().err
    assert archived(held) == []


def test_a_damaged_object_is_refused(held, capsys):
    pipeline = Workspace.open(held).resolve(f"{run_name(held)}/0001")
    oid = pipeline.record.files["predictions.csv"]
    path = held / "_binaries" / oid[:2] / f"{oid}.zst"
    path.write_bytes(path.read_bytes()[:-3])
    assert call(["catalog", "archive", f"{run_name(held)}/0001"]) == 13
    assert "nws: " in capsys.readouterr().err
    assert archived(held) == []


def test_nothing_archived_is_said(held, capsys):
    assert call(["catalog", "verify"]) == DONE
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "nothing is archived yet: nws catalog archive REF\n")
    assert call(["catalog", "verify", "--json"]) == DONE
    assert capsys.readouterr().out == ""
    assert call(["catalog", "verify", "x"]) == 4


@pytest.fixture
def three(held, capsys):
    for kind in ("pipeline", "filtered", "best_predictions"):
        assert call(["catalog", "archive", "best:blé", "--kind", kind]) == DONE
    paths = capsys.readouterr().out.splitlines()
    return held, paths


def test_sound_archives_are_a_line_each(three, capsys):
    _, paths = three
    assert call(["catalog", "verify"]) == DONE
    told = capsys.readouterr()
    assert told.out.splitlines() == ["state\tpath", *(f"ok\t{path}" for path in paths)]
    assert told.err == "3 archives checked: all sound\n"


def test_damage_is_named_and_ends_in_13(three, capsys):
    root, (zipped, _, table) = three
    data = bytearray((root / zipped).read_bytes())
    data[len(data) // 2] ^= 1
    (root / zipped).write_bytes(data)
    (root / table).with_suffix(".json").unlink()
    assert call(["catalog", "verify"]) == 13
    told = capsys.readouterr()
    assert [line.split("\t")[0] for line in told.out.splitlines()] == ["state", "damaged", "ok", "damaged"]
    assert f"nws: {zipped}: '" in told.err
    assert f"nws: {table}: has no manifest" in told.err
    assert told.err.endswith("3 archives checked: 2 damaged\n")
    assert call(["catalog", "verify", "--json", "--quiet"]) == 13
    told = lines(capsys.readouterr().out)
    assert [(line["type"], line["state"], bool(line["problems"])) for line in told] == [
        ("archive", "damaged", True),
        ("archive", "ok", False),
        ("archive", "damaged", True),
    ]


def test_archives_are_checked_by_name_or_path(three, capsys):
    root, paths = three
    name = paths[0].rsplit("/", 1)[-1].removesuffix(".zip")
    for words, count in [([name], 3), ([f"filtered/{name}.zip"], 1), ([paths[0], str(root / paths[2])], 2)]:
        assert call(["catalog", "verify", *words, "--json"]) == DONE
        assert len(lines(capsys.readouterr().out)) == count
    (root / paths[0]).unlink()
    assert call(["catalog", "verify", paths[0]]) == 4
    assert "did you mean" in capsys.readouterr().err


def test_other_files_are_named_and_left(three, capsys):
    root, _ = three
    folder = root / "catalog" / "archives"
    (folder / "notes.txt").touch()
    (folder / "filtered" / "sub").mkdir()
    (folder / "pipeline" / ".tmp-x-1-1").touch()
    assert call(["catalog", "verify"]) == DONE
    told = capsys.readouterr()
    assert "catalog/archives/filtered/sub: no archive, and left alone" in told.err
    assert told.err.endswith("3 archives checked: all sound; 2 other files among them\n")
    assert call(["catalog", "verify", "--json"]) == DONE
    strays = [line["path"] for line in lines(capsys.readouterr().out) if line["type"] == "stray"]
    assert strays == ["catalog/archives/filtered/sub", "catalog/archives/notes.txt"]


def test_many_problems_of_one_archive_do_not_hide_the_next(three, capsys):
    root, (zipped, *_) = three
    (root / zipped).write_bytes(
        (root / zipped).read_bytes().replace(b"PK\3\4", b"PK\3\5").replace(b"blake3", b"blake4")
    )
    assert call(["catalog", "verify"]) == 13
    told = capsys.readouterr()
    assert len([line for line in told.err.splitlines() if line.startswith("nws: ")]) <= 4


def test_archives_stay_sound_when_runs_are_deleted(three, capsys):
    root, paths = three
    assert call(["runs", "delete", run_name(root), "--yes"]) == DONE
    capsys.readouterr()
    assert call(["catalog", "verify"]) == DONE
    assert capsys.readouterr().out.count("ok\t") == len(paths)


def ask(*words):
    return call(["run", "--pipelines", "grid.json", "--jobs", "1", *words])


def test_a_run_archives_the_best_of_each_target_and_says_where(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call(["init"]) == DONE
    rows = [f"{at / 10},{at % 7},{at % 5},{at % 3},{at % 4}" for at in range(20)]
    (tmp_path / "two.csv").write_text("\n".join(["protein,water,1 nm,2 nm,3 nm", *rows]), encoding="utf-8")
    ridge_grid(tmp_path / "grid.json", 3)
    assert call(["dataset", "add", "two", "two.csv", "--target", "protein", "--target", "water"]) == DONE
    assert ask("--dataset", "two") == DONE
    told = capsys.readouterr().err
    assert f"archived: 2 files in {tmp_path}/catalog/archives/best_predictions" in told
    (run,) = Workspace.open(tmp_path).runs.list()
    best = run.summary().statistics["best_by_target"]
    assert archived(tmp_path) == sorted(
        f"best_predictions/{run.name}_{best[target]['pipeline_id']}.{suffix}"
        for target in ("protein", "water")
        for suffix in ("csv", "json")
    )
    assert call(["catalog", "verify"]) == DONE


def test_a_better_pipeline_adds_a_file_and_a_worse_one_does_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call(["init"]) == DONE
    shutil.copy(GASOLINE, tmp_path)
    found = []
    for components in (2, 1, 5, 5):
        steps = [{"model": {"class": PLS, "params": {"n_components": components}}}]
        (tmp_path / "grid.json").write_text(json.dumps(steps))
        assert ask("--dataset", "gasoline.csv", "--append") == DONE
        assert f"archived: {tmp_path}/catalog/archives/best_predictions/" in capsys.readouterr().err
        found.append(archived(tmp_path))
    assert [len(files) for files in found] == [2, 2, 4, 4]
    assert set(found[0]) < set(found[2])
    assert call(["catalog", "verify"]) == DONE


def test_the_setting_says_no(held, capsys):
    assert ask("--dataset", "blé.csv") == DONE
    assert "archived" not in capsys.readouterr().err
    assert archived(held) == []
    (held / "nws.toml").write_text(SETTING.format("true"), encoding="utf-8")
    assert ask("--dataset", "blé.csv", "--force") == DONE
    assert len(archived(held)) == 2


def test_a_run_of_failures_archives_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call(["init"]) == DONE
    small_csv(tmp_path / "wheat.csv")
    (tmp_path / "grid.json").write_text(json.dumps([{"model": {"class": PLS, "params": {"n_components": 99}}}]))
    assert ask("--dataset", "wheat.csv") == 3
    assert "archived" not in capsys.readouterr().err
    assert archived(tmp_path) == []


def test_an_interrupted_run_archives_when_it_is_finished(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    workspace, _ = Workspace.init(tmp_path)
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 4)

    def stop(reached):
        if reached.done == 2:
            raise KeyboardInterrupt

    (result,) = workspace.run("wheat.csv", "grid.json", report=stop)
    assert result.interrupted
    assert archived(tmp_path) == []
    assert ask("--dataset", "wheat.csv") == DONE
    assert "going on with" in capsys.readouterr().err
    assert len(archived(tmp_path)) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[catalog]\narchive_best = 1", "archive_best = 1"),
        ("catalog = 1", "catalog is not a table"),
        ("[catalog]\narchive_bset = true", "unknown setting 'archive_bset'"),
    ],
)
def test_a_setting_of_another_form_is_refused(tmp_path, monkeypatch, capsys, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nws.toml").write_text(f"format = 1\n{text}\n")
    assert call(["status"]) == 6
    assert said in capsys.readouterr().err
