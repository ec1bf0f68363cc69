"""Kennard-Stone, SPXY and their folds against the plain algorithms over a full matrix of distances."""

import tracemalloc

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from nws import operators
from nws.operators import spread
from nws.operators.spread import Space


def points(count, features=6, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(count, features)), random.normal(size=count)


def euclidean(x):
    return np.array([[np.sqrt(((one - other) ** 2).sum()) for other in x] for one in x])


def joint(x, y):
    of_x, of_y = euclidean(x), np.abs(y[:, None] - y[None, :])
    return of_x / of_x.max() + of_y / of_y.max()


def plain_choice(distances, count):
    """Kennard and Stone (1969), word for word."""
    size = len(distances)
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
    chosen = list(max(pairs, key=lambda pair: distances[pair]))
    while len(chosen) < count:
        rest = [at for at in range(size) if at not in chosen]
        chosen.append(max(rest, key=lambda at: min(distances[at, other] for other in chosen)))
    return set(chosen)


def plain_folds(distances, count):
    """Folds that take turns; each takes the point that is farthest from its own."""
    size = len(distances)
    first = sorted(range(size), key=lambda at: distances[at].mean())[-count:]
    members = [[at] for at in first]
    rest = set(range(size)) - set(first)
    turn = 0
    while rest:
        own = members[turn % count]
        taken = max(sorted(rest), key=lambda at: min(distances[at, other] for other in own))
        own.append(taken)
        rest.remove(taken)
        turn += 1
    return [set(own) for own in members]


@pytest.fixture(params=["kept", "row by row"])
def _memory(request, monkeypatch):
    if request.param == "row by row":
        monkeypatch.setattr(spread, "KEPT", 0)


@pytest.mark.usefixtures("_memory")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [0.25, 0.6, 3])
def test_the_choice_is_that_of_the_papers(seed, size):
    x, y = points(31, seed=seed)
    tested = size if size == 3 else int(np.ceil(size * 31))
    for splitter, distances in ((operators.KennardStone(size), euclidean(x)), (operators.SPXY(size), joint(x, y))):
        ((fit, held_out),) = splitter.split(x, y)
        assert set(fit.tolist()) == plain_choice(distances, 31 - tested)
        assert sorted([*fit, *held_out]) == list(range(31))
        assert splitter.get_n_splits(x) == 1


@pytest.mark.usefixtures("_memory")
@pytest.mark.parametrize("count", [2, 5, 31])
def test_folds_take_turns(count):
    x, y = points(31)
    for splitter, distances in (
        (operators.KennardStoneKFold(count), euclidean(x)),
        (operators.SPXYKFold(count), joint(x, y)),
    ):
        held = [set(held_out.tolist()) for _, held_out in splitter.split(x, y)]
        assert held == plain_folds(distances, count)
        assert {len(one) for one in held} <= {31 // count, 31 // count + 1}
        assert splitter.get_n_splits() == count


def test_a_published_choice():
    """On a line, the two ends come first, then the middle, then the quarters."""
    line = np.linspace(0, 8, 9)[:, None]
    ((fit, _),) = operators.KennardStone(6).split(line)
    assert fit.tolist() == [0, 4, 8]
    ((fit, _),) = operators.KennardStone(4).split(line)
    assert fit.tolist() == [0, 2, 4, 6, 8]


@pytest.mark.usefixtures("_memory")
def test_of_equal_points_the_first_is_taken():
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    assert Space(square).farthest() == (0, 3)
    ((fit, held_out),) = operators.KennardStone(0.4).split(square)
    assert (fit.tolist(), held_out.tolist()) == ([0, 1, 3], [2, 4])
    ((fit, _),) = operators.SPXY(2).split(np.ones((5, 3)), np.ones(5))
    assert fit.tolist() == [0, 1, 2]


def test_of_equal_groups_the_one_that_appears_first_is_taken():
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    ((fit, _),) = operators.KennardStone(1).split(square, groups=["z", "y", "a", "b"])
    assert fit.tolist() == [0, 1, 3]


def test_classes_are_near_or_far():
    x, _ = points(20)
    labels = np.array(["a", "b", "c", "b"] * 5)
    apart = euclidean(x) / euclidean(x).max() + (labels[:, None] != labels[None, :])
    ((fit, _),) = operators.SPXY(0.5).split(x, labels)
    assert set(fit.tolist()) == plain_choice(apart, 10)
    numbered = np.unique(labels, return_inverse=True)[1]
    ((fit, _),) = operators.SPXY(0.5, y_metric="discrete").split(x, numbered)
    assert set(fit.tolist()) == plain_choice(apart, 10)
    ((fit, _),) = operators.SPXY(0.5).split(x, numbered)
    assert set(fit.tolist()) == plain_choice(joint(x, numbered.astype(float)), 10)


@pytest.mark.parametrize("kind", ["KennardStone", "SPXY", "KennardStoneKFold", "SPXYKFold"])
def test_a_group_is_one_point_and_is_never_torn(kind):
    x, y = points(36, seed=2)
    sizes = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 4, 2]
    groups = np.repeat(list("rbzaqmckefol"), sizes)[np.random.default_rng(1).permutation(36)]
    order = list(dict.fromkeys(groups.tolist()))
    means = np.array([x[groups == name].mean(axis=0) for name in order])
    levels = np.array([y[groups == name].mean() for name in order])
    splitter = getattr(operators, kind)()
    held = [{order.index(groups[at]) for at in held_out} for _, held_out in splitter.split(x, y, groups)]
    torn = [set(groups[fit]) & set(groups[held_out]) for fit, held_out in splitter.split(x, y, groups)]
    assert not any(torn)
    distances = joint(means, levels) if kind.startswith("SPXY") else euclidean(means)
    if kind.endswith("Fold"):
        assert held == plain_folds(distances, 5)
    else:
        assert held == [set(range(12)) - plain_choice(distances, 9)]


def test_the_class_of_a_group_is_that_of_most_of_its_samples():
    x = np.arange(12.0)[:, None]
    groups = np.repeat([0, 1, 2, 3], 3)
    ((_, first),) = operators.SPXY(0.25).split(x, list("aababbbbbbbb"), groups)
    ((_, second),) = operators.SPXY(0.25).split(x, list("aaabbbbbbbbb"), groups)
    assert first.tolist() == second.tolist()


def test_many_samples_need_no_matrix_of_distances():
    x, y = points(spread.KEPT + 500, 3)
    splitter = operators.SPXY(spread.KEPT + 480)
    tracemalloc.start()
    ((fit, _),) = splitter.split(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(fit) == 20
    assert peak < 4 << 20, "a matrix of these would have 50 MB"


def test_scikit_learn_takes_them_as_splitters():
    from sklearn.linear_model import Ridge

    x, y = points(30)
    assert len(cross_val_score(Ridge(), x, y, cv=operators.SPXYKFold(3))) == 3
    assert repr(operators.SPXY(0.3)) == "SPXY(test_size=0.3, y_metric='auto')"


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda x, y: operators.KennardStone(0.0), "'test_size' parameter"),
        (lambda x, y: operators.KennardStone(1.0), "'test_size' parameter"),
        (lambda x, y: operators.SPXY(0.3, "hamming"), "'y_metric' parameter"),
        (lambda x, y: operators.KennardStoneKFold(1), "'n_splits' parameter"),
        (
            lambda x, y: operators.KennardStone(9).split(x),
            "at least 2 samples, or groups, are needed to fit on, of 10 there would be 1",
        ),
        (lambda x, y: operators.KennardStone(50).split(x), "of 10 there would be 0"),
        (lambda x, y: operators.KennardStoneKFold(11).split(x), "there are 10 samples"),
        (lambda x, y: operators.SPXY().split(x), "needs y"),
        (lambda x, y: operators.SPXY().split(x, y[:5]), "inconsistent numbers of samples"),
        (lambda x, y: operators.SPXY().split(x, y * np.nan), "NaN"),
        (lambda x, y: operators.SPXY().split(x * np.inf, y), "infinity|NaN"),
        (lambda x, y: operators.SPXY(y_metric="euclidean").split(x, list("aabbaabbaa")), "use 'discrete'"),
        (lambda x, y: operators.KennardStone().split(x, y, ["a"] * 10), "all samples are of one group"),
        (lambda x, y: operators.KennardStone().split(x[:1], y[:1]), "minimum of 2 is required"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_makes_no_sense_is_refused(make, what):
    with pytest.raises(ValueError, match=what):
        list(make(*points(10)))
