"""A workspace that format 1 wrote once is read for ever: `workspace-format-1.tar.gz` is never made anew."""

import tarfile
from pathlib import Path

import pytest
from workspaces import check_whole

from nws import Workspace
from nws.engine import artifacts
from nws.ids import ObjectId

FROZEN = Path(__file__).parent / "workspace-format-1.tar.gz"
RUN = "2026-11-23_wheat_frozen"
RECORDS = [
    "3594eb86c03dfeb07375b0a2c2120dc2f3e2ac32cf5509601f594ae5ad155a08",
    "370a2c4ffd913d8db752025d5600357e22aa2e83d253194f23d5309b710250b5",
]


@pytest.fixture
def workspace(tmp_path):
    with tarfile.open(FROZEN) as archive:
        archive.extractall(tmp_path, filter="data")
    return Workspace.open(tmp_path)


def test_everything_in_it_is_whole(workspace):
    assert [pipeline.record_id for pipeline in check_frozen(workspace)] == RECORDS
    assert workspace.runs.get(RUN).ref(3).record is None
    assert workspace.runs.get(RUN).summary().status == "completed"


def check_frozen(workspace):
    # The rows of the deleted pipeline stay in the index, which is as it should be.
    gone = workspace.predictions.records() - set(RECORDS)
    assert len(gone) == 1
    return check_whole(workspace.root, gone=gone)


def test_what_it_says_is_found(workspace):
    assert workspace.resolve("best:wheat").record_id == RECORDS[0]
    assert workspace.resolve(f"{RUN}/2").record_id == RECORDS[1]
    assert workspace.resolve(RECORDS[1][:10]).record_id == RECORDS[1]
    best = workspace.predictions.query_best(dataset="wheat")
    assert best["model"].to_list()[:2] == ["Ridge(alpha=0.5)", "Ridge(alpha=1)"]
    assert workspace.datasets.load("wheat").spectra.shape == (12, 5)


def test_it_is_rendered_and_indexed_again(workspace):
    pipeline = workspace.resolve(RECORDS[0])
    before = {path.name: path.read_bytes() for path in pipeline.view.iterdir()}
    for path in pipeline.view.iterdir():
        path.unlink()
    pipeline.render()
    assert {path.name: path.read_bytes() for path in pipeline.view.iterdir()} == before
    assert workspace.reindex() == 0


def test_its_fitted_steps_load(workspace):
    for item in workspace.resolve(RECORDS[0]).record.artifacts:
        data = workspace.store.get(ObjectId(item["object"]))
        assert type(artifacts.load(data)).__name__ in {"StandardScaler", "Ridge"}
