"""Software: what a record keeps of the packages that made it, and which of them decide its result.

This room compares names and numbers of packages; it must not know pipelines on disk, nor import what it asks about.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nws.ids import ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

# Raised whenever the engine would give another result for the same task and the same packages. The version of nws is
# not that: most of its releases change no figure.
ENGINE = 2
PACKAGES = ("nws", "numpy", "scipy", "scikit-learn", "chemotools", "joblib")
# What every pipeline is computed with, whatever its steps.
_ALWAYS = frozenset({"numpy", "scipy", "scikit-learn"})
# Under which name a package is installed, where that is not the one it is imported under.
_INSTALLED_AS = {"sklearn": "scikit-learn"}
_UNKNOWN = "unknown"


def environment(trusted: Iterable[str] = ()) -> dict[str, Any]:
    """Return what records keep of the software: `python`, `packages` by name, and `engine`.

    Parameters
    ----------
    trusted
        Packages of which pipelines may use classes, by the name they are imported under.
    """
    import platform

    packages = {name: _installed(name) or _UNKNOWN for name in PACKAGES}
    packages |= {name: _trusted(name) for name in trusted if _INSTALLED_AS.get(name, name) not in packages}
    return {"python": platform.python_version(), "packages": packages, "engine": ENGINE}


def decides(canonical: Any) -> set[str]:
    """Return the packages whose versions decide the result of a pipeline, named as in `packages`.

    Parameters
    ----------
    canonical
        The canonical config: steps with their class paths, which may also stand inside parameters.
    """
    used = {path.partition(".")[0] for path in classes(canonical)}
    return {*_ALWAYS, *(_INSTALLED_AS.get(name, name) for name in used - {"nws"})}


def equal(then: Mapping[str, Any], now: Mapping[str, Any], canonical: Any) -> bool:
    """Say whether a pipeline made in one environment would be made the same in another.

    What has no version can change without notice, and never counts as the same.
    """
    # Records from before the engine was counted are of the first.
    if then.get("engine", 1) != now.get("engine", 1):
        return False
    before, after = then.get("packages") or {}, now.get("packages") or {}
    known = ((before.get(name), after.get(name)) for name in decides(canonical))
    return all(first == second and first not in {None, _UNKNOWN} for first, second in known)


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what differs between two environments: `name`, `then`, `now`; None where it is not told."""
    before = {"python": then.get("python"), **(then.get("packages") or {}), "engine": then.get("engine", 1)}
    after = {"python": now.get("python"), **(now.get("packages") or {}), "engine": now.get("engine", 1)}
    return [
        {"name": name, "then": before[name], "now": after.get(name)}
        for name in before
        if before[name] != after.get(name)
    ]


def classes(node: Any) -> Iterator[str]:
    """Yield every class path in a canonical config, or in parameters."""
    if isinstance(node, dict):
        if isinstance(node.get("class"), str):
            yield node["class"]
        for item in node.values():
            yield from classes(item)
    elif isinstance(node, list):
        for item in node:
            yield from classes(item)


def _installed(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _trusted(name: str) -> str:
    """Return the version of a package that a person may be writing himself: then what its files say is part of it."""
    from importlib.metadata import packages_distributions

    found = _installed(name)
    dists = [name] if found is not None else packages_distributions().get(name, [])
    if dists and not _is_edited(dists[0]):
        return found or _installed(dists[0]) or _UNKNOWN
    digest = _digest(name)
    return _UNKNOWN if digest is None else f"{_installed(dists[0]) if dists else 'source'}+{digest}"


def _is_edited(dist: str) -> bool:
    """Say whether a package is used where its source lies, and so may change under one version."""
    from importlib.metadata import distribution

    try:
        origin = json.loads(distribution(dist).read_text("direct_url.json") or "{}")
    except ValueError:
        return False
    return bool((origin.get("dir_info") or {}).get("editable"))


def _digest(name: str) -> str | None:
    """Return a short hash of the Python files of a package that is importable; nothing of it is imported."""
    from importlib.util import find_spec
    from pathlib import Path

    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    folders = [Path(folder) for folder in spec.submodule_search_locations or []]
    files = [(path.relative_to(folder), path) for folder in folders for path in sorted(folder.rglob("*.py"))]
    if not folders and spec.origin is not None:
        files = [(Path(Path(spec.origin).name), Path(spec.origin))]
    parts = [part for at, path in files for part in (at.as_posix().encode(), _content(path))]
    return ObjectId.of(b"\0".join(parts))[:12] if parts else None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
