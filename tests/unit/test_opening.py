"""Copies opened for use: every form gives the same bytes, and whatever is wrong with one is told before it is used."""

import json
import shutil
import zipfile

import pytest
from workspaces import ridge_grid, small_csv

from nws import Workspace
from nws.errors import BadInput, Damaged, NewerFormat, UnknownName
from nws.ids import ObjectId
from nws.shelf.opening import is_copy, open_copy


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    workspace, _ = Workspace.init(root)
    workspace.run(small_csv(root / "wheat.csv"), ridge_grid(root / "grid.json", 1))
    (run,) = workspace.runs.list()
    (pipeline,) = run.pipelines()
    workspace.exports.add(pipeline)
    for kind in ("pipeline", "filtered", "best_predictions"):
        workspace.archives.add(pipeline, kind)
    return pipeline


@pytest.fixture
def copies(pipeline, tmp_path):
    """A folder and two zip files that a test may spoil."""
    root = pipeline.runs.parent
    shutil.copytree(next(path for path in (root / "exports").iterdir()), tmp_path / "folder")
    for kind in ("pipeline", "filtered"):
        shutil.copy(next((root / "catalog/archives" / kind).iterdir()), tmp_path / f"{kind}.zip")
    return tmp_path


def spoilt(path, change):
    """Write a zip file again with its members changed: name → bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def manifest(files, **changes):
    files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) | changes).encode()


@pytest.mark.parametrize("name", ["folder", "pipeline.zip", "filtered.zip"])
def test_a_copy_gives_the_record_and_its_objects(pipeline, copies, name):
    opened = open_copy(copies / name)
    assert is_copy(copies / name)
    assert opened.record_id == pipeline.record_id
    assert opened.record == pipeline.record
    for artifact in pipeline.record.artifacts:
        oid = ObjectId(artifact["object"])
        assert opened.get(oid) == pipeline.store.get(oid)
    assert all(path.exists() for path in opened.paths())
    with pytest.raises(UnknownName):
        opened.get(ObjectId("0" * 64))


def test_only_the_whole_copy_has_the_data(pipeline, copies):
    oid = ObjectId(pipeline.record.dataset["id"])
    assert open_copy(copies / "pipeline.zip").get(oid) == pipeline.store.get(oid)
    with pytest.raises(UnknownName):
        open_copy(copies / "filtered.zip").get(oid)


def test_changed_bytes_in_a_folder_are_damage(copies):
    opened = open_copy(copies / "folder")
    (path,) = (copies / "folder" / "artifacts").glob("*Ridge*")
    data = path.read_bytes()
    oid = ObjectId.of(data)
    for wrong, said in ((data[:-1] + b"x", "do not match"), (data + b"x", "longer than"), (data[:-1], "do not match")):
        path.write_bytes(wrong)
        with pytest.raises(Damaged, match=rf"Ridge\.joblib.*{said}"):
            opened.get(oid)
    path.unlink()
    with pytest.raises(Damaged, match="lacks"):
        opened.get(oid)


def test_changed_bytes_in_a_zip_file_are_damage(copies):
    path = copies / "filtered.zip"
    opened = open_copy(path)
    name = next(name for name in opened.sizes if "Ridge" in name)
    oid = next(oid for oid, held in opened.names.items() if held == name)
    for change, said in ((b"y", "do not match"), (opened.get(oid) + b"x", "longer than")):
        spoilt(path, lambda members, change=change: members.update({name: change}))
        with pytest.raises(Damaged, match=f"Ridge.*{said}"):
            opened.get(oid)
    spoilt(path, lambda members: members.pop(name))
    with pytest.raises(Damaged, match="lacks"):
        opened.get(oid)


def test_another_record_is_not_the_one_that_was_copied(copies):
    def change(members):
        members["pipeline.json"] = members["pipeline.json"].replace(b'"completed"', b'"completes"')
        told = json.loads(members["manifest.json"])["members"]
        record = members["pipeline.json"]
        manifest(members, members=told | {"pipeline.json": {"blake3": ObjectId.of(record), "size_bytes": len(record)}})

    spoilt(copies / "filtered.zip", change)
    with pytest.raises(Damaged, match="not the one"):
        open_copy(copies / "filtered.zip")


def test_a_record_of_other_bytes_is_damage(copies):
    spoilt(copies / "filtered.zip", lambda members: members.update({"pipeline.json": b"{}"}))
    with pytest.raises(Damaged, match="do not match"):
        open_copy(copies / "filtered.zip")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/./b", "a//b", "a\\b", "C:x"])
def test_names_that_lead_elsewhere_are_refused(copies, name):
    told = {name: {"blake3": "0" * 64, "size_bytes": 1}}
    path = copies / "folder" / "manifest.json"
    body = json.loads(path.read_text())
    path.write_text(json.dumps(body | {"members": body["members"] | told}))
    with pytest.raises(Damaged, match="not the name of a member"):
        open_copy(copies / "folder")


@pytest.mark.parametrize(
    "told", [{}, {"blake3": "x", "size_bytes": 1}, {"blake3": "0" * 64}, {"blake3": 3, "size_bytes": None}]
)
def test_a_manifest_that_does_not_say_what_a_member_is(copies, told):
    spoilt(copies / "filtered.zip", lambda members: manifest(members, members={"pipeline.json": told}))
    with pytest.raises(Damaged, match="does not say"):
        open_copy(copies / "filtered.zip")


def test_a_later_format_is_told(copies):
    spoilt(copies / "filtered.zip", lambda members: manifest(members, schema="manifest/2"))
    with pytest.raises(NewerFormat):
        open_copy(copies / "filtered.zip")


def test_what_is_no_copy(copies, pipeline):
    (copies / "text.zip").write_text("no zip file")
    (copies / "empty.zip").touch()
    with zipfile.ZipFile(copies / "other.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    for name in ("text.zip", "empty.zip", "other.zip"):
        with pytest.raises(BadInput):
            open_copy(copies / name)
    with pytest.raises(UnknownName):
        open_copy(copies / "nothing.zip")
    (copies / "bare").mkdir()
    with pytest.raises(BadInput, match="has no manifest"):
        open_copy(copies / "bare")
    assert not is_copy(copies / "bare")
    assert not is_copy(pipeline.view)


def test_only_predictions_are_no_pipeline(copies):
    spoilt(copies / "filtered.zip", lambda members: manifest(members, kind="best_predictions", members={}))
    with pytest.raises(BadInput, match="holds no pipeline"):
        open_copy(copies / "filtered.zip")


def test_a_file_that_was_cut_off_is_damaged(copies):
    path = copies / "pipeline.zip"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(Damaged):
        open_copy(path)
    nested = "[" * 200_000
    (copies / "folder" / "manifest.json").write_text(nested)
    with pytest.raises(Damaged):
        open_copy(copies / "folder")
