"""Class paths: which may be used, what they name, and which parameters the classes take.

Importing a class runs code, so trust is decided on the text alone, before anything is imported. This room must not
know what a pipeline is.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.documents import refusal
from nws.errors import BadInput, NotTrusted
from nws.ids import closest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

TRUSTED = ("sklearn", "chemotools", "nws")
REQUIRED = inspect.Parameter.empty
_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_PIP = {"sklearn": "scikit-learn"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """A class that was found; there is one of each in a process.

    `path` is where it is at home: the public package that defines it, or else the defining module, so that every
    spelling of a class has the same path. `defaults` are its parameters, `REQUIRED` for those without a default;
    `is_open` says that it takes others too.
    """

    path: str
    found: type
    defaults: Mapping[str, Any]
    is_open: bool

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.found.__name__


def check_path(path: str, place: str) -> None:
    """Refuse text that cannot be a class path.

    Raises
    ------
    BadInput
        If it is not names with dots between them.
    """
    if not _PATH.fullmatch(path):
        why = "needs its package" if path.isidentifier() else "is not a class path"
        hint = "a class path looks like sklearn.cross_decomposition.PLSRegression"
        raise refusal(place, f"{path[:80]!r} {why}", hint=hint)


def check_trust(path: str, trusted: tuple[str, ...], place: str) -> None:
    """Refuse a class of a package that nobody trusted, without importing anything.

    Raises
    ------
    NotTrusted
        If the top-level package is neither always trusted nor in `trusted`.
    """
    package = path.partition(".")[0]
    if package not in TRUSTED and package not in trusted:
        raise NotTrusted(
            f"{place}: {path} is of the package {package!r}, which is not trusted",
            hint=f'if you trust its code, name it in nws.toml: [trust] packages = ["{package}"]',
        )


def resolve(path: str, place: str) -> Known:
    """Import the class of a trusted path.

    Raises
    ------
    BadInput
        If there is no such class, or its module cannot be imported.
    """
    try:
        return _resolve(path)
    except BadInput as err:
        raise refusal(place, err.message, hint=err.hint) from err


@functools.cache
def _resolve(path: str) -> Known:
    module_path, _, name = path.rpartition(".")
    module = _module(module_path, path)
    try:
        found = getattr(module, name)
    except AttributeError as err:
        raise BadInput(f"unknown class {path}", hint=_similar(path)) from err
    except ImportError as err:
        raise BadInput(f"{path}: {_first_line(err)}") from err
    if not isinstance(found, type):
        raise BadInput(f"{path} is not a class but a {type(found).__name__}")
    if inspect.isabstract(found):
        raise BadInput(f"{path} is abstract; only classes built on it can be used")
    defaults, is_open = _parameters(found, path)
    return Known(path=_home(found, path), found=found, defaults=defaults, is_open=is_open)


def _module(module_path: str, path: str) -> ModuleType:
    try:
        with warnings.catch_warnings():
            # That a path is going to move is nothing to act on: the home of the class is what is kept.
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module(module_path)
    except ModuleNotFoundError as err:
        missing = err.name or module_path
        package = path.partition(".")[0]
        if missing == package:
            # A stranger may have a package on PyPI that is called as a module of the person's own.
            own = "" if package in TRUSTED else "; if it is a module of yours: PYTHONPATH=FOLDER nws …"
            hint = f"pip install {_PIP.get(package, package)}{own}"
            raise BadInput(f"{path}: the package {package!r} is not installed", hint=hint) from err
        if module_path == missing or module_path.startswith(f"{missing}."):
            raise BadInput(f"unknown class {path}", hint=_similar(path)) from err
        raise BadInput(f"{path}: it needs {missing!r}, which is not installed", hint=f"pip install {missing}") from err
    except Exception as err:  # the code of another package can fail in any way
        raise BadInput(f"{path}: importing it fails: {type(err).__name__}: {_first_line(err)}") from err


def _home(found: type, path: str) -> str:
    """Return the path under which every spelling of a class is known.

    It is the public package above the first private module, if the class is there too: private modules move between
    versions of a library, and a hash must not move with them.
    """
    home = f"{found.__module__}.{found.__qualname__}"
    package = path.partition(".")[0]
    if home.partition(".")[0] not in {package, *TRUSTED}:
        return path
    parts = found.__module__.split(".")
    private = next((at for at, part in enumerate(parts) if part.startswith("_")), len(parts))
    for module_path in (".".join(parts[:private]), found.__module__):
        if module_path and _holds(module_path, found):
            return f"{module_path}.{found.__name__}"
    return path


def _holds(module_path: str, found: type) -> bool:
    try:
        return getattr(importlib.import_module(module_path), found.__name__, None) is found
    except ImportError:
        return False


def _parameters(found: type, path: str) -> tuple[dict[str, Any], bool]:
    try:
        signature = inspect.signature(found)
    except (ValueError, TypeError) as err:
        raise BadInput(f"{path}: its parameters cannot be told") from err
    listed = signature.parameters.values()
    named = {item.name: item.default for item in listed if item.kind not in {item.VAR_POSITIONAL, item.VAR_KEYWORD}}
    return named, any(item.kind is item.VAR_KEYWORD for item in listed)


def _first_line(err: BaseException) -> str:
    return (str(err).splitlines() or [""])[0]


def _similar(path: str) -> str:
    """Return a hint with the existing classes nearest to `path`: first those of the same name elsewhere."""
    package, name = path.partition(".")[0], path.rpartition(".")[2]
    public = _public_classes(package)
    same = [known for known in public if known.rpartition(".")[2] == name]
    near = same[:3] or closest(path, public) or closest(name, [known.rpartition(".")[2] for known in public])
    return f"did you mean {' or '.join(near)}?" if near else f"no class of {package} has a name like it"


def _public_classes(package: str) -> list[str]:
    """Return the public class paths of a package, read from the `__all__` of its modules without importing them."""
    import pkgutil
    from importlib.util import find_spec

    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    paths: list[str] = []
    for module in pkgutil.iter_modules(folders or []):
        if not module.name.startswith("_"):
            inner = module.module_finder.find_spec(module.name, None)
            names = _exported(inner.origin) if inner and inner.origin else []
            paths += [f"{package}.{module.name}.{name}" for name in names if name[:1].isupper()]
    return paths


def _exported(source: str) -> list[str]:
    """Return the names in `__all__ = [...]` of a source file."""
    import ast
    from pathlib import Path

    try:
        tree = ast.parse(Path(source).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id == "__all__" for at in node.targets):
            listed = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else []
            return [item.value for item in listed if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return []
