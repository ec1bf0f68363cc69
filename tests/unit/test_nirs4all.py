"""Names of nirs4all: what they stand for computes what nirs4all computes, and everything else is refused by name."""

import json
import subprocess
import sys

import numpy as np
import pytest
import pywt
from operating import equal, spectra
from scipy import ndimage, signal
from sklearn.cross_decomposition import PLSRegression

from nws.engine.instances import instantiate
from nws.engine.nirs4all import OPERATORS
from nws.engine.nirs4all_models import MODELS, SPLITTERS, UNEQUAL
from nws.engine.parameters import settle
from nws.errors import BadInput

FOLDER = "nirs4all.operators"
# The public classes of nirs4all 1.4.10: `__all__` of its transforms (but for augmentation) and of its splitters.
TRANSFORMS = """
ASLSBaseline AirPLS ArPLS AreaNormalization BEADS Baseline CARS CropTransformer Derivate Detrend EMSC EPO
ExtendedMultiplicativeScatterCorrection FCKStaticTransformer FirstDerivative FlattenPreprocessing FlexiblePCA FlexibleSVD
FractionToPercent FromAbsorbance Gaussian Haar IASLS IModPoly IdentityTransformer IntegerKBinsDiscretizer KubelkaMunk
LocalStandardNormalVariate LogTransform MCUVE MSC ModPoly MultiplicativeScatterCorrection Normalize NorrisWilliams OSC
PercentToFraction PyBaselineCorrection RNV RangeDiscretizer ReflectanceToAbsorbance ResampleTransformer Resampler
RobustStandardNormalVariate RollingBall SNIP SNV SavitzkyGolay SecondDerivative SequenceSummary SignalTypeConverter
SimpleScale StandardNormalVariate ToAbsorbance Wavelet WaveletDenoise WaveletFeatures WaveletPCA WaveletSVD
"""
OTHERS = """
BinnedStratifiedGroupKFold GroupedSplitterWrapper KBinsStratifiedSplitter KMeansSplitter KennardStoneSplitter SPXYFold
SPXYGFold SPXYSplitter SPlitSplitter SystematicCircularSplitter
"""
REFUSED_MODELS = """
AOMPLSRegressor AOMRidgeRegressor DiPLS FCKPLS IntervalPLS KOPLS KPLS KernelPLS LWPLS MBPLS MetaModel NLPLS OKLMPLS OPLS
OPLSDA POPPLSRegressor RecursivePLS RobustPLS SparsePLS TabPFNNIRSRegressor
"""


def settled(path, params=None):
    return settle(f"{FOLDER}.{path}", params or {}, trusted=(), place="f: p")


def made(path, params=None):
    return [instantiate(item.known.path, item.params, seed_of=lambda _: 0) for item in settled(path, params)]


def applied(path, params, fitted, other):
    for operator in made(path, params):
        operator.fit(fitted)
        fitted, other = operator.transform(fitted), operator.transform(other)
    return other


def refused(path, params=None):
    with pytest.raises(BadInput) as caught:
        settled(path, params)
    assert caught.value.message.startswith("f: p")
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


def test_every_operator_has_an_equal_or_is_refused_with_what_to_do():
    assert {*TRANSFORMS.split(), *OTHERS.split(), "OPLS", "OPLSDA"} == {*OPERATORS, *UNEQUAL} - {*MODELS}
    assert not {*OPERATORS} & {*UNEQUAL}
    for name in UNEQUAL:
        assert refused(f"transforms.{name}").hint == UNEQUAL[name]
    for name in REFUSED_MODELS.split():
        assert refused(f"models.{name}").message == f"f: p: there is no equal for {FOLDER}.models.{name}"


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_equal_can_be_made_with_its_defaults(name):
    assert made(f"any.module.{name}")
    assert settled(name) == settled(f"transforms.{name}") == settled(f"transforms.nirs.{name}", {"copy": False})
    first, *others = OPERATORS[name]
    for equals in (first, *(equals for equals in others if equals.given)):
        given = {key: values[0] for key, values in {**equals.given, **equals.fixed}.items()}
        assert [item.known.path for item in settled(name, given)] == [link.path for link in equals.chain]


X, Y = spectra(14), spectra(9, seed=8)


def gradient(x, delta=1.0, edge_order=1, times=1):
    for _ in range(times):
        x = np.gradient(x, delta, axis=1, edge_order=edge_order)
    return x


def robust(x):
    middle = np.median(x, axis=1, keepdims=True)
    return (x - middle) / (1.4826 * np.median(abs(x - middle), axis=1, keepdims=True))


def extended(degree):
    """EMSC: each spectrum is a reference, times a factor, plus a polynomial (Martens and Stark, 1991)."""
    terms = np.column_stack([X.mean(axis=0), np.vander(np.arange(41.0) / 40, degree + 1)])
    found = np.linalg.lstsq(terms, Y.T, rcond=None)[0]
    return ((Y.T - terms[:, 1:] @ found[1:]) / found[0]).T


def haar(x):
    _, detail = pywt.dwt(x, "haar", mode="periodization")
    return signal.resample(detail, x.shape[1], axis=1)


def polynomial_baseline(x, order):
    places = np.arange(x.shape[1])
    return np.array([row - np.polyval(np.polyfit(places, row, order), places) for row in x])


NORMS = np.linalg.norm(X, axis=0)
SPREAD = np.ptp(X, axis=0)
CASES = [
    ("RNV", {}, robust(Y)),
    ("scalers.RobustStandardNormalVariate", {"axis": 1, "k": 1.4826}, robust(Y)),
    ("EMSC", {}, extended(2)),
    ("nirs.ExtendedMultiplicativeScatterCorrection", {"degree": 1, "scale": False}, extended(1)),
    ("AreaNormalization", {}, Y / Y.sum(axis=1, keepdims=True)),
    ("Normalize", {}, Y / NORMS),
    ("Normalize", {"feature_range": [0, 2]}, 2 * (Y - X.min(axis=0)) / SPREAD),
    ("SimpleScale", {}, (Y - X.min(axis=0)) / SPREAD),
    ("Baseline", {}, Y - X.mean(axis=0)),
    ("FlattenPreprocessing", {"sources": "all"}, Y),
    ("SavitzkyGolay", {"deriv": 1, "delta": 2.5}, signal.savgol_filter(Y, 11, 3, deriv=1, delta=2.5)),
    ("FirstDerivative", {"edge_order": 1}, gradient(Y)),
    ("FirstDerivative", {"delta": 2}, gradient(Y, 2, 2)),
    ("SecondDerivative", {"delta": 0.5}, gradient(Y, 0.5, 2, 2)),
    ("Derivate", {}, gradient(Y)),
    ("Derivate", {"order": 2, "delta": 3}, gradient(Y, 3, 1, 2)),
    ("Gaussian", {}, ndimage.gaussian_filter1d(Y, 1, order=2)),
    ("signal.Gaussian", {"order": 0, "sigma": 2}, ndimage.gaussian_filter1d(Y, 2)),
    ("Detrend", {"bp": [10, 30]}, signal.detrend(Y, bp=[10, 30])),
    ("Detrend", {"bp": [0]}, signal.detrend(Y)),
    ("LogTransform", {"base": 10, "offset": 1}, np.log10(Y + 1)),
    ("ReflectanceToAbsorbance", {}, -np.log10(Y)),
    ("ReflectanceToAbsorbance", {"percent": True}, 2 - np.log10(Y)),
    ("ToAbsorbance", {"epsilon": 0.5}, -np.log10(np.maximum(Y, 0.5))),
    ("ToAbsorbance", {"source_type": "%T"}, 2 - np.log10(Y)),
    ("ToAbsorbance", {"source_type": "Transmittance", "clip_negative": False}, -np.log10(Y)),
    ("ToAbsorbance", {"source_type": "reflectance%", "clip_negative": False}, 2 - np.log10(Y)),
    ("FromAbsorbance", {}, 10**-Y),
    ("FromAbsorbance", {"target_type": "R%"}, 100 * 10**-Y),
    ("PercentToFraction", {}, Y / 100),
    ("FractionToPercent", {}, Y * 100),
    ("KubelkaMunk", {}, (1 - Y) ** 2 / (2 * Y)),
    ("KubelkaMunk", {"source_type": "%R"}, (1 - Y / 100) ** 2 / (Y / 50)),
    ("SignalTypeConverter", {}, -np.log10(Y)),
    ("SignalTypeConverter", {"source_type": "%R", "target_type": "A"}, 2 - np.log10(Y)),
    ("SignalTypeConverter", {"source_type": "R", "target_type": "km"}, (1 - Y) ** 2 / (2 * Y)),
    ("SignalTypeConverter", {"source_type": "r%", "target_type": "kubelka_munk"}, (1 - Y / 100) ** 2 / (Y / 50)),
    ("SignalTypeConverter", {"source_type": "t", "target_type": "t%"}, 100 * Y),
    ("SignalTypeConverter", {"source_type": "%r", "target_type": "r"}, Y / 100),
    ("SignalTypeConverter", {"source_type": "a", "target_type": "t"}, 10**-Y),
    ("SignalTypeConverter", {"source_type": "a", "target_type": "%t"}, 100 * 10**-Y),
    ("CropTransformer", {"start": 5, "end": 20}, Y[:, 5:20]),
    ("ResampleTransformer", {"num_samples": 21}, Y[:, ::2]),
    ("Haar", {}, haar(Y)),
    ("Wavelet", {"wavelet": "haar"}, haar(Y)),
    ("features.CropTransformer", {}, Y),
    ("PyBaselineCorrection", {"method": "poly", "poly_order": 2}, polynomial_baseline(Y, 2)),
]


@pytest.mark.parametrize(
    ("name", "params", "expected"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_equal_does_what_the_formula_says(name, params, expected):
    np.testing.assert_allclose(applied(f"transforms.{name}", params, X, Y), expected, rtol=1e-9, atol=1e-11)


def test_scale_changes_nothing_in_multiplicative_scatter_correction():
    assert settled("MSC", {"scale": False}) == settled("MSC", {"scale": True}) == settled("transforms.MSC")


def test_defaults_are_those_of_nirs4all_and_not_of_the_class():
    (item,) = settled("transforms.AirPLS", {"max_iter": 9})
    assert item.params == {"method": "airpls", "params": {"lam": 1e6, "max_iter": 9, "tol": 1e-3}}
    (item,) = settled("transforms.PyBaselineCorrection", {"method": "snip", "max_half_window": 3, "copy": True})
    assert item.params == {"method": "snip", "params": {"max_half_window": 3}}
    (item,) = settled("transforms.PyBaselineCorrection")
    assert item.params == {"method": "asls"}
    (item,) = settled("models.PCR", {"n_components": 7})
    assert item.params["steps"][0][1]["params"] == {"n_components": 7}
    assert settled("models.PCR")[0].params["steps"][0][1]["params"] == {"n_components": 10}
    (item,) = settled("transforms.WaveletDenoise", {"wavelet": "sym8"})
    assert item.canonical == {"wavelet": "sym8"}


def test_models():
    target = X[:, 7] + X[:, 20]
    (ours,) = made("models.IKPLS", {"n_components": 4, "algorithm": 2})
    assert isinstance(ours, PLSRegression)
    # One target, NIPALS without iteration: weights are covariances.
    e, f = (X - X.mean(0)) / X.std(0, ddof=1), (target - target.mean()) / target.std(ddof=1)
    w, p, q = [], [], []
    for _ in range(4):
        weight = e.T @ f / np.linalg.norm(e.T @ f)
        score = e @ weight
        p.append(e.T @ score / (score @ score))
        q.append(f @ score / (score @ score))
        w.append(weight)
        e, f = e - np.outer(score, p[-1]), f - score * q[-1]
    slopes = np.array(w).T @ np.linalg.inv(np.array(p) @ np.array(w).T) @ np.array(q)
    expected = ((Y - X.mean(0)) / X.std(0, ddof=1)) @ slopes * target.std(ddof=1) + target.mean()
    equal(ours.fit(X, target).predict(Y).ravel(), expected, 1e-9)
    (simpls,) = made("models.sklearn.simpls.SIMPLS", {"n_components": 4})
    equal(simpls.fit(X, target).predict(Y).ravel(), expected, 1e-9)
    (pcr,) = made("models.PCR", {"n_components": 3})
    _, sizes, axes = np.linalg.svd(X - X.mean(0), full_matrices=False)
    scores = (X - X.mean(0)) @ axes[:3].T
    slopes = axes[:3].T @ (scores.T @ (target - target.mean()) / sizes[:3] ** 2)
    equal(pcr.fit(X, target).predict(Y), (Y - X.mean(0)) @ slopes + target.mean(), 1e-9)


@pytest.mark.parametrize(
    ("name", "params", "written"),
    [
        ("KennardStoneSplitter", {"test_size": 0.3, "random_state": 4}, "KennardStone(test_size=0.3)"),
        ("SPXYSplitter", {}, "SPXY(test_size=0.25, y_metric='euclidean')"),
        ("SPXYFold", {"n_splits": 3}, "SPXYKFold(n_splits=3, y_metric='euclidean')"),
        ("SPXYFold", {"y_metric": "hamming"}, "SPXYKFold(n_splits=5, y_metric='discrete')"),
        ("SPXYFold", {"y_metric": None, "metric": "euclidean"}, "KennardStoneKFold(n_splits=5)"),
        ("SPXYGFold", {}, "SPXYKFold(n_splits=5, y_metric='euclidean')"),
        ("SPXYGFold", {"n_splits": 1, "test_size": 0.2}, "SPXY(test_size=0.2, y_metric='euclidean')"),
        ("SPXYGFold", {"n_splits": 1, "y_metric": None}, "KennardStone(test_size=0.25)"),
        ("SPXYGFold", {"n_splits": 4, "y_metric": None, "aggregation": "mean"}, "KennardStoneKFold(n_splits=4)"),
    ],
)
def test_splitters(name, params, written):
    assert name in SPLITTERS
    assert [repr(splitter) for splitter in made(f"splitters.{name}", params)] == [written]


@pytest.mark.parametrize(
    ("path", "params", "message", "hint"),
    [
        (
            "transforms.SNV",
            {"ddof": 1},
            "f: p.params.ddof: there is no equal for nirs4all.operators.transforms.SNV with ddof = 1",
            "ddof = 0",
        ),
        ("transforms.RNV", {"axis": 0}, "with axis = 0", "axis = 1"),
        ("transforms.Haar", {"wavelet": "db4"}, "has no parameter 'wavelet'", "it has: copy"),
        ("transforms.Gaussian", {"sigmas": 2}, "has no parameter 'sigmas'", "did you mean sigma?"),
        (
            "transforms.KubelkaMunk",
            {"source_type": "transmittance"},
            "source_type = 'transmittance'",
            "reflectance or reflectance%",
        ),
        (
            "transforms.SignalTypeConverter",
            {"source_type": "kubelka_munk"},
            "with source_type = 'kubelka_munk'",
            "reflectance or reflectance%",
        ),
        (
            "transforms.SignalTypeConverter",
            {"source_type": "reflectance%", "target_type": "transmittance"},
            "there is no equal for",
            "",
        ),
        ("splitters.SPXYFold", {"y_metric": "cosine"}, "with y_metric = 'cosine'", "euclidean or hamming or null"),
        ("splitters.KennardStoneSplitter", {"pca_components": 3}, "with pca_components = 3", "pca_components = null"),
        ("models.IKPLS", {"backend": "jax"}, "with backend = 'jax'", "backend = numpy"),
        ("models.IKPLS", {"center": 1}, "with center = 1", "center = true"),
        (
            "transforms.snv",
            {},
            "there is no equal for nirs4all.operators.transforms.snv",
            "did you mean SNV?",
        ),
        ("models.PLSDAA", {}, "there is no equal for nirs4all.operators.models.PLSDAA", "PLSDA"),
        ("augmentation.GaussianAdditiveNoise", {}, "there is no equal for", "makes no samples up"),
        ("transforms.SpikeNoise", {}, "there is no equal for", "nirs4all"),
        ("filters.YOutlierFilter", {}, "there is no equal for", "drops no samples"),
        ("models.nicon", {}, "there is no equal for", '[trust] packages = ["nirs4all"]'),
    ],
)
def test_what_has_no_equal_is_refused_with_what_has(path, params, message, hint):
    found = refused(path, params)
    assert message in found.message
    assert hint in found.hint


def test_the_names_are_known_without_importing_anything():
    program = """
import json, sys
from nws.engine import nirs4all
nirs4all.translate("nirs4all.operators.transforms.Haar", {}, "f")
print(json.dumps([name for name in ("numpy", "sklearn", "pywt", "chemotools", "nirs4all", "nws.operators") if name in sys.modules]))
"""
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert json.loads(out) == []
