"""Tags and metadata of a config, from the file to the record, the catalog and `nws show`."""

import json
import shutil

import pytest
from workspaces import small_csv

from nws import Workspace

SCALER = "sklearn.preprocessing.StandardScaler"
RIDGE = "sklearn.linear_model.Ridge"


@pytest.fixture
def ran(here, tmp_path):
    config = {
        "_tags_": ["study"],
        "_metadata_": {"author": "Zoë", "batch": 3},
        "pipeline": [{"_or_": [None, {"class": SCALER, "_tags_": ["scaled"]}]}, RIDGE],
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    small_csv(tmp_path / "small.csv")
    here("init", check=0)
    here("run", "--dataset", "small.csv", "--pipelines", "config.json", "--jobs", "1", check=0)
    return here


def refs(told):
    return [json.loads(line)["ref"][-4:] for line in told.out.splitlines()]


def found(here, *tags):
    words = [word for tag in tags for word in ("--tag", tag)]
    return sorted(refs(here("catalog", "list", *words, "--columns", "ref", "--json", check=0)))


def test_tags_of_a_config_find_its_pipelines(ran):
    assert found(ran, "study") == ["0001", "0002"]
    assert found(ran, "scaled", "study") == ["0002"]
    tags = [json.loads(line) for line in ran("tag", "list", "--json", check=0).out.splitlines()]
    assert [(line["tag"], line["pipelines"]) for line in tags] == [("scaled", 1), ("study", 2)]


def test_the_record_has_them_and_show_prints_them(ran, tmp_path):
    (run,) = Workspace.open(tmp_path).runs.list()
    record = run.open(run.ref(2)).record
    assert (record.tags, record.metadata) == (["study", "scaled"], {"author": "Zoë", "batch": 3})
    shown = ran("show", f"{run.name}/2", check=0).out
    assert "tags\tscaled, study\n" in shown
    assert "metadata\tauthor: Zoë, batch: 3\n" in shown
    line = json.loads(ran("show", f"{run.name}/2", "--json", check=0).out)
    assert (line["tags"], line["metadata"]) == (["scaled", "study"], {"author": "Zoë", "batch": 3})


def test_a_tag_that_was_taken_off_stays_off_and_others_can_be_put_on(ran, tmp_path):
    (run,) = Workspace.open(tmp_path).runs.list()
    ran("tag", "remove", f"{run.name}/2", "study", check=0)
    ran("tag", "add", f"{run.name}/2", "later", check=0)
    ran("reindex", check=0)
    assert found(ran, "study") == ["0001"]
    assert "tags\tlater, scaled\n" in ran("show", f"{run.name}/2", check=0).out


def test_whoever_indexes_what_is_missing_tags_it(ran, tmp_path):
    shutil.rmtree(tmp_path / "catalog")
    ran("reindex", check=0)
    assert found(ran, "study") == ["0001", "0002"]
    assert found(ran, "scaled") == ["0002"]


def test_a_failed_pipeline_is_tagged_too(here, tmp_path):
    model = {"class": "sklearn.neighbors.KNeighborsRegressor", "params": {"n_neighbors": 1000}}
    (tmp_path / "config.json").write_text(json.dumps([{"model": model, "_tags_": "many"}]), encoding="utf-8")
    small_csv(tmp_path / "small.csv")
    here("init", check=0)
    here("run", "--dataset", "small.csv", "--pipelines", "config.json", "--jobs", "1", check=3)
    assert found(here, "many") == ["0001"]
