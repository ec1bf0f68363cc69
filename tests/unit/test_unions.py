"""Chains side by side: what they stand for, and that fitting them equals doing it by hand."""

import numpy as np
import pytest
from fitting import PLS, SCALER, SNV, made_up, model
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from nws.engine import artifacts
from nws.engine.plan import expand
from nws.engine.steps import build
from nws.engine.tasks import TRANSFORM
from nws.errors import BadInput
from nws.pipeline.rows import chain_text

SG = "chemotools.derivative.SavitzkyGolay"
UNION = "sklearn.pipeline.FeatureUnion"
PCA_PATH = "sklearn.decomposition.PCA"
KFOLD = {"class": "sklearn.model_selection.KFold", "params": {"n_splits": 3}}
SLOPE = {"class": SG, "params": {"window_length": 3, "polyorder": 1, "deriv": 1, "mode": "interp"}}


def told(*steps):
    """Return the preprocessing of each pipeline, as rows of the index say it."""
    return [
        chain_text([{"operator": spec.kind, "class": spec.path, "params": spec.params} for spec in config.steps])
        for config in expand([*steps, PLS], file="f")
    ]


def refused(*steps):
    with pytest.raises(BadInput) as caught:
        expand([*steps, PLS], file="f")
    return caught.value.message


def transformed(steps, spectra):
    """Fit and apply the transformers of the only pipeline of `steps`."""
    (config,) = expand([*steps, PLS], file="f")
    for spec in config.steps:
        if spec.kind == TRANSFORM:
            spectra = build(spec, seed=0).fit(spectra, np.zeros(len(spectra))).transform(spectra)
    return spectra


def snv(spectra):
    return (spectra - spectra.mean(axis=1, keepdims=True)) / spectra.std(axis=1, keepdims=True)


def slope(spectra):
    """The straight line through three neighbours: at the ends that of the first and last three."""
    inner = (spectra[:, 2:] - spectra[:, :-2]) / 2
    return np.hstack([inner[:, :1], inner, inner[:, -1:]])


def scaled(spectra):
    return (spectra - spectra.mean(axis=0)) / spectra.std(axis=0)


@pytest.fixture
def spectra():
    return np.random.default_rng(3).normal(size=(12, 9)).cumsum(axis=1)


@pytest.mark.parametrize(
    ("steps", "blocks"),
    [
        ([{"concat_transform": [SNV, SLOPE]}], lambda x: [snv(x), slope(x)]),
        ([{"concat_transform": [None, [SNV, SLOPE]]}], lambda x: [x, slope(snv(x))]),
        ([SNV, {"concat_transform": [[], SLOPE]}], lambda x: [snv(x), slope(snv(x))]),
        ([{"concat_transform": [SNV, SLOPE]}, SNV], lambda x: [snv(np.hstack([snv(x), slope(x)]))]),
        ([{"feature_augmentation": [SNV, SLOPE]}], lambda x: [x, snv(x), slope(x)]),
        ([{"feature_augmentation": SNV}], lambda x: [x, snv(x)]),
        ([{"feature_augmentation": [None, SNV], "action": "extend"}], lambda x: [x, snv(x)]),
        ([{"feature_augmentation": [SNV, SLOPE], "action": "replace"}], lambda x: [snv(x), slope(x)]),
        ([{"feature_augmentation": [[SNV, SLOPE]], "action": "replace"}], lambda x: [slope(snv(x))]),
        # What follows is applied to each lane.
        ([{"feature_augmentation": SLOPE}, SNV], lambda x: [snv(x), snv(slope(x))]),
        ([{"feature_augmentation": SLOPE}, KFOLD, SNV, SCALER], lambda x: [scaled(snv(x)), scaled(snv(slope(x)))]),
        (
            [SNV, {"feature_augmentation": [SLOPE]}, {"feature_augmentation": [SCALER]}],
            lambda x: [snv(x), slope(snv(x)), scaled(snv(x)), scaled(slope(snv(x)))],
        ),
        (
            [{"feature_augmentation": [SLOPE]}, {"feature_augmentation": [SNV, SLOPE], "action": "extend"}],
            lambda x: [x, slope(x), snv(x)],
        ),
        (
            [
                {"feature_augmentation": [SLOPE, SCALER], "action": "replace"},
                {"feature_augmentation": [SNV], "action": "extend"},
            ],
            lambda x: [slope(x), scaled(x), snv(slope(x))],
        ),
        (
            [{"feature_augmentation": [SLOPE]}, {"feature_augmentation": [SNV, SCALER], "action": "replace"}],
            lambda x: [snv(x), snv(slope(x)), scaled(x), scaled(slope(x))],
        ),
        (
            [{"feature_augmentation": [SLOPE]}, {"concat_transform": [None, SNV]}],
            lambda x: [x, snv(x), slope(x), snv(slope(x))],
        ),
        (
            [{"feature_augmentation": [{"concat_transform": [SNV, SLOPE]}, SNV], "action": "replace"}, SCALER],
            lambda x: [scaled(snv(x)), scaled(slope(x)), scaled(snv(x))],
        ),
    ],
)
def test_outputs_stand_side_by_side(spectra, steps, blocks):
    np.testing.assert_allclose(transformed(steps, spectra), np.hstack(blocks(spectra)), atol=1e-12)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"feature_augmentation": []}, "none"),
        ({"feature_augmentation": [None, "passthrough"], "action": "replace"}, "none"),
        ({"concat_transform": [None]}, "none"),
        ({"concat_transform": SNV}, "StandardNormalVariate"),
        ({"concat_transform": {"operations": [SNV, None], "name": "both"}}, "[StandardNormalVariate | passthrough]"),
        ({"feature_augmentation": [[SNV, SCALER]]}, "[passthrough | StandardNormalVariate > StandardScaler]"),
    ],
)
def test_forms(step, expected):
    assert told(step) == [expected]


def test_generators_choose_the_chains():
    options = {"_or_": [SNV, [SNV, SCALER], None]}
    assert told({"feature_augmentation": {**options, "pick": [1, 2]}, "action": "replace"}) == [
        "StandardNormalVariate",
        "StandardNormalVariate > StandardScaler",
        "none",
        "[StandardNormalVariate | StandardNormalVariate > StandardScaler]",
    ]
    stages = [{"_or_": [SNV, None]}, {"_or_": [SCALER, None]}]
    assert told({"concat_transform": {"_cartesian_": stages, "pick": 2, "count": 2, "_seed_": 1}}) == [
        "[StandardNormalVariate > StandardScaler | StandardNormalVariate]",
        "[StandardScaler | passthrough]",
    ]
    assert told({"concat_transform": {"_or_": [[SNV, SCALER], None]}}) == [
        "[StandardNormalVariate | StandardScaler]",
        "none",
    ]


def test_null_among_chains_that_are_chosen_is_the_spectra_as_they_are():
    chosen = {"_or_": [SNV, None, SCALER], "pick": 2, "_mutex_": [[None, SCALER]]}
    both = ["[StandardNormalVariate | passthrough]", "[StandardNormalVariate | StandardScaler]"]
    assert told({"concat_transform": chosen}) == both
    assert told({"concat_transform": {"operations": chosen}}) == both
    either = [SNV, {"_or_": [None, SCALER]}]
    assert told({"concat_transform": either}) == both
    assert told({"concat_transform": [[SNV, {"_or_": [None, SCALER]}]]})[0] == "StandardNormalVariate"


def test_the_hash_is_that_of_the_union_it_stands_for():
    lanes = [["1", "passthrough"], ["2", {"class": SNV}]]
    written = {"class": UNION, "params": {"transformer_list": lanes}}
    named = {"feature_augmentation": [{"preprocessing": SNV}], "name": "both"}
    first, second = (expand([step, PLS], file="f")[0] for step in (written, named))
    assert first.hash == second.hash
    assert second.steps[0].name == "both"
    assert second.given[0] == named
    alone = expand([{"concat_transform": [[SNV, SCALER]]}, PLS], file="f")
    assert alone[0].hash == expand([SNV, SCALER, PLS], file="f")[0].hash


def test_the_record_of_joined_lanes_has_the_steps_as_written():
    (config,) = expand([{"feature_augmentation": SNV}, KFOLD, SCALER, PLS], file="f")
    assert config.given == [{"feature_augmentation": SNV}, KFOLD, SCALER, PLS]
    assert [spec.path.rpartition(".")[2] for spec in config.steps] == ["FeatureUnion", "KFold", "PLSRegression"]


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ({"feature_augmentation": [SNV], "action": "ad"}, "f: pipeline[0].action: no such action: 'ad'"),
        ({"concat_transform": [SNV], "action": "add"}, "f: pipeline[0].action: goes with feature_augmentation"),
        ({"class": SNV, "action": "add"}, "f: pipeline[0].action: goes with feature_augmentation"),
        ({"feature_augmentation": [SNV], "params": {}}, "f: pipeline[0].params: does not go with"),
        ({"feature_augmentation": [SNV], "group": "g"}, "f: pipeline[0].group: does not go with"),
        ({"feature_augmentation": [SNV], "name": 3}, "f: pipeline[0].name: 3 is not a name"),
        ({"feature_augmentation": [3]}, "f: pipeline[0].feature_augmentation: not a step: 3"),
        ({"feature_augmentation": [PLS]}, "f: pipeline[0].feature_augmentation: a model stands where"),
        ({"concat_transform": [KFOLD]}, "f: pipeline[0].concat_transform: a split stands where"),
        (
            {"concat_transform": {"operations": [SNV], "source_processing": "raw"}},
            "f: pipeline[0].concat_transform.source",
        ),
        (
            {"concat_transform": [{"feature_augmentation": SNV}]},
            "f: pipeline[0].concat_transform: feature_augmentation st",
        ),
        ({"concat_transform": [SNV], "class": SNV}, "f: pipeline[0]: class and concat_transform stand side by side"),
        ({"concat_transform": ["sklearn.no.X"]}, "f: pipeline[0].concat_transform[0]: unknown class"),
        (
            {"concat_transform": {"operations": ["sklearn.no.X"]}},
            "f: pipeline[0].concat_transform.operations[0]: unknown",
        ),
        ({"feature_augmentation": [{"branch": []}]}, "f: pipeline[0].feature_augmentation.branch: branch is not"),
    ],
)
def test_mistakes_are_named_with_their_place(step, what):
    assert refused(step).startswith(what)


def test_the_whole_engine_runs_them(tmp_path):
    bench = made_up(tmp_path, samples=30, features=9)
    pca = {"class": PCA_PATH, "params": {"n_components": 3, "svd_solver": "full"}}
    steps = [SNV, {"feature_augmentation": [[pca, SCALER]]}, SCALER, KFOLD, model(PLS, n_components=3)]
    outcome = bench.one(steps)
    assert outcome.status == "completed"
    assert [step["class"].rpartition(".")[2] for step in outcome.steps][1] == "FeatureUnion"

    spectra, values = bench.dataset.spectra, np.array(bench.dataset.targets[0].values)
    expected = np.empty(len(values))
    for held_out in np.array_split(np.arange(len(values)), 3):
        fit = np.setdiff1d(np.arange(len(values)), held_out)
        expected[held_out] = _by_hand(spectra[fit], values[fit], spectra[held_out])
    (block,) = [block for block in outcome.blocks if block.partition == "val"]
    np.testing.assert_allclose(np.array(block.y_pred)[np.argsort(block.indices)], expected, rtol=1e-9)

    stored = next(item for item in outcome.artifacts if item["class"] == UNION)
    loaded = artifacts.load(bench.store.get(stored["object"]))
    assert loaded.transform(snv(spectra)).shape == (30, 9 + 3)
    assert [item["object"] for item in bench.one(steps).artifacts] == [item["object"] for item in outcome.artifacts]


def _by_hand(fit, values, new):
    fit, new = snv(fit), snv(new)
    pca = PCA(3, svd_solver="full").fit(fit)
    inner = StandardScaler().fit(pca.transform(fit))
    rows = [np.hstack([part, inner.transform(pca.transform(part))]) for part in (fit, new)]
    outer = StandardScaler().fit(rows[0])
    return PLSRegression(3).fit(outer.transform(rows[0]), values).predict(outer.transform(rows[1])).ravel()
