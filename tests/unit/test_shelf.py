"""Archives of a real run: what each kind holds, the same bytes whoever makes them, and never one over another."""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tracemalloc
import zipfile

import joblib
import numpy as np
import pytest
from unit_records import draft
from workspaces import PLS, ridge_grid, small_csv

from nws import Workspace
from nws.dataset import load
from nws.errors import Conflict, Damaged, UsageError
from nws.ids import ObjectId
from nws.records import Manifest, PipelineRecord, decode
from nws.shelf import archives, exports
from nws.shelf.shelves import archive_name

KINDS = ("pipeline", "filtered", "best_predictions")
STEPS = ["artifacts/1_StandardScaler.joblib", "artifacts/2_Ridge.joblib"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace with accents in its names, one pipeline that is completed and one that failed."""
    root = tmp_path_factory.mktemp("fini") / "Blé dur"
    root.mkdir()
    small_csv(root / "blé.csv")
    ridge_grid(root / "grid.json", 1)
    (root / "bad.json").write_text(json.dumps([{"model": {"class": PLS, "params": {"n_components": 99}}}]))
    workspace, _ = Workspace.init(root)
    workspace.run(
        root / "blé.csv", [root / "grid.json", root / "bad.json"], run_name="été", pipeline_names=("crête", "trop")
    )
    shutil.rmtree(root / "catalog" / "archives")
    return root


@pytest.fixture
def workspace(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "w", copy_function=os.link)
    return Workspace.open(tmp_path / "w")


def pipelines(workspace):
    (run,) = workspace.runs.list()
    return list(run.pipelines())


def good(workspace):
    return pipelines(workspace)[0]


def files(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def members(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def spoil(workspace, oid):
    path = workspace.store.root / oid[:2] / f"{oid}.zst"
    data = bytearray(path.read_bytes())
    path.unlink()
    data[len(data) // 2] ^= 8
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        ("filtered", [*STEPS, "metrics.json", "pipeline.json"]),
        (
            "pipeline",
            [
                *STEPS, "dataset/snapshot.json", "dataset/spectra.npy", "metrics.json", "pipeline.json",
                "predictions.csv",
            ],
        ),
    ],
)  # fmt: skip
def test_what_a_zip_file_holds_and_what_its_manifest_says(workspace, kind, held):
    pipeline = good(workspace)
    path = workspace.archives.add(pipeline, kind)
    name = f"{pipeline.record.run_id}_{pipeline.record.id}"
    assert "été" in name
    assert "crête" in name
    assert path == workspace.root / "catalog" / "archives" / kind / f"{name}.zip"
    inside = members(path)
    manifest = decode(Manifest, inside.pop("manifest.json"), where="manifest.json")
    assert sorted(inside) == held
    assert manifest.kind == kind
    assert manifest.source == {
        "record": pipeline.record_id,
        "run_id": pipeline.record.run_id,
        "pipeline_id": pipeline.record.id,
    }
    assert manifest.members == {
        member: {"blake3": ObjectId.of(data), "size_bytes": len(data)} for member, data in inside.items()
    }
    assert ObjectId.of(inside["pipeline.json"]) == pipeline.record_id


def test_a_filtered_archive_predicts_alone(workspace):
    pipeline = good(workspace)
    inside = members(workspace.archives.add(pipeline, "filtered"))
    record = decode(PipelineRecord, inside["pipeline.json"], where="pipeline.json")
    scaler, model = (joblib.load(io.BytesIO(inside[name])) for name in STEPS)
    dataset = load(workspace.store, record.dataset["id"], name="x")
    predicted = model.predict(scaler.transform(np.asarray(dataset.spectra)))
    told = [row.split(",") for row in pipeline.file("predictions.csv").decode().splitlines()]
    place = told[0].index("y_pred")
    train = [float(row[place]) for row in told[1:] if row[1] == "train"]
    assert np.allclose(sorted(predicted.ravel()), sorted(train))


def test_a_pipeline_archive_brings_its_data_back(workspace, tmp_path):
    pipeline = good(workspace)
    inside = members(workspace.archives.add(pipeline, "pipeline"))
    other = Workspace.init(tmp_path / "other")[0].store
    other.put(inside["dataset/spectra.npy"])
    oid = other.put(inside["dataset/snapshot.json"])
    assert oid == pipeline.record.dataset["id"]
    assert load(other, oid, name="x").samples == 24


def test_predictions_are_a_csv_file_with_a_manifest_beside_it(workspace):
    pipeline = good(workspace)
    path = workspace.archives.add(pipeline, "best_predictions")
    assert path.read_bytes() == pipeline.file("predictions.csv")
    manifest = decode(Manifest, path.with_suffix(".json").read_bytes(), where="manifest")
    assert list(manifest.members) == [path.name]
    assert manifest.members[path.name]["blake3"] == pipeline.record.files["predictions.csv"]
    assert files(path.parent) == [path.name, f"{path.stem}.json"]


MAKE = """
import sys
from pathlib import Path
from nws import Workspace
workspace = Workspace.open(Path(sys.argv[1]))
(run,) = workspace.runs.list()
for kind in workspace.archives.kinds:
    workspace.archives.add(next(run.pipelines()), kind)
"""


def test_two_processes_in_two_copies_of_a_workspace_make_the_same_bytes(finished, tmp_path):
    made = []
    for number, zone in enumerate(("UTC", "Asia/Tokyo")):
        root = tmp_path / f"copy {number}"
        shutil.copytree(finished, root)
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": str(number)}
        before = os.umask(0o077 if number else 0o022)
        try:
            subprocess.run([sys.executable, "-c", MAKE, root], check=True, env=environment)
        finally:
            os.umask(before)
        shelf = root / "catalog" / "archives"
        made.append({name: (shelf / name).read_bytes() for name in files(shelf)})
    assert len(made[0]) == 4
    assert made[0] == made[1]


@pytest.mark.parametrize("kind", KINDS)
def test_archiving_again_changes_nothing(workspace, kind):
    pipeline = good(workspace)
    assert not workspace.archives.has(pipeline, kind)
    path = workspace.archives.add(pipeline, kind)
    assert workspace.archives.has(pipeline, kind)
    before = {file: (path.parent / file).stat() for file in files(path.parent)}
    assert workspace.archives.add(pipeline, kind) == path
    assert {file: (path.parent / file).stat().st_ino for file in files(path.parent)} == {
        file: known.st_ino for file, known in before.items()
    }


def test_a_zip_file_packed_by_another_zlib_is_the_same_archive(workspace):
    pipeline = good(workspace)
    path = workspace.archives.add(pipeline, "pipeline")
    usual = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(usual)) as archive:
        packed = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in packed:
            archive.writestr(info, content, compresslevel=1)
    data = path.read_bytes()
    assert data != usual
    assert workspace.archives.add(pipeline, "pipeline") == path
    assert path.read_bytes() == data


@pytest.mark.parametrize("kind", KINDS)
def test_another_file_of_that_name_is_not_written_over(workspace, kind):
    pipeline = good(workspace)
    path = workspace.archives.path(pipeline, kind)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    with pytest.raises((Conflict, Damaged), match="is there already") as caught:
        workspace.archives.add(pipeline, kind)
    assert caught.value.hint
    assert path.read_bytes() == b"mine"
    assert files(path.parent) == [path.name]


def test_an_archive_of_another_record_under_that_name_is_a_conflict(workspace):
    pipeline, failed = pipelines(workspace)
    path = workspace.archives.add(pipeline, "pipeline")
    other = workspace.archives.path(failed, "pipeline")
    path.rename(other)
    with pytest.raises(Conflict, match="other members"):
        workspace.archives.add(failed, "pipeline")


def test_a_lost_half_of_predictions_is_healed(workspace):
    pipeline = good(workspace)
    path = workspace.archives.add(pipeline, "best_predictions")
    beside = path.with_suffix(".json")
    manifest = beside.read_bytes()
    for lost in (path, beside):
        lost.unlink()
        assert not workspace.archives.has(pipeline, "best_predictions")
        workspace.archives.add(pipeline, "best_predictions")
        assert beside.read_bytes() == manifest
        assert path.read_bytes() == pipeline.file("predictions.csv")
    beside.write_bytes(manifest.replace(b"best", b"test"))
    with pytest.raises(Conflict):
        workspace.archives.add(pipeline, "best_predictions")


def test_a_pipeline_that_failed_is_archived_whole_and_no_other_way(workspace):
    failed = pipelines(workspace)[1]
    inside = members(workspace.archives.add(failed, "pipeline"))
    assert {"pipeline.json", "error.log", "dataset/spectra.npy"} <= inside.keys()
    for kind, lacks in (("filtered", "has no model"), ("best_predictions", "has no predictions")):
        with pytest.raises(Conflict, match=f"{lacks}.*: it failed"):
            workspace.archives.add(failed, kind)


def test_an_unknown_kind_names_the_nearest(workspace):
    with pytest.raises(UsageError) as caught:
        workspace.archives.add(good(workspace), "filtred")
    assert "filtered" in caught.value.hint


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("harm", ["gone", "spoilt"])
def test_a_pipeline_with_a_damaged_object_is_refused_and_leaves_nothing(workspace, kind, harm):
    pipeline = good(workspace)
    oid = pipeline.record.files["predictions.csv"] if kind != "filtered" else pipeline.record.artifacts[1]["object"]
    if harm == "gone":
        (workspace.store.root / oid[:2] / f"{oid}.zst").unlink()
    else:
        spoil(workspace, oid)
    with pytest.raises(Damaged):
        workspace.archives.add(pipeline, kind)
    assert files(workspace.archives.root) == []


def test_a_pipeline_whose_data_is_gone_is_refused(workspace):
    pipeline = good(workspace)
    oid = pipeline.record.dataset["id"]
    (workspace.store.root / oid[:2] / f"{oid}.zst").unlink()
    with pytest.raises(Damaged, match="names what is gone"):
        workspace.archives.add(pipeline, "pipeline")
    assert files(workspace.archives.root) == []
    workspace.archives.add(pipeline, "filtered")


def test_archives_stand_when_the_run_and_its_objects_are_gone(workspace):
    pipeline = good(workspace)
    copies = [workspace.archives.add(pipeline, kind) for kind in KINDS]
    (run,) = workspace.runs.list()
    workspace.runs.delete(run)
    shutil.rmtree(workspace.store.root)
    assert {copy.path for copy in workspace.archives.list()} == set(copies)
    assert [workspace.archives.verify(copy).problems for copy in workspace.archives.list()] == [(), (), ()]


def test_workspace_archive_takes_a_ref(workspace):
    (run,) = workspace.runs.list()
    assert workspace.archive(f"{run.name}/0001") == workspace.archives.path(good(workspace), "pipeline")
    row = workspace.predictions.filter_by_criteria(status="completed").row(0, named=True)
    assert workspace.archive(row["prediction_id"], "best_predictions").suffix == ".csv"
    path = workspace.predictions.archive_to_catalog(row["prediction_id"], kind="filtered")
    assert path == workspace.archives.path(good(workspace), "filtered")
    assert path.is_file()


def test_a_name_too_long_for_a_file_is_cut_and_still_tells_pipelines_apart(workspace):
    (run,) = workspace.runs.list()
    pipeline = good(workspace)
    long = draft(run, 7, name="é" * 100)
    names = set()
    for number in (7, 8):
        record = draft(run, number, name="é" * 100, run_id="2026-01-01_" + "x" * 100)
        (made,) = [type(pipeline)(run.store, ObjectId.of(str(number).encode()), record, run.folder.parent)]
        names.add(archive_name(made))
    assert len(names) == 2
    assert all(230 >= len(name.encode()) > 200 for name in names)
    assert len(f"{run.name}_{long.id}".encode()) > 230
    (published,) = run.publish([long])
    path = workspace.archives.add(published, "filtered")
    assert path.name.endswith(f"_{published.record_id[:16]}.zip")


def test_the_bytes_of_a_zip_file_say_nothing_of_machine_and_moment(workspace):
    data = workspace.archives.add(good(workspace), "pipeline").read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        assert archive.comment == b""
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    for info in infos:
        assert (info.date_time, info.extra, info.comment) == ((1980, 1, 1, 0, 0, 0), b"", b"")
        assert (info.create_system, info.external_attr, info.compress_type) == (3, 0o100644 << 16, 8)


@pytest.mark.parametrize("kind", ["pipeline", "filtered"])
def test_unzip_reads_it(workspace, tool, tmp_path, kind):
    path = workspace.archives.add(good(workspace), kind)
    subprocess.run([tool("unzip"), "-tqq", path], check=True)
    subprocess.run([tool("unzip"), "-qq", path, "-d", tmp_path / "out"], check=True)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files(tmp_path / "out")} == members(path)


def test_a_large_artifact_is_copied_and_checked_in_bounded_memory(tmp_path):
    workspace, _ = Workspace.init(tmp_path)
    (tmp_path / "runs" / "2026-01-01_wheat").mkdir()
    (run,) = workspace.runs.list()
    with (tmp_path / "large").open("wb") as file:
        for number in range(96):
            file.write(random.Random(number).randbytes(1 << 20))
    oid = workspace.store.put_file(tmp_path / "large")
    large = {"step": "2", "name": "2_Ridge", "class": "Ridge", "object": oid, "size_bytes": 96 << 20, "format": "x"}
    steps = [{"step": "2", "operator": "model", "class": "Ridge", "params": {}, "artifact": oid}]
    (pipeline,) = run.publish([draft(run, 1, artifacts=[large], steps=steps)])
    tracemalloc.start()
    try:
        path = workspace.archives.add(pipeline, "filtered")
        copied = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        (copy,) = workspace.archives.list()
        assert workspace.archives.verify(copy).problems == ()
        checked = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 96 << 20
    assert copied < 40 << 20
    assert checked < 16 << 20


def test_exports_are_as_they_were(workspace, tmp_path):
    pipeline = good(workspace)
    folder = workspace.exports.add(pipeline)
    assert folder.parent == workspace.root / "exports"
    assert decode(Manifest, (folder / "manifest.json").read_bytes(), where="x").kind == "export"
    assert files(folder) == [*STEPS, "manifest.json", "metrics.json", "pipeline.json", "predictions.csv"]
    with pytest.raises(Conflict, match="is there already"):
        workspace.exports.add(pipeline)
    path = workspace.exports.add(pipeline, "best_predictions", name="mine")
    assert files(path.parent) == [f"mine_{pipeline.record.id}.csv", f"mine_{pipeline.record.id}.json"]
    assert workspace.exports.add(pipeline, "best_predictions", name="mine") == path
    path.write_bytes(b"other")
    with pytest.raises(Conflict):
        workspace.exports.add(pipeline, "best_predictions", name="mine")
    assert exports(tmp_path / "else" / "where").add(pipeline).parent == tmp_path / "else" / "where"
    assert list(archives(tmp_path / "absent").strays()) == []
