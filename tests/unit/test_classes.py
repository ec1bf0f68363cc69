"""Class paths and parameters: trust, resolution, what nirs4all's names mean, canonical parameters."""

import json
import subprocess
import sys

import numpy as np
import pytest
import scipy.signal

from nws.engine.classes import resolve
from nws.engine.instances import instantiate
from nws.engine.parameters import settle
from nws.errors import BadInput, NotTrusted

SAVITZKY_GOLAY = "chemotools.derivative.SavitzkyGolay"
NIRS4ALL = "nirs4all.operators.transforms"


def settled(path, params=None, trusted=()):
    return settle(path, params, trusted=trusted, place="f: p")


def only(path, params=None):
    (item,) = settled(path, params)
    return item


def refused(path, params=None, trusted=(), category=BadInput):
    with pytest.raises(category) as caught:
        settled(path, params, trusted)
    assert "\n" not in caught.value.message
    return caught.value


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a maker of packages that note that their code has run."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name, source):
        mark = tmp_path / f"{name}.ran"
        (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'w').close()\n{source}")
        return mark

    yield make
    for name in [name for name in sys.modules if name.startswith("nwspkg")]:
        del sys.modules[name]


def test_nothing_of_an_untrusted_package_is_imported(package):
    mark = package("nwspkg_one", "class Model:\n    def __init__(self, x=1): self.x = x\n")
    err = refused("nwspkg_one.Model", category=NotTrusted)
    assert err.exit_code == 14
    assert err.message == "f: p: nwspkg_one.Model is of the package 'nwspkg_one', which is not trusted"
    assert '[trust] packages = ["nwspkg_one"]' in err.hint
    assert not mark.exists()
    (item,) = settled("nwspkg_one.Model", {"x": 2}, trusted=("nwspkg_one",))
    assert mark.exists()
    assert item.canonical == {"x": 2}


def test_trust_is_for_whole_names(package):
    package("nwspkg_two", "")
    refused("nwspkg_two.Model", trusted=("nwspkg",), category=NotTrusted)
    refused("sklearnx.Model", category=NotTrusted)


def test_a_class_inside_parameters_needs_trust_too():
    params = {"estimator": {"class": "nwspkg_three.Model"}}
    refused("sklearn.ensemble.BaggingRegressor", params, category=NotTrusted)


@pytest.mark.parametrize(
    ("path", "what", "hint"),
    [
        ("PLSRegression", "'PLSRegression' needs its package", "sklearn.cross_decomposition.PLSRegression"),
        ("sklearn..PCA", "'sklearn..PCA' is not a class path", "looks like"),
        ("os.system('x')", "is not a class path", "looks like"),
        ("../x", "is not a class path", "looks like"),
        ("sklearn.decomposition.PAC", "unknown class sklearn.decomposition.PAC", "sklearn.decomposition.PCA"),
        ("sklearn.linear_model.PLSRegression", "unknown class", "sklearn.cross_decomposition.PLSRegression"),
        ("sklearn.decompositon.PCA", "unknown class", "sklearn.decomposition.PCA"),
        ("chemotools.scater.StandardNormalVariat", "unknown class", "chemotools.scatter.StandardNormalVariate"),
        ("nws.no.Thing", "unknown class nws.no.Thing", ""),
        ("sklearn.preprocessing.scale", "is not a class but a function", ""),
        ("sklearn.model_selection.BaseCrossValidator", "is abstract", ""),
        ("sklearn.model_selection.HalvingGridSearchCV", "experimental", ""),
    ],
)
def test_paths_that_name_no_class(path, what, hint):
    err = refused(path)
    assert err.exit_code == 6
    assert err.message.startswith("f: p: ")
    assert what in err.message
    assert hint in err.hint


def test_modules_that_cannot_be_imported_say_why(package):
    package("nwspkg_four", "import nwspkg_that_is_missing\n")
    package("nwspkg_five", "raise RuntimeError('no licence\\nsecond line')\n")
    trusted = ("nwspkg_four", "nwspkg_five", "nwspkg_six")
    assert "needs 'nwspkg_that_is_missing', which is not installed" in refused("nwspkg_four.A", None, trusted).message
    assert refused("nwspkg_five.A", None, trusted).message.endswith("importing it fails: RuntimeError: no licence")
    err = refused("nwspkg_six.sub.A", None, trusted)
    assert "the package 'nwspkg_six' is not installed" in err.message
    assert err.hint == "pip install nwspkg_six; if it is a module of yours: PYTHONPATH=FOLDER nws …"


@pytest.mark.parametrize(
    ("spelling", "home"),
    [
        ("sklearn.cross_decomposition._pls.PLSRegression", "sklearn.cross_decomposition.PLSRegression"),
        ("sklearn.cross_decomposition.PLSRegression", "sklearn.cross_decomposition.PLSRegression"),
        ("chemotools.cross_decomposition.PLSRegression", "chemotools.regression.PLSRegression"),
        ("sklearn.pipeline.Pipeline", "sklearn.pipeline.Pipeline"),
        ("sklearn.compose._target.LinearRegression", "sklearn.linear_model.LinearRegression"),
        (
            "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingRegressor",
            "sklearn.ensemble.HistGradientBoostingRegressor",
        ),
    ],
)
def test_every_spelling_of_a_class_has_one_home(spelling, home):
    assert resolve(spelling, "p").path == home
    assert resolve(home, "p").found is resolve(spelling, "p").found


def test_a_parameter_that_does_not_exist_names_the_nearest():
    err = refused(SAVITZKY_GOLAY, {"window_lenght": 7})
    assert err.message == f"f: p.params.window_lenght: {SAVITZKY_GOLAY} has no parameter 'window_lenght'"
    assert err.hint == "did you mean window_length?"
    assert "it has: none" in refused("chemotools.scatter.StandardNormalVariate", {"ddof": 1}).hint
    assert (
        "f: p.params.estimator.params.alhpa: "
        in refused(
            "sklearn.ensemble.BaggingRegressor",
            {"estimator": {"class": "sklearn.linear_model.Ridge", "params": {"alhpa": 1}}},
        ).message
    )


def test_a_parameter_that_must_be_given_is_missed():
    assert refused("sklearn.pipeline.Pipeline").message.endswith("needs the parameter 'steps'")


@pytest.mark.parametrize(
    ("path", "params", "what"),
    [
        ("sklearn.cross_decomposition.PLSRegression", {"n_components": 0}, "in the range [1, inf). Got 0"),
        ("sklearn.cross_decomposition.PLSRegression", {"n_components": 2.5}, "must be an int"),
        ("sklearn.svm.SVR", {"kernel": "rfb"}, "must be a str among"),
        (SAVITZKY_GOLAY, {"window_length": "7"}, "must be an int"),
        ("sklearn.preprocessing.MinMaxScaler", {"feature_range": 1}, "must be an instance of 'tuple'"),
    ],
)
def test_values_that_every_fit_refuses_are_refused_at_once(path, params, what):
    (name,) = params
    message = refused(path, params).message
    assert f"The '{name}' parameter" in message
    assert what in message


def test_a_value_that_only_some_data_refuse_is_taken():
    assert only("sklearn.cross_decomposition.PLSRegression", {"n_components": 10_000}).canonical


def test_only_what_differs_from_the_defaults_is_canonical():
    params = {"n_components": 2, "scale": False, "max_iter": 500.0, "tol": 1e-6, "copy": True}
    item = only("sklearn.cross_decomposition.PLSRegression", params)
    assert item.canonical == {"scale": False}
    assert item.params == params
    assert only("sklearn.svm.SVR", {"C": 1, "gamma": "scale"}).canonical == {}
    assert only("sklearn.preprocessing.MinMaxScaler", {"feature_range": [0, 1.0]}).canonical == {}


def test_true_is_not_one():
    params = {"verbose": True}
    assert only("sklearn.neural_network.MLPRegressor", {"verbose": 1}).canonical == {"verbose": 1}
    assert only("sklearn.neural_network.MLPRegressor", params).canonical == params


def test_a_whole_float_is_a_count_where_the_class_counts():
    item = only("sklearn.cross_decomposition.PLSRegression", {"n_components": 5.0})
    assert repr(item.params) == "{'n_components': 5}"
    assert repr(only("sklearn.model_selection.KFold", {"n_splits": 4.0}).params) == "{'n_splits': 4}"


def test_a_share_is_not_a_count():
    forest = "sklearn.ensemble.RandomForestRegressor"
    share, count = only(forest, {"max_features": 1.0}), only(forest, {"max_features": 1})
    assert share.canonical == {}
    assert count.canonical == {"max_features": 1}
    assert repr(only(forest, {"max_samples": 1.0}).params) == "{'max_samples': 1.0}"
    assert only(forest, {"max_samples": 1.0}).canonical != only(forest, {"max_samples": 1}).canonical


def test_lists_become_tuples_where_the_class_wants_them():
    item = only("sklearn.preprocessing.MinMaxScaler", {"feature_range": [-1, 1]})
    assert instantiate(item.known.path, item.params, seed_of=int).feature_range == (-1, 1)


def test_classes_inside_parameters_are_canonical_too():
    def bagging(estimator):
        return only("sklearn.ensemble.BaggingRegressor", {"estimator": estimator}).canonical

    expected = {"estimator": {"class": "sklearn.linear_model.Ridge", "params": {"alpha": 2}}}
    assert bagging({"class": "sklearn.linear_model._ridge.Ridge", "params": {"alpha": 2, "tol": 1e-4}}) == expected
    snv = [["snv", {"class": f"{NIRS4ALL}.SNV"}]]
    assert only("sklearn.pipeline.Pipeline", {"steps": snv}).canonical == {
        "steps": [["snv", {"class": "chemotools.scatter.StandardNormalVariate", "params": {}}]]
    }


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (
            SAVITZKY_GOLAY,
            {"window_size": 9, "polynomial_order": 2, "derivate_order": 2},
            ["window_length", "polyorder", "deriv"],
        ),
        ("chemotools.derivative.NorrisWilliams", {"window_size": 9, "derivative_order": 2}, ["window_length", "deriv"]),
        ("chemotools.smooth.MeanFilter", {"window_size": 9}, ["window_length"]),
        (
            "chemotools.feature_selection.RangeCut",
            {"wavenumbers": [1.5, 2.5], "start": 1, "end": 3},
            ["x_axis", "start", "end"],
        ),
    ],
)
def test_old_names_of_chemotools_are_its_new_ones(path, old, new):
    item = only(path, old)
    assert list(item.params) == new
    assert item == only(path, dict(zip(new, old.values(), strict=True)))
    instantiate(item.known.path, item.params, seed_of=int)


def test_an_old_and_the_new_name_together_are_refused():
    assert "'window_length' is given twice" in refused(SAVITZKY_GOLAY, {"window_size": 7, "window_length": 7}).message


def gradient(x):
    return np.gradient(x, 1.0, axis=1, edge_order=2)


def snv(x):
    return (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)


def msc(x):
    reference = x.mean(axis=0)
    lines = [np.polyfit(reference, row, 1) for row in x]
    return np.array([(row - offset) / slope for row, (slope, offset) in zip(x, lines, strict=True)])


@pytest.mark.parametrize(
    ("name", "params", "formula"),
    [
        ("SNV", {}, snv),
        ("scalers.StandardNormalVariate", {"ddof": 0, "copy": False}, snv),
        ("MSC", {}, msc),
        ("nirs.MultiplicativeScatterCorrection", {"scale": True}, msc),
        ("SavitzkyGolay", {}, lambda x: scipy.signal.savgol_filter(x, 11, 3, deriv=0)),
        (
            "nirs.SavitzkyGolay",
            {"window_length": 7, "polyorder": 2, "deriv": 1, "delta": 1.0},
            lambda x: scipy.signal.savgol_filter(x, 7, 2, deriv=1, delta=1.0),
        ),
        ("FirstDerivative", {}, gradient),
        ("SecondDerivative", {"edge_order": 2}, lambda x: gradient(gradient(x))),
        ("Detrend", {}, scipy.signal.detrend),
        ("signal.Detrend", {"bp": 0}, scipy.signal.detrend),
        ("Baseline", {}, lambda x: x - x.mean(axis=0)),
        ("SimpleScale", {}, lambda x: (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0))),
        ("IdentityTransformer", {}, lambda x: x),
    ],
)
@pytest.mark.parametrize("folder", ["transforms", "transformations"])
def test_operators_of_nirs4all_do_what_their_formulas_say(name, params, formula, folder):
    spectra = np.random.default_rng(0).normal(size=(6, 40)).cumsum(axis=1)
    result = spectra
    for item in settled(f"nirs4all.operators.{folder}.{name}", params):
        result = instantiate(item.known.path, item.params, seed_of=int).fit_transform(result)
    np.testing.assert_allclose(result, formula(spectra), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("path", "params", "what"),
    [
        (f"{NIRS4ALL}.WaveletSVD", {}, "there is no equal for"),
        ("nirs4all.operators.splitters.KMeansSplitter", {}, "there is no equal for"),
        (f"{NIRS4ALL}.SNV", {"ddof": 1}, "there is no equal for nirs4all.operators.transforms.SNV with ddof = 1"),
        (f"{NIRS4ALL}.Derivate", {"axis": 0}, "with axis = 0"),
        (f"{NIRS4ALL}.Detrend", {"pb": 0}, "has no parameter 'pb'"),
    ],
)
def test_what_has_no_equal_is_refused_by_name(path, params, what):
    assert what in refused(path, params).message


def test_only_the_modules_that_are_named_are_imported():
    program = """
import json, sys
from nws.engine.plan import expand
before = sorted({"sklearn", "numpy", "yaml", "chemotools", "polars"} & set(sys.modules))
expand([{"model": "sklearn.linear_model.Ridge"}], file="f")
after = [name for name in ("sklearn.linear_model", "sklearn.ensemble", "chemotools", "polars") if name in sys.modules]
print(json.dumps([before, after]))
"""
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert json.loads(out) == [[], ["sklearn.linear_model"]]
