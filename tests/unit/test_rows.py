"""A record as a row of the index: every column, failed pipelines, class labels, the same row again."""

import dataclasses
import datetime as dt
import math

import pytest

from nws.ids import hash_of, prediction_id
from nws.index import segments
from nws.index.columns import META
from nws.pipeline import Block
from nws.pipeline.rows import chain_text, index_row, model_text, stored_blocks
from nws.records import Metrics, PipelineRecord, decode, encode

STEPS = [
    {"step": 1, "operator": "y_processing", "class": "sklearn.preprocessing._data.StandardScaler", "params": {}, "artifact": None},
    {"step": 2, "operator": "transform", "class": "chemotools.scatter.StandardNormalVariate", "params": {}, "artifact": None},
    {"step": 3, "operator": "split", "class": "sklearn.model_selection._split.KFold", "params": {"n_splits": 4}, "artifact": None},
    {"step": 4, "operator": "transform", "class": "a.SavitzkyGolay", "params": {"window_size": 7, "deriv": 1, "mode": "nearest"}, "artifact": None},
    {"step": 5, "operator": "model", "class": "sklearn.cross_decomposition._pls.PLSRegression", "params": {"n_components": 3}, "artifact": None},
]  # fmt: skip


def record(**changes):
    base = {
        "number": 7,
        "name": "base",
        "run_id": "2024-10-23_wheat_trial",
        "hash": hash_of("config"),
        "created_at": "2024-10-23T22:30:00.000001Z",
        "completed_at": "2024-10-23T22:30:02.500000Z",
        "duration_seconds": 2.5,
        "status": "completed",
        "dataset": {"name": "wheat", "id": hash_of("data"), "samples": 12, "features": 401, "targets": ["protein"]},
        "steps": STEPS,
        "artifacts": [],
        "files": {},
        "config": [],
        "canonical_config": [],
        "environment": {},
        "seed": 0,
        "evaluation": {
            "cv": "kfold:4",
            "folds": 4,
            "n_train": 8,
            "n_val": 8,
            "n_test": 4,
            "missing_targets": 0,
            "metric": "rmse",
        },
    }
    return PipelineRecord(**(base | changes))


def figures(**values):
    return Metrics(
        task_type="regression",
        metric="rmse",
        train={"rmse": 0.1, "r2": 0.99, "samples": 8},
        val={"rmse": 0.3, "r2": 0.8, "bias": -0.01, "samples": 8, **values},
        test=None,
        cross_validation=None,
    )


BLOCKS = (
    Block(partition="train", indices=[0, 1], y_true=[1.5, None], y_pred=[1.25, 2.0]),
    Block(partition="val", indices=[1, 0], y_true=[2.5, 1.5], y_pred=[2.0, 1.0], fold=[1, 0]),
)


def test_a_completed_pipeline():
    row = index_row(record(), "ab" * 32, figures(), BLOCKS)
    created = dt.datetime(2024, 10, 23, 22, 30, 0, 1, tzinfo=dt.UTC)
    assert {key: value for key, value in row.meta.items() if value is not None} == {
        "prediction_id": prediction_id("ab" * 32, "protein", created),
        "record": "ab" * 32,
        "run_id": "2024-10-23_wheat_trial",
        "run_date": dt.date(2024, 10, 23),
        "pipeline_id": f"0007_base_{hash_of('config')[:6]}",
        "pipeline_number": 7,
        "pipeline_hash": hash_of("config"),
        "config_name": "base",
        "dataset_name": "wheat",
        "dataset_id": hash_of("data"),
        "target": "protein",
        "task_type": "regression",
        "model_type": "PLSRegression",
        "model_class": "sklearn.cross_decomposition._pls.PLSRegression",
        "model": "PLSRegression(n_components=3)",
        "preprocessing": "StandardNormalVariate > SavitzkyGolay(deriv=1, mode='nearest', window_size=7)",
        "n_samples_train": 8,
        "n_samples_val": 8,
        "n_samples_test": 4,
        "n_features": 401,
        "n_folds": 4,
        "metric": "rmse",
        "train_score": 0.1,
        "val_score": 0.3,
        "train_rmse": 0.1,
        "train_r2": 0.99,
        "val_rmse": 0.3,
        "val_r2": 0.8,
        "val_bias": -0.01,
        "duration_seconds": 2.5,
        "created_at": created,
        "status": "completed",
    }
    assert set(row.meta) == {column.name for column in META}
    assert [item["partition"] for item in row.data] == ["train", "val"]
    assert row.data[0]["y_true"] == [1.5, None]
    assert row.data[0]["fold_id"] is None
    assert row.data[1]["fold_id"] == [1, 0]
    assert row.data[1]["sample_indices"] == [1, 0]
    assert row.data[1]["classes"] is None
    assert {item["prediction_id"] for item in row.data} == {row.meta["prediction_id"]}


def test_a_record_that_was_read_back_gives_the_same_row(tmp_path):
    written, metrics = record(), figures(rpd=math.inf, slope=math.nan)
    again = decode(PipelineRecord, encode(written), where="pipeline.json")
    reread = decode(Metrics, encode(metrics), where="metrics.json")
    assert index_row(again, "ab" * 32, reread, BLOCKS) == index_row(written, "ab" * 32, metrics, BLOCKS)


def test_a_failed_pipeline_has_a_row_without_scores(tmp_path):
    failed = record(
        status="failed",
        evaluation={},
        steps=STEPS[:2],
        dataset={"name": "wheat", "id": hash_of("data"), "targets": ["protein"]},
    )
    row = index_row(failed, "cd" * 32, None, ())
    assert row.data == []
    assert row.meta["status"] == "failed"
    assert row.meta["target"] == "protein"
    for name in (
        "val_rmse",
        "val_score",
        "metric",
        "task_type",
        "model_class",
        "model_type",
        "model",
        "n_features",
        "n_samples_val",
    ):
        assert row.meta.get(name) is None
    assert segments.append(tmp_path, [row])


def test_a_failed_pipeline_whose_metric_is_known_has_a_task():
    row = index_row(record(status="failed", evaluation={"metric": "kappa"}), "cd" * 32, None, ())
    assert (row.meta["task_type"], row.meta["metric"]) == ("classification", "kappa")


def classified(*blocks):
    metrics = Metrics(
        task_type="classification", metric="kappa", train=None, val={"kappa": 0.5}, test=None, cross_validation=None
    )
    return index_row(record(), "ef" * 32, metrics, blocks).data


def test_class_labels_become_positions_in_classes():
    block = Block(
        partition="val", indices=[0, 1, 2], y_true=["b", "new", None], y_pred=["a", "b", "a"], classes=("b", "a"),
        probabilities=[[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]],
    )  # fmt: skip
    (data,) = classified(block)
    assert data["classes"] == ["b", "a", "new"]
    assert data["y_true"] == [0.0, 2.0, None]
    assert data["y_pred"] == [1.0, 0.0, 1.0]
    assert data["y_proba"] == [[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]]


def test_all_partitions_share_their_classes():
    train = Block(partition="train", indices=[0, 1], y_true=["c", "a"], y_pred=["a", "a"])
    test = Block(partition="test", indices=[2], y_true=["b"], y_pred=["c"])
    first, second = classified(train, test)
    assert first["classes"] == second["classes"] == ["a", "b", "c"]
    assert (first["y_true"], second["y_true"], second["y_pred"]) == ([2.0, 0.0], [1.0], [2.0])
    assert first["y_proba"] is None


@pytest.mark.parametrize(
    ("steps", "chain", "model"),
    [
        ([], "none", ""),
        (STEPS[4:], "none", "PLSRegression(n_components=3)"),
        (STEPS[:2], "StandardNormalVariate", ""),
        ([{"operator": "transform", "class": "Plain", "params": None}], "Plain", ""),
    ],
)
def test_steps_for_people(steps, chain, model):
    assert chain_text(steps) == chain
    assert model_text(steps) == model


def published(folder, task, *blocks):
    """Return a pipeline whose objects are in a store, as a run publishes it, with its dataset."""
    import numpy as np

    from nws.dataset import Axis, Dataset, Target, snapshot
    from nws.pipeline import Pipeline, predictions_csv
    from nws.store import ObjectStore

    store = ObjectStore(folder / "_binaries")
    samples = ["s1", "s2", "s3"]
    values = [1.0, 2.0, 3.0] if task == "regression" else ["a", "b", "a"]
    held = Dataset(
        name="wheat",
        spectra=np.eye(3),
        axis=Axis(unit="nm", values=[1.0, 2.0, 3.0]),
        sample_ids=samples,
        partition=["train"] * 3,
        targets=(Target(name="protein", task=task, values=values),),
        metadata={},
    )
    table = predictions_csv(blocks, "protein", sample_ids=samples, metadata={})
    written = record(
        dataset={"name": "wheat", "id": snapshot(held, store), "features": 3, "targets": ["protein"]},
        files={"predictions.csv": store.put(table)},
        evaluation={"metric": "rmse" if task == "regression" else "kappa"},
    )
    return Pipeline.load(store, store.put(encode(written)), runs=folder / "runs")


@pytest.mark.parametrize(
    ("task", "blocks"),
    [
        (
            "regression",
            (
                Block(partition="train", indices=[0, 2], y_true=[0.1, None], y_pred=[1 / 3, 2.0]),
                Block(partition="val", indices=[2, 1], y_true=[2.5, 1.5], y_pred=[2e-300, 1.0], fold=[1, 0]),
            ),
        ),
        (
            "classification",
            (
                Block(
                    partition="val", indices=[1, 0], y_true=["b", "a"], y_pred=["a", "c"], fold=[0, 0], classes=("a", "b"),
                    probabilities=[[0.1, 0.9], [1 / 3, 2 / 3]],
                ),
                Block(partition="test", indices=[2], y_true=["a"], y_pred=["b"], classes=("a", "b"), probabilities=[[0.5, 0.5]]),
            ),
        ),
    ],
)  # fmt: skip
def test_indexing_again_from_the_objects_gives_the_same_row(tmp_path, task, blocks):
    pipeline = published(tmp_path, task, *blocks)
    assert index_row(pipeline.record, pipeline.record_id, None, stored_blocks(pipeline)) == index_row(
        pipeline.record, pipeline.record_id, None, blocks
    )


def test_a_failed_pipeline_has_no_stored_predictions(tmp_path):
    pipeline = published(tmp_path, "regression")
    bare = dataclasses.replace(pipeline, record=record(status="failed"))
    assert stored_blocks(bare) == ()


def test_chains_side_by_side_and_classes_inside_parameters_are_told_in_short():
    def step(path, **params):
        return {"operator": "transform", "class": path, "params": params}

    chain = {
        "class": "sklearn.pipeline.Pipeline",
        "params": {"steps": [["1", {"class": "a.A"}], ["2", step("b.B", n=1)]]},
    }
    union = step("sklearn.pipeline.FeatureUnion", transformer_list=[["1", "passthrough"], ["2", chain]])
    assert chain_text([step("c.C"), union]) == "C > [passthrough | A > B(n=1)]"
    bagging = step("d.D", estimator={"class": "e.E", "params": {"kind": "x"}}, sizes=[1, {"class": "f.F"}])
    assert chain_text([bagging]) == "D(estimator=E(kind='x'), sizes=[1, F])"
    weighted = step("sklearn.pipeline.FeatureUnion", transformer_list=[], n_jobs=2)
    assert chain_text([weighted]) == "FeatureUnion(n_jobs=2, transformer_list=[])"
