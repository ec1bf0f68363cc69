"""The operators of conditions: which kinds of values they take, and the expression they make.

A figure that is not a number counts as absent, as in rankings, and a test of what is absent is never met (as in SQL).
This room knows kinds and expressions; it must not know how a condition is written.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from nws.index.columns import DATE, INTEGER, MOMENT, NUMBER, TEXT, YES_OR_NO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from nws.index.columns import Column

NUMERIC, TEXTUAL, DAY, TIME, CONDITION = "a number", "text", "a date", "a moment", "a condition"
_KINDS = {TEXT: TEXTUAL, INTEGER: NUMERIC, NUMBER: NUMERIC, DATE: DAY, MOMENT: TIME, YES_OR_NO: CONDITION}


class Mismatch(Exception):
    """Values that do not go together; the reader adds the place."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Term(NamedTuple):
    """A part of a condition: the kind of its value, its expression when it is asked for, how people call it.

    `literal` is the value of a constant; None for anything else.
    """

    kind: str
    expression: Callable[[], pl.Expr]
    about: str
    literal: Any = None


def number(written: str) -> Term:
    """Return a constant number."""
    return _constant(NUMERIC, float(written), written)


def text(value: str) -> Term:
    """Return a constant text."""
    return _constant(TEXTUAL, value, repr(value))


def truth(*, yes: bool) -> Term:
    """Return true or false."""
    return _constant(CONDITION, yes, str(yes).lower())


def _constant(kind: str, value: Any, about: str) -> Term:
    def expression() -> pl.Expr:
        import polars as pl

        return pl.lit(value)

    return Term(kind, expression, about, value)


def column(known: Column) -> Term:
    """Return what is in a column.

    Raises
    ------
    Mismatch
        If it holds lists.
    """
    if known.kind not in _KINDS:
        raise Mismatch(f"{known.name} holds lists", f"--{known.name.removesuffix('s')} looks into it")

    def expression() -> pl.Expr:
        import polars as pl

        held = pl.col(known.name)
        if known.kind == INTEGER:
            return held.cast(pl.Float64)
        return held.fill_nan(None) if known.kind == NUMBER else held

    return Term(_KINDS[known.kind], expression, known.name)


def joined(word: str, terms: Sequence[Term]) -> Term:
    """Return `and` or `or` of conditions."""

    def expression() -> pl.Expr:
        import polars as pl

        parts = [term.expression() for term in terms]
        return pl.all_horizontal(parts) if word == "and" else pl.any_horizontal(parts)

    return Term(CONDITION, expression, f"… {word} …")


def negated(term: Term) -> Term:
    """Return `not` of a condition."""
    return Term(CONDITION, lambda: ~term.expression(), f"not {term.about}")


def is_null(term: Term, *, absent: bool) -> Term:
    """Return the test whether a value is absent, or is there."""
    return Term(
        CONDITION, lambda: term.expression().is_null() if absent else term.expression().is_not_null(), "is null"
    )


def compared(left: Term, sign: str, right: Term) -> Term:
    """Return a comparison.

    Raises
    ------
    Mismatch
        If the two are of different kinds, or have no order.
    """
    left, right = _alike(left, right)
    if left.kind == CONDITION and sign not in ("=", "==", "!=", "<>"):
        raise Mismatch(f"{left.about} is not more or less than anything")

    def expression() -> pl.Expr:
        one, other = left.expression(), right.expression()
        return {
            "<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other, "!=": one != other,
            "<>": one != other,
        }.get(sign, one == other)  # fmt: skip

    return Term(CONDITION, expression, f"{left.about} {sign} {right.about}")


def among(left: Term, values: Sequence[Term]) -> Term:
    """Return the test whether a value is one of some constants."""
    for value in values:
        if value.literal is None:
            raise Mismatch(f"in (…) takes constants, not {value.about}")
    left = _alike(left, values[0])[0]
    listed = [_alike(left, value)[1].literal for value in values]
    return Term(CONDITION, lambda: left.expression().is_in(listed), f"{left.about} in (…)")


def between(left: Term, low: Term, high: Term) -> Term:
    """Return the test whether a value lies between two others, or is one of them."""
    return joined("and", [compared(left, ">=", low), compared(left, "<=", high)])


def like(left: Term, pattern: Term, *, any_case: bool) -> Term:
    """Return the test of a text against a pattern, in which `%` is any text and `_` any letter."""
    _need(TEXTUAL, left, pattern)
    if pattern.literal is None:
        raise Mismatch(f"like takes a text in quotes, not {pattern.about}")
    parts = {"%": ".*", "_": "."}
    regex = "".join(parts.get(letter, re.escape(letter)) for letter in pattern.literal)
    whole = f"(?s{'i' if any_case else ''})^{regex}$"
    return Term(CONDITION, lambda: left.expression().str.contains(whole), f"{left.about} like …")


def calculated(left: Term, sign: str, right: Term) -> Term:
    """Return a sum, difference, product, quotient or remainder."""
    _need(NUMERIC, left, right)

    def expression() -> pl.Expr:
        import polars as pl

        one, other = left.expression(), right.expression()
        if sign in "/%":
            return pl.when(other != 0).then(one / other if sign == "/" else one % other)
        return {"+": one + other, "-": one - other}.get(sign, one * other)

    return Term(NUMERIC, expression, f"{left.about} {sign} {right.about}")


def minus(term: Term) -> Term:
    """Return the negative of a number."""
    _need(NUMERIC, term)
    if term.literal is not None:
        return _constant(NUMERIC, -term.literal, f"-{term.about}")
    return Term(NUMERIC, lambda: -term.expression(), f"-{term.about}")


class Function(NamedTuple):
    """A function: the kinds it takes, the kind it gives, its expression."""

    takes: tuple[str, ...]
    gives: str
    make: Callable[..., pl.Expr]


FUNCTIONS = {
    "abs": Function((NUMERIC,), NUMERIC, lambda value: value.abs()),
    "lower": Function((TEXTUAL,), TEXTUAL, lambda value: value.str.to_lowercase()),
    "upper": Function((TEXTUAL,), TEXTUAL, lambda value: value.str.to_uppercase()),
    "length": Function((TEXTUAL,), NUMERIC, lambda value: value.str.len_chars().cast(float)),
    "contains": Function(
        (TEXTUAL, TEXTUAL), CONDITION, lambda value, part: value.str.contains(part, literal=True)
    ),
    "starts_with": Function((TEXTUAL, TEXTUAL), CONDITION, lambda value, part: value.str.starts_with(part)),
}  # fmt: skip


def applied(name: str, given: Sequence[Term]) -> Term:
    """Return a function of values."""
    function = FUNCTIONS[name]
    if len(given) != len(function.takes):
        raise Mismatch(f"{name}() takes {len(function.takes)} values, not {len(given)}")
    for kind, term in zip(function.takes, given, strict=True):
        _need(kind, term)
    return Term(function.gives, lambda: function.make(*(term.expression() for term in given)), f"{name}(…)")


def _need(kind: str, *terms: Term) -> None:
    for term in terms:
        if term.kind != kind:
            raise Mismatch(f"{kind} is expected, and {term.about} is {term.kind}")


def _alike(left: Term, right: Term) -> tuple[Term, Term]:
    """Return two values as one kind: a text beside a date or a moment is read as one."""
    if left.kind == right.kind:
        return left, right
    if right.kind in {DAY, TIME} and left.literal is not None:
        return _as_time(left, right.kind), right
    if left.kind in {DAY, TIME} and right.literal is not None:
        return left, _as_time(right, left.kind)
    hint = "names of columns stand without quotes" if TEXTUAL in {left.kind, right.kind} else ""
    raise Mismatch(f"{left.about} is {left.kind}, {right.about} is {right.kind}", hint)


def _as_time(term: Term, kind: str) -> Term:
    try:
        moment = dt.datetime.fromisoformat(term.literal)
    except (TypeError, ValueError) as err:
        raise Mismatch(f"{term.about} is not {kind}", "write '2026-01-31' or '2026-01-31T12:00:00Z'") from err
    if kind == DAY:
        return _constant(DAY, moment.date(), term.about)
    return _constant(TIME, moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC), term.about)
