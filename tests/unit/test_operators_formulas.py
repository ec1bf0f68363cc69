"""Operators of our own against their formulas, written out or by the library that is the reference."""

import numpy as np
import pytest
import pywt
from operating import equal, result, spectra
from scipy import ndimage, signal
from sklearn.linear_model import LogisticRegression

from nws import operators

# ---- scatter, size, trend


def test_robust_standard_normal_variate():
    x = spectra()
    middle = np.array([np.sort(row)[20] for row in x])[:, None]
    deviation = np.array([np.sort(row)[20] for row in abs(x - middle)])[:, None]
    equal(result(operators.RobustStandardNormalVariate()), (x - middle) / (1.4826 * deviation))
    equal(result(operators.RobustStandardNormalVariate(k=2, with_scale=False)), x - middle)
    of_size = np.array([np.sort(row)[20] for row in abs(x)])[:, None]
    equal(result(operators.RobustStandardNormalVariate(k=1, with_center=False)), x / of_size)
    flat = np.full((1, 5), 3.0)
    equal(result(operators.RobustStandardNormalVariate(), flat), np.zeros((1, 5)))


@pytest.mark.parametrize("pad_mode", ["reflect", "edge", "constant"])
def test_local_standard_normal_variate(pad_mode):
    x = spectra(3)
    expected = np.empty_like(x)
    for row, spectrum in enumerate(x):
        for at in range(len(spectrum)):
            near = []
            for place in range(at - 3, at + 4):
                if pad_mode == "reflect":
                    near.append(spectrum[40 - abs(40 - abs(place))])
                elif pad_mode == "edge":
                    near.append(spectrum[min(max(place, 0), 40)])
                else:
                    near.append(spectrum[place] if 0 <= place <= 40 else 0.7)
            mean = sum(near) / 7
            expected[row, at] = (spectrum[at] - mean) / (sum((value - mean) ** 2 for value in near) / 7) ** 0.5
    found = result(operators.LocalStandardNormalVariate(7, pad_mode, 0.7), x)
    equal(found, expected, 1e-10)


def test_a_small_deviation_on_a_high_level_keeps_its_digits():
    x = spectra(2) * 1e-6
    lifted = result(operators.LocalStandardNormalVariate(), x + 1000)
    np.testing.assert_allclose(lifted, result(operators.LocalStandardNormalVariate(), x), rtol=1e-4, atol=1e-4)
    assert np.array_equal(result(operators.LocalStandardNormalVariate(), np.full((1, 20), 5.0)), np.zeros((1, 20)))


def test_area_normalization():
    x = spectra() - 0.3
    equal(result(operators.AreaNormalization(), x), [row / row.sum() for row in x])
    equal(result(operators.AreaNormalization("abs_sum"), x), [row / sum(abs(value) for value in row) for row in x])
    trapezoids = [sum((row[at] + row[at + 1]) / 2 for at in range(40)) for row in x]
    equal(
        result(operators.AreaNormalization("trapz"), x), [row / area for row, area in zip(x, trapezoids, strict=True)]
    )
    empty = np.array([[1.0, -1.0, 2.0, -2.0]])
    equal(result(operators.AreaNormalization(), empty), empty)


def test_column_normalization():
    x, other = spectra(), spectra(seed=4)
    x[:, 3] = 0
    norms = np.sqrt((x**2).sum(axis=0))
    norms[3] = 1
    equal(operators.ColumnNormalization().fit(x).transform(other), other / norms)


def test_detrending():
    x = spectra()
    places = np.arange(41)
    lines = [np.polyval(np.polyfit(places, row, 1), places) for row in x]
    equal(result(operators.Detrend()), x - lines, 1e-9)
    broken = np.array(lines)
    for start, end in ((0, 10), (10, 25), (25, 41)):
        part = places[start:end]
        broken[:, start:end] = [np.polyval(np.polyfit(part, row[start:end], 1), part) for row in x]
    equal(result(operators.Detrend([10, 25])), x - broken, 1e-9)
    equal(result(operators.Detrend(10)), signal.detrend(x, bp=10))


# ---- derivatives and smoothing


def test_savitzky_golay_divides_by_the_distance():
    x = spectra()
    half = 3
    expected = np.empty_like(x)
    for row, spectrum in enumerate(x):
        for at in range(41):
            centre = min(max(at, half), 40 - half)
            line = np.polynomial.Polynomial.fit(
                np.arange(-half, half + 1) * 0.5, spectrum[centre - half : centre + half + 1], 2
            )
            expected[row, at] = line.deriv(1)((at - centre) * 0.5)
    np.testing.assert_allclose(result(operators.SavitzkyGolay(7, 2, 1, 0.5)), expected, rtol=1e-9, atol=1e-11)


def test_gradient():
    x = spectra()

    def once(rows, delta, edge_order):
        inner = (rows[:, 2:] - rows[:, :-2]) / (2 * delta)
        if edge_order == 1:
            first, last = rows[:, 1] - rows[:, 0], rows[:, -1] - rows[:, -2]
        else:
            first = -1.5 * rows[:, 0] + 2 * rows[:, 1] - 0.5 * rows[:, 2]
            last = 1.5 * rows[:, -1] - 2 * rows[:, -2] + 0.5 * rows[:, -3]
        return np.column_stack([first / delta, inner, last / delta])

    equal(result(operators.Gradient()), once(x, 1, 1))
    np.testing.assert_allclose(result(operators.Gradient(2, 0.5, 2)), once(once(x, 0.5, 2), 0.5, 2), atol=1e-12)


def test_gap_derivative():
    def once(rows, gap, segment, delta):
        half = segment // 2

        def at(held, place):
            return held[:, np.clip(place, 0, 40)]

        means = np.column_stack([sum(at(rows, j + k) for k in range(-half, half + 1)) / segment for j in range(41)])
        return np.column_stack([(at(means, j + gap) - at(means, j - gap)) / (2 * gap * delta) for j in range(41)])

    x = spectra()
    equal(result(operators.GapDerivative()), once(x, 5, 5, 1), 1e-9)
    equal(result(operators.GapDerivative(2, 1, 1, 2.0)), once(x, 2, 1, 2.0), 1e-9)
    twice = once(once(x, 3, 7, 1), 3, 7, 1)
    np.testing.assert_allclose(result(operators.GapDerivative(3, 7, 2)), twice, atol=1e-13)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_gaussian_filter(order):
    x, sigma = spectra(), 1.7
    reach = int(4 * sigma + 0.5)
    place = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (place / sigma) ** 2)
    kernel /= kernel.sum()
    kernel *= [1, -place / sigma**2, place**2 / sigma**4 - 1 / sigma**2][order]
    mirrored = np.concatenate([x[:, :reach][:, ::-1], x, x[:, -reach:][:, ::-1]], axis=1)
    expected = [np.convolve(row, kernel, mode="valid") for row in mirrored]
    np.testing.assert_allclose(result(operators.GaussianFilter(sigma, order)), expected, atol=1e-13)
    assert np.array_equal(
        result(operators.GaussianFilter(sigma, order)), ndimage.gaussian_filter1d(x, sigma, order=order)
    )


# ---- what the numbers measure


def test_absorbance_and_kubelka_munk():
    x = np.array([[1.0, 0.1, 0.01, 0.0, -0.2]])
    equal(result(operators.ToAbsorbance(1e-3), x), [[0, 1, 2, 3, 3]])
    with pytest.raises(ValueError, match="2 of 5 values are not above 0"):
        operators.ToAbsorbance(None).fit(x).transform(x)
    equal(result(operators.ToAbsorbance(None), x[:, :3]), [[0, 1, 2]])
    # The values of the usual table of the function: F(0.5) = 0.25, F(0.1) = 4.05.
    equal(result(operators.KubelkaMunk(0.01), np.array([[0.5, 0.1, 0.0, 1.0]])), [[0.25, 4.05, 49.005, 0.01**2 / 1.98]])


def test_percent_there_and_back():
    equal(result(operators.Percent(), np.array([[50.0, 7.0]])), [[0.5, 0.07]])
    equal(result(operators.Percent("percent"), np.array([[0.5, 0.07]])), [[50.0, 7.0]])


def test_logarithms_have_the_offset_that_was_learnt():
    x = np.array([[1.0, 10.0], [100.0, 1000.0]])
    equal(result(operators.LogTransform(10), x), [[0, 1], [2, 3]])
    moved = operators.LogTransform(10, min_value=0.1).fit(x - 3)
    assert moved.offset_ == 2.1
    equal(moved.transform(x - 3), np.log10(x - 0.9))
    equal(moved.inverse_transform(moved.transform(x - 3)), x - 3)
    equal(moved.transform([[-50.0, -2.0]]), [[-1, -1]])
    fixed = operators.LogTransform(offset=2, auto_offset=False).fit(x - 3)
    equal(fixed.transform(x - 3), np.log([[1e-8, 9], [99, 999]]))


# ---- features


def test_cropping_and_resampling():
    x = spectra()
    assert np.array_equal(result(operators.Crop(3, -2)), x[:, 3:39])
    assert operators.Crop(3, 6).fit(x).get_feature_names_out([f"{nm} nm" for nm in range(41)]).tolist() == [
        "3 nm",
        "4 nm",
        "5 nm",
    ]
    assert np.array_equal(result(operators.Crop(38, 1000)), x[:, 38:])
    assert np.array_equal(result(operators.Resample()), x)
    found = result(operators.Resample(81))
    equal(found[:, ::2], x)
    equal(found[:, 1::2], (x[:, 1:] + x[:, :-1]) / 2)


# ---- wavelets


def test_the_haar_detail_is_the_difference_of_neighbours():
    x = spectra(features=40)
    detail = (x[:, 0::2] - x[:, 1::2]) / np.sqrt(2)
    harmonics = np.fft.rfft(detail, axis=1)
    # Twice as many values of the same Fourier series; its highest term is shared by two frequencies.
    longer = np.zeros((12, 21), dtype=complex)
    longer[:, :11] = harmonics
    longer[:, 10] /= 2
    equal(result(operators.WaveletDetail(), x), 2 * np.fft.irfft(longer, 40, axis=1), 1e-9)
    _, other = pywt.dwt(x[0], "db4", "symmetric")
    equal(result(operators.WaveletDetail("db4", "symmetric"), x)[0], signal.resample(other, 40))


@pytest.mark.parametrize(("threshold", "noise"), [("soft", "median"), ("hard", "std")])
@pytest.mark.parametrize("features", [64, 63])
def test_denoising_shrinks_details_by_the_universal_threshold(threshold, noise, features):
    x = spectra(5, features)
    expected = []
    for row in x:
        held = pywt.wavedec(row, "db2", mode="periodization", level=3)
        sigma = np.median(abs(held[-1])) / 0.6745 if noise == "median" else np.std(held[-1])
        limit = sigma * np.sqrt(2 * np.log(features))
        kept = [held[0], *(pywt.threshold(detail, limit, threshold) for detail in held[1:])]
        expected.append(pywt.waverec(kept, "db2", mode="periodization")[:features])
    equal(
        result(operators.WaveletDenoise("db2", 3, threshold_mode=threshold, noise_estimator=noise), x), expected, 1e-10
    )


def test_principal_components_of_each_scale():
    x, other = spectra(30, 64), spectra(9, 64, seed=7)
    operator = operators.WaveletPCA("db2", 3, 2, whiten=False).fit(x)
    found = operator.transform(other)
    assert found.shape == (9, 8)
    assert operator.get_feature_names_out().tolist()[:4] == ["smooth_0", "smooth_1", "detail1_0", "detail1_1"]
    for at, (scale, new) in enumerate(
        zip(pywt.wavedec(x, "db2", level=3), pywt.wavedec(other, "db2", level=3), strict=True)
    ):
        mean, deviation = scale.mean(axis=0), scale.std(axis=0)
        _, _, axes = np.linalg.svd((scale - mean) / deviation, full_matrices=False)
        scores = (new - mean) / deviation @ axes[:2].T
        equal(abs(found[:, 2 * at : 2 * at + 2]), abs(scores), 1e-8)
    white = operators.WaveletPCA("db2", 3, 2).fit_transform(x)
    equal(white.var(axis=0, ddof=1), np.ones(8), 1e-9)


def test_short_spectra_have_fewer_scales_and_components():
    operator = operators.WaveletPCA("haar", 9, 9).fit(spectra(4, 8))
    assert operator.level_ == 3
    assert [pca.n_components_ for pca in operator.pcas_] == [1, 1, 2, 3]


# ---- baselines


def test_asymmetric_least_squares():
    x = spectra(3)
    second = np.diff(np.eye(41), 2, axis=0)
    expected = []
    for row in x:
        weights = np.ones(41)
        for _ in range(50):
            line = np.linalg.solve(np.diag(weights) + 1e3 * second.T @ second, weights * row)
            changed = np.where(row > line, 0.01, 0.99)
            if np.array_equal(changed, weights):
                break
            weights = changed
        expected.append(row - line)
    found = result(operators.PyBaselines("asls", {"lam": 1e3, "p": 0.01, "tol": 0}), x)
    equal(found, expected, 1e-8)


def test_a_polynomial_baseline():
    x, places = spectra(3), np.arange(41)
    expected = [row - np.polyval(np.polyfit(places, row, 2), places) for row in x]
    equal(result(operators.PyBaselines("poly", {"poly_order": 2}), x), expected, 1e-8)


# ---- classification


def test_discriminant_analysis_is_a_regression_on_the_classes():
    x = spectra(40, 20)
    labels = np.array(["a", "a", "c", "c"] * 10)
    labels[x[:, 5] > np.quantile(x[:, 5], 0.7)] = "b"
    model = operators.PLSDA(3).fit(x[::2], labels[::2])
    answers = _pls(x[::2], np.column_stack([labels[::2] == name for name in "abc"]).astype(float), x[1::2], 3)
    # The iteration of scikit-learn ends a little before its fixed point.
    np.testing.assert_allclose(model.decision_function(x[1::2]), answers, atol=1e-3)
    assert model.predict(x[1::2]).tolist() == ["abc"[at] for at in answers.argmax(axis=1)]
    assert not hasattr(model, "predict_proba")


def test_of_two_classes_one_column_says_all():
    x = spectra(40, 20)
    labels = np.where(x[:, 5] > np.median(x[:, 5]), "yes", "no")
    model = operators.PLSDA(3).fit(x, labels)
    both = _pls(x, np.column_stack([labels == "no", labels == "yes"]).astype(float), x, 3)
    equal(model.decision_function(x), both[:, 1] - 0.5, 1e-6)
    assert (model.predict(x) == np.where(both[:, 1] > both[:, 0], "yes", "no")).all()
    with pytest.raises(ValueError, match="one class: a"):
        model.fit(x, ["a"] * 40)


def _pls(x, y, new, count):
    """NIPALS for several targets, both sides scaled, as Wold, Sjöström and Eriksson (2001) write it out."""
    centre, spread, level, size = x.mean(0), x.std(0, ddof=1), y.mean(0), y.std(0, ddof=1)
    e, f = (x - centre) / spread, (y - level) / size
    weights, loadings, others = [], [], []
    for _ in range(count):
        # The fixed point of the iteration is the first left singular vector.
        w = np.linalg.svd(e.T @ f)[0][:, 0]
        t = e @ w
        p, q = e.T @ t / (t @ t), f.T @ t / (t @ t)
        e, f = e - np.outer(t, p), f - np.outer(t, q)
        weights.append(w), loadings.append(p), others.append(q)
    w, p, q = np.array(weights).T, np.array(loadings).T, np.array(others).T
    return ((new - centre) / spread) @ w @ np.linalg.inv(p.T @ w) @ q.T * size + level


class _OfNumbers(LogisticRegression):
    """As some packages do, it takes 0, 1, … and nothing else."""

    def fit(self, X, y):
        if sorted(set(y)) != list(range(len(set(y)))):
            raise ValueError("Invalid classes")
        return super().fit(X, y)

    def predict(self, X):
        return super().predict(X).astype(float)[:, None]


def test_classes_as_numbers_and_back():
    x = spectra(40, 20)
    labels = np.where(x[:, 5] > np.median(x[:, 5]), "yes", "no")
    labels[:5] = "may"
    given = _OfNumbers(C=50)
    model, plain = operators.NumberedClasses(given).fit(x, labels), LogisticRegression(C=50).fit(x, labels)
    assert model.classes_.tolist() == ["may", "no", "yes"]
    assert np.array_equal(model.predict(x), plain.predict(x))
    assert np.array_equal(model.predict_proba(x), plain.predict_proba(x))
    assert not hasattr(given, "coef_")
    assert not hasattr(operators.NumberedClasses(operators.PLSDA()), "predict_proba")
