"""Operators for spectra that chemotools and scikit-learn do not have, as scikit-learn classes.

Pipeline configs name them `nws.operators.NAME`, and so do pickles, wherever in this package a class stands. They are
loaded on first use. This floor knows numpy, scipy and scikit-learn; it must not know anything else of nws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nws.operators.baselines import PyBaselines
    from nws.operators.derivatives import GapDerivative, GaussianFilter, Gradient, SavitzkyGolay
    from nws.operators.discriminant import PLSDA
    from nws.operators.features import Crop, Resample
    from nws.operators.intensity import KubelkaMunk, LogTransform, Percent, ToAbsorbance
    from nws.operators.labels import NumberedClasses
    from nws.operators.scatter import (
        AreaNormalization,
        ColumnNormalization,
        Detrend,
        LocalStandardNormalVariate,
        RobustStandardNormalVariate,
    )
    from nws.operators.splitters import SPXY, KennardStone, KennardStoneKFold, SPXYKFold
    from nws.operators.wavelets import WaveletDenoise, WaveletDetail, WaveletPCA

__all__ = [
    "PLSDA",
    "SPXY",
    "AreaNormalization",
    "ColumnNormalization",
    "Crop",
    "Detrend",
    "GapDerivative",
    "GaussianFilter",
    "Gradient",
    "KennardStone",
    "KennardStoneKFold",
    "KubelkaMunk",
    "LocalStandardNormalVariate",
    "LogTransform",
    "NumberedClasses",
    "Percent",
    "PyBaselines",
    "Resample",
    "RobustStandardNormalVariate",
    "SPXYKFold",
    "SavitzkyGolay",
    "ToAbsorbance",
    "WaveletDenoise",
    "WaveletDetail",
    "WaveletPCA",
]

_HOMES = {
    "AreaNormalization": "scatter",
    "ColumnNormalization": "scatter",
    "Crop": "features",
    "Detrend": "scatter",
    "GapDerivative": "derivatives",
    "GaussianFilter": "derivatives",
    "Gradient": "derivatives",
    "KennardStone": "splitters",
    "KennardStoneKFold": "splitters",
    "KubelkaMunk": "intensity",
    "LocalStandardNormalVariate": "scatter",
    "LogTransform": "intensity",
    "NumberedClasses": "labels",
    "PLSDA": "discriminant",
    "Percent": "intensity",
    "PyBaselines": "baselines",
    "Resample": "features",
    "RobustStandardNormalVariate": "scatter",
    "SPXY": "splitters",
    "SPXYKFold": "splitters",
    "SavitzkyGolay": "derivatives",
    "ToAbsorbance": "intensity",
    "WaveletDenoise": "wavelets",
    "WaveletDetail": "wavelets",
    "WaveletPCA": "wavelets",
}


def __getattr__(name: str) -> type:
    """Load a class on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nws.operators' has no attribute {name!r}")
    import importlib

    found: type = getattr(importlib.import_module(f"nws.operators.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
