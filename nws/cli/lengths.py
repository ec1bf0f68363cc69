"""Lengths of time as people write them in options: 30d, 2w, 90m.

This room reads words; it must not know which option they were given to.
"""

import datetime as dt
import re

from nws.errors import UsageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = dt.timedelta(weeks=100 * 52)


def length(text: str, option: str) -> dt.timedelta:
    """Read a length of time.

    Parameters
    ----------
    text
        A number with one of the units s, m, h, d, w; or 0.
    option
        What it was given to, for the message.

    Raises
    ------
    UsageError
        If it is anything else, or longer than a century.
    """
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([smhdw]?)", text.strip())
    hint = f"a number with s, m, h, d or w, as in {option} 30d, or 0"
    if found is None or (not found[2] and float(found[1])):
        raise UsageError(f"{option}: not a length of time: {text[:40]!r}", hint=hint)
    try:
        span = dt.timedelta(**{_UNITS[found[2] or "s"]: float(found[1])})
    except OverflowError as err:
        raise UsageError(f"{option}: longer than a century: {text}", hint=hint) from err
    if span > _LONGEST:
        raise UsageError(f"{option}: longer than a century: {text}", hint=hint)
    return span
