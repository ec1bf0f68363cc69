"""Every class that a config names, found before any is used.

Importing a class runs code, so that none is imported if one is refused. This room reads descriptions with generators in
them; it must not know what the classes are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.documents import inside
from nws.engine.classes import resolve
from nws.engine.keywords import (
    CARTESIAN,
    CHAIN,
    CONSTRAINTS,
    HEADS,
    LABELS,
    MAPPINGS,
    OR,
    PASSTHROUGH,
    SAMPLE,
    refuse_keyword,
)
from nws.engine.nirs4all import has_equal
from nws.engine.parameters import admit

if TYPE_CHECKING:
    from collections.abc import Iterator

# Beside no head, what stands under these stands for what they stand in.
_TRANSPARENT = {OR, CHAIN, CARTESIAN, SAMPLE, "values", "operations"}
_WITHOUT = {*CONSTRAINTS, *LABELS}


def check_classes(steps: list[Any], place: str, trusted: tuple[str, ...]) -> None:
    """Decide trust for every class that is named anywhere, then import them: none is run if one is refused.

    Raises
    ------
    BadInput
        If a class does not exist, or is a keyword that is not supported.
    NotTrusted
        If a package may not be imported.
    """
    named = list(_named(steps, place, is_class=True))
    for path, within in named:
        refuse_keyword(path, within)
        admit(path, trusted=trusted, place=within)
    for path, within in named:
        if not has_equal(path):
            resolve(path, within)


def _named(node: Any, place: str, *, is_class: bool) -> Iterator[tuple[str, str]]:
    """Find the class paths in a description, each with its place; `is_class` says whether text here is one."""
    place = getattr(node, "place", place)
    if isinstance(node, str):
        if is_class and node != PASSTHROUGH:
            yield node, place
    elif isinstance(node, list):
        for at, item in enumerate(node):
            yield from _named(item, inside(place, at), is_class=is_class)
    elif isinstance(node, dict):
        yield from _named_in(node, place, is_class=is_class)


def _named_in(node: dict[str, Any], place: str, *, is_class: bool) -> Iterator[tuple[str, str]]:
    stands_for_it = is_class and not any(head in node for head in HEADS)
    for key, item in node.items():
        inner = inside(place, key)
        if key in MAPPINGS and isinstance(item, dict):
            for name, choices in item.items():
                yield from _named(choices, inside(inner, name), is_class=name in HEADS)
        elif key not in _WITHOUT:
            yield from _named(item, inner, is_class=key in HEADS or (stands_for_it and key in _TRANSPARENT))
