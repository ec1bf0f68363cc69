"""Identities: object ids, hashes of configurations, and the names people give.

This room computes and checks names; it must not know where on disk anything lies.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Self

from nws.errors import BadInput, UsageError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

HEX_LENGTH = 64
SHORT_LENGTH = 6
NAME_LIMIT = 100
_DIGITS = frozenset("0123456789abcdef")
# What no file is called on Windows, whatever its ending.
RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
ALLOWED_NAME = "1 to 100 letters, digits, '.', '_' or '-', not starting with '.' or '-'"


class ObjectId(str):
    """The BLAKE3-256 of an object's bytes: 64 lower-case hexadecimal digits."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check and wrap `text`.

        Raises
        ------
        UsageError
            If it is not 64 lower-case hexadecimal digits.
        """
        if not is_hex(text, HEX_LENGTH):
            raise UsageError(
                f"not an object id: {text[:80]!r}", hint=f"an object id is {HEX_LENGTH} lower-case hexadecimal digits"
            )
        return super().__new__(cls, text)

    @classmethod
    def of(cls, data: bytes | memoryview) -> Self:
        """Return the id of `data`."""
        from blake3 import blake3

        return cls(blake3(data).hexdigest())

    @property
    def short(self) -> str:
        """The first six digits, for display only."""
        return self[:SHORT_LENGTH]


def is_hex(text: str, length: int) -> bool:
    """Say whether `text` is so many lower-case hexadecimal digits."""
    return len(text) == length and _DIGITS.issuperset(text)


def is_prefix(text: str) -> bool:
    """Say whether `text` could be the beginning of an id that a person typed (six digits or more)."""
    return SHORT_LENGTH <= len(text) <= HEX_LENGTH and _DIGITS.issuperset(text)


def check_name(name: str, what: str) -> str:
    """Return `name` in Unicode NFC if it is allowed on every file system.

    Parameters
    ----------
    name
        A name given by a person.
    what
        What it names ("run name"), for the message.

    Raises
    ------
    UsageError
        If it is not of the allowed form.
    """
    import unicodedata

    name = unicodedata.normalize("NFC", name)
    plain = 1 <= len(name) <= NAME_LIMIT and name[0] not in ".-" and all(_allowed(letter) for letter in name)
    if not plain or name.split(".")[0].casefold() in RESERVED or name.endswith("."):
        shown = name if len(name) <= 40 else name[:40] + "…"
        raise UsageError(f"not a valid {what}: {shown!r}", hint=f"a {what} is {ALLOWED_NAME}")
    return name


def name_from(text: str, fallback: str = "data") -> str:
    """Make an allowed name out of any text (a file's stem), keeping what can be kept."""
    import unicodedata

    text = unicodedata.normalize("NFC", text)
    kept = "".join(letter if _allowed(letter) else "_" for letter in text).strip("._-")[:NAME_LIMIT].rstrip(".")
    if not kept or kept.split(".")[0].casefold() in RESERVED:
        return f"{fallback}_{kept}" if kept else fallback
    return kept


def _allowed(letter: str) -> bool:
    import unicodedata

    return letter in "._-" or letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")


def run_name(day: dt.date, dataset: str, name: str | None = None) -> str:
    """Return the name of a run folder: `YYYY-MM-DD_DATASET[_NAME]`."""
    parts = [day.isoformat(), check_name(dataset, "dataset name")]
    if name is not None:
        parts.append(check_name(name, "run name"))
    return "_".join(parts)


def is_run_name(text: str) -> bool:
    """Say whether `run_name` could have given a run that name, with or without a number behind it."""
    import datetime as dt

    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        return False
    rest = text[11:]
    return text[4:5] == "-" and text[10:11] == "_" and bool(rest) and all(map(_allowed, rest)) and text[-1] != "."


def view_name(number: int, config_hash: str, name: str | None = None) -> str:
    """Return the name of a view folder: `NNNN_[NAME_]HASH6`."""
    middle = [] if not name else [check_name(name, "pipeline name")]
    return "_".join([number_name(number), *middle, config_hash[:SHORT_LENGTH]])


def number_name(number: int) -> str:
    """Return a pipeline number as its ref is named: at least four digits."""
    return f"{number:04d}"


def is_number_name(name: str) -> bool:
    """Say whether `number_name` writes a number so; `00002` is not the name of number 2."""
    return name.isascii() and name.isdigit() and (len(name) == 4 or (len(name) > 4 and name[0] != "0"))


def canonical_json(value: Any) -> bytes:
    """Encode plain data so that equal values have equal bytes.

    Keys are sorted, nothing is indented, text is UTF-8, and a float that is a whole number is written as an
    integer (`1.0` is `1`), after RFC 8785.

    Raises
    ------
    BadInput
        If the value holds NaN, an infinity, or something that JSON does not have.
    """
    plain = _plain(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def hash_of(value: Any) -> str:
    """Return the BLAKE3 (64 hexadecimal digits) of the canonical JSON of `value`."""
    return str(ObjectId.of(canonical_json(value)))


def finite(value: Any) -> Any:
    """Return `value` with every NaN and infinity as None, which is what JSON can say."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return _plain_number(value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise BadInput(f"a value of type {type(value).__name__} has no JSON form: {value!r}")


def _plain_number(value: float) -> float | int:
    if not math.isfinite(value):
        raise BadInput(f"{value} has no JSON form", hint="use null, or leave the parameter out")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def prediction_id(record: str, target: str, created_at: dt.datetime) -> str:
    """Return the UUID (version 7 layout, RFC 9562) of one row of the index.

    It is derived: 48 bits of milliseconds since 1970 of `created_at`, then bits of BLAKE3(record, target), so that
    indexing the same record again gives the same id and ids sort by time.
    """
    import uuid

    milliseconds = int(created_at.timestamp() * 1000) & (2**48 - 1)
    rest = int(hash_of([record, target])[:20], 16)
    value = milliseconds << 80 | 0x7 << 76 | (rest >> 68 & 0xFFF) << 64 | 0b10 << 62 | (rest & (2**62 - 1))
    return str(uuid.UUID(int=value))


def closest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known names nearest to `name`, best first, for a hint."""
    import difflib

    return difflib.get_close_matches(name, list(known), n=count, cutoff=0.5)
