"""The numbers that `_range_` and `_log_range_` stand for.

This room reads the forms of a range and computes its numbers; it must not know of other generators.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from nws.documents import inside, refusal
from nws.engine.keywords import is_number, is_whole
from nws.engine.spaces import Sequenced, Space

if TYPE_CHECKING:
    from collections.abc import Sequence

LOG_NUMBER = 10


def linear_range(spec: Any, place: str) -> Space:
    """Return the numbers of `_range_`: `[from, to]`, `[from, to, step]` or the same by name; the end is included."""
    start, end, step = _numbers(spec, place, ("from", "to", "step"), default=1)
    if step == 0:
        raise refusal(place, "a step of 0 goes nowhere")
    return _linear(start, end, step)


def log_range(spec: Any, place: str) -> Space:
    """Return the numbers of `_log_range_`: `[from, to, num]` or the same by name, with equal ratios between them."""
    if isinstance(spec, dict):
        base = spec.get("base", 10)
        if not is_number(base) or base <= 0 or base == 1:
            raise refusal(inside(place, "base"), f"{base!r} is not a number above 0 other than 1")
        # The ratio between neighbours follows from the ends and the number, whatever the base.
        spec = {"num": LOG_NUMBER, **{key: value for key, value in spec.items() if key != "base"}}
    start, end, number = _numbers(spec, place, ("from", "to", "num"))
    if start <= 0 or end <= 0:
        raise refusal(place, "both ends must be above 0")
    if not is_whole(number) or number < 2:
        raise refusal(place, f"num = {number!r} is not a whole number from 2 up")
    return _logarithmic(start, end, int(number))


def _numbers(spec: Any, place: str, names: tuple[str, str, str], default: int | None = None) -> Sequence[float]:
    shorter = f"[{', '.join(names[:2])}], " if default is not None else ""
    form = f"{shorter}[{', '.join(names)}] or {{{', '.join(names)}}}"
    if isinstance(spec, dict):
        unknown = [key for key in spec if key not in names]
        if unknown:
            raise refusal(inside(place, unknown[0]), "no such entry", hint=f"the form is {form}")
        spec = [spec.get(name, default if name == names[2] else None) for name in names]
    elif isinstance(spec, list) and len(spec) == 2:
        spec = [*spec, default]
    if not isinstance(spec, list) or len(spec) != 3 or not all(is_number(value) for value in spec):
        wanted = "two or three numbers" if shorter else "three numbers"
        raise refusal(place, f"{wanted} are expected", hint=f"the form is {form}")
    return spec


def _linear(start: float, end: float, step: float) -> Space:
    """Return the numbers `start`, `start + step`, … up to and including `end`.

    They are computed as exact fractions of the decimals that were written and rounded once, so that the third of
    `0.1, 0.2, …` is 0.3. All are integers if the three given numbers are.
    """
    whole = all(isinstance(number, int) for number in (start, end, step))
    first, pace = _exact(start), _exact(step)
    size = max(0, math.floor((_exact(end) - first) / pace) + 1)
    return Sequenced(size, lambda index: _rounded(first + index * pace, whole=whole))


def _logarithmic(start: float, end: float, number: int) -> Space:
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
