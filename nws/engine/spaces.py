"""Many values described by few: their number is known, and each can be taken by its number, before any is made.

This room counts and combines; it must not know which words of a config file stand for it.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Nothing(Enum):
    """What `null` as a choice stands for: the entry is left out, be it a step or a parameter."""

    NOTHING = None


NOTHING = Nothing.NOTHING


class Marked(NamedTuple):
    """A value with marks that go on to whatever is built of it; marks are added with `+`, the later being nearer."""

    value: Any
    marks: Any


class Space(Protocol):
    """An ordered collection of `size` values that are made when they are taken; `marked` if they may be `Marked`."""

    @property
    def size(self) -> int:
        """How many values there are."""

    @property
    def marked(self) -> bool:
        """Whether some of the values, or of the entries of lists among them, may be marked."""

    def at(self, index: int) -> Any:
        """Make the value number `index`, from 0."""


class One:
    """A single value."""

    size = 1

    def __init__(self, value: Any, *, marked: bool = False) -> None:
        self._value = value
        self.marked = marked

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
        self.marked = any(part.marked for part in parts)

    @property
    def sizes(self) -> list[int]:
        """How many values each part has."""
        return [part.size for part in self._parts]

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
        self.marked = any(part.marked for part in parts)

    def at(self, index: int) -> Any:
        """Take one value of each part and build."""
        return self._build(take(self._parts, index))


class Sequenced:
    """Values that a function makes of their number; each is made once, since products take it again and again."""

    def __init__(self, size: int, value: Callable[[int], Any], *, marked: bool = False) -> None:
        self.size = size
        self.marked = marked
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
        self.marked = space.marked

    def at(self, index: int) -> Any:
        """Take the value from the other space."""
        return self._space.at(self._indices[index])


class Marking:
    """The values of another space, with marks."""

    marked = True

    def __init__(self, space: Space, marks: Any) -> None:
        self._space = space
        self._marks = marks
        self.size = space.size

    def at(self, index: int) -> Any:
        """Take the value from the other space and mark it."""
        value = self._space.at(index)
        if isinstance(value, Marked):
            return Marked(value.value, self._marks + value.marks)
        return Marked(value, self._marks)


def take(parts: Sequence[Space], index: int) -> list[Any]:
    """Return the combination number `index` of one value from each part, of which the last varies fastest."""
    taken = []
    for part in reversed(parts):
        index, place = divmod(index, part.size)
        taken.append(part.at(place))
    taken.reverse()
    return taken


def product(parts: Sequence[Space], build: Callable[[list[Any]], Any], *, lift: bool = True) -> Space:
    """Return the product of `parts`, or the one value where there is no choice: it is then made once and shared.

    The marks of what a value is built of become its own, unless `lift` is off: a list keeps them at its entries.
    """
    marked = any(part.marked for part in parts)
    if marked and lift:
        build = lifted(build)
    if all(isinstance(part, One) for part in parts):
        return One(build([part.at(0) for part in parts]), marked=marked)
    return Product(parts, build)


def lifted(build: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """Return a builder that takes marked values and marks what is built of them."""

    def building(taken: list[Any]) -> Any:
        marks: list[Any] = []
        value = build([plain(value, marks) for value in taken])
        return Marked(value, functools.reduce(lambda one, more: one + more, marks)) if marks else value

    return building


def plain(value: Any, marks: list[Any]) -> Any:
    """Return a value without its marks and those of entries of lists in it, which are put into `marks`."""
    if isinstance(value, Marked):
        marks.append(value.marks)
        return plain(value.value, marks)
    if isinstance(value, list):
        return list_of([plain(item, marks) for item in value])
    return value


def list_of(taken: list[Any]) -> list[Any]:
    """Build a list, without entries that are left out."""
    return [value for value in taken if value is not NOTHING]


def values(space: Space) -> Iterator[Any]:
    """Make every value, in order."""
    return (space.at(index) for index in range(space.size))
