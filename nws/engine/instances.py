"""Estimators and splitters, made of a class path and plain parameters.

This room makes instances; it must not know why those: checks and canonical forms are `nws.engine.parameters`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from nws.engine.classes import TRUSTED, Known, resolve
from nws.errors import NwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# What packages besides scikit-learn call a seed, and a number of threads.
_SEEDS = ("random_state", "random_seed", "seed")
_THREADS = ("n_jobs", "thread_count")


def instantiate(path: str, params: dict[str, Any], *, seed_of: Callable[[str], int], where: str = "") -> Any:
    """Make an instance, with the instances inside its parameters.

    Parameters
    ----------
    path, params
        As `settle` returns them.
    seed_of
        Gives the seed for a `random_state` that is None, by its path within the parameters (`estimator.random_state`).
    where
        Path of this instance within the parameters, with a dot at its end; empty for the outermost.
    """
    known = resolve(path, path)
    taken = {
        name: as_taken(known, name, _instances(value, seed_of=seed_of, where=f"{where}{name}"))
        for name, value in params.items()
    }
    if _wants_seed(known, taken):
        taken["random_state"] = seed_of(f"{where}random_state")
    made = known.found(**taken)
    return made if known.path.partition(".")[0] in TRUSTED else _settled(known, made, taken, seed_of, where)


def preload(paths: Iterable[str]) -> None:
    """Import classes that were trusted before, so that the threads of what they load can be limited afterwards.

    One that cannot be imported is left to whoever needs it.
    """
    for path in paths:
        with contextlib.suppress(NwsError):
            resolve(path, path)


def _settled(known: Known, made: Any, taken: dict[str, Any], seed_of: Callable[[str], int], where: str) -> Any:
    """Fill in what classes of other packages leave open: a seed, and one thread.

    They do not heed the limits of their process, and both the bits of a sum and the bytes of a model depend on the
    number of threads. Some take parameters that are in no signature, so the instance is asked.
    """
    if hasattr(made, "split") or not (hasattr(made, "get_params") and hasattr(made, "set_params")):
        return made
    try:
        own = made.get_params(deep=False)
    except Exception:  # noqa: BLE001 -- one that cannot say its parameters may fit and predict all the same
        return made
    left = {name for name, value in {**known.defaults, **own}.items() if value is None}
    missing: dict[str, int] = {name: 1 for name in _THREADS if name in left and taken.get(name) is None}
    if "random_state" in left and not any(taken.get(name) is not None for name in _SEEDS):
        missing["random_state"] = seed_of(f"{where}random_state")
    return made.set_params(**missing) if missing else made


def _instances(value: Any, *, seed_of: Callable[[str], int], where: str) -> Any:
    if isinstance(value, list):
        return [_instances(item, seed_of=seed_of, where=f"{where}[{at}]") for at, item in enumerate(value)]
    if is_class(value):
        return instantiate(value["class"], value.get("params") or {}, seed_of=seed_of, where=f"{where}.")
    if isinstance(value, dict):
        return {key: _instances(item, seed_of=seed_of, where=f"{where}.{key}") for key, item in value.items()}
    return value


def _wants_seed(known: Known, taken: dict[str, Any]) -> bool:
    """Say whether a random state is missing; splitters that do not shuffle refuse one."""
    if any(taken.get(name) is not None for name in _SEEDS):
        return False
    if "random_state" not in known.defaults or taken.get("random_state", known.defaults["random_state"]) is not None:
        return False
    return not hasattr(known.found, "split") or bool(taken.get("shuffle", known.defaults.get("shuffle", True)))


def is_class(value: Any) -> bool:
    """Say whether a value inside parameters stands for an instance of a class."""
    return isinstance(value, dict) and isinstance(value.get("class"), str) and value.keys() <= {"class", "params"}


def as_taken(known: Known, name: str, value: Any) -> Any:
    """Return a value as a class takes it: JSON has no tuples, and some classes accept nothing else."""
    return tuple(value) if isinstance(value, list) and isinstance(known.defaults.get(name), tuple) else value
