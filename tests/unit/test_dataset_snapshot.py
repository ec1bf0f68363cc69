"""Snapshots and the registry: the same content is the same id, and nothing is left behind by a refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from spectra import NM, spectra, text_of, write

from nws.dataset import Axis, Dataset, Datasets, ReadOptions, Target, load, read, snapshot
from nws.dataset.snapshot import pack
from nws.errors import BadInput, Conflict, Damaged, NewerFormat, UnknownName, UsageError
from nws.store import ObjectStore

X = spectra(10)
HEADER = [f"{value:g}" for value in NM]
ROWS = [
    ["id", "protein", "tree", *HEADER],
    *([f"s{row}", 10.5 + row, "oak" if row % 2 else "", *x] for row, x in enumerate(X.tolist())),
]


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "ws" / "_binaries")


@pytest.fixture
def datasets(tmp_path, store):
    return Datasets(tmp_path / "ws" / "datasets", store)


def made(path, **options):
    return read([path], name=path.stem, options=ReadOptions(**options))[0]


def equal(one, other):
    return (
        one.spectra.tobytes() == other.spectra.tobytes()
        and (one.axis, one.sample_ids, one.partition, one.targets, one.metadata)
        == (other.axis, other.sample_ids, other.partition, other.targets, other.metadata)
    )  # fmt: skip


def test_there_and_back(tmp_path, store):
    before = made(write(tmp_path / "wheat.csv", text_of(ROWS)), test_rows="9-10")
    oid = snapshot(before, store)
    after = load(store, oid, name="other")
    assert equal(before, after)
    assert after.name == "other"
    assert not after.spectra.flags.writeable
    assert after.spectra.flags.c_contiguous
    assert after.spectra.base is not None  # a view of the bytes that were read, not a copy


def test_the_spectra_are_a_npy_file(tmp_path, store):
    oid = snapshot(made(write(tmp_path / "wheat.csv", text_of(ROWS))), store)
    document = json.loads(store.get(oid))
    assert document["schema"] == "dataset-snapshot/1"
    path = tmp_path / "spectra.npy"
    path.write_bytes(store.get(document["spectra"]))
    assert np.load(path).tobytes() == X.tobytes()
    assert {str(each) for each in store.list()} == {oid, document["spectra"]}


def test_the_id_is_of_the_content_alone(tmp_path, store):
    first = write(tmp_path / "wheat.csv", text_of(ROWS))
    oid = snapshot(made(first), store)
    assert pack(made(first)).id == oid
    other = write(tmp_path / "copy.txt", "# words\n" + text_of(ROWS, ";", ",", "\r\n"), compression="gz")
    os.utime(other, (1, 1))
    assert snapshot(made(other), store) == oid
    assert pack(made(first, test_rows="10")).id != oid
    assert pack(made(first, metadata=("protein",))).id != oid


def test_the_id_is_the_same_for_ever():
    """If this fails, snapshots made before get another id: that needs a reason and a new schema version."""
    dataset = Dataset(
        name="any",
        spectra=np.array([[0.1, -0.0, 1e-300], [1.0, 2.0, 3.0]]),
        axis=Axis(unit="nm", values=[900.0, 902.5, 905.0]),
        sample_ids=["é1", "2"],
        partition=["train", "test"],
        targets=(
            Target(name="y", task="regression", values=[1.0, None]),
            Target(name="c", task="classification", values=["1", "b"]),
        ),
        metadata={"plot": ["p", None], "depth": [1.0, 2.5]},
    )
    assert pack(dataset).id == "daf2a6e1683dc96df488bff907562b95d4955f42b58446ab226ed7c62060317e"
    code = "import sys; sys.path.insert(0, 'tests'); import pickle; from nws.dataset.snapshot import pack; print(pack(pickle.load(sys.stdin.buffer)).id)"
    import pickle

    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(dataset), capture_output=True, check=True)
    assert done.stdout.decode().strip() == pack(dataset).id


def test_what_does_not_fit_together_is_damage(tmp_path, store):
    oid = snapshot(made(write(tmp_path / "wheat.csv", text_of(ROWS))), store)
    document = json.loads(store.get(oid))

    def stored(**changes):
        return store.put(json.dumps({**document, **changes}).encode())

    for wrong in (
        {"samples": 9},
        {"sample_ids": ["a"]},
        {"features": 3},
        {"spectra": "0"},
        {"spectra": oid},
        {"targets": [{}]},
        {"axis": {"unit": "nm"}},
    ):
        with pytest.raises(Damaged):
            load(store, stored(**wrong), name="x")
    with pytest.raises(NewerFormat):
        load(store, stored(schema="dataset-snapshot/2"), name="x")
    with pytest.raises(UnknownName):
        load(store, stored(spectra="ab" * 32), name="x")
    with pytest.raises(Damaged):
        load(store, document["spectra"] and store.put(b"[]"), name="x")


def test_damaged_spectra_are_never_handed_on(tmp_path, store):
    oid = snapshot(made(write(tmp_path / "wheat.csv", text_of(ROWS))), store)
    spectra_id = json.loads(store.get(oid))["spectra"]
    (path,) = (tmp_path / "ws").rglob(f"{spectra_id}.zst")
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    with pytest.raises(Damaged):
        load(store, oid, name="x")


def test_register_and_find(tmp_path, datasets):
    path = write(tmp_path / "wheat.csv", text_of(ROWS))
    added = datasets.add("wheat", [path], ReadOptions(target=("protein",)))
    assert datasets.get("wheat") == added
    assert datasets.list() == [added]
    assert (added.sources, added.options) == ([str(path)], {"target": ["protein"]})
    assert added.understood["samples"] == 10
    assert json.loads((datasets.folder / "wheat.json").read_text())["schema"] == "dataset/1"
    assert load(datasets.store, added.id, name="wheat").target().name == "protein"
    assert datasets.has("wheat")
    assert not datasets.has("barley")
    assert not datasets.has("data/wheat.csv")
    with pytest.raises(UnknownName, match="'wheet'") as caught:
        datasets.get("wheet")
    assert "wheat" in caught.value.hint


def test_the_same_again_and_something_else(tmp_path, datasets):
    path = write(tmp_path / "wheat.csv", text_of(ROWS))
    first = datasets.add("wheat", [path], ReadOptions())
    assert datasets.add("wheat", [path], ReadOptions()) == first
    before = sorted(datasets.store.list())
    other = write(tmp_path / "other.csv", text_of(ROWS[:-1]))
    with pytest.raises(Conflict, match="registered with other content") as caught:
        datasets.add("wheat", [other], ReadOptions())
    assert "--replace" in caught.value.hint
    assert datasets.get("wheat") == first
    assert sorted(datasets.store.list()) == before
    replaced = datasets.add("wheat", [other], ReadOptions(), replace=True)
    assert datasets.get("wheat") == replaced != first


def test_of_many_at_once_one_gets_the_name(tmp_path, datasets):
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    files = [write(tmp_path / f"{rows}.csv", text_of(ROWS[:rows])) for rows in range(4, 10)]
    start = Barrier(len(files))

    def add(path):
        start.wait()
        try:
            return datasets.add("wheat", [path], ReadOptions())
        except Conflict:
            return None

    with ThreadPoolExecutor(len(files)) as pool:
        (winner,) = [added for added in pool.map(add, files) if added is not None]
    assert datasets.get("wheat") == winner


def test_a_refusal_leaves_nothing(tmp_path, datasets):
    path = write(tmp_path / "wheat.csv", text_of([*ROWS, ["s11"]]))
    with pytest.raises(BadInput):
        datasets.add("wheat", [path], ReadOptions())
    with pytest.raises(UsageError):
        datasets.add("../wheat", [write(tmp_path / "good.csv", text_of(ROWS))], ReadOptions())
    assert not (tmp_path / "ws").exists()


def test_foreign_files_are_passed_over(tmp_path, datasets):
    assert datasets.list() == []
    added = datasets.add("wheat", [write(tmp_path / "wheat.csv", text_of(ROWS))], ReadOptions())
    for name, text in [
        ("notes.txt", "x"),
        ("a.json", "{}"),
        ("b.json", "no"),
        (".c.json", "{}"),
        ("d.json", '{"schema": "dataset/1"}'),
    ]:
        (datasets.folder / name).write_text(text)
    (datasets.folder / "folder.json").mkdir()
    (datasets.folder / "copy.json").write_bytes((datasets.folder / "wheat.json").read_bytes())
    assert datasets.list() == [added]
    with pytest.raises(Damaged, match=r"datasets/b\.json"):
        datasets.get("b")


def test_removing_leaves_the_snapshot(tmp_path, datasets):
    added = datasets.add("wheat", [write(tmp_path / "wheat.csv", text_of(ROWS))], ReadOptions())
    assert datasets.remove("wheat") == added
    assert list(datasets.folder.iterdir()) == []
    assert load(datasets.store, added.id, name="x").samples == 10
    with pytest.raises(UnknownName):
        datasets.remove("wheat")
