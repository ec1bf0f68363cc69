"""Copies that attack whoever takes them in: each is refused with its own message, and nothing is written anywhere."""

import json
import os
import shutil
import struct
import tracemalloc

import pytest
from attacking import add_bomb, add_link, changed, listed, members, tree, written
from workspaces import ridge_grid, small_csv

from nws import Workspace
from nws.errors import BadInput, Damaged, NewerFormat, NwsError
from nws.ids import ObjectId
from nws.upkeep.library import unpack


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A workspace with one run of two pipelines, saved in every kind."""
    root = tmp_path_factory.mktemp("source")
    workspace, _ = Workspace.init(root)
    workspace.run(small_csv(root / "wheat.csv"), ridge_grid(root / "grid.json", 2))
    (run,) = workspace.runs.list()
    for kind in ("filtered", "pipeline"):
        workspace.save(f"{run.name}/0001", kind, kind=kind)
    workspace.save(run.name, "fullrun", kind="fullrun")
    return workspace


@pytest.fixture
def place(source, tmp_path):
    """A folder with a fresh workspace `w`, and the zip files of the library beside it, to be spoilt."""
    Workspace.init(tmp_path / "w")
    for copy in source.library.list():
        shutil.copy(copy.path, tmp_path / copy.path.name)
    return tmp_path


def everything(place):
    """Return all below the folder of a test, and the names beside it, where a name that leads out would lead."""
    return tree(place), sorted(path.name for path in (*place.parent.iterdir(), *place.parent.parent.iterdir()))


def refused(place, name, category, said, *, ways=("take", "predict", "unpack")):
    """Assert that a spoilt file is refused in every way in which it can be used, and nothing is left of the attempt."""
    before = everything(place)
    workspace = Workspace.open(place / "w")
    does = {
        "take": lambda: workspace.take(place / name),
        "predict": lambda: workspace.predict(place / name, workspace.root / "none.csv"),
        "unpack": lambda: unpack(place / name, place / "new" / "folder"),
    }
    for way in ways:
        with pytest.raises(NwsError, match=said) as caught:
            does[way]()
        assert type(caught.value) is category, (way, caught.value)
        assert caught.value.hint
        assert everything(place) == before, way


ALL = ("filtered.zip", "pipeline.zip", "fullrun.zip")


def ways_of(name):
    return ("take", "unpack") if name == "fullrun.zip" else ("take", "predict", "unpack")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("../evil", "leads out of the copy"),
        ("a/../../../evil", "leads out of the copy"),
        ("/tmp/evil", "is an absolute path"),
        ("C:evil", "is an absolute path"),
        ("\\\\host\\evil", "is an absolute path"),
        ("a\\evil", "is not the name of a file"),
        ("a:stream", "is an absolute path"),
        ("ab:stream", "is not the name of a file"),
        ("dot./evil", "is not the name of a file"),
        ("a/NUL.txt", "is not the name of a file"),
        ("MANIFEST.json", "differ only in case"),
        ("manifest.json/evil", "is a file and a folder"),
        ("a\nb", "is not the name of a file"),
    ],
)
def test_names_that_lead_elsewhere(place, name, member, said):
    changed(place / name, lambda held, _: held.update({member: b"evil"}))
    refused(place, name, BadInput, said, ways=ways_of(name))


@pytest.mark.parametrize("name", ALL)
def test_a_name_that_only_the_manifest_has(place, name):
    def change(_, told):
        told["members"]["../evil"] = {"blake3": "0" * 64, "size_bytes": 4}

    changed(place / name, change, seal=False)
    refused(place, name, Damaged, "is not the name of a member: it leads out", ways=ways_of(name))


@pytest.mark.parametrize("name", ALL)
def test_links(place, name):
    listed(place / name, add_link)
    refused(place, name, BadInput, "'link' is a link", ways=ways_of(name))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice(place, name):
    listed(place / name, lambda archive: archive.writestr("manifest.json", b"{}"))
    refused(place, name, BadInput, "'manifest.json' is there twice", ways=ways_of(name))


@pytest.mark.parametrize("name", ALL)
def test_a_member_that_is_not_in_the_manifest_and_one_that_is_missing(place, name):
    held, told = members(place / name)
    written(place / name, {**held, "extra": b"x"}, told, seal=False)
    refused(place, name, Damaged, "'extra' is not in its manifest", ways=ways_of(name))
    gone = min(held)
    written(place / name, {key: data for key, data in held.items() if key != gone}, told, seal=False)
    refused(place, name, Damaged, f"lacks {gone}", ways=ways_of(name))


@pytest.mark.parametrize("name", ALL)
def test_digests_that_do_not_match(place, name):
    held, told = members(place / name)
    for victim in sorted(held):
        data = held[victim]
        spoilt = bytes([data[0] ^ 1]) + data[1:]
        written(place / name, {**held, victim: spoilt}, told, seal=False)
        refused(place, name, Damaged, "do not match their id", ways=("take", "unpack"))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("more", [1, -1])
def test_sizes_that_do_not_match(place, name, more):
    def change(held, told):
        told["members"][min(held)]["size_bytes"] += more

    changed(place / name, change, seal=False)
    refused(place, name, Damaged, "longer than it may be|do not match", ways=("take", "unpack"))


@pytest.mark.parametrize("name", ALL)
def test_a_bomb_that_declares_what_it_is(place, name):
    listed(place / name, lambda archive: add_bomb(archive, plain=1 << 20, declared=300 << 20))
    tracemalloc.start()
    try:
        refused(place, name, BadInput, "declares .* bytes in a file of", ways=ways_of(name))
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", [ALL[0], *(pytest.param(name, marks=pytest.mark.slow) for name in ALL[1:])])
def test_a_bomb_that_declares_less(place, name):
    listed(place / name, lambda archive: add_bomb(archive, plain=256 << 20, declared=1000))
    held, told = members_but(place / name, "bomb")
    told["members"] = {key: {"blake3": ObjectId.of(data), "size_bytes": len(data)} for key, data in held.items()}
    told["members"]["bomb"] = {"blake3": ObjectId.of(bytes(1000)), "size_bytes": 1000}
    remake(place / name, held, told)
    tracemalloc.start()
    try:
        ways = ("unpack",) if name == "fullrun.zip" else ("take", "unpack")
        refused(place, name, Damaged, "bomb cannot be unpacked", ways=ways)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def members_but(path, name):
    import zipfile

    with zipfile.ZipFile(path) as archive:
        held = {info.filename: archive.read(info) for info in archive.infolist() if info.filename != name}
    return held, json.loads(held.pop("manifest.json"))


def remake(path, held, told):
    written(path, held, told, seal=False)
    listed(path, lambda archive: add_bomb(archive, plain=256 << 20, declared=1000))


@pytest.mark.parametrize("name", ALL)
def test_a_list_of_members_too_long_to_be_ours(place, name):
    with (place / name).open("wb") as file:
        file.write(b"PK\3\4")
        file.truncate(400 << 20)
        file.seek(400 << 20)
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 399 << 20, 0, 0))
    before = set(place.rglob("*"))
    for way in (Workspace.open(place / "w").take, lambda path: unpack(path, place / "new")):
        with pytest.raises(BadInput, match="a list of members of more than 16 MB"):
            way(place / name)
    assert set(place.rglob("*")) == before


@pytest.mark.parametrize("name", ALL)
def test_newer_formats(place, name):
    changed(place / name, lambda _, told: told.update(schema="manifest/2"), seal=False)
    refused(place, name, NewerFormat, r"manifest/2.*up to manifest/1", ways=ways_of(name))


@pytest.mark.parametrize("name", ALL)
def test_a_manifest_that_is_nested_too_deeply(place, name):
    held, _ = members(place / name)
    for told in (b"[" * 100_000, b'{"a":' * 300 + b"1" + b"}" * 300):
        written(place / name, held, told, seal=False)
        refused(place, name, Damaged, "nested too deeply", ways=ways_of(name))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("cut", [lambda data: data[:-30], lambda data: data[: len(data) // 2]])
def test_a_file_that_was_cut_off(place, name, cut):
    (place / name).write_bytes(cut((place / name).read_bytes()))
    refused(place, name, Damaged, "no zip file, or its end is missing", ways=ways_of(name))


@pytest.mark.parametrize("data", [b"", b"text", b"sample_id,y\n1,2\n"])
def test_what_is_no_copy(place, data):
    (place / "x.zip").write_bytes(data)
    refused(place, "x.zip", BadInput, "no copy")


def test_a_pipe_is_not_waited_for(place):
    os.mkfifo(place / "x.zip")
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        Workspace.open(place / "w").take(place / "x.zip")


# What only a reader of records can find.


def with_record(path, change):
    """Change the record of a copy of one pipeline, and all that names it."""

    def spoil(held, told):
        record = json.loads(held["pipeline.json"])
        data = change(record)
        held["pipeline.json"] = json.dumps(record).encode() if data is None else data
        told["source"]["record"] = ObjectId.of(held["pipeline.json"])

    changed(path, spoil)


@pytest.mark.parametrize("name", ["filtered.zip", "pipeline.zip"])
@pytest.mark.parametrize(
    ("change", "category", "said"),
    [
        (lambda record: record.update(schema="pipeline/2"), NewerFormat, r"pipeline/2"),
        (lambda record: record["files"].update({"../../evil": "0" * 64}), Damaged, "not the name of a file"),
        (lambda record: record.update(run_id="../evil"), Damaged, "not the name of a file"),
        (lambda record: record["artifacts"][0].update(name="../evil"), Damaged, "not the name of a file"),
        (lambda _: b'{"a":' * 300 + b"1" + b"}" * 300, Damaged, "nested too deeply"),
        (lambda _: b"[" * 100_000, Damaged, "nested too deeply"),
        (lambda record: record.pop("steps"), Damaged, "lacks steps"),
        (lambda _: b"\xff\0", Damaged, "not valid JSON"),
    ],
)
def test_records_of_one_pipeline(place, name, change, category, said):
    def changing(record):
        data = change(record)
        return data if isinstance(data, bytes) else None

    with_record(place / name, changing)
    refused(place, name, category, said, ways=("take", "predict"))


def run_documents(path):
    held, told = members(path)
    refs = {key: json.loads(data) for key, data in held.items() if key.startswith("refs/")}
    return held, told, refs


def with_run_record(path, change):
    """Change the record of the first pipeline of a copied run, and all that names it."""
    held, told, refs = run_documents(path)
    ref = refs["refs/0001"]
    old = ref["record"]
    record = json.loads(held.pop(f"objects/{old[:2]}/{old}"))
    data = change(record)
    data = data if isinstance(data, bytes) else json.dumps(record).encode()
    ref["record"] = ObjectId.of(data)
    held[f"objects/{ref['record'][:2]}/{ref['record']}"] = data
    held["refs/0001"] = json.dumps(ref).encode()
    written(path, held, told)


@pytest.mark.parametrize(
    ("change", "category", "said"),
    [
        (lambda record: record.update(schema="pipeline/2"), NewerFormat, "pipeline/2"),
        (lambda record: record.update(run_id="2020-01-01_other"), Damaged, "is of 2020-01-01_other/"),
        (lambda record: record.update(number=2), Damaged, "is of .*0002_"),
        (lambda record: record["files"].update({"../../evil": record["files"]["metrics.json"]}), Damaged, "not the name of a file"),
        (lambda record: record["files"].update({"more.txt": "0" * 64}), Damaged, "which it does not hold"),
        (lambda record: record["files"].pop("predictions.csv"), Damaged, "nothing in it names objects/"),
        (lambda record: record["files"].update({"metrics.json": record["files"]["predictions.csv"]}), Damaged, "nothing in it names|not valid JSON"),
        (lambda record: record["artifacts"].append({"name": "x", "class": "y"}), Damaged, "not of the form"),
        (lambda record: record["artifacts"].append({"name": "x", "object": "x"}), Damaged, "not of the form"),
        (lambda record: record["dataset"].pop("id"), Damaged, "not of the form"),
        (lambda record: record.update(created_at="yesterday"), Damaged, "not a moment"),
        (lambda record: record["steps"].append(3), Damaged, "steps: list"),
        (lambda _: b"[" * 100_000, Damaged, "nested too deeply"),
        (lambda _: b"{}", Damaged, "schema"),
    ],
)  # fmt: skip
def test_records_of_a_run(place, change, category, said):
    with_run_record(place / "fullrun.zip", change)
    refused(place, "fullrun.zip", category, said, ways=("take",))


def with_file(path, name, data):
    """Give the first pipeline of a copied run another file, under an id that fits."""
    held, told, refs = run_documents(path)
    ref = refs["refs/0001"]
    record = json.loads(held.pop(f"objects/{ref['record'][:2]}/{ref['record']}"))
    old, new = record["files"][name], ObjectId.of(data)
    held.pop(f"objects/{old[:2]}/{old}")
    held[f"objects/{new[:2]}/{new}"] = data
    record["files"][name] = new
    again = json.dumps(record).encode()
    ref["record"] = ObjectId.of(again)
    held[f"objects/{ref['record'][:2]}/{ref['record']}"] = again
    held["refs/0001"] = json.dumps(ref).encode()
    written(path, held, told)


METRICS = {
    "schema": "metrics/1", "task_type": "regression", "metric": "rmse", "train": None, "val": None, "test": None,
    "cross_validation": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "category", "said"),
    [
        ("metrics.json", b"[]", Damaged, "a JSON object is expected"),
        ("metrics.json", json.dumps(METRICS | {"schema": "metrics/9"}).encode(), NewerFormat, "metrics/9"),
        ("metrics.json", json.dumps(METRICS | {"val": {"rmse": "x"}}).encode(), Damaged, "not of the form"),
        ("metrics.json", json.dumps(METRICS | {"val": 3}).encode(), Damaged, "JsonMap"),
        ("metrics.json", b"[" * 100_000, Damaged, "not of the form"),
        ("predictions.csv", b"a,b\n1,2\n", Damaged, "not a predictions table"),
        ("predictions.csv", b"\xff\xfe", Damaged, "not of the form"),
    ],
)
def test_files_of_a_pipeline_that_could_not_be_indexed(place, name, data, category, said):
    with_file(place / "fullrun.zip", name, data)
    refused(place, "fullrun.zip", category, said, ways=("take",))


@pytest.mark.parametrize(
    ("document", "change", "category", "said"),
    [
        ("run_config.json", {"run_id": "../evil"}, Damaged, "is not the name of its run"),
        ("run_config.json", {"run_id": "2020-01-01_other"}, Damaged, "is not the name of its run"),
        ("run_config.json", {"run_id": ".deleted"}, Damaged, "is not the name of its run"),
        ("run_config.json", {"schema": "run_config/2"}, NewerFormat, "run_config/2"),
        ("run_config.json", {"pipelines": 3}, Damaged, "pipelines"),
        ("run_summary.json", {"run_id": "2020-01-01_other"}, Damaged, "is of another run"),
        ("run_summary.json", {"schema": "run_summary/2"}, NewerFormat, "run_summary/2"),
        ("refs/0001", {"number": 2}, Damaged, "refs/0001 is the ref of number 2"),
        ("refs/0001", {"number": -1}, Damaged, "refs/0001 is the ref of number -1"),
        ("refs/0001", {"view": "0001_../../evil"}, Damaged, "names a view that is none"),
        ("refs/0001", {"view": "0001_other"}, Damaged, "not of"),
        ("refs/0001", {"record": "0" * 64}, Damaged, "which it does not hold"),
        ("refs/0001", {"record": "x"}, Damaged, "not an object id"),
        ("refs/0001", {"schema": "ref/2"}, NewerFormat, "ref/2"),
    ],
)
def test_documents_of_a_run(place, document, change, category, said):
    def spoil(held, told):
        held[document] = json.dumps(json.loads(held[document]) | change).encode()
        if document == "run_config.json" and change.get("run_id", "").startswith((".", "..")):
            told["source"]["run_id"] = change["run_id"]

    changed(place / "fullrun.zip", spoil)
    refused(place, "fullrun.zip", category, said, ways=("take",))


def test_objects_that_nothing_names(place):
    data = b"something else"
    oid = ObjectId.of(data)
    changed(place / "fullrun.zip", lambda held, _: held.update({f"objects/{oid[:2]}/{oid}": data}))
    refused(place, "fullrun.zip", Damaged, f"nothing in it names objects/{oid[:2]}/{oid}", ways=("take",))


def test_a_whole_run_without_what_was_asked(place):
    changed(place / "fullrun.zip", lambda held, _: held.pop("run_config.json") and None)
    refused(place, "fullrun.zip", Damaged, "it lacks run_config.json", ways=("take",))


def test_a_folder_whose_members_are_links(place):
    unpack(place / "filtered.zip", place / "folder")
    model = next((place / "folder" / "artifacts").glob("*Ridge*"))
    model.rename(place / "elsewhere")
    model.symlink_to(place / "elsewhere")
    refused(place, "folder", BadInput, "is a link", ways=("take", "unpack"))
    model.unlink()
    (place / "folder" / "artifacts").rename(place / "far")
    (place / "folder" / "artifacts").symlink_to(place / "far")
    refused(place, "folder", Damaged, "lacks artifacts", ways=("take", "unpack"))
