"""Parameters of a class: checked, in the form in which it takes them, and in the canonical form that is hashed.

This room decides what plain parameters mean to a class; it must not know steps, files or generators.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

from nws.documents import inside, refusal
from nws.engine import nirs4all
from nws.engine.classes import REQUIRED, TRUSTED, Known, check_path, check_trust, resolve
from nws.engine.instances import as_taken, is_class
from nws.engine.misgiven import misgiven
from nws.errors import BadInput
from nws.ids import canonical_json, closest

# Names that chemotools gave up. They still work there, with a warning in every fit.
_RENAMED = {
    "window_size": "window_length",
    "polynomial_order": "polyorder",
    "derivate_order": "deriv",
    "derivative_order": "deriv",
    "wavenumbers": "x_axis",
}


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A class with its parameters.

    `params` are all that were given, under the names that the class has now; `canonical` holds those that differ from
    their defaults. Classes inside parameters are `{"class", "params"}` in both, under their home path.
    """

    known: Known
    params: dict[str, Any]
    canonical: dict[str, Any]


def settle(path: str, params: Any, *, trusted: tuple[str, ...] | None, place: str) -> list[Settled]:
    """Resolve a class path and check its parameters; an operator of nirs4all may need two classes in a row.

    Parameters
    ----------
    path, params
        As given.
    trusted
        Packages that may be imported besides those that always may; None where that was decided before.
    place
        Where it stands, for messages.

    Raises
    ------
    BadInput
        If the class or one of its parameters does not exist, or a value is one that the class always refuses.
    NotTrusted
        If the package may not be imported.
    """
    params = {} if params is None else params
    if not isinstance(params, dict):
        raise refusal(inside(place, "params"), "an object is expected: the parameters by name")
    if nirs4all.has_equal(path):
        chain = nirs4all.translate(path, params, place)
        return [_settle(target, given, trusted, place) for target, given in chain]
    return [_settle(path, params, trusted, place)]


def admit(path: str, *, trusted: tuple[str, ...] | None, place: str) -> None:
    """Refuse a class path that may not be used; nothing is imported.

    Raises
    ------
    BadInput
        If it is not a class path, or an operator of nirs4all without an equal.
    NotTrusted
        If its package is not trusted.
    """
    check_path(path, place)
    if nirs4all.has_equal(path) or trusted is None:
        return
    if path.startswith(f"{nirs4all.PACKAGE}.") and nirs4all.PACKAGE not in trusted:
        nirs4all.refuse(path, place)
    check_trust(path, trusted, place)


def _settle(path: str, params: dict[str, Any], trusted: tuple[str, ...] | None, place: str) -> Settled:
    admit(path, trusted=trusted, place=place)
    known = resolve(path, place)
    within = inside(place, "params")
    taken: dict[str, Any] = {}
    canonical: dict[str, Any] = {}
    for given, value in params.items():
        try:
            item = _taken(known, given, value, trusted, within)
        except _Refused as err:
            raise misgiven(within, given, value, str(err), hint=err.hint) from err.__cause__
        if item.name in taken:
            what = f"{item.name!r} is given twice, also under an old name"
            raise misgiven(within, given, value, what, hint="keep one of them")
        taken[item.name] = item.value
        if not item.is_default:
            canonical[item.name] = item.form
    missing = [name for name, default in known.defaults.items() if default is REQUIRED and name not in taken]
    if missing:
        raise refusal(place, f"{known.path} needs the parameter {missing[0]!r}")
    return Settled(known=known, params=taken, canonical=canonical)


class _Refused(Exception):
    """A parameter that the class does not take, before it is known where it stands."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class _Taken(NamedTuple):
    """A parameter under its name of today: as the class takes it, and in canonical form."""

    name: str
    value: Any
    form: Any
    is_default: bool


def _taken(known: Known, given: str, value: Any, trusted: tuple[str, ...] | None, place: str) -> _Taken:
    if not isinstance(value, list | dict):
        return _taken_scalar(known, given, value)
    value, form = _value(value, trusted, inside(place, given))
    return _checked(known, _name(known, given), value, form)


# The same few values come back in thousands of pipelines. Types count: 1, 1.0 and true are three values.
@functools.lru_cache(maxsize=65536, typed=True)
def _taken_scalar(known: Known, given: str, value: Any) -> _Taken:
    name = _name(known, given)
    value = _number(known, name, value)
    return _checked(known, name, value, _tagged(known, name, value))


def _checked(known: Known, name: str, value: Any, form: Any) -> _Taken:
    _check_value(known, name, value)
    return _Taken(name, value, form, _is_default(known, name, form))


def _name(known: Known, given: str) -> str:
    """Return the name under which the class has a parameter today."""
    if known.path.startswith("chemotools."):
        name = _RENAMED.get(given, given)
        if name in known.defaults:
            return name
    if given not in known.defaults and not known.is_open:
        names = [name for name, default in known.defaults.items() if default != "deprecated"]
        near = closest(given, names)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has: {', '.join(names) or 'none'}"
        raise _Refused(f"{known.path} has no parameter {given!r}", hint)
    return given


def _value(value: Any, trusted: tuple[str, ...] | None, place: str) -> tuple[Any, Any]:
    """Return a value as the class takes it and in canonical form; classes inside it are resolved."""
    if isinstance(value, list):
        pairs = [_value(item, trusted, inside(place, at)) for at, item in enumerate(value)]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if not isinstance(value, dict):
        return value, value
    if is_class(value):
        chain = settle(value["class"], value.get("params"), trusted=trusted, place=place)
        if len(chain) > 1:
            raise refusal(place, f"{value['class']} takes two steps here, so it cannot be a parameter")
        inner = chain[0]
        head = {"class": inner.known.path}
        return {**head, "params": inner.params}, {**head, "params": inner.canonical}
    both = {key: _value(item, trusted, inside(place, key)) for key, item in value.items()}
    return {key: pair[0] for key, pair in both.items()}, {key: pair[1] for key, pair in both.items()}


def _kinds(known: Known, name: str) -> set[str]:
    """Return which kinds of number a scikit-learn class says a parameter takes: Integral, Real, RealNotInt."""
    constraints = getattr(known.found, "_parameter_constraints", {}).get(name)
    if not isinstance(constraints, list):
        return set()
    return {kind.__name__ for kind in (getattr(item, "type", None) for item in constraints) if isinstance(kind, type)}


def _number(known: Known, name: str, value: Any) -> Any:
    """Write a whole float as an integer where the class counts: 5.0 components are 5."""
    if not isinstance(value, float) or not value.is_integer():
        return value
    kinds, default = _kinds(known, name), known.defaults.get(name)
    counts = kinds == {"Integral"} or (not kinds and isinstance(default, int) and not isinstance(default, bool))
    return int(value) if counts else value


def _tagged(known: Known, name: str, value: Any) -> Any:
    """Mark a whole float where the class tells it from an integer: a share of 1.0 is all, a count of 1 is one."""
    if isinstance(value, float) and value.is_integer() and "RealNotInt" in _kinds(known, name):
        return {"float": int(value)}
    return value


def _is_default(known: Known, name: str, form: Any) -> bool:
    default = known.defaults.get(name, REQUIRED)
    if default is REQUIRED:
        return False
    try:
        return canonical_json(_tagged(known, name, default)) == canonical_json(form)
    except BadInput:  # a default without JSON form, such as a class of numpy
        return False


def _check_value(known: Known, name: str, value: Any) -> None:
    """Refuse a value that scikit-learn and chemotools refuse in every fit, whatever the data."""
    constraints = getattr(known.found, "_parameter_constraints", None)
    if not constraints or _holds_class(value) or known.path.partition(".")[0] not in TRUSTED:
        return
    from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

    try:
        validate_parameter_constraints(constraints, {name: as_taken(known, name, value)}, known.name)
    except InvalidParameterError as err:
        raise _Refused(" ".join(str(err).split())) from err


def _holds_class(value: Any) -> bool:
    if isinstance(value, list):
        return any(_holds_class(item) for item in value)
    return is_class(value) or (isinstance(value, dict) and any(_holds_class(item) for item in value.values()))
