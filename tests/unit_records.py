"""Records for tests that need a pipeline without fitting one."""

from nws.ids import hash_of
from nws.records import Metrics, PipelineRecord, encode, now, timestamp


def draft(run, number, *, name=None, rmse=0.25, **changes):
    """Return a record whose objects are in the store of `run`."""
    figures = {"rmse": rmse, "samples": 3}
    metrics = Metrics(
        task_type="regression", metric="rmse", train=figures, val=figures, test=None, cross_validation=None
    )
    with run.store.batch() as batch:
        files = {"metrics.json": batch.put(encode(metrics))}
        artifact = batch.put(b"scaler")
        dataset = batch.put(b"{}")
    moment = timestamp(now())
    fields = {
        "number": number, "name": name, "run_id": run.name, "hash": hash_of([number, name]), "created_at": moment,
        "completed_at": moment, "duration_seconds": 0.1, "status": "completed",
        "dataset": {"name": "wheat", "id": dataset, "samples": 3, "features": 2, "targets": ["protein"]},
        "steps": [
            {"step": "1", "operator": "transform", "class": "sklearn.preprocessing._data.StandardScaler", "params": {}, "artifact": artifact},
            {"step": "2", "operator": "model", "class": "sklearn.linear_model._ridge.Ridge", "params": {"alpha": 2.0}, "artifact": artifact},
        ],
        "artifacts": [{"step": "1", "name": "1_Scaler", "class": "Scaler", "object": artifact, "size_bytes": 6, "format": "pickle5"}],
        "files": files, "config": [], "canonical_config": [], "environment": {"python": "3", "packages": {}}, "seed": 0,
        "evaluation": {"cv": "kfold:5", "folds": 5, "metric": "rmse"}, "task": hash_of([number]),
    }  # fmt: skip
    return PipelineRecord(**{**fields, **changes})
