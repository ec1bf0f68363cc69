"""What a worker remembers from one task to the next: a bounded store of things that cost time to make again.

It holds whatever it is given under whatever key; it must not know what that is. What is in it must never change what
comes of a task, only how soon.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Memo:
    """Keeps the values used last.

    Parameters
    ----------
    limit
        Sum of the sizes that may be held; a value larger than that is handed on and not kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    @property
    def size(self) -> int:
        """Sum of the sizes held now."""
        return self._held

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return the value of `key`, made now if it is not held.

        Parameters
        ----------
        key
            Must say all that the value depends on.
        make
            Makes the value; what it raises passes, and nothing is kept.
        size
            Says how large a value is, in the unit of the limit.
        """
        known = self._values.get(key)
        if known is not None:
            self._values.move_to_end(key)
            return known[0]  # type: ignore[no-any-return]
        value = make()
        self._keep(key, value, size(value))
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._held = 0

    def _keep(self, key: Hashable, value: Any, size: int) -> None:
        if size > self._limit:
            return
        self._values[key] = value, size
        self._held += size
        while self._held > self._limit:
            _, (_, freed) = self._values.popitem(last=False)
            self._held -= freed
