"""From a config file to its pipelines: order, models, spellings, places of mistakes."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from nws.engine.plan import expand, read_configs
from nws.engine.steps import build
from nws.engine.tasks import MODEL, SPLIT, TRANSFORM
from nws.errors import BadInput, NotTrusted
from nws.ids import hash_of

CONFIGS = Path(__file__).parents[1] / "golden" / "configs"
SNV = "chemotools.scatter.StandardNormalVariate"
MSC = "chemotools.scatter.MultiplicativeScatterCorrection"
SG = "chemotools.derivative.SavitzkyGolay"
PLS = "sklearn.cross_decomposition.PLSRegression"
RIDGE = "sklearn.linear_model.Ridge"
KFOLD = "sklearn.model_selection.KFold"


def shown(config):
    """Return a pipeline in short: the last part of each class with its parameters."""
    links = []
    for spec in config.steps:
        params = ",".join(f"{key}={value}" for key, value in spec.params.items())
        links.append(spec.path.rpartition(".")[2] + (f"({params})" if params else ""))
    return " ".join(links)


def expanded(steps, **options):
    return [shown(config) for config in expand(steps, file="f", **options)]


def refused(document):
    with pytest.raises(BadInput) as caught:
        expand(document, file="f.json")
    return caught.value.message


def one_hash(steps):
    (config,) = expand(steps, file="f")
    return config.hash


def test_the_example_of_the_dialect():
    configs = read_configs(CONFIGS / "00_page8.json")
    assert len(configs) == 3 * 3 * 20
    assert {config.name for config in configs} == {"scatter_pls"}
    assert len({config.hash for config in configs}) == 180
    kfold = "KFold(n_splits=5,shuffle=True,random_state=0)"
    assert (
        shown(configs[0]) == f"SavitzkyGolay(window_length=7,polyorder=2,deriv=1) {kfold} PLSRegression(n_components=1)"
    )
    assert [shown(configs[at]).split()[0] for at in (59, 60, 120)] == [
        "SavitzkyGolay(window_length=15,polyorder=2,deriv=1)",
        "StandardNormalVariate",
        "MultiplicativeScatterCorrection",
    ]
    assert [config.steps[-1].params["n_components"] for config in configs] == list(range(1, 21)) * 9
    assert {config.file for config in configs} == {str(CONFIGS / "00_page8.json")}


def test_the_example_runs():
    spectra = np.random.default_rng(1).normal(size=(40, 60)).cumsum(axis=1)
    target = spectra[:, 10] - spectra[:, 30]
    config = read_configs(CONFIGS / "00_page8.json")[-1]
    steps = {
        kind: [build(spec, seed=0) for spec in config.steps if spec.kind == kind] for kind in (SPLIT, TRANSFORM, MODEL)
    }
    (splitter,), (model,) = steps[SPLIT], steps[MODEL]
    assert splitter.get_n_splits() == 5
    for transform in steps[TRANSFORM]:
        spectra = transform.fit_transform(spectra)
    assert model.fit(spectra, target).predict(spectra).shape == (40,)
    assert model.n_components == 20


def test_later_steps_vary_fastest():
    steps = [{"_or_": [SNV, MSC]}, {"class": SG, "params": {"deriv": {"_or_": [0, 2]}}}, PLS]
    assert expanded(steps) == [
        f"{first} SavitzkyGolay(deriv={second}) PLSRegression"
        for first in ("StandardNormalVariate", "MultiplicativeScatterCorrection")
        for second in (0, 2)
    ]


def test_a_choice_may_be_no_step_or_several():
    steps = [{"_or_": [None, SNV, [MSC, {"_or_": [SG, None]}]]}, PLS]
    assert expanded(steps) == [
        "PLSRegression",
        "StandardNormalVariate PLSRegression",
        "MultiplicativeScatterCorrection SavitzkyGolay PLSRegression",
        "MultiplicativeScatterCorrection PLSRegression",
    ]


def test_choices_of_classes_and_of_parameters():
    steps = [
        {"class": {"_or_": [SNV, None]}},
        {"y_processing": {"_or_": [None, "sklearn.preprocessing.StandardScaler"]}},
        {"model": {"class": RIDGE, "params": {"alpha": {"_or_": [None, 0.5]}}}},
    ]
    scaled = ["", "StandardScaler "]
    assert expanded(steps) == [
        f"{first}{second}{model}"
        for first in ("StandardNormalVariate ", "")
        for second in scaled
        for model in ("Ridge", "Ridge(alpha=0.5)")
    ]


def test_each_model_gets_the_steps_before_it():
    steps = [KFOLD, {"_or_": [SNV, MSC]}, {"model": RIDGE}, {"class": SG, "params": {"deriv": {"_or_": [1, 2]}}}, PLS]
    expected = []
    for scatter in ("StandardNormalVariate", "MultiplicativeScatterCorrection"):
        expected.append(f"KFold {scatter} Ridge")
        expected += [f"KFold {scatter} SavitzkyGolay(deriv={deriv}) PLSRegression" for deriv in (1, 2)]
    assert expanded(steps) == expected


def test_generators_of_one_model_do_not_multiply_those_of_another():
    steps = [
        {"model": PLS, "_range_": [1, 3], "param": "n_components"},
        {"model": RIDGE, "_range_": [1, 2], "param": "alpha"},
    ]
    assert expanded(steps) == [
        *(f"PLSRegression(n_components={n})" for n in (1, 2, 3)),
        *(f"Ridge(alpha={n})" for n in (1, 2)),
    ]


def test_models_in_a_choice():
    assert expanded([SNV, {"_or_": [RIDGE, [MSC, PLS]]}]) == [
        "StandardNormalVariate Ridge",
        "StandardNormalVariate MultiplicativeScatterCorrection PLSRegression",
    ]
    assert expanded([{"_or_": [RIDGE, None]}, PLS]) == ["Ridge", "PLSRegression"]


def test_equal_pipelines_are_kept_once_where_they_come_first():
    steps = [{"_or_": [SNV, None, {"class": SNV}]}, {"model": PLS, "_or_": [None, 3, 2], "param": "n_components"}]
    assert expanded(steps) == [
        "StandardNormalVariate PLSRegression",
        "StandardNormalVariate PLSRegression(n_components=3)",
        "PLSRegression",
        "PLSRegression(n_components=3)",
    ]


def test_arranged_steps_are_applied_one_after_the_other():
    assert expanded([{"_or_": [SNV, SG], "arrange": 2}, PLS]) == [
        "StandardNormalVariate SavitzkyGolay PLSRegression",
        "SavitzkyGolay StandardNormalVariate PLSRegression",
    ]


SPELLINGS = {
    "text or object": ([SNV, PLS], [{"class": SNV}, {"model": {"class": PLS, "params": {}}}]),
    "bare or explicit": ([KFOLD, PLS], [{"split": KFOLD}, {"model": PLS}]),
    "private path": ([PLS], ["sklearn.cross_decomposition._pls.PLSRegression"]),
    "default written out": (
        [PLS],
        [{"model": {"class": PLS, "params": {"n_components": 2, "scale": True, "tol": 1e-6}}}],
    ),
    "whole float": (
        [{"class": PLS, "params": {"n_components": 5, "max_iter": 7}}],
        [{"class": PLS, "params": {"n_components": 5.0, "max_iter": 7.0}}],
    ),
    "float for a real": ([{"class": RIDGE, "params": {"alpha": 2}}], [{"class": RIDGE, "params": {"alpha": 2.0}}]),
    "key order": (
        [{"class": SG, "params": {"polyorder": 2, "deriv": 2}}, PLS],
        [{"params": {"deriv": 2, "polyorder": 2}, "class": SG}, PLS],
    ),
    "old names": (
        [{"class": SG, "params": {"window_length": 9, "polyorder": 2}}, PLS],
        [{"class": SG, "params": {"polynomial_order": 2, "window_size": 9}}, PLS],
    ),
    "nirs4all": ([SNV, PLS], ["nirs4all.operators.transforms.SNV", PLS]),
    "nirs4all with parameters": (
        [{"class": SG, "params": {"window_length": 11, "polyorder": 3, "deriv": 2, "mode": "interp"}}, PLS],
        [{"class": "nirs4all.operators.transforms.SavitzkyGolay", "params": {"deriv": 2, "delta": 1.0}}, PLS],
    ),
    "names": ([PLS], {"name": "n", "description": "d", "pipeline": [{"model": PLS, "name": "m"}]}),
    "generator of one": (
        [{"class": PLS, "params": {"n_components": 4}}],
        [{"model": PLS, "_range_": [4, 4], "param": "n_components"}],
    ),
    "splitter after the transforms": ([KFOLD, SNV, PLS], [SNV, KFOLD, PLS]),
    "nested": (
        [{"class": "sklearn.ensemble.BaggingRegressor", "params": {"estimator": {"class": RIDGE}}}],
        [
            {
                "class": "sklearn.ensemble.BaggingRegressor",
                "params": {"estimator": {"class": "sklearn.linear_model._ridge.Ridge", "params": {"alpha": 1}}},
            }
        ],
    ),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_two_spellings_have_one_hash(case):
    first, second = SPELLINGS[case]
    assert one_hash(first) == one_hash(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([SNV, PLS], [MSC, PLS]),
        ([SNV, SG, PLS], [SG, SNV, PLS]),
        ([PLS], [{"class": PLS, "params": {"scale": False}}]),
        ([KFOLD, PLS], [PLS]),
        ([{"preprocessing": PLS}, RIDGE], [{"preprocessing": PLS}, PLS]),
        (
            [{"y_processing": "sklearn.preprocessing.StandardScaler"}, PLS],
            ["sklearn.preprocessing.StandardScaler", PLS],
        ),
        (
            [{"class": "sklearn.model_selection.GroupKFold", "group": "a"}, PLS],
            [{"class": "sklearn.model_selection.GroupKFold", "group": "b"}, PLS],
        ),
        (
            [{"class": "sklearn.ensemble.RandomForestRegressor", "params": {"max_features": 1}}],
            [{"class": "sklearn.ensemble.RandomForestRegressor", "params": {"max_features": 1.0}}],
        ),
    ],
)
def test_different_pipelines_have_different_hashes(first, second):
    assert one_hash(first) != one_hash(second)


def test_json_and_yaml_have_one_hash(tmp_path):
    for file in sorted(CONFIGS.glob("*.json")):
        other = tmp_path / f"{file.stem}.yaml"
        other.write_text(yaml.safe_dump(json.loads(file.read_text())))
        assert [c.hash for c in read_configs(file)] == [c.hash for c in read_configs(other)]


def test_names_and_descriptions():
    document = {"name": "grid", "description": "what for", "pipeline": [{"model": PLS, "name": "mine"}]}
    (config,) = expand(document, file="dir/f.json")
    assert (config.name, config.description, config.file) == ("grid", "what for", "dir/f.json")
    assert config.steps[0].name == "mine"
    (config,) = expand([PLS], file="f")
    assert (config.name, config.description) == (None, "")


def test_the_hash_is_that_of_the_canonical_form():
    for file in CONFIGS.iterdir():
        for config in read_configs(file):
            assert config.hash == hash_of(config.canonical)


@pytest.mark.parametrize("file", sorted(CONFIGS.iterdir()), ids=lambda file: file.stem)
def test_what_was_given_reads_back_to_the_same_pipeline(file, tmp_path):
    configs = read_configs(file)
    for config in configs[:: max(1, len(configs) // 25)]:
        path = tmp_path / "again.json"
        path.write_text(json.dumps(config.given))
        (again,) = read_configs(path)
        assert (again.hash, again.steps, again.canonical) == (config.hash, config.steps, config.canonical)


def test_untrusted_classes_are_refused_before_any_import(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "nwspkg_first.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass A: pass\n")
    steps = ["nwspkg_first.A", {"_or_": [SNV, [{"class": "nwspkg_second.B"}]]}, PLS]
    with pytest.raises(NotTrusted) as caught:
        expand(steps, file="f", trusted=("nwspkg_first",))
    assert caught.value.message.startswith("f: pipeline[1]._or_[1][0].class: nwspkg_second.B ")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ([], "f.json: pipeline: an empty pipeline"),
        ({"pipeline": []}, "f.json: pipeline: an empty pipeline"),
        ({}, "f.json: pipeline: a list of steps is expected"),
        (None, "f.json: pipeline: a list of steps is expected"),
        ({"pipeline": PLS}, "f.json: pipeline: a list of steps is expected"),
        ({"pipelines": [PLS]}, "f.json: pipelines: not supported in a config"),
        ({"preset": {}, "pipeline": [PLS]}, "f.json: preset: not supported in a config"),
        ({"presets": [], "pipeline": [PLS]}, "f.json: presets: an object is expected"),
        ({"_tags_": 3, "pipeline": [PLS]}, "f.json: _tags_: a list of words is expected"),
        ({"name": 3, "pipeline": [PLS]}, "f.json: name: 3 is not text"),
        ([None, PLS], "f.json: pipeline[0]: an empty step"),
        ([SNV], "f.json: pipeline: a pipeline without a model"),
        ([{"_or_": [PLS, None]}], "f.json: pipeline: a choice of steps leaves the pipeline without a model"),
        ([SNV, {"_or_": [PLS, SG]}], "f.json: pipeline: a choice of steps leaves"),
        ([PLS, SNV], "f.json: pipeline[1]: a step after the last model"),
        ([PLS, {"_or_": [None, SNV]}], "f.json: pipeline[1]: a step after the last model"),
        ([KFOLD, {"_or_": [KFOLD, None]}, PLS], "f.json: pipeline[1]: a second splitter"),
        ([PLS, KFOLD, RIDGE], "f.json: pipeline[1]: a splitter after a model"),
        (["chart_2d", PLS], "f.json: pipeline[0]: chart_2d is not supported yet"),
        ([SNV, {"_or_": [SG, "sklearn.linear_model.Rigde"]}, PLS], "f.json: pipeline[1]._or_[1]: unknown class"),
        ([{"class": {"_or_": [SNV, "PCA"]}}, PLS], "f.json: pipeline[0].class._or_[1]: 'PCA' needs its package"),
        ([{"model": {"class": PLS, "params": {"n": 1}}}], f"f.json: pipeline[0].model.params.n: {PLS} has no param"),
        (
            [SNV, {"model": {"class": RIDGE, "params": {"alpha": -1}}}],
            "f.json: pipeline[1].model.params.alpha: The 'al",
        ),
        ([{"_or_": [SNV, {"class": SG, "params": {"n": 5}}]}, PLS], "f.json: pipeline[0]._or_[1].params.n: "),
        ([{"_or_": [{"class": PLS, "params": {"scale": s}} for s in (True, "no")]}], "f.json: pipeline[0]._or_[1].pa"),
        ([{"model": PLS, "_range_": [1, 2], "param": "n"}], "f.json: pipeline[0].param: "),
        ([{"model": PLS, "_grid_": {"n": [1, 2]}}], "f.json: pipeline[0]._grid_.n: "),
        (
            {"presets": {"a": {"class": SG, "params": {"n": 1}}}, "pipeline": [{"_preset_": "a"}, PLS]},
            "f.json: presets.a",
        ),
        (
            [{"class": "nirs4all.operators.transforms.SNV", "params": {"axis": 0}}, PLS],
            "f.json: pipeline[0].params.axis: there is no equal",
        ),
        ([{"_grid_": {"class": [SNV, "sklearn.no.X"]}}, PLS], "f.json: pipeline[0]._grid_.class[1]: unknown class"),
        ([{"_sample_": []}, PLS], "f.json: pipeline[0]._sample_: an object is expected"),
        ([{"_range_": [1, 2]}, PLS], "f.json: pipeline[0]: not a step: 1"),
    ],
)
def test_mistakes_are_named_with_their_place(document, what):
    assert refused(document).startswith(what)


def test_values_that_look_like_class_paths_are_not_looked_up():
    steps = [{"model": "sklearn.svm.SVR", "_or_": ["rbf", "linear"], "param": "kernel"}]
    assert expanded(steps) == ["SVR(kernel=rbf)", "SVR(kernel=linear)"]


def test_too_many_pipelines_are_counted_but_not_made():
    ranges = {"model": "sklearn.svm.SVR", "_grid_": {"C": {"_range_": [1, 2000]}, "epsilon": {"_range_": [1, 2000]}}}
    assert "f.json: pipeline[0]: expands to 4,000,000 pipelines" in refused([ranges])
    small = {"_or_": [SNV, MSC, None, SG, "sklearn.preprocessing.StandardScaler"]}
    models = {"model": PLS, "_range_": [1, 70], "param": "n_components"}
    assert f"expands to {5**6 * 70:,} pipelines" in refused([*[small] * 6, models])


def test_the_files_of_other_people_run(tmp_path):
    path = tmp_path / "simple.yaml"
    path.write_text(
        """\
# A config as nirs4all's users write them
pipeline:
  - class: nirs4all.operators.transforms.SNV
  - class: sklearn.preprocessing.MinMaxScaler
    params:
      feature_range: [0, 1]
  - y_processing:
      class: sklearn.preprocessing.MinMaxScaler
  - split:
      class: sklearn.model_selection.GroupKFold
      params: {n_splits: 3}
    group: Sample_ID
  - model:
      class: sklearn.cross_decomposition.PLSRegression
    _range_: [5, 25, 5]
    param: n_components
"""
    )
    configs = read_configs(path)
    assert [config.steps[-1].params["n_components"] for config in configs] == [5, 10, 15, 20, 25]
    assert configs[0].steps[3].group == "Sample_ID"
