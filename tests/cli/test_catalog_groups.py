"""`nws catalog compare`, `stats` and `show`: what they print, in every form."""

import csv
import io
import json

import polars as pl
import pytest
from index_rows import row

from nws.ids import hash_of
from nws.index import segments
from nws.metrics import CLASSIFICATION

SAME = hash_of("one config")
ROWS = [
    row(1, pipeline_hash=SAME, val_rmse=0.5, val_score=0.5, test_score=0.6),
    row(2, pipeline_hash=SAME, val_rmse=0.25, val_score=0.25),
    row(3, model_type="Ridge", val_rmse=0.125, val_score=0.125),
    row(4, model_type="Ridge", status="failed", metric=None, task_type=None),
    row(5, dataset_name="corn", run_id="2026-01-02_corn", pipeline_hash=SAME, val_rmse=7.0, val_score=7.0),
]
KINDS = row(6, run_id="2026-01-02_wheat", task_type=CLASSIFICATION, metric="kappa", target="kind", val_score=0.75)


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "nws.toml").write_text("format = 1\n")
    (tmp_path / "runs" / "2026-01-02_wheat").mkdir(parents=True)
    arrays = [
        {**item, "y_true": [0.0, 1.0, 1.0], "y_pred": [1.0, 1.0, 0.0], "classes": ["bad", "gut"]} for item in KINDS.data
    ]
    arrays[1]["y_proba"] = [[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]]
    segments.append(tmp_path / "catalog", [*ROWS, segments.Row(KINDS.meta, arrays)])
    return tmp_path


def lines(text):
    return [line.split("\t") for line in text.splitlines()]


def items(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "name", [SAME, SAME[:6], SAME[:6].upper(), "2026-01-02_wheat/0001", ROWS[4].meta["prediction_id"]]
)
def test_one_config_across_datasets(workspace, here, name):
    done = here("catalog", "compare", name, check=0)
    assert lines(done.out) == [
        ["dataset", "metric", "val", "test", "train", "samples", "pipeline", "deleted"],
        ["corn", "rmse", "7", "", "", "3", "2026-01-02_corn/0005", "yes"],
        ["wheat", "rmse", "0.2500", "", "", "3", "2026-01-02_wheat/0002", "no"],
    ]
    assert done.err == "one config, none | PLSRegression(n_components=2)\n"


def test_a_comparison_by_a_metric_in_every_form(workspace, here):
    done = here("catalog", "compare", SAME, "--metric", "RMSEP", check=0)
    assert lines(done.out)[0][:4] == ["dataset", "RMSEP", "RMSECV", "RMSEC"]
    assert lines(done.out)[2][:3] == ["wheat", "1", "0.5000"]
    found = items(here("catalog", "compare", SAME, "--kept", "--json", check=0).out)
    assert [(item["type"], item["ref"], item["deleted"]) for item in found] == [
        ("prediction", "2026-01-02_wheat/0002", False)
    ]
    done = here("catalog", "compare", SAME, "--columns", "dataset_name,val_rmse", "--csv", check=0)
    assert done.out == "dataset_name,val_rmse\ncorn,7.0\nwheat,0.25\n"
    here("catalog", "compare", SAME, "--output", "same.parquet", check=0)
    assert pl.read_parquet(workspace / "same.parquet")["dataset_name"].to_list() == ["corn", "wheat"]
    assert "no ranked prediction" in here("catalog", "compare", SAME, "--rmse-max", "0.1", check=1).err


def test_an_ambiguous_hash_is_not_guessed(workspace, here):
    segments.append(workspace / "catalog", [row(7, pipeline_hash=SAME[:10] + "0" * 54)])
    done = here("catalog", "compare", SAME[:8], check=4)
    assert "begins 2 config hashes" in done.err
    assert SAME in done.err
    here("catalog", "compare", SAME[:12], check=0)


def test_the_spread_of_each_group(workspace, here):
    done = here("catalog", "stats", "--by", "model_type", "--task", "regression", check=0)
    assert lines(done.out) == [
        ["model_type", "metric", "predictions", "failed", "best", "median", "mean", "std", "worst"],
        ["PLSRegression", "val_rmse", "3", "0", "0.2500", "0.5000", "2.583", "3.827", "7"],
        ["Ridge", "val_rmse", "1", "0", "0.1250", "0.1250", "0.1250", "", "0.1250"],
    ]
    found = items(here("catalog", "stats", "wheat", "--json", check=0).out)
    assert [(item["type"], item["dataset_name"], item["task_type"], item["metric"]) for item in found] == [
        ("stats", "wheat", "classification", "val_kappa"),
        ("stats", "wheat", "regression", "val_rmse"),
        ("stats", "wheat", None, None),
    ]
    assert [item["failed"] for item in found] == [0, 0, 1]
    assert found[0]["best"] == 0.75


def test_the_spread_of_a_metric_in_every_form(workspace, here):
    done = here("catalog", "stats", "--metric", "test_rmse", "--columns", "dataset_name,worst", "--csv", check=0)
    assert list(csv.reader(io.StringIO(done.out))) == [["dataset_name", "worst"], ["corn", "5.0"], ["wheat", "3.0"]]
    here("catalog", "stats", "--output", "stats.json", check=0)
    assert json.loads((workspace / "stats.json").read_text())[0]["predictions"] == 1
    assert "no prediction is like that" in here("catalog", "stats", "--where", "val_rmse > 100", check=1).err


def test_nothing_is_known_of_an_empty_workspace(tmp_path, here):
    (tmp_path / "nws.toml").write_text("format = 1\n")
    assert here("catalog", "stats", check=1).err == "no predictions yet\n"
    assert here("catalog", "search", check=1).err == "no predictions yet\n"
    here("catalog", "compare", SAME, check=4)
    here("catalog", "show", SAME, check=4)


def test_one_prediction(workspace, here):
    item = ROWS[1].meta
    here("tag", "add", item["record"], "keep", check=0)
    done = here("catalog", "show", item["prediction_id"], check=0)
    facts = dict(line for line in lines(done.out) if len(line) == 2)
    assert facts["ref"] == "2026-01-02_wheat/0002"
    assert facts["prediction_id"] == item["prediction_id"]
    assert (facts["tags"], facts["deleted"]) == ("keep", "no")
    assert ["RMSE", "2", "0.2500", "2"] in lines(done.out)
    (found,) = items(here("catalog", "show", "2026-01-02_wheat/0002", "--json", check=0).out)
    assert found["type"] == "prediction"
    assert found["tags"] == ["keep"]
    assert (found["val_rmse"], found["ref"], found["deleted"]) == (0.25, "2026-01-02_wheat/0002", False)
    assert (
        here("catalog", "show", item["record"][:12], "--columns", "val_rmse,tags", "--csv", check=0).out
        == "val_rmse,tags\n0.25,keep\n"
    )


def test_a_prediction_whose_run_is_gone(workspace, here):
    for name in (
        "2026-01-02_corn/0005",
        "2026-01-02_corn/0005_a1b2c3",
        "runs/2026-01-02_corn/0005_a1b2c3/",
        ROWS[4].meta["record"],
    ):
        done = here("catalog", "show", name, check=0)
        facts = dict(line for line in lines(done.out) if len(line) == 2)
        assert facts["deleted"] == "yes"
        assert "path" not in facts
    assert "no run named" in here("catalog", "show", "2026-01-02_corn/0006", check=4).err
    assert "no run named" in here("catalog", "show", "2026-01-02_corn/0005_ffffff", check=4).err
    assert len(lines(here("catalog", "show", "2026-01-02_corn/0005", "--arrays", check=0).out)) == 10


@pytest.mark.parametrize("name", ["2026-01-02_corn/0005", ROWS[4].meta["prediction_id"], ROWS[4].meta["record"]])
def test_other_commands_say_that_it_was_deleted(workspace, here, name):
    done = here("show", name, check=4)
    assert done.err.splitlines() == [
        "nws: pipeline 2026-01-02_corn/0005_a1b2c3 was deleted",
        f"hint: nws catalog show {ROWS[4].meta['prediction_id']} has what the catalog keeps of it",
    ]
    assert "was deleted" not in here("show", "2026-01-02_corn/0006", check=4).err
    assert "was deleted" not in here("show", "2026-01-02_wheat/0001", check=4).err


def test_the_arrays_of_a_prediction(workspace, here):
    done = here("catalog", "show", KINDS.meta["prediction_id"], "--arrays", check=0)
    assert lines(done.out)[:2] == [
        ["partition", "fold", "sample_index", "y_true", "y_pred", "proba_bad", "proba_gut"],
        ["train", "", "0", "bad", "gut", "", ""],
    ]
    found = items(here("catalog", "show", KINDS.meta["prediction_id"], "--arrays", "--json", check=0).out)
    assert found[3] == {
        "type": "sample", "partition": "val", "fold": 0, "sample_index": 0, "y_true": "bad", "y_pred": "gut",
        "proba_bad": 0.25, "proba_gut": 0.75,
    }  # fmt: skip
    done = here("catalog", "show", "2026-01-02_wheat/0001", "--arrays", "--csv", "--columns", "fold,y_pred", check=0)
    assert done.out.splitlines()[4:6] == ["0,0.1", "1,0.24285714285714285"]
    here("catalog", "show", "2026-01-02_wheat/0001", "--arrays", "--output", "arrays.parquet", check=0)
    assert pl.read_parquet(workspace / "arrays.parquet").shape == (9, 5)
    assert (
        "did you mean y_pred"
        in here("catalog", "show", KINDS.meta["record"], "--arrays", "--columns", "ypred", check=4).err
    )
    assert "it has no predictions" in here("catalog", "show", "2026-01-02_wheat/0004", "--arrays", check=1).err
