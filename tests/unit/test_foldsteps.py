"""Fitted steps of each fold: kept where that is asked for, and nothing else changes."""

import dataclasses

import numpy as np
import pytest
from fitting import PLS, RIDGE, SCALER, SNV, made_up, model
from threadpoolctl import threadpool_limits

from nws.engine import artifacts, foldsteps
from nws.engine.fit import fit
from nws.ids import ObjectId

STEPS = [
    {"_or_": [None, SCALER]},
    {"y_processing": SCALER},
    {"_or_": [{"model": {"class": PLS}, "_range_": [1, 4], "param": "n_components"}, model(RIDGE)]},
]


@pytest.fixture
def bench(tmp_path):
    return made_up(tmp_path, partition=["train"] * 18 + ["test"] * 6)


def run(bench, tasks, **asked):
    with threadpool_limits(1):
        found = fit([dataclasses.replace(task, **asked) for task in tasks], bench.store)
        return sorted(found, key=lambda outcome: outcome.task.position)


def of_fold(outcome, number):
    return [item for item in outcome.artifacts if item.get("fold") == number]


def load(bench, item):
    return artifacts.load(bench.store.get(ObjectId(item["object"])))


def test_the_steps_of_a_fold_give_its_predictions(bench):
    outcomes = run(bench, bench.tasks(STEPS, cv="kfold:3"), keep_folds=True)
    assert len(outcomes) == 10
    for outcome in outcomes:
        block = next(block for block in outcome.blocks if block.partition == "val")
        for fold in range(3):
            rows = [row for row, number in zip(block.indices, block.fold, strict=True) if number == fold]
            expected = [value for value, number in zip(block.y_pred, block.fold, strict=True) if number == fold]
            steps = {item["step"]: load(bench, item) for item in of_fold(outcome, fold)}
            kinds = [(str(at), spec.kind) for at, spec in enumerate(outcome.task.config.steps, 1)]
            assert list(steps) == [number for number, _ in kinds]
            spectra = bench.dataset.spectra[rows]
            for number, kind in kinds:
                if kind == "transform":
                    spectra = steps[number].transform(spectra)
            predicted = steps[kinds[-1][0]].predict(spectra).reshape(-1, 1)
            target = next(number for number, kind in kinds if kind == "y_processing")
            assert steps[target].inverse_transform(predicted).ravel() == pytest.approx(np.array(expected), rel=1e-12)


def test_they_are_named_by_fold_behind_those_of_the_final_fit(bench):
    (outcome,) = run(bench, bench.tasks([SNV, model(RIDGE)], cv="kfold:2"), keep_folds=True)
    names = [item["name"] for item in outcome.artifacts]
    assert names == [
        *("1_StandardNormalVariate", "2_Ridge"),
        *("1_StandardNormalVariate_fold0", "2_Ridge_fold0", "1_StandardNormalVariate_fold1", "2_Ridge_fold1"),
    ]
    assert [step["artifact"] for step in outcome.steps] == [item["object"] for item in outcome.artifacts[:2]]
    for item in outcome.artifacts:
        assert item["size_bytes"] == len(bench.store.get(ObjectId(item["object"])))


def test_nothing_else_changes(bench):
    tasks = bench.tasks(STEPS, cv="kfold:3")
    for plain, kept in zip(run(bench, tasks), run(bench, tasks, keep_folds=True), strict=True):
        assert kept.files == plain.files
        assert kept.steps == plain.steps
        assert [item for item in kept.artifacts if "fold" not in item] == plain.artifacts
        assert len(kept.artifacts) == 4 * len(plain.artifacts)
        assert kept.task.key != plain.task.key


def test_a_pipeline_alone_keeps_the_same(bench, monkeypatch):
    tasks = bench.tasks(STEPS, cv="kfold:3")
    together = run(bench, tasks, keep_folds=True)
    # Stored one after the other, as where there is no room for a whole fold.
    monkeypatch.setattr(foldsteps, "ROOM", 1)
    alone = [outcome for task in tasks for outcome in run(bench, [task], keep_folds=True)]
    assert [outcome.artifacts for outcome in alone] == [outcome.artifacts for outcome in together]


def test_an_inner_fold_of_a_nested_test_keeps_nothing(bench):
    whole = made_up(bench.folder / "whole")
    tasks = whole.tasks([model(RIDGE)], cv="kfold:2")
    (outcome,) = run(whole, tasks, keep_folds=True, test="kfold:3")
    assert [item["name"] for item in outcome.artifacts] == ["1_Ridge", "1_Ridge_fold0", "1_Ridge_fold1"]
