"""Predictions: ranking, filtering and finding rows of the index."""

import datetime as dt
import math
import random

import polars as pl
import pytest
from index_rows import START, row

from nws import metrics
from nws.errors import UnknownName, UsageError
from nws.index import segments
from nws.index.columns import META
from nws.index.criteria import heading
from nws.index.predictions import Predictions
from nws.metrics import CLASSIFICATION, METRICS


def index(folder, *batches):
    for batch in batches:
        segments.append(folder, batch)
    return Predictions(folder)


def numbers(frame):
    return frame["pipeline_number"].to_list()


def test_an_index_without_segments_answers_with_no_rows(tmp_path):
    empty = Predictions(tmp_path / "none")
    assert empty.query_best().shape[0] == 0
    assert empty.filter_by_criteria("wheat").shape[0] == 0
    assert empty.list_runs().shape[0] == 0
    assert empty.records() == set()
    assert empty.query_best().columns == [*(column.name for column in META), "deleted"]


def test_best_is_on_validation_results_in_the_direction_of_the_metric(tmp_path):
    held = index(
        tmp_path,
        [row(1, val_rmse=3.0, test_rmse=0.1, val_r2=0.9), row(2, val_rmse=1.0, test_rmse=9.0, val_r2=0.1)],
        [row(3, val_rmse=2.0, test_rmse=5.0, val_r2=0.5)],
    )
    best = held.leaderboard("wheat")
    assert numbers(best.rows) == [2, 3, 1]
    assert (best.column, best.order) == ("val_rmse", "lowest first")
    assert numbers(held.query_best(metric="r2")) == [1, 3, 2]
    assert numbers(held.query_best(metric="RMSEP")) == [1, 3, 2]
    assert numbers(held.query_best(metric="rmse", partition="test", n=1)) == [1]
    assert numbers(held.query_best("wheat", "val_rmse", n=2)) == [2, 3]
    assert held.leaderboard(metric="r2").order == "highest first"


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_ranks_as_its_badness_says(tmp_path, name):
    chance = random.Random(name)
    scores = [chance.uniform(-2, 2) for _ in range(20)]
    task = METRICS[name].task
    held = index(tmp_path, [row(at, task_type=task, **{f"val_{name}": score}) for at, score in enumerate(scores)])
    expected = sorted(range(20), key=lambda at: metrics.badness(METRICS[name], scores[at]))
    assert numbers(held.query_best(metric=name, n=None)) == expected


def test_ties_break_by_date_then_id(tmp_path):
    late, early = START + dt.timedelta(days=1), START
    rows = [row(at, val_rmse=1.0, created_at=late if at < 3 else early) for at in range(6)]
    held = index(tmp_path, rows[:2], rows[2:])
    by_id = {item.meta["pipeline_number"]: item.meta["prediction_id"] for item in rows}
    expected = sorted(range(3, 6), key=by_id.get) + sorted(range(3), key=by_id.get)
    assert numbers(held.query_best()) == expected


def test_missing_scores_and_failed_pipelines_are_not_ranked(tmp_path):
    held = index(
        tmp_path,
        [row(1, val_rmse=None), row(2, val_rmse=math.nan), row(3, status="failed"), row(4, val_rmse=2.0)],
    )
    assert numbers(held.query_best()) == [4]
    assert sorted(numbers(held.filter_by_criteria())) == [1, 2, 3, 4]


def test_a_bare_metric_never_falls_back_to_another_partition(tmp_path):
    held = index(tmp_path, [row(1, val_rmse=None, train_rmse=None), row(2, val_rmse=None, train_rmse=None)])
    best = held.leaderboard(metric="rmse")
    assert best.rows.shape[0] == 0
    assert (best.column, best.elsewhere) == ("val_rmse", ("test_rmse",))


def test_the_usual_metric_is_the_one_the_predictions_agree_on(tmp_path):
    held = index(
        tmp_path,
        [
            row(1, metric="mae", dataset_name="a"),
            row(2, metric="mae", dataset_name="a"),
            row(3, metric="r2", dataset_name="b"),
        ],
        [row(4, dataset_name="c", task_type=CLASSIFICATION), row(5, dataset_name="c", status="failed", task_type=None)],
    )
    assert held.leaderboard("a").column == "val_mae"
    assert held.leaderboard(task="regression").column == "val_rmse"
    assert held.leaderboard("c").column == "val_balanced_accuracy"
    assert held.leaderboard("c", partition="test").column == "test_balanced_accuracy"


def test_two_tasks_at_once_need_a_metric_or_a_task(tmp_path):
    held = index(tmp_path, [row(1), row(2, task_type=CLASSIFICATION)])
    with pytest.raises(UsageError, match="classification and regression"):
        held.query_best()
    assert numbers(held.query_best(task="classification")) == [2]
    assert numbers(held.query_best(metric="rmse")) == [1]


def test_a_prediction_that_was_appended_twice_is_seen_once(tmp_path):
    held = index(tmp_path, [row(1), row(2)], [row(2), row(3)], [row(2)])
    assert sorted(numbers(held.filter_by_criteria())) == [1, 2, 3]
    assert numbers(held.query_best()) == [1, 2, 3]
    assert held.list_runs()["predictions"].to_list() == [3]
    twice = row(2).meta["prediction_id"]
    assert held.get(twice)["pipeline_number"] == 2
    assert held.resolve(twice)["pipeline_number"] == 2
    assert held.arrays(twice)["partition"].to_list() == ["train", "val", "test"]


CHOICES = [
    row(1, config_name="Base_line", dataset_name="corn"),
    row(2, preprocessing="StandardNormalVariate > SavitzkyGolay(window_size=7)", run_id="2026-01-03_wheat"),
    row(
        3,
        model_class="sklearn.linear_model._ridge.Ridge",
        model_type="Ridge",
        model="Ridge(alpha=2)",
        created_at=START + dt.timedelta(days=40),
    ),
    row(4, task_type=CLASSIFICATION, target="kind"),
    row(5, status="failed"),
]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"dataset": "corn"}, [1]),
        ({"dataset": None, "task": "classification"}, [4]),
        ({"target": "kind"}, [4]),
        ({"run": "2026-01-03_wheat"}, [2]),
        ({"status": "failed"}, [5]),
        ({"pipeline": "base_LINE"}, [1]),
        ({"pipeline": "savitzky"}, [2]),
        ({"pipeline": "golay("}, [2]),
        ({"pipeline": "ridge"}, [3]),
        ({"pipeline": "0004_"}, [4]),
        ({"pipeline": CHOICES[2].meta["pipeline_hash"][:9]}, [3]),
        ({"model": "LINEAR_model"}, [3]),
        ({"model": "pls", "dataset": "corn"}, [1]),
        ({"since": dt.date(2026, 2, 1)}, [3]),
        ({"since": dt.date(2026, 1, 2)}, [1, 2, 3, 4, 5]),
        ({"since": START + dt.timedelta(seconds=4)}, [3, 4, 5]),
        ({"since": (START + dt.timedelta(seconds=4)).astimezone(dt.timezone(dt.timedelta(hours=9)))}, [3, 4, 5]),
        ({"since": dt.datetime(2026, 1, 2, 3, 4, 9)}, [3, 4, 5]),
    ],
)
def test_criteria(tmp_path, criteria, expected):
    held = index(tmp_path, CHOICES[:2], CHOICES[2:])
    assert sorted(numbers(held.filter_by_criteria(**criteria))) == expected


def test_the_list_is_newest_first_and_limited(tmp_path):
    held = index(tmp_path, CHOICES)
    assert numbers(held.filter_by_criteria(n=3)) == [3, 5, 4]
    shown = held.filter_by_criteria(n=1, show=["status", "record"])
    assert shown.columns == ["status", "record"]


@pytest.mark.parametrize(
    ("ask", "message", "hint"),
    [
        (lambda held: held.query_best("whaet"), "no dataset 'whaet'", "wheat"),
        (lambda held: held.filter_by_criteria("whaet"), "no dataset 'whaet'", "wheat"),
        (lambda held: held.query_best(run="2026-01-02_wheta"), "no run '2026-01-02_wheta'", "2026-01-02_wheat"),
        (lambda held: held.filter_by_criteria(target="z"), "no target 'z'", "kind"),
        (lambda held: held.query_best(metric="rsme"), "unknown metric: 'rsme'", "rmse"),
        (lambda held: held.query_best(metric="rmse", partition="vall"), "unknown partition", "train, val, test"),
        (lambda held: held.query_best(task="regresion"), "unknown task", "regression"),
        (lambda held: held.filter_by_criteria(show=["datasetname"]), "unknown column: 'datasetname'", "dataset_name"),
        (lambda held: held.get("0"), "no prediction 0", "nws catalog list"),
        (lambda held: held.arrays("0"), "no prediction 0", "nws catalog list"),
        (lambda held: held.resolve("ffffffff"), "no prediction 'ffffffff'", "6 digits"),
        (lambda held: held.resolve(CHOICES[0].meta["record"][:5]), "no prediction", "6 digits"),
        (
            lambda held: held.resolve(CHOICES[0].meta["prediction_id"][:8]),
            "begins 4 ids",
            CHOICES[0].meta["prediction_id"],
        ),
    ],
)
def test_unknown_names_come_with_the_nearest(tmp_path, ask, message, hint):
    with pytest.raises(UnknownName) as caught:
        ask(index(tmp_path, CHOICES))
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "ask",
    [
        lambda held: held.query_best(metric="val_rmse", partition="test"),
        lambda held: held.query_best(task="regression", n=0),
        lambda held: held.filter_by_criteria(colour="red"),
    ],
)
def test_words_that_do_not_fit_together(tmp_path, ask):
    with pytest.raises(UsageError):
        ask(index(tmp_path, CHOICES))


def test_a_known_dataset_without_ranked_rows_is_not_an_unknown_name(tmp_path):
    held = index(tmp_path, CHOICES)
    assert held.query_best("corn", model="Ridge").shape[0] == 0


def test_one_prediction_is_found_with_its_arrays(tmp_path):
    held = index(tmp_path, [row(number) for number in range(50)])
    wanted = row(33)
    assert held.resolve(wanted.meta["record"][:8])["prediction_id"] == wanted.meta["prediction_id"]
    found = held.arrays(wanted.meta["prediction_id"])
    assert found.select("partition", "fold_id", "y_pred").to_dicts() == [
        {key: item[key] for key in ("partition", "fold_id", "y_pred")} for item in wanted.data
    ]


def test_arrays_without_a_meta_row_are_not_seen(tmp_path):
    held = index(tmp_path, [row(1)])
    orphan = segments.append(tmp_path, [row(2)])
    (tmp_path / segments.META / orphan).unlink()
    assert held.arrays(row(1).meta["prediction_id"]).shape[0] == 3
    with pytest.raises(UnknownName):
        held.arrays(row(2).meta["prediction_id"])
    assert held.records() == {row(1).meta["record"]}


def test_a_failed_pipeline_has_no_arrays(tmp_path):
    held = index(tmp_path, [row(1, status="failed")])
    assert held.arrays(row(1).meta["prediction_id"]).shape[0] == 0


def test_runs(tmp_path):
    held = index(tmp_path, CHOICES)
    assert held.list_runs("wheat").select("run_id", "predictions", "failed").rows() == [
        ("2026-01-02_wheat", 3, 1),
        ("2026-01-03_wheat", 1, 0),
    ]
    assert held.list_runs()["run_id"].to_list() == ["2026-01-03_wheat", "2026-01-02_wheat"]
    assert held.list_runs()["last_created_at"].to_list()[1] == START + dt.timedelta(days=40)


def test_saving_and_loading_keeps_every_value(tmp_path, monkeypatch):
    monkeypatch.setattr("nws.index.copying.AT_ONCE", 2)
    held = index(tmp_path / "a", CHOICES[:3], CHOICES[1:])
    assert held.save_to_parquet(tmp_path / "b") == 5
    copy = Predictions.load_from_parquet(tmp_path / "b")
    assert copy.scan().collect().sort("prediction_id").equals(held.scan().collect().sort("prediction_id"))
    for item in CHOICES:
        identity = item.meta["prediction_id"]
        assert copy.arrays(identity).equals(held.arrays(identity))
    chosen = CHOICES[2].meta["prediction_id"]
    assert held.save_to_parquet(tmp_path / "c", [chosen]) == 1
    assert Predictions.load_from_parquet(tmp_path / "c").scan().collect()["prediction_id"].to_list() == [chosen]
    assert pl.read_parquet(tmp_path / "c" / segments.DATA)["prediction_id"].unique().to_list() == [chosen]


def test_loading_what_is_not_an_index(tmp_path):
    with pytest.raises(UnknownName, match=r"predictions_meta\.parquet"):
        Predictions.load_from_parquet(tmp_path)


def test_headings():
    assert heading("val_rmse") == "RMSECV (val_rmse)"
    assert heading("test_r2") == "R² (test_r2)"
