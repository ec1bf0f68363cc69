"""HTML made of elements. What is text is escaped, because only what `tag` made is markup; there is no other way in.

This room must not know what a report says.
"""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nws.report.blocks import Cell

_VOID = frozenset({"meta", "input", "img", "br", "hr"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class Html(str):
    """Markup. Whatever is not of this type is text, and is escaped."""

    __slots__ = ()


def tag(name: str, /, *children: Cell | Html, **attributes: str | int | bool | None) -> Html:
    """Return an element.

    Parameters
    ----------
    name
        Its name.
    *children
        What is in it: text, which is escaped, and other elements.
    **attributes
        `class_` and `for_` stand for the words of Python, `_` for `-`; one that is None or False is left out.
    """
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escaped(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: Iterable[Cell | Html], between: str = "") -> Html:
    """Return elements and text one after the other."""
    return Html(
        between.join(
            child if isinstance(child, Html) else escaped(str(child)) for child in children if child is not None
        )
    )


def escaped(text: str) -> str:
    """Return text for a place between tags or in an attribute; what no page may hold is replaced."""
    return html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", plain(text)), quote=True)


def plain(text: str) -> str:
    """Return text that can be written as UTF-8: names of files may hold half a surrogate pair."""
    return text.encode(errors="backslashreplace").decode()


def raw(name: str, content: str, **attributes: str) -> Html:
    """Return a `style` or `script` element with content of our own that ends it nowhere."""
    if re.search(rf"</{name}|<!--", content, re.IGNORECASE):
        raise ValueError(f"a {name} element cannot hold its own end")
    given = "".join(f' {key}="{escaped(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>{content}</{name}>")


def data(value: Any, *, name: str) -> Html:
    """Return values as JSON in an element that the page's own script reads; no text in it can end the element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False, sort_keys=True)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return raw("script", text, type="application/json", id=name)
