"""Baselines of pybaselines, an extra: `pip install 'nws[baselines]'`.

This room hands spectra to the library; it must not know any method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import StrOptions

from nws.operators.rowwise import SameLength

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

try:
    from pybaselines import Baseline
except ModuleNotFoundError as err:
    raise ImportError("it needs pybaselines, which is not installed: pip install 'nws[baselines]'") from err

# Not methods for one spectrum at a time, or such that need more than numbers.
_OTHERS = {"collab_pls", "custom_bc", "individual_axes", "interp_pts", "optimize_extended_range", "optimize_pls"}
METHODS = {
    name
    for name in dir(Baseline)
    if not name.startswith("_") and name not in _OTHERS and callable(getattr(Baseline, name))
}


class PyBaselines(SameLength):
    """Subtract from each spectrum the baseline that pybaselines finds by one of its methods.

    The airpls and arpls of chemotools go by other rules for weights and for when to end, so their results differ.

    Parameters
    ----------
    method
        Its name in pybaselines: "asls" (Eilers and Boelens, 2005), "airpls" (Zhang et al., 2010), "arpls" (Baek et al.,
        2015), "modpoly" (Lieber and Mahadevan-Jansen, 2003), "snip" (Ryan et al., 1988), …
    params
        Parameters of the method by name; its own defaults hold for the others.
    """

    __module__ = "nws.operators"
    _parameter_constraints = {"method": [StrOptions(METHODS)], "params": [dict, None]}

    def __init__(self, method: str = "asls", params: Mapping[str, Any] | None = None) -> None:
        self.method = method
        self.params = params

    def _check(self, spectra: Array) -> None:
        """Try one spectrum, since only the method knows which parameters it takes, and how many features it needs."""
        try:
            self._apply(spectra[:1])
        except (TypeError, KeyError) as err:
            raise ValueError(f"{self.method}: {err}") from err

    def _apply(self, spectra: Array) -> Array:
        find = getattr(Baseline(check_finite=False), self.method)
        return np.array([spectrum - find(spectrum, **(self.params or {}))[0] for spectrum in spectra])
