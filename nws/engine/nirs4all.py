"""Operators of nirs4all and the classes that do the same, so that configs written for it run without it.

What they equal stands in two tables beside this room, which must not import any of the classes named there. A name or a
parameter without an equal is refused, because a pipeline that runs differently under the same name is worse than one
that does not run.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from nws.documents import inside, refusal
from nws.engine.misgiven import misgiven
from nws.engine.nirs4all_models import MODELS, SPLITTERS, UNEQUAL, UNEQUAL_FOLDERS
from nws.engine.nirs4all_transforms import BASELINES, DERIVATIVES, FEATURES, INTENSITY, SCATTER
from nws.ids import closest

if TYPE_CHECKING:
    from nws.engine.equals import Equal, Link

PACKAGE = "nirs4all"
_FOLDER = "nirs4all.operators."
OPERATORS: dict[str, tuple[Equal, ...]] = {
    **SCATTER,
    **DERIVATIVES,
    **INTENSITY,
    **FEATURES,
    **BASELINES,
    **SPLITTERS,
    **MODELS,
}
# Every operator may have it, and it changes no result.
_COPY = "copy"


def has_equal(path: str) -> bool:
    """Say whether `path` names an operator of nirs4all for which there is an equal."""
    return path.startswith(_FOLDER) and path.rpartition(".")[2] in OPERATORS


def refuse(path: str, place: str) -> None:
    """Refuse an operator of nirs4all for which there is no equal.

    Raises
    ------
    BadInput
        Always.
    """
    raise refusal(place, f"there is no equal for {path}", hint=_instead(path))


def _instead(path: str) -> str:
    name = path.rpartition(".")[2]
    if name in UNEQUAL:
        return UNEQUAL[name]
    for folder, hint in UNEQUAL_FOLDERS.items():
        if path.startswith(folder):
            return hint
    near = [known for known in OPERATORS if known.lower() == name.lower()] or closest(name, OPERATORS)
    itself = f'with nirs4all installed, [trust] packages = ["{PACKAGE}"] in nws.toml runs it itself'
    return f"did you mean {near[0]}? Or, {itself}" if near else itself


def translate(path: str, params: dict[str, Any], place: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the class paths, each with its parameters, that do what an operator does.

    Raises
    ------
    BadInput
        If a parameter has no equal.
    """
    choices = OPERATORS[path.rpartition(".")[2]]
    within = inside(place, "params")
    _check_names(path, params, choices, within)
    for equal in choices:
        if _fits(equal, params):
            return [(link.path, _filled(link, equal, params)) for link in equal.chain]
    name, allowed = _obstacle(choices, params)
    hint = f"there is one for {name} = {' or '.join(allowed)}" if allowed else "not together with the other parameters"
    what = f"there is no equal for {path} with {name} = {params[name]!r}"
    raise misgiven(within, name, params[name], what, hint=hint)


def _check_names(path: str, params: dict[str, Any], choices: tuple[Equal, ...], place: str) -> None:
    known = sorted({_COPY, *(name for equal in choices for name in equal.names())})
    for name, value in params.items():
        if name not in known and not any(equal.is_open for equal in choices):
            near = closest(name, known)
            hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(known)}"
            raise misgiven(place, name, value, f"{path} has no parameter {name!r}", hint=hint)


def _fits(equal: Equal, params: dict[str, Any]) -> bool:
    if not equal.is_open and not params.keys() <= {_COPY, *equal.names()}:
        return False
    if not all(name in params and _among(params[name], values) for name, values in equal.given.items()):
        return False
    return all(_among(params[name], values) for name, values in equal.fixed.items() if name in params)


def _among(value: Any, allowed: tuple[Any, ...]) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in allowed
    return any(value == known and isinstance(value, bool) == isinstance(known, bool) for known in allowed)


def _obstacle(choices: tuple[Equal, ...], params: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the parameter that stands in the way, and the other values it may have."""
    allowed: dict[str, list[tuple[Any, ...]]] = {}
    for equal in choices:
        for name, values in {**equal.fixed, **equal.given}.items():
            if name in params:
                allowed.setdefault(name, []).append(values)
    in_the_way = (name for name, sets in allowed.items() if not any(_among(params[name], values) for values in sets))
    name = next(in_the_way, next(iter(allowed)))
    return name, list(dict.fromkeys(_shown(values[0]) for values in allowed[name] if not _among(params[name], values)))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _filled(link: Link, equal: Equal, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a class, those of the operator put in their places."""
    filled = copy.deepcopy(link.params)
    for name, target in link.passed.items():
        if name in params:
            _put(filled, target.split("."), params[name])
    if link.rest is not None:
        others = {name: value for name, value in params.items() if name not in {_COPY, *equal.names()}}
        if others:
            filled[link.rest] = others
    return filled


def _put(held: Any, place: list[str], value: Any) -> None:
    for part in place[:-1]:
        held = held[int(part)] if isinstance(held, list) else held[part]
    held[place[-1]] = value
