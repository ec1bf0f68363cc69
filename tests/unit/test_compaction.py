"""Compaction: the same rows in fewer segments, sorted so that questions skip most of them; and what a manifest says."""

import datetime as dt
import json
import random

import polars as pl
import pyarrow.parquet as pq
import pytest
from index_rows import row

from nws import fsio
from nws.errors import Damaged, Locked, NewerFormat
from nws.index import columns, compaction, merging, segments, state, switching
from nws.index.compaction import LARGEST, PILED_UP, Compaction
from nws.index.healing import heal
from nws.index.predictions import Predictions
from nws.index.reading import collect, lazily
from nws.metrics import CLASSIFICATION


def once(folder, *numbers, **meta):
    return segments.append(folder, [row(number, **meta) for number in numbers], name=segments.once_name())


def everything(folder, table=segments.META):
    key = ["prediction_id"] if table == segments.META else ["prediction_id", "partition"]
    return collect(folder, lambda: lazily(folder, table)).sort(key)


def numbers(folder):
    return sorted(everything(folder)["pipeline_number"])


def test_rows_and_arrays_are_the_same_before_and_after(tmp_path):
    chance = random.Random(1)
    for start in range(0, 60, 6):
        once(
            tmp_path, *range(start, start + 6), dataset_name=chance.choice(["wheat", "corn"]), val_rmse=chance.random()
        )
    segments.append(tmp_path, [row(100, status="failed"), row(101, task_type=CLASSIFICATION)])
    before = {table: everything(tmp_path, table) for table in segments.TABLES}
    assert compaction.compact(tmp_path) == Compaction(merged=11, segments=1)
    for table, listed in segments.TABLES.items():
        assert everything(tmp_path, table).equals(before[table])
        (path,) = segments.paths(tmp_path, table)
        plain = pl.read_parquet(tmp_path / table)
        assert plain.schema == pl.Schema(columns.polars_schema(listed))
        assert plain.sort(before[table].columns[:2]).equals(before[table].sort(before[table].columns[:2]))
        assert pl.read_parquet_metadata(path)["nws.format"] == "1"


def test_meta_is_sorted_for_datasets_and_their_own_metric_best_first(tmp_path):
    chance = random.Random(2)
    rows = []
    for number in range(80):
        score = chance.random()
        kind = {"task_type": CLASSIFICATION, "metric": "accuracy"} if number % 2 else {"metric": "rmse"}
        name = "kinds" if number % 2 else chance.choice(["wheat", "corn"])
        rows.append(row(number, dataset_name=name, val_score=None if number % 10 == 0 else score, **kind))
    for start in range(0, 80, 20):
        segments.append(tmp_path, rows[start : start + 20])
    compaction.compact(tmp_path)
    (path,) = segments.paths(tmp_path, segments.META)
    found = pl.read_parquet(path)
    assert found["dataset_name"].is_sorted()
    for name, group in found.group_by("dataset_name"):
        scores = group["val_score"].to_list()
        there = [score for score in scores if score is not None]
        assert scores[: len(there)] == sorted(there, reverse=name == ("kinds",))


def test_arrays_are_sorted_by_prediction_in_small_groups(tmp_path):
    shuffled = list(range(100))
    random.Random(3).shuffle(shuffled)
    for start in range(0, 100, 25):
        once(tmp_path, *shuffled[start : start + 25])
    compaction.compact(tmp_path)
    (path,) = segments.paths(tmp_path, segments.DATA)
    file = pq.ParquetFile(path)
    ids = file.read(["prediction_id"])["prediction_id"].to_pylist()
    assert ids == sorted(ids)
    sizes = [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)]
    assert sizes == [64, 64, 64, 64, 44]
    assert file.metadata.row_group(1).column(0).statistics.min == ids[64]


def test_parts_are_bounded_and_their_order_is_that_of_the_whole(tmp_path, monkeypatch):
    monkeypatch.setitem(segments.GROUP_ROWS, segments.META, 7)
    for start in range(0, 40, 8):
        once(tmp_path, *range(start, start + 8), val_score=float(start % 3))
    paths = segments.paths(tmp_path, segments.META)
    parts = list(merging.merge(paths, segments.META).parts())
    assert [len(part) for part in parts] == [7, 7, 7, 7, 7, 5]
    found = pl.concat(pl.from_arrow(part) for part in parts)
    assert found["pipeline_number"].n_unique() == 40
    assert found.select("val_score", "prediction_id").equals(found.select("val_score", "prediction_id").sort(pl.all()))


def test_a_segment_is_not_merged_alone_nor_twice(tmp_path):
    assert compaction.compact(tmp_path) == Compaction(merged=0, segments=0)
    assert list(tmp_path.iterdir()) == []
    once(tmp_path, 1)
    assert compaction.compact(tmp_path, least=2) == Compaction(merged=0, segments=1)
    assert compaction.compact(tmp_path) == Compaction(merged=1, segments=1)
    assert compaction.compact(tmp_path) == Compaction(merged=0, segments=1)
    assert state.numbers(tmp_path) == [1]


def test_what_has_piled_up_is_merged_without_being_asked(tmp_path):
    for number in range(PILED_UP):
        compaction.tidy(tmp_path)
        once(tmp_path, number)
    assert len(segments.names(tmp_path / segments.META)) == PILED_UP
    compaction.tidy(tmp_path)
    assert len(segments.names(tmp_path / segments.META)) == 1
    assert numbers(tmp_path) == list(range(PILED_UP))


def test_a_large_segment_is_not_written_again_for_a_small_batch(tmp_path):
    """A row is written again as often as the index doubles."""
    written = 0
    for batch in range(64):
        once(tmp_path, *range(batch * 30, batch * 30 + 30))
        before = set(segments.names(tmp_path / segments.META))
        compaction.compact(tmp_path)
        (new,) = set(segments.names(tmp_path / segments.META)) - before
        written += pq.read_metadata(tmp_path / segments.META / new).num_rows
    assert numbers(tmp_path) == list(range(64 * 30))
    assert written < 64 * 30 * 8
    assert len(segments.names(tmp_path / segments.META)) <= 8


def test_a_segment_of_the_largest_size_stays(tmp_path, monkeypatch):
    once(tmp_path, *range(20))
    compaction.compact(tmp_path)
    (large,) = segments.names(tmp_path / segments.META)
    monkeypatch.setattr(compaction, "LARGEST", (tmp_path / segments.META / large).stat().st_size + 1)
    once(tmp_path, *range(20, 60))
    compaction.compact(tmp_path)
    assert large in segments.names(tmp_path / segments.META)
    assert LARGEST >= 64 << 20


def test_rows_that_stand_in_a_merged_segment_are_not_added_again(tmp_path):
    once(tmp_path, 1, 2, 3)
    compaction.compact(tmp_path)
    segments.append(tmp_path, [row(2), row(4)])
    segments.append(tmp_path, [row(4), row(5)])
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]
    compaction.compact(tmp_path)
    assert sorted(pl.read_parquet(tmp_path / segments.META)["pipeline_number"]) == [1, 2, 3, 4, 5]
    assert len(pl.read_parquet(tmp_path / segments.DATA)) == 15


def test_a_name_made_void_is_nobodys(tmp_path):
    name = segments.once_name()
    assert segments.void(tmp_path, name)
    assert not segments.void(tmp_path, name)
    assert segments.append(tmp_path, [row(1)], name=name) is None
    assert segments.names(tmp_path / segments.DATA) == []
    segments.append(tmp_path, [row(1)])
    compaction.compact(tmp_path)
    assert state.read(tmp_path).manifest.void == [name]
    # The file is gone, so that the link is free again; the name is not.
    assert segments.append(tmp_path, [row(1), row(2)], name=name) == name
    assert numbers(tmp_path) == [1]
    compaction.compact(tmp_path)
    assert numbers(tmp_path) == [1]


def test_an_old_promise_is_not_relied_on(tmp_path, monkeypatch):
    name = segments.once_name()
    monkeypatch.setattr(switching, "SETTLED", dt.timedelta(0))
    once(tmp_path, 1)
    compaction.compact(tmp_path)
    assert segments.append(tmp_path, [row(1), row(2)], name=name) == name
    assert not state.read(tmp_path).relied_on(name)
    assert numbers(tmp_path) == [1, 2]


def test_arrays_without_rows_wait_for_them(tmp_path):
    once(tmp_path, 1)
    name = once(tmp_path, 2)
    meta = tmp_path / segments.META / name
    rows = meta.read_bytes()
    meta.unlink()
    compaction.compact(tmp_path)
    assert name in segments.names(tmp_path / segments.DATA)
    meta.write_bytes(rows)
    assert numbers(tmp_path) == [1, 2]
    assert len(Predictions(tmp_path).arrays(row(2).meta["prediction_id"])) == 3


def test_arrays_without_rows_are_removed_after_a_day(tmp_path, monkeypatch):
    once(tmp_path, 1)
    name = once(tmp_path, 2)
    (tmp_path / segments.META / name).unlink()
    compaction.compact(tmp_path)
    assert name in segments.names(tmp_path / segments.DATA)
    monkeypatch.setattr(switching, "ABANDONED", dt.timedelta(0))
    once(tmp_path, 3)
    compaction.compact(tmp_path)
    assert name not in segments.names(tmp_path / segments.DATA)
    assert numbers(tmp_path) == [1, 3]


def test_only_one_process_merges_and_the_others_do_not_wait(tmp_path):
    once(tmp_path, 1)
    once(tmp_path, 2)
    folder = fsio.make_folder(tmp_path / state.FOLDER)
    with fsio.lock(folder / ".compacting"):
        assert compaction.compact(tmp_path) is None
    assert compaction.compact(tmp_path).merged == 2


def test_what_a_killed_compaction_left_does_not_count_and_is_cleaned_up(tmp_path):
    once(tmp_path, 1)
    once(tmp_path, 2)
    stray = segments.merged_name(1)
    (path, _) = segments.paths(tmp_path, segments.META)
    (tmp_path / segments.META / stray).write_bytes(path.read_bytes())
    assert numbers(tmp_path) == [1, 2]
    compaction.compact(tmp_path)
    left = segments.merged_name(2)
    (tmp_path / segments.META / left).write_bytes(b"")
    assert numbers(tmp_path) == [1, 2]
    compaction.tidy(tmp_path)
    assert left in segments.names(tmp_path / segments.META)
    compaction.compact(tmp_path)
    assert not {stray, left} & set(segments.names(tmp_path / segments.META))
    assert numbers(tmp_path) == [1, 2]


def test_a_manifest_says_what_counts(tmp_path):
    name = once(tmp_path, 1, 2)
    compaction.compact(tmp_path)
    path = tmp_path / "_manifests" / "00000001.json"
    manifest = json.loads(path.read_bytes())
    assert manifest["schema"] == "index_manifest/1"
    assert list(manifest["retired"]) == [name]
    (entry,) = manifest["meta"]
    assert (entry["name"], entry["rows"]) == (segments.names(tmp_path / segments.META)[0], 2)
    ids = sorted(row(number).meta["prediction_id"] for number in (1, 2))
    assert [entry["first_id"], entry["last_id"]] == ids
    assert manifest["data"][0]["rows"] == 6
    path.write_bytes(path.read_bytes().replace(b"index_manifest/1", b"index_manifest/2"))
    with pytest.raises(NewerFormat, match=r"00000001\.json"):
        numbers(tmp_path)


def test_old_manifests_are_removed(tmp_path):
    for number in range(switching.KEPT_MANIFESTS + 4):
        once(tmp_path, number)
        compaction.compact(tmp_path)
    assert len(state.numbers(tmp_path)) == switching.KEPT_MANIFESTS


def test_segments_that_cannot_have_a_prediction_are_not_opened(tmp_path):
    once(tmp_path, *range(100))
    compaction.compact(tmp_path)
    (old,) = segments.paths(tmp_path, segments.DATA)
    once(tmp_path, 120)
    compaction.compact(tmp_path)
    old.write_bytes(b"damaged")
    held = Predictions(tmp_path)
    assert len(held.arrays(row(120).meta["prediction_id"])) == 3
    with pytest.raises(Damaged, match=old.name):
        held.arrays(row(1).meta["prediction_id"])


@pytest.mark.parametrize(
    "spoil", [lambda path: path.write_bytes(b"PAR1"), lambda path: path.unlink()], ids=["torn", "gone"]
)
def test_damage_is_named_and_nothing_is_changed(tmp_path, spoil):
    once(tmp_path, *range(5))
    compaction.compact(tmp_path)
    for number in range(30, 40):
        once(tmp_path, number)
    (path,) = [path for path in segments.paths(tmp_path, segments.META) if path.name.startswith("merged")]
    spoil(path)
    names = {table: segments.names(tmp_path / table) for table in segments.TABLES}
    with pytest.raises(Damaged, match=path.name):
        compaction.compact(tmp_path)
    compaction.tidy(tmp_path)
    assert {table: segments.names(tmp_path / table) for table in segments.TABLES} == names
    with pytest.raises(Damaged, match=path.name):
        numbers(tmp_path)


def test_an_index_counts_on_without_what_was_taken_away(tmp_path):
    assert not heal(tmp_path / "none")
    once(tmp_path, *range(100))
    compaction.compact(tmp_path)
    (first,) = segments.paths(tmp_path, segments.META)
    once(tmp_path, 120)
    compaction.compact(tmp_path)
    first.unlink()
    assert heal(tmp_path)
    assert not heal(tmp_path)
    assert numbers(tmp_path) == [120]


def test_forgotten_predictions_are_gone_with_their_arrays_and_nothing_else_is(tmp_path):
    once(tmp_path, *range(10))
    compaction.compact(tmp_path)
    (merged,) = segments.names(tmp_path / segments.META)
    once(tmp_path, 20, 21)
    segments.append(tmp_path, [row(3), row(22)])
    gone = [row(number).meta["prediction_id"] for number in (3, 20, 999)]
    assert compaction.forget(tmp_path, gone) == 2
    assert numbers(tmp_path) == [0, 1, 2, *range(4, 10), 21, 22]
    assert merged not in segments.names(tmp_path / segments.META)
    for table in segments.TABLES:
        assert not set(pl.read_parquet(tmp_path / table)["prediction_id"]) & set(gone)
    assert compaction.forget(tmp_path, gone) == 0
    assert compaction.forget(tmp_path, []) == 0
    compaction.compact(tmp_path)
    assert compaction.forget(tmp_path, [row(number).meta["prediction_id"] for number in range(30)]) == 11
    assert numbers(tmp_path) == []


def test_forgetting_waits_for_who_is_merging_and_says_so_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "_PATIENCE", 0.05)
    once(tmp_path, 1)
    with fsio.lock(fsio.make_folder(tmp_path / state.FOLDER) / ".compacting"), pytest.raises(Locked):
        compaction.forget(tmp_path, [row(1).meta["prediction_id"]])
    assert numbers(tmp_path) == [1]


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(b"{}"),
        lambda path: path.write_bytes(path.read_bytes().replace(b'"rows"', b'"rocks"')),
        lambda path: path.write_bytes(path.read_bytes().replace(b'"name": "merged-', b'"name": "merged_')),
    ],
    ids=["torn", "empty", "entries", "names"],
)
def test_a_harmed_manifest_loses_no_row(tmp_path, harm):
    for start in (0, 100, 200):
        once(tmp_path, *range(start, start + 30 - start // 10))
        compaction.compact(tmp_path)
    once(tmp_path, 300)
    segments.append(tmp_path, [row(300), row(5)])
    before = {table: everything(tmp_path, table) for table in segments.TABLES}
    harm(tmp_path / "_manifests" / f"{state.numbers(tmp_path)[-1]:08d}.json")
    with pytest.raises(Damaged) as caught:
        numbers(tmp_path)
    assert "nws reindex" in caught.value.hint
    assert heal(tmp_path)
    assert not heal(tmp_path)
    for table in segments.TABLES:
        assert everything(tmp_path, table).equals(before[table])
    compaction.compact(tmp_path)
    for table in segments.TABLES:
        assert everything(tmp_path, table).equals(before[table])
        assert len(pl.read_parquet(tmp_path / table)) == len(before[table])


def test_healing_does_not_count_rows_twice(tmp_path):
    """A stray may be what a killed compaction made of segments that still count."""
    once(tmp_path, *range(50))
    compaction.compact(tmp_path)
    once(tmp_path, 60)
    compaction.compact(tmp_path)
    for table in segments.TABLES:
        first, second = sorted(segments.paths(tmp_path, table), key=lambda path: -path.stat().st_size)
        stray = merging.merge([first, second], table)
        assert segments.write(tmp_path, table, segments.merged_name(9), stray.parts())
        second.unlink()
    assert heal(tmp_path)
    assert numbers(tmp_path) == [*range(50), 60]
    assert len(pl.read_parquet(tmp_path / segments.META)) == 51
    assert len(pl.read_parquet(tmp_path / segments.DATA)) == 153


def test_a_harmed_manifest_does_not_bring_retired_segments_back(tmp_path):
    name = once(tmp_path, 1, 2)
    retired = {table: (tmp_path / table / name).read_bytes() for table in segments.TABLES}
    compaction.compact(tmp_path)
    for table, data in retired.items():
        (tmp_path / table / name).write_bytes(data)
    assert numbers(tmp_path) == [1, 2]
    (tmp_path / "_manifests" / "00000001.json").write_bytes(b"")
    assert heal(tmp_path)
    assert numbers(tmp_path) == [1, 2]
    compaction.compact(tmp_path)
    assert len(pl.read_parquet(tmp_path / segments.META)) == 2
