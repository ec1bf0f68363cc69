"""Which choices may stand together: `_mutex_`, `_requires_`, `_depends_on_`, `_exclude_`.

This room compares what was chosen with what the constraints name; it must not know how it was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.documents import inside, refusal
from nws.engine.keywords import CONSTRAINTS, LABELS, PASSTHROUGH
from nws.engine.spaces import NOTHING, plain
from nws.ids import canonical_json, closest

if TYPE_CHECKING:
    from collections.abc import Collection

Key = bytes
# How many entries a group has at least, and how it is read.
_LEAST = {"_mutex_": 1, "_requires_": 2, "_depends_on_": 2, "_exclude_": 0}
_ABOUT = {
    "_mutex_": "choices that never stand together: [[a, b]]",
    "_requires_": "a choice, then those that it needs: [[a, b]]",
    "_depends_on_": "a choice, then those that it needs: [[a, b]]",
    "_exclude_": "combinations that are left out: [[a, b]]",
}


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What is forbidden, in keys of choices.

    Attributes
    ----------
    apart
        Sets that must not be chosen whole.
    needs
        Choices, each with the set that must be chosen with it.
    left_out
        Sets that must not be all that is chosen.
    """

    apart: tuple[frozenset[Key], ...] = ()
    needs: tuple[tuple[Key, frozenset[Key]], ...] = ()
    left_out: tuple[frozenset[Key], ...] = ()

    def allow(self, chosen: Collection[Key]) -> bool:
        """Say whether these may stand together."""
        found = frozenset(chosen)
        if found in self.left_out or any(group <= found for group in self.apart):
            return False
        return all(key not in found or needed <= found for key, needed in self.needs)


def constraints_of(node: dict[str, Any], place: str, known: Collection[Key]) -> Constraints:
    """Return the constraints that stand beside a generator.

    Parameters
    ----------
    node, place
        The object, and where it stands.
    known
        The keys of all choices.

    Raises
    ------
    BadInput
        If a constraint has a wrong form, or names what is no choice.
    """
    groups = {word: _groups(node[word], word, inside(place, word), known) for word in CONSTRAINTS if word in node}
    needs = [*groups.get("_requires_", []), *groups.get("_depends_on_", [])]
    return Constraints(
        apart=tuple(frozenset(group) for group in groups.get("_mutex_", [])),
        needs=tuple((group[0], frozenset(group[1:])) for group in needs),
        left_out=tuple(frozenset(group) for group in groups.get("_exclude_", [])),
    )


def key_of(choice: Any) -> Key:
    """Return what a choice is compared by: the same for a class path and an object that says no more."""
    value = plain(choice, [])
    if value is NOTHING or value == PASSTHROUGH:
        value = None
    if isinstance(value, list):
        # What is left out of a sequence says nothing about it.
        value = [item for item in value if item is not None]
    if isinstance(value, dict):
        value = {key: item for key, item in value.items() if key not in LABELS and (key, item) != ("params", {})}
        if value.keys() == {"class"} and isinstance(value["class"], str):
            value = value["class"]
    return canonical_json(value)


def _groups(given: Any, word: str, place: str, known: Collection[Key]) -> list[list[Key]]:
    if not isinstance(given, list) or not all(isinstance(group, list) for group in given):
        raise refusal(place, "a list of lists is expected", hint=_ABOUT[word])
    groups = []
    for at, group in enumerate(given):
        if len(group) < _LEAST[word]:
            raise refusal(inside(place, at), f"at least {_LEAST[word]} choices are expected", hint=_ABOUT[word])
        groups.append([_member(item, inside(inside(place, at), number), known) for number, item in enumerate(group)])
    return groups


def _member(item: Any, place: str, known: Collection[Key]) -> Key:
    key = key_of(item)
    if key not in known:
        near = closest(key.decode(), [other.decode() for other in known])
        hint = f"did you mean {near[0]}?" if near else "it must be written as the choice is"
        raise refusal(place, f"{_short(item)} is none of the choices", hint=hint)
    return key


def _short(item: Any) -> str:
    text = canonical_json(item).decode()
    return text if len(text) <= 80 else f"{text[:79]}…"
