"""nws: git for model runs in near-infrared spectroscopy.

The public names are loaded on first use, so that `import nws` costs nothing; nothing here may import a heavy library.
"""

from __future__ import annotations

# Type checkers know this name; importing it from `typing` would be most of what `nws --version` costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nws.api import Workspace
    from nws.errors import NwsError
    from nws.ids import ObjectId
    from nws.store import ObjectStore

__version__ = "0.1.0"
__all__ = ["NwsError", "ObjectId", "ObjectStore", "Workspace", "__version__"]

_HOMES = {
    "NwsError": "nws.errors",
    "ObjectId": "nws.ids",
    "ObjectStore": "nws.store",
    "Workspace": "nws.api",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nws' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
