"""What each transformer of nirs4all 1.4 equals: a table, and nothing but data.

Each line was compared with nirs4all itself on real spectra (decision 24). This room must not import any of the classes
it names.
"""

from __future__ import annotations

from typing import Any

from nws.engine.equals import Equal, Link, one

_FLAT = {"axis": (1,)}
_REFLECTANCE = ("reflectance", "r", "ref", "refl")
_TRANSMITTANCE = ("transmittance", "t", "trans", "transmission")
_FRACTION = _REFLECTANCE + _TRANSMITTANCE
_REFLECTANCE_PERCENT = ("reflectance%", "%r", "r%", "percent_reflectance", "reflectance_percent")
_TRANSMITTANCE_PERCENT = ("transmittance%", "%t", "t%", "percent_transmittance", "transmittance_percent")
_PERCENT = _REFLECTANCE_PERCENT + _TRANSMITTANCE_PERCENT
_ABSORBANCE = ("absorbance", "a", "abs", "absorption")
_KUBELKA_MUNK = ("kubelka_munk", "km", "kubelka-munk", "f(r)")

_TO_FRACTION = one("nws.operators.Percent", to="fraction")
_TO_PERCENT = one("nws.operators.Percent", to="percent")
_INTO_ABSORBANCE = Link(path="nws.operators.ToAbsorbance", params={"floor": 1e-10}, passed={"epsilon": "floor"})
_OF_REFLECTANCE = Link(path="nws.operators.ToAbsorbance", params={"floor": 1e-8}, passed={"min_value": "floor"})
_STRICTLY = one("nws.operators.ToAbsorbance", floor=None)
_FROM_ABSORBANCE = one("chemotools.physics.IntensityConversion", input_unit="absorbance", output_unit="transmittance")
_INTO_KUBELKA_MUNK = one("nws.operators.KubelkaMunk", "epsilon")
_IDENTITY = one("sklearn.preprocessing.FunctionTransformer")
# The slope of the parabola through three neighbours is numpy's gradient, at the two ends too.
_CENTRAL_DIFFERENCE = one("chemotools.derivative.SavitzkyGolay", window_length=3, polyorder=2, deriv=1, mode="interp")
_UNIT_STEP = {"delta": (1,), "edge_order": (2,)}

_SNV = (
    Equal(
        chain=(one("chemotools.scatter.StandardNormalVariate"),),
        fixed={**_FLAT, "with_mean": (True,), "with_std": (True,), "ddof": (0,)},
    ),
)
_ROBUST = (
    Equal(chain=(one("nws.operators.RobustStandardNormalVariate", "k", "with_center", "with_scale"),), fixed=_FLAT),
)
# `scale` changes nothing in nirs4all 1.4 either.
_MSC = (Equal(chain=(one("chemotools.scatter.MultiplicativeScatterCorrection"),), ignored=("scale",)),)
_EMSC = (
    Equal(
        chain=(
            Link(
                path="chemotools.scatter.ExtendedMultiplicativeScatterCorrection",
                params={"order": 2},
                passed={"degree": "order"},
            ),
        ),
        ignored=("scale",),
    ),
)
_SAVITZKY_GOLAY = {"window_length": 11, "polyorder": 3, "deriv": 0, "mode": "interp"}

SCATTER = {
    "StandardNormalVariate": _SNV,
    "SNV": _SNV,
    "RobustStandardNormalVariate": _ROBUST,
    "RNV": _ROBUST,
    "LocalStandardNormalVariate": (
        Equal(chain=(one("nws.operators.LocalStandardNormalVariate", "window", "pad_mode", "constant_values"),)),
    ),
    "MultiplicativeScatterCorrection": _MSC,
    "MSC": _MSC,
    "ExtendedMultiplicativeScatterCorrection": _EMSC,
    "EMSC": _EMSC,
    "AreaNormalization": (Equal(chain=(one("nws.operators.AreaNormalization", "method"),)),),
    "Normalize": (
        Equal(chain=(one("nws.operators.ColumnNormalization"),), fixed={"feature_range": ([-1, 1],)}),
        Equal(chain=(one("sklearn.preprocessing.MinMaxScaler", "feature_range"),)),
    ),
    "SimpleScale": (Equal(chain=(one("sklearn.preprocessing.MinMaxScaler"),)),),
    "Baseline": (Equal(chain=(one("sklearn.preprocessing.StandardScaler", with_std=False),)),),
    "IdentityTransformer": (Equal(chain=(_IDENTITY,)),),
    "FlattenPreprocessing": (Equal(chain=(_IDENTITY,), fixed={"sources": ("all",)}),),
}
DERIVATIVES = {
    "SavitzkyGolay": (
        Equal(
            chain=(
                one("chemotools.derivative.SavitzkyGolay", "window_length", "polyorder", "deriv", **_SAVITZKY_GOLAY),
            ),
            fixed={"delta": (1,)},
        ),
        Equal(
            chain=(
                one("nws.operators.SavitzkyGolay", "window_length", "polyorder", "deriv", "delta", **_SAVITZKY_GOLAY),
            )
        ),
    ),
    "FirstDerivative": (
        Equal(chain=(_CENTRAL_DIFFERENCE,), fixed=_UNIT_STEP),
        Equal(chain=(one("nws.operators.Gradient", "delta", "edge_order", order=1, edge_order=2),)),
    ),
    "SecondDerivative": (
        Equal(chain=(_CENTRAL_DIFFERENCE, _CENTRAL_DIFFERENCE), fixed=_UNIT_STEP),
        Equal(chain=(one("nws.operators.Gradient", "delta", "edge_order", order=2, edge_order=2),)),
    ),
    "Derivate": (Equal(chain=(one("nws.operators.Gradient", "order", "delta", order=1, edge_order=1),), fixed=_FLAT),),
    "NorrisWilliams": (
        Equal(chain=(one("nws.operators.GapDerivative", "gap", "segment", "deriv", "delta", gap=5, segment=5),)),
    ),
    "Gaussian": (Equal(chain=(one("nws.operators.GaussianFilter", "order", "sigma", order=2, sigma=1),)),),
    "Detrend": (
        Equal(chain=(one("chemotools.baseline.PolynomialCorrection", "order", order=1),), fixed={"bp": (0, [], [0])}),
        Equal(chain=(Link(path="nws.operators.Detrend", passed={"bp": "breakpoints"}),)),
    ),
}
INTENSITY = {
    "LogTransform": (Equal(chain=(one("nws.operators.LogTransform", "base", "offset", "auto_offset", "min_value"),)),),
    "ReflectanceToAbsorbance": (
        Equal(chain=(_OF_REFLECTANCE,), fixed={"percent": (False,)}),
        Equal(chain=(_TO_FRACTION, _OF_REFLECTANCE), given={"percent": (True,)}),
    ),
    "ToAbsorbance": (
        Equal(chain=(_INTO_ABSORBANCE,), fixed={"source_type": _FRACTION, "clip_negative": (True,)}),
        Equal(
            chain=(_TO_FRACTION, _INTO_ABSORBANCE), given={"source_type": _PERCENT}, fixed={"clip_negative": (True,)}
        ),
        Equal(
            chain=(_STRICTLY,),
            given={"clip_negative": (False,)},
            fixed={"source_type": _FRACTION},
            ignored=("epsilon",),
        ),
        Equal(
            chain=(_TO_FRACTION, _STRICTLY),
            given={"source_type": _PERCENT, "clip_negative": (False,)},
            ignored=("epsilon",),
        ),
    ),
    "FromAbsorbance": (
        Equal(chain=(_FROM_ABSORBANCE,), fixed={"target_type": _FRACTION}),
        Equal(chain=(_FROM_ABSORBANCE, _TO_PERCENT), given={"target_type": _PERCENT}),
    ),
    "PercentToFraction": (Equal(chain=(_TO_FRACTION,)),),
    "FractionToPercent": (Equal(chain=(_TO_PERCENT,)),),
    "KubelkaMunk": (
        Equal(chain=(_INTO_KUBELKA_MUNK,), fixed={"source_type": _REFLECTANCE}),
        Equal(chain=(_TO_FRACTION, _INTO_KUBELKA_MUNK), given={"source_type": _REFLECTANCE_PERCENT}),
    ),
    "SignalTypeConverter": (
        Equal(chain=(_INTO_ABSORBANCE,), fixed={"source_type": _FRACTION, "target_type": _ABSORBANCE}),
        Equal(
            chain=(_TO_FRACTION, _INTO_ABSORBANCE),
            given={"source_type": _PERCENT},
            fixed={"target_type": _ABSORBANCE},
        ),
        Equal(chain=(_INTO_KUBELKA_MUNK,), fixed={"source_type": _REFLECTANCE}, given={"target_type": _KUBELKA_MUNK}),
        Equal(
            chain=(_TO_FRACTION, _INTO_KUBELKA_MUNK),
            given={"source_type": _REFLECTANCE_PERCENT, "target_type": _KUBELKA_MUNK},
        ),
        *(
            Equal(chain=(link,), given={"source_type": source, "target_type": target}, ignored=("epsilon",))
            for link, source, target in (
                (_TO_FRACTION, _REFLECTANCE_PERCENT, _REFLECTANCE),
                (_TO_FRACTION, _TRANSMITTANCE_PERCENT, _TRANSMITTANCE),
                (_TO_PERCENT, _REFLECTANCE, _REFLECTANCE_PERCENT),
                (_TO_PERCENT, _TRANSMITTANCE, _TRANSMITTANCE_PERCENT),
                (_FROM_ABSORBANCE, _ABSORBANCE, _FRACTION),
            )
        ),
        Equal(
            chain=(_FROM_ABSORBANCE, _TO_PERCENT),
            given={"source_type": _ABSORBANCE, "target_type": _PERCENT},
            ignored=("epsilon",),
        ),
    ),
}
FEATURES = {
    "CropTransformer": (Equal(chain=(one("nws.operators.Crop", "start", "end"),)),),
    "ResampleTransformer": (Equal(chain=(one("nws.operators.Resample", "num_samples"),)),),
    "FlexiblePCA": (
        Equal(
            chain=(
                one(
                    "sklearn.decomposition.PCA",
                    "n_components",
                    "whiten",
                    "svd_solver",
                    "random_state",
                    n_components=0.95,
                ),
            )
        ),
    ),
    "Haar": (Equal(chain=(one("nws.operators.WaveletDetail", wavelet="haar"),)),),
    "Wavelet": (Equal(chain=(one("nws.operators.WaveletDetail", "wavelet", "mode", wavelet="haar"),)),),
    "WaveletDenoise": (
        Equal(
            chain=(
                one(
                    "nws.operators.WaveletDenoise",
                    "wavelet",
                    "level",
                    "mode",
                    "threshold_mode",
                    "noise_estimator",
                    level=5,
                ),
            )
        ),
    ),
    "WaveletPCA": (
        Equal(
            chain=(
                one(
                    "nws.operators.WaveletPCA", "wavelet", "max_level", "n_components_per_level", "whiten", max_level=4
                ),
            )
        ),
    ),
}


def _baseline(method: str, **params: Any) -> tuple[Equal, ...]:
    passed = {name: f"params.{name}" for name in params}
    link = Link(path="nws.operators.PyBaselines", params={"method": method, "params": params}, passed=passed)
    return (Equal(chain=(link,)),)


BASELINES = {
    "ASLSBaseline": _baseline("asls", lam=1e6, p=0.01, max_iter=50, tol=1e-3),
    "AirPLS": _baseline("airpls", lam=1e6, max_iter=50, tol=1e-3),
    "ArPLS": _baseline("arpls", lam=1e6, max_iter=50, tol=1e-3),
    "IASLS": _baseline("iasls", lam=1e6, p=0.01, lam_1=1e-4, max_iter=50, tol=1e-3),
    "ModPoly": _baseline("modpoly", poly_order=5, max_iter=250, tol=1e-3),
    "IModPoly": _baseline("imodpoly", poly_order=5, max_iter=250, tol=1e-3),
    "SNIP": _baseline("snip", max_half_window=40, decreasing=True, smooth_half_window=None),
    "RollingBall": _baseline("rolling_ball", half_window=50, smooth_half_window=None),
    "BEADS": _baseline("beads", lam_0=1.0, lam_1=1.0, lam_2=1.0, max_iter=50, tol=1e-2),
    "PyBaselineCorrection": (
        Equal(
            chain=(
                Link(
                    path="nws.operators.PyBaselines",
                    params={"method": "asls"},
                    passed={"method": "method"},
                    rest="params",
                ),
            )
        ),
    ),
}
