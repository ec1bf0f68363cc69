"""Forms of `--cv`: texts that mean the same read again, repeated rounds, spread samples, and groups that stay together."""

import numpy as np
import pytest
from sklearn import model_selection as known

from nws.engine.cv import FORMS, check_cv
from nws.engine.splits import Trainable, split, split_with
from nws.errors import BadInput, UsageError
from nws.operators import SPXY, KennardStone, KennardStoneKFold, SPXYKFold

SCANS = [f"s{row // 3}" for row in range(30)]


def samples(count=30, *, labels=False, given=(), group="scan", metadata=None, first=100):
    random = np.random.default_rng(3)
    numbers = random.normal(size=count)
    return Trainable(
        task="classification" if labels else "regression",
        rows=np.arange(first, first + count),
        spectra=random.normal(size=(count, 4)),
        values=np.where(numbers > 0, "a", "b") if labels else numbers,
        given=np.isin(np.arange(count), list(given)),
        metadata=metadata or {"scan": SCANS[:count]},
        group=group,
    )


def positions(folds, first=100):
    return [(fit - first, held_out - first) for fit, held_out in folds]


def are_apart(folds, names=SCANS):
    return all({names[at] for at in fit}.isdisjoint(names[at] for at in held_out) for fit, held_out in positions(folds))


@pytest.mark.parametrize(
    "text",
    [form.replace("COLUMN", "scan") for form in FORMS]
    + ["kfold:4x3", "shuffle:2:0.123456789", "spxy:0.1", "group:a:b:2x7", "kfold:5x1"],
)
def test_what_is_said_to_be_done_reads_as_what_was_asked_for(text):
    asked = check_cv(text)
    assert check_cv(str(asked)) == asked
    assert str(asked).count(":") >= text.count(":")


def test_every_form_of_the_list_can_be_done():
    for form in FORMS:
        labels = form.startswith("stratified")
        text, folds = split(samples(labels=labels, given=range(6)), form.replace("COLUMN", "scan"), seed=0)
        assert folds
        assert text != "auto"
        assert split(samples(labels=labels, given=range(6)), text, seed=0)[0] == text


@pytest.mark.parametrize(
    ("text", "splitter"),
    [
        ("kfold:3x4", known.RepeatedKFold(n_splits=3, n_repeats=4, random_state=7)),
        ("stratified:3x4", known.RepeatedStratifiedKFold(n_splits=3, n_repeats=4, random_state=7)),
        ("stratified:3", known.StratifiedKFold(3, shuffle=True, random_state=7)),
        ("shuffle:3:0.2", known.ShuffleSplit(3, test_size=0.2, random_state=7)),
        ("kennard-stone:0.2", KennardStone(0.2)),
        ("kennard-stone:3", KennardStoneKFold(3)),
        ("spxy", SPXY()),
        ("spxy:3", SPXYKFold(3)),
    ],
)
def test_a_form_is_what_scikit_learn_calls_it(text, splitter):
    held = samples(labels=text.startswith("stratified"), group=None)
    _, folds = split(held, text, seed=7)
    expected = list(splitter.split(held.spectra, held.values))
    assert len(folds) == len(expected)
    for (fit, held_out), (known_fit, known_held_out) in zip(positions(folds), expected, strict=True):
        assert np.array_equal(fit, known_fit)
        assert np.array_equal(held_out, known_held_out)


def test_rounds_differ_and_each_predicts_every_sample_once():
    _, folds = split(samples(group=None), "kfold:5x3", seed=0)
    rounds = [folds[start : start + 5] for start in (0, 5, 10)]
    for one in rounds:
        assert sorted(row for _, held_out in one for row in held_out.tolist()) == list(range(100, 130))
    assert len({tuple(one[0][1].tolist()) for one in rounds}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "auto",
        "kfold:5",
        "kfold:4x3",
        "loo",
        "shuffle:4:0.3",
        "stratified:2",
        "stratified:2x3",
        "group:scan:4",
        "group:scan:4x2",
        "kennard-stone:0.3",
        "kennard-stone:4",
        "spxy:0.3",
        "spxy:4",
    ],
)
def test_no_form_tears_the_scans_of_a_sample_apart(text):
    _, folds = split(samples(labels=text.startswith("stratified")), text, seed=1)
    assert are_apart(folds)
    alone = split(samples(labels=text.startswith("stratified"), group=None), text, seed=1)[1]
    assert text.startswith("group") or not are_apart(alone)


def test_leaving_one_out_leaves_one_sample_out_with_all_its_scans():
    _, folds = split(samples(), "loo", seed=0)
    assert [held_out.tolist() for _, held_out in positions(folds)] == [[at, at + 1, at + 2] for at in range(0, 30, 3)]


def test_rounds_with_groups_differ():
    for text in ("kfold:5x2", "group:scan:5x2"):
        _, folds = split(samples(), text, seed=0)
        assert len(folds) == 10
        assert {tuple(held_out.tolist()) for _, held_out in folds[:5]} != {
            tuple(held_out.tolist()) for _, held_out in folds[5:]
        }


def test_given_samples_that_share_a_group_with_others_are_refused():
    with pytest.raises(UsageError, match="the same 'scan' would be on both sides") as caught:
        split(samples(given=(0, 1)), "given", seed=0)
    assert "group:scan" in caught.value.hint
    assert split(samples(given=(0, 1, 2)), "auto", seed=0)[0] == "given"


def test_other_groups_must_not_tear_those_of_the_dataset():
    crossed = {"scan": SCANS, "day": [f"d{row % 3}" for row in range(30)]}
    with pytest.raises(UsageError, match="--cv group:day:3: samples with the same 'scan'"):
        split(samples(metadata=crossed), "group:day:3", seed=0)
    nested = {"scan": SCANS, "farm": [f"f{row // 6}" for row in range(30)]}
    assert are_apart(split(samples(metadata=nested), "group:farm:5", seed=0)[1], nested["farm"])


def test_too_few_groups_are_said_so():
    few = {"scan": ["a"] * 15 + ["b"] * 15}
    with pytest.raises(UsageError, match="--cv kfold:5: there are 2 groups by 'scan'") as caught:
        split(samples(metadata=few), "kfold:5", seed=0)
    assert caught.value.hint == "--cv group:scan:2"
    one = {"scan": ["a"] * 30}
    for text in ("auto", "loo", "shuffle", "spxy"):
        with pytest.raises(UsageError, match="there is 1 group"):
            split(samples(metadata=one), text, seed=0)
    assert split(samples(metadata=few), "auto", seed=0)[0] == "kfold:2"


@pytest.mark.parametrize("text", ["shuffle:2:0.99", "kennard-stone:0.99", "spxy:9", "stratified:5"])
def test_what_only_the_splitter_can_know_is_said_with_the_text(text):
    held = Trainable(
        task="classification" if text.startswith("stratified") else "regression",
        rows=np.arange(8),
        spectra=np.random.default_rng(0).normal(size=(8, 3)),
        values=np.array(list("aabbccdd")) if text.startswith("stratified") else np.arange(8.0),
        given=np.zeros(8, dtype=bool),
        metadata={},
    )
    with pytest.raises(UsageError, match=f"^--cv {text}") as caught:
        split(held, text, seed=0)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("splitter", "instead"),
    [
        (known.KFold(5, shuffle=True, random_state=0), "GroupKFold"),
        (known.StratifiedKFold(2, shuffle=True, random_state=0), "StratifiedGroupKFold"),
        (known.LeaveOneOut(), "LeaveOneGroupOut"),
        (known.ShuffleSplit(2, random_state=0), "GroupShuffleSplit"),
        (known.RepeatedKFold(n_splits=3, n_repeats=2, random_state=0), "use one that knows groups"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_a_splitter_that_takes_no_notice_of_groups_is_refused(splitter, instead, own):
    held = samples(labels=True, group="scan" if own else None)
    with pytest.raises(BadInput, match="fold 0 has samples with the same 'scan' on both sides") as caught:
        split_with(splitter, held, group=None if own else "scan")
    assert instead in caught.value.hint
    assert "--cv" in caught.value.hint


@pytest.mark.parametrize(
    "splitter",
    [
        known.GroupKFold(3),
        known.GroupShuffleSplit(2, random_state=0),
        known.LeaveOneGroupOut(),
        known.StratifiedGroupKFold(2),
        KennardStone(),
        SPXYKFold(3),
    ],
)
def test_a_splitter_that_knows_groups_gets_those_of_the_dataset(splitter):
    assert are_apart(split_with(splitter, samples(labels=True), group=None))


def test_a_splitter_with_a_group_of_its_own_must_not_tear_those_of_the_dataset():
    crossed = {"scan": SCANS, "day": [f"d{row % 3}" for row in range(30)]}
    with pytest.raises(BadInput, match="the same 'scan' on both sides"):
        split_with(known.GroupKFold(3), samples(metadata=crossed), group="day")


@pytest.mark.parametrize("text", ["spxy:0.3", "kennard-stone:4"])
def test_folds_that_take_long_are_made_once(text, monkeypatch):
    held, splitter = samples(), SPXYKFold(3)
    first, own = split(held, text, seed=0), split_with(splitter, held, group=None)
    monkeypatch.setattr("nws.operators.spread.kennard_stone", None)
    monkeypatch.setattr("nws.operators.splitters.kennard_stone", None)
    monkeypatch.setattr("nws.operators.splitters.folds", None)
    again, own_again = split(held, text, seed=1), split_with(SPXYKFold(3), held, group=None)
    assert str(again) == str(first)
    assert str(own_again) == str(own)
    with pytest.raises(TypeError):
        split(samples(), text, seed=0)
