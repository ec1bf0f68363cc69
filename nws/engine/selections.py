"""Choosing some of several items, with or without regard to order, and some of the values of a space at random.

Each selection is found by its number alone, so that millions of them cost nothing until they are made. This room
counts; it must not know which words of a config file ask for it.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from nws.engine.spaces import Either, Space, Subset, list_of, take

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Beyond this a whole number has no float, by which numbers are drawn.
_FLOATS = 2**1000


class Combinations:
    """Lists of `taken` of the items, in the order of the items; each item stands for the values that it has.

    The order is that of `itertools.combinations`, the values of one combination together, the last item fastest.
    """

    def __init__(self, items: Sequence[Space], taken: int) -> None:
        self._items = items
        self._taken = taken
        self._weight = _weight(items, taken)
        self.size = self._weight(0, taken)
        self.marked = _marked(items)

    def at(self, index: int) -> list[Any]:
        """Make the selection."""
        chosen: list[Space] = []
        start, factor, weight = 0, 1, self._weight
        for left in range(self._taken, 0, -1):
            whole = weight(start, left)

            def end(item: int, left: int = left, whole: int = whole, factor: int = factor) -> int:
                """How many come before the first that begins after `item`."""
                return factor * (whole - weight(item + 1, left))

            at = start + bisect.bisect_right(range(start, len(self._items)), index, key=end)
            index -= factor * (whole - weight(at, left))
            chosen.append(self._items[at])
            factor *= self._items[at].size
            start = at + 1
        return list_of(take(chosen, index))


class Permutations:
    """Lists of `taken` of the items in every order; the order is that of `itertools.permutations`."""

    def __init__(self, items: Sequence[Space], taken: int) -> None:
        self._items = items
        self._taken = taken
        self._sizes = [item.size for item in items]
        self._is_even = len(set(self._sizes)) == 1
        self.size = math.factorial(taken) * _sum_of_products(tuple(self._sizes), taken)
        self.marked = _marked(items)

    def at(self, index: int) -> list[Any]:
        """Make the selection."""
        rest = list(range(len(self._items)))
        chosen: list[Space] = []
        factor = 1
        for left in range(self._taken - 1, -1, -1):
            place, index = self._first(rest, left, factor, index)
            item = rest.pop(place)
            chosen.append(self._items[item])
            factor *= self._sizes[item]
        return list_of(take(chosen, index))

    def _first(self, rest: list[int], left: int, factor: int, index: int) -> tuple[int, int]:
        """Return the place in `rest` of the item that comes first, with `left` after it, and the number from there."""
        if self._is_even:
            return divmod(index, factor * _power(self._sizes[0], left + 1) * math.perm(len(rest) - 1, left))
        sizes = [self._sizes[item] for item in rest]
        for place, size in enumerate(sizes):
            others = tuple(sizes[:place] + sizes[place + 1 :])
            block = factor * size * math.factorial(left) * _sum_of_products(others, left)
            if index < block:
                return place, index
            index -= block
        raise IndexError(index)


class Chosen:
    """Given selections of the items, each a tuple of their numbers."""

    def __init__(self, items: Sequence[Space], selections: Sequence[tuple[int, ...]]) -> None:
        self._items = items
        self._selections = selections
        self._ends = list(itertools.accumulate(math.prod(items[at].size for at in chosen) for chosen in selections))
        self.size = self._ends[-1] if self._ends else 0
        self.marked = _marked(items)

    def at(self, index: int) -> list[Any]:
        """Make the selection."""
        which = bisect.bisect_right(self._ends, index)
        rest = index - (self._ends[which - 1] if which else 0)
        return list_of(take([self._items[at] for at in self._selections[which]], rest))


class Item:
    """One value of a selection, to choose from again; a list of one counts as that one."""

    size = 1

    def __init__(self, space: Space, index: int) -> None:
        self._space = space
        self._index = index
        self.marked = space.marked

    def at(self, index: int) -> Any:
        """Make the value."""
        assert index == 0
        value = self._space.at(self._index)
        return value[0] if isinstance(value, list) and len(value) == 1 else value


def _power(base: int, exponent: int) -> int:
    return int(base**exponent)


def _marked(items: Sequence[Space]) -> bool:
    return any(item.marked for item in items)


def _weight(items: Sequence[Space], most: int) -> Callable[[int, int], int]:
    """Return the function (start, k) → how many values there are of k of the items from number `start` on."""
    sizes = [item.size for item in items]
    number = len(sizes)
    if len(set(sizes)) <= 1:
        size = sizes[0] if sizes else 1
        return lambda start, taken: math.comb(number - start, taken) * _power(size, taken)
    # Elementary symmetric polynomials of the sizes, from the last item to the first.
    rows = [[1] + [0] * most]
    for size in reversed(sizes):
        after = rows[-1]
        rows.append([1] + [after[taken] + size * after[taken - 1] for taken in range(1, most + 1)])
    rows.reverse()
    return lambda start, taken: rows[start][taken]


@functools.lru_cache(maxsize=4096)
def _sum_of_products(sizes: tuple[int, ...], taken: int) -> int:
    """Return the sum over all choices of `taken` sizes of their product."""
    if len(set(sizes)) <= 1:
        return math.comb(len(sizes), taken) * _power(sizes[0] if sizes else 1, taken)
    sums = [1] + [0] * taken
    for size in sizes:
        for number in range(taken, 0, -1):
            sums[number] += size * sums[number - 1]
    return sums[taken]


def sample(space: Space, count: int, seed: int) -> Space:
    """Return `count` values drawn without replacement, in the order of the space; all where there are no more.

    Only `random()` of a seeded generator is used, which Python promises never to change, so that the choice is the
    same in every version and on every machine.
    """
    import random

    if count >= space.size:
        return space
    draw = random.Random(seed).random  # noqa: S311 -- a repeatable choice, not a secret
    # Of two complementary choices the smaller is drawn, or the last numbers would be waited for too long.
    wanted = min(count, space.size - count)
    drawn: set[int] = set()
    while len(drawn) < wanted:
        drawn.add(int(draw() * space.size) if space.size < _FLOATS else _below(space.size, draw()))
    if wanted < count:
        return Subset(space, [index for index in range(space.size) if index not in drawn])
    return Subset(space, sorted(drawn))


def weighted_sample(space: Either, weights: Sequence[float], count: int, seed: int) -> Space:
    """Return `count` values drawn one after the other without replacement, in the order of the space.

    A part of the space has the probability of its weight, which its values share equally; values of weight 0 are never
    drawn. All is done in whole numbers, so that the choice is the same on every machine.
    """
    import random

    draw = random.Random(seed).random  # noqa: S311 -- a repeatable choice, not a secret
    sizes = space.sizes
    starts = [0, *itertools.accumulate(sizes)]
    common = math.lcm(*(size for size in sizes if size))
    shares = [Fraction(repr(weight)) / max(size, 1) * common for weight, size in zip(weights, sizes, strict=True)]
    scale = math.lcm(*(share.denominator for share in shares))
    whole = [int(share * scale) for share in shares]
    rest = list(sizes)
    moved: dict[int, int] = {}
    drawn = []
    for _ in range(count):
        masses = [share * left for share, left in zip(whole, rest, strict=True)]
        ends = list(itertools.accumulate(masses))
        if not ends[-1]:
            break
        part = bisect.bisect_right(ends, _below(ends[-1], draw()))
        # One of those left of the part; the last of them takes the place of the one that was drawn.
        place, last = starts[part] + _below(rest[part], draw()), starts[part] + rest[part] - 1
        drawn.append(moved.get(place, place))
        moved[place] = moved.get(last, last)
        rest[part] -= 1
    return Subset(space, sorted(drawn))


def _below(limit: int, share: float) -> int:
    """Return the whole number that is `share` (from 0, below 1, of 53 bits) of the way to `limit`."""
    return int(share * 2**53) * limit >> 53
