"""What surrounds a fit and must not leak out of it: warnings, printing, shared random numbers, where an error arose.

This room must not know what is fitted.
"""

from __future__ import annotations

import contextlib
import random
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nws.engine.tasks import Numbered

MOST_WARNINGS = 20
LONGEST_MESSAGE = 500
# Meant for those who write libraries, and hidden by Python too.
_NOT_FOR_USERS = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)

Log = list[warnings.WarningMessage]


@dataclass
class Place:
    """Where a task has come to: a step, a fold and, in nested cross-validation, an outer fold, each by its number."""

    step: str | None = None
    class_path: str | None = None
    fold: int | None = None
    outer: int | None = None

    def at(self, step: Numbered) -> None:
        """Go to a step."""
        self.step, self.class_path = step.number, step.spec.path


@contextlib.contextmanager
def recorded() -> Iterator[Log]:
    """Collect warnings instead of showing them, and show what is printed as words for people, since it is no data."""
    with warnings.catch_warnings(record=True) as log, contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("always")
        for category in _NOT_FOR_USERS:
            warnings.simplefilter("ignore", category)
        yield log


def summary(log: Log) -> list[str]:
    """Return each warning once, in order of appearance, with how often it came."""
    counts = Counter(f"{entry.category.__name__}: {message(entry.message)}" for entry in log)
    lines = [text if count == 1 else f"{text} ({count} times)" for text, count in counts.items()]
    if len(lines) > MOST_WARNINGS:
        return [*lines[:MOST_WARNINGS], f"and {len(lines) - MOST_WARNINGS} other warnings"]
    return lines


def message(err: object) -> str:
    """Return what an error or a warning says, on one line of bounded length, or what it is if it says nothing."""
    try:
        text = " ".join(str(err).encode(errors="backslashreplace").decode().split())
    except Exception:  # noqa: BLE001 -- code of others can fail in any way, here too
        text = ""
    text = text or type(err).__name__
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the generators that a process shares, for code that knows no other, and put them back afterwards."""
    import numpy as np

    plain, arrays = random.getstate(), np.random.get_state()  # noqa: NPY002 -- exactly the shared one is meant
    random.seed(seed)
    np.random.seed(seed & 0xFFFFFFFF)  # noqa: NPY002 -- as above
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(arrays)  # noqa: NPY002 -- as above
