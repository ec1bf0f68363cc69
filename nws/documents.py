"""Files that people write as plain data: JSON or YAML, each mistake with its file and its place.

This room reads one file and knows its syntax; it must not know what the words in it mean.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from nws.errors import BadInput, SystemRefused

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 1_000_000
DEEPEST = 64
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[{}\[\]]')
# YAML 1.1 reads 1e-3 as text because it has no point; YAML 1.2, JSON and people read a number.
_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+")


def read(path: Path) -> Any:
    """Return what a JSON or YAML file says, as dicts with text keys, lists, text, finite numbers, booleans and None.

    Raises
    ------
    BadInput
        If there is no such file, its syntax is wrong, a key is given twice, or it says what JSON cannot.
    SystemRefused
        If the system does not let it be read.
    """
    text = _text(path)
    try:
        value = _json(text, path) if _is_json(path, text) else _yaml(text, path)
        _check(value, f"{path}: ", [LARGEST])
    except RecursionError as err:
        raise BadInput(f"{path}: nested too deeply, or a part that contains itself") from err
    return value


def inside(place: str, key: str | int) -> str:
    """Return the place of an entry, in the form in which errors name it: `FILE: pipeline[2].params`."""
    if isinstance(key, int):
        return f"{place}[{key}]"
    return f"{place}{key}" if place.endswith(": ") else f"{place}.{key}"


def refusal(place: str, message: str, *, hint: str = "") -> BadInput:
    """Return the error that names a place and what is wrong there."""
    return BadInput(f"{place.removesuffix(': ')}: {message}", hint=hint)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise BadInput(f"{path}: not UTF-8 text (byte {err.start})", hint="save it as UTF-8") from err
    except FileNotFoundError as err:
        raise BadInput(f"{path}: no such file", hint="check the path") from err
    except IsADirectoryError as err:
        raise BadInput(f"{path}: a folder; a JSON or YAML file is expected", hint="name the files in it") from err
    except OSError as err:
        raise SystemRefused(f"{path}: {err.strerror}", hint="check the path and its permissions") from err


def _is_json(path: Path, text: str) -> bool:
    suffix = path.suffix.lower()
    return suffix == ".json" or (suffix not in {".yaml", ".yml"} and text.lstrip()[:1] in {"{", "["})


def _json(text: str, path: Path) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as err:
        raise BadInput(f"{path}: line {err.lineno}, column {err.colno}: {err.msg}", hint="not valid JSON") from err
    except ValueError as err:
        raise BadInput(f"{path}: {err}") from err
    _refuse_repeated_key(text, path)
    return value


def _refuse_repeated_key(text: str, path: Path) -> None:
    """Look for a key given twice; Python's reader would silently keep the last one. `text` is valid JSON."""
    open_parts: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        word, colon = token.groups()
        if word is None:
            if token[0] in "{[":
                open_parts.append(set())
            else:
                open_parts.pop()
        elif colon:
            key = json.loads(word)
            if key in open_parts[-1]:
                line = text.count("\n", 0, token.start()) + 1
                column = token.start() - text.rfind("\n", 0, token.start())
                raise _repeated(path, line, column, key)
            open_parts[-1].add(key)


def _repeated(path: Path, line: int, column: int, key: object) -> BadInput:
    return BadInput(f"{path}: line {line}, column {column}: {key!r} is given twice", hint="keep one of them")


def _yaml(text: str, path: Path) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Refuses a key given twice, of which the plain loader silently keeps the last."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 -- as in the base
            seen: set[object] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                    if key.value in seen:
                        raise _repeated(path, key.start_mark.line + 1, key.start_mark.column + 1, key.value)
                    seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))
    try:
        return yaml.load(text, Loader)  # noqa: S506 -- a safe loader
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise BadInput(f"{path}: {where}{err.problem or err.context}", hint="not valid YAML") from err
    except yaml.YAMLError as err:
        raise BadInput(f"{path}: {str(err).splitlines()[0]}", hint="not valid YAML") from err
    except ValueError as err:
        raise BadInput(f"{path}: {err}", hint="not valid YAML") from err


def _check(value: Any, place: str, room: list[int], depth: int = 0) -> None:
    """Refuse what has no JSON form. `room` counts down, because YAML aliases can make a small file endless."""
    room[0] -= 1
    if room[0] < 0:
        raise refusal(place, f"more than {LARGEST:,} values, repeated parts counted each time")
    if depth > DEEPEST:
        raise refusal(place[:120], f"nested more than {DEEPEST} deep", hint="a config is a list of steps")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise refusal(place, f"the key {key!r} is not text", hint=f"write '{key}', in quotes")
            _check_plain(key, place)
            _check(item, inside(place, key), room, depth + 1)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _check(item, inside(place, position), room, depth + 1)
    else:
        _check_plain(value, place)


def _check_plain(value: Any, place: str) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as err:
            raise refusal(place, f"{value[:40]!r} holds half a character", hint="write the text anew") from err
    elif isinstance(value, float) and not math.isfinite(value):
        raise refusal(place, f"{value} has no JSON form", hint="use null, or leave it out")
    elif value is not None and not isinstance(value, bool | int | float):
        raise refusal(place, f"a value of type {type(value).__name__} has no JSON form", hint="put it in quotes")
