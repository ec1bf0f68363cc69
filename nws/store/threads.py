"""Work on several threads with its order kept and its memory bounded.

This module runs functions; it must not know what they work on.
"""

from __future__ import annotations

import collections
import os
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")
# More threads than this only hold more memory: a shared disk is the limit before they are.
_MOST_WORKERS = 4


def workers() -> int:
    """Return how many threads to compress on: the cores that this process may use, within a limit."""
    if hasattr(os, "sched_getaffinity"):
        return min(_MOST_WORKERS, len(os.sched_getaffinity(0)))
    return min(_MOST_WORKERS, os.cpu_count() or 1)


def in_order(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield `work(item)` for every item, in order, a few at once.

    Items are taken only as results are wanted: no more of them are in flight than there are workers, and one.
    """
    from concurrent.futures import ThreadPoolExecutor

    count = workers()
    with ThreadPoolExecutor(count) as pool:
        waiting: collections.deque[Future[R]] = collections.deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class Spares(Generic[T]):
    """Things that one thread uses at a time and that are dear to make: contexts of zstd, large buffers.

    Parameters
    ----------
    make
        Makes one, when all are in use.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._idle: collections.deque[T] = collections.deque()

    def take(self) -> T:
        """Return one that nobody uses."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._make()

    def give(self, thing: T) -> None:
        """Hand one back."""
        self._idle.append(thing)
