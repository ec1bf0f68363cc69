"""Expansion of generators: what they make, in which order, and what they refuse."""

import itertools
import math
from decimal import Decimal

import pytest
from expanding import made
from hypothesis import given, settings
from hypothesis import strategies as st

from nws.engine.generators import space_of
from nws.engine.keywords import LIMIT
from nws.engine.selections import sample
from nws.engine.spaces import NOTHING, Sequenced, values
from nws.errors import BadInput


def refused(node):
    with pytest.raises(BadInput) as caught:
        made(node)
    return caught.value.message


def test_plain_data_stands_for_itself():
    node = {"a": [1, None, {"b": "c"}], "count": 3, "pick": [1, 2], "d": []}
    assert made(node) == [node]


def test_later_entries_vary_fastest():
    node = [{"a": {"_or_": [1, 2]}, "b": {"_range_": [3, 4]}}, {"_or_": ["x", "y"]}]
    expected = [[{"a": a, "b": b}, c] for a in (1, 2) for b in (3, 4) for c in "xy"]
    assert made(node) == expected


def test_or_may_hold_generators_and_lists():
    assert made({"_or_": [1, {"_or_": [2, [3, {"_or_": [4, 5]}]]}]}) == [1, 2, [3, 4], [3, 5]]


def test_null_in_or_leaves_the_entry_out():
    assert made({"_or_": [None, "a"]}) == [NOTHING, "a"]
    assert made({"x": {"_or_": [None, 1]}, "y": None}) == [{"y": None}, {"x": 1, "y": None}]
    assert made([1, {"_or_": [None, 2]}]) == [[1], [1, 2]]


@pytest.mark.parametrize("head", ["class", "model", "y_processing", "split", "preprocessing"])
def test_without_a_class_there_is_no_step(head):
    assert made({head: {"_or_": ["a.B", None]}, "name": "n"}) == [{head: "a.B", "name": "n"}, NOTHING]


def test_no_class_inside_params_is_the_default_of_the_parameter():
    node = {"class": "a.B", "params": {"estimator": {"class": {"_or_": [None, "c.D"]}, "params": {"x": 1}}}}
    assert [step["params"] for step in made(node)] == [{}, {"estimator": {"class": "c.D", "params": {"x": 1}}}]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ([1, 4], [1, 2, 3, 4]),
        ([7, 15, 4], [7, 11, 15]),
        ([1, 10, 4], [1, 5, 9]),
        ({"from": 1, "to": 3}, [1, 2, 3]),
        ({"from": 10, "to": 1, "step": -4}, [10, 6, 2]),
        ([3, 1, -1], [3, 2, 1]),
        ([5, 5], [5]),
        ([0.1, 0.5, 0.1], [0.1, 0.2, 0.3, 0.4, 0.5]),
        ([1, 0, -0.25], [1.0, 0.75, 0.5, 0.25, 0.0]),
        ([1.0, 3], [1.0, 2.0, 3.0]),
        ([1e-3, 3e-3, 1e-3], [0.001, 0.002, 0.003]),
        ([0, 1, 0.3], [0.0, 0.3, 0.6, 0.9]),
    ],
)
def test_range_includes_its_end_and_gives_clean_decimals(spec, expected):
    found = made({"_range_": spec})
    assert found == expected
    assert [type(number) for number in found] == [type(number) for number in expected]


@settings(deadline=None)
@given(st.integers(-50, 50), st.integers(0, 60), st.integers(1, 30), st.integers(0, 6))
def test_range_is_exact_for_decimals(start, count, step, digits):
    def scaled(number):
        return float(Decimal(number).scaleb(-digits))

    spec = [scaled(start), scaled(start + count * step), scaled(step)]
    assert made({"_range_": spec}) == [scaled(start + n * step) for n in range(count + 1)]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ([0.001, 1, 4], [0.001, 0.01, 0.1, 1.0]),
        ([100, 1, 3], [100.0, 10.0, 1.0]),
        ({"from": 1, "to": 8, "num": 4, "base": 2}, [1.0, 2.0, 4.0, 8.0]),
        ({"from": 1, "to": 512, "base": 2}, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]),
        ([0.3, 0.7, 2], [0.3, 0.7]),
        ([1, 10, 3], [1.0, 3.16227766016838, 10.0]),
    ],
)
def test_log_range_has_exact_ends_and_equal_ratios(spec, expected):
    assert made({"_log_range_": spec}) == expected


def test_grid_is_every_combination_and_may_hold_generators():
    node = {"_grid_": {"a": [1, None], "b": {"_range_": [1, 2]}, "c": ["x", {"_or_": ["y", "z"]}], "d": 5}}
    expected = [{"a": a, "b": b, "c": c, "d": 5} for a in (1, None) for b in (1, 2) for c in "xyz"]
    assert made(node) == expected


def test_zip_walks_in_parallel():
    node = {"_zip_": {"a": [1, 2], "b": {"_or_": ["x", None]}}}
    assert made(node) == [{"a": 1, "b": "x"}, {"a": 2}]


def test_chain_keeps_the_order():
    assert made({"_chain_": [3, {"_or_": [1, 2]}, None, [4, 5]]}) == [3, 1, 2, NOTHING, [4, 5]]


@pytest.mark.parametrize(
    ("head", "given_step", "expected"),
    [
        ("model", {"model": "a.B"}, {"model": {"class": "a.B", "params": {"n": 1}}}),
        ("model", {"model": {"class": "a.B"}}, {"model": {"class": "a.B", "params": {"n": 1}}}),
        (
            "model",
            {"model": {"class": "a.B", "params": {"m": 0}}, "name": "x"},
            {"model": {"class": "a.B", "params": {"m": 0, "n": 1}}, "name": "x"},
        ),
        ("class", {"class": "a.B"}, {"class": "a.B", "params": {"n": 1}}),
        ("class", {"class": "a.B", "params": {"m": 0}}, {"class": "a.B", "params": {"m": 0, "n": 1}}),
        ("class", {"class": "a.B", "params": None}, {"class": "a.B", "params": {"n": 1}}),
    ],
)
def test_param_names_the_parameter_of_the_class_beside_it(head, given_step, expected):
    found = made({**given_step, "_range_": [1, 3], "param": "n"})
    assert found[0] == expected
    holders = [step[head] if head == "model" else step for step in found]
    assert [holder["params"]["n"] for holder in holders] == [1, 2, 3]


def test_the_generator_beside_a_model_varies_fastest():
    node = {"_range_": [1, 2], "param": "n", "model": {"class": {"_or_": ["a.B", "a.C"]}}}
    found = [(step["model"]["class"], step["model"]["params"]["n"]) for step in made(node)]
    assert found == [("a.B", 1), ("a.B", 2), ("a.C", 1), ("a.C", 2)]


def test_null_beside_a_model_is_the_default():
    assert made({"model": "a.B", "_or_": [None, 2], "param": "n"}) == [
        {"model": "a.B"},
        {"model": {"class": "a.B", "params": {"n": 2}}},
    ]


def test_grid_beside_a_model_and_inside_params_names_its_own():
    grid = {"a": [1, 2], "b": [3]}
    beside = made({"model": {"class": "a.B", "params": {"c": 0}}, "_grid_": grid})
    inside = made({"model": {"class": "a.B", "params": {"c": 0, "_grid_": grid}}})
    assert beside == inside == [{"model": {"class": "a.B", "params": {"c": 0, "a": a, "b": 3}}} for a in (1, 2)]


@pytest.mark.parametrize(("word", "select"), [("pick", itertools.combinations), ("arrange", itertools.permutations)])
@pytest.mark.parametrize("sizes", [0, 1, 2, 3, [0, 3], [2, 3]])
def test_pick_and_arrange(word, select, sizes):
    low, high = sizes if isinstance(sizes, list) else (sizes, sizes)
    expected = [list(chosen) for size in range(low, high + 1) for chosen in select("abc", size)]
    assert made({"_or_": ["a", "b", "c"], word: sizes}) == expected


def test_pick_of_generators_and_of_nothing():
    assert made({"_or_": ["a", {"_or_": ["b", "c"]}, None], "pick": 2}) == [["a", "b"], ["a", "c"], ["a"], ["b"], ["c"]]


def test_count_keeps_the_order_and_the_seed_decides():
    node = {"_range_": [1, 50], "count": 10, "_seed_": 7}
    found = made(node)
    assert found == made(dict(node))
    assert found == sorted(set(found))
    assert len(found) == 10
    assert found != made({**node, "_seed_": 8})
    assert made({"_range_": [1, 50], "count": 10}) == made({"_range_": [1, 50], "count": 10, "_seed_": 0})
    assert made({"_range_": [1, 5], "count": 10}) == [1, 2, 3, 4, 5]


def test_count_is_the_same_in_every_version():
    assert made({"_range_": [1, 20], "count": 5, "_seed_": 42}) == [1, 5, 6, 13, 15]
    assert made({"_or_": list("abcdef"), "count": 4, "_seed_": 1}) == ["b", "c", "d", "e"]


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 2**32))
def test_samples_are_distinct_and_ordered(size, count, seed):
    found = list(values(sample(Sequenced(size, lambda index: index), count, seed)))
    assert len(found) == min(size, count)
    assert found == sorted(set(found))
    assert all(0 <= index < size for index in found)


def test_a_few_of_very_many_are_taken_without_making_the_rest():
    grid = {name: {"_range_": [1, 1000]} for name in "abcdef"}
    found = made({"_grid_": grid, "count": 5, "_seed_": 3})
    assert len(found) == 5
    assert len({tuple(row.values()) for row in found}) == 5


def test_the_number_is_known_before_anything_is_made():
    grid = {name: {"_range_": [1, 10_000]} for name in "abcdef"}
    assert space_of({"_grid_": grid}, "p").size == 10_000**6
    assert space_of({"_or_": [1, 2, {"_range_": [1, 10]}]}, "p").size == 12
    assert space_of([{"_or_": [1, 2]}, {"_or_": [1, 2, 3]}], "p").size == 6


def test_picks_are_counted_and_taken_without_making_the_others():
    space = space_of({"_or_": list(range(60)), "pick": 30}, "p")
    assert space.size == math.comb(60, 30)
    assert space.at(0) == list(range(30))
    assert space.at(space.size - 1) == list(range(30, 60))
    assert space_of({"_or_": list(range(2000)), "arrange": 1000}, "p").size == math.perm(2000, 1000)
    few = made({"_or_": list(range(2000)), "arrange": 1000, "count": 2})
    assert [len(set(chosen)) for chosen in few] == [1000, 1000]


def test_too_many_are_refused_before_any_is_made():
    assert f"at most {LIMIT:,}" in refused({"_grid_": {"a": {"_range_": [1, 10**9]}}, "count": 10**8})
    assert f"at most {LIMIT:,}" in refused({"_sample_": {"num": LIMIT + 1}})


@pytest.mark.parametrize("word", ["_seed_", "_weights_", "_mutex_", "_requires_", "_depends_on_", "_exclude_"])
@pytest.mark.parametrize("around", [{}, {"class": "a.B"}])
def test_what_stands_beside_a_generator_needs_one(word, around):
    assert refused([0, {"x": {**around, word: []}}]) == f"f: p[1].x.{word}: there is no generator beside it"


@pytest.mark.parametrize("word", ["pick", "arrange", "then_pick", "_mutex_", "_exclude_"])
def test_what_chooses_goes_with_choices(word):
    assert refused({"_range_": [1, 3], word: 1}) == f"f: p.{word}: goes with _or_ or _cartesian_, not with _range_"


def test_an_old_name_of_pick_is_refused_by_name():
    assert refused({"_or_": [1, 2], "size": 1}) == "f: p.size: size is not supported"


def test_choices_that_are_objects_stand_beside_a_class():
    node = {"model": "a.B", "_or_": [{"name": "x"}, None, {"params": {"n": {"_or_": [1, 2]}}}]}
    assert made(node) == [
        {"model": "a.B", "name": "x"},
        {"model": "a.B"},
        {"model": "a.B", "params": {"n": 1}},
        {"model": "a.B", "params": {"n": 2}},
    ]


@pytest.mark.parametrize(
    ("node", "what"),
    [
        ({"_ranges_": [1, 2]}, "f: p._ranges_: no such keyword"),
        ({"_or_": []}, "f: p._or_: a list of at least one choice"),
        ({"_or_": "ab"}, "f: p._or_: a list of at least one choice"),
        ({"_or_": [1], "_range_": [1, 2]}, "f: p: _or_ and _range_ stand side by side"),
        ({"_or_": [1, 2], "pick": 3}, "f: p.pick: cannot take 3 of 2"),
        ({"_or_": [1, 2], "pick": "1"}, "f: p.pick: '1' is not n or [min, max]"),
        ({"_or_": [1, 2], "pick": True}, "f: p.pick: True is not"),
        ({"_or_": [1, 2], "pick": [2, 1]}, "f: p.pick: [2, 1] is not"),
        ({"_or_": [1, 2], "pick": 1, "arrange": 1}, "f: p: pick and arrange stand side by side"),
        ({"_or_": [1, 2], "count": 0}, "f: p.count: 0 is not a whole number from 1 up"),
        ({"_or_": [1, 2], "count": 1.5}, "f: p.count: 1.5 is not"),
        ({"_or_": [1, 2], "count": 1, "_seed_": -1}, "f: p._seed_: -1 is not"),
        ({"_or_": [1, 2], "_seed_": 1}, "f: p._seed_: there is no count beside it"),
        ({"class": "a.B", "_seed_": 1}, "f: p._seed_: there is no generator beside it"),
        ({"_range_": [1]}, "f: p._range_: two or three numbers are"),
        ({"_range_": [1, 2, 3, 4]}, "f: p._range_: two or three numbers are"),
        ({"_range_": [1, "2"]}, "f: p._range_: two or three numbers are"),
        ({"_range_": [True, 2]}, "f: p._range_: two or three numbers are"),
        ({"_range_": {"from": 1, "to": 2, "by": 1}}, "f: p._range_.by: no such entry"),
        ({"_range_": {"from": 1}}, "f: p._range_: two or three numbers are"),
        ({"_range_": [1, 5, 0]}, "f: p._range_: a step of 0"),
        ({"_range_": [5, 1]}, "f: p._range_: makes no value"),
        ({"_log_range_": [0, 1, 3]}, "f: p._log_range_: both ends must be above 0"),
        ({"_log_range_": [1, 10, 1]}, "f: p._log_range_: num = 1"),
        ({"_log_range_": [1, 10]}, "f: p._log_range_: three numbers"),
        ({"_log_range_": {"from": 1, "to": 10, "base": 1}}, "f: p._log_range_.base: 1 is not a number above 0"),
        ({"_log_range_": {"from": 1, "to": 10, "base": "2"}}, "f: p._log_range_.base: '2' is not"),
        ({"_cartesian_s_": [1]}, "f: p._cartesian_s_: no such keyword"),
        ({"model": "a.B", "_or_": [{"name": "x"}], "name": "y"}, "f: p: 'name' is given twice"),
        ({"model": "a.B", "_or_": [{"name": "x"}, 3]}, "f: p: _or_ stands beside model without param"),
        ({"_chain_": []}, "f: p._chain_: a list of at least one"),
        ({"_zip_": []}, "f: p._zip_: an object of parameters"),
        ({"_grid_": {}}, "f: p._grid_: an object of parameters"),
        ({"_grid_": {"a": []}}, "f: p._grid_.a: an empty list"),
        ({"_grid_": {"_or_": [1]}}, "f: p._grid_._or_: stands where the name of a parameter"),
        ({"_zip_": {"a": [1], "b": [1, 2]}}, "f: p._zip_: unequal lengths: a has 1, b has 2"),
        ({"_or_": [1], "param": "n"}, "f: p.param: there is no class or model"),
        ({"a": 1, "_or_": [{"b": 2}], "param": "n"}, "f: p.param: there is no class or model"),
        ({"model": "a.B", "_range_": [1, 2]}, "f: p: _range_ stands beside model without param"),
        ({"model": "a.B", "_range_": [1, 2], "param": 3}, "f: p.param: 3 is not a name"),
        ({"model": "a.B", "_grid_": {"a": [1]}, "param": "a"}, "f: p.param: 'a' is not for _grid_"),
        ({"model": {"class": "a.B", "params": {"n": 1}}, "_range_": [1, 2], "param": "n"}, "f: p: 'n' is given twice"),
        ({"model": ["a.B"], "_range_": [1, 2], "param": "n"}, "f: p.model: a class path or"),
        ({"a": 1, "_range_": [1, 2]}, "f: p._range_: stands beside other entries"),
        ({"a": 1, "_grid_": {"a": [2]}}, "f: p: 'a' is given twice"),
    ],
)
def test_mistakes_are_named_with_their_place(node, what):
    assert refused(node).startswith(what)
