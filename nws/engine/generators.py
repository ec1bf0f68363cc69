"""The generators of the pipeline dialect: a description that holds them becomes a space of descriptions.

This room knows the words that multiply (`_or_`, `_range_`, …) and combines plain data; it must not know what a class,
a step or a file is. Keywords that are not supported are refused by name, with their place.
"""

from __future__ import annotations

import itertools
import math
from enum import Enum
from typing import TYPE_CHECKING, Any

from nws.engine.document import inside, refusal
from nws.engine.ranges import is_whole, linear_range, log_range
from nws.engine.spaces import Either, One, Sequenced, Space, product, sample
from nws.ids import closest

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1_000_000
# Keys that name a class: without one there is no step, so that `null` there means "no such step".
HEADS = ("class", "model", "y_processing", "split", "preprocessing")
MODIFIERS = ("count", "_seed_", "pick", "arrange", "param")
UNSUPPORTED = (
    "_sample_",
    "_cartesian_",
    "_mutex_",
    "_requires_",
    "_depends_on_",
    "_exclude_",
    "_preset_",
    "_weights_",
    "_tags_",
    "_metadata_",
)
UNSUPPORTED_BESIDE = ("then_pick", "then_arrange")


class Nothing(Enum):
    """What `null` in `_or_` stands for: the entry is left out, be it a step or a parameter."""

    NOTHING = None


NOTHING = Nothing.NOTHING


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
    if isinstance(node, dict):
        return _mapping(node, place)
    if isinstance(node, list):
        return product([space_of(item, inside(place, at)) for at, item in enumerate(node)], _list_of)
    return One(node)


def _mapping(node: dict[str, Any], place: str) -> Space:
    words = [key for key in node if key in GENERATORS]
    _refuse_keywords(node, place, generating=bool(words))
    if not words:
        return _entries(node, place)
    if len(words) > 1:
        raise refusal(place, f"{' and '.join(words)} stand side by side", hint="put one inside the other")
    rest = {key: value for key, value in node.items() if key not in {*words, *MODIFIERS}}
    made = _counted(_generated(words[0], node, place), node, place)
    if rest:
        return _beside(_entries(rest, place), made, words[0], node, place)
    if "param" in node:
        raise refusal(inside(place, "param"), "there is no class or model beside it that has the parameter")
    return made


def _refuse_keywords(node: dict[str, Any], place: str, *, generating: bool) -> None:
    for key in node:
        if key in UNSUPPORTED or (generating and key in UNSUPPORTED_BESIDE):
            raise refusal(inside(place, key), f"{key} is not supported yet", hint=f"supported: {', '.join(GENERATORS)}")
        if not generating and key == "_seed_":
            raise refusal(inside(place, key), "there is no generator beside it")
        if key not in GENERATORS and key != "_seed_" and len(key) > 2 and key[0] == key[-1] == "_":
            near = closest(key, GENERATORS)
            hint = f"did you mean {near[0]}?" if near else f"supported: {', '.join(GENERATORS)}"
            raise refusal(inside(place, key), "no such keyword", hint=hint)


def _entries(node: dict[str, Any], place: str) -> Space:
    return product([space_of(value, inside(place, key)) for key, value in node.items()], _object_of(list(node)))


def _object_of(keys: list[str]) -> Callable[[list[Any]], Any]:
    """Return how an object is made of the values for its keys: without those that are nothing."""

    def build(taken: list[Any]) -> Any:
        if any(value is NOTHING and key in HEADS for key, value in zip(keys, taken, strict=True)):
            return NOTHING
        return {key: value for key, value in zip(keys, taken, strict=True) if value is not NOTHING}

    return build


def _list_of(taken: list[Any]) -> list[Any]:
    return [value for value in taken if value is not NOTHING]


def _beside(rest: Space, made: Space, word: str, node: dict[str, Any], place: str) -> Space:
    """Combine the keys that stand beside a generator with what it makes."""
    head = next((key for key in HEADS if key in node), None)
    param = node.get("param")
    if head is None and param is not None:
        raise refusal(inside(place, "param"), "there is no class or model beside it that has the parameter")
    if head is not None and param is None and word not in MAPPINGS:
        hint = f'add "param": the name of the parameter that {word} gives values for'
        raise refusal(place, f"{word} stands beside {head} without param", hint=hint)
    if param is not None and (not isinstance(param, str) or word in MAPPINGS):
        why = "is not a name" if word not in MAPPINGS else f"is not for {word}, which names its parameters itself"
        raise refusal(inside(place, "param"), f"{param!r} {why}")

    def build(taken: list[Any]) -> Any:
        base, value = taken
        if NOTHING in (base, value):
            return base
        if head is None:
            return _merged(base, value, word, place)
        return _with_params(base, head, value if param is None else {param: value}, place)

    return product([rest, made], build)


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


def _generated(word: str, node: dict[str, Any], place: str) -> Space:
    for key in ("pick", "arrange"):
        if key in node and word != "_or_":
            raise refusal(inside(place, key), f"goes with _or_, not with {word}")
    if word == "_or_":
        return _choices(node, place)
    space = GENERATORS[word](node[word], inside(place, word))
    if space.size == 0:
        raise refusal(inside(place, word), "makes no value at all", hint="from, to and step must agree in direction")
    return space


def _counted(space: Space, node: dict[str, Any], place: str) -> Space:
    """Apply `count` and `_seed_`: without a seed the choice is that of seed 0, the same every time."""
    if "count" not in node:
        if "_seed_" in node:
            raise refusal(inside(place, "_seed_"), "there is no count beside it")
        return space
    count, seed = node["count"], node.get("_seed_", 0)
    if not is_whole(count) or count < 1:
        raise refusal(inside(place, "count"), f"{count!r} is not a whole number from 1 up")
    if not is_whole(seed) or seed < 0:
        raise refusal(inside(place, "_seed_"), f"{seed!r} is not a whole number from 0 up")
    refuse_many(min(count, space.size), place)
    return sample(space, count, seed)


def refuse_many(number: int, place: str) -> None:
    """Refuse more than `LIMIT` values, before any is made."""
    if number > LIMIT:
        shown = f"{number:,}" if number < 10**15 else f"10^{math.floor(math.log10(number))}"
        hint = 'fewer choices, or "count": n beside a generator for a random subset'
        raise refusal(place, f"expands to {shown} pipelines; at most {LIMIT:,} are allowed", hint=hint)


def _choices(node: dict[str, Any], place: str) -> Space:
    options = node["_or_"]
    if not isinstance(options, list) or not options:
        raise refusal(inside(place, "_or_"), "a list of at least one choice is expected")
    parts = [_option(option, inside(inside(place, "_or_"), at)) for at, option in enumerate(options)]
    if "pick" in node and "arrange" in node:
        raise refusal(place, "pick and arrange stand side by side", hint="keep one of them")
    if "pick" in node:
        return _selections(parts, node["pick"], inside(place, "pick"), itertools.combinations, math.comb)
    if "arrange" in node:
        return _selections(parts, node["arrange"], inside(place, "arrange"), itertools.permutations, math.perm)
    return Either(parts)


def _option(option: Any, place: str) -> Space:
    return One(NOTHING) if option is None else space_of(option, place)


def _selections(
    parts: list[Space],
    sizes: Any,
    place: str,
    select: Callable[[list[Space], int], itertools.combinations[Any] | itertools.permutations[Any]],
    number: Callable[[int, int], int],
) -> Space:
    bounds = sizes if isinstance(sizes, list) else [sizes, sizes]
    if len(bounds) != 2 or not all(is_whole(size) for size in bounds) or not 0 <= bounds[0] <= bounds[1]:
        raise refusal(place, f"{sizes!r} is not n or [min, max]")
    if bounds[1] > len(parts):
        raise refusal(place, f"cannot take {bounds[1]} of {len(parts)} choices")
    wanted = range(bounds[0], bounds[1] + 1)
    refuse_many(sum(number(len(parts), size) for size in wanted), place)
    return Either([product(chosen, _list_of) for size in wanted for chosen in select(parts, size)])


def _grid(spec: Any, place: str) -> Space:
    axes = _axes(spec, place)
    return product(list(axes.values()), _object_of(list(axes)))


def _zip(spec: Any, place: str) -> Space:
    axes = _axes(spec, place)
    sizes = {key: axis.size for key, axis in axes.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{key} has {size}" for key, size in sizes.items())
        raise refusal(place, f"unequal lengths: {told}", hint="_grid_ makes every combination")
    build = _object_of(list(axes))
    return Sequenced(min(sizes.values()), lambda index: build([axis.at(index) for axis in axes.values()]))


def _axes(spec: Any, place: str) -> dict[str, Space]:
    if not isinstance(spec, dict) or not spec:
        raise refusal(place, "an object of parameters with their values is expected", hint='{"name": [value, value]}')
    words = [key for key in spec if key in GENERATORS]
    if words:
        raise refusal(inside(place, words[0]), "stands where the name of a parameter is expected")
    _refuse_keywords(spec, place, generating=False)
    return {key: _axis(value, inside(place, key)) for key, value in spec.items()}


def _axis(value: Any, place: str) -> Space:
    """Return the values of one parameter of a grid: those of a list, those of a generator, or the one given."""
    if not isinstance(value, list):
        return space_of(value, place)
    if not value:
        raise refusal(place, "an empty list: no value for it")
    return Either([space_of(item, inside(place, at)) for at, item in enumerate(value)])


def _chain(spec: Any, place: str) -> Space:
    if not isinstance(spec, list) or not spec:
        raise refusal(place, "a list of at least one configuration is expected")
    return Either([_option(item, inside(place, at)) for at, item in enumerate(spec)])


GENERATORS: dict[str, Callable[[Any, str], Space]] = {
    "_or_": _chain,
    "_range_": linear_range,
    "_log_range_": log_range,
    "_grid_": _grid,
    "_zip_": _zip,
    "_chain_": _chain,
}
# Generators that make entries by name, so that no `param` is needed beside them.
MAPPINGS = ("_grid_", "_zip_")
