"""Whether fitted steps may be loaded: whose files they are in, and which packages their classes are of.

Loading a pickle runs code, so all of this is decided before the first byte of one is read. This room must not know
what is done with the steps.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from nws.engine.classes import TRUSTED
from nws.errors import NotTrusted
from nws.trusted import other_owner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from nws.records import PipelineRecord

_TRUST = "if you trust whoever made it: `nws config trust add PATH`, or --trust for one call; its figures need no trust"


def check_owner(what: str, paths: Iterable[Path]) -> None:
    """Refuse files of another user: whoever may write them decides which code is run.

    Parameters
    ----------
    what
        What is to be loaded, for the message.
    paths
        The files and folders that it is made of; those that are not there are passed over.

    Raises
    ------
    NotTrusted
        With the path and its owner.
    """
    for path in paths:
        if (owner := other_owner(path)) is not None:
            raise NotTrusted(f"{what} is not loaded: {path} belongs to {_name_of(owner)}", hint=_TRUST)


def check_imported(what: str, path: Path, *, came: bool) -> None:
    """Refuse what came by import: whoever made it decides which code is run.

    Parameters
    ----------
    what
        What is to be loaded, for the message.
    path
        What to trust, for the hint.
    came
        Whether it came by import.

    Raises
    ------
    NotTrusted
        If it did.
    """
    if came:
        raise NotTrusted(
            f"{what} is not loaded: {path.name} came by import",
            hint=f"if you trust whoever made it: `nws config trust add {shlex.quote(str(path))}`, or --trust for one "
            "call; its figures need no trust",
        )


def _name_of(owner: int) -> str:
    import pwd

    try:
        return f"the user {pwd.getpwuid(owner).pw_name}"
    except KeyError:
        return f"the user with number {owner}"


def check_classes(what: str, record: PipelineRecord, trusted: tuple[str, ...]) -> None:
    """Refuse classes of packages that nobody trusted, by what the record says; nothing is imported.

    Raises
    ------
    NotTrusted
        With the class.
    """
    for path in sorted({str(item.get("class", "")) for item in (*record.steps, *record.artifacts)}):
        package = path.partition(".")[0]
        if package not in {*TRUSTED, *trusted}:
            raise NotTrusted(
                f"{what}: {path} is of the package {package!r}, which is not trusted",
                hint=f'name it in nws.toml if you trust its code: [trust] packages = ["{package}"]; or see --trust',
            )
