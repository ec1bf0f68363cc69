"""The versions of packages that a pipeline was fitted with, held against those that are here.

This room must not import the packages: their metadata says the version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nws.records import PipelineRecord

# The record names these too, but no fitted step depends on them.
_WITHOUT_EFFECT = {"nws", "joblib"}


def differences(record: PipelineRecord) -> tuple[str, ...]:
    """Return a line that names every package of another version; none where all are the same."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    told = record.environment.get("packages") or {}
    pairs = {name: str(before) for name, before in told.items() if name not in _WITHOUT_EFFECT}
    found = []
    for name, before in pairs.items():
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "not installed"
        if before not in {here, "unknown"}:
            found.append(f"{name} {before} (here {here})")
    python, ours = str(record.environment.get("python", "")), platform.python_version()
    if python and python.split(".")[:2] != ours.split(".")[:2]:
        found.append(f"Python {python} (here {ours})")
    return (f"fitted with other versions, so predictions may differ: {', '.join(found)}",) if found else ()
