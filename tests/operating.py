"""Spectra for operators, and what every operator has to keep to."""

import numpy as np
from sklearn.linear_model import LogisticRegression


def spectra(samples=12, features=41, seed=0):
    random = np.random.default_rng(seed)
    peaks = np.exp(-((np.linspace(0, 1, features) - random.uniform(0.2, 0.8, (samples, 1))) ** 2) / 0.05)
    return 0.1 + peaks * random.uniform(0.3, 0.8, (samples, 1)) + random.normal(0, 0.01, (samples, features))


def result(operator, given=None):
    given = spectra() if given is None else given
    before = given.copy()
    found = operator.fit(given).transform(given)
    assert np.array_equal(given, before), "what is given is not written to"
    assert not np.shares_memory(found, given)
    return found


def equal(found, expected, rtol=1e-12):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-14)


# A window of 3 and short gaps and segments, since the checks of scikit-learn use spectra of few features.
SHORT = {
    "GapDerivative": {"gap": 1, "segment": 1},
    "LocalStandardNormalVariate": {"window": 3, "pad_mode": "edge"},
    "SavitzkyGolay": {"window_length": 3, "polyorder": 1, "mode": "nearest"},
    "WaveletDenoise": {"level": 1, "wavelet": "haar"},
    "PyBaselines": {"method": "poly", "params": {"poly_order": 1}},
    "NumberedClasses": {"estimator": LogisticRegression()},
    "PLSDA": {"n_components": 2},
}
