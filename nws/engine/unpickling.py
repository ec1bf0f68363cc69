"""Fitted steps loaded with care: from bytes that may ask for classes of trusted packages, and for little else.

A pickle names what it wants called. Here it may name classes of packages that are trusted and the few functions by
which these rebuild themselves; what writes files, opens connections or runs text is not among them. That is a hedge
behind the checks of id and owner, not a proof. This room must not know where bytes come from.
"""

from __future__ import annotations

import functools
import io
import pickle
from typing import TYPE_CHECKING, Any

from nws.engine.classes import TRUSTED
from nws.errors import Damaged, NotTrusted

if TYPE_CHECKING:
    from collections.abc import Iterable

# Packages whose classes those of TRUSTED are made of, and the parts of them that fitted steps have.
_PARTS = {
    "numpy": ("", "_core", "core", "random", "ma", "polynomial"),
    "scipy": ("sparse", "interpolate", "spatial", "_lib"),
    "ikpls": ("_impl", "numpy"),
    "collections": ("",),
}
_NOT = {"numpy.memmap", "sklearn.datasets", "sklearn.externals", "sklearn.utils._testing", "nws.cli", "nws.fsio"}
_BUILTINS = frozenset(
    {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object"}
    | {"range", "set", "slice", "str", "tuple"}
)
# Functions: by which objects are rebuilt, and those that are parameters by default.
_FUNCTIONS = frozenset(
    {
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.numeric._frombuffer",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.core.numeric._frombuffer",
        "numpy.random._pickle.__bit_generator_ctor",
        "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__randomstate_ctor",
        "numpy.ma.core._mareconstruct",
        "numpy.mean",
        "numpy.median",
        "numpy.linalg.pinv",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "copyreg._reconstructor",
        "sklearn.cluster._kmeans._kmeans_single_lloyd",
        "sklearn.cluster._kmeans._kmeans_single_elkan",
        "sklearn.metrics._dist_metrics.newObj",
        "sklearn.neighbors._kd_tree.newObj",
        "sklearn.neighbors._ball_tree.newObj",
    }
)
_FUNCTION_MODULES = frozenset(
    {"sklearn.feature_selection._univariate_selection", "sklearn.feature_selection._mutual_info"}
)
# Made by Cython for classes that it compiles.
_REBUILD = "__pyx_unpickle_"


def load(data: bytes, *, packages: tuple[str, ...] | None, what: str) -> Any:
    """Return the step that `nws.engine.artifacts.dump` wrote.

    Parameters
    ----------
    data
        Bytes whose id was checked.
    packages
        Packages that are trusted besides scikit-learn, chemotools and nws, with all that is in them; None where all
        that the bytes ask for is trusted.
    what
        What is loaded, for messages.

    Raises
    ------
    NotTrusted
        If it names something else.
    Damaged
        If the bytes are no pickle, or name a class that is not installed.
    """
    unpickler = pickle.Unpickler if packages is None else functools.partial(_Careful, packages=packages, what=what)
    try:
        return unpickler(io.BytesIO(data)).load()
    except NotTrusted:
        raise
    except Exception as err:  # bytes that are no pickle can fail in any way
        raise Damaged(
            f"{what} cannot be loaded: {err}",
            hint="it was made with other versions; the record's environment names them",
        ) from err


def check_named(types: Iterable[str], *, packages: tuple[str, ...], what: str) -> None:
    """Refuse types that another file than a pickle names, by the rules for those in a pickle; nothing is imported.

    Raises
    ------
    NotTrusted
        With the first that may not be loaded.
    """
    for path in types:
        module, _, name = path.rpartition(".")
        if module.partition(".")[0] not in packages and not _may_be_looked_at(module, name):
            raise _refused(path, what)


class _Careful(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, *, packages: tuple[str, ...], what: str) -> None:
        super().__init__(file)
        self._packages = packages
        self._what = what

    def find_class(self, module: str, name: str, /) -> Any:
        """Import what the pickle names, if it may be."""
        path = f"{module}.{name}"
        package = module.partition(".")[0]
        if package in self._packages:
            return super().find_class(module, name)
        if "." in name or not _may_be_looked_at(module, name):
            raise _refused(path, self._what)
        found = super().find_class(module, name)
        if not (_is_class(found, package) or _is_function(module, name)):
            raise _refused(path, self._what)
        return found


def _refused(path: str, what: str) -> NotTrusted:
    package = path.partition(".")[0]
    return NotTrusted(
        f"{what} asks for {path}, which is not loaded",
        hint=f'if you trust it: --trust, or in nws.toml [trust] packages = ["{package}"]',
    )


def _may_be_looked_at(module: str, name: str) -> bool:
    """Decide on the text alone: importing a module runs code too."""
    package, _, rest = module.partition(".")
    if f"{module}.{name}" in _FUNCTIONS:
        return True
    if _is_barred(module, name):
        return False
    if package == "builtins":
        return name in _BUILTINS
    return package in TRUSTED or rest.partition(".")[0] in _PARTS.get(package, ())


def _is_barred(module: str, name: str) -> bool:
    return any(f"{module}.{name}.".startswith(f"{path}.") for path in _NOT)


def _is_class(found: Any, package: str) -> bool:
    """Say whether it is a class, and at home where the pickle says: modules hold what they import, too."""
    if not isinstance(found, type) or _is_barred(found.__module__, found.__qualname__):
        return False
    return found.__module__.partition(".")[0] in {package, *TRUSTED, *_PARTS}


def _is_function(module: str, name: str) -> bool:
    return f"{module}.{name}" in _FUNCTIONS or module in _FUNCTION_MODULES or name.startswith(_REBUILD)
