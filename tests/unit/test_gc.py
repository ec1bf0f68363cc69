import dataclasses
import datetime as dt
import os
import shutil

import pytest
from collecting import DAY, HOUR, age, doomed, new, publish, reached, register
from unit_records import draft

from nws import Workspace, fsio
from nws.errors import Damaged, Locked, NewerFormat
from nws.ids import ObjectId
from nws.records import RunConfig, encode, now, timestamp
from nws.upkeep.gc import GRACE, gc

NOW = dt.timedelta(0)


@pytest.fixture
def workspace(tmp_path):
    return new(tmp_path / "Messungen von Jörg")


@pytest.fixture
def run(workspace):
    return workspace.runs.create(DAY, "wheat")


def ids(workspace):
    return set(workspace.store.list())


def collect(workspace, grace=NOW, **options):
    age(workspace.root)
    return gc(workspace, grace=grace, **options)


def files(workspace):
    return {path for path in workspace.root.rglob("*") if path.name != ".gc"}


def test_what_a_ref_or_a_dataset_reaches_stays_and_the_rest_goes(workspace, run):
    kept = reached(publish(run, b"scaler", b"model")) | register(workspace, "oats", b"of oats")
    gone = {workspace.store.put(b"%d" % n) for n in range(5)}
    size = sum(workspace.store.info(oid).stored for oid in gone)
    # The draft of a pipeline puts a dataset that no record names.
    extra = ids(workspace) - kept - gone
    size += sum(workspace.store.info(oid).stored for oid in extra)
    planned = collect(workspace, dry_run=True)
    assert kept | gone <= ids(workspace)
    found = collect(workspace)
    assert planned == found
    assert ids(workspace) == kept
    assert found.removed == len(gone | extra)
    assert found.removed_bytes == size
    assert found.examined == len(kept) + found.removed
    assert (found.reachable, found.kept, found.temporary) == (len(kept), 0, 0)
    assert collect(workspace).removed == 0


def test_a_dry_run_changes_nothing(workspace, run):
    publish(run)
    workspace.store.put(b"garbage")
    (workspace.root / "runs" / ".tmp-host-1-1").write_bytes(b"")
    before = files(workspace)
    assert collect(workspace, dry_run=True).removed > 0
    assert files(workspace) == before
    assert not (workspace.store.root / ".gc").exists()


@pytest.mark.parametrize(("age_of_it", "stays"), [(GRACE - HOUR, True), (GRACE + HOUR, False)])
def test_what_was_added_within_the_grace_period_stays(workspace, age_of_it, stays):
    oid = workspace.store.put(b"data")
    age(workspace.store.root, age_of_it)
    found = gc(workspace)
    assert workspace.store.has(oid) == stays
    assert (found.kept, found.removed) == (int(stays), int(not stays))


def test_adding_an_object_again_begins_its_grace_period_anew(workspace):
    oid = workspace.store.put(b"data")
    age(workspace.store.root)
    workspace.store.put(b"data")
    assert gc(workspace, grace=HOUR).kept == 1
    assert workspace.store.has(oid)


def test_the_clock_is_that_of_the_file_system(workspace, monkeypatch):
    oid = workspace.store.put(b"data")
    monkeypatch.setattr(fsio, "clock", lambda _: os.stat(workspace.store.root).st_mtime_ns + 3 * 10**9 * 3600)
    assert gc(workspace, grace=4 * HOUR).kept == 1
    assert gc(workspace, grace=2 * HOUR).removed == 1
    assert not workspace.store.has(oid)


def test_what_is_deleted_by_command_or_by_hand_is_collected_but_for_what_others_use(workspace):
    first, second, third = (workspace.runs.create(DAY, "wheat") for _ in range(3))
    kept = publish(first, b"shared", b"own 1")
    publish(second, b"shared", b"own 2")
    publish(third, b"shared", b"own 3")
    publish(first, b"shared", b"own 4", number=2)
    workspace.runs.delete(second)
    shutil.rmtree(third.folder)
    first.delete(2)
    collect(workspace)
    assert ids(workspace) == reached(kept)
    assert {oid for oid in map(ObjectId.of, (b"own 1", b"own 2", b"own 3", b"own 4")) if workspace.store.has(oid)} == {
        ObjectId.of(b"own 1")
    }
    assert kept.is_rendered()


def config(run, dataset_id):
    return RunConfig(
        run_id=run.name, dataset_name="wheat", dataset_id=dataset_id, created_at=timestamp(now()), created_by="", host="",
        nws_version="", python_version="", packages={}, command=[], dataset_source=[], task_type="regression", pipelines=[],
        global_params={}, random_seed=0, plan="",
    )  # fmt: skip


def test_the_dataset_of_a_run_that_has_published_nothing_yet_stays(workspace, run):
    kept = register(workspace)
    run.write(config(run, max(kept, key=lambda oid: oid == workspace.datasets.get("wheat").id)))
    workspace.datasets.remove("wheat")
    collect(workspace)
    assert ids(workspace) == kept


def test_what_was_touched_since_a_run_began_that_is_at_work_stays_whatever_the_grace(workspace, run):
    old = workspace.store.put(b"old")
    age(workspace.store.root)
    with run.at_work():
        age(run.folder, 2 * HOUR)
        new_one = workspace.store.put(b"on its way")
        age(workspace.store.root / new_one[:2], HOUR)
        assert gc(workspace, grace=NOW).kept == 1
    assert ids(workspace) == {new_one}
    assert not workspace.store.has(old)
    assert collect(workspace).removed == 1


def test_ids_in_fields_of_a_later_version_are_kept(workspace, run):
    named, other = workspace.store.put(b"named by a later version"), workspace.store.put(b"in a list of it")
    first = publish(run)
    record = dataclasses.replace(first.record, number=2, extra={"plots": {"loadings": named, "all": [other]}})
    run.publish([record])
    collect(workspace)
    assert {named, other} <= ids(workspace)


def harm(workspace, run, pipeline, what):
    def file(oid):
        return workspace.store.root / oid[:2] / f"{oid}.zst"

    def cut(path):
        path.write_bytes(path.read_bytes()[:-3])

    def as_folder(path):
        path.unlink()
        path.mkdir()

    ref, dataset = run.folder / "_refs" / "0001", pipeline.record.dataset["id"]
    actions = {
        "ref": lambda: cut(ref),
        "ref as folder": lambda: as_folder(ref),
        "record": lambda: cut(file(pipeline.record_id)),
        "record gone": file(pipeline.record_id).unlink,
        "dataset": lambda: cut(file(dataset)),
        "dataset gone": file(dataset).unlink,
        "registration": lambda: (workspace.datasets.folder / "wheat.json").write_bytes(b"[]"),
        "config": lambda: (run.folder / "run_config.json").write_bytes(b""),
        "refs": lambda: shutil.rmtree(run.folder / "_refs"),
        "runs": lambda: (workspace.root / "runs").rename(workspace.root / "elsewhere"),
        "datasets": lambda: (workspace.root / "datasets").rename(workspace.root / "elsewhere"),
    }
    actions[what]()


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("ref", "_refs/0001"), ("ref as folder", "_refs/0001"), ("record", "RECORD"), ("record gone", "_refs/0001"),
        ("dataset", "DATASET"), ("dataset gone", "DATASET"), ("registration", "datasets/wheat.json"),
        ("config", "run_config.json"), ("refs", "has views but no refs"), ("runs", "runs/"), ("datasets", "datasets/"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_may_name_anything_so_nothing_is_removed(workspace, run, what, named):
    pipeline = publish(run)
    register(workspace)
    workspace.store.put(b"garbage")
    harm(workspace, run, pipeline, what)
    before = ids(workspace)
    places = {"RECORD": pipeline.record_id, "DATASET": pipeline.record.dataset["id"]}
    for dry_run in (True, False):
        with pytest.raises(Damaged, match=places.get(named, named)):
            collect(Workspace.open(workspace.root), dry_run=dry_run)
    assert ids(workspace) == before
    assert not doomed(workspace.store)


@pytest.mark.parametrize("what", ["ref", "record", "registration"])
def test_what_a_later_version_wrote_may_name_anything(workspace, run, what):
    pipeline = publish(run)
    register(workspace)
    workspace.store.put(b"garbage")
    if what == "record":
        later = workspace.store.put(encode(pipeline.record).replace(b'"pipeline/1"', b'"pipeline/2"'))
        path = run.folder / "_refs" / "0001"
        path.write_bytes(path.read_bytes().replace(pipeline.record_id.encode(), later.encode()))
    else:
        path = {"ref": run.folder / "_refs" / "0001", "registration": workspace.datasets.folder / "wheat.json"}[what]
        path.write_bytes(path.read_bytes().replace(b'/1"', b'/2"'))
    before = ids(workspace)
    with pytest.raises(NewerFormat):
        collect(workspace)
    assert ids(workspace) == before


def test_what_becomes_unreadable_while_objects_lose_their_names_has_them_given_back(workspace, run, monkeypatch):
    publish(run)
    workspace.store.put(b"garbage")
    before = ids(workspace)
    run_2 = workspace.runs.create(DAY, "wheat")
    move = fsio.move_over

    def meanwhile(path, target):
        move(path, target)
        publish(run_2)
        (run_2.folder / "_refs" / "0001").write_bytes(b"")

    monkeypatch.setattr(fsio, "move_over", meanwhile)
    with pytest.raises(Damaged):
        collect(workspace)
    assert before <= ids(workspace)
    assert not doomed(workspace.store)


def test_what_is_published_after_the_first_look_is_given_back_however_old_it_is(workspace, run, monkeypatch):
    other = publish(run, b"artifact of a slow writer")
    run.delete(1)
    slow = dataclasses.replace(other.record, number=2)
    workspace.store.put(b"garbage")
    move, published = fsio.move_over, []

    def meanwhile(path, target):
        move(path, target)
        if not published:
            published.append(None)
            published.extend(run.publish([slow]))

    monkeypatch.setattr(fsio, "move_over", meanwhile)
    collect(workspace)
    assert ids(workspace) == reached(published[1])
    assert not doomed(workspace.store)


def test_what_a_killed_collector_left_is_decided_anew(workspace, run):
    pipeline = publish(run)
    fresh, old = workspace.store.put(b"fresh"), workspace.store.put(b"old")
    age(workspace.root)
    for oid in (*reached(pipeline), old):
        workspace.store.removal.doom(oid)
    workspace.store.put(b"fresh")
    workspace.store.removal.doom(fresh)
    assert Workspace.open(workspace.root).runs.get(run.name).pipeline(1).metrics() is not None
    assert gc(workspace, grace=HOUR, dry_run=True).reachable == len(reached(pipeline))
    gc(workspace, grace=HOUR)
    assert ids(workspace) == reached(pipeline) | {fresh}
    assert not doomed(workspace.store)
    assert not workspace.store.has(old)


def test_a_collector_at_work_keeps_another_one_out(workspace):
    with fsio.lock(workspace.store.root / ".gc"), pytest.raises(Locked, match="gc"):
        gc(workspace)


TEMPORARY = [
    "_binaries/.tmp-host-1-1", "_binaries/ab/.tmp-host-1-1", "runs/.tmp-host-1-1/0001_x/file", "runs/RUN/.tmp-host-1-1/f",
    "runs/RUN/_refs/.tmp-host-1-1", "runs/.deleted/.tmp-host-1-1", "runs/.deleted/RUN.refs/.tmp-host-1-1",
    "catalog/.tmp-host-1-1", "catalog/predictions_meta.parquet/.tmp-host-1-1", "exports/.tmp-host-1-1/artifacts/file",
    "exports/best_predictions/.tmp-host-1-1", "datasets/.tmp-host-1-1",
]  # fmt: skip


@pytest.mark.parametrize("name", TEMPORARY)
def test_what_killed_writers_left_goes_when_it_is_old(workspace, run, name):
    publish(run)
    path = workspace.root / name.replace("RUN", run.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    age(workspace.root)
    os.utime(path)
    assert gc(workspace, grace=NOW).temporary == 0
    assert path.exists()
    assert collect(workspace, HOUR, dry_run=True).temporary == 1
    assert collect(workspace, HOUR).temporary == 1
    assert not list(workspace.root.rglob(".tmp-*"))
    assert run.pipeline(1).is_rendered()


def test_copies_are_not_touched(workspace):
    for name in (
        "library/trained/filtered/x.zip",
        "library/a.zip",
        "exports/a/file",
        "catalog/archives/pipeline/a.zip",
    ):
        path = workspace.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    collect(workspace)
    assert sum(path.read_bytes() == b"mine" for path in workspace.root.rglob("*") if path.is_file()) == 4


def test_deletions_that_left_no_mark_are_marked(workspace, run):
    publish(run)
    publish(run, number=2)
    run.delete(1)
    shutil.rmtree(workspace.root / "runs" / ".deleted")
    assert workspace.runs.standing().deleted == frozenset()
    collect(workspace, dry_run=True)
    assert workspace.runs.standing().deleted == frozenset()
    collect(workspace)
    assert workspace.runs.standing().deleted == {(run.name, 1)}


def test_a_workspace_without_anything_is_no_error(workspace):
    shutil.rmtree(workspace.store.root)
    found = gc(workspace)
    assert (found.examined, found.removed) == (0, 0)


def test_the_door_for_python(workspace):
    workspace.store.put(b"garbage")
    age(workspace.root)
    told = []
    assert Workspace.open(workspace.root).gc(dry_run=True, report=told.append).removed == 1
    assert Workspace.open(workspace.root).gc().removed == 1


def test_how_far_it_is_is_told(workspace, run):
    for number in range(1, 101):
        run.publish([draft(run, number, dataset={"name": "wheat", "id": register_once(workspace), "targets": ["a"]})])
    for number in range(1000):
        path = workspace.store.root / "ab" / f"ab{number:062d}.zst"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    told = []
    gc(workspace, report=told.append)
    assert "100 pipelines followed" in told
    assert "1,000 objects examined" in told


def register_once(workspace):
    if not workspace.datasets.has("wheat"):
        register(workspace)
    return workspace.datasets.get("wheat").id
