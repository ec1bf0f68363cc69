"""Random values: the same on every machine, and of the distribution that was asked for."""

import math
import statistics

import pytest

from nws.engine.generators import space_of
from nws.engine.spaces import NOTHING, values
from nws.errors import BadInput


def made(node):
    space = space_of(node, "f: p")
    found = list(values(space))
    assert len(found) == space.size
    return found


def drawn(seed=0, **spec):
    return made({"_sample_": spec, "_seed_": seed})


def refused(node):
    with pytest.raises(BadInput) as caught:
        made(node)
    return caught.value.message


def test_values_are_those_of_every_machine_and_version():
    assert drawn(42, distribution="uniform", num=3, **{"from": 0, "to": 1}) == [
        0.639426798457884,
        0.0250107552226669,
        0.275029318369119,
    ]
    assert drawn(42, distribution="log_uniform", num=2, **{"from": 0.001, "to": 1000}) == [
        6.86373947477075,
        0.00141274744760609,
    ]
    assert drawn(42, distribution="normal", mean=10, std=2, num=3) == [
        12.8214554108875,
        10.2687244478201,
        8.548289724152,
    ]
    assert drawn(42, distribution="choice", values=list("abcde"), num=6) == ["d", "a", "b", "b", "d", "d"]


def test_without_words_it_is_ten_of_the_uniform_distribution():
    assert drawn() == made({"_sample_": {}}) == drawn(distribution="uniform", num=10, **{"from": 0, "to": 1})
    assert drawn(1) != drawn(2)
    assert drawn(distribution="gaussian", num=4) == drawn(distribution="normal", mean=0, std=1, num=4)
    assert drawn(distribution="log_uniform") == drawn(distribution="log_uniform", **{"from": 0.001, "to": 1})


def test_the_normal_distribution_is_one():
    found = sorted(drawn(5, distribution="normal", mean=-3, std=0.5, num=4000))
    expected = statistics.NormalDist(-3, 0.5)
    # The largest distance of the distribution functions; 1.63 / sqrt(n) has a probability of 1 % (Kolmogorov).
    gaps = [abs((at + 0.5) / len(found) - expected.cdf(value)) for at, value in enumerate(found)]
    assert max(gaps) < 1.63 / math.sqrt(len(found))
    assert drawn(distribution="normal", mean=4, std=0, num=2) == [4.0, 4.0]


def test_logarithms_are_uniform():
    found = sorted(
        math.log10(value) for value in drawn(3, distribution="log_uniform", num=4000, **{"from": 1e-6, "to": 1})
    )
    gaps = [abs((at + 0.5) / len(found) - (value + 6) / 6) for at, value in enumerate(found)]
    assert max(gaps) < 1.63 / math.sqrt(len(found))


def test_choices_may_be_generators_or_nothing():
    found = drawn(distribution="choice", values=[None, {"_or_": [1, 2]}], num=20)
    assert set(found) == {NOTHING, 1, 2}
    assert len(found) > 20


def test_count_takes_the_first():
    spec = {"distribution": "uniform", "num": 8}
    assert made({"_sample_": spec, "count": 3, "_seed_": 4}) == made({"_sample_": spec, "_seed_": 4})[:3]
    assert len(made({"_sample_": spec, "count": 30})) == 8


def test_beside_a_model_it_gives_values_for_a_parameter():
    node = {"model": "a.B", "_sample_": {"distribution": "choice", "values": [7], "num": 1}, "param": "n"}
    assert made(node) == [{"model": {"class": "a.B", "params": {"n": 7}}}]


def test_weights_decide_how_often_a_choice_is_taken():
    taken = [made({"_or_": list("abc"), "_weights_": [6, 3, 1], "count": 1, "_seed_": seed})[0] for seed in range(3000)]
    shares = [taken.count(letter) / len(taken) for letter in "abc"]
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.03)


def test_the_values_of_one_choice_share_its_weight():
    node = {"_or_": ["a", {"_range_": [1, 9]}], "_weights_": [0.5, 0.5], "count": 1}
    taken = [made({**node, "_seed_": seed})[0] for seed in range(2000)]
    assert taken.count("a") / len(taken) == pytest.approx(0.5, abs=0.04)
    assert set(taken) == {"a", *range(1, 10)}


def test_weighted_choices_come_once_and_in_order():
    node = {"_or_": ["a", {"_range_": [1, 9]}, "b"], "_weights_": [1, 8, 0.25], "_seed_": 2}
    everything = ["a", *range(1, 10), "b"]
    for count in range(1, 13):
        found = made({**node, "count": count})
        assert len(found) == min(count, 11)
        assert found == [value for value in everything if value in found]
    assert made({"_or_": list("abc"), "_weights_": [1, 0, 1], "count": 3}) == ["a", "c"]


def test_weighted_choices_are_those_of_every_version():
    node = {"_or_": list("abcdef"), "_weights_": [1, 2, 3, 4, 5, 6], "count": 3}
    found = ["".join(made({**node, "_seed_": seed})) for seed in range(4)]
    assert found == ["cdf", "bdf", "aef", "cdf"]


@pytest.mark.parametrize(
    ("node", "what"),
    [
        ({"_sample_": []}, "f: p._sample_: an object is expected"),
        ({"_sample_": {"distribution": "unifrom"}}, "f: p._sample_.distribution: no such distribution: 'unifrom'"),
        ({"_sample_": {"distribution": 3}}, "f: p._sample_.distribution: no such distribution: 3"),
        ({"_sample_": {"mean": 3}}, "f: p._sample_.mean: uniform has no such entry"),
        ({"_sample_": {"num": 0}}, "f: p._sample_.num: 0 is not a whole number from 1 up"),
        ({"_sample_": {"num": 2.5}}, "f: p._sample_.num: 2.5 is not"),
        ({"_sample_": {"from": "a"}}, "f: p._sample_.from: 'a' is not a number"),
        ({"_sample_": {"from": 2, "to": 1}}, "f: p._sample_.to: 1 is below from, 2"),
        ({"_sample_": {"distribution": "log_uniform", "from": 0}}, "f: p._sample_.from: must be above 0"),
        ({"_sample_": {"distribution": "normal", "std": -1}}, "f: p._sample_.std: must not be below 0"),
        ({"_sample_": {"distribution": "choice"}}, "f: p._sample_.values: a list of at least one"),
        ({"_sample_": {"distribution": "choice", "values": []}}, "f: p._sample_.values: a list of at least one"),
        ({"_sample_": {}, "_seed_": "x"}, "f: p._seed_: 'x' is not a whole number"),
        ({"_sample_": {}, "count": 0}, "f: p.count: 0 is not"),
        ({"_sample_": {}, "pick": 1}, "f: p.pick: goes with _or_ or _cartesian_"),
        ({"_sample_": {}, "_weights_": [1]}, "f: p._weights_: goes with _or_"),
        ({"_or_": [1, 2], "_weights_": [1, 1]}, "f: p._weights_: there is no count beside it"),
        ({"_or_": [1, 2], "_weights_": [1], "count": 1}, "f: p._weights_: 1 weights for 2 choices"),
        ({"_or_": [1, 2], "_weights_": [1, -1], "count": 1}, "f: p._weights_: a list of numbers from 0 up"),
        ({"_or_": [1, 2], "_weights_": [1, "1"], "count": 1}, "f: p._weights_: a list of numbers from 0 up"),
        ({"_or_": [1, 2], "_weights_": [0, 0], "count": 1}, "f: p._weights_: all weights are 0"),
        (
            {"_or_": [1, 2], "pick": 1, "_weights_": [1, 1], "count": 1},
            "f: p._weights_: goes with _or_ and count alone",
        ),
        ({"_range_": [1, 2], "_weights_": [1, 1], "count": 1}, "f: p._weights_: goes with _or_ and count alone"),
    ],
)
def test_mistakes_are_named_with_their_place(node, what):
    assert refused(node).startswith(what)
