"""Writes an index of many synthetic predictions, fast: merged segments as compaction leaves them, and their manifest.

Usage: python bench/synthetic.py FOLDER PREDICTIONS [SAMPLES]

FOLDER becomes a workspace that holds nothing but its catalog. SAMPLES is the length of the arrays of each prediction; 0,
the default, writes none. The same call writes the same rows. What questions are checked against is printed as JSON.
"""

import datetime as dt
import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from nws.index import columns, segments, state
from nws.index.segments import DATA, META
from nws.records import now, timestamp

DATASETS = ("wheat", "corn", "soy", "milk")
MODELS = ("PLSRegression", "Ridge", "SVR", "RandomForestRegressor")
CHAINS = (
    "none",
    "StandardNormalVariate",
    *(f"StandardNormalVariate > SavitzkyGolay(window_length={w})" for w in range(5, 60, 2)),
)
FIGURES = ("rmse", "mae", "r2", "bias", "sep", "rpd", "rpiq", "slope", "intercept")
PARTITIONS = ("train", "val", "test")
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
IN_A_RUN = 240
# About what compaction leaves: 256 MB of each table.
META_ROWS, DATA_FLOATS = 1_000_000, 32_000_000
_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def write(workspace, count, samples=0, *, seed=0):
    """Write `count` predictions, one a second since 2024.

    Returns
    -------
    dict
        `best`: dataset → id of the prediction with the least val_rmse; `some`: an id in the middle, and if there are
        arrays `y_pred`, its predictions.
    """
    chance = np.random.default_rng(seed)
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / "nws.toml").write_text("format = 1\n")
    catalog, best, entries, ids = workspace / "catalog", {}, [], []
    for start in range(0, count, META_ROWS):
        table, order = figures(start, min(META_ROWS, count - start), chance)
        entries.append(put(catalog, META, table))
        ids.append(table["prediction_id"].take(order))
        note_best(table, best)
    identities = pa.chunked_array([chunk for some in ids for chunk in some.chunks])
    known = {"best": {name: identity for name, (_, identity) in best.items()}, "some": identities[count // 2].as_py()}
    arrays = []
    if samples:
        step = DATA_FLOATS // samples
        for start in range(0, count, step):
            rows = predicted(identities.slice(start, step), samples, chance)
            arrays.append(put(catalog, DATA, rows))
            if start <= count // 2 < start + step:
                known["y_pred"] = rows["y_pred"][count // 2 - start].as_py()
    (catalog / DATA).mkdir(exist_ok=True)
    settled = segments.stamp(now() - dt.timedelta(hours=1))
    manifest = state.IndexManifest(
        number=1, created_at=timestamp(now()), settled_before=settled, meta=entries, data=arrays, retired={}, void=[]
    )
    assert state.publish(catalog, manifest)
    return known


def put(catalog, table, rows):
    name = segments.merged_name(1)
    assert segments.write(catalog, table, name, [rows])
    ids = rows["prediction_id"].to_numpy()
    size = (catalog / table / name).stat().st_size
    return {"name": name, "rows": len(rows), "size_bytes": size, "first_id": min(ids), "last_id": max(ids)}


def figures(start, count, chance):
    """Return rows of meta in the order of compaction, and the order that sorts them by id."""
    number = np.arange(start, start + count)
    dataset = chance.integers(0, len(DATASETS), count)
    model = chance.integers(0, len(MODELS), count)
    config = chance.integers(0, 600, count)
    run = number // IN_A_RUN
    scores = {f"{part}_{name}": chance.lognormal(size=count) for part in PARTITIONS for name in FIGURES}
    moment = int(START.timestamp() * 1000) + number * 1000
    given = {
        "prediction_id": uuids(moment, chance), "record": digits(count, 64, chance),
        "run_id": chosen(run - run[0], [f"2024-01-01_run_{place}" for place in range(run[0], run[-1] + 1)]),
        "run_date": pa.array(moment.astype("datetime64[ms]").astype("datetime64[D]")),
        "pipeline_id": chosen(number % IN_A_RUN, [f"{place + 1:04d}_a1b2c3" for place in range(IN_A_RUN)]),
        "pipeline_number": pa.array(number % IN_A_RUN + 1, pa.int32()),
        "pipeline_hash": chosen(config, [f"{place:064x}" for place in range(600)]),
        "dataset_name": chosen(dataset, DATASETS), "dataset_id": chosen(dataset, [f"{place:064x}" for place in range(4)]),
        "target": same(count, "y"), "task_type": same(count, "regression"), "metric": same(count, "rmse"),
        "model_type": chosen(model, MODELS), "model_class": chosen(model, [f"synthetic.{name}" for name in MODELS]),
        "model": chosen(config % 20, [f"Model(n_components={place})" for place in range(20)]),
        "preprocessing": chosen(config % len(CHAINS), CHAINS), "status": same(count, "completed"),
        **{f"n_samples_{part}": pa.array(np.full(count, 50), pa.int32()) for part in PARTITIONS},
        "n_features": pa.array(np.full(count, 700), pa.int32()), "n_folds": pa.array(np.full(count, 5), pa.int32()),
        **{f"{part}_score": pa.array(scores[f"{part}_rmse"]) for part in PARTITIONS},
        **{name: pa.array(values) for name, values in scores.items()},
        "duration_seconds": pa.array(chance.random(count)),
        "created_at": pa.array(moment * 1000, pa.timestamp("us", tz="UTC")),
    }  # fmt: skip
    schema = columns.arrow_schema(columns.META)
    table = pa.table([given.get(field.name, pa.nulls(count, field.type)) for field in schema], schema=schema)
    names = np.array(DATASETS)[dataset]
    order = np.lexsort((scores["val_rmse"], names))
    return table.take(pa.array(order)), pa.array(np.argsort(order))


def predicted(ids, samples, chance):
    """Return rows of the data table: the partition val of each prediction, numbers that do not compress."""
    count = len(ids)
    offsets = pa.array(np.arange(0, (count + 1) * samples, samples), pa.int32())
    measured = chance.normal(size=count * samples)
    given = {
        "prediction_id": ids.combine_chunks(), "partition": same(count, "val"),
        "y_true": pa.ListArray.from_arrays(offsets, pa.array(measured)),
        "y_pred": pa.ListArray.from_arrays(offsets, pa.array(measured + 0.1 * chance.normal(size=count * samples))),
        "sample_indices": pa.ListArray.from_arrays(offsets, pa.array(np.tile(np.arange(samples, dtype=np.int32), count))),
    }  # fmt: skip
    schema = columns.arrow_schema(columns.DATA)
    return pa.table([given.get(field.name, pa.nulls(count, field.type)) for field in schema], schema=schema)


def note_best(table, best):
    for name in DATASETS:
        rows = table.filter(pa.compute.equal(table["dataset_name"], name))
        if len(rows):
            first = (rows["val_rmse"][0].as_py(), rows["prediction_id"][0].as_py())
            best[name] = min(best.get(name, first), first)


def uuids(milliseconds, chance):
    """Return ids in the layout of UUID version 7."""
    count = len(milliseconds)
    time_part = _DIGITS[(milliseconds[:, None] >> (4 * np.arange(11, -1, -1))) & 15]
    rest = _DIGITS[chance.integers(0, 16, (count, 20), dtype=np.uint8)]
    dash = np.full((count, 1), ord("-"), np.uint8)
    parts = [time_part[:, :8], dash, time_part[:, 8:], dash, rest[:, :4], dash, rest[:, 4:8], dash, rest[:, 8:]]
    return text(np.hstack(parts))


def digits(count, width, chance):
    return text(_DIGITS[chance.integers(0, 16, (count, width), dtype=np.uint8)])


def text(letters):
    count, width = letters.shape
    held = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), count, [None, pa.py_buffer(letters.tobytes())])
    return held.cast(pa.binary()).cast(pa.string())


def chosen(places, names):
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(list(names))).cast(pa.string())


def same(count, name):
    return chosen(np.zeros(count, np.int32), [name])


if __name__ == "__main__":
    began = time.perf_counter()
    known = write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    sys.stderr.write(f"{int(sys.argv[2]):,} predictions in {time.perf_counter() - began:.1f} s: {sys.argv[1]}\n")
    print(json.dumps(known))
