"""A parameter that a class does not take, and where a config gives it.

Generators have made the step in which it is found, so that its place has to be looked for in what was written. This
room must not know of classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.documents import inside, refusal
from nws.engine.keywords import GENERATORS, LABELS
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator


class BadParameter(BadInput):
    """A parameter that a class does not take: `given` is its name as written, `what` is wrong with its `value`."""

    given: str
    value: Any
    what: str


def misgiven(place: str, given: str, value: Any, what: str, *, hint: str = "") -> BadParameter:
    """Return the error for a parameter; `place` is that of the parameters which it is one of."""
    error = BadParameter(refusal(inside(place, given), what).message, hint=hint)
    error.given, error.value, error.what = given, value, what
    return error


def placed(error: BadParameter, entry: Any, place: str) -> BadInput:
    """Return the error with the place in an entry, as it was written, that gives the parameter its value."""
    exact: list[str] = []
    possible: list[str] = []
    for item, where in _given(entry, place, error.given):
        (exact if item == error.value else possible).append(where)
    found = exact or possible
    return refusal(found[0], error.what, hint=error.hint) if found else error


def _given(node: Any, place: str, name: str) -> Iterator[tuple[Any, str]]:
    """Find what may give a parameter its value: the value or the choice of values under its name, and its place."""
    place = getattr(node, "place", place)
    if isinstance(node, list):
        for at, item in enumerate(node):
            yield from _given(item, inside(place, at), name)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == name or (key == "param" and item == name and node.keys() & GENERATORS):
                yield item, inside(place, key)
            if key not in LABELS:
                yield from _given(item, inside(place, key), name)
