"""The library: copies under the names that people give, made runs again, taken in from others, and gone without a trace."""

import dataclasses
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from attacking import tree
from workspaces import PLS, check_whole, mixed_grid, ridge_grid, small_csv

from nws import Workspace
from nws.errors import BadInput, Conflict, Damaged, Locked, NotTrusted, UnknownName, UsageError
from nws.ids import ObjectId
from nws.shelf import library
from nws.shelf.contents import filtered
from nws.shelf.opening import open_any
from nws.upkeep.library import describe, details, remove, unpack

KINDS = ("filtered", "pipeline", "fullrun")
NOW = dt.timedelta(0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with shared steps, packs, a failure, fold models and a deleted pipeline."""
    root = tmp_path_factory.mktemp("fini") / "Blé dur"
    root.mkdir()
    workspace, _ = Workspace.init(root)
    small_csv(root / "blé.csv")
    (root / "bad.json").write_text(json.dumps([{"model": {"class": PLS, "params": {"n_components": 99}}}]))
    files = [mixed_grid(root / "mixed.json"), root / "bad.json"]
    (result,) = workspace.run(root / "blé.csv", files, run_name="été", keep_folds=True)
    result.run.delete(3)
    assert workspace.store.packed(workspace.store.list())
    return root


@pytest.fixture
def workspace(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "w")
    return Workspace.open(tmp_path / "w")


@pytest.fixture
def other(tmp_path):
    return Workspace.init(tmp_path / "other")[0]


def run_of(workspace):
    (run,) = workspace.runs.list()
    return run


def shown(workspace):
    """Return the views of the run: file → bytes."""
    folder = run_of(workspace).folder
    return {name: data for name, data in tree(folder).items() if data is not None and name[:1].isdigit()}


def members(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_what_each_kind_holds(workspace):
    run = run_of(workspace)
    held = {}
    for kind in KINDS:
        held[kind] = members(workspace.save(f"{run.name}/0001" if kind != "fullrun" else run.name, kind, kind=kind))
    assert held["filtered"] == ["artifacts/2_PLSRegression.joblib", "manifest.json", "metrics.json", "pipeline.json"]
    assert {"dataset/spectra.npy", "predictions.csv", "artifacts/2_PLSRegression_fold2.joblib"} <= set(held["pipeline"])
    objects = {str(oid) for pipeline in run.pipelines() for oid in [pipeline.record_id, *pipeline.record.objects()]} | {
        run.config().configs
    }
    dataset = run.config().dataset_id
    objects.add(json.loads(workspace.store.get(ObjectId(dataset)))["spectra"])
    refs = [f"refs/{number:04d}" for number in run.numbers()]
    expected = [*(f"objects/{oid[:2]}/{oid}" for oid in objects), *refs, "run_config.json", "run_summary.json"]
    assert held["fullrun"] == sorted([*expected, "manifest.json"])


def test_binaries_of_a_filtered_copy_are_the_fitted_steps_of_folds(workspace):
    ref = f"{run_of(workspace).name}/0001"
    few = set(members(workspace.save(ref, "few")))
    more = set(members(workspace.save(ref, "more", include_binaries=True)))
    assert more - few == {f"artifacts/2_PLSRegression_fold{fold}.joblib" for fold in range(3)}


MAKE = """
import sys
from pathlib import Path
from nws import Workspace
workspace = Workspace.open(Path(sys.argv[1]))
(run,) = workspace.runs.list()
for kind in ("filtered", "pipeline"):
    workspace.save(f"{run.name}/0002", kind, kind=kind, description="für Öl")
workspace.save(run.name, "fullrun", kind="fullrun", description="für Öl")
"""


def test_two_machines_make_the_same_bytes_and_so_does_a_run_that_was_loaded(finished, tmp_path):
    made = []
    for number, zone in enumerate(("UTC", "Asia/Tokyo")):
        root = tmp_path / f"copy {number}"
        if number:
            # Here the objects lie in other packs, or in none.
            workspace, _ = Workspace.init(root)
            workspace.take(tmp_path / "copy 0/library/trained/fullrun/fullrun.zip")
        else:
            shutil.copytree(finished, root)
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": str(number)}
        subprocess.run([sys.executable, "-c", MAKE, root], check=True, env=environment)
        made.append(tree(root / "library" / "trained"))
    assert made[0] == made[1]
    assert len(made[0]) == 6
    sources = [json.loads(zipfile.ZipFile(path).read("manifest.json"))["source"] for path in _zips(tmp_path / "copy 0")]
    assert {source["description"] for source in sources} == {"für Öl"}


def _zips(root):
    return list((root / "library" / "trained").rglob("*.zip"))


def test_a_name_is_given_once_whatever_the_kind(workspace):
    ref = f"{run_of(workspace).name}/0001"
    first = workspace.save(ref, "blé")
    before = tree(workspace.root / "library")
    for kind, name in (
        ("filtered", "blé"),
        ("pipeline", "blé"),
        ("fullrun", "blé"),
        ("pipeline", "BLÉ"),
        ("filtered", "ble\u0301"),
    ):
        with pytest.raises(Conflict, match="is there already"):
            workspace.save(ref, name, kind=kind)
    assert tree(workspace.root / "library") == before
    again = workspace.save(ref, "BLÉ", kind="pipeline", replace=True)
    assert not first.exists()
    assert [copy.path for copy in workspace.library.list()] == [again]
    assert workspace.save(f"{run_of(workspace).name}/0002", "BLÉ", kind="pipeline", replace=True) == again
    assert describe(workspace, workspace.library.get("BLÉ"))["pipeline_id"].startswith("0002_")


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "-x", "", "con", "x" * 101, "a\0b", "a."])
def test_names_that_are_none(workspace, name):
    with pytest.raises(UsageError):
        workspace.save("best:blé", name)
    with pytest.raises(UsageError):
        workspace.templates.add(name, [])
    assert not (workspace.root / "library" / "templates").exists()
    assert not (workspace.root / "library" / "trained").exists()


def test_what_cannot_be_saved(workspace, other):
    with pytest.raises(UsageError, match="no such kind"):
        workspace.save("best:blé", "x", kind="all")
    with pytest.raises(UnknownName):
        workspace.save("best:rye", "x")
    with pytest.raises(UnknownName):
        workspace.save("2020-01-01_rye", "x", kind="fullrun")
    failed = next(one for one in run_of(workspace).pipelines() if one.record.status == "failed")
    with pytest.raises(Conflict, match="has no model to keep: it failed"):
        workspace.save(failed.ref, "x")
    workspace.save(failed.ref, "failed", kind="pipeline")
    with run_of(workspace).at_work(), pytest.raises(Locked):
        Workspace.open(workspace.root).save(run_of(workspace).name, "x", kind="fullrun")
    bare = other.runs.create(dt.date(2026, 1, 1), "rye")
    with pytest.raises(UnknownName):
        other.save(bare.name, "x", kind="fullrun")
    assert [copy.name for copy in workspace.library.list()] == ["failed"]
    assert not tree(other.root / "library")


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_object_leaves_nothing(workspace, kind):
    run = run_of(workspace)
    pipeline = run.pipeline(26)
    oid = next(item["object"] for item in pipeline.record.artifacts if "fold" not in item)
    (workspace.store.root / oid[:2] / f"{oid}.zst").write_bytes(b"x")
    with pytest.raises(Damaged):
        workspace.save(pipeline.ref if kind != "fullrun" else run.name, "x", kind=kind)
    assert not [path for path in (workspace.root / "library").rglob("*") if path.is_file()]


def test_a_run_comes_back_whole_on_another_workspace(workspace, other):
    path = workspace.save(run_of(workspace).name, "all", kind="fullrun")
    taken = other.take(path)
    assert (taken.kind, taken.state, taken.pipelines) == ("fullrun", "added", 26)
    assert shown(other) == shown(workspace)
    check_whole(other.root)
    mine, theirs = run_of(workspace), run_of(other)
    assert theirs.numbers() == mine.numbers()
    for number in mine.numbers():
        assert theirs.ref(number) == dataclasses.replace(mine.ref(number), segment=None)
    for name in ("run_config.json", "run_summary.json"):
        assert (theirs.folder / name).read_bytes() == (mine.folder / name).read_bytes()
    assert other.runs.standing().deleted == {(mine.name, 3)}
    columns = ["record", "val_rmse", "ref"]
    rows = [one.predictions.filter_by_criteria(deleted=False, show=columns).sort("ref") for one in (workspace, other)]
    assert rows[0].equals(rows[1])
    assert other.reindex() == 0
    assert all(found.verdict == "identical" for found in other.reproduce(f"{mine.name}/0001"))
    before = tree(other.root)
    assert other.take(path).state == "unchanged"
    assert tree(other.root) == before
    assert other.gc(grace=NOW).removed == 0


def test_it_keeps_together_what_resembles_one_another(workspace, other):
    path = workspace.save(run_of(workspace).name, "all", kind="fullrun")
    other.take(path)
    packed = [len(one.store.packed(one.store.list())) for one in (workspace, other)]
    assert packed[1] >= packed[0] > 0
    assert len(list(other.store.root.rglob("*.zst"))) <= len(list(workspace.store.root.rglob("*.zst")))


def spectra(root, samples=6):
    lines = (root / "blé.csv").read_text().splitlines()
    path = root / "new.csv"
    path.write_text("\n".join(lines[: samples + 1]), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_save_remove_the_run_collect_load_elsewhere_and_predict(workspace, other, kind):
    run, new = run_of(workspace), workspace.root / "blé.csv"
    best = workspace.resolve("best:blé")
    told = [row.split(",") for row in best.file("predictions.csv").decode().splitlines()[1:]]
    stored = [float(row[5]) for row in told if row[1] == "train"]
    path = workspace.save(best.ref if kind != "fullrun" else run.name, "kept", kind=kind)
    workspace.runs.delete(run)
    assert workspace.gc(grace=NOW).removed > 0
    assert list(workspace.store.list()) == []
    if kind == "fullrun":
        assert workspace.load("kept").state == "added"
        assert other.take(path).state == "added"
        refs = [(workspace, "best:blé", False), (other, "best:blé", True)]
    else:
        assert other.take(path).state == "added"
        refs = [(workspace, "library:kept", False), (other, "library:kept", True)]
    for place, ref, trust in refs:
        found = place.predict(ref, new, trust=trust)
        assert np.array_equal(np.ravel(found.answers.values), stored)
    with pytest.raises(NotTrusted, match="came by import"):
        other.predict(refs[1][1], new)
    assert workspace.gc(grace=NOW).removed == 0
    assert [workspace.library.verify(copy).state for copy in workspace.library.list()] == ["ok"]


def test_a_run_that_was_deleted_here_comes_back_unmarked(workspace):
    run = run_of(workspace)
    before = shown(workspace)
    workspace.save(run.name, "all", kind="fullrun")
    workspace.runs.delete(run)
    assert workspace.load("all").state == "added"
    assert shown(workspace) == before
    assert not workspace.runs.imported.has(run.name)
    assert workspace.runs.standing().deleted == {(run.name, 3)}
    assert workspace.load("all").state == "unchanged"


def test_another_run_of_that_name_is_not_touched(workspace, other):
    run = run_of(workspace)
    path = workspace.save(run.name, "all", kind="fullrun")
    run.delete(1)
    before = tree(workspace.root)
    for does in (lambda: workspace.load("all"), lambda: workspace.take(path)):
        with pytest.raises(Conflict, match=f"another run {run.name} is there"):
            does()
        assert tree(workspace.root) == before
    small_csv(other.root / "blé.csv", seed=1)
    other.run(other.root / "blé.csv", ridge_grid(other.root / "g.json", 1), run_name="été")
    before = tree(other.root)
    with pytest.raises(Conflict, match=r"another run .* is there already"):
        other.take(path)
    assert tree(other.root) == before
    other.runs.delete(run_of(other))
    before = tree(other.root)
    with pytest.raises(Conflict, match="the catalog remembers it"):
        other.take(path)
    assert tree(other.root) == before
    rows = other.predictions.filter_by_criteria(show=["prediction_id"])["prediction_id"]
    other.forget(rows)
    assert other.take(path).state == "added"


def test_it_waits_for_nobody(workspace, other):
    path = workspace.save(run_of(workspace).name, "all", kind="fullrun")
    other.take(path)
    with run_of(other).at_work(), pytest.raises(Locked):
        Workspace.open(other.root).take(path)


def test_a_disk_that_refuses_leaves_no_run(workspace, other):
    path = workspace.save(run_of(workspace).name, "all", kind="fullrun")
    (other.root / "runs" / ".imported").mkdir()
    shutil.rmtree(other.root / "_binaries")
    (other.root / "_binaries").write_bytes(b"")
    before = tree(other.root)
    with pytest.raises(OSError, match="_binaries"):
        other.take(path)
    assert tree(other.root) == before
    assert other.runs.names() == []


def test_marks_come_and_go(workspace, other):
    run = run_of(workspace)
    ref = f"{run.name}/0001"
    zips = {kind: workspace.save(ref if kind != "fullrun" else run.name, kind, kind=kind) for kind in KINDS}
    for path in zips.values():
        other.take(path)
    assert other.runs.imported.get(run.name).kind == "fullrun"
    assert other.library_imported.get("filtered").file == "filtered.zip"
    assert list(other.library.strays()) == []
    for ref in (f"{run.name}/0001", "library:filtered", "library:pipeline"):
        with pytest.raises(NotTrusted, match="came by import"):
            other.predict(ref, spectra(workspace.root))
    for path in (other.library.get("filtered").path, other.library.get("pipeline").path):
        with pytest.raises(NotTrusted, match="came by import"):
            other.predict(path, spectra(workspace.root))
    # A copy of what came by import, under another name, is no more one's own.
    other.save(f"{run.name}/0001", "mine")
    with pytest.raises(NotTrusted):
        other.predict("library:mine", spectra(workspace.root))
    assert other.resolve(f"{run.name}/0001").metrics().val
    for copy in list(other.library.list()):
        remove(other, copy)
    other.runs.delete(run_of(other))
    assert not list((other.root / "library" / ".imported").iterdir())
    assert not list((other.root / "runs" / ".imported").iterdir())


def test_a_name_in_two_spellings_is_marked_in_one(workspace, other):
    path = workspace.save(f"{run_of(workspace).name}/0001", "a")
    taken = other.take(path, name="ble\u0301")
    assert taken.name == "blé"
    with pytest.raises(NotTrusted, match="came by import"):
        other.predict("library:blé", spectra(workspace.root))
    other.take(workspace.save(run_of(workspace).name, "all", kind="fullrun"))
    other.save(f"{run_of(workspace).name}/0001", "e\u0301te\u0301")
    with pytest.raises(NotTrusted, match="came by import"):
        other.predict("library:été", spectra(workspace.root))


def test_what_replaces_what_came_is_ones_own_and_the_other_way_round(workspace, other):
    theirs = workspace.save(f"{run_of(workspace).name}/0001", "a")
    small_csv(other.root / "rye.csv")
    other.run(other.root / "rye.csv", ridge_grid(other.root / "g.json", 1))
    other.save("best:rye", "a")
    with pytest.raises(Conflict):
        other.take(theirs)
    assert not other.library_imported.has("a")
    assert other.take(theirs, replace=True).state == "replaced"
    assert other.library_imported.has("a")
    other.save("best:rye", "a", replace=True)
    assert not other.library_imported.has("a")
    assert other.take(theirs, name="b").path.name == "b.zip"
    with pytest.raises(UsageError):
        other.take(theirs, name="../c")


def test_archives_and_exports_are_taken_in(workspace, other):
    pipeline = workspace.resolve("best:blé")
    whole = workspace.archives.add(pipeline, "pipeline")
    taken = other.take(whole)
    assert (taken.kind, taken.name) == ("pipeline", whole.stem)
    folder = workspace.exports.add(pipeline)
    (folder / "notes.txt").write_text("mine")
    taken = other.take(folder, name="exported")
    assert taken.kind == "filtered"
    assert [other.library.verify(copy).state for copy in other.library.list()] == ["ok", "ok"]
    assert len(other.predict("library:exported", workspace.root / "blé.csv", trust=True).answers.values) == 24
    table = workspace.archives.add(pipeline, "best_predictions")
    with pytest.raises(BadInput):
        other.take(table)
    with pytest.raises(UnknownName):
        other.take(other.root / "nothing.zip")
    fullrun = workspace.save(run_of(workspace).name, "all", kind="fullrun")
    with pytest.raises(UsageError, match="keeps its name"):
        other.take(fullrun, name="x")


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_becomes_a_folder_of_plain_files(workspace, tmp_path, kind):
    run = run_of(workspace)
    path = workspace.save(f"{run.name}/0001" if kind != "fullrun" else run.name, "x", kind=kind)
    folder = tmp_path / "new é" / "folder"
    done = unpack(path, folder)
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    found = tree(folder)
    assert {name: data for name, data in found.items() if data is not None} == held
    assert (done.state, done.files) == ("added", len(held))
    assert unpack(path, folder).state == "unchanged"
    (folder / "pipeline.json" if kind != "fullrun" else folder / "run_config.json").write_bytes(b"{}")
    before = tree(tmp_path)
    with pytest.raises(Conflict):
        unpack(path, folder)
    assert tree(tmp_path) == before


def test_an_unpacked_run_is_taken_in_like_its_zip_file(workspace, other, tmp_path):
    path = workspace.save(run_of(workspace).name, "all", kind="fullrun")
    unpack(path, tmp_path / "folder")
    assert other.take(tmp_path / "folder").state == "added"
    assert other.take(path).state == "unchanged"


def test_what_is_said_of_a_copy(workspace):
    run = run_of(workspace)
    workspace.save(f"{run.name}/0001", "a", description="für Öl")
    workspace.save(run.name, "b", kind="fullrun")
    facts = describe(workspace, workspace.library.get("a"))
    assert (facts["description"], facts["pipelines"], facts["dataset_name"]) == ("für Öl", 1, "blé")
    assert details(workspace.library.get("a"))["metrics"]["val"]["rmse"] > 0
    facts = describe(workspace, workspace.library.get("b"))
    assert (facts["run_id"], facts["pipelines"], facts["record"]) == (run.name, 26, None)
    assert details(workspace.library.get("b"))["steps"] is None


def test_a_name_of_several_kinds_is_told_by_its_path(workspace):
    ref = f"{run_of(workspace).name}/0001"
    workspace.save(ref, "x")
    shelf = library(workspace.root / "library" / "trained")
    shutil.copytree(shelf.root / "filtered", shelf.root / "pipeline")
    with pytest.raises(UnknownName, match="more than one copy") as caught:
        shelf.get("x")
    assert "filtered/x.zip" in caught.value.hint
    assert shelf.get("filtered/x.zip").kind == "filtered"
    # To replace the name takes all copies that have it.
    workspace.save(ref, "x", replace=True)
    assert [copy.kind for copy in shelf.list()] == ["filtered"]


def test_a_ref_of_the_library_is_no_pipeline_of_a_run(workspace):
    workspace.save("best:blé", "x")
    with pytest.raises(UsageError, match="is a copy in the library") as caught:
        workspace.resolve("library:x")
    assert "nws predict library:x" in caught.value.hint
    with pytest.raises(UnknownName):
        workspace.resolve("library:y")


def test_a_run_that_came_by_import_is_not_gone_on_with(workspace, other):
    run = run_of(workspace)
    run.write(dataclasses.replace(run.summary(), status="interrupted"))
    path = workspace.save(run.name, "all", kind="fullrun")
    shutil.copy(workspace.root / "blé.csv", other.root / "blé.csv")
    other.take(path)
    plan = run.config().plan
    assert workspace.runs.unfinished("blé", "été", plan=plan) is not None
    assert other.runs.unfinished("blé", "été", plan=plan) is None
    day = dt.date.fromisoformat(run.name[:10])
    with pytest.raises(Conflict, match="came by import"):
        other.runs.obtain(day, "blé", "été")
    shutil.rmtree(run_of(other).folder)
    other.runs.deleted.remove_pipelines(run.name)
    other.runs.create(day, "blé", "été")
    assert not other.runs.imported.has(run.name)


def test_a_large_object_goes_through_in_bounded_memory(tmp_path):
    root = tmp_path / "a"
    workspace, _ = Workspace.init(root)
    small_csv(root / "wide.csv", samples=30, features=20)
    (result,) = workspace.run(root / "wide.csv", ridge_grid(root / "g.json", 1))
    pipeline = next(result.run.pipelines())
    big = workspace.store.put(np.random.default_rng(0).bytes(40 << 20))
    record = dataclasses.replace(pipeline.record, files={**pipeline.record.files, "big.bin": big}, number=2)
    result.run.publish([record])
    other, _ = Workspace.init(tmp_path / "b")
    tracemalloc.start()
    try:
        path = workspace.save(result.run.name, "all", kind="fullrun")
        other.take(path)
        assert tracemalloc.get_traced_memory()[1] < 36 << 20
    finally:
        tracemalloc.stop()
    assert other.store.has(big)


def test_each_frame_of_a_pack_is_read_about_once(workspace, monkeypatch):
    """Members come in the order of their ids, which is none that packs have."""
    from nws.store import unpack as unpacking

    read = []
    plain = unpacking.frame_content
    between = unpacking._between

    def whole(handle, frame, sizes):
        read.append(sum(sizes))
        return plain(handle, frame, sizes)

    def part(handle, frame, offset, size):
        read.append(offset + size)
        return between(handle, frame, offset, size)

    monkeypatch.setattr(unpacking, "frame_content", whole)
    monkeypatch.setattr(unpacking, "_between", part)
    store = Workspace.open(workspace.root).store
    packed = store.packed(store.list())
    total = sum(store.info(oid).size for oid in packed)
    assert len(packed) > 20
    read.clear()
    workspace.save(run_of(workspace).name, "all", kind="fullrun")
    assert sum(read) < 2.5 * total


def test_a_shelf_checks_before_it_writes_over(workspace):
    path = workspace.save("best:blé", "x")
    data = path.read_bytes()
    contents = filtered(workspace.resolve("best:blé"))
    broken = dataclasses.replace(contents, members={**contents.members, "gone": ObjectId("0" * 64)})
    with pytest.raises(Damaged):
        workspace.library.put(broken, "x", replace=True)
    assert path.read_bytes() == data
    assert open_any(path).manifest


def test_templates_are_configs(workspace):
    file = workspace.root / "mixed.json"
    path, count = workspace.save_template("mixed", file, description="all kinds")
    assert count == 26
    assert json.loads(path.read_text())["description"] == "all kinds"
    with pytest.raises(Conflict):
        workspace.save_template("MIXED", file)
    assert workspace.save_template("Mixed", file, replace=True)[0].name == "Mixed.json"
    assert workspace.templates.names() == ["Mixed"]
    best = workspace.resolve("best:blé")
    workspace.save("best:blé", "kept")
    for source in ("best:blé", "library:kept"):
        path, count = workspace.save_template("best", source, replace=True)
        assert count == 1
    (prospects,) = workspace.look(_request(workspace, "template:best", path))
    assert {task.config.hash for task in prospects.plan.tasks} == {best.record.hash}
    with pytest.raises(UnknownName, match="no template") as caught:
        workspace.look(_request(workspace, "template:bset"))
    assert "best" in caught.value.hint
    (workspace.root / "broken.json").write_text("[{]")
    with pytest.raises(BadInput):
        workspace.save_template("broken", workspace.root / "broken.json")
    with pytest.raises(BadInput, match="no such file"):
        workspace.save_template("none", "none.yaml")
    assert workspace.templates.names() == ["Mixed", "best"]


def test_keys_of_a_template_keep_their_order(workspace):
    """The order of a grid is that in which pipelines are numbered."""
    model = {
        "class": "sklearn.neighbors.KNeighborsRegressor",
        "params": {"_grid_": {"weights": ["uniform", "distance"], "n_neighbors": [1, 2]}},
    }
    file = workspace.root / "grid.json"
    file.write_text(json.dumps([{"model": model}]))
    workspace.save_template("grid", file)
    hashes = []
    for pipelines in (file, "template:grid"):
        (prospects,) = workspace.look(_request(workspace, pipelines))
        hashes.append([task.config.hash for task in prospects.plan.tasks])
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 4


def _request(workspace, *pipelines):
    from pathlib import Path

    from nws.engine.request import Request

    return Request(datasets=(workspace.root / "blé.csv",), pipelines=tuple(map(Path, pipelines)))
