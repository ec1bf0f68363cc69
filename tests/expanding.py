"""Descriptions of the dialect, expanded."""

from __future__ import annotations

from nws.engine.generators import space_of
from nws.engine.spaces import values


def made(node):
    """All values that a description stands for, whose number was known before."""
    space = space_of(node, "f: p")
    found = list(values(space))
    assert len(found) == space.size
    return found
