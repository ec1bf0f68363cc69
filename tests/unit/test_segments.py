"""Segments: what is written is what is read, in one schema, sorted, and nothing else is touched."""

import os
import re
import sys
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from index_rows import row

from nws.errors import Damaged, NewerFormat
from nws.index import columns, segments
from nws.index.reading import collect, lazily
from nws.metrics import columns as metric_columns


def test_columns_are_those_of_the_format():
    meta = [column.name for column in columns.META]
    assert len(meta) == len(set(meta))
    assert set(metric_columns()) < set(meta)
    for name in [
        "prediction_id",
        "record",
        "run_id",
        "run_date",
        "pipeline_id",
        "pipeline_number",
        "pipeline_hash",
        "config_name",
        "dataset_name",
        "dataset_id",
        "target",
        "task_type",
        "model_type",
        "model_class",
        "preprocessing",
        "n_samples_train",
        "n_samples_val",
        "n_samples_test",
        "n_features",
        "n_folds",
        "metric",
        "train_score",
        "val_score",
        "test_score",
        "train_rmse",
        "val_rmse",
        "test_rmse",
        "val_r2",
        "test_rpd",
        "duration_seconds",
        "created_at",
        "status",
    ]:
        assert name in meta
    assert [column.name for column in columns.DATA] == [
        "prediction_id", "partition", "fold_id", "y_true", "y_pred", "sample_indices", "train_indices", "test_indices",
        "y_proba", "weights", "classes",
    ]  # fmt: skip


def test_both_schemas_name_the_same_types(tmp_path):
    segments.append(tmp_path, [row(1)])
    for table, listed in segments.TABLES.items():
        path = segments.paths(tmp_path, table)[0]
        assert pl.read_parquet_schema(path) == pl.Schema(columns.polars_schema(listed))
        assert pq.read_schema(path).equals(columns.arrow_schema(listed))


def test_a_pair_of_segments_has_one_name_and_says_its_format(tmp_path):
    name = segments.append(tmp_path, [row(1)])
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{16}\.parquet", name)
    for table in segments.TABLES:
        assert segments.names(tmp_path / table) == [name]
        assert [path.name for path in (tmp_path / table).iterdir()] == [name]
        assert pl.read_parquet_metadata(tmp_path / table / name)["nws.format"] == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(segments.TABLES)


def test_values_come_back(tmp_path):
    given = row(
        7,
        config_name="bäse",
        val_r2=None,
        val_bias=-0.25,
        n_folds=5,
        train_rmse=0.1 + 0.2,
        preprocessing="none",
        samples=2,
    )
    proba = {**given.data[1], "y_proba": [[0.25, 0.75], [1.0, 0.0]], "classes": ["a", "ü"], "y_true": [0.0, None]}
    segments.append(tmp_path, [segments.Row(given.meta, [given.data[0], proba])])
    meta = collect(tmp_path, lambda: lazily(tmp_path, segments.META)).row(0, named=True)
    assert meta == {column.name: given.meta.get(column.name) for column in columns.META}
    data = collect(tmp_path, lambda: lazily(tmp_path, segments.DATA)).to_dicts()
    assert data == [{column.name: item.get(column.name) for column in columns.DATA} for item in (given.data[0], proba)]


def test_the_same_rows_give_the_same_bytes_in_any_order(tmp_path):
    rows = [row(number) for number in range(30)]
    first = segments.append(tmp_path / "a", rows)
    second = segments.append(tmp_path / "b", [*reversed(rows), rows[3]])
    assert first != second
    for table in segments.TABLES:
        assert (tmp_path / "a" / table / first).read_bytes() == (tmp_path / "b" / table / second).read_bytes()


def test_rows_are_sorted_in_small_groups(tmp_path):
    name = segments.append(tmp_path, [row(number) for number in reversed(range(100))])
    file = pq.ParquetFile(tmp_path / segments.DATA / name)
    ids = file.read(["prediction_id"])["prediction_id"].to_pylist()
    assert ids == sorted(ids)
    sizes = [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)]
    assert sum(sizes) == 300
    assert max(sizes) <= 64
    statistics = file.metadata.row_group(1).column(0).statistics
    assert (statistics.min, statistics.max) == (ids[64], ids[127])


def test_a_large_batch_is_written_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(segments, "_CHUNK", 128)
    name = segments.append(tmp_path, [row(number, samples=1) for number in range(100)])
    file = pq.ParquetFile(tmp_path / segments.DATA / name)
    assert [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)] == [64, 64, 64, 64, 44]
    assert len(pl.read_parquet(tmp_path / segments.META / name)) == 100


def test_appending_touches_nothing_that_is_there(tmp_path):
    segments.append(tmp_path, [row(1)])
    before = {
        path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in tmp_path.rglob("*.parquet") if path.is_file()
    }
    segments.append(tmp_path, [row(2)])
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in before} == before
    assert [len(segments.names(tmp_path / table)) for table in segments.TABLES] == [2, 2]


def test_nothing_to_add_writes_nothing(tmp_path):
    assert segments.append(tmp_path / "catalog", []) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("meta", "data", "message"),
    [
        ({"rmse": 1.0}, {}, "not a column of predictions_meta.parquet: rmse"),
        ({"dataset_name": None}, {}, "lacks dataset_name"),
        ({}, {"fold": [1]}, "not a column of predictions_data.parquet: fold"),
        ({}, {"partition": None}, "lacks partition"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_before_anything_is_written(tmp_path, meta, data, message):
    good = row(1)
    bad = segments.Row({**good.meta, **meta}, [{**good.data[0], **data}])
    with pytest.raises(ValueError, match=message):
        segments.append(tmp_path / "catalog", [bad])
    assert list(tmp_path.iterdir()) == []


def test_foreign_and_temporary_names_are_not_segments(tmp_path):
    name = segments.append(tmp_path, [row(1)])
    for table in segments.TABLES:
        for other in (".tmp-host-1-2", "notes.txt", "mine.parquet", "_metadata", f".{name}"):
            (tmp_path / table / other).write_bytes(b"not parquet")
    assert segments.names(tmp_path / segments.META) == [name]
    assert len(collect(tmp_path, lambda: lazily(tmp_path, segments.META))) == 1


def _spoil(path, change):
    path.chmod(0o644)
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"PAR1" + bytes(len(data) - 4),
        lambda data: bytes(200) + data[200:],
    ],
    ids=["empty", "torn", "zeros", "first-pages"],
)
def test_a_damaged_segment_is_named(tmp_path, change):
    segments.append(tmp_path, [row(1)])
    name = segments.append(tmp_path, [row(2)])
    segments.append(tmp_path, [row(3)])
    path = tmp_path / segments.META / name
    _spoil(path, change)
    with pytest.raises(Damaged, match=re.escape(name)) as caught:
        collect(tmp_path, lambda: lazily(tmp_path, segments.META))
    assert "nws reindex" in caught.value.hint


def test_a_segment_of_a_newer_format_is_refused_by_name(tmp_path):
    name = segments.append(tmp_path, [row(1)])
    path = tmp_path / segments.META / name
    newer = pl.read_parquet(path).with_columns(pl.lit(1.0).alias("val_new"))
    newer.write_parquet(path, metadata={"nws.format": "2"})
    with pytest.raises(NewerFormat, match=re.escape(name)):
        collect(tmp_path, lambda: lazily(tmp_path, segments.META))


def test_a_segment_that_vanishes_is_looked_for_again(tmp_path):
    kept = segments.append(tmp_path, [row(1)])
    gone = segments.append(tmp_path, [row(2)])
    attempts = []

    def query():
        frame = lazily(tmp_path, segments.META)
        attempts.append(len(attempts))
        if len(attempts) == 1:
            (tmp_path / segments.META / gone).unlink()
        return frame

    assert collect(tmp_path, query)["pipeline_number"].to_list() == [1]
    assert len(attempts) == 2
    assert segments.names(tmp_path / segments.META) == [kept]


def test_looking_again_has_an_end(tmp_path):
    segments.append(tmp_path, [row(1)])
    attempts = []

    def query():
        attempts.append(1)
        return pl.scan_parquet(tmp_path / "never.parquet")

    with pytest.raises(FileNotFoundError):
        collect(tmp_path, query)
    assert len(attempts) == 5


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_everything_is_durable_in_the_order_that_makes_it_visible(tmp_path, monkeypatch):
    events = []
    fsync, link = os.fsync, os.link

    def synced(descriptor):
        events.append(("sync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name.split("-")[0]))
        fsync(descriptor)

    def linked(source, target):
        events.append(("link", Path(target).parent.name))
        link(source, target)

    segments.append(tmp_path, [row(1)])
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    segments.append(tmp_path, [row(2)])
    assert events == [
        step for table in (segments.DATA, segments.META) for step in (("sync", ".tmp"), ("link", table), ("sync", table))
    ]  # fmt: skip
    events.clear()
    segments.append(tmp_path / "new", [row(2)])
    assert events.index(("sync", "new")) < events.index(("link", segments.DATA))
