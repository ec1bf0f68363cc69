"""Models kept as skops: they come back as they were, with the same bytes whatever lies where in memory."""

import importlib
import zipfile
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pytest
import skops.io
from exporting import GRID
from predicting import run_of, stored
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from nws.engine import artifacts, safe
from nws.errors import Conflict, Damaged, NotTrusted
from nws.shelf import exports

MODELS = {
    "sklearn.svm.SVR": {},
    "sklearn.linear_model.BayesianRidge": {},
    "sklearn.ensemble.RandomForestRegressor": {"n_estimators": 3, "random_state": 0},
    "sklearn.ensemble.HistGradientBoostingRegressor": {"max_iter": 3, "random_state": 0},
    "sklearn.gaussian_process.GaussianProcessRegressor": {"random_state": 0},
    "sklearn.neural_network.MLPRegressor": {"hidden_layer_sizes": [3], "random_state": 0, "tol": 1.0},
    "sklearn.neighbors.KNeighborsRegressor": {"algorithm": "kd_tree"},
    "chemotools.regression.PLSRegression": {"n_components": 2},
    "lightgbm.LGBMRegressor": {"n_estimators": 3, "verbose": -1},
}
RANDOM = np.random.default_rng(7)
SPECTRA = RANDOM.normal(size=(30, 8))
VALUES = SPECTRA @ np.arange(8.0) + RANDOM.normal(size=30)


@dataclass
class Steps:
    """What `joined` looks at."""

    steps: tuple

    @property
    def targets(self):
        return self

    def __iter__(self):
        return iter(self.steps)


@dataclass
class Fitted:
    steps: tuple
    undo: tuple = ()

    @property
    def targets(self):
        return Steps(tuple((None, step) for step in self.undo))


@pytest.mark.parametrize("path", MODELS)
def test_a_model_comes_back_and_its_bytes_depend_on_it_alone(path):
    module, _, name = path.rpartition(".")
    stored_bytes = artifacts.dump(getattr(importlib.import_module(module), name)(**MODELS[path]).fit(SPECTRA, VALUES))
    # Loaded twice, the same model lies elsewhere in memory.
    first, second = (safe.joined(Fitted((artifacts.load(stored_bytes),))) for _ in range(2))
    kept = safe.dump(first, SPECTRA, what="it")
    assert safe.dump(second, SPECTRA, what="it") == kept
    assert safe.unknown(kept.data, what="it") == list(kept.types)
    again = safe.load(kept.data, packages=("lightgbm",), what="it")
    assert np.array_equal(again.predict(SPECTRA), first.predict(SPECTRA))
    assert safe.parted(again, 0)[1] == []
    with zipfile.ZipFile(BytesIO(kept.data)) as archive:
        names = sorted(archive.namelist())
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names == sorted(["schema.json", *(f"{place}.npy" for place in range(1, len(names)))])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_targets_are_undone_in_the_one_estimator(count):
    undo, column = [], VALUES.reshape(-1, 1)
    for scaler in (StandardScaler(), MinMaxScaler())[:count]:
        column = scaler.fit_transform(column)
        undo.append(scaler)
    model = Ridge().fit(SPECTRA, column.reshape(-1))
    wanted = model.predict(SPECTRA).reshape(-1, 1)
    for scaler in reversed(undo):
        wanted = scaler.inverse_transform(wanted)
    kept = safe.dump(safe.joined(Fitted((model,), tuple(undo))), SPECTRA, what="it")
    assert kept.types == ()
    again = skops.io.loads(kept.data)
    assert again.predict(SPECTRA).shape == (30,)
    assert np.array_equal(again.predict(SPECTRA), wanted[:, 0])
    steps, undone = safe.parted(again, count)
    assert [type(step).__name__ for step in (*steps, *undone)] == ["Ridge", "StandardScaler", "MinMaxScaler"][
        : count + 1
    ]


class Own(RegressorMixin, BaseEstimator):
    """A model that says how it was made."""

    def __init__(self, held=None):
        self.held = held

    def fit(self, spectra, values):
        self.fitted_ = True
        return self

    def predict(self, spectra):
        return np.zeros(len(spectra)) if self.held is None or self.held == [1] else np.ones(len(spectra))


class Forgetful(Own):
    def __getstate__(self):
        return {"held": None, "fitted_": True}


def test_what_skops_cannot_hold_or_changes_is_refused():
    with pytest.raises(Conflict, match="it cannot be kept as skops") as caught:
        safe.dump(safe.joined(Fitted((Own(lambda: 0).fit(None, None),))), SPECTRA, what="it")
    assert "folder or zip" in caught.value.hint
    with pytest.raises(Conflict, match="it predicts otherwise"):
        safe.dump(safe.joined(Fitted((Forgetful([2]).fit(None, None),))), SPECTRA, what="it")


def test_a_type_of_another_package_is_loaded_only_where_it_is_trusted():
    kept = safe.dump(safe.joined(Fitted((Own().fit(None, None),))), SPECTRA, what="it")
    (name,) = kept.types
    with pytest.raises(NotTrusted, match="it asks for"):
        safe.load(kept.data, packages=(), what="it")
    assert len(safe.load(kept.data, packages=(name.partition(".")[0],), what="it").predict(SPECTRA)) == 30
    assert len(safe.load(kept.data, packages=None, what="it").predict(SPECTRA)) == 30
    with pytest.raises(Damaged, match="no skops file"):
        safe.load(b"x", packages=None, what="it")


def test_an_export_as_zip_is_not_made_over_another(tmp_path):
    pipeline = run_of(stored(tmp_path, classes=False, grids=(GRID,)), "gas").pipeline(1)
    shelf = exports(tmp_path / "out")
    path = shelf.add(pipeline, "zip", texts={"README.txt": b"x"}, source={"more": 1})
    before = path.read_bytes()
    with pytest.raises(Conflict, match="is there already"):
        shelf.add(pipeline, "zip", texts={"README.txt": b"x"}, source={"more": 1})
    assert path.read_bytes() == before
