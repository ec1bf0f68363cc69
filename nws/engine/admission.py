"""Steps that come from documents of a workspace, not from a config file: whether their classes may be imported.

What a workspace says may have been written by anybody, so trust is decided anew, for all classes before the first is
imported. This room must not know which document it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.engine import software
from nws.engine.classes import resolve
from nws.engine.parameters import admit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nws.engine.tasks import StepSpec


def check_steps(steps: Iterable[StepSpec], *, trusted: tuple[str, ...], place: str) -> None:
    """Refuse steps with classes that may not be used, then import those that may.

    Parameters
    ----------
    steps
        The steps; classes may also stand inside their parameters.
    trusted
        Packages that may be imported besides those that always may.
    place
        What names them, for messages.

    Raises
    ------
    BadInput
        If a class path is none, or the class is not there.
    NotTrusted
        If a package may not be imported; none of the others was imported then.
    """
    paths = dict.fromkeys(path for step in steps for path in (step.path, *software.classes(step.params)))
    for path in paths:
        admit(path, trusted=trusted, place=place)
    for path in paths:
        resolve(path, place)
