"""Choosing several at once: second choices, sequences, and constraints on what may stand together."""

import itertools
import math

import pytest
from expanding import made
from hypothesis import given, settings
from hypothesis import strategies as st

from nws.engine.generators import space_of
from nws.engine.keywords import LIMIT
from nws.engine.selections import Combinations, Permutations
from nws.engine.spaces import NOTHING, Sequenced, values
from nws.errors import BadInput

SELECT = {"pick": itertools.combinations, "arrange": itertools.permutations}


def refused(node):
    with pytest.raises(BadInput) as caught:
        made(node)
    return caught.value


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=5), st.integers(0, 4), st.sampled_from([Combinations, Permutations]))
def test_every_selection_is_found_by_its_number(sizes, taken, kind):
    items = [
        Sequenced(size, lambda index, name=name: f"{name}{index}") for name, size in zip("abcdef", sizes, strict=False)
    ]
    select = itertools.combinations if kind is Combinations else itertools.permutations
    expected = [
        list(row)
        for chosen in select(range(len(items)), taken)
        for row in itertools.product(*(list(values(items[at])) for at in chosen))
    ]
    space = kind(items, taken)
    assert space.size == len(expected)
    assert list(values(space)) == expected


@pytest.mark.parametrize("first", SELECT)
@pytest.mark.parametrize("then", SELECT)
@pytest.mark.parametrize("sizes", [(1, 2), (2, 1), (2, 2), ([1, 2], 2), (2, [0, 2])])
def test_second_choices_are_made_of_the_first(first, then, sizes):
    def several(select, items, size):
        low, high = size if isinstance(size, list) else (size, size)
        return [list(chosen) for number in range(low, high + 1) for chosen in select(items, number)]

    firsts = several(SELECT[first], "abc", sizes[0])
    items = [chosen[0] if len(chosen) == 1 else chosen for chosen in firsts]
    node = {"_or_": list("abc"), first: sizes[0], f"then_{then}": sizes[1]}
    assert made(node) == several(SELECT[then], items, sizes[1])


def test_second_choices_of_generators():
    node = {"_or_": ["a", {"_or_": ["b", "c"]}], "pick": 1, "then_pick": 2}
    assert made(node) == [["a", "b"], ["a", "c"], ["b", "c"]]


def test_second_choices_are_counted_without_making_them():
    node = {"_or_": list(range(40)), "pick": 2, "then_pick": 20}
    assert space_of(node, "p").size == math.comb(math.comb(40, 2), 20)
    assert len(made({**node, "count": 3})) == 3


def test_sequences_take_one_of_each():
    node = {"_cartesian_": [{"_or_": ["a", None]}, "b", {"_or_": ["c", ["d", "e"]]}, None]}
    assert made(node) == [["a", "b", "c"], ["a", "b", ["d", "e"]], ["b", "c"], ["b", ["d", "e"]]]


def test_sequences_can_be_chosen_from():
    stages = [{"_or_": ["a", "b"]}, {"_or_": ["c", None]}]
    rows = [["a", "c"], ["a"], ["b", "c"], ["b"]]
    assert made({"_cartesian_": stages}) == rows
    for word, select in SELECT.items():
        expected = [[item[0] if len(item) == 1 else item for item in chosen] for chosen in select(rows, 2)]
        assert made({"_cartesian_": stages, word: 2}) == expected
    assert made({"_cartesian_": stages, "pick": 1}) == [[["a", "c"]], ["a"], [["b", "c"]], ["b"]]
    assert len(made({"_cartesian_": stages, "pick": [1, 3], "count": 5})) == 5


def test_sequences_are_counted_without_making_them():
    stages = [{"_range_": [1, 1000]}] * 5
    assert space_of({"_cartesian_": stages}, "p").size == 10**15
    assert len(made({"_cartesian_": stages, "count": 4})) == 4


LETTERS = list("abcd")


def sets(node):
    return {"".join(chosen) for chosen in made(node)}


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ({"_mutex_": [["a", "b"]]}, {"ac", "ad", "bc", "bd", "cd"}),
        ({"_mutex_": [["a", "b"], ["c", "d"]]}, {"ac", "ad", "bc", "bd"}),
        ({"_mutex_": [["a"]]}, {"bc", "bd", "cd"}),
        ({"_mutex_": [["a", "b", "c"]]}, {"ab", "ac", "ad", "bc", "bd", "cd"}),
        ({"_requires_": [["a", "b"]]}, {"ab", "bc", "bd", "cd"}),
        ({"_requires_": [["a", "b", "c"]]}, {"bc", "bd", "cd"}),
        ({"_depends_on_": [["a", "b"]]}, {"ab", "bc", "bd", "cd"}),
        ({"_exclude_": [["b", "a"], ["c", "d"]]}, {"ac", "ad", "bc", "bd"}),
        ({"_exclude_": [["a"]]}, {"ab", "ac", "ad", "bc", "bd", "cd"}),
        ({"_mutex_": [["a", "b"]], "_exclude_": [["c", "d"]]}, {"ac", "ad", "bc", "bd"}),
    ],
)
def test_constraints_say_what_may_stand_together(constraints, expected):
    assert sets({"_or_": LETTERS, "pick": 2, **constraints}) == expected


@settings(deadline=None)
@given(st.sampled_from(sorted(SELECT)), st.integers(0, 4), st.data())
def test_constraints_leave_what_looking_at_each_leaves(word, size, data):
    letter = st.sampled_from(LETTERS)
    groups = st.lists(st.lists(letter, min_size=2, max_size=3), max_size=2)
    apart, needs, out = data.draw(groups), data.draw(groups), data.draw(groups)
    node = {"_or_": LETTERS, word: size, "_mutex_": apart, "_requires_": needs, "_exclude_": out}
    expected = [
        list(chosen)
        for chosen in SELECT[word](LETTERS, size)
        if not any(set(group) <= set(chosen) for group in apart)
        and all(group[0] not in chosen or set(group) <= set(chosen) for group in needs)
        and set(chosen) not in [set(group) for group in out]
    ]
    if expected:
        assert made(node) == expected
    else:
        assert "leave nothing" in refused(node).message


def test_constraints_name_choices_as_they_are_written():
    long = {"class": "x.B", "params": {"n": {"_or_": [1, 2]}}}
    node = {"_or_": [{"class": "x.A", "params": {}}, long, None, "x.C"], "pick": 2}
    found = made({**node, "_mutex_": [["x.A", long], [None, "x.C"]]})
    assert found == [
        [{"class": "x.A", "params": {}}],
        [{"class": "x.A", "params": {}}, "x.C"],
        [{"class": "x.B", "params": {"n": 1}}],
        [{"class": "x.B", "params": {"n": 2}}],
        [{"class": "x.B", "params": {"n": 1}}, "x.C"],
        [{"class": "x.B", "params": {"n": 2}}, "x.C"],
    ]


def test_constraints_on_single_choices_look_into_lists():
    node = {"_or_": [["a", "b"], ["a", "c"], "a", None], "_mutex_": [["a", "b"]], "_exclude_": [["a"]]}
    assert made(node) == [["a", "c"], NOTHING]


def test_constraints_on_sequences():
    stages = [{"_or_": ["a", "b"]}, {"_or_": ["c", None]}, "d"]
    assert made({"_cartesian_": stages, "_mutex_": [["a", "c"]]}) == [["a", "d"], ["b", "c", "d"], ["b", "d"]]
    assert made({"_cartesian_": stages, "_requires_": [["b", "c"]]}) == [["a", "c", "d"], ["a", "d"], ["b", "c", "d"]]
    assert made({"_cartesian_": stages, "_exclude_": [["a", None, "d"]]})[0] == ["a", "c", "d"]
    assert len(made({"_cartesian_": stages, "_exclude_": [["a", None, "d"]]})) == 3


def test_constraints_on_chosen_sequences_are_on_whole_ones():
    stages = [{"_or_": ["a", "b"]}, {"_or_": ["c", None]}]
    found = made({"_cartesian_": stages, "pick": 2, "_mutex_": [[["a", "c"], ["b", "c"]]]})
    assert [["a", "c"], ["b", "c"]] not in found
    assert len(found) == 5


def test_constraints_on_second_choices_are_on_what_is_chosen_from():
    node = {"_or_": list("abc"), "pick": [1, 2], "then_pick": 2, "_mutex_": [["a", ["a", "b"]]]}
    assert len(made(node)) == math.comb(6, 2) - 1
    assert ["a", ["a", "b"]] not in made(node)


def test_count_is_taken_of_what_the_constraints_leave():
    node = {"_or_": LETTERS, "pick": 2, "_mutex_": [["a", "b"]], "count": 5}
    assert sets(node) == {"ac", "ad", "bc", "bd", "cd"}
    assert len(made({**node, "count": 2})) == 2


def test_constraints_do_not_look_at_too_many():
    told = refused({"_or_": list(range(60)), "pick": 6, "_mutex_": [[0, 1]]})
    assert told.message == (
        "f: p.pick: expands to 50,063,860 combinations that the constraints have to look at; "
        f"at most {LIMIT:,} are allowed"
    )
    stages = [{"_range_": [1, 101]}] * 3
    assert (
        "sequences that the constraints have to look at"
        in refused({"_cartesian_": stages, "_mutex_": [[1, 2]]}).message
    )


@pytest.mark.parametrize(
    ("node", "what"),
    [
        ({"_or_": [1], "then_pick": 1}, "f: p.then_pick: there is no pick or arrange beside it"),
        ({"_or_": [1], "pick": 1, "then_pick": 1, "then_arrange": 1}, "f: p: then_pick and then_arrange stand side"),
        ({"_or_": [1, 2], "pick": 2, "then_pick": 2}, "f: p.then_pick: cannot take 2 of 1 choices"),
        ({"_or_": [1, 2], "pick": 1, "then_arrange": "2"}, "f: p.then_arrange: '2' is not n or [min, max]"),
        ({"_cartesian_": []}, "f: p._cartesian_: a list of at least one step"),
        ({"_cartesian_": {"_or_": [1]}}, "f: p._cartesian_: a list of at least one step"),
        ({"_cartesian_": [{"_or_": []}]}, "f: p._cartesian_[0]._or_: a list of at least one choice"),
        ({"_cartesian_": [1], "pick": 2}, "f: p.pick: cannot take 2 of 1"),
        ({"_cartesian_": [{"_range_": [1, 10**7]}], "pick": 2}, "f: p._cartesian_: expands to 10,000,000 values"),
        ({"_or_": [1, 2], "pick": 1, "_mutex_": [1, 2]}, "f: p._mutex_: a list of lists is expected"),
        ({"_or_": [1, 2], "pick": 1, "_mutex_": {"1": 2}}, "f: p._mutex_: a list of lists is expected"),
        ({"_or_": [1, 2], "pick": 1, "_mutex_": [[]]}, "f: p._mutex_[0]: at least 1 choices"),
        ({"_or_": [1, 2], "pick": 1, "_requires_": [[1]]}, "f: p._requires_[0]: at least 2 choices"),
        ({"_or_": [1, 2], "pick": 1, "_depends_on_": [[1, 3]]}, "f: p._depends_on_[0][1]: 3 is none of the choices"),
        ({"_or_": ["snv", "msc"], "pick": 1, "_exclude_": [["sn"]]}, 'f: p._exclude_[0][0]: "sn" is none of'),
        ({"_or_": [1, 2], "pick": 2, "_mutex_": [[1, 2]]}, "f: p: the constraints leave nothing to choose"),
        ({"_or_": [1], "_exclude_": [[1]]}, "f: p: the constraints leave nothing to choose"),
    ],
)
def test_mistakes_are_named_with_their_place(node, what):
    assert refused(node).message.startswith(what)


def test_a_misspelled_choice_has_a_near_one():
    assert refused({"_or_": ["snv", "msc"], "pick": 1, "_exclude_": [["sn"]]}).hint == 'did you mean "snv"?'
