"""The kinds of failure, each with its exit code and a way out.

This room knows nothing of terminals or of any other room; it is the one place that maps an error to an exit code.
"""

from __future__ import annotations

from typing import ClassVar


class NwsError(Exception):
    """What went wrong, and what to do about it.

    Parameters
    ----------
    message
        One line that names the thing: file, place, name.
    hint
        One line that says the way out; empty where there is none.
    """

    kind: ClassVar[str] = "bug"
    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments are lost by the default reduction, and errors cross process borders.
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(category: type[NwsError], message: str, hint: str) -> NwsError:
    return category(message, hint=hint)


class UsageError(NwsError):
    """The words of the call do not fit together."""

    kind = "usage"
    exit_code = 2


class UnknownName(NwsError):
    """A name that resolves to nothing, or to more than one thing."""

    kind = "unknown-name"
    exit_code = 4


class Conflict(NwsError):
    """Something of that name is already there."""

    kind = "conflict"
    exit_code = 5


class BadInput(NwsError):
    """A file given by a person (dataset, pipeline config, bundle) that cannot be used as it is."""

    kind = "bad-input"
    exit_code = 6


class NoWorkspace(NwsError):
    """No workspace where one is needed."""

    kind = "no-workspace"
    exit_code = 10


class Locked(NwsError):
    """Another process holds what is needed, and waiting did not help."""

    kind = "locked"
    exit_code = 11


class NewerFormat(NwsError):
    """A file written in a format that this version cannot read."""

    kind = "newer-format"
    exit_code = 12

    def __init__(self, message: str, *, hint: str = "upgrade nws: a newer version reads it") -> None:
        super().__init__(message, hint=hint)


class Damaged(NwsError):
    """Bytes that do not match their id, or that no longer decode."""

    kind = "damaged"
    exit_code = 13


class NotTrusted(NwsError):
    """Refused to load code from there."""

    kind = "not-trusted"
    exit_code = 14


class SystemRefused(NwsError):
    """The operating system said no (disk full, permission), with the path."""

    kind = "system"
    exit_code = 74


CATEGORIES: tuple[type[NwsError], ...] = (
    UsageError,
    UnknownName,
    Conflict,
    BadInput,
    NoWorkspace,
    Locked,
    NewerFormat,
    Damaged,
    NotTrusted,
    SystemRefused,
)

# Exit codes that are outcomes rather than errors.
DONE = 0
ANSWER_IS_NO = 1
PARTIAL = 3
BUG = 70
INTERRUPTED = 130
READER_GONE = 141
