"""Labels of a config: which pipelines they come to, and that they change nothing else."""

import pytest

from nws.engine.plan import expand
from nws.errors import BadInput

SNV = "chemotools.scatter.StandardNormalVariate"
SCALER = "sklearn.preprocessing.StandardScaler"
PLS = "sklearn.cross_decomposition.PLSRegression"
RIDGE = "sklearn.linear_model.Ridge"


def labelled(steps, **document):
    return [(config.tags, config.metadata) for config in expand({**document, "pipeline": steps}, file="f")]


def tags(*steps, **document):
    return [" ".join(found) for found, _ in labelled(list(steps), **document)]


def refused(entry):
    with pytest.raises(BadInput) as caught:
        expand([entry, PLS], file="f")
    return caught.value.message


def test_a_label_comes_to_the_pipelines_with_what_it_stands_beside():
    choice = {"_or_": [None, {"class": SNV, "_tags_": ["scatter"]}], "_tags_": "study"}
    assert tags(choice, PLS) == ["study", "study scatter"]
    assert tags({"model": PLS, "_tags_": "a"}, SCALER, {"model": RIDGE, "_tags_": ["b"]}) == ["a", "b"]
    assert tags([SNV, {"model": PLS, "_tags_": "a"}, {"model": RIDGE, "_tags_": "b"}]) == ["a", "b"]
    assert tags(PLS, {"_or_": [None, {"model": RIDGE}], "_tags_": "second"}) == ["", "second"]
    assert tags({"feature_augmentation": SNV, "_tags_": "lanes"}, {"class": SCALER, "_tags_": "scaled"}, PLS) == [
        "lanes scaled"
    ]
    assert tags({"_or_": [None, [SNV, SCALER]], "_tags_": ["x", "y", "x"]}, PLS) == ["x y", "x y"]


def test_a_label_inside_parameters_comes_up():
    few = {"_or_": [1, {"_range_": [2, 3], "_tags_": "many"}], "_tags_": "n"}
    assert tags({"model": {"class": PLS, "params": {"n_components": few}}}) == ["n", "n many", "n many"]
    assert tags({"model": PLS, **few, "param": "n_components"}) == ["n", "n many", "n many"]
    grid = {"n_components": [1, {"_or_": [2], "_tags_": "two"}], "scale": [True]}
    assert tags({"model": PLS, "_grid_": grid}) == ["", "two"]
    assert tags({"model": PLS, "_zip_": {**grid, "scale": [True, False]}}) == ["", "two"]
    union = {"concat_transform": [SNV, {"class": SCALER, "_tags_": "scaled"}]}
    assert tags(union, PLS) == ["scaled"]
    assert tags({"_or_": [union, SNV], "pick": 1, "_tags_": "p"}, PLS) == ["p scaled", "p"]


def test_labels_of_presets_and_of_the_file():
    presets = {"scatter": {"class": SNV, "_tags_": "preset", "_metadata_": {"b": 2}}}
    found = labelled([{"_preset_": "scatter"}, PLS], presets=presets, _tags_=["file"], _metadata_={"a": 1, "b": 1})
    assert found == [(("file", "preset"), {"a": 1, "b": 2})]


def test_metadata_nearer_to_the_step_counts():
    inner = {"class": SNV, "_metadata_": {"who": "me", "why": [1, {"x": None}]}}
    found = labelled([{"_or_": [inner], "_metadata_": {"who": "you", "when": 2024}}, PLS])
    assert found == [((), {"who": "me", "when": 2024, "why": [1, {"x": None}]})]


def test_labels_change_neither_hash_nor_what_was_given():
    labels = {"_tags_": ["t"], "_metadata_": {"m": 1}}
    bare = [{"_or_": [None, {"class": SNV}]}, {"model": {"class": PLS, "params": {"n_components": 2}}}]
    full = [
        {"_or_": [None, {"class": SNV, **labels}], **labels},
        {"model": {"class": PLS, "params": {"n_components": {"_or_": [2], **labels}}}, **labels},
    ]
    first, second = (expand(steps, file="f") for steps in (bare, full))
    assert [config.hash for config in first] == [config.hash for config in second]
    assert [config.given for config in first] == [config.given for config in second]
    assert [config.steps for config in first] == [config.steps for config in second]
    assert {config.tags for config in second} == {("t",)}


def test_of_the_same_pipeline_twice_the_first_is_kept():
    twice = {"_or_": [{"class": SNV, "_tags_": "a"}, {"class": SNV, "_tags_": "b"}]}
    assert tags(twice, PLS) == ["a"]


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ({"class": SNV, "_tags_": 3}, "f: pipeline[0]._tags_: a list of words is expected"),
        ({"class": SNV, "_tags_": ["a", 3]}, "f: pipeline[0]._tags_: a list of words is expected"),
        ({"_or_": [SNV], "_tags_": ["a b"]}, "f: pipeline[0]._tags_: not a valid tag: 'a b'"),
        ({"_or_": [{"class": SNV, "_tags_": [""]}]}, "f: pipeline[0]._or_[0]._tags_: not a valid tag"),
        ({"class": SNV, "_metadata_": ["a"]}, "f: pipeline[0]._metadata_: an object is expected"),
        ({"class": SNV, "_metadata_": "a"}, "f: pipeline[0]._metadata_: an object is expected"),
        ({"_tags_": ["a"]}, "f: pipeline[0]: not a step: it names no class"),
    ],
)
def test_mistakes_are_named_with_their_place(entry, what):
    assert refused(entry).startswith(what)
