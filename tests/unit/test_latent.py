"""T² and Q: against their definitions, against chemotools, and their limits against distributions and simulated samples."""

import numpy as np
import pytest
from chemotools.outliers import HotellingT2, QResiduals
from scipy import stats
from sklearn.cross_decomposition import CCA, PLSCanonical, PLSRegression
from sklearn.decomposition import PCA, FastICA, IncrementalPCA, TruncatedSVD

from nws.engine.latent import CLASSES, Distances, LatentSpace, Limits, latent_step, q_limit, t2_limit

STEPS = [
    PLSRegression(3, scale=False),
    PLSRegression(3),
    PLSCanonical(1),
    CCA(1),
    PCA(4),
    PCA(4, whiten=True),
    IncrementalPCA(4),
    TruncatedSVD(4),
    FastICA(4, random_state=0),
]


def spectra(samples=60, features=30, seed=0):
    rng = np.random.default_rng(seed)
    return (
        5 + rng.normal(size=(samples, 6)) @ rng.normal(size=(6, features)) + 0.1 * rng.normal(size=(samples, features))
    )


def fitted(step, samples):
    return step.fit(samples, samples[:, 3])


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_distances_are_what_their_definitions_say(step):
    samples, others = spectra(), spectra(7, seed=1) * 1.3
    space = LatentSpace.calibrated(fitted(step, samples), [samples])
    found = space.distances(others)
    scores, new = step.transform(samples), step.transform(others)
    away = new - scores.mean(axis=0)
    inverse = np.linalg.inv(np.atleast_2d(np.cov(scores.T)))
    np.testing.assert_allclose(found.hotelling_t2, [row @ inverse @ row for row in away], rtol=1e-8)
    left = others - step.inverse_transform(new)
    np.testing.assert_allclose(found.q_residuals, [row @ row for row in left], rtol=1e-10)
    assert space.limits.samples == 60
    assert space.limits.components == scores.shape[1]


def test_chemotools_finds_the_same():
    samples, others = spectra(), spectra(7, seed=1)
    for step in (PLSRegression(3), PCA(4)):
        found = LatentSpace.calibrated(fitted(step, samples), [samples]).distances(others)
        t2 = HotellingT2(step).fit(samples).predict_residuals(others)
        # It divides the variance of PLS scores by n.
        factor = 59 / 60 if isinstance(step, PLSRegression) else 1
        np.testing.assert_allclose(found.hotelling_t2, t2 * factor, rtol=1e-10)
        q = QResiduals(step).fit(samples).predict_residuals(others)
        np.testing.assert_allclose(found.q_residuals, q, rtol=1e-10)


def test_the_mean_of_t2_over_the_calibration_is_known():
    samples = spectra()
    found = LatentSpace.calibrated(fitted(PLSRegression(3), samples), [samples]).distances(samples)
    assert found.hotelling_t2.mean() == pytest.approx(3 * 59 / 60)


def test_samples_may_come_in_parts():
    samples = spectra()
    step = fitted(PCA(4), samples)
    whole, parts = LatentSpace.calibrated(step, [samples]), LatentSpace.calibrated(step, [samples[:7], samples[7:]])
    assert parts.limits.q_residuals == pytest.approx(whole.limits.q_residuals, rel=1e-12)
    np.testing.assert_allclose(parts.distances(samples).hotelling_t2, whole.distances(samples).hotelling_t2, rtol=1e-9)


@pytest.mark.parametrize("step", [PLSRegression(3), PCA(4), PCA(4, whiten=True)], ids=str)
def test_a_step_remembers_its_scores(step):
    samples, others = spectra(), spectra(7, seed=1)
    space = LatentSpace.calibrated(fitted(step, samples), [samples])
    again = LatentSpace.remembered(step, space.limits)
    np.testing.assert_allclose(again.distances(others).hotelling_t2, space.distances(others).hotelling_t2, rtol=1e-9)
    assert again.distances(others).outlier.tolist() == space.distances(others).outlier.tolist()


def test_some_steps_do_not_remember():
    limits = Limits(samples=60, components=4, hotelling_t2=1.0, q_residuals=1.0)
    assert LatentSpace.remembered(fitted(TruncatedSVD(4), spectra()), limits) is None


def test_the_limit_of_t2_is_that_of_a_new_sample():
    n, k = 20, 3
    assert t2_limit(n, k) == pytest.approx(k * (n**2 - 1) / (n * (n - k)) * stats.f.ppf(0.99, k, n - k))
    assert t2_limit(3, 3) is None
    assert t2_limit(4, 3) is not None
    rng = np.random.default_rng(0)
    beyond = []
    for _ in range(4000):
        known, new = rng.normal(size=(n, k)), rng.normal(size=k)
        away = new - known.mean(axis=0)
        beyond.append(away @ np.linalg.solve(np.cov(known.T), away) > t2_limit(n, k))
    assert 0.007 < np.mean(beyond) < 0.013


def test_the_limit_of_q_is_that_of_a_weighted_chi_square():
    rng = np.random.default_rng(0)
    q = 0.3 * rng.chisquare(7, size=200_000)
    assert q_limit(q) == pytest.approx(0.3 * stats.chi2.ppf(0.99, 7), rel=0.02)
    assert q_limit(q[:1]) is None
    assert q_limit(np.full(9, 2.0)) is None


def test_a_space_that_leaves_nothing_over_has_no_limit_of_q():
    samples = spectra(40, features=5)
    space = LatentSpace.calibrated(fitted(PCA(5), samples), [samples])
    assert space.limits.q_residuals is None
    assert space.limits.hotelling_t2 is not None
    assert not space.distances(samples).outlier.any()


def test_components_that_do_not_vary_do_not_count():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 9))
    space = LatentSpace.calibrated(fitted(PCA(4), samples), [samples])
    assert space.limits.components == 2
    assert (space.distances(samples).hotelling_t2 < 40).all()
    assert LatentSpace.calibrated(fitted(PCA(1), samples), [samples[:1]]) is None


def test_an_outlier_is_beyond_one_of_the_limits():
    samples = spectra()
    step = fitted(PCA(4), samples)
    space = LatentSpace.calibrated(step, [samples])
    usual, far = step.mean_, step.mean_ + 100 * step.components_[0]
    beside = step.mean_ + 100 * np.linalg.svd(step.components_)[2][-1]
    found = space.distances(np.array([usual, far, beside]))
    assert found.outlier.tolist() == [False, True, True]
    assert found.q_residuals[1] < 1e-9 < 1 < found.q_residuals[2]
    assert isinstance(found, Distances)
    assert found.outlier.dtype == bool


def test_the_space_is_that_of_the_last_step_that_has_one():
    pca, pls = "sklearn.decomposition.PCA", "sklearn.cross_decomposition.PLSRegression"
    ridge, snv = "sklearn.linear_model.Ridge", "chemotools.scatter.StandardNormalVariate"
    assert latent_step([snv, pls]) == 1
    assert latent_step([snv, pca, snv, ridge]) == 1
    assert latent_step([pca, pls]) == 1
    assert latent_step([snv, ridge]) is None
    assert {f"{type(step).__module__.rpartition('.')[0]}.{type(step).__name__}" for step in STEPS} < CLASSES
