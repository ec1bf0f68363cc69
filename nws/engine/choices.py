"""Choosing: `_or_`, `_chain_` and `_cartesian_`, and what stands beside them to take several at once.

This room combines choices; it must not know what a choice is, which the reader that it is given makes spaces of.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from nws.documents import inside, refusal
from nws.engine.constraints import Constraints, Key, constraints_of, key_of
from nws.engine.keywords import (
    CARTESIAN,
    CONSTRAINTS,
    OR,
    SECOND_SELECTIONS,
    SELECTIONS,
    is_whole,
    refuse_many,
)
from nws.engine.selections import Chosen, Combinations, Item, Permutations
from nws.engine.spaces import NOTHING, Either, One, Space, Subset, list_of, product

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Read = Callable[[Any, str], Space]

_ORDERED = ("arrange", "then_arrange")


def alternatives(options: Any, place: str, read: Read) -> Either:
    """Return the values of each of the options in turn; `null` among them is nothing.

    Raises
    ------
    BadInput
        If it is not a list, or is empty.
    """
    return Either(_parts(_options(options, place), place, read))


def choices(node: dict[str, Any], place: str, read: Read) -> Space:
    """Return what `_or_` stands for, with all that may stand beside it except `count`."""
    within = inside(place, OR)
    options = _options(node[OR], within)
    parts, keys = _parts(options, within, read), [key_of(option) for option in options]
    selection = _selection(node, place)
    if selection is not None:
        return _selected(parts, keys, node, place, selection)
    if not _has_constraints(node):
        return Either(parts)
    # Taken alone, a choice that is a list stands for its entries together.
    members = [[key_of(item) for item in (option if isinstance(option, list) else [option])] for option in options]
    rules = constraints_of(node, place, {key for group in members for key in group})
    left = [part if rules.allow(group) else Either([]) for part, group in zip(parts, members, strict=True)]
    return _some(Either(left), place)


def sequences(node: dict[str, Any], place: str, read: Read) -> Space:
    """Return what `_cartesian_` stands for: every sequence that takes one value of each entry."""
    within = inside(place, CARTESIAN)
    stages = node[CARTESIAN]
    if not isinstance(stages, list) or not stages:
        raise refusal(within, "a list of at least one step is expected", hint='[{"_or_": [...]}, {"_or_": [...]}]')
    parts = _parts(stages, within, read)
    whole = product(parts, list_of, lift=False)
    selection = _selection(node, place)
    if selection is None:
        return _filtered(whole, parts, node, place)
    items = _items(whole, within)
    keys = [key_of(whole.at(at)) for at in range(whole.size)] if _has_constraints(node) else []
    return _selected(items, keys, node, place, selection)


def _options(options: Any, place: str) -> list[Any]:
    if not isinstance(options, list) or not options:
        raise refusal(place, "a list of at least one choice is expected")
    return options


def _parts(options: list[Any], place: str, read: Read) -> list[Space]:
    return [One(NOTHING) if option is None else read(option, inside(place, at)) for at, option in enumerate(options)]


def _selection(node: dict[str, Any], place: str) -> str | None:
    """Return which of `pick` and `arrange` is there, after checking what goes with it."""
    for words in (SELECTIONS, SECOND_SELECTIONS):
        if all(word in node for word in words):
            raise refusal(place, f"{' and '.join(words)} stand side by side", hint="keep one of them")
    second = next((word for word in SECOND_SELECTIONS if word in node), None)
    first = next((word for word in SELECTIONS if word in node), None)
    if second is not None and first is None:
        raise refusal(inside(place, second), "there is no pick or arrange beside it")
    return first


def _selected(items: Sequence[Space], keys: list[Key], node: dict[str, Any], place: str, word: str) -> Space:
    """Return selections of the items, and selections of those where it is said to choose again."""
    second = next((word for word in SECOND_SELECTIONS if word in node), None)
    if second is not None:
        first = _selections(items, node[word], inside(place, word), ordered=word in _ORDERED)
        items = _items(first, inside(place, word))
        keys = [key_of(item.at(0)) for item in items] if _has_constraints(node) else []
        word = second
    within, ordered = inside(place, word), word in _ORDERED
    if not _has_constraints(node):
        return _selections(items, node[word], within, ordered=ordered)
    rules = constraints_of(node, place, set(keys))
    return _some(_allowed(items, keys, node[word], within, rules, ordered=ordered), place)


def _selections(items: Sequence[Space], sizes: Any, place: str, *, ordered: bool) -> Space:
    kind = Permutations if ordered else Combinations
    return Either([kind(items, size) for size in _sizes(sizes, len(items), place)])


def _sizes(sizes: Any, number: int, place: str) -> range:
    bounds = sizes if isinstance(sizes, list) else [sizes, sizes]
    if len(bounds) != 2 or not all(is_whole(size) for size in bounds) or not 0 <= bounds[0] <= bounds[1]:
        raise refusal(place, f"{sizes!r} is not n or [min, max]")
    if bounds[1] > number:
        raise refusal(place, f"cannot take {bounds[1]} of {number} choices")
    return range(bounds[0], bounds[1] + 1)


def _items(space: Space, place: str) -> list[Space]:
    """Return the values of a space as items to choose from."""
    refuse_many(space.size, place, "values to choose from")
    return [Item(space, at) for at in range(space.size)]


def _has_constraints(node: dict[str, Any]) -> bool:
    return any(word in node for word in CONSTRAINTS)


def _allowed(
    items: Sequence[Space], keys: list[Key], sizes: Any, place: str, rules: Constraints, *, ordered: bool
) -> Space:
    """Return the selections that the constraints allow. Each is looked at, so that there may not be too many."""
    wanted = _sizes(sizes, len(items), place)
    ones = [One(None)] * len(items)
    number = sum((Permutations if ordered else Combinations)(ones, size).size for size in wanted)
    refuse_many(number, place, "combinations that the constraints have to look at")
    select: Any = itertools.permutations if ordered else itertools.combinations
    numbers = range(len(items))
    every = (chosen for size in wanted for chosen in select(numbers, size))
    return Chosen(items, [chosen for chosen in every if rules.allow([keys[at] for at in chosen])])


def _filtered(whole: Space, parts: list[Space], node: dict[str, Any], place: str) -> Space:
    """Return the sequences that the constraints allow."""
    if not _has_constraints(node):
        return whole
    refuse_many(whole.size, inside(place, CARTESIAN), "sequences that the constraints have to look at")
    keys = [[key_of(part.at(at)) for at in range(part.size)] for part in parts]
    rules = constraints_of(node, place, {key for stage in keys for key in stage})
    every = enumerate(itertools.product(*keys))
    return _some(Subset(whole, [at for at, chosen in every if rules.allow(chosen)]), place)


def _some(space: Space, place: str) -> Space:
    if not space.size:
        raise refusal(place, "the constraints leave nothing to choose")
    return space
