"""Random values of a config: `_sample_`, and `count` with `_seed_` and `_weights_`; the same on every machine.

Of Python's generator only `random()` of a whole seed is used, which is promised never to change; all else is whole
numbers and decimal arithmetic of a fixed precision. This room must not know which other generators there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.documents import inside, refusal
from nws.engine.keywords import OR, SAMPLE, SECOND_SELECTIONS, SELECTIONS, is_number, is_whole, refuse_many
from nws.engine.selections import sample, weighted_sample
from nws.engine.spaces import NOTHING, Either, One, Sequenced, Space
from nws.ids import closest

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

NUMBER = 10
# What each distribution is told, and what it takes where nothing is said.
_FORMS: dict[str, dict[str, Any]] = {
    "uniform": {"from": 0, "to": 1},
    "log_uniform": {"from": 0.001, "to": 1},
    "normal": {"mean": 0, "std": 1},
    "choice": {"values": None},
}
_SAME = {"gaussian": "normal"}
_PRECISION = 40
# Of an angle below 2π / 2^6, the term after these is below 10^-40; doubling costs less than 4 digits.
_DOUBLINGS, _TERMS = 6, 14
_TWO_PI = "6.283185307179586476925286766559005768394338798750211641949889"


def counted(space: Space, node: dict[str, Any], place: str) -> Space:
    """Apply `count` and what stands with it: without `_seed_` the choice is that of seed 0, the same every time.

    Raises
    ------
    BadInput
        If one of them has a wrong form, or there is one without the others that it needs.
    """
    if SAMPLE in node:
        if "_weights_" in node:
            raise refusal(inside(place, "_weights_"), f"goes with {OR}, not with {SAMPLE}")
        return space
    for key in ("_seed_", "_weights_"):
        if key in node and "count" not in node:
            raise refusal(inside(place, key), "there is no count beside it")
    if "count" not in node:
        return space
    count, seed = _count(node, place), seed_of(node, place)
    if "_weights_" in node:
        choices, weights = _weighted(space, node, place)
        return weighted_sample(choices, weights, min(count, space.size), seed)
    refuse_many(min(count, space.size), place)
    return sample(space, count, seed)


def seed_of(node: dict[str, Any], place: str) -> int:
    """Return the seed that a generator is given."""
    seed = node.get("_seed_", 0)
    if not is_whole(seed) or seed < 0:
        raise refusal(inside(place, "_seed_"), f"{seed!r} is not a whole number from 0 up")
    return int(seed)


def _count(node: dict[str, Any], place: str) -> int:
    count = node["count"]
    if not is_whole(count) or count < 1:
        raise refusal(inside(place, "count"), f"{count!r} is not a whole number from 1 up")
    return int(count)


def _weighted(space: Space, node: dict[str, Any], place: str) -> tuple[Either, list[float]]:
    within = inside(place, "_weights_")
    others = [key for key in (*SELECTIONS, *SECOND_SELECTIONS) if key in node]
    if OR not in node or others or not isinstance(space, Either):
        beside = others[0] if others else next(key for key in node if key[0] == "_")
        raise refusal(within, f"goes with _or_ and count alone, not with {beside}")
    weights = node["_weights_"]
    if not isinstance(weights, list) or not all(is_number(weight) and weight >= 0 for weight in weights):
        raise refusal(within, "a list of numbers from 0 up is expected")
    if len(weights) != len(node[OR]):
        raise refusal(within, f"{len(weights)} weights for {len(node[OR])} choices", hint="give one for each choice")
    if not any(weights):
        raise refusal(within, "all weights are 0, so nothing can be chosen")
    refuse_many(min(node["count"], space.size), place)
    return space, weights


def drawn(node: dict[str, Any], place: str, read: Callable[[Any, str], Space]) -> Space:
    """Return the values of `_sample_`; `count` beside it takes only the first so many.

    Parameters
    ----------
    node
        The object that holds it.
    place
        Where that stands, for messages.
    read
        Makes a space of a description, for the values of `choice`.

    Raises
    ------
    BadInput
        If its form is wrong.
    """
    import random

    within = inside(place, SAMPLE)
    distribution, spec = _form(node[SAMPLE], within)
    number = spec["num"]
    if not is_whole(number) or number < 1:
        raise refusal(inside(within, "num"), f"{number!r} is not a whole number from 1 up")
    if "count" in node:
        number = min(number, _count(node, place))
    refuse_many(number, within, "values")
    draw = random.Random(seed_of(node, place)).random  # noqa: S311 -- a repeatable choice, not a secret
    if distribution == "choice":
        options = _options(spec["values"], inside(within, "values"), read)
        return Either([options[int(draw() * len(options))] for _ in range(number)])
    first, second = _bounds(spec, distribution, within)
    shares = [(draw(), draw() if distribution == "normal" else 0.0) for _ in range(number)]
    make = _DISTRIBUTIONS[distribution]
    return Sequenced(number, lambda index: _decimally(make, first, second, *shares[index]))


def _form(spec: Any, place: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(spec, dict):
        raise refusal(place, "an object is expected", hint='{"distribution": "uniform", "from": 0, "to": 1, "num": 5}')
    given = spec.get("distribution", "uniform")
    name = _SAME.get(given, given) if isinstance(given, str) else given
    if not isinstance(name, str) or name not in _FORMS:
        near = closest(str(name), _FORMS)
        hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(_FORMS)}"
        raise refusal(inside(place, "distribution"), f"no such distribution: {given!r}", hint=hint)
    for key in spec:
        if key not in {"distribution", "num", *_FORMS[name]}:
            hint = f"it has: {', '.join(_FORMS[name])}, num"
            raise refusal(inside(place, key), f"{name} has no such entry", hint=hint)
    return name, {"num": NUMBER, **_FORMS[name], **spec}


def _options(values: Any, place: str, read: Callable[[Any, str], Space]) -> list[Space]:
    if not isinstance(values, list) or not values:
        raise refusal(place, "a list of at least one value is expected")
    return [One(NOTHING) if value is None else read(value, inside(place, at)) for at, value in enumerate(values)]


def _bounds(spec: dict[str, Any], distribution: str, place: str) -> tuple[float, float]:
    names = tuple(_FORMS[distribution])
    for name in names:
        if not is_number(spec[name]):
            raise refusal(inside(place, name), f"{spec[name]!r} is not a number")
        if distribution == "log_uniform" and spec[name] <= 0:
            raise refusal(inside(place, name), "must be above 0")
    first, second = spec[names[0]], spec[names[1]]
    if distribution == "normal" and second < 0:
        raise refusal(inside(place, "std"), "must not be below 0")
    if distribution != "normal" and first > second:
        raise refusal(inside(place, "to"), f"{second} is below from, {first}")
    return first, second


def _decimally(make: Callable[..., Decimal], *given: float) -> float:
    """Compute in decimal arithmetic and round to 15 digits."""
    from decimal import Context, Decimal, localcontext

    with localcontext(Context(prec=_PRECISION)):
        return float(f"{make(*(Decimal(repr(number)) for number in given)):.14e}")


def _uniform(low: Decimal, high: Decimal, share: Decimal, _: Decimal) -> Decimal:
    return low + (high - low) * share


def _log_uniform(low: Decimal, high: Decimal, share: Decimal, _: Decimal) -> Decimal:
    return (low.ln() + (high.ln() - low.ln()) * share).exp()


def _normal(mean: Decimal, std: Decimal, share: Decimal, turn: Decimal) -> Decimal:
    """Return a value of the normal distribution, of two uniform ones (Box and Muller 1958)."""
    from decimal import Decimal

    length = (-2 * (1 - share).ln()).sqrt()
    return mean + std * length * _cosine(Decimal(_TWO_PI) * turn)


def _cosine(angle: Decimal) -> Decimal:
    """Return the cosine: of a small part of the angle by its series, then of twice that, again and again."""
    from decimal import Decimal

    square = (angle / 2**_DOUBLINGS) ** 2
    total = term = Decimal(1)
    for number in range(2, 2 * _TERMS + 1, 2):
        term *= -square / (number * (number - 1))
        total += term
    for _ in range(_DOUBLINGS):
        total = 2 * total**2 - 1
    return total


_DISTRIBUTIONS: dict[str, Callable[..., Decimal]] = {
    "uniform": _uniform,
    "log_uniform": _log_uniform,
    "normal": _normal,
}
