"""The numbers that `_range_` and `_log_range_` stand for.

This room reads the forms of a range; it must not know of other generators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nws.engine.document import inside, refusal
from nws.engine.spaces import Space, linear, logarithmic

if TYPE_CHECKING:
    from collections.abc import Sequence


def linear_range(spec: Any, place: str) -> Space:
    """Return the numbers of `_range_`: `[from, to]`, `[from, to, step]` or the same by name; the end is included."""
    start, end, step = _numbers(spec, place, ("from", "to", "step"), default=1)
    if step == 0:
        raise refusal(place, "a step of 0 goes nowhere")
    return linear(start, end, step)


def log_range(spec: Any, place: str) -> Space:
    """Return the numbers of `_log_range_`: `[from, to, num]` or the same by name, with equal ratios between them."""
    if isinstance(spec, dict) and "base" in spec:
        # The ratio between neighbours follows from the ends and the number, whatever the base.
        spec = {key: value for key, value in spec.items() if key != "base"}
    start, end, number = _numbers(spec, place, ("from", "to", "num"))
    if start <= 0 or end <= 0:
        raise refusal(place, "both ends must be above 0")
    if not is_whole(number) or number < 2:
        raise refusal(place, f"num = {number!r} is not a whole number from 2 up")
    return logarithmic(start, end, int(number))


def _numbers(spec: Any, place: str, names: tuple[str, str, str], default: int | None = None) -> Sequence[float]:
    form = f"[{', '.join(names)}] or {{{', '.join(names)}}}"
    if isinstance(spec, dict):
        unknown = [key for key in spec if key not in names]
        if unknown:
            raise refusal(inside(place, unknown[0]), "no such entry", hint=f"the form is {form}")
        spec = [spec.get(name, default if name == names[2] else None) for name in names]
    elif isinstance(spec, list) and len(spec) == 2:
        spec = [*spec, default]
    if not isinstance(spec, list) or len(spec) != 3 or not all(_is_number(value) for value in spec):
        raise refusal(place, "three numbers are expected", hint=f"the form is {form}")
    return spec


def is_whole(value: Any) -> bool:
    """Say whether a value is a whole number, which a boolean is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
