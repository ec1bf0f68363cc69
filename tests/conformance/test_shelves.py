"""One suite for every kind of copy on every shelf: what is added is found, checked and removed, and never half there."""

import os
import shutil

import pytest
from workspaces import finished_run

from nws import Workspace
from nws.errors import Conflict, Damaged, UnknownName
from nws.shelf import archives, exports, library

SHELVES = {"archives": archives, "exports": exports, "library": library}
KINDS = [
    ("archives", "pipeline"), ("archives", "filtered"), ("archives", "best_predictions"),
    ("exports", "folder"), ("exports", "zip"), ("exports", "skops"), ("exports", "best_predictions"),
    ("library", "filtered"), ("library", "pipeline"),
]  # fmt: skip
every_kind = pytest.mark.parametrize(("shelf", "kind"), KINDS, indirect=["shelf"])
REPLACED = [pair for pair in KINDS if pair[0] != "archives"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("shelves") / "Blé dur", 2)


@pytest.fixture
def pipelines(finished):
    (run,) = Workspace.open(finished).runs.list()
    return list(run.pipelines())


@pytest.fixture
def shelf(request, tmp_path):
    return SHELVES[request.param](tmp_path / "é shelf")


def files(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def copied(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "w")
    (run,) = Workspace.open(tmp_path / "w").runs.list()
    return run.pipeline(1)


def spoil(pipeline):
    """Flip a bit in the objects of each file of a pipeline, wherever they are kept."""
    for path in pipeline.store.root.rglob("*.zst"):
        if path.stem in pipeline.record.files.values():
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 8
            path.unlink()
            path.write_bytes(data)


@every_kind
def test_what_is_added_is_there_sound_and_says_what_it_is_of(shelf, kind, pipelines):
    assert list(shelf.list()) == []
    for pipeline in pipelines:
        assert not shelf.has(pipeline, kind)
        assert shelf.add(pipeline, kind) == shelf.path(pipeline, kind)
        assert shelf.has(pipeline, kind)
    copies = list(shelf.list())
    assert [copy.kind for copy in copies] == [kind, kind]
    for copy, pipeline in zip(copies, pipelines, strict=True):
        assert copy.path == shelf.path(pipeline, kind)
        assert shelf.get(copy.name) == copy
        assert shelf.get(copy.path.name) == copy
        assert shelf.find([copy.name]) == [copy]
        assert shelf.verify(copy).state == "ok"
        assert shelf.source(copy)["record"] == pipeline.record_id
    assert sum(shelf.size(copy) for copy in copies) == sum(map(len, files(shelf.root).values()))
    assert list(shelf.strays()) == []
    with pytest.raises(UnknownName):
        shelf.get("another")


@every_kind
def test_a_copy_that_is_removed_is_gone_and_the_other_stays(shelf, kind, pipelines):
    for pipeline in pipelines:
        shelf.add(pipeline, kind)
    first, second = shelf.list()
    shelf.remove(first)
    shelf.remove(first)
    assert list(shelf.list()) == [second]
    assert shelf.verify(second).state == "ok"
    shelf.remove(second)
    assert files(shelf.root) == {}


@every_kind
def test_every_file_of_a_copy_counts(shelf, kind, pipelines, tmp_path):
    shelf.add(pipelines[0], kind)
    (copy,) = shelf.list()
    for name, data in files(shelf.root).items():
        path = shelf.root / name
        path.write_bytes(data[:-2] + bytes([data[-2] ^ 8]) + data[-1:])
        assert shelf.verify(copy).state == "damaged", name
        path.unlink()
        if copy in shelf.list():
            assert shelf.verify(copy).state == "damaged", name
        (tmp_path / "elsewhere").write_bytes(data)
        path.symlink_to(tmp_path / "elsewhere")
        assert copy in shelf.list()
        assert shelf.verify(copy).state == "damaged", name
        path.unlink()
        path.write_bytes(data)
    assert shelf.verify(copy).state == "ok"


@every_kind
def test_a_damaged_object_leaves_nothing(shelf, kind, finished, tmp_path):
    pipeline = copied(finished, tmp_path)
    spoil(pipeline)
    with pytest.raises(Damaged):
        shelf.add(pipeline, kind)
    assert files(shelf.root) == {}


@pytest.mark.parametrize(("shelf", "kind"), REPLACED, indirect=["shelf"])
def test_another_of_that_name_is_refused_and_replaced_on_request(shelf, kind, pipelines):
    first, second = pipelines
    path = shelf.path(second, kind)
    made = shelf.add(first, kind, name="wanted")
    os.renames(made, path)
    if kind == "best_predictions":
        os.renames(made.with_suffix(".json"), path.with_suffix(".json"))
    before = files(shelf.root)
    with pytest.raises(Conflict, match="there already"):
        shelf.add(second, kind)
    assert files(shelf.root) == before
    assert shelf.add(second, kind, replace=True) == path
    (copy,) = shelf.list()
    assert shelf.verify(copy).state == "ok"
    assert shelf.source(copy)["record"] == second.record_id


@pytest.mark.parametrize(("shelf", "kind"), REPLACED, indirect=["shelf"])
def test_a_replacement_that_fails_leaves_the_copy(shelf, kind, finished, tmp_path):
    pipeline = copied(finished, tmp_path)
    shelf.add(pipeline, kind)
    before = files(shelf.root)
    spoil(pipeline)
    with pytest.raises(Damaged):
        shelf.add(pipeline, kind, replace=True)
    assert files(shelf.root) == before


def test_a_folder_of_a_person_is_no_copy_and_is_not_replaced(pipelines, tmp_path):
    shelf = exports(tmp_path)
    mine = shelf.path(pipelines[0])
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    assert list(shelf.list()) == []
    assert list(shelf.strays()) == [mine]
    with pytest.raises(Conflict, match="no copy that may be replaced"):
        shelf.add(pipelines[0], replace=True)
    assert (mine / "notes.txt").read_text() == "mine"


def test_what_a_person_puts_into_an_exported_folder_is_no_damage(pipelines, tmp_path):
    shelf = exports(tmp_path)
    folder = shelf.add(pipelines[0])
    (folder / "new spectra.csv").write_text("x")
    (copy,) = shelf.list()
    assert shelf.verify(copy).state == "ok"


def test_reports_and_predictions_among_exports_are_no_strays(pipelines, tmp_path):
    shelf = exports(tmp_path)
    shelf.add(pipelines[0], "best_predictions")
    (tmp_path / "session_reports").mkdir()
    (tmp_path / "session_reports" / "run.html").write_text("x")
    (tmp_path / "best_predictions" / "notes.txt").write_text("x")
    assert list(shelf.strays()) == [tmp_path / "best_predictions" / "notes.txt"]


def test_one_pipeline_in_every_form_is_so_many_copies(pipelines, tmp_path):
    shelf = exports(tmp_path)
    for kind in ("folder", "zip", "skops", "best_predictions"):
        shelf.add(pipelines[0], kind)
    assert [copy.kind for copy in shelf.list()] == ["folder", "zip", "skops", "best_predictions"]
    assert len({copy.name for copy in shelf.list()}) == 1
    with pytest.raises(UnknownName, match="more than one copy"):
        shelf.get(next(iter(shelf.list())).name)
