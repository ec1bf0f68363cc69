"""polars, pandas, pyarrow and DuckDB read both tables as they are, and agree with nws on what is best."""

import datetime as dt
import random

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from index_rows import START, row

from nws.index import columns, compaction, segments
from nws.index.predictions import Predictions
from nws.metrics import CLASSIFICATION


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Segments merged and appended: both tasks, failed pipelines, nulls everywhere, ties, arrays with probabilities."""
    folder = tmp_path_factory.mktemp("catalog")
    chance = random.Random(4)
    rows = [
        row(number, val_rmse=round(chance.uniform(0.2, 2.0), 2), dataset_name=chance.choice(["wheat", "corn"]))
        for number in range(60)
    ]
    rows += [row(number, status="failed") for number in range(60, 64)]
    kinds = [
        row(number, task_type=CLASSIFICATION, dataset_name="kinds", val_balanced_accuracy=number / 70)
        for number in range(64, 70)
    ]
    kinds = [
        segments.Row(item.meta, [{**data, "classes": ["a", "b"], "y_proba": [[0.25, 0.75]] * 3} for data in item.data])
        for item in kinds
    ]
    for start in range(0, 32, 16):
        segments.append(folder, rows[start : start + 16])
    segments.append(folder, kinds)
    compaction.compact(folder)
    for start in range(32, 64, 16):
        segments.append(folder, rows[start : start + 16])
    return folder


def duck(query):
    import duckdb

    return duckdb.sql(query)


def test_every_reader_sees_the_same_columns_and_counts(catalog):
    for table, listed in segments.TABLES.items():
        names = [column.name for column in listed]
        frame, panda = pl.read_parquet(catalog / table), pd.read_parquet(catalog / table)
        arrow, ducks = pq.read_table(catalog / table), duck(f"from read_parquet('{catalog / table}/*.parquet')")
        assert list(frame.columns) == list(panda.columns) == arrow.column_names == ducks.columns == names
        ((counted,),) = ducks.query("rows", "select count(*) from rows").fetchall()
        assert len(frame) == len(panda) == len(arrow) == counted > 60
    assert pl.read_parquet(catalog / segments.META)["prediction_id"].n_unique() == 70


def test_types_are_the_natural_ones(catalog):
    frame, panda = pl.read_parquet(catalog / segments.META), pd.read_parquet(catalog / segments.META)
    assert frame.schema == pl.Schema(columns.polars_schema(columns.META))
    assert str(panda["created_at"].dtype) == "datetime64[us, UTC]"
    assert str(panda["val_rmse"].dtype) == "float64"
    assert isinstance(panda["run_date"][0], dt.date)
    kinds = dict(
        duck(
            f"select column_name, column_type from (describe from read_parquet('{catalog / segments.META}/*.parquet'))"
        ).fetchall()
    )
    assert kinds["created_at"] == "TIMESTAMP WITH TIME ZONE"
    assert (kinds["run_date"], kinds["val_rmse"], kinds["prediction_id"], kinds["n_folds"]) == (
        "DATE",
        "DOUBLE",
        "VARCHAR",
        "INTEGER",
    )


@pytest.mark.parametrize("dataset", ["wheat", "corn"])
def test_all_agree_on_the_best_row(catalog, dataset):
    best = Predictions(catalog).query_best(dataset, n=1).row(0, named=True)
    frame = pl.read_parquet(catalog / segments.META).filter(
        pl.col("dataset_name") == dataset, pl.col("status") == "completed", pl.col("val_rmse").is_not_null()
    )
    assert frame.sort("val_rmse", "created_at", "prediction_id").row(0, named=True) | {"deleted": False} == best
    panda = pd.read_parquet(catalog / segments.META)
    panda = panda[(panda["dataset_name"] == dataset) & (panda["status"] == "completed") & panda["val_rmse"].notna()]
    first = panda.sort_values(["val_rmse", "created_at", "prediction_id"]).iloc[0]
    assert (first["prediction_id"], first["val_rmse"]) == (best["prediction_id"], best["val_rmse"])
    assert first["created_at"] == best["created_at"]
    found = duck(f"""
        select prediction_id, val_rmse, epoch_us(created_at) from read_parquet('{catalog / segments.META}/*.parquet')
        where dataset_name = '{dataset}' and status = 'completed' and val_rmse is not null
        order by val_rmse, created_at, prediction_id limit 1
    """).fetchall()[0]
    assert found == (
        best["prediction_id"],
        best["val_rmse"],
        (best["created_at"] - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1),
    )


def test_all_read_the_same_arrays(catalog):
    held = Predictions(catalog)
    wanted = held.query_best("kinds", n=1)["prediction_id"][0]
    ours = held.arrays(wanted).filter(pl.col("partition") == "val").row(0, named=True)
    assert ours["y_proba"] == [[0.25, 0.75]] * 3
    assert ours["train_indices"] is None
    panda = pd.read_parquet(catalog / segments.DATA)
    panda = panda[(panda["prediction_id"] == wanted) & (panda["partition"] == "val")].iloc[0]
    assert [list(item) for item in panda["y_proba"]] == ours["y_proba"]
    assert list(panda["y_pred"]) == ours["y_pred"]
    assert list(panda["classes"]) == ["a", "b"]
    found = duck(f"""
        select y_true, y_pred, fold_id, sample_indices, y_proba, classes from read_parquet('{catalog / segments.DATA}/*.parquet')
        where prediction_id = '{wanted}' and partition = 'val'
    """).fetchall()[0]
    assert found == tuple(
        ours[name] for name in ("y_true", "y_pred", "fold_id", "sample_indices", "y_proba", "classes")
    )


def test_a_time_of_day_survives_every_reader(catalog):
    moment = START
    assert pl.read_parquet(catalog / segments.META)["created_at"].min() == moment
    assert pd.read_parquet(catalog / segments.META)["created_at"].min() == moment
    (text,) = duck(
        f"select min(created_at) at time zone 'UTC' from read_parquet('{catalog / segments.META}/*.parquet')"
    ).fetchall()[0]
    assert text.replace(tzinfo=dt.UTC) == moment
