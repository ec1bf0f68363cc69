"""Artifacts: the same fitted state is the same bytes in every process, and any reader of pickles loads it."""

import io
import json
import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest

from nws.engine.artifacts import dump, load
from nws.errors import Damaged

# Fits a dozen kinds of estimators and prints the digest of each: as fitted, and after a load. What a process did before
# (imports, interned text) must make no difference, so each child begins in another way.
FITTED = """
import hashlib, json, pickle, sys, warnings
warnings.simplefilter("ignore")
how = sys.argv[1]
if how == "busy":
    import sklearn.manifold, sklearn.gaussian_process, scipy.signal
    names = [sys.intern(name) for name in ("coef_", "n_features_in_", "rbf", "auto", "mean_", "float64")]
import numpy as np
from chemotools.derivative import SavitzkyGolay
from chemotools.scatter import StandardNormalVariate
from sklearn.cluster import KMeans
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, FeatureUnion
from sklearn.preprocessing import FunctionTransformer, StandardScaler, MinMaxScaler
from sklearn.svm import SVC, SVR
from nws.engine.artifacts import dump

if how == "forked":
    import os

    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
rng = np.random.default_rng(3)
X = rng.normal(size=(40, 24)); y = X[:, 0] * 2 + X[:, 3]
labels = np.array([f"class {int(v > 0)}" for v in y])
makers = {
    "scaler": (StandardScaler(), y), "minmax": (MinMaxScaler(), y), "snv": (StandardNormalVariate(), y),
    "savitzky": (SavitzkyGolay(window_size=7, polynomial_order=2), y), "pca": (PCA(3, random_state=1), y),
    "pls": (PLSRegression(3, scale=False), y), "ridge": (Ridge(), y), "svr": (SVR(), y), "svc": (SVC(), labels),
    "knn": (KNeighborsRegressor(algorithm="kd_tree"), y), "balls": (KNeighborsClassifier(algorithm="ball_tree"), labels),
    "forest": (RandomForestRegressor(7, random_state=5), y),
    "forest of classes": (RandomForestClassifier(7, random_state=5), labels),
    "boosting": (HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=3, random_state=1), y),
    "mlp": (MLPRegressor(hidden_layer_sizes=(5,), max_iter=20, random_state=2), y), "lda": (LinearDiscriminantAnalysis(), labels),
    "logistic": (LogisticRegression(), labels), "bayes": (GaussianNB(), labels),
    "process": (GaussianProcessRegressor(random_state=1), y), "means": (KMeans(3, n_init=1, random_state=0), y),
    "function": (FunctionTransformer(np.log1p, kw_args={"casting": "same_kind"}), y),
    "pipeline": (Pipeline([("scale", StandardScaler()), ("both", FeatureUnion([("a", PCA(2)), ("b", StandardScaler())])), ("model", Ridge())]), y),
}
digests = {}
order = sorted(makers, reverse=how == "forked")
for name in order:
    estimator, target = makers[name]
    fitted = estimator.fit(X, target)
    plain = dump(fitted)
    again = dump(pickle.loads(plain))
    through = dump(pickle.loads(pickle.dumps(fitted)))
    assert plain == again, name + ": differs after a load"
    assert plain == through, name + ": differs after a load of a usual pickle"
    digests[name] = hashlib.sha256(plain).hexdigest()
words = {f"word {n}" for n in range(40)}
digests["sets"] = hashlib.sha256(dump({"a": words, "b": frozenset(words), "c": {3, 1, 2}})).hexdigest()
print(json.dumps(digests, sort_keys=True))
"""


def _child(hash_seed, how):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", FITTED, how]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_same_fit_gives_the_same_bytes_in_every_process():
    first, *others = (_child("0", "plain"), _child("1", "busy"), _child("4242", "forked"))
    assert len(first) == 23
    for other in others:
        assert other == first


def test_equal_text_is_written_once_whatever_holds_it():
    text = str(b"spectrum", "ascii")
    assert dump([text, text]) == dump(["spectrum", str(b"spectrum", "ascii")])
    assert load(dump({"spectrum": text, "b": b"spectrum"})) == {"spectrum": "spectrum", "b": b"spectrum"}


def test_equal_dtypes_are_written_once():
    loaded = pickle.loads(pickle.dumps(np.arange(3.0))).dtype
    assert loaded is not np.dtype("float64")
    assert dump([loaded, np.dtype("float64")]) == dump([np.dtype("float64")] * 2)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
        np.arange(20, dtype="f4")[::3],
        np.empty((0, 4)),
        np.array(3.5),
        np.array(["a", "bcd"]),
        np.array(["a", "bcd", None], dtype=object),
        np.array([], dtype="U0"),
        np.array(["2024-01-01"], dtype="datetime64[D]"),
        np.arange(40_000.0),
        np.arange(40_000.0).reshape(200, 200).T,
        np.array([(1, 2.0)], dtype=[("a", "i1"), ("b", "f8")]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_come_back(array):
    loaded = load(dump(array))
    assert loaded.dtype == array.dtype
    assert loaded.shape == array.shape
    assert np.array_equal(loaded, array)
    assert loaded.flags.f_contiguous or not array.flags.f_contiguous
    assert dump(loaded) == dump(array)


def test_gaps_between_fields_carry_no_memory():
    kind = np.dtype([("a", "u1"), ("b", "f8")], align=True)
    clean, dirty = np.zeros(3, kind), np.frombuffer(bytearray(b"\xff" * 3 * kind.itemsize), kind)
    dirty["a"], dirty["b"] = 0, 0
    assert dirty.view("u1").any()
    assert dump(dirty) == dump(clean)


def test_a_mapped_or_read_only_array_is_written_as_a_plain_one(tmp_path):
    plain = np.arange(10.0)
    plain.tofile(tmp_path / "raw")
    frozen = plain.copy()
    frozen.flags.writeable = False
    assert dump(np.memmap(tmp_path / "raw", mode="r")[:].view("f8")) == dump(plain) == dump(frozen)


def test_what_is_one_object_stays_one():
    shared = np.arange(4.0)
    first, second = load(dump((shared, shared)))
    assert first is second
    loop = [1]
    loop.append(loop)
    assert load(dump(loop))[1][1][0] == 1


def test_joblib_and_pickle_read_an_artifact(tmp_path):
    from sklearn.ensemble import RandomForestRegressor

    spectra = np.random.default_rng(0).normal(size=(30, 50))
    forest = RandomForestRegressor(20, random_state=0).fit(spectra, spectra[:, 0])
    path = tmp_path / "model.joblib"
    path.write_bytes(dump(forest))
    expected = forest.predict(spectra)
    assert np.array_equal(joblib.load(path).predict(spectra), expected)
    assert np.array_equal(pickle.load(io.BytesIO(path.read_bytes())).predict(spectra), expected)
    assert np.array_equal(load(path.read_bytes()).predict(spectra), expected)


def test_bytes_carry_no_place(tmp_path, monkeypatch):
    from sklearn.linear_model import Ridge

    monkeypatch.chdir(tmp_path)
    data = dump(Ridge().fit(np.eye(3), np.arange(3.0)))
    assert str(tmp_path).encode() not in data
    assert str(os.getpid()).encode() not in data


@pytest.mark.parametrize("data", [b"", b"not a pickle", b"\x80\x05cno.such.module\nThing\n.", dump([1, 2, 3])[:-4]])
def test_bytes_that_cannot_be_loaded_are_damaged(data):
    with pytest.raises(Damaged):
        load(data)


def test_what_cannot_be_pickled_is_refused():
    with pytest.raises((AttributeError, pickle.PicklingError)):
        dump(lambda: None)
