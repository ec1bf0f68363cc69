"""`nws reproduce`: a pipeline run again from its record alone, and what is said of the difference."""

import json
import shutil
from pathlib import Path

import pytest
from workspaces import PLS, mixed_grid, ridge_grid, small_csv

from nws import Workspace
from nws.cli.app import run as call
from nws.records import PipelineRecord, decode, encode

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace with a run of several kinds of pipelines, one of which fails; `place` copies it."""
    root = tmp_path_factory.mktemp("finished")
    small_csv(root / "wheat.csv")
    mixed_grid(root / "grid.json")
    failing = [{"model": {"class": PLS, "params": {"n_components": 500}}}]
    (root / "failing.json").write_text(json.dumps(failing))
    ridge_grid(root / "plain.json", 1)
    Workspace.init(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        words = [
            "run",
            "--dataset",
            "wheat.csv",
            "--pipelines",
            "grid.json",
            "failing.json",
            "plain.json",
            "--jobs",
            "1",
        ]
        assert call([*words, "--run-name", "a"]) == 3
        assert call([*words, "--run-name", "b", "--cv", "loo", "--seed", "3"]) == 3
    for name in ("wheat.csv", "grid.json", "failing.json", "plain.json"):
        (root / name).unlink()
    return root


@pytest.fixture
def place(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def lines(told):
    return [json.loads(line) for line in told.out.splitlines()]


def first(root):
    return next(Workspace.open(root).runs.list())


def last(root):
    return list(Workspace.open(root).runs.list())[-1]


def replaced(root, number, *, run=None, **changes):
    """Put another record in the place of one, as if that had been published, and return its pipeline."""
    run = run or first(root)
    ref = run.ref(number)
    body = {**json.loads(run.store.get(ref.record)), **changes}
    record = decode(PipelineRecord, json.dumps(body).encode(), where="test")
    file = run.folder / "_refs" / f"{number:04d}"
    file.write_text(json.dumps({**json.loads(file.read_text()), "record": run.store.put(encode(record))}))
    return run.pipeline(number)


def test_every_pipeline_comes_out_the_same_and_no_run_is_made(here, place):
    workspace = Workspace.open(place)
    refs = [pipeline.ref for run in workspace.runs.list() for pipeline in run.pipelines()]
    objects = set(workspace.store.list())
    found = lines(here("reproduce", *refs, "--json", check=0))
    assert [f"{line['run_id']}/{line['number']:04d}" for line in found] == refs
    assert {line["verdict"] for line in found} == {"identical"}
    assert {line["status"] for line in found} == {line["status_now"] for line in found} == {"completed", "failed"}
    completed = [line for line in found if line["status"] == "completed"]
    assert all(line["artifacts"] and line["difference"] == 0 and line["figures"] for line in completed)
    assert all(item["then"] == item["now"] for line in completed for item in (*line["files"], *line["artifacts"]))
    assert {line["error_now"]["type"] for line in found if line["status"] == "failed"} == {"ValueError"}
    assert set(workspace.store.list()) == objects
    assert len(workspace.runs.names()) == 2
    told = here("reproduce", refs[0], check=0).out
    assert "identical: the same bytes" in told
    assert "fails in the same way" in here("reproduce", f"{first(place).name}/27", check=0).out


def test_two_workers_find_the_same(nws, place):
    refs = [pipeline.ref for pipeline in first(place).pipelines()][:6]
    done = nws("reproduce", *refs, "--jobs", "2", "--json", check=0)
    assert {json.loads(line)["verdict"] for line in done.stdout.splitlines()} == {"identical"}


def test_rounding_is_told_from_a_difference(here, place):
    pipeline = first(place).pipeline(3)
    table = pipeline.file("predictions.csv").decode().splitlines()
    for factor, verdict, code in ((1 + 1e-12, "equal", 0), (1.001, "different", 1)):
        changed = [table[0]]
        for line in table[1:]:
            cells = line.split(",")
            cells[5] = repr(float(cells[5]) * factor)
            changed.append(",".join(cells))
        oid = pipeline.store.put(("\n".join(changed) + "\n").encode())
        other = replaced(place, 3, files={**pipeline.record.files, "predictions.csv": oid})
        (line,) = lines(here("reproduce", other.ref, "--json", check=code))
        assert line["verdict"] == verdict
        assert line["difference"] == pytest.approx(factor - 1, rel=0.01)
        told = here("reproduce", other.ref, check=code).out
        assert "largest relative difference" in told


def test_other_artifacts_are_named(here, place):
    pipeline = first(place).pipeline(3)
    artifacts = [dict(item) for item in pipeline.record.artifacts]
    artifacts[0]["object"] = pipeline.store.put(b"other")
    replaced(place, 3, artifacts=artifacts)
    told = here("reproduce", pipeline.ref, check=0).out
    assert "equal to rounding" in told
    assert artifacts[0]["name"] in told


def test_what_changed_in_the_software_is_said(here, place):
    pipeline = first(place).pipeline(1)
    environment = pipeline.record.environment
    packages = {**environment["packages"], "numpy": "1.0", "gone": "2.0"}
    replaced(place, 1, environment={**environment, "packages": packages, "python": "3.9.1"})
    (line,) = lines(here("reproduce", pipeline.ref, "--json", check=0))
    assert {item["name"]: item["then"] for item in line["changed"]} == {
        "python": "3.9.1",
        "numpy": "1.0",
        "gone": "2.0",
    }
    assert "numpy 1.0 → " in here("reproduce", pipeline.ref, check=0).out


def test_a_pipeline_that_now_fails_or_succeeds_is_different(here, place):
    run = first(place)
    good, bad = run.pipeline(1), run.pipeline(27)
    replaced(place, 27, steps=[{**step, "params": {"n_components": 2}} for step in bad.record.steps])
    (line,) = lines(here("reproduce", bad.ref, "--json", check=1))
    assert (line["verdict"], line["status"], line["status_now"]) == ("different", "failed", "completed")
    steps = [
        {**step, "params": {"n_components": 500}} if step["operator"] == "model" else step for step in good.record.steps
    ]
    replaced(place, 1, steps=steps)
    told = here("reproduce", good.ref, check=1).out
    assert "failed in step" in told


def test_older_records_say_their_splits_by_what_was_done(here, place):
    for run in Workspace.open(place).runs.list():
        for number in (26, 27, 28):
            evaluation = {key: value for key, value in run.pipeline(number).record.evaluation.items() if key != "asked"}
            if (run.name, number) != (last(place).name, 27):
                replaced(place, number, run=run, evaluation=evaluation)
                (line,) = lines(here("reproduce", f"{run.name}/{number}", "--json", check=0))
                assert line["verdict"] == "identical"
    # It failed before there was a split, with one that only the record's hash knows.
    evaluation = {key: value for key, value in run.pipeline(27).record.evaluation.items() if key != "asked"}
    replaced(place, 27, run=run, evaluation=evaluation)
    assert "its splits" in here("reproduce", f"{run.name}/27", check=6).err


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"steps": []}, 6, "a model among its steps"),
        ({"steps": [{"operator": "model"}]}, 6, "the class of each step"),
        ({"dataset": {"name": "x", "id": "0" * 64, "targets": []}}, 6, "its dataset and target"),
        ({"dataset": {"name": "x", "id": "0" * 64, "targets": ["protein"]}}, 13, "is gone from the store"),
        ({"evaluation": {"asked": {"cv": "auto", "colour": "blue"}}}, 12, "colour"),
        ({"evaluation": {}, "task": "x", "steps": [{"operator": "model", "class": PLS}]}, 6, "its splits"),
        ({"steps": [{"operator": "model", "class": "odd_estimators.Odd"}]}, 14, "odd_estimators"),
        ({"steps": [{"operator": "model", "class": PLS, "params": {"copy": {"class": "odd.Odd"}}}]}, 14, "odd"),
        ({"steps": [{"operator": "model", "class": "sklearn.linear_model.Nonsense"}]}, 6, "Nonsense"),
    ],
)
def test_what_cannot_be_run_again_is_refused(here, place, changes, code, said):
    pipeline = replaced(place, 1, **changes)
    before = set(pipeline.store.list())
    told = here("reproduce", pipeline.ref, check=code)
    assert said in told.err
    assert set(pipeline.store.list()) == before


def test_names_and_numbers_that_are_none(here, place):
    name = first(place).name
    here("reproduce", "nonsense", check=4)
    here("reproduce", f"{name}/1", "--jobs", "0", check=2)
    here("reproduce", check=2)
    here("runs", "delete", f"{name}/2", "--yes", check=0)
    assert "was deleted" in here("reproduce", f"{name}/2", check=4).err


def test_a_damaged_dataset_is_damage(here, place):
    pipeline = first(place).pipeline(1)
    oid = pipeline.record.dataset["id"]
    path = place / "_binaries" / oid[:2] / f"{oid}.zst"
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-9] + b"x" * 9)
    here("reproduce", pipeline.ref, check=13)


def test_from_python(place):
    workspace = Workspace.open(place)
    (found,) = workspace.reproduce(f"{first(place).name}/best")
    assert (found.verdict, found.difference, found.changed) == ("identical", 0.0, [])
    both = workspace.reproduce(list(first(place).pipelines())[:2])
    assert [item.verdict for item in both] == ["identical"] * 2
