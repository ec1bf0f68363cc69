"""How it is said what an operator of nirs4all equals.

This room holds the forms of a table; it must not know what stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Link:
    """One class of those that an operator equals.

    `params` are its parameters if the operator is given none. `passed` says where parameters of the operator go:
    `params.lam` is an entry of an object, `steps.0.1` of lists; `rest` is the object that takes all other parameters.
    """

    path: str
    params: dict[str, Any] = field(default_factory=dict)
    passed: dict[str, str] = field(default_factory=dict)
    rest: str | None = None


@dataclass(frozen=True, kw_only=True)
class Equal:
    """What an operator equals: one class or several in a row.

    `fixed` are parameters of the operator with the values that have this equal, first the default; those in `given`
    have to be given, with one of these values. `ignored` change no result.
    """

    chain: tuple[Link, ...]
    fixed: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    given: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it takes parameters of any name."""
        return any(link.rest is not None for link in self.chain)

    def names(self) -> list[str]:
        """Return the parameters it knows, but for `copy`."""
        passed = [name for link in self.chain for name in link.passed]
        return list(dict.fromkeys([*passed, *self.fixed, *self.given, *self.ignored]))


def one(path: str, *same: str, **params: Any) -> Link:
    """Return a link that takes the parameters `same` under their own names, and has `params` if it is given none."""
    return Link(path=path, params=params, passed={name: name for name in same})
