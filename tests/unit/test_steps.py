"""Steps: the forms of one, what kind it is, and what it builds."""

import pytest

from nws.engine.steps import build, read_step
from nws.engine.tasks import MODEL, SPLIT, TRANSFORM, Y_PROCESSING
from nws.errors import BadInput

PLS = "sklearn.cross_decomposition.PLSRegression"
SNV = "chemotools.scatter.StandardNormalVariate"
KFOLD = "sklearn.model_selection.KFold"
FOREST = "sklearn.ensemble.RandomForestRegressor"


def read(entry):
    return read_step(entry, trusted=(), place="f: p")


def built(entry, seed=0):
    (spec,) = read(entry).specs
    return build(spec, seed=seed)


def refused(entry):
    with pytest.raises(BadInput) as caught:
        read(entry)
    return caught.value.message


@pytest.mark.parametrize(
    ("entry", "kind", "path"),
    [
        (SNV, TRANSFORM, SNV),
        ({"class": SNV}, TRANSFORM, SNV),
        ({"preprocessing": SNV}, TRANSFORM, SNV),
        (PLS, MODEL, PLS),
        ({"class": PLS}, MODEL, PLS),
        ({"model": PLS}, MODEL, PLS),
        ({"model": {"class": PLS}}, MODEL, PLS),
        ({"preprocessing": {"class": PLS, "params": None}}, TRANSFORM, PLS),
        (
            {"y_processing": "sklearn.preprocessing.StandardScaler"},
            Y_PROCESSING,
            "sklearn.preprocessing.StandardScaler",
        ),
        (KFOLD, SPLIT, KFOLD),
        ({"split": {"class": KFOLD}}, SPLIT, KFOLD),
        ("sklearn.linear_model.LogisticRegression", MODEL, "sklearn.linear_model.LogisticRegression"),
        ("sklearn.cluster.KMeans", MODEL, "sklearn.cluster.KMeans"),
    ],
)
def test_kinds(entry, kind, path):
    step = read(entry)
    assert (step.kind, step.given) == (kind, entry)
    assert [(spec.kind, spec.path, spec.params) for spec in step.specs] == [(kind, path, {})]
    assert step.canonical == ({"operator": kind, "class": path, "params": {}},)


def test_a_pipeline_is_what_its_last_step_is():
    def chain(*paths):
        steps = [[f"s{at}", {"class": path}] for at, path in enumerate(paths)]
        return {"class": "sklearn.pipeline.Pipeline", "params": {"steps": steps}}

    assert read(chain(SNV, PLS)).kind == MODEL
    assert read(chain(SNV, "sklearn.preprocessing.StandardScaler")).kind == TRANSFORM


def test_name_and_group():
    (spec,) = read({"model": PLS, "name": "my pls"}).specs
    assert spec.name == "my pls"
    step = read({"class": "sklearn.model_selection.GroupKFold", "group": "sample"})
    assert step.specs[0].group == "sample"
    assert step.canonical[0]["group"] == "sample"
    assert read({"model": PLS, "name": "my pls"}).canonical == read(PLS).canonical


def test_an_operator_may_be_two_steps():
    step = read({"class": "nirs4all.operators.transforms.SecondDerivative"})
    assert len(step.specs) == len(step.canonical) == 2
    assert {spec.path for spec in step.specs} == {"chemotools.derivative.SavitzkyGolay"}


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (3, "f: p: not a step: 3"),
        ({}, "f: p: not a step: it names no class"),
        ({"params": {}}, "f: p: not a step: it names no class"),
        ({"class": SNV, "model": PLS}, "f: p: class and model stand side by side"),
        ({"class": 3}, "f: p: a class path or {class, params}"),
        ({"model": {"params": {}}}, "f: p.model: a class path or {class, params}"),
        ({"model": {"function": "a.b"}}, "f: p.model.function: function is not supported yet"),
        ({"model": {"class": PLS, "finetune_params": {}}}, "f: p.model.finetune_params: finetune_params is not"),
        ({"model": [PLS]}, "f: p.model: a class path"),
        ({"model": PLS, "params": {"scale": False}}, ""),
        ({"model": {"class": PLS}, "params": {}}, "f: p.params: belongs inside model"),
        ({"model": {"class": PLS, "name": "x"}}, "f: p.model.name: not supported inside model"),
        ({"class": SNV, "parms": {}}, "f: p.parms: not supported in a step"),
        ({"class": SNV, "params": []}, "f: p.params: an object is expected"),
        ({"class": SNV, "count": 3}, "f: p.count: there is no generator beside it"),
        ({"class": SNV, "group": "g"}, "f: p.group: goes with a splitter"),
        ({"class": KFOLD, "group": ""}, "f: p.group: '' is not a name"),
        ({"model": PLS, "name": 3}, "f: p.name: 3 is not a name"),
        ({"model": SNV}, f"f: p: {SNV} cannot be used as model: it has no predict"),
        ({"split": PLS}, "cannot be used as split: it has no split"),
        (
            {"y_processing": "sklearn.preprocessing.Normalizer"},
            "cannot be used as y_processing: it has no inverse_transform",
        ),
        ("sklearn.utils.Bunch", "is neither a transformer, a model nor a splitter"),
        ({"class": KFOLD, "params": {"n_splits": 1}}, "f: p: sklearn.model_selection.KFold: k-fold"),
        ({"class": KFOLD, "params": {"random_state": 1}}, "Setting a random_state has no effect"),
    ],
)
def test_mistakes_are_named_with_their_place(entry, what):
    if what:
        message = refused(entry)
        assert what in message
        assert "\n" not in message
    else:
        assert read(entry).canonical[0]["params"] == {"scale": False}


KEYWORDS = [
    *("sample_augmentation", "auto_transfer_preproc", "branch", "merge", "merge_sources", "merge_predictions"),
    *("residual", "tag", "exclude", "rep_to_sources", "rep_to_pp", "rep_fusion"),
    *("finetune_params", "train_params", "refit_params", "fit_on_all", "force_layout", "na_policy", "fill_value"),
    *("function", "module", "object", "instance", "metadata"),
    *("chart_2d", "chart_y", "y_chart", "fold_chart", "fold_site", "augment_chart"),
    *("spectra_dist", "spectral_distribution", "spectra_envelope"),
]


@pytest.mark.parametrize("word", KEYWORDS)
@pytest.mark.parametrize("around", [{}, {"model": PLS}])
def test_what_is_not_supported_is_refused_by_name(word, around):
    assert refused({**around, word: {}}) == f"f: p.{word}: {word} is not supported yet"


def test_parameters_are_set():
    pls = built({"model": {"class": PLS, "params": {"n_components": 7.0, "scale": False}}})
    assert (pls.n_components, type(pls.n_components), pls.scale) == (7, int, False)
    bagging = built(
        {
            "class": "sklearn.ensemble.BaggingRegressor",
            "params": {"estimator": {"class": "sklearn.linear_model.Ridge", "params": {"alpha": 2}}},
        }
    )
    assert bagging.estimator.alpha == 2


def test_seeds_come_from_the_seed_of_the_run_and_the_step():
    first, again, other = built(FOREST), built(FOREST), built(FOREST, seed=1)
    assert 0 <= first.random_state < 2**31
    assert first.random_state == again.random_state != other.random_state
    changed = built({"class": FOREST, "params": {"max_depth": 10}})
    assert changed.random_state != first.random_state


def test_seeds_do_not_depend_on_the_spelling():
    spelled = built(
        {"model": {"class": f"{FOREST.replace('.Random', '._forest.Random')}", "params": {"n_estimators": 100.0}}}
    )
    assert spelled.random_state == built({"model": FOREST}).random_state


def test_seeds_are_those_of_every_machine():
    assert built(FOREST, seed=42).random_state == 234862023


def test_a_given_random_state_is_kept():
    assert built({"class": FOREST, "params": {"random_state": 5}}).random_state == 5


def test_estimators_inside_parameters_get_seeds_of_their_own():
    tree = {"class": "sklearn.tree.DecisionTreeRegressor"}
    steps = [["a", {"class": "sklearn.decomposition.PCA"}], ["b", {"class": "sklearn.decomposition.PCA"}], ["c", tree]]
    pipeline = built({"class": "sklearn.pipeline.Pipeline", "params": {"steps": steps}})
    seeds = [step.random_state for _, step in pipeline.steps]
    assert all(isinstance(seed, int) for seed in seeds)
    assert len(set(seeds)) == 3


@pytest.mark.parametrize(
    ("path", "params", "seeded"),
    [
        (KFOLD, {}, False),
        (KFOLD, {"shuffle": False}, False),
        (KFOLD, {"shuffle": True}, True),
        ("sklearn.model_selection.StratifiedKFold", {}, False),
        ("sklearn.model_selection.ShuffleSplit", {}, True),
        ("sklearn.model_selection.RepeatedKFold", {}, True),
        ("sklearn.model_selection.GroupShuffleSplit", {}, True),
        ("sklearn.linear_model.SGDRegressor", {"shuffle": False}, True),
    ],
)
def test_splitters_get_a_seed_only_if_they_shuffle(path, params, seeded):
    assert isinstance(built({"class": path, "params": params}).random_state, int) is seeded


def test_splitters_without_a_random_state_are_built_as_they_are():
    assert built("sklearn.model_selection.LeaveOneOut").get_n_splits([[1], [2], [3]]) == 3
