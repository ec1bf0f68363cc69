"""Operators of our own as scikit-learn has them: names, pickles, features, and what they refuse."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import operating
import pytest
from operating import SHORT, spectra
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nws import operators
from nws.engine.classes import resolve

CLASSIFIERS = {"NumberedClasses", "PLSDA"}
SPLITTERS = {"KennardStone", "KennardStoneKFold", "SPXY", "SPXYKFold"}
TRANSFORMERS = [getattr(operators, name) for name in operators.__all__ if name not in {*SPLITTERS, *CLASSIFIERS}]


# In a process of its own: what scikit-learn checks with makes its experimental classes known everywhere.
CHECKS = """
import sys, warnings
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
from operating import SHORT
from sklearn.utils.estimator_checks import check_estimator
from nws import operators
for name in sys.argv[2:]:
    print(name, flush=True)
    # What it skips is a library of arrays that is not installed.
    check_estimator(getattr(operators, name)(**SHORT.get(name, {})), on_skip=None)
"""


@pytest.mark.slow
def test_scikit_learn_takes_them_for_its_own():
    names = [name for name in operators.__all__ if name not in SPLITTERS]
    command = [sys.executable, "-c", CHECKS, str(Path(operating.__file__).parent), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.split() == names


@pytest.mark.parametrize("name", operators.__all__)
def test_each_has_one_public_name_for_configs_and_for_pickles(name):
    found = getattr(operators, name)
    assert resolve(f"nws.operators.{name}", "f").path == f"nws.operators.{name}"
    home = operators._HOMES[name]
    assert resolve(f"nws.operators.{home}.{name}", "f").path == f"nws.operators.{name}"
    assert f"nws.operators\n{name}".encode() in pickle.dumps(found(**SHORT.get(name, {})), protocol=0)
    assert found.__doc__
    assert (found.__doc__.splitlines()[0].endswith("."), len(found.__doc__.splitlines()) > 3) == (True, True)


def test_the_list_is_whole_and_costs_nothing_to_import():
    assert sorted(operators._HOMES) == sorted(operators.__all__) == dir(operators)
    program = "import sys, nws.operators; print([n for n in ('numpy', 'sklearn', 'pywt', 'scipy') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        operators.Nothing  # noqa: B018


@pytest.mark.parametrize("kind", TRANSFORMERS, ids=lambda kind: kind.__name__)
def test_pickles_are_equal_and_small_whatever_was_done_before(kind):
    made = kind(**SHORT.get(kind.__name__, {}))
    first, second = clone(made).fit(spectra()), made.fit(spectra())
    untouched = pickle.dumps(first, protocol=5)
    first.transform(spectra(seed=1))
    assert pickle.dumps(first, protocol=5) == untouched == pickle.dumps(second, protocol=5)
    assert len(untouched) < 20 * spectra().shape[1] * 8
    assert np.array_equal(pickle.loads(untouched).transform(spectra(seed=2)), first.transform(spectra(seed=2)))


@pytest.mark.parametrize("kind", TRANSFORMERS, ids=lambda kind: kind.__name__)
def test_names_of_features_come_out(kind):
    made = kind(**SHORT.get(kind.__name__, {}))
    operator = clone(made).fit(spectra())
    names = operator.get_feature_names_out()
    assert len(names) == operator.transform(spectra()).shape[1] == len(set(names))
    assert len(make_pipeline(made, StandardScaler()).fit(spectra()).get_feature_names_out()) == len(names)


@pytest.mark.parametrize("kind", TRANSFORMERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(kind, value):
    torn = spectra()
    torn[3, 5] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        kind().fit(torn)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        kind().fit(spectra()).transform(torn)


# ---- what is refused


@pytest.mark.parametrize(
    ("operator", "features", "what"),
    [
        (operators.LocalStandardNormalVariate(4), 41, "window = 4 is even"),
        (operators.LocalStandardNormalVariate(1), 41, "'window' parameter"),
        (operators.LocalStandardNormalVariate(11), 5, "needs spectra of at least 6 features, these have 5"),
        (operators.SavitzkyGolay(11), 9, "window_length = 11 needs spectra of at least 11 features, these have 9"),
        (operators.SavitzkyGolay(3, 3), 41, "polyorder = 3 is not less than window_length = 3"),
        (operators.Gradient(edge_order=2), 2, "needs spectra of at least 3 features"),
        (operators.Gradient(order=0), 41, "'order' parameter"),
        (operators.GapDerivative(5, 4), 41, "segment = 4 is even"),
        (operators.GapDerivative(5, 5), 5, "needs spectra of at least 6 features"),
        (operators.GaussianFilter(0), 41, "'sigma' parameter"),
        (operators.Detrend([50]), 41, "50 is no feature of spectra that have 41"),
        (operators.Crop(50), 41, "from 50 to None nothing is left of spectra with 41"),
        (operators.Crop(5, 5), 41, "nothing is left"),
        (operators.Resample(0), 41, "'num_samples' parameter"),
        (operators.LogTransform(1), 41, "base = 1"),
        (operators.WaveletDetail("haa"), 41, "'wavelet' parameter"),
        (operators.WaveletDetail("haar", "periodic "), 41, "'mode' parameter"),
        (operators.WaveletDenoise(level=0), 41, "'level' parameter"),
        (operators.PyBaselines("aslss"), 41, "'method' parameter"),
        (operators.PyBaselines("asls", {"lamda": 1}), 41, "asls: .*lamda"),
        (operators.KubelkaMunk(0.7), 41, "'epsilon' parameter"),
        (operators.AreaNormalization("median"), 41, "'method' parameter"),
    ],
)
def test_what_makes_no_sense_is_refused(operator, features, what):
    with pytest.raises(ValueError, match=what):
        operator.fit(spectra(features=features))
