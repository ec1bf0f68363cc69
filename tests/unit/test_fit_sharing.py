"""Pipelines that begin alike share their preprocessing, and nothing in their outcomes can tell."""

import dataclasses

import numpy as np
import pytest
from fitting import PLS, RIDGE, SCALER, SNV, made_up, model

from nws.engine import chain
from nws.engine.fit import fit

ODD = ("odd_estimators",)
QUANTILES = {"class": "sklearn.preprocessing.QuantileTransformer", "params": {"n_quantiles": 500}}
IN_PLACE = {"class": SCALER, "params": {"copy": False}}
UNION = {
    "class": "sklearn.pipeline.FeatureUnion",
    "params": {"transformer_list": [["a", {"class": SCALER, "params": {"copy": False}}], ["b", {"class": SCALER}]]},
}
GRID = [
    {"_or_": [None, SNV, IN_PLACE, QUANTILES, UNION, "odd_estimators.Overwrites", "odd_estimators.Warner"]},
    {
        "_or_": [
            None,
            IN_PLACE,
            "odd_estimators.Overwrites",
            {"class": "sklearn.decomposition.PCA", "params": {"n_components": 3}},
        ]
    },
    {"_or_": [model(RIDGE), model(PLS, n_components=2, copy=False)]},
]


@pytest.fixture
def bench(tmp_path):
    chain._memo.clear()
    yield made_up(tmp_path, partition=["train"] * 20 + ["test"] * 4)
    chain._memo.clear()


def _told(outcome):
    kept = dataclasses.asdict(outcome)
    for name in ("created_at", "completed_at", "duration_seconds"):
        del kept[name]
    return kept


def _in_order(outcomes):
    return sorted(outcomes, key=lambda outcome: outcome.task.position)


def test_sharing_is_invisible(bench):
    tasks = bench.tasks(GRID, cv="kfold:2", trusted=ODD)
    spectra = bench.dataset.spectra.copy()
    shared = _in_order(fit(tasks, bench.store))
    chain._memo.clear()
    backwards = _in_order(fit(tasks[::-1], bench.store))
    alone = []
    for task in tasks:
        chain._memo.clear()
        alone += fit([task], bench.store)
    assert len(tasks) > 50
    assert {outcome.status for outcome in shared} == {"completed"}, [outcome.error for outcome in shared]
    for one, two, three in zip(shared, backwards, alone, strict=True):
        assert _told(one) == _told(two) == _told(three)
    assert any(outcome.warnings for outcome in shared)
    assert np.array_equal(bench.dataset.spectra, spectra)


def test_a_chain_is_fitted_once_for_all_models_behind_it(bench):
    bench.run([SCALER, model(RIDGE)], cv="kfold:3")
    held = len(chain._memo)
    assert held == (3 + 1) * 2
    bench.run([SCALER, {"_or_": [model(RIDGE, alpha=value) for value in (1.5, 2.5, 3.5)]}], cv="kfold:3")
    assert len(chain._memo) == held
    bench.run([SNV, model(RIDGE)], cv="kfold:3")
    assert len(chain._memo) == held + 4


def test_what_another_package_made_is_not_shared(bench):
    bench.run(["odd_estimators.Warner", SCALER, model(RIDGE)], cv="kfold:3", trusted=ODD)
    assert len(chain._memo) == 3 + 1


def test_processed_targets_are_part_of_what_a_supervised_step_depends_on(bench):
    selection = {
        "class": "sklearn.feature_selection.SelectFromModel",
        "params": {"estimator": {"class": "sklearn.linear_model.Lasso", "params": {"alpha": 0.5}}},
    }
    logarithm = {"class": "sklearn.preprocessing.MinMaxScaler", "params": {"feature_range": [0.0, 20.0]}}
    plain = bench.one([selection, model(RIDGE)], cv="kfold:3")
    scaled = bench.one([{"y_processing": logarithm}, selection, model(RIDGE)], cv="kfold:3")
    assert plain.status == scaled.status == "completed", (plain.error, scaled.error)
    assert len(chain._memo) == 2 * (3 + 1) * 2
    assert plain.artifacts[0]["object"] != scaled.artifacts[1]["object"]


def test_the_scaler_of_forty_pipelines_is_one_object(bench):
    models = [model(RIDGE, alpha=value / 10) for value in range(1, 41)]
    outcomes = bench.run([SCALER, {"_or_": models}], cv="kfold:3")
    assert len(outcomes) == 40
    assert len({outcome.artifacts[0]["object"] for outcome in outcomes}) == 1
    assert len({outcome.artifacts[1]["object"] for outcome in outcomes}) == 40


def test_memory_is_bounded(bench, monkeypatch):
    monkeypatch.setattr(chain, "_memo", chain.Memo(3000))
    full = bench.run([{"_or_": [SCALER, SNV]}, model(RIDGE)], cv="kfold:3")
    assert chain._memo.size <= 3000
    assert {outcome.status for outcome in full} == {"completed"}
