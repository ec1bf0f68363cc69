"""Rows of the index for tests: plausible, deterministic, one call each."""

from __future__ import annotations

import datetime as dt

from nws.ids import hash_of, prediction_id
from nws.index.segments import Row
from nws.metrics import METRICS, PARTITIONS, PRIMARY, REGRESSION

START = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)


def row(number, *, samples=3, **meta):
    """Return the row of one prediction; keyword arguments replace columns of the meta table."""
    task = meta.get("task_type") or REGRESSION
    record = hash_of(["record", number, meta.get("dataset_name", "wheat")])
    created = meta.get("created_at", START + dt.timedelta(seconds=number))
    base = {
        "prediction_id": prediction_id(record, "y", created),
        "record": record,
        "run_id": "2026-01-02_wheat",
        "run_date": dt.date(2026, 1, 2),
        "pipeline_id": f"{number:04d}_a1b2c3",
        "pipeline_number": number,
        "pipeline_hash": hash_of(["config", number]),
        "dataset_name": "wheat",
        "dataset_id": hash_of("wheat"),
        "target": "y",
        "task_type": task,
        "model_type": "PLSRegression",
        "model_class": "sklearn.cross_decomposition._pls.PLSRegression",
        "model": "PLSRegression(n_components=2)",
        "preprocessing": "none",
        "metric": PRIMARY[task],
        "created_at": created,
        "status": "completed",
        **{f"n_samples_{part}": samples for part in PARTITIONS},
        **{f"{part}_{name}": float(number) for part in PARTITIONS for name in METRICS if METRICS[name].task == task},
    }
    base |= meta
    return Row(
        base,
        [] if base["status"] == "failed" else [_arrays(base["prediction_id"], part, samples) for part in PARTITIONS],
    )


def _arrays(identity, partition, samples):
    values = [place / 7 for place in range(samples)]
    return {
        "prediction_id": identity,
        "partition": partition,
        "fold_id": [place % 2 for place in range(samples)] if partition == "val" else None,
        "y_true": values,
        "y_pred": [value + 0.1 for value in values],
        "sample_indices": list(range(samples)),
    }
