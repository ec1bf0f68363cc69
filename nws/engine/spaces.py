"""Many values described by few: their number is known, and each can be taken by its number, before any is made.

This room counts and combines; it must not know which words of a config file stand for it.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Space(Protocol):
    """An ordered collection of `size` values that are made when they are taken."""

    @property
    def size(self) -> int:
        """How many values there are."""

    def at(self, index: int) -> Any:
        """Make the value number `index`, from 0."""


class One:
    """A single value."""

    size = 1

    def __init__(self, value: Any) -> None:
        self._value = value

    def at(self, index: int) -> Any:
        """Return the value."""
        assert index == 0
        return self._value


class Either:
    """The values of one part after those of another."""

    def __init__(self, parts: Sequence[Space]) -> None:
        self._parts = parts
        self._ends = list(itertools.accumulate(part.size for part in parts))
        self.size = self._ends[-1] if self._ends else 0

    def at(self, index: int) -> Any:
        """Take a value from the part that holds its number."""
        part = bisect.bisect_right(self._ends, index)
        return self._parts[part].at(index - (self._ends[part - 1] if part else 0))


class Product:
    """Every combination of one value from each part; the last part varies fastest.

    Parameters
    ----------
    parts
        The parts.
    build
        Makes one value of a list of values, one from each part.
    """

    def __init__(self, parts: Sequence[Space], build: Callable[[list[Any]], Any]) -> None:
        self._parts = parts
        self._build = build
        self.size = math.prod(part.size for part in parts)

    def at(self, index: int) -> Any:
        """Take one value of each part and build."""
        taken = []
        for part in reversed(self._parts):
            index, place = divmod(index, part.size)
            taken.append(part.at(place))
        taken.reverse()
        return self._build(taken)


class Sequenced:
    """Values that a function makes of their number; each is made once, since products take it again and again."""

    def __init__(self, size: int, value: Callable[[int], Any]) -> None:
        self.size = size
        self._value = functools.cache(value)

    def at(self, index: int) -> Any:
        """Return the value."""
        return self._value(index)


class Subset:
    """Some of the values of another space, in its order."""

    def __init__(self, space: Space, indices: Sequence[int]) -> None:
        self._space = space
        self._indices = indices
        self.size = len(indices)

    def at(self, index: int) -> Any:
        """Take the value from the other space."""
        return self._space.at(self._indices[index])


def product(parts: Sequence[Space], build: Callable[[list[Any]], Any]) -> Space:
    """Return the product of `parts`, or the one value where there is no choice: it is then made once and shared."""
    if all(isinstance(part, One) for part in parts):
        return One(build([part.at(0) for part in parts]))
    return Product(parts, build)


def values(space: Space) -> Iterator[Any]:
    """Make every value, in order."""
    return (space.at(index) for index in range(space.size))


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
        drawn.add(int(draw() * space.size))
    if wanted < count:
        return Subset(space, [index for index in range(space.size) if index not in drawn])
    return Subset(space, sorted(drawn))


def linear(start: float, end: float, step: float) -> Space:
    """Return the numbers `start`, `start + step`, … up to and including `end`.

    They are computed as exact fractions of the decimals that were written and rounded once, so that the third of
    `0.1, 0.2, …` is 0.3. All are integers if the three given numbers are.
    """
    whole = all(isinstance(number, int) for number in (start, end, step))
    first, pace = _exact(start), _exact(step)
    size = max(0, math.floor((_exact(end) - first) / pace) + 1)
    return Sequenced(size, lambda index: _rounded(first + index * pace, whole=whole))


def logarithmic(start: float, end: float, number: int) -> Space:
    """Return `number` values from `start` to `end` with equal ratios; both ends are exact.

    The values between are computed in decimal arithmetic, which is the same on every machine, and rounded to 15 digits.
    """
    from decimal import Context, Decimal, localcontext

    def value(index: int) -> float:
        if index in {0, number - 1}:
            return float(start if index == 0 else end)
        with localcontext(Context(prec=40)):
            low, high = Decimal(repr(start)).ln(), Decimal(repr(end)).ln()
            between = (low + (high - low) * index / (number - 1)).exp()
            return float(f"{between:.14e}")

    return Sequenced(number, value)


def _exact(number: float) -> Fraction:
    return Fraction(repr(number))


def _rounded(number: Fraction, *, whole: bool) -> float:
    return int(number) if whole else float(number)
