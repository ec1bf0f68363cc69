"""The generators of the pipeline dialect: a description that holds them becomes a space of descriptions.

This room knows the words that multiply (`_or_`, `_range_`, …) and combines plain data; it must not know what a class,
a step or a file is. Keywords that are not supported are refused by name, with their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.documents import inside, refusal
from nws.engine.choices import alternatives, choices, sequences
from nws.engine.draws import counted, drawn
from nws.engine.keywords import (
    CARTESIAN,
    CHAIN,
    CONCAT,
    CONSTRAINTS,
    GENERATORS,
    HEADS,
    MAPPINGS,
    MODIFIERS,
    OR,
    PASSTHROUGH,
    SAMPLE,
    SECOND_SELECTIONS,
    SELECTIONS,
    refuse_stray,
)
from nws.engine.labels import labels_of, without_labels
from nws.engine.ranges import linear_range, log_range
from nws.engine.spaces import NOTHING, Either, Marking, One, Sequenced, Space, lifted, list_of, product

if TYPE_CHECKING:
    from collections.abc import Callable


def space_of(node: Any, place: str) -> Space:
    """Return all that a description stands for.

    Within one description the entries vary in the order in which they are written, the last fastest; a generator
    beside other keys varies faster than they do.

    Parameters
    ----------
    node
        Plain data: dicts, lists and scalars.
    place
        Where it stands, for messages.

    Raises
    ------
    BadInput
        If a generator is malformed, not supported, or makes more than `LIMIT` values.
    """
    place = getattr(node, "place", place)
    if isinstance(node, dict):
        labels = labels_of(node, place)
        return Marking(_mapping(without_labels(node), place), labels) if labels else _mapping(node, place)
    if isinstance(node, list):
        parts = [space_of(item, inside(place, at)) for at, item in enumerate(node)]
        return product(parts, list_of, lift=False)
    return One(node)


def _mapping(node: dict[str, Any], place: str) -> Space:
    words = [key for key in node if key in GENERATORS]
    refuse_stray(node, place, generating=bool(words))
    if not words:
        return _entries(node, place)
    if len(words) > 1:
        raise refusal(place, f"{' and '.join(words)} stand side by side", hint="put one inside the other")
    rest = {key: value for key, value in node.items() if key not in {*words, *MODIFIERS}}
    made = counted(_generated(words[0], node, place), node, place)
    if rest:
        return _beside(_entries(rest, place), made, words[0], node, place)
    if "param" in node:
        raise refusal(inside(place, "param"), "there is no class or model beside it that has the parameter")
    return made


def _entries(node: dict[str, Any], place: str) -> Space:
    spaces = [
        space_of(_with_passthrough(value) if key == CONCAT else value, inside(place, key))
        for key, value in node.items()
    ]
    return product(spaces, _object_of(list(node)))


def _with_passthrough(chains: Any) -> Any:
    """Return chains to put side by side with `null` among them written out: there it hands on what it gets."""
    if isinstance(chains, list):
        return [_with_passthrough(item) if isinstance(item, dict) else item for item in chains]
    if not isinstance(chains, dict):
        return PASSTHROUGH if chains is None else chains
    if isinstance(chains.get(OR), list):
        return {**chains, OR: [_with_passthrough(item) if not isinstance(item, list) else item for item in chains[OR]]}
    return {**chains, "operations": _with_passthrough(chains["operations"])} if "operations" in chains else chains


def _object_of(keys: list[str]) -> Callable[[list[Any]], Any]:
    """Return how an object is made of the values for its keys: without those that are nothing."""
    heads = [at for at, key in enumerate(keys) if key in HEADS]

    def build(taken: list[Any]) -> Any:
        if any(taken[at] is NOTHING for at in heads):
            return NOTHING
        return {key: value for key, value in zip(keys, taken, strict=True) if value is not NOTHING}

    return build


def _generated(word: str, node: dict[str, Any], place: str) -> Space:
    if word not in (OR, CARTESIAN):
        stray = next((key for key in (*SELECTIONS, *SECOND_SELECTIONS, *CONSTRAINTS) if key in node), None)
        if stray is not None:
            raise refusal(inside(place, stray), f"goes with {OR} or {CARTESIAN}, not with {word}")
    if word in _WITH_NODE:
        return _WITH_NODE[word](node, place, space_of)
    space = _ALONE[word](node[word], inside(place, word))
    if space.size == 0:
        raise refusal(inside(place, word), "makes no value at all", hint="from, to and step must agree in direction")
    return space


def _beside(rest: Space, made: Space, word: str, node: dict[str, Any], place: str) -> Space:
    """Combine the keys that stand beside a generator with what it makes."""
    head = next((key for key in HEADS if key in node), None)
    param = node.get("param")
    names_entries = word in MAPPINGS
    if head is None and param is not None:
        raise refusal(inside(place, "param"), "there is no class or model beside it that has the parameter")
    if param is not None and (not isinstance(param, str) or names_entries):
        why = f"is not for {word}, which names its parameters itself" if names_entries else "is not a name"
        raise refusal(inside(place, "param"), f"{param!r} {why}")
    merges = head is None or (param is None and not names_entries and _makes_entries(node[word]))
    if not merges and param is None and not names_entries:
        hint = f'add "param": the name of the parameter that {word} gives values for'
        raise refusal(place, f"{word} stands beside {head} without param", hint=hint)

    def build(taken: list[Any]) -> Any:
        base, value = taken
        if NOTHING in (base, value):
            return base
        if merges or head is None:
            return _merged(base, value, word, place)
        return _with_params(base, head, value if param is None else {param: value}, place)

    return product([rest, made], build)


def _makes_entries(spec: Any) -> bool:
    """Say whether each choice is an object of entries, to stand beside the class, or nothing."""
    return isinstance(spec, list) and all(item is None or isinstance(item, dict) for item in spec)


def _merged(base: dict[str, Any], extra: Any, word: str, place: str) -> dict[str, Any]:
    if not isinstance(extra, dict):
        raise refusal(inside(place, word), f"stands beside other entries, so it must make entries, not {extra!r}")
    twice = sorted(base.keys() & extra.keys())
    if twice:
        raise refusal(place, f"{twice[0]!r} is given twice: as it is, and by {word}", hint="keep one of them")
    return {**base, **extra}


def _with_params(base: dict[str, Any], head: str, extra: dict[str, Any], place: str) -> dict[str, Any]:
    holder = base if head == "class" else base[head]
    if isinstance(holder, str):
        holder = {"class": holder}
    if not isinstance(holder, dict) or not isinstance(holder.get("params") or {}, dict):
        raise refusal(inside(place, head), "a class path or {class, params} is expected")
    params = holder.get("params") or {}
    twice = sorted(params.keys() & extra.keys())
    if twice:
        raise refusal(place, f"{twice[0]!r} is given twice: in params, and by a generator", hint="keep one of them")
    filled = {**holder, "params": {**params, **extra}}
    return filled if head == "class" else {**base, head: filled}


def _grid(spec: Any, place: str) -> Space:
    axes = _axes(spec, place)
    return product(list(axes.values()), _object_of(list(axes)))


def _zip(spec: Any, place: str) -> Space:
    axes = _axes(spec, place)
    sizes = {key: axis.size for key, axis in axes.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{key} has {size}" for key, size in sizes.items())
        raise refusal(place, f"unequal lengths: {told}", hint="_grid_ makes every combination")
    marked = any(axis.marked for axis in axes.values())
    build = lifted(_object_of(list(axes))) if marked else _object_of(list(axes))
    rows = min(sizes.values())
    return Sequenced(rows, lambda index: build([axis.at(index) for axis in axes.values()]), marked=marked)


def _axes(spec: Any, place: str) -> dict[str, Space]:
    if not isinstance(spec, dict) or not spec:
        raise refusal(place, "an object of parameters with their values is expected", hint='{"name": [value, value]}')
    words = [key for key in spec if key in GENERATORS]
    if words:
        raise refusal(inside(place, words[0]), "stands where the name of a parameter is expected")
    refuse_stray(spec, place, generating=False)
    return {key: _axis(value, inside(place, key)) for key, value in spec.items()}


def _axis(value: Any, place: str) -> Space:
    """Return the values of one parameter of a grid: those of a list, those of a generator, or the one given."""
    if not isinstance(value, list):
        return space_of(value, place)
    if not value:
        raise refusal(place, "an empty list: no value for it")
    return Either([space_of(item, inside(place, at)) for at, item in enumerate(value)])


def _chain(spec: Any, place: str) -> Space:
    return alternatives(spec, place, space_of)


_ALONE: dict[str, Callable[[Any, str], Space]] = {
    "_range_": linear_range,
    "_log_range_": log_range,
    "_grid_": _grid,
    "_zip_": _zip,
    CHAIN: _chain,
}
_WITH_NODE: dict[str, Callable[[dict[str, Any], str, Callable[[Any, str], Space]], Space]] = {
    OR: choices,
    CARTESIAN: sequences,
    SAMPLE: drawn,
}
