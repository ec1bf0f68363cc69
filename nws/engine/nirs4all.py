"""Operators of nirs4all and the classes that do the same, so that configs written for it run without it.

This room is a table; it must not import any of the classes it names. A name or a parameter without an equal is refused,
because a pipeline that runs differently under the same name is worse than one that does not run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nws.engine.document import inside, refusal
from nws.ids import closest

PACKAGE = "nirs4all"
_FOLDERS = ("nirs4all.operators.transforms.", "nirs4all.operators.transformations.")
_SAVITZKY_GOLAY = "chemotools.derivative.SavitzkyGolay"
_CENTRAL_DIFFERENCE = (_SAVITZKY_GOLAY, {"window_length": 3, "polyorder": 2, "deriv": 1, "mode": "interp"})


@dataclass(frozen=True, kw_only=True)
class Equal:
    """What an operator equals: one class or several in a row, each with its parameters.

    `passed` maps parameters of the operator to those of the (only) class; `fixed` holds parameters of the operator
    whose only value with an equal is the given one. Every operator may have `copy`, which changes no result.
    """

    chain: tuple[tuple[str, dict[str, Any]], ...]
    passed: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)


_SNV = Equal(
    chain=(("chemotools.scatter.StandardNormalVariate", {}),),
    fixed={"axis": 1, "with_mean": True, "with_std": True, "ddof": 0},
)
# The classical correction against the mean spectrum, which is what the name says in the literature.
_MSC = Equal(chain=(("chemotools.scatter.MultiplicativeScatterCorrection", {}),), fixed={"scale": True})
_OPERATORS = {
    "StandardNormalVariate": _SNV,
    "SNV": _SNV,
    "MultiplicativeScatterCorrection": _MSC,
    "MSC": _MSC,
    "SavitzkyGolay": Equal(
        chain=((_SAVITZKY_GOLAY, {"window_length": 11, "polyorder": 3, "deriv": 0, "mode": "interp"}),),
        passed={"window_length": "window_length", "polyorder": "polyorder", "deriv": "deriv"},
        fixed={"delta": 1},
    ),
    # The slope of the parabola through three neighbours is numpy's gradient, at the two ends too.
    "FirstDerivative": Equal(chain=(_CENTRAL_DIFFERENCE,), fixed={"delta": 1, "edge_order": 2}),
    "SecondDerivative": Equal(chain=(_CENTRAL_DIFFERENCE, _CENTRAL_DIFFERENCE), fixed={"delta": 1, "edge_order": 2}),
    "Detrend": Equal(
        chain=(("chemotools.baseline.PolynomialCorrection", {"order": 1}),),
        passed={"order": "order"},
        fixed={"bp": 0},
    ),
    "Baseline": Equal(chain=(("sklearn.preprocessing.StandardScaler", {"with_std": False}),)),
    "SimpleScale": Equal(chain=(("sklearn.preprocessing.MinMaxScaler", {}),)),
    "IdentityTransformer": Equal(chain=(("sklearn.preprocessing.FunctionTransformer", {}),)),
}


def has_equal(path: str) -> bool:
    """Say whether `path` names an operator of nirs4all for which there is an equal."""
    return path.startswith(_FOLDERS) and path.rpartition(".")[2] in _OPERATORS


def refuse(path: str, place: str) -> None:
    """Refuse an operator of nirs4all for which there is no equal.

    Raises
    ------
    BadInput
        Always.
    """
    near = closest(path.rpartition(".")[2], _OPERATORS)
    hint = f"did you mean {_FOLDERS[0]}{near[0]}?" if near else f"there is one for: {', '.join(sorted(_OPERATORS))}"
    raise refusal(place, f"there is no equal yet for {path}", hint=hint)


def translate(path: str, params: dict[str, Any], place: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the class paths, each with its parameters, that do what an operator does.

    Raises
    ------
    BadInput
        If a parameter has no equal.
    """
    equal = _OPERATORS[path.rpartition(".")[2]]
    known = {*equal.passed, *equal.fixed, "copy"}
    for name, value in params.items():
        if name not in known:
            near = closest(name, known)
            hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(sorted(known))}"
            raise refusal(inside(place, "params"), f"{path} has no parameter {name!r}", hint=hint)
        if name in equal.fixed and value != equal.fixed[name]:
            hint = f"only {name} = {equal.fixed[name]} has an equal"
            raise refusal(inside(place, "params"), f"there is no equal for {path} with {name} = {value!r}", hint=hint)
    passed = {equal.passed[name]: value for name, value in params.items() if name in equal.passed}
    return [(target, {**defaults, **passed}) for target, defaults in equal.chain]
