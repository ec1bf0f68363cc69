"""Fitted steps as one scikit-learn estimator, and that as skops: a file that can be loaded without running code.

The bytes are the same in every process. This room must not know where the steps come from, nor who reads the file.
"""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine.unpickling import check_named
from nws.errors import Conflict, Damaged, UsageError
from nws.shelf import zips

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy import ndarray

    from nws.engine.fitted import Fitted

    Array = ndarray[Any, Any]

_SCHEMA = "schema.json"
_ID, _FILE = "__id__", "file"
_OTHERWISE = "--format folder or zip keeps it, as pickles"
FILE_NAME = "model.skops"


@dataclass(frozen=True, kw_only=True)
class Safe:
    """An estimator as skops.

    `types` are those in it that skops does not know by itself; whoever loads the file has to name them.
    """

    data: bytes
    types: tuple[str, ...]


def needed() -> Any:
    """Return `skops.io`.

    Raises
    ------
    UsageError
        If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module("skops.io")
    except ImportError as err:
        raise UsageError(
            f"a model as skops needs the package skops, which cannot be imported: {err}",
            hint="pip install 'nws[skops]'; exports as folder or zip do without",
        ) from err


def joined(fitted: Fitted) -> Any:
    """Return one scikit-learn estimator that predicts from raw spectra, in the units of the target.

    A Pipeline of the steps; with a `y_processing` it stands in a TransformedTargetRegressor, which undoes that.
    """
    from sklearn.compose import TransformedTargetRegressor

    model = _pipeline(fitted.steps)
    undo = [step for _, step in fitted.targets.steps]
    if not undo:
        return model
    whole = TransformedTargetRegressor(
        regressor=model, transformer=undo[0] if len(undo) == 1 else _pipeline(undo), check_inverse=False
    )
    # What its `fit` would set; the steps are fitted already. One target, of shape (samples,).
    whole.regressor_, whole.transformer_, whole._training_dim = whole.regressor, whole.transformer, 1  # noqa: SLF001 -- what its fit sets
    return whole


def _pipeline(steps: Sequence[Any]) -> Any:
    from sklearn.pipeline import Pipeline

    # Two underscores in a row are what scikit-learn reads names of parameters by.
    return Pipeline(
        [(f"{place}_{type(step).__name__.replace('__', '_')}", step) for place, step in enumerate(steps, 1)]
    )


def dump(estimator: Any, spectra: Array | None, *, what: str) -> Safe:
    """Return an estimator as skops, after a look at whether it comes back as it was.

    Parameters
    ----------
    estimator
        From `joined`.
    spectra
        Of shape (samples, features), for which what is loaded has to predict the same; None if there are none.
    what
        What it is, for messages.

    Raises
    ------
    UsageError
        If skops is not installed.
    Conflict
        If skops cannot hold it.
    """
    skops = needed()
    data = _guarded(what, lambda: _settled(skops.dumps(estimator)))
    types = tuple(_guarded(what, lambda: skops.get_untrusted_types(data=data)))
    again = _guarded(what, lambda: skops.loads(data, trusted=list(types)))
    if spectra is not None and not _guarded(what, lambda: _agree(estimator, again, spectra)):
        raise Conflict(f"{what} predicts otherwise when it was skops", hint=_OTHERWISE)
    return Safe(data=data, types=types)


def unknown(data: bytes, *, what: str) -> list[str]:
    """Return the types in a skops file that skops does not know; nothing is loaded.

    Raises
    ------
    UsageError
        If skops is not installed.
    Damaged
        If it is no such file.
    """
    skops = needed()
    try:
        return list(skops.get_untrusted_types(data=data))
    except Exception as err:  # bytes that are no skops file can fail in any way
        raise Damaged(f"{what} is no skops file: {_first_line(err)}") from err


def load(data: bytes, *, packages: tuple[str, ...] | None, what: str) -> Any:
    """Return the estimator in a skops file; no code of it is run.

    Parameters
    ----------
    data
        The file.
    packages
        Packages whose types may be loaded besides those of scikit-learn, chemotools and nws; None where all may.
    what
        What it is, for messages.

    Raises
    ------
    UsageError
        If skops is not installed.
    NotTrusted
        If it holds a type that may not be loaded.
    Damaged
        If it is no such file, or was made with other versions.
    """
    types = unknown(data, what=what)
    if packages is not None:
        check_named(types, packages=packages, what=what)
    try:
        return needed().loads(data, trusted=types)
    except Exception as err:  # what other versions made can fail in any way
        raise Damaged(
            f"{what} cannot be loaded: {_first_line(err)}",
            hint="it was made with other versions; the record's environment names them",
        ) from err


def parted(estimator: Any, undone: int) -> tuple[list[Any], list[Any]]:
    """Return the steps and the model, and what the target went through, of which `joined` was made.

    Parameters
    ----------
    estimator
        What `load` returned.
    undone
        How many steps the target went through.

    Raises
    ------
    AttributeError
        If it is not of the kind that `joined` makes.
    """
    if not undone:
        return _steps(estimator), []
    undo = estimator.transformer_
    return _steps(estimator.regressor_), [undo] if undone == 1 else _steps(undo)


def _steps(pipeline: Any) -> list[Any]:
    return [step for _, step in pipeline.steps]


def _guarded(what: str, work: Callable[[], Any]) -> Any:
    """Say of whatever goes wrong inside skops, or the class of a step, what a person can do about it."""
    try:
        return work()
    except Exception as err:  # a class of another package can fail in any way
        raise Conflict(f"{what} cannot be kept as skops: {_first_line(err)}", hint=_OTHERWISE) from err


def _first_line(err: Exception) -> str:
    return str(err).partition("\n")[0] or type(err).__name__


def _agree(one: Any, other: Any, spectra: Array) -> bool:
    import numpy as np

    return bool(np.array_equal(one.predict(spectra.copy()), other.predict(spectra.copy())))


def _settled(data: bytes) -> bytes:
    """Return a skops file with numbers in the place of addresses in memory and of random names, and without times."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        held = {member.filename: archive.read(member) for member in archive.infolist()}
    schema = json.loads(held.pop(_SCHEMA))
    ids: dict[int, int] = {}
    names: dict[str, str] = {}
    _number(schema, ids, names, held)
    members = {names[name]: content for name, content in held.items()}
    members[_SCHEMA] = json.dumps(schema, indent=1).encode()
    target = io.BytesIO()
    zips.write(target, [(name, len(content), [content]) for name, content in members.items()])
    return target.getvalue()


def _number(node: Any, ids: dict[int, int], names: dict[str, str], held: dict[str, bytes]) -> None:
    """Give numbers to the objects and the files of a schema, in place, in the order in which they stand there."""
    if isinstance(node, dict):
        if isinstance(node.get(_ID), int):
            node[_ID] = ids.setdefault(node[_ID], len(ids) + 1)
        if isinstance(node.get(_FILE), str) and node[_FILE] in held:
            name = node[_FILE]
            node[_FILE] = names.setdefault(name, f"{len(names) + 1}.{name.rpartition('.')[2]}")
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _number(child, ids, names, held)
