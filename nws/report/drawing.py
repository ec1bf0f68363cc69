"""The one chart that a page draws without its script: a value over runs, as SVG in the colours of the page.

This room must not know what the values are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.report import wording
from nws.report.markup import Html, tag

if TYPE_CHECKING:
    from nws.report.blocks import Line

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 14, 30


def line_chart(line: Line) -> Html:
    """Return values over steps as an SVG element."""
    low, high = min(line.values), max(line.values)
    room = (high - low) * 0.1 or abs(high) * 0.1 or 1.0
    low, high = low - room, high + room
    wide = (WIDTH - _LEFT - _RIGHT) / max(1, len(line.values) - 1)
    points = [
        (_LEFT + place * wide, _TOP + (high - value) / (high - low) * (HEIGHT - _TOP - _BOTTOM))
        for place, value in enumerate(line.values)
    ]
    marks = [
        tag(
            "g",
            tag("title", f"{label}: {line.unit} {wording.figure(value)}"),
            tag("circle", cx=_at(x), cy=_at(y), r=4, class_="dot"),
        )
        for label, value, (x, y) in zip(line.labels, line.values, points, strict=True)
    ]
    ticks = [low + (high - low) * share for share in (0.1, 0.5, 0.9)]
    scale = [
        tag(
            "g",
            tag("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=_at(y), y2=_at(y), class_="grid"),
            _text(wording.figure(tick), _LEFT - 8, y + 4, "end"),
        )
        for tick in ticks
        for y in [_TOP + (high - tick) / (high - low) * (HEIGHT - _TOP - _BOTTOM)]
    ]
    path = tag("polyline", points=" ".join(f"{_at(x)},{_at(y)}" for x, y in points), class_="path")
    ends = [_text("oldest run", _LEFT, HEIGHT - 8, "start"), _text("newest run", WIDTH - _RIGHT, HEIGHT - 8, "end")]
    return tag(
        "svg",
        *scale,
        path,
        *marks,
        *ends,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=line.title,
        class_="line",
    )


def _text(text: str, x: float, y: float, anchor: str) -> Html:
    return tag("text", text, x=_at(x), y=_at(y), text_anchor=anchor)


def _at(value: float) -> str:
    return f"{value:.1f}"
