"""The page of operators says what the code has."""

import inspect
import re
from pathlib import Path

import pytest

from nws import operators
from nws.engine.nirs4all import OPERATORS
from nws.engine.nirs4all_models import UNEQUAL
from nws.engine.plan import read_configs

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "operators.md"
TEXT = PAGE.read_text(encoding="utf-8")
TABLE = re.compile(r"(<!-- (classes|names|refused) made by [^\n]* -->\n)(.*?)(<!-- end -->)", re.DOTALL)


@pytest.mark.parametrize("found", list(TABLE.finditer(TEXT)), ids=lambda found: found[2])
def test_the_tables_are_those_of_the_code(found):
    """`python tests/docs/test_operators_page.py` writes them anew."""
    assert found[3] == TABLES[found[2]]()


def test_the_example_expands_to_what_is_said(tmp_path):
    (said, body), *others = re.findall(r"gives (\d+) pipelines?:\n\n```json\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    path = tmp_path / "config.json"
    path.write_text(body, encoding="utf-8")
    assert len(read_configs(path)) == int(said)
    assert not others


def classes():
    lines = ["| class | does | parameters |", "| --- | --- | --- |"]
    for name in sorted(operators.__all__, key=str.lower):
        found = getattr(operators, name)
        params = ", ".join(
            f"`{item.name}`" if item.default is item.empty else f"`{item.name}={_value(item.default)}`"
            for item in inspect.signature(found).parameters.values()
        )
        lines.append(f"| `{name}` | {found.__doc__.splitlines()[0]} | {params or 'none'} |")
    return "\n".join(["", *lines, "", ""])


def names():
    lines = ["| name | with | stands for | passed on |", "| --- | --- | --- | --- |"]
    for name, choices in sorted(OPERATORS.items()):
        for equal in choices:
            asked = [f"`{key}` = {_value(values[0])}" for key, values in {**equal.given, **equal.fixed}.items()]
            asked += [f"any `{key}`" for key in equal.ignored if key != "random_state"]
            calls = [_call(link) for link in equal.chain]
            chain = f"{calls[0]}, twice" if calls[0] in calls[1:] else ", then ".join(calls)
            passed = [f"`{key}`" for link in equal.chain for key in link.passed]
            passed += ["all others"] if equal.is_open else []
            lines.append(f"| `{name}` | {', '.join(asked)} | {chain} | {', '.join(passed)} |")
    return "\n".join(["", *lines, "", ""]).replace("|  |", "| |").replace("|  |", "| |")


def refused():
    lines = ["| name | instead |", "| --- | --- |"]
    lines += [f"| `{name}` | {hint} |" for name, hint in sorted(UNEQUAL.items())]
    return "\n".join(["", *lines, "", ""])


TABLES = {"classes": classes, "names": names, "refused": refused}


def _call(link):
    given = ", ".join(f"{name}={_value(value)}" for name, value in link.params.items())
    return f"`{link.path}({given})`" if given else f"`{link.path}`"


def _value(value):
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda found: found[1] + TABLES[found[2]]() + found[4], TEXT), encoding="utf-8")
