"""The verbs of Predictions against a model of plain Python over random rows."""

import datetime as dt
import math
import random
import statistics

import polars as pl
import pytest
from index_rows import START, row

from nws import metrics
from nws.errors import UnknownName, UsageError
from nws.ids import hash_of
from nws.index import ranking, segments
from nws.index.predictions import Predictions
from nws.index.standing import Standing
from nws.metrics import CLASSIFICATION, METRICS, PRIMARY, REGRESSION

DATASETS = {"wheat": REGRESSION, "corn": REGRESSION, "kinds": CLASSIFICATION}
RUNS = [f"2026-01-0{day}_{name}" for name in DATASETS for day in (1, 2, 3)]
# Pipelines were deleted out of a run that is there, and out of one that is gone since.
TAKEN = frozenset({(run, number) for run in RUNS[:2] for number in range(0, 300, 3)})
STANDING = Standing(runs=frozenset(RUNS[::2]), deleted=TAKEN)
OF_TASK = {task: [name for name in METRICS if METRICS[name].task == task] for task in (REGRESSION, CLASSIFICATION)}


def made(chance, number):
    run = chance.choice(RUNS)
    dataset = run.rpartition("_")[2]
    task = DATASETS[dataset]
    # Few distinct scores and moments, so that there are ties everywhere.
    scores = {
        f"{part}_{name}": chance.choice([None, math.nan, *(place / 4 - 1 for place in range(9))])
        for part in metrics.PARTITIONS
        for name in OF_TASK[task]
    }
    primary = chance.choice([PRIMARY[task], OF_TASK[task][-1]])
    failed = chance.random() < 0.1
    known = {
        "task_type": task,
        "metric": primary,
        **{f"{part}_score": scores[f"{part}_{primary}"] for part in metrics.PARTITIONS},
    }
    if failed:
        known = {"task_type": chance.choice([None, task]), "metric": None}
        scores = dict.fromkeys(scores)
    return row(
        number,
        run_id=run,
        dataset_name=dataset,
        pipeline_hash=hash_of(["config", number % 20]),
        target=chance.choice(["y", "z"]),
        model_type=chance.choice(["PLSRegression", "Ridge"]),
        created_at=START + dt.timedelta(days=chance.randrange(6)),
        status="failed" if failed else "completed",
        **known,
        **scores,
    ).meta


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return the index and the rows that are in it, of which some are in several segments."""
    chance = random.Random(7)
    rows = [made(chance, number) for number in range(300)]
    catalog = tmp_path_factory.mktemp("catalog")
    for start in range(0, 300, 60):
        segments.append(catalog, [segments.Row(item) for item in rows[start : start + 70]])
    held = Predictions(catalog, standing=lambda: STANDING)
    for item in rows[:300:7]:
        held.tags.add(item["record"], "seven")
    for item in rows[:300:5]:
        held.tags.add(item["record"], "five")
    return held, rows


def gone(item):
    return item["run_id"] not in STANDING.runs or (item["run_id"], item["pipeline_number"]) in STANDING.deleted


def figure(item, column):
    value = item.get(column)
    return None if value is None or math.isnan(value) else value


def ranked(rows, column):
    scored = [item for item in rows if item["status"] == "completed" and figure(item, column) is not None]
    metric = metrics.parse(column)[1]
    return sorted(
        scored, key=lambda item: (metrics.badness(metric, item[column]), item["created_at"], item["prediction_id"])
    )


def newest(rows):
    return sorted(rows, key=lambda item: (item["created_at"], item["prediction_id"]), reverse=True)


def ids(found):
    return (
        found["prediction_id"].to_list()
        if isinstance(found, pl.DataFrame)
        else [item["prediction_id"] for item in found]
    )


DAY = (START + dt.timedelta(days=2)).date()
FILTERS = {
    "dataset": ({"dataset": "wheat"}, lambda item: item["dataset_name"] == "wheat"),
    "target": ({"target": "z"}, lambda item: item["target"] == "z"),
    "run": ({"run": RUNS[4]}, lambda item: item["run_id"] == RUNS[4]),
    "task": ({"task": CLASSIFICATION}, lambda item: item["task_type"] == CLASSIFICATION),
    "status": ({"status": "failed"}, lambda item: item["status"] == "failed"),
    "config": ({"config": hash_of(["config", 3])}, lambda item: item["pipeline_number"] % 20 == 3),
    "since": ({"since": DAY}, lambda item: item["created_at"].date() >= DAY),
    "until": ({"until": DAY}, lambda item: item["created_at"].date() <= DAY),
    "until a moment": ({"until": START + dt.timedelta(days=2)}, lambda item: item["created_at"] <= START + dt.timedelta(days=2)),
    "tag": ({"tag": "seven"}, lambda item: item["pipeline_number"] % 7 == 0),
    "both tags": ({"tag": ["seven", "five"]}, lambda item: item["pipeline_number"] % 35 == 0),
    "deleted": ({"deleted": True}, gone),
    "kept": ({"deleted": False}, lambda item: not gone(item)),
    "at most": ({"thresholds": {"rmse_max": 0.25}}, lambda item: (figure(item, "val_rmse") or 0) <= 0.25 and figure(item, "val_rmse") is not None),
    "at least": ({"thresholds": {"test-r2-min": "0.5"}}, lambda item: (figure(item, "test_r2") or 0) >= 0.5),
    "two limits": (
        {"thresholds": {"RMSEP_max": 0.5, "train_kappa_min": 0}},
        lambda item: False,
    ),
    "where": (
        {"where": "val_rpd > 0.25 and not (model_type == 'Ridge' or target = \"z\")"},
        lambda item: (figure(item, "val_rpd") or 0) > 0.25 and item["model_type"] != "Ridge" and item["target"] != "z",
    ),
    "where deleted": ({"where": "deleted and val_rmse < 0"}, lambda item: gone(item) and (figure(item, "val_rmse") or 0) < 0),
    "where absent": ({"where": "val_rmse is null"}, lambda item: figure(item, "val_rmse") is None),
    "all at once": (
        {"dataset": "wheat", "tag": "seven", "deleted": False, "since": DAY, "where": "pipeline_number % 2 = 0"},
        lambda item: item["dataset_name"] == "wheat" and item["pipeline_number"] % 14 == 0 and not gone(item) and item["created_at"].date() >= DAY,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_selects_what_the_model_selects(world, name):
    held, rows = world
    criteria, meets = FILTERS[name]
    expected = newest(filter(meets, rows))
    assert ids(held.filter_by_criteria(**criteria)) == ids(expected)
    if name != "two limits":
        assert 0 < len(expected) < len(rows)
    assert sorted(ids(held.scan(**criteria).collect())) == sorted(ids(expected))
    for column in ("val_rmse", "test_accuracy"):
        assert ids(held.query_best(metric=column, n=5, **criteria)) == ids(ranked(filter(meets, rows), column)[:5])


@pytest.mark.parametrize("spare", [0, 3, ranking.SPARE])
@pytest.mark.parametrize("column", ["val_rmse", "val_r2", "test_bias", "train_slope", "val_log_loss"])
def test_the_first_rows_are_those_of_a_whole_sort(world, column, spare, monkeypatch):
    monkeypatch.setattr(ranking, "SPARE", spare)
    held, rows = world
    expected = ids(ranked(rows, column))
    for n in (1, 2, 3, 7, 50, 299, None):
        assert ids(held.query_best(metric=column, n=n)) == expected[:n]
        assert ids(held.filter_by_criteria(n=n)) == ids(newest(rows))[:n]


def test_the_deleted_are_marked(world):
    held, rows = world
    expected = {item["prediction_id"]: gone(item) for item in rows}
    found = held.filter_by_criteria()
    assert dict(found.select("prediction_id", "deleted").rows()) == expected
    assert set(expected.values()) == {True, False}
    shown = held.filter_by_criteria(show=["deleted", "tags", "ref"])
    assert shown.columns == ["deleted", "tags", "ref"]
    alone = Predictions(held.catalog)
    assert not alone.filter_by_criteria()["deleted"].any()


def test_tags_are_a_column_when_asked_for(world):
    held, _ = world
    found = held.filter_by_criteria(show=["pipeline_number", "tags", "ref", "run_id"])
    for number, tags, ref, run in found.rows():
        assert tags == [tag for tag, each in (("five", 5), ("seven", 7)) if number % each == 0]
        assert ref == f"{run}/{number:04d}"
    assert "tags" not in held.filter_by_criteria(n=1).columns


def test_a_search_ranks_by_its_metric_or_its_first_limit(world):
    held, rows = world
    within = [
        item
        for item in rows
        if None not in (figure(item, "val_r2"), figure(item, "val_rmse"))
        and item["val_r2"] >= 0.5
        and item["val_rmse"] <= 0.75
    ]
    limits = {"r2_min": 0.5, "rmse_max": 0.75}
    assert ids(held.search_predictions(thresholds=limits)) == ids(ranked(within, "val_r2"))
    assert ids(held.search_predictions(metric="rmse", thresholds=limits, n=3)) == ids(ranked(within, "val_rmse")[:3])
    assert within


@pytest.mark.parametrize("at_once", [1, 64])
def test_the_best_of_each_dataset_and_target(world, at_once, monkeypatch):
    monkeypatch.setattr(ranking, "_GROUPS_AT_ONCE", at_once)
    held, rows = world
    expected = [
        ranked([item for item in rows if (item["dataset_name"], item["target"]) == (dataset, target)], "val_rmse")[:1]
        for dataset in sorted(DATASETS)
        for target in ("y", "z")
    ]
    assert ids(held.get_global_best("rmse")) == ids([item for found in expected for item in found])
    assert len(held.get_global_best("RMSEP", dataset="corn", target="y")) == 1


def own(rows):
    groups = {}
    for item in rows:
        if item["status"] == "completed" and figure(item, "val_score") is not None:
            groups.setdefault((item["dataset_name"], item["target"], item["metric"]), []).append(item)
    return {key: ranked(groups[key], f"val_{key[2]}")[0] for key in sorted(groups)}


def test_without_a_metric_each_stands_with_its_own(world):
    held, rows = world
    assert ids(held.get_global_best()) == ids(own(rows).values())
    kept = [item for item in rows if not gone(item)]
    assert ids(held.get_global_best(deleted=False)) == ids(own(kept).values())


def test_one_config_across_datasets(world):
    held, rows = world
    whole = hash_of(["config", 4])
    same = [item for item in rows if item["pipeline_hash"] == whole]
    assert ids(held.compare_across_datasets(whole[:10])) == ids(own(same).values())
    assert ids(held.compare_across_datasets(whole, "accuracy", dataset="kinds", target="y")) == ids(
        ranked([item for item in same if (item["dataset_name"], item["target"]) == ("kinds", "y")], "val_accuracy")[:1]
    )
    with pytest.raises(UnknownName, match="no pipeline config 'ffffff'"):
        held.compare_across_datasets("ffffff")
    with pytest.raises(UnknownName, match="no pipeline config ''"):
        held.compare_across_datasets("")
    shared = next(
        digit for digit in "0123456789abcdef" if sum(hash_of(["config", n])[0] == digit for n in range(20)) > 1
    )
    with pytest.raises(UnknownName, match=r"begins \d config hashes"):
        held.compare_across_datasets(shared)


@pytest.mark.parametrize("by", ["dataset_name", "model_type", "run_id", "target", "run_date", "n_features"])
@pytest.mark.parametrize("metric", ["rmse", "val_r2", "bias", "slope", "test_accuracy"])
def test_figures_of_groups(world, by, metric):
    held, rows = world
    partition, known = metrics.parse(metric)
    column = f"{partition or 'val'}_{known.name}"
    groups = {}
    for item in rows:
        if item["task_type"] == known.task:
            groups.setdefault(item.get(by), []).append(item)
    loose = {}
    for item in rows:
        if item["task_type"] is None:
            loose[item.get(by)] = loose.get(item.get(by), 0) + 1
    found = {line[by]: line for line in held.get_summary_stats(by, metric).to_dicts() if line["task_type"] is not None}
    assert found.keys() == groups.keys()
    for key, line in found.items():
        scored = [figure(item, column) for item in groups[key] if figure(item, column) is not None]
        failed = sum(item["status"] == "failed" for item in groups[key]) + loose.get(key, 0)
        assert line["metric"] == column
        assert (line["predictions"], line["failed"]) == (len(groups[key]) + loose.get(key, 0), failed)
        bad = [metrics.badness(known, value) for value in scored]
        assert metrics.badness(known, line["best"]) == min(bad)
        assert metrics.badness(known, line["worst"]) == max(bad)
        assert line["median"] == pytest.approx(statistics.median(scored))
        assert line["mean"] == pytest.approx(statistics.mean(scored), abs=1e-12)
        assert line["std"] == pytest.approx(statistics.stdev(scored))


def test_figures_of_different_tasks_or_metrics_are_never_put_together(world):
    held, rows = world
    found = held.get_summary_stats("model_type")
    for line in found.filter(pl.col("metric").is_not_null()).to_dicts():
        alike = [
            item for item in rows
            if item["model_type"] == line["model_type"] and item["metric"] and f"val_{item['metric']}" == line["metric"]
        ]  # fmt: skip
        scored = [figure(item, "val_score") for item in alike if figure(item, "val_score") is not None]
        assert line["predictions"] == len(alike)
        assert line["median"] == pytest.approx(statistics.median(scored))
    assert len(found.filter(pl.col("metric").is_not_null())) == 8
    assert found["predictions"].sum() == len(rows)
    assert held.get_summary_stats(dataset="wheat", status="failed")["best"].to_list() in ([None], [None, None])


def test_runs_with_their_figures(world):
    held, rows = world
    found = {line["run_id"]: line for line in held.list_runs().to_dicts()}
    assert found.keys() == set(RUNS)
    for run, line in found.items():
        there = [item for item in rows if item["run_id"] == run]
        assert line["deleted"] == (run not in STANDING.runs)
        assert line["first_created_at"] == min(item["created_at"] for item in there)
        assert line["last_created_at"] == max(item["created_at"] for item in there)
        if run in STANDING.runs:
            there = [item for item in there if not gone(item)]
        assert line["predictions"] == len(there)
        assert line["failed"] == sum(item["status"] == "failed" for item in there)
        first = min(there, key=lambda item: item["pipeline_number"])["target"]
        of_first = [item for item in there if item["target"] == first and figure(item, "val_score") is not None]
        least = min(metrics.badness(METRICS[item["metric"]], item["val_score"]) for item in of_first)
        best = next(item for item in of_first if metrics.badness(METRICS[item["metric"]], item["val_score"]) == least)
        assert (line["pipeline_id"], line["metric"], line["val_score"]) == (
            best["pipeline_id"],
            best["metric"],
            best["val_score"],
        )
    order = held.list_runs().select("first_created_at", "run_id").rows()
    assert order == sorted(order, reverse=True)
    assert held.list_runs(n=3).equals(held.list_runs().head(3))
    assert set(held.list_runs("corn")["run_id"]) == {run for run in RUNS if run.endswith("corn")}
    assert held.run_names() == set(RUNS)


def test_class_labels_come_back_as_text(tmp_path):
    item = row(1, task_type=CLASSIFICATION)
    arrays = [
        {
            "prediction_id": item.meta["prediction_id"], "partition": "val", "fold_id": [0, 1], "y_true": [0.0, 1.0],
            "y_pred": [1.0, 1.0], "sample_indices": [5, 3], "y_proba": [[0.25, 0.75], [0.5, 0.5]], "classes": ["no", "été"],
        },
        {"prediction_id": item.meta["prediction_id"], "partition": "test", "y_true": [None], "y_pred": [0.0], "sample_indices": [9], "classes": ["no", "été"]},
    ]  # fmt: skip
    segments.append(tmp_path, [segments.Row(item.meta, arrays)])
    found = Predictions(tmp_path).samples(item.meta["prediction_id"])
    assert found.columns == ["partition", "fold", "sample_index", "y_true", "y_pred", "proba_no", "proba_été"]
    assert found.rows() == [
        ("val", 0, 5, "no", "été", 0.25, 0.75),
        ("val", 1, 3, "été", "été", 0.5, 0.5),
        ("test", None, 9, None, "no", None, None),
    ]


def test_samples_of_a_regression_are_numbers(tmp_path):
    item = row(1)
    segments.append(tmp_path, [item, row(2, status="failed")])
    held = Predictions(tmp_path)
    found = held.samples(item.meta["prediction_id"])
    assert found.columns == ["partition", "fold", "sample_index", "y_true", "y_pred"]
    assert found.filter(pl.col("partition") == "val")["y_pred"].to_list() == item.data[1]["y_pred"]
    assert found["fold"].null_count() == 6
    assert len(held.samples(row(2, status="failed").meta["prediction_id"])) == 0


def test_a_copy_for_ever_is_made_by_the_workspace(tmp_path):
    item = row(1)
    segments.append(tmp_path, [item])
    asked = []

    def archive(record, kind):
        asked.append((record, kind))
        return tmp_path / "copy.zip"

    held = Predictions(tmp_path, archive=archive)
    assert held.archive_to_catalog(item.meta["prediction_id"], kind="filtered") == tmp_path / "copy.zip"
    assert asked == [(item.meta["record"], "filtered")]
    with pytest.raises(UnknownName):
        held.archive_to_catalog("0" * 36)
    with pytest.raises(UsageError) as caught:
        Predictions(tmp_path).archive_to_catalog(item.meta["prediction_id"])
    assert "Workspace.open" in caught.value.hint


@pytest.mark.parametrize(
    ("ask", "kind", "message", "hint"),
    [
        (lambda held: held.filter_by_criteria(tag="sevn"), UnknownName, "nothing is tagged 'sevn'", "seven"),
        (lambda held: held.query_best(metric="rmse", tag="a b"), UsageError, "not a valid tag", "letters"),
        (lambda held: held.filter_by_criteria(status="fail"), UnknownName, "unknown status: 'fail'", "failed"),
        (lambda held: held.filter_by_criteria(thresholds={"rsme_max": 1}), UnknownName, "unknown metric: 'rsme' in 'rsme_max'", "rmse"),
        (lambda held: held.filter_by_criteria(thresholds={"rmse": 1}), UsageError, "not a limit: 'rmse'", "rmse_max"),
        (lambda held: held.filter_by_criteria(thresholds={"rmse_max": "low"}), UsageError, "rmse_max is not a number: 'low'", "0.5"),
        (lambda held: held.filter_by_criteria(thresholds={"rmse_max": math.nan}), UsageError, "rmse_max is not a number", "0.5"),
        (lambda held: held.filter_by_criteria(where="val_rmes > 2"), UnknownName, "unknown column: 'val_rmes'", "val_rmse"),
        (lambda held: held.filter_by_criteria(where=""), UsageError, "an empty condition", "val_rpd"),
        (lambda held: held.get_summary_stats("modeltype"), UnknownName, "unknown column: 'modeltype'", "model_type"),
        (lambda held: held.get_summary_stats("val_rmse"), UsageError, "cannot group by val_rmse", "run_id"),
        (lambda held: held.get_summary_stats(dataset="whaet"), UnknownName, "no dataset 'whaet'", "wheat"),
        (lambda held: held.get_global_best(partition="vall"), UnknownName, "unknown partition", "train"),
        (lambda held: held.get_global_best(target="why"), UnknownName, "no target 'why'", "y"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(world, ask, kind, message, hint):
    with pytest.raises(kind) as caught:
        ask(world[0])
    assert message in caught.value.message
    assert hint in caught.value.hint
