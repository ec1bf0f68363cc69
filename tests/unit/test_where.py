"""Conditions that people write: what they select, what is refused and where, and that nothing else can be said."""

import datetime as dt
import math
import random

import polars as pl
import pytest

from nws.errors import NwsError, UnknownName, UsageError
from nws.index import where

ROWS = pl.DataFrame(
    {
        "pipeline_number": pl.Series([1, 2, 3, 4], dtype=pl.Int32),
        "val_rpd": [1.0, 3.0, None, math.nan],
        "val_bias": [-0.5, 0.25, 0.0, 2.0],
        "model_type": ["PLSRegression", "Ridge", "O'Brien", None],
        "created_at": [dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC) for day in (1, 2, 3, 4)],
        "run_date": [dt.date(2026, 1, day) for day in (1, 2, 3, 4)],
        "deleted": [True, False, False, True],
    }
)


def selected(text):
    return ROWS.lazy().filter(where.read(text).expression).collect()["pipeline_number"].to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("val_rpd > 2 and model_type == 'PLSRegression'", []),
        ("val_rpd > 2 and model_type == 'Ridge'", [2]),
        ("val_rpd = 3", [2]),
        ("val_rpd<>3", [1]),
        ("val_rpd != 3", [1]),
        ("NOT val_rpd > 2", [1]),
        ("val_rpd IS NULL", [3, 4]),
        ("val_rpd is not null", [1, 2]),
        ("val_rpd between 1 and 2 or deleted", [1, 4]),
        ("val_rpd not between 1 and 2", [2]),
        ("model_type in ('Ridge', \"O'Brien\")", [2, 3]),
        ("model_type not in ('Ridge')", [1, 3]),
        ("pipeline_number in (1, 4.0)", [1, 4]),
        ("model_type = 'O''Brien'", [3]),
        ("model_type like 'P%'", [1]),
        ("model_type like '_idge'", [2]),
        ("model_type like 'p%' or model_type ilike 'r%'", [2]),
        ("model_type like '.*'", []),
        ("contains(lower(model_type), 'reg') or starts_with(model_type, 'O')", [1, 3]),
        ("upper(model_type) = 'RIDGE'", [2]),
        ("length(model_type) > 5", [1, 3]),
        ("abs(val_bias) <= 0.25", [2, 3]),
        ("-val_bias > 0", [1]),
        ("val_bias < -.25", [1]),
        ("val_bias * 2 + 1 >= 1.5 - 0", [2, 4]),
        ("2 + 3 * 4 = 14 and 10 - 4 - 3 = 3 and 12 / 3 / 2 = 2 and 7 % 4 = 3", [1, 2, 3, 4]),
        ("1 / val_bias > 0", [2, 4]),
        ("val_bias % 0 is null", [1, 2, 3, 4]),
        ("deleted", [1, 4]),
        ("deleted == false", [2, 3]),
        ("not deleted and not (val_rpd = 3)", []),
        ("true or deleted and false", [1, 2, 3, 4]),
        ("(true or deleted) and false", []),
        ("run_date >= '2026-01-03'", [3, 4]),
        ("'2026-01-02' = run_date", [2]),
        ("run_date in ('2026-01-01', '2026-01-04')", [1, 4]),
        ("created_at > '2026-01-03'", [3, 4]),
        ("created_at > '2026-01-03T14:00:00+02:00'", [4]),
        ("created_at between '2026-01-02' and '2026-01-03'", [2]),
        ("\n val_rpd\t>\n2 ", [2]),
    ],
)
def test_what_a_condition_selects(text, expected):
    assert selected(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "an empty condition", "val_rpd > 2"),
        ("  ", "an empty condition", "val_rpd > 2"),
        ("val_rpd >", "a value is missing (character 10 of 'val_rpd >')", "looks like"),
        ("val_rpd > and", "a value is expected, found 'and' (character 11", "looks like"),
        ("(val_rpd > 2", "')' is expected, the text ends (character 13", "looks like"),
        ("val_rpd > 2)", "not expected here: ')' (character 12", "looks like"),
        ("val_rpd is nul", "'null' is expected, found 'nul' (character 12", "looks like"),
        ("val_rpd not 2", "'not' goes before in, between, like or ilike here (character 13", "looks like"),
        ("1 < val_rpd < 3", "not expected here: '<' (character 13", "looks like"),
        ("val_rpd > 2; drop table x", "what is ';'? (character 12", "looks like"),
        ("model_type = 'Ridge", 'what is "\'"? (character 14', "looks like"),
        ("val_rpd > 1x", "what is '1'? (character 11", "looks like"),
        ("val_rpd", "val_rpd is a number (character 1", "compare it with something"),
        ("val_rpd > 2 and model_type", "model_type is text", "compare it with something"),
        ("'a'", "'a' is text", "compare it with something"),
        ("val_rpd > 'two'", "val_rpd is a number, 'two' is text (character 9", "without quotes"),
        ("'val_rpd' > 2", "'val_rpd' is text, 2 is a number", "without quotes"),
        ("deleted > true", "deleted is not more or less than anything", "looks like"),
        ("created_at > 'yesterday'", "'yesterday' is not a moment (character 12", "2026-01-31"),
        ("run_date > 5", "5 is not a date", "2026-01-31"),
        ("created_at > run_date", "created_at is a moment, run_date is a date", ""),
        ("val_rpd + model_type > 2", "a number is expected, and model_type is text (character 9", "looks like"),
        ("lower(val_rpd) = 'a'", "text is expected, and val_rpd is a number (character 1", "looks like"),
        ("abs(val_rpd, 2) > 1", "abs() takes 1 values, not 2", "looks like"),
        ("model_type like model_type", "like takes a text in quotes, not model_type", "looks like"),
        ("pipeline_number in (val_rpd)", "in (…) takes constants, not val_rpd", "looks like"),
        ("tags = 'keep'", "tags holds lists", "--tag"),
        ("sum(val_rpd) > 1", "sum() looks at many rows", "one row at a time"),
        ("max(val_rpd) > 1", "max() looks at many rows", "one row at a time"),
        ("count(*) > 1", "count() looks at many rows", "one row at a time"),
        ("rank() over (order by val_rpd) = 1", "no function rank()", "functions: abs"),
        ("val_rpd over () > 1", "not expected here: 'over'", "looks like"),
        ("(select 1) = 1", "'select' is not of conditions (character 2", "one row at a time"),
        ("val_rpd > (select max(val_rpd) from self)", "'select' is not of conditions", "one row at a time"),
        ("exists (select * from read_csv('/etc/passwd'))", "no function exists()", "functions: abs"),
        ("read_csv('/etc/passwd') = 1", "no function read_csv()", "functions: abs"),
        ("read_parquet('x.parquet')", "no function read_parquet()", "functions: abs"),
        ("__import__('os')", "no function __import__()", "functions: abs"),
        ("model_type.str.len() > 1", "what is '.'?", "looks like"),
        ("COLUMNS('val.*') > 1", "no function columns()", "functions: abs"),
        ("* > 1", "a value is expected, found '*'", "looks like"),
        ("val_rpd > $1", "what is '$'?", "looks like"),
        ("val_rpd > 2 -- the rest", "unknown column: 'the'", "quotes"),
        ("val_rpd > 1\x00", "what is '\\x00'?", "looks like"),
        ("(" * 60 + "deleted" + ")" * 60, "more than 50 levels", "flatter"),
        ("not " * 60 + "deleted", "more than 50 levels", "flatter"),
        ("-" * 60 + "1 > 0", "more than 50 levels", "flatter"),
        ("+".join(["1"] * 60) + " > 0", "more than 50 levels", "flatter"),
        ("abs(" * 60 + "1" + ")" * 60 + "> 0", "more than 50 levels", "flatter"),
        ("deleted and " * 1000 + "deleted", "a condition of 12,007 characters", "10,000"),
    ],
)
def test_what_is_refused_with_its_place(text, message, hint):
    with pytest.raises(NwsError) as caught:
        where.read(text)
    assert caught.value.exit_code in (2, 4)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "near"),
    [("val_rmes > 2", "val_rmse"), ("Model_Type = 'x'", "model_type"), ("test_rdp > 2", "test_rpd"), ("ref = 'x'", "")],
)
def test_an_unknown_column_names_the_nearest(text, near):
    with pytest.raises(UnknownName) as caught:
        where.read(text)
    assert near in caught.value.hint
    assert "(character 1 of" in caught.value.message


def test_it_says_which_columns_it_is_on():
    assert where.read("val_rpd > 2 and (deleted or abs(val_bias) < 1)").columns == {"val_rpd", "deleted", "val_bias"}


def test_many_parts_side_by_side_are_no_deep_expression():
    text = " or ".join(["deleted"] * 900)
    assert selected(text) == [1, 4]
    assert selected(f"pipeline_number in ({', '.join(['1'] * 3000)})") == [1]


WORDS = [
    "val_rpd", "model_type", "deleted", "tags", "created_at", "run_date", "1", "2.5", "'a'", '"b"', "and", "or", "not", "in", "is",
    "null", "between", "like", "(", ")", ",", "=", "<", ">=", "!=", "+", "-", "*", "/", "%", "abs", "lower", "contains", "true",
    "select", "'2026-01-01'", "sum", ".", ";", "é", "\\", "'", "length", "ilike",
]  # fmt: skip


def test_whatever_is_written_is_a_filter_or_an_error_with_a_message():
    chance = random.Random(11)
    sound = 0
    for _ in range(4000):
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 9)))
        try:
            condition = where.read(text)
        except (UsageError, UnknownName):
            continue
        assert ROWS.lazy().filter(condition.expression).collect().height <= ROWS.height
        assert condition.columns <= set(ROWS.columns)
        sound += 1
    assert sound > 10


def number(value):
    return None if value is None or math.isnan(value) else value


def atom(chance):
    """Return a test as text, and what it is of a row: true, false or unknown."""
    column = chance.choice(["val_rpd", "val_bias", "pipeline_number"])
    limit = chance.choice([-0.5, 0, 0.25, 1, 3])
    sign, compare = chance.choice(
        [
            ("<", lambda a, b: a < b),
            (">=", lambda a, b: a >= b),
            ("=", lambda a, b: a == b),
            ("!=", lambda a, b: a != b),
        ]
    )

    def compared(row):
        return None if number(row[column]) is None else compare(row[column], limit)

    return chance.choice(
        [
            (f"{column} {sign} {limit}", compared),
            (f"{column} is null", lambda row: number(row[column]) is None),
            ("deleted", lambda row: row["deleted"]),
            ("model_type = 'Ridge'", lambda row: None if row["model_type"] is None else row["model_type"] == "Ridge"),
        ]
    )


def tree(chance, depth):
    kind = chance.choice(["atom", "and", "or", "not"]) if depth else "atom"
    if kind == "atom":
        return atom(chance)
    if kind == "not":
        text, truth = tree(chance, depth - 1)
        return f"not ({text})", lambda row: None if truth(row) is None else not truth(row)
    parts = [tree(chance, depth - 1) for _ in range(chance.randint(2, 3))]
    text = f" {kind} ".join(f"({part})" for part, _ in parts)

    def joined(row):
        values = [truth(row) for _, truth in parts]
        decisive = kind == "or"
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    return text, joined


def test_conditions_mean_what_they_mean_in_sql():
    chance = random.Random(5)
    rows = ROWS.to_dicts()
    for _ in range(150):
        text, truth = tree(chance, 3)
        assert selected(text) == [row["pipeline_number"] for row in rows if truth(row) is True], text
