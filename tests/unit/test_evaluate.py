"""Figures of merit: equal to scikit-learn where it has them, to their formulas elsewhere, and None where undefined."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import sem
from sklearn import metrics as reference
from sklearn.model_selection import RepeatedStratifiedKFold

from nws.engine.confusion import classification
from nws.engine.evaluate import CONVENTIONS, Predictions, evaluate
from nws.engine.regression import regression
from nws.metrics import METRICS
from nws.records import encode

CLASSIFICATION = [metric.name for metric in METRICS.values() if metric.task == "classification"]
REGRESSION = [metric.name for metric in METRICS.values() if metric.task == "regression"]

finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 4))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(finite, finite), min_size=2, max_size=30))
def test_regression_equals_scikit_learn_and_numpy(pairs):
    truth, said = np.array(pairs).T
    figures = regression(truth, said)
    assert set(figures) == set(REGRESSION)
    rmse = reference.root_mean_squared_error(truth, said)
    assert figures["rmse"] == pytest.approx(rmse, rel=1e-12, abs=1e-12)
    assert figures["mae"] == pytest.approx(reference.mean_absolute_error(truth, said), rel=1e-12, abs=1e-12)
    assert figures["bias"] == pytest.approx(np.mean(said) - np.mean(truth), rel=1e-6, abs=1e-6)
    assert figures["sep"] == pytest.approx(np.std(said - truth, ddof=1), rel=1e-9, abs=1e-9)
    if len(set(truth)) == 1:
        assert figures["r2"] is figures["rpd"] is figures["rpiq"] is None
        return
    assert figures["r2"] == pytest.approx(reference.r2_score(truth, said), rel=1e-9, abs=1e-9)
    if rmse:
        first, third = np.percentile(truth, [25, 75])
        assert figures["rpd"] == pytest.approx(np.std(truth, ddof=1) / rmse, rel=1e-9)
        assert figures["rpiq"] == pytest.approx((third - first) / rmse, rel=1e-9, abs=1e-12)
    else:
        assert figures["rpd"] is figures["rpiq"] is None


def test_the_signs_and_directions_of_the_conventions():
    truth = np.array([1.0, 2.0, 3.0, 4.0])
    figures = regression(truth, truth + 0.5)
    assert figures["bias"] == 0.5
    assert figures["sep"] == 0
    assert figures["rmse"] == 0.5
    assert (figures["slope"], figures["intercept"]) == (1, -0.5)
    assert regression(truth, 2 * truth)["slope"] == 0.5


def test_slope_is_of_reference_on_predicted_values():
    random = np.random.default_rng(1)
    truth = random.normal(size=40)
    said = 0.7 * truth + random.normal(scale=0.3, size=40)
    slope, intercept = np.polyfit(said, truth, 1)
    figures = regression(truth, said)
    assert figures["slope"] == pytest.approx(slope)
    assert figures["intercept"] == pytest.approx(intercept)
    assert figures["slope"] != pytest.approx(np.polyfit(truth, said, 1)[0])


def test_one_sample_has_an_error_and_no_spread():
    figures = regression(np.array([3.0]), np.array([2.5]))
    assert {name for name, value in figures.items() if value is not None} == {"rmse", "mae", "bias"}
    assert (figures["rmse"], figures["mae"], figures["bias"]) == (0.5, 0.5, -0.5)


def test_equal_values_have_no_spread_though_their_sums_round():
    same = np.full(3, 0.1)
    figures = regression(same, np.array([0.1, 0.2, 0.3]))
    assert figures["r2"] is figures["rpd"] is figures["rpiq"] is None
    assert regression(np.array([1.0, 2.0, 3.0]), same)["slope"] is None


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=40))
def test_classification_equals_scikit_learn(pairs):
    truth, said = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    figures = classification(truth, said)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert figures["accuracy"] == pytest.approx(reference.accuracy_score(truth, said))
        assert figures["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(truth, said))
        assert figures["f1"] == pytest.approx(reference.f1_score(truth, said, average="macro"))
        if len(set(truth)) > 1:
            assert figures["mcc"] == pytest.approx(reference.matthews_corrcoef(truth, said))
            assert figures["kappa"] == pytest.approx(reference.cohen_kappa_score(truth, said))
        else:
            assert figures["mcc"] is figures["kappa"] is None
        labels = sorted(set(truth) | set(said))
        matrix = reference.confusion_matrix(truth, said, labels=labels)
    assert figures["confusion_matrix"] == {"labels": labels, "matrix": matrix.tolist()}
    assert figures["log_loss"] is figures["roc_auc"] is None


@settings(deadline=None, max_examples=80)
@given(st.integers(2, 4), st.integers(1, 30), st.integers(0, 10**6), st.booleans())
def test_probabilities_equal_scikit_learn(count, samples, seed, coarse):
    random = np.random.default_rng(seed)
    classes = [f"c{place}" for place in range(count)]
    truth = random.choice(classes, samples)
    chances = random.dirichlet(np.ones(count), samples)
    if coarse:  # ties, zeros and ones
        chances = np.eye(count)[random.integers(0, count, samples)]
    said = np.array(classes)[chances.argmax(1)]
    figures = classification(truth, said, classes, chances)
    assert figures["log_loss"] == pytest.approx(reference.log_loss(truth, chances, labels=classes))
    if set(truth) != set(classes):
        assert figures["roc_auc"] is None
    elif count == 2:
        assert figures["roc_auc"] == pytest.approx(reference.roc_auc_score(truth, chances[:, 1]))
    else:
        expected = reference.roc_auc_score(truth, chances, multi_class="ovr", average="macro", labels=classes)
        assert figures["roc_auc"] == pytest.approx(expected)


def test_a_class_that_no_model_knows_leaves_probabilities_without_figures():
    chances = np.array([[0.9, 0.1], [0.2, 0.8]])
    figures = classification(np.array(["a", "z"]), np.array(["a", "b"]), ["a", "b"], chances)
    assert figures["log_loss"] is figures["roc_auc"] is None
    assert figures["accuracy"] == 0.5


def _part(partition, truth, said, fold=None, rows=None, **more):
    return Predictions(
        partition=partition,
        rows=np.arange(len(truth)) if rows is None else np.array(rows),
        reference=np.array(truth),
        predicted=np.array(said),
        fold=None if fold is None else np.array(fold),
        **more,
    )


def test_metrics_over_folds_leave_out_what_is_undefined():
    held_out = _part("val", [1.0, 2.0, 4.0, 3.0], [1.5, 2.0, 3.0, 3.0], [0, 1, 1, 2])
    found = evaluate("regression", None, [held_out])
    folds = found.cross_validation
    assert folds["folds"] == 3
    assert [(result["fold"], result["samples"]) for result in folds["fold_results"]] == [(0, 1), (1, 2), (2, 1)]
    each = [0.5, math.sqrt(0.5), 0.0]
    assert [result["rmse"] for result in folds["fold_results"]] == pytest.approx(each)
    assert folds["mean_rmse"] == pytest.approx(np.mean(each))
    assert folds["std_rmse"] == pytest.approx(np.std(each, ddof=1))
    assert [result["r2"] for result in folds["fold_results"]] == [None, pytest.approx(0.5), None]
    assert (folds["mean_r2"], folds["std_r2"]) == (pytest.approx(0.5), None)
    assert found.val["rmse"] == pytest.approx(math.sqrt(1.25 / 4))
    assert found.val["samples"] == 4
    assert found.train is None
    assert found.metric == "rmse"


def test_a_fold_may_predict_a_sample_again():
    again = _part("val", [1.0, 2.0, 1.0, 3.0], [1.0, 2.5, 2.0, 3.0], [0, 0, 1, 1])
    assert evaluate("regression", None, [again]).cross_validation["folds"] == 2


def test_q2_is_about_the_training_mean():
    train, test = _part("train", [0.0, 2.0], [0.0, 2.0]), _part("test", [3.0, 5.0], [3.5, 5.0])
    found = evaluate("regression", "r2", [train, test])
    assert found.test["q2"] == pytest.approx(1 - 0.25 / (4 + 16))
    assert found.test["r2"] == pytest.approx(1 - 0.25 / 2)
    assert "q2" not in found.train
    assert found.metric == "r2"


def test_classes_have_a_confusion_matrix_for_each_partition_and_no_nan_anywhere():
    held_out = _part("val", ["a", "a", "b"], ["a", "b", "b"], [0, 0, 1])
    found = evaluate("classification", None, [_part("train", ["a", "b"], ["a", "b"]), held_out])
    assert found.metric == "balanced_accuracy"
    assert found.val["confusion_matrix"] == {"labels": ["a", "b"], "matrix": [[1, 1], [0, 1]]}
    assert found.train["confusion_matrix"]["matrix"] == [[1, 0], [0, 1]]
    assert "confusion_matrix" not in found.cross_validation["fold_results"][0]
    assert json.loads(encode(found))["val"]["mcc"] == pytest.approx(0.5)
    assert found.cross_validation["mean_kappa"] is None


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_values_beyond_floats_neither_warn_nor_become_nan(scale):
    truth = [1.0 * scale, 2.0 * scale, 3.5 * scale]
    found = evaluate("regression", None, [_part("val", truth, truth[::-1], [0, 0, 0])])
    assert all(value is None or math.isfinite(value) for value in found.val.values())


def test_every_convention_is_of_a_figure():
    for task, said in CONVENTIONS.items():
        known = {name for name, metric in METRICS.items() if metric.task == task} | {"q2", "se"}
        assert set(said) <= known


def test_predictions_become_plain_lists():
    part = _part(
        "val", ["a", "b"], ["b", "b"], [0, 1], classes=("a", "b"), probabilities=np.array([[0.4, 0.6], [0, 1]])
    )
    block = part.block()
    assert block.indices == [0, 1]
    assert block.y_pred == ["b", "b"]
    assert all(type(value) is str for value in block.y_true)
    assert block.fold == [0, 1]
    assert block.probabilities == [[0.4, 0.6], [0.0, 1.0]]
    assert _part("test", [1.0], [2.0]).block().classes == ()


def test_the_ranking_of_two_classes_is_by_the_second_column():
    tiny = np.array([1e-20, 1e-18, 1e-19, 1e-17])
    truth = np.array(["a", "b", "a", "b"])
    chances = np.column_stack([1 - tiny, tiny])
    assert classification(truth, truth, ["a", "b"], chances)["roc_auc"] == 1


def _repeated(repeats, samples=12, folds=4):
    """Predictions of repeated k-fold cross-validation, and the rows of each fold."""
    random = np.random.default_rng(3)
    rows = np.concatenate([random.permutation(samples) for _ in range(repeats)])
    truth = np.sin(rows * 1.0)
    said = truth + random.normal(scale=0.3, size=len(rows))
    fold = np.repeat(np.arange(repeats * folds), samples // folds)
    return _part("val", truth, said, fold, rows=rows)


def test_the_standard_error_is_the_deviation_over_the_root_of_the_folds():
    found = evaluate("regression", None, [_repeated(1)]).cross_validation
    each = [result["rmse"] for result in found["fold_results"]]
    assert found["se_rmse"] == pytest.approx(np.std(each, ddof=1) / np.sqrt(4))
    assert found["se_rmse"] == pytest.approx(sem(each))
    for name in REGRESSION:
        assert found[f"se_{name}"] == pytest.approx(sem([result[name] for result in found["fold_results"]]))
    assert "repeats" not in found


def test_repeats_do_not_make_the_standard_error_smaller():
    part = _repeated(50)
    found = evaluate("regression", None, [part]).cross_validation
    assert found["folds"] == 200
    assert found["se_rmse"] == pytest.approx(found["std_rmse"] / np.sqrt(4))
    # Folds of a shuffle overlap by chance; what counts is how often a sample is predicted on average.
    half = _part("val", [1.0, 2.0, 2.0, 3.0], [1.5, 2.0, 2.5, 3.0], [0, 0, 1, 1], rows=[0, 1, 1, 2])
    folds = evaluate("regression", None, [half]).cross_validation
    assert folds["se_mae"] == pytest.approx(folds["std_mae"] / np.sqrt(2 * 3 / 4), rel=1e-12, abs=0)
    assert "repeats" not in folds


def test_each_repeat_has_figures_of_its_own():
    part = _repeated(3)
    found = evaluate("regression", None, [part])
    assert found.cross_validation["repeats"] == 3
    for number, result in enumerate(found.cross_validation["repeat_results"]):
        here = slice(12 * number, 12 * number + 12)
        assert (result["repeat"], result["samples"]) == (number, 12)
        assert result["rmse"] == pytest.approx(
            reference.root_mean_squared_error(part.reference[here], part.predicted[here])
        )
        assert result["r2"] == pytest.approx(reference.r2_score(part.reference[here], part.predicted[here]))
    assert found.val["samples"] == 36
    assert found.val["rmse"] == pytest.approx(reference.root_mean_squared_error(part.reference, part.predicted))


@pytest.mark.parametrize(
    ("rows", "fold"),
    [
        ([0, 1, 2, 0, 1, 1], [0, 0, 0, 1, 1, 1]),  # a sample twice in a repeat
        ([0, 1, 1, 0], [0, 1, 1, 1]),  # a fold that reaches into the next repeat
        ([0, 1, 0], [0, 1, 2]),  # not all again
        ([0, 1, 2], [0, 1, 2]),  # only once
    ],
)
def test_what_is_no_repeat(rows, fold):
    assert _part("val", [1.0] * len(rows), [1.0] * len(rows), fold, rows=rows).repeats() == []


def test_the_figures_of_repeated_stratified_folds_are_those_of_scikit_learn():
    random = np.random.default_rng(8)
    truth = np.array(["a", "b", "c"] * 10)
    splits = list(RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=1).split(truth, truth))
    rows = np.concatenate([held_out for _, held_out in splits])
    chances = random.dirichlet(np.ones(3), len(rows))
    said = np.array(["a", "b", "c"])[chances.argmax(1)]
    part = _part(
        "val", truth[rows], said, np.repeat(np.arange(10), 6), rows=rows, classes=("a", "b", "c"), probabilities=chances
    )
    found = evaluate("classification", None, [part])
    assert found.val["mcc"] == pytest.approx(reference.matthews_corrcoef(truth[rows], said))
    each = [reference.balanced_accuracy_score(truth[rows][at : at + 6], said[at : at + 6]) for at in range(0, 60, 6)]
    folds = found.cross_validation
    assert [result["balanced_accuracy"] for result in folds["fold_results"]] == pytest.approx(each)
    assert folds["se_balanced_accuracy"] == pytest.approx(np.std(each, ddof=1) / np.sqrt(5))
    assert [result["log_loss"] for result in folds["repeat_results"]] == pytest.approx(
        [reference.log_loss(truth[rows][at : at + 30], chances[at : at + 30], labels=["a", "b", "c"]) for at in (0, 30)]
    )
    assert "confusion_matrix" not in folds["repeat_results"][0]


def test_a_class_that_a_fold_lacks_leaves_the_others_their_figures():
    chances = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1]])
    part = _part(
        "val", ["a", "b", "c", "c", "a"], ["a", "b", "c", "c", "a"], [0, 0, 0, 1, 1], rows=range(5),
        classes=("a", "b", "c"), probabilities=chances,
    )  # fmt: skip
    whole, lacking = evaluate("classification", None, [part]).cross_validation["fold_results"]
    assert whole["roc_auc"] == 1
    assert lacking["roc_auc"] is None
    assert lacking["balanced_accuracy"] == lacking["mcc"] == 1
    assert lacking["log_loss"] == pytest.approx(-(np.log(0.4) + np.log(0.6)) / 2)
    folds = evaluate("classification", None, [part]).cross_validation
    assert (folds["mean_roc_auc"], folds["std_roc_auc"], folds["se_roc_auc"]) == (1, None, None)


def test_a_constant_reference_in_a_fold_has_errors_but_nothing_relative():
    part = _part("val", [2.0, 2.0, 1.0, 3.0], [2.5, 2.5, 1.0, 2.0], [0, 0, 1, 1])
    flat, other = evaluate("regression", None, [part]).cross_validation["fold_results"]
    assert {name for name in REGRESSION if flat[name] is None} == {"r2", "rpd", "rpiq", "slope", "intercept"}
    assert (flat["rmse"], flat["bias"], flat["sep"]) == (0.5, 0.5, 0)
    assert None not in other.values()


def test_figures_worked_out_by_hand():
    """Of five samples with errors 1, 0, -1, 2, 0: every figure, on paper."""
    truth = np.array([1.0, 2.0, 4.0, 6.0, 7.0])
    figures = regression(truth, truth + np.array([1.0, 0.0, -1.0, 2.0, 0.0]))
    assert figures["rmse"] == pytest.approx(math.sqrt(6 / 5))
    assert figures["mae"] == pytest.approx(4 / 5)
    assert figures["bias"] == pytest.approx(2 / 5)
    assert figures["sep"] == pytest.approx(math.sqrt(5.2 / 4))
    assert figures["r2"] == pytest.approx(1 - 6 / 26)
    assert figures["rpd"] == pytest.approx(math.sqrt(26 / 4) / math.sqrt(6 / 5))
    assert figures["rpiq"] == pytest.approx((6 - 2) / math.sqrt(6 / 5))
    # Predicted 2, 2, 3, 8, 7, of mean 4.4: sums of squares 33.2, of products with the reference values 27.
    assert figures["slope"] == pytest.approx(27 / 33.2)
    assert figures["intercept"] == pytest.approx(4 - 4.4 * 27 / 33.2)


def test_classes_worked_out_by_hand():
    """Two classes, of which 20 and 15 samples are found and 5 and 10 are not."""
    truth = np.array(["yes"] * 25 + ["no"] * 25)
    said = np.array(["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15)
    figures = classification(truth, said)
    assert figures["confusion_matrix"] == {"labels": ["no", "yes"], "matrix": [[15, 10], [5, 20]]}
    assert figures["accuracy"] == figures["balanced_accuracy"] == pytest.approx(0.7)
    assert figures["kappa"] == pytest.approx(0.4)
    assert figures["f1"] == pytest.approx((30 / 45 + 40 / 55) / 2)
    assert figures["mcc"] == pytest.approx((15 * 20 - 10 * 5) / math.sqrt(20 * 30 * 25 * 25))


def test_spreads_of_large_values_stay_in_range():
    part = _part("val", [1e200, 2e200, 3e200, 4e200], [4e200, 3e200, 1e200, 1.0], [0, 0, 1, 1])
    found = evaluate("regression", None, [part]).cross_validation
    assert found["mean_mae"] == pytest.approx(2.5e200)
    assert found["se_mae"] == pytest.approx(found["std_mae"] / math.sqrt(2))
    # Larger than any float on the way.
    part = _part("val", [1.7e308, 1.7e308], [0.0, 0.0], [0, 1])
    assert evaluate("regression", None, [part]).cross_validation["mean_mae"] is None
