"""Workspaces for tests of deleting and collecting: pipelines of a few bytes each, files as old as one likes."""

import datetime as dt
import os

from unit_records import draft

from nws import Workspace
from nws.dataset.snapshot import Snapshot
from nws.ids import ObjectId
from nws.records import Registration, encode, now, timestamp

DAY = dt.date(2024, 10, 23)
HOUR = dt.timedelta(hours=1)


def wheat(store, spectra=b"spectra"):
    """Put a dataset into the store and return what a record says of it."""
    document = Snapshot(
        samples=1, features=1, spectra=store.put(spectra), axis={"unit": "nm", "values": [1.0]}, sample_ids=["a"],
        partition=["train"], targets=[], metadata={},
    )  # fmt: skip
    return {"name": "wheat", "id": store.put(encode(document)), "samples": 1, "features": 1, "targets": ["protein"]}


def register(workspace, name="wheat", spectra=b"spectra"):
    """Register a dataset without reading a file, and return the ids of its two objects."""
    oid = wheat(workspace.store, spectra)["id"]
    registration = Registration(
        name=name, id=oid, registered_at=timestamp(now()), sources=[], options={}, understood={}
    )
    (workspace.datasets.folder / f"{name}.json").write_bytes(encode(registration))
    return {oid, ObjectId.of(spectra)}


def publish(run, *artifacts, number=1, spectra=b"spectra"):
    """Publish a pipeline with these artifacts and return it."""
    record = draft(run, number, dataset=wheat(run.store, spectra))
    with run.store.batch() as batch:
        listed = [
            {**record.artifacts[0], "name": f"{place}_Scaler", "object": str(batch.put(data))}
            for place, data in enumerate(artifacts or (b"scaler",))
        ]
    (pipeline,) = run.publish([draft(run, number, dataset=record.dataset, artifacts=listed, steps=[])])
    return pipeline


def reached(pipeline, spectra=b"spectra"):
    """Return the ids that a pipeline keeps."""
    return {pipeline.record_id, *pipeline.record.objects(), ObjectId.of(spectra)}


def new(root):
    """Make a workspace."""
    return Workspace.init(root)[0]


def age(folder, span=dt.timedelta(days=400)):
    """Make every file and folder in `folder` as old as that."""
    moment = (dt.datetime.now(dt.UTC) - span).timestamp()
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (moment, moment), follow_symlinks=False)


def doomed(store):
    """Return the ids of objects that are half-way out."""
    return {ObjectId(path.name[:64]) for path in store.root.glob("*/*.doomed")}
