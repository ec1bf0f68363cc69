"""What `--where` means is what it means in SQL: DuckDB reads the same segments with the same words."""

import datetime as dt
import random

import duckdb
import pytest
from index_rows import START, row

from nws.index import segments
from nws.index.predictions import Predictions
from nws.metrics import CLASSIFICATION

CONDITIONS = [
    "val_rpd > 2 and model_type == 'PLSRegression'",
    "val_rmse <= 0.5 or (test_r2 >= 0.5 and not model_type = 'Ridge')",
    "not (val_rmse > 0 or val_kappa > 0)",
    "val_rmse is null and val_kappa is not null",
    "val_rmse != 0.25",
    "val_rmse <> 0.25 and val_bias between -0.5 and 0.5",
    "val_bias not between -0.5 and 0.5",
    "dataset_name in ('wheat', 'kinds') and target not in ('z')",
    "preprocessing like 'Standard%' or model ilike '%components=_)'",
    "preprocessing not like '%Golay%'",
    "preprocessing like '%100%'",
    "contains(lower(preprocessing), 'snv') or starts_with(model_type, 'R')",
    "length(upper(config_name)) > 4",
    "abs(val_bias) * 2 - 1 < val_rmse + 0.5 / 2",
    "pipeline_number % 3 = 1 and -pipeline_number < -10",
    "n_features = 401 or n_features is null",
    "run_date > '2026-01-02'",
    "created_at >= '2026-01-04' and created_at < '2026-01-06T12:00:00+00:00'",
    "1 = 1 and 2 + 3 * 4 = 14 and true",
    "val_bias != 0 and val_rmse / val_bias > 1",
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    chance = random.Random(3)
    folder = tmp_path_factory.mktemp("catalog")
    score = [None, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 3.0]
    rows = [
        row(
            number,
            samples=1,
            dataset_name=chance.choice(["wheat", "corn", "kinds"]),
            target=chance.choice(["y", "z"]),
            model_type=chance.choice(["PLSRegression", "Ridge", None]),
            preprocessing=chance.choice(
                ["none", "StandardNormalVariate", "SavitzkyGolay(100%)", "snv > SavitzkyGolay", None]
            ),
            config_name=chance.choice(["été", "baseline", None]),
            n_features=chance.choice([401, 700, None]),
            run_date=dt.date(2026, 1, chance.randint(1, 4)),
            created_at=START + dt.timedelta(hours=chance.randrange(120)),
            task_type=chance.choice([None, CLASSIFICATION]),
            **{
                f"{part}_{name}": chance.choice(score)
                for part in ("val", "test")
                for name in ("rmse", "r2", "bias", "rpd", "kappa")
            },
        )
        for number in range(200)
    ]
    for start in range(0, 200, 50):
        segments.append(folder, rows[start : start + 50])
    return folder


@pytest.mark.parametrize("text", CONDITIONS)
def test_the_same_words_select_the_same_rows(catalog, text):
    ours = Predictions(catalog).filter_by_criteria(where=text, show=["prediction_id"])["prediction_id"].to_list()
    files = str(catalog / segments.META / "*.parquet")
    with duckdb.connect() as base:
        base.execute("set TimeZone = 'UTC'")
        theirs = base.execute(f"select prediction_id from read_parquet('{files}') where {text}").fetchall()
    assert sorted(ours) == sorted(identity for (identity,) in theirs)
    assert len(set(ours)) == len(ours)


def test_the_conditions_tell_rows_apart(catalog):
    counts = [len(Predictions(catalog).filter_by_criteria(where=text, show=["record"])) for text in CONDITIONS]
    assert sum(0 < count < 200 for count in counts) >= len(CONDITIONS) - 2
