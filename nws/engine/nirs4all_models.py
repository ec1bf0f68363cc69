"""What each splitter and model of nirs4all 1.4 equals, and why the other operators have no equal.

A table, and nothing but data. This room must not import any of the classes it names.
"""

from __future__ import annotations

from typing import Any

from nws.engine.equals import Equal, Link, one

# With a metric of its own for X, nirs4all uses it for y too; of the distances only the Euclidean one is of the papers.
_EUCLIDEAN: dict[str, tuple[Any, ...]] = {"metric": ("euclidean",), "pca_components": (None,)}
_NO_CHANCE = ("random_state",)
_SPXY_FOLDS = "nws.operators.SPXYKFold"
_MEANS = {**_EUCLIDEAN, "aggregation": ("mean",)}
_TWO = ("random_state", "test_size")

SPLITTERS = {
    "KennardStoneSplitter": (
        Equal(chain=(one("nws.operators.KennardStone", "test_size"),), fixed=_EUCLIDEAN, ignored=_NO_CHANCE),
    ),
    "SPXYSplitter": (
        Equal(
            chain=(one("nws.operators.SPXY", "test_size", y_metric="euclidean"),), fixed=_EUCLIDEAN, ignored=_NO_CHANCE
        ),
    ),
    "SPXYFold": (
        Equal(
            chain=(one(_SPXY_FOLDS, "n_splits", y_metric="euclidean"),),
            fixed={**_EUCLIDEAN, "y_metric": ("euclidean",)},
            ignored=_NO_CHANCE,
        ),
        Equal(
            chain=(one(_SPXY_FOLDS, "n_splits", y_metric="discrete"),),
            fixed=_EUCLIDEAN,
            given={"y_metric": ("hamming",)},
            ignored=_NO_CHANCE,
        ),
        Equal(
            chain=(one("nws.operators.KennardStoneKFold", "n_splits"),),
            fixed=_EUCLIDEAN,
            given={"y_metric": (None,)},
            ignored=_NO_CHANCE,
        ),
    ),
    "SPXYGFold": (
        Equal(
            chain=(one("nws.operators.SPXY", "test_size", y_metric="euclidean"),),
            fixed={**_MEANS, "y_metric": ("euclidean",)},
            given={"n_splits": (1,)},
            ignored=_NO_CHANCE,
        ),
        Equal(
            chain=(one("nws.operators.SPXY", "test_size", y_metric="discrete"),),
            fixed=_MEANS,
            given={"n_splits": (1,), "y_metric": ("hamming",)},
            ignored=_NO_CHANCE,
        ),
        Equal(
            chain=(one("nws.operators.KennardStone", "test_size"),),
            fixed=_MEANS,
            given={"n_splits": (1,), "y_metric": (None,)},
            ignored=_NO_CHANCE,
        ),
        Equal(
            chain=(one(_SPXY_FOLDS, "n_splits", y_metric="euclidean"),),
            fixed={**_MEANS, "y_metric": ("euclidean",)},
            ignored=_TWO,
        ),
        Equal(
            chain=(one(_SPXY_FOLDS, "n_splits", y_metric="discrete"),),
            fixed=_MEANS,
            given={"y_metric": ("hamming",)},
            ignored=_TWO,
        ),
        Equal(
            chain=(one("nws.operators.KennardStoneKFold", "n_splits"),),
            fixed=_MEANS,
            given={"y_metric": (None,)},
            ignored=_TWO,
        ),
    ),
}
_PLS = Link(
    path="sklearn.cross_decomposition.PLSRegression",
    params={"n_components": 10},
    passed={"n_components": "n_components", "scale": "scale"},
)
_CENTRED: dict[str, tuple[Any, ...]] = {"center": (True,), "backend": ("numpy",)}
MODELS = {
    "PLSDA": (Equal(chain=(one("nws.operators.PLSDA", "n_components"),)),),
    # One target at a time: there the algorithms of Dayal and MacGregor and of de Jong find what NIPALS finds.
    "IKPLS": (Equal(chain=(_PLS,), fixed=_CENTRED, ignored=("algorithm",)),),
    "SIMPLS": (Equal(chain=(_PLS,), fixed=_CENTRED),),
    "PCR": (
        Equal(
            chain=(
                Link(
                    path="sklearn.pipeline.Pipeline",
                    params={
                        "steps": [
                            ["pca", {"class": "sklearn.decomposition.PCA", "params": {"n_components": 10}}],
                            ["regression", {"class": "sklearn.linear_model.LinearRegression"}],
                        ]
                    },
                    passed={"n_components": "steps.0.1.params.n_components"},
                ),
            )
        ),
    ),
}

_SPREAD = "nws.operators.KennardStone and nws.operators.SPXY choose samples without random numbers"
_SELECTION = "chemotools.feature_selection.VIPSelector and SRSelector choose features"
_TARGETS = "make the classes a column of the dataset, then --target COLUMN"
# Operators that have no equal, and what to do in their place.
UNEQUAL = {
    "WaveletFeatures": "its coefficients come from other places in each spectrum; use nws.operators.WaveletPCA",
    "WaveletSVD": "it draws random numbers without a seed; use nws.operators.WaveletPCA",
    "FlexibleSVD": "use sklearn.decomposition.TruncatedSVD, with a number of components",
    "FCKStaticTransformer": "leave it out",
    "CARS": _SELECTION,
    "MCUVE": _SELECTION,
    "OSC": "it is not what the name says in the literature; chemotools.projection has OrthogonalSignalCorrection, "
    "DirectOrthogonalization and OrthogonalPLS",
    "EPO": "in a pipeline it would remove the target; see chemotools.projection.ExternalParameterOrthogonalization",
    "Resampler": "spectra in a pipeline carry no wavelengths; use nws.operators.Resample, or resample the files",
    "IntegerKBinsDiscretizer": _TARGETS,
    "RangeDiscretizer": _TARGETS,
    "SequenceSummary": "it is for series of unequal length, which a dataset does not hold",
    "KMeansSplitter": _SPREAD,
    "SPlitSplitter": _SPREAD,
    "SystematicCircularSplitter": _SPREAD,
    "KBinsStratifiedSplitter": _SPREAD,
    "BinnedStratifiedGroupKFold": "nws.operators.SPXYKFold with `group` beside it spreads targets over folds too",
    "GroupedSplitterWrapper": "write the splitter itself, with `group` beside it",
    "OPLS": "chemotools.projection.OrthogonalPLS, then sklearn.cross_decomposition.PLSRegression",
    "OPLSDA": "chemotools.projection.OrthogonalPLS, then nws.operators.PLSDA",
}
# Whole folders of which nothing has an equal.
UNEQUAL_FOLDERS = {
    "nirs4all.operators.augmentation.": "nws makes no samples up; leave it out",
    "nirs4all.operators.filters.": "nws drops no samples by itself; leave them out of the dataset",
}
