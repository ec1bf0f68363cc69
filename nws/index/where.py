"""Conditions that people write: `val_rpd > 2 and model_type == 'PLSRegression'`, read into a filter.

The language is that of conditions in SQL, over the columns of predictions and nothing else: what is not in the grammar
below cannot be said, so there is nothing to forbid. This room makes expressions; it must not read or evaluate anything.

    condition   = both {"or" both}          both = negated {"and" negated}      negated = ["not"] test
    test        = sum [compared sum | "is" ["not"] "null" | ["not"] ("in" "(" value {"," value} ")"
                  | "between" sum "and" sum | ("like" | "ilike") text)]
    sum         = product {("+" | "-") product}     product = signed {("*" | "/" | "%") signed}
    signed      = ["-"] value     value = number | text | "true" | "false" | column | function | "(" condition ")"
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from nws.errors import UnknownName, UsageError
from nws.ids import closest
from nws.index import columns, operators
from nws.index.operators import CONDITION, Term

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

LONGEST = 10_000
# Deep nesting would end in the stack of this process, or of polars.
DEEPEST = 50
_SHOWN = 100
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")"
    r"|(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|==|!=|<>|[=<>+\-*/%(),])|(?P<end>\Z)|(?P<other>.))",
    re.DOTALL,
)
_COMPARED = ("=", "==", "!=", "<>", "<", "<=", ">", ">=")
_WORDS = frozenset({"and", "or", "not", "is", "null", "in", "between", "like", "ilike", "true", "false"})
_WHOLE_TABLE = frozenset({"sum", "min", "max", "avg", "mean", "median", "count", "std", "stddev", "first", "last"})
_QUERY = frozenset({"select", "from", "over", "case", "exists", "with", "union", "limit", "group", "order", "where"})
_WHOLE_TABLE_HINT = "--where looks at one row at a time; nws catalog best and nws catalog stats look at all of them"


class Where(NamedTuple):
    """A condition that was read: the filter, and the columns that it is on."""

    expression: pl.Expr
    columns: frozenset[str]


class Token(NamedTuple):
    """One word of the text: its kind, how it is written, and where it begins."""

    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        """Say whether it is one of these words, however they are written."""
        return self.kind == "word" and self.text.lower() in words


def read(text: str) -> Where:
    """Read a condition.

    Raises
    ------
    UsageError
        If it is not one, with the place.
    UnknownName
        If there is no such column, with the nearest ones.
    """
    if len(text) > LONGEST:
        raise UsageError(f"a condition of {len(text):,} characters", hint=f"it has at most {LONGEST:,}")
    reader = _Reader(text)
    term = reader.whole()
    return Where(term.expression(), frozenset(reader.named))


class _Reader:
    """Reads the tokens of one text from left to right; each method reads one line of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.named: set[str] = set()
        self.place = 0
        self.depth = 0
        self.tokens: list[Token] = []
        while not self.tokens or self.tokens[-1].kind != "end":
            self.tokens.append(self.token(self.tokens[-1] if self.tokens else Token("", "", 0)))

    def token(self, before: Token) -> Token:
        found = _TOKEN.match(self.text, before.at + len(before.text))
        assert found is not None  # `other` takes anything, `end` the end
        kind = str(found.lastgroup)
        token = Token(kind, found[kind], found.start(kind))
        if kind == "other":
            raise self.refused(token, f"what is {token.text!r}?")
        return token

    def whole(self) -> Term:
        if self.next.kind == "end":
            raise UsageError("an empty condition", hint="write one like: val_rpd > 2 and model_type == 'Ridge'")
        term = self.condition()
        if self.next.kind != "end":
            raise self.refused(self.next, f"not expected here: {self.next.text!r}")
        return self.as_condition(term)

    def condition(self) -> Term:
        return self.joined("or", self.both)

    def both(self) -> Term:
        return self.joined("and", self.negated)

    def joined(self, word: str, part: Callable[[], Term]) -> Term:
        # Many parts side by side are one flat expression, whatever their number.
        parts = [part()]
        while self.took(word):
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        return operators.joined(word, [self.as_condition(item) for item in parts])

    def negated(self) -> Term:
        if not self.took("not"):
            return self.test()
        self.deeper()
        term = operators.negated(self.as_condition(self.negated()))
        self.depth -= 1
        return term

    def test(self) -> Term:
        left = self.sum()
        sign = self.next
        if sign.kind == "sign" and sign.text in _COMPARED:
            self.place += 1
            return self.combine(sign, lambda: operators.compared(left, sign.text, self.sum()))
        if self.took("is"):
            absent = not self.took("not")
            self.expect("null")
            return operators.is_null(left, absent=absent)
        without = self.took("not")
        sign = self.next
        term = self.belonging(left, sign)
        if term is None and without:
            raise self.refused(sign, "'not' goes before in, between, like or ilike here")
        if term is None:
            return left
        return operators.negated(term) if without else term

    def belonging(self, left: Term, sign: Token) -> Term | None:
        if self.took("in"):
            return self.combine(sign, lambda: operators.among(left, self.values()))
        if self.took("between"):
            low = self.sum()
            self.expect("and")
            return self.combine(sign, lambda: operators.between(left, low, self.sum()))
        if self.took("like", "ilike"):
            return self.combine(sign, lambda: operators.like(left, self.sum(), any_case=sign.is_word("ilike")))
        return None

    def values(self) -> list[Term]:
        self.expect("(")
        found = [self.signed()]
        while self.took(","):
            found.append(self.signed())
        self.expect(")")
        return found

    def sum(self) -> Term:
        return self.calculated(("+", "-"), self.product)

    def product(self) -> Term:
        return self.calculated(("*", "/", "%"), self.signed)

    def calculated(self, signs: tuple[str, ...], part: Callable[[], Term]) -> Term:
        term, levels = part(), 0
        while self.next.kind == "sign" and self.next.text in signs:
            sign = self.next
            self.place += 1
            self.deeper()
            levels += 1
            left, right = term, part()
            term = self.combine(sign, partial(operators.calculated, left, sign.text, right))
        self.depth -= levels
        return term

    def signed(self) -> Term:
        sign = self.next
        if not self.took("-"):
            return self.value()
        self.deeper()
        term = self.combine(sign, lambda: operators.minus(self.signed()))
        self.depth -= 1
        return term

    def value(self) -> Term:
        token = self.next
        self.place += 1
        if token.kind == "number":
            return operators.number(token.text)
        if token.kind == "text":
            mark = token.text[0]
            return operators.text(token.text[1:-1].replace(mark * 2, mark))
        if token.is_word("true", "false"):
            return operators.truth(yes=token.is_word("true"))
        if token.kind == "sign" and token.text == "(":
            self.deeper()
            term = self.condition()
            self.expect(")")
            self.depth -= 1
            return term
        if token.kind == "word" and not token.is_word(*_WORDS):
            return self.function(token) if self.next.text == "(" else self.column(token)
        raise self.refused(token, f"a value is expected, found {token.text!r}" if token.text else "a value is missing")

    def function(self, token: Token) -> Term:
        name = token.text.lower()
        if name in _WHOLE_TABLE:
            raise self.refused(token, f"{name}() looks at many rows", hint=_WHOLE_TABLE_HINT)
        if name not in operators.FUNCTIONS:
            known = ", ".join(sorted(operators.FUNCTIONS))
            raise self.refused(token, f"no function {name}()", hint=f"functions: {known}")
        self.deeper()
        term = self.combine(token, lambda: operators.applied(name, self.values_of_any_kind()))
        self.depth -= 1
        return term

    def values_of_any_kind(self) -> list[Term]:
        self.expect("(")
        found = [self.sum()]
        while self.took(","):
            found.append(self.sum())
        self.expect(")")
        return found

    def column(self, token: Token) -> Term:
        known = {column.name: column for column in (*columns.META, *columns.VIRTUAL) if column.name != "ref"}
        if token.text.lower() in _QUERY:
            raise self.refused(token, f"{token.text!r} is not of conditions", hint=_WHOLE_TABLE_HINT)
        if token.text not in known:
            near = closest(token.text.lower(), known)
            hint = f"did you mean {', '.join(near)}?" if near else "a text stands in quotes"
            raise UnknownName(f"unknown column: {token.text!r}{self.where(token)}", hint=hint)
        self.named.add(token.text)
        return self.combine(token, lambda: operators.column(known[token.text]))

    def as_condition(self, term: Term) -> Term:
        if term.kind != CONDITION:
            where = self.where(self.tokens[0])
            raise UsageError(
                f"not a condition: {term.about} is {term.kind}{where}",
                hint="compare it with something: val_rpd > 2, model_type == 'Ridge'",
            )
        return term

    def combine(self, token: Token, make: Callable[[], Term]) -> Term:
        """Make a term, and give the place to what is said of kinds that do not go together."""
        try:
            return make()
        except operators.Mismatch as err:
            raise self.refused(token, err.message, hint=err.hint) from err

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def took(self, *words: str) -> bool:
        if self.next.is_word(*words) or (self.next.kind == "sign" and self.next.text in words):
            self.place += 1
            return True
        return False

    def expect(self, word: str) -> None:
        token = self.next
        if not self.took(word):
            found = f"found {token.text!r}" if token.text else "the text ends"
            raise self.refused(token, f"{word!r} is expected, {found}")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refused(self.next, f"more than {DEEPEST} levels", hint="write it flatter")

    def where(self, token: Token) -> str:
        shown = self.text if len(self.text) <= _SHOWN else f"…{self.text[max(token.at - 30, 0) : token.at + 30]}…"
        return f" (character {token.at + 1} of {shown!r})"

    def refused(self, token: Token, what: str, hint: str = "") -> UsageError:
        example = "a condition looks like: val_rpd > 2 and model_type == 'PLSRegression'"
        return UsageError(f"not a condition: {what}{self.where(token)}", hint=hint or example)
