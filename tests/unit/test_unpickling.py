"""Loading with care: every usual step comes back, and a pickle that asks for more is refused before it gets it."""

import os
import pickle

import chemotools.augmentation
import chemotools.regression
import chemotools.scatter
import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans, FeatureAgglomeration
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.feature_selection import SelectKBest, f_regression, mutual_info_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler
from sklearn.svm import SVR

from nws.engine import artifacts
from nws.engine.unpickling import load
from nws.errors import Damaged, NotTrusted

STEPS = [
    RandomForestRegressor(3, random_state=0),
    GradientBoostingRegressor(n_estimators=3),
    HistGradientBoostingRegressor(max_iter=3),
    GaussianProcessRegressor(RBF() + WhiteKernel()),
    KNeighborsRegressor(algorithm="kd_tree"),
    KNeighborsRegressor(algorithm="ball_tree"),
    MLPRegressor(hidden_layer_sizes=(3,), max_iter=500, tol=1, random_state=np.random.RandomState(0)),
    SVR(),
    SelectKBest(f_regression, k=2),
    SelectKBest(mutual_info_regression, k=2),
    SplineTransformer(3),
    FeatureAgglomeration(2),
    BisectingKMeans(2, random_state=0),
    Pipeline([("scale", StandardScaler()), ("both", FeatureUnion([("a", StandardScaler())]))]),
    chemotools.scatter.MultiplicativeScatterCorrection(),
    chemotools.augmentation.AddNoise(random_state=0),
    chemotools.regression.PLSRegression(2),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_usual_steps_are_loaded(step):
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(30, 5)) + 3
    step.fit(samples, samples[:, 0])
    back = load(artifacts.dump(step), packages=(), what="step 1")
    assert type(back) is type(step)
    if hasattr(step, "predict"):
        assert (back.predict(samples) == step.predict(samples)).all()
    assert artifacts.dump(back) == artifacts.dump(step)


class Asks:
    """Something whose pickle asks for a call."""

    def __init__(self, function, *words):
        self.reduced = (function, words)

    def __reduce__(self):
        return self.reduced


def named(module, name, *words):
    """Return a pickle that calls a function by any name, whatever is there."""
    body = b"c" + f"{module}\n{name}\n".encode()
    return b"\x80\x04" + body + pickle.dumps(words, protocol=0)[:-1] + b"R."


@pytest.mark.parametrize(
    "call",
    [
        (os.system, "touch PATH"),
        (eval, "open('PATH', 'w')"),
        (getattr, "x", "upper"),
        (np.savetxt, "PATH", [1.0]),
        (np.memmap, "PATH", "u1", "w+", 0, (1,)),
    ],
    ids=lambda call: call[0].__name__,
)
def test_nothing_else_is_called(call, tmp_path):
    path = tmp_path / "made"
    words = [word.replace("PATH", str(path)) if isinstance(word, str) else word for word in call[1:]]
    with pytest.raises(NotTrusted) as caught:
        load(pickle.dumps(Asks(call[0], *words)), packages=(), what="step 1")
    assert "step 1 asks for" in caught.value.message
    assert caught.value.exit_code == 14
    assert not path.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy.testing", "run_threaded"),
        ("numpy.f2py", "compile"),
        ("sklearn.datasets", "dump_svmlight_file"),
        # Of what is barred, not even the module is imported.
        ("sklearn.datasets", "Nothing"),
        ("sklearn.tree", "export_graphviz"),
        ("sklearn.utils.fixes", "sys.exit"),
        ("joblib", "load"),
        ("nws.fsio", "replace"),
        ("builtins", "exec"),
        ("subprocess", "Popen"),
        ("sklearn.utils._testing", "TempMemmap"),
    ],
)
def test_a_trusted_package_is_no_way_to_what_is_dangerous(module, name):
    with pytest.raises(NotTrusted):
        load(named(module, name, "x"), packages=(), what="step 1")


def test_a_class_that_a_trusted_module_only_imports_is_refused():
    with pytest.raises(NotTrusted, match="Path"):
        load(named("sklearn.datasets._base", "Path", "x"), packages=(), what="step 1")
    with pytest.raises(NotTrusted, match="Integral"):
        load(named("sklearn.ensemble._forest", "Integral"), packages=(), what="step 1")


def test_packages_that_are_named_are_loaded_whole():
    data = pickle.dumps(Asks(os.path.join, "a", "b"))
    module = os.path.join.__module__
    with pytest.raises(NotTrusted, match=rf'\[trust\] packages = \["{module}"\]|posixpath'):
        load(data, packages=(), what="step 1")
    assert load(data, packages=(module,), what="step 1") == os.path.join("a", "b")
    assert load(data, packages=None, what="step 1") == os.path.join("a", "b")


@pytest.mark.parametrize("packages", [(), None])
@pytest.mark.parametrize("data", [b"", b"no pickle", b"\x80\x05.", artifacts.dump(StandardScaler())[:-9]])
def test_bytes_that_are_no_pickle_are_damage(data, packages):
    with pytest.raises(Damaged, match="step 1 cannot be loaded"):
        load(data, packages=packages, what="step 1")


def test_a_class_that_is_not_here_is_told():
    with pytest.raises(Damaged, match="Gone"):
        load(named("sklearn.linear_model", "Gone"), packages=(), what="step 1")
