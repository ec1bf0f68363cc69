"""Wavelets, as PyWavelets computes them: detail, noise removed, and compression scale by scale.

This room holds formulas; it must not know pipelines.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pywt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from nws.operators.rowwise import SameLength, need

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_WAVELET = StrOptions(set(pywt.wavelist(kind="discrete")))
_MODE = StrOptions(set(pywt.Modes.modes))
# The median absolute deviation of a standard normal distribution, to the digits of Donoho and Johnstone.
_MAD = 0.6745


class WaveletDetail(SameLength):
    """The detail of one level of the discrete wavelet transform, brought to the length of the spectrum.

    Mallat (1989). The coefficients, half as many as features, are interpolated by their Fourier series
    (`scipy.signal.resample`).

    Parameters
    ----------
    wavelet
        A discrete wavelet of PyWavelets: "haar", "db4", "sym8", "coif3", …
    mode
        How spectra go on beyond their ends, as PyWavelets names it.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"wavelet": [_WAVELET], "mode": [_MODE]}

    def __init__(self, wavelet: str = "haar", mode: str = "periodization") -> None:
        self.wavelet = wavelet
        self.mode = mode

    def _check(self, spectra: Array) -> None:
        need(self, spectra, least=2, why="a level")

    def _apply(self, spectra: Array) -> Array:
        from scipy.signal import resample

        _, detail = pywt.dwt(spectra, self.wavelet, mode=self.mode, axis=1)
        features = spectra.shape[1]
        found: Array = detail if detail.shape[1] == features else resample(detail, features, axis=1)
        return found


class WaveletDenoise(SameLength):
    """Remove noise by shrinking wavelet coefficients (Donoho and Johnstone, 1994).

    The detail coefficients of all levels are held against sigma · sqrt(2 · ln(features)), the universal threshold, with
    sigma estimated from the finest level of each spectrum.

    Parameters
    ----------
    wavelet, mode
        As in `WaveletDetail`.
    level
        Levels of the transform.
    threshold_mode
        "soft" moves coefficients towards 0 by the threshold, "hard" leaves those above it as they are.
    noise_estimator
        sigma is the "median" of the absolute coefficients over 0.6745, or their standard deviation: "std".
    """

    __module__ = "nws.operators"
    _parameter_constraints = {
        "wavelet": [_WAVELET],
        "level": [Interval(Integral, 1, None, closed="left")],
        "mode": [_MODE],
        "threshold_mode": [StrOptions({"soft", "hard"})],
        "noise_estimator": [StrOptions({"median", "std"})],
    }

    def __init__(
        self,
        wavelet: str = "db4",
        level: int = 5,
        mode: str = "periodization",
        threshold_mode: str = "soft",
        noise_estimator: str = "median",
    ) -> None:
        self.wavelet = wavelet
        self.level = level
        self.mode = mode
        self.threshold_mode = threshold_mode
        self.noise_estimator = noise_estimator

    def _check(self, spectra: Array) -> None:
        need(self, spectra, least=2, why="a level")

    def _apply(self, spectra: Array) -> Array:
        features = spectra.shape[1]
        smooth, *details = pywt.wavedec(spectra, self.wavelet, mode=self.mode, level=self.level, axis=1)
        threshold = self._noise(details[-1]) * math.sqrt(2 * math.log(features))
        kept = [smooth, *(self._shrunk(detail, threshold) for detail in details)]
        # The transform of a spectrum of odd length gives back one value more.
        found: Array = pywt.waverec(kept, self.wavelet, mode=self.mode, axis=1)[:, :features]
        return found

    def _noise(self, finest: Array) -> Array:
        if self.noise_estimator == "std":
            return np.asarray(finest.std(axis=1, keepdims=True), dtype=np.float64)
        return np.asarray(np.median(np.abs(finest), axis=1, keepdims=True) / _MAD, dtype=np.float64)

    def _shrunk(self, detail: Array, threshold: Array) -> Array:
        size = np.abs(detail)
        if self.threshold_mode == "hard":
            return np.where(size < threshold, 0.0, detail)
        return np.sign(detail) * np.maximum(size - threshold, 0.0)


class WaveletPCA(TransformerMixin, BaseEstimator):
    """Principal components of the wavelet coefficients, scale by scale (after Trygg and Wold, 1998).

    The coefficients of each scale are standardized over the samples fitted on; then the scores of their first principal
    components stand side by side, from the smoothest scale to the finest.

    Parameters
    ----------
    wavelet
        As in `WaveletDetail`; spectra go on beyond their ends by reflection.
    max_level
        Levels of the transform; fewer for spectra that are too short for so many.
    n_components_per_level
        Components of each scale; fewer where a scale has fewer coefficients, or there are fewer samples.
    whiten
        Whether scores are brought to variance 1.

    Attributes
    ----------
    level_
        Levels that the spectra have room for.
    scalers_, pcas_
        For each scale what standardizes it, and its `sklearn.decomposition.PCA`.
    """

    __module__ = "nws.operators"
    _parameter_constraints: dict[str, list[Any]] = {
        "wavelet": [_WAVELET],
        "max_level": [Interval(Integral, 1, None, closed="left")],
        "n_components_per_level": [Interval(Integral, 1, None, closed="left")],
        "whiten": ["boolean"],
    }

    def __init__(
        self, wavelet: str = "db4", max_level: int = 4, n_components_per_level: int = 3, *, whiten: bool = True
    ) -> None:
        self.wavelet = wavelet
        self.max_level = max_level
        self.n_components_per_level = n_components_per_level
        self.whiten = whiten

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002 -- as scikit-learn calls it
        """Find the components of `X`, of shape (samples, features).

        Raises
        ------
        ValueError
            If a parameter has no meaning, a value is not finite, or there are fewer than two samples.
        """
        from sklearn.decomposition import PCA
        from sklearn.preprocessing import StandardScaler

        self._validate_params()
        spectra = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self.level_ = min(self.max_level, pywt.dwt_max_level(spectra.shape[1], self.wavelet))
        self.scalers_, self.pcas_ = [], []
        for scale in self._scales(spectra):
            count = min(self.n_components_per_level, scale.shape[1], len(scale) - 1)
            scaler = StandardScaler()
            # Exact and without random numbers, whatever the size.
            pca = PCA(count, whiten=self.whiten, svd_solver="full").fit(scaler.fit_transform(scale))
            self.scalers_.append(scaler)
            self.pcas_.append(pca)
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return the scores of `X`: of shape (samples, components of all scales)."""
        check_is_fitted(self)
        scales = self._scales(validate_data(self, X, reset=False, dtype=np.float64))
        fitted = zip(scales, self.scalers_, self.pcas_, strict=True)
        return np.hstack([pca.transform(scaler.transform(scale)) for scale, scaler, pca in fitted])

    def get_feature_names_out(self, input_features: Any = None) -> Any:  # noqa: ARG002 -- as scikit-learn calls it
        """Return names like `smooth_0` and `detail1_0`; details are numbered from the smoothest scale to the finest."""
        check_is_fitted(self)
        scales = ["smooth", *(f"detail{number}" for number in range(1, len(self.pcas_)))]
        pairs = zip(scales, self.pcas_, strict=True)
        return np.array([f"{scale}_{at}" for scale, pca in pairs for at in range(pca.n_components_)], dtype=object)

    def _scales(self, spectra: Array) -> Iterable[Array]:
        found: Iterable[Array] = pywt.wavedec(spectra, self.wavelet, level=self.level_, axis=1)
        return found
