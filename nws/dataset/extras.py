"""Packages that only some files need: found, or named with the command that installs them.

This room must not know what is read with them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nws.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


def needed(module: str, *, extra: str, path: Path, kind: str, otherwise: str) -> Any:
    """Import a package of one of the extras.

    Parameters
    ----------
    module
        Its name in Python.
    extra
        The extra of this package that brings it.
    path, kind
        The file that needs it, and what kind of file that is.
    otherwise
        What a person can do without it.

    Raises
    ------
    BadInput
        If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as err:
        raise BadInput(
            f"{path}: reading {kind} files needs the package {module}, which is not installed",
            hint=f"pip install 'nws[{extra}]', or {otherwise}",
        ) from err
