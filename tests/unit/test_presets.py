"""Presets: put where they are named, and refused where they cannot be."""

import pytest

from nws.engine.keywords import LIMIT
from nws.engine.plan import expand
from nws.errors import BadInput

SNV = "chemotools.scatter.StandardNormalVariate"
SCALER = "sklearn.preprocessing.StandardScaler"
PLS = "sklearn.cross_decomposition.PLSRegression"


def hashes(document):
    return [config.hash for config in expand(document, file="f")]


def refused(presets, steps):
    with pytest.raises(BadInput) as caught:
        expand({"presets": presets, "pipeline": steps}, file="f")
    return caught.value


def test_a_preset_stands_for_what_it_holds():
    scatter = {"_or_": [None, SNV]}
    components = {"_range_": [1, 3]}
    whole = [scatter, {"model": {"class": PLS, "params": {"n_components": components}}}]
    named = [{"_preset_": "scatter"}, {"model": {"class": PLS, "params": {"n_components": {"_preset_": "components"}}}}]
    presets = {"scatter": scatter, "components": components, "unused": 3}
    assert hashes({"presets": presets, "pipeline": named}) == hashes(whole)


def test_a_preset_may_be_a_step_a_list_or_hold_others():
    presets = {"step": SNV, "chain": [{"_preset_": "step"}, SCALER], "all": [{"_preset_": "chain"}, PLS]}
    assert hashes({"presets": presets, "pipeline": [{"_or_": [{"_preset_": "chain"}]}, PLS]}) == hashes(
        [SNV, SCALER, PLS]
    )
    assert hashes({"presets": presets, "pipeline": {"_preset_": "all"}}) == hashes([SNV, SCALER, PLS])


def test_entries_beside_a_preset_are_put_over_its_own():
    presets = {"model": {"model": PLS, "_range_": [1, 9], "param": "n_components"}}
    used = [{"_preset_": "model", "_range_": [2, 3], "name": "two"}]
    found = expand({"presets": presets, "pipeline": used}, file="f")
    assert [config.steps[-1].params for config in found] == [{"n_components": 2}, {"n_components": 3}]
    assert found[0].steps[-1].name == "two"


@pytest.mark.parametrize(
    ("presets", "node", "what"),
    [
        ({}, {"_preset_": "x"}, "f: pipeline[0]._preset_: no such preset: 'x'"),
        ({"scatter": SNV}, {"_preset_": "scater"}, "f: pipeline[0]._preset_: no such preset: 'scater'"),
        ({"a": SNV}, {"_preset_": ["a"]}, "f: pipeline[0]._preset_: ['a'] is not the name"),
        ({"a": SNV}, {"_preset_": "a", "name": "n"}, "f: pipeline[0]._preset_: 'a' is not an object"),
        ({"a": {"_preset_": "a"}}, {"_preset_": "a"}, "f: presets.a._preset_: the preset contains itself: a → a"),
        (
            {"a": [{"_preset_": "b"}], "b": {"_or_": [{"_preset_": "c"}]}, "c": {"_preset_": "a"}},
            {"_preset_": "b"},
            "f: presets.a[0]._preset_: the preset contains itself: b → c → a → b",
        ),
        ({"a": {"_or_": [SNV, {"_or_": []}]}}, {"_preset_": "a"}, "f: presets.a._or_[1]._or_: a list of at least"),
        ({"a": {"_or_": [SNV, "sklearn.no.X"]}}, {"_preset_": "a"}, "f: presets.a._or_[1]: unknown class"),
    ],
)
def test_mistakes_are_named_where_they_were_written(presets, node, what):
    assert refused(presets, [node, PLS]).message.startswith(what)


def test_a_name_that_is_nearly_right_has_a_hint():
    assert refused({"scatter": SNV}, [{"_preset_": "scater"}, PLS]).hint == "did you mean scatter?"
    assert refused({"scatter": SNV}, [{"_preset_": "x"}, PLS]).hint == "there are: scatter"
    assert "presets" in refused({}, [{"_preset_": "x"}, PLS]).hint


def test_small_presets_cannot_stand_for_an_endless_file():
    presets = {"a0": [SNV]} | {f"a{n}": [{"_preset_": f"a{n - 1}"}] * 2 for n in range(1, 60)}
    assert f"more than {LIMIT:,} values" in refused(presets, [{"_preset_": "a59"}, PLS]).message
