"""Splits: what `--cv` asks for, which fold every sample is in, and what is refused."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold, ShuffleSplit

from nws.engine.splits import Trainable, check_cv, split, split_with
from nws.errors import BadInput, UsageError


def _samples(count=20, *, task="regression", values=None, given=(), metadata=None, first=0):
    values = np.arange(count, dtype=float) if values is None else np.array(values)
    return Trainable(
        task=task,
        rows=np.arange(first, first + count),
        spectra=np.zeros((count, 3)),
        values=values,
        given=np.isin(np.arange(count), list(given)),
        metadata=metadata or {},
    )


def _held_out(folds):
    return sorted(row for _, held_out in folds for row in held_out.tolist())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", ("auto", 5, 0.25, None)),
        ("loo", ("loo", 5, 0.25, None)),
        ("kfold", ("kfold", 5, 0.25, None)),
        ("kfold:10", ("kfold", 10, 0.25, None)),
        ("stratified:3", ("stratified", 3, 0.25, None)),
        ("shuffle:7:0.4", ("shuffle", 7, 0.4, None)),
        ("shuffle:1", ("shuffle", 1, 0.25, None)),
        ("group:batch", ("group", 5, 0.25, "batch")),
        ("group:batch:3", ("group", 3, 0.25, "batch")),
        ("group:a:b", ("group", 5, 0.25, "a:b")),
        ("group:a:5:3", ("group", 3, 0.25, "a:5")),
        ("kennard-stone", ("kennard-stone", 1, 0.25, None)),
        ("kennard-stone:0.3", ("kennard-stone", 1, 0.3, None)),
        ("spxy:5", ("spxy", 5, 0.25, None)),
    ],
)
def test_what_can_be_asked_for(text, expected):
    asked = check_cv(text)
    assert (asked.kind, asked.folds, asked.fraction, asked.column) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kennard_stone",
        "kennard-stone:1",
        "kennard-stone:0",
        "kennard-stone:1.5",
        "spxy:5x2",
        "spxy:nan",
        "kfold:x",
        "kfold:5x",
        "kfold:5x0",
        "kfold:1x5",
        "kfold:5X2",
        "kfold:1_0",
        "kfold: 5",
        "stratified:5x10x2",
        "shuffle:5x2:0.25",
        "loo:x2",
        "kfold:1",
        "kfold:0",
        "loo:3",
        "shuffle:5:2",
        "shuffle:5:nan",
        "shuffle:0:0.2",
        "group",
        "group:",
    ],
)
def test_what_is_not_known_is_refused_with_what_is(text):
    with pytest.raises(UsageError) as caught:
        check_cv(text)
    assert caught.value.exit_code == 2
    if "at least" not in caught.value.message:
        assert ":" in caught.value.hint


def test_kfold_is_that_of_scikit_learn_with_the_seed():
    samples = _samples(first=100)
    used, folds = split(samples, "kfold:4", seed=7)
    expected = KFold(4, shuffle=True, random_state=7).split(np.zeros((20, 1)))
    assert used == "kfold:4"
    for (fit, held_out), (known_fit, known_held_out) in zip(folds, expected, strict=True):
        assert np.array_equal(fit, known_fit + 100)
        assert np.array_equal(held_out, known_held_out + 100)
    assert not np.array_equal(folds[0][1], split(samples, "kfold:4", seed=8)[1][0][1])


def test_leave_one_out_has_a_fold_for_each_sample():
    used, folds = split(_samples(6, first=3), "loo", seed=0)
    assert used == "loo"
    assert [held_out.tolist() for _, held_out in folds] == [[3], [4], [5], [6], [7], [8]]


def test_shuffle_takes_the_fraction():
    used, folds = split(_samples(20), "shuffle:3:0.25", seed=0)
    assert used == "shuffle:3:0.25"
    assert [len(held_out) for _, held_out in folds] == [5, 5, 5]


def test_auto_uses_the_given_validation_samples():
    used, folds = split(_samples(6, given=(1, 4), first=10), "auto", seed=0)
    assert used == "given"
    ((fit, held_out),) = folds
    assert fit.tolist() == [10, 12, 13, 15]
    assert held_out.tolist() == [11, 14]


def test_what_is_asked_for_overrides_the_given_samples():
    used, folds = split(_samples(6, given=(1, 4)), "kfold:3", seed=0)
    assert used == "kfold:3"
    assert _held_out(folds) == [0, 1, 2, 3, 4, 5]


def test_auto_without_given_samples_is_five_folds():
    used, folds = split(_samples(), "auto", seed=0)
    assert used == "kfold:5"
    assert _held_out(folds) == list(range(20))


def test_auto_stratifies_classes():
    labels = ["a"] * 10 + ["b"] * 5
    used, folds = split(_samples(15, task="classification", values=labels), "auto", seed=0)
    assert used == "stratified:5"
    for _, held_out in folds:
        assert sorted(np.array(labels)[held_out]) == ["a", "a", "b"]


def test_auto_makes_do_with_few_samples():
    assert split(_samples(3), "auto", seed=0)[0] == "kfold:3"
    few = _samples(4, task="classification", values=["a", "a", "b", "b"])
    assert split(few, "auto", seed=0)[0] == "kfold:4"


@pytest.mark.parametrize("cv", ["kfold:5", "loo", "auto", "shuffle"])
def test_too_few_samples_are_said_so(cv):
    with pytest.raises(UsageError, match="at least"):
        split(_samples(1), cv, seed=0)


def test_given_needs_given_samples():
    with pytest.raises(UsageError, match="no samples of the val partition"):
        split(_samples(), "given", seed=0)
    with pytest.raises(UsageError, match="no samples of the train partition"):
        split(_samples(4, given=(0, 1, 2, 3)), "given", seed=0)


def test_stratified_is_for_classes():
    with pytest.raises(UsageError, match="is for classes"):
        split(_samples(), "stratified:5", seed=0)


def test_groups_stay_together():
    batches = [f"b{row // 4}" for row in range(20)]
    used, folds = split(_samples(metadata={"batch": batches}), "group:batch:5", seed=0)
    assert used == "group:batch:5"
    for fit, held_out in folds:
        assert {batches[row] for row in fit}.isdisjoint(batches[row] for row in held_out)
    assert _held_out(folds) == list(range(20))


def test_groups_need_their_column_whole_and_enough_of_them():
    samples = _samples(4, metadata={"batch": ["a", "a", "b", None], "year": [1.0, 1.0, 2.0, 2.0]})
    with pytest.raises(UsageError, match="no metadata column 'scan'") as caught:
        split(samples, "group:scan:2", seed=0)
    assert "batch, year" in caught.value.hint
    with pytest.raises(UsageError, match="empty cells"):
        split(samples, "group:batch:2", seed=0)
    assert len(split(samples, "group:year:2", seed=0)[1]) == 2
    with pytest.raises(UsageError, match="2 groups") as caught:
        split(samples, "group:year:3", seed=0)
    assert "group:year:2" in caught.value.hint


def test_a_splitter_sees_the_trainable_samples_only_and_may_repeat_them():
    samples = _samples(8, first=50)
    folds = split_with(RepeatedKFold(n_splits=4, n_repeats=2, random_state=0), samples, group=None)
    assert len(folds) == 8
    assert _held_out(folds) == sorted([*range(50, 58)] * 2)
    assert len(split_with(ShuffleSplit(3, test_size=2, random_state=0), samples, group=None)) == 3


def test_a_splitter_gets_its_groups():
    samples = _samples(6, metadata={"batch": ["a", "b", "a", "b", "c", "c"]})
    folds = split_with(GroupKFold(3), samples, group="batch")
    assert sorted(tuple(held_out.tolist()) for _, held_out in folds) == [(0, 2), (1, 3), (4, 5)]


class _Odd:
    def __init__(self, *pairs):
        self.pairs = pairs

    def split(self, X, y=None, groups=None):
        return iter([(np.array(fit, int), np.array(held_out, int)) for fit, held_out in self.pairs])


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (_Odd(), "gives no fold"),
        (_Odd(([0, 1], [2]), ([0, 1], [])), "fold 1 has an empty side"),
        (_Odd(([0, 1, 2], [2, 3])), "fold 0 has samples on both sides"),
    ],
)
def test_folds_that_would_mislead_are_refused(splitter, message):
    with pytest.raises(BadInput, match=message):
        split_with(splitter, _samples(4), group=None)
