"""The house rules that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

from nws.cli.table import COMMANDS, GROUPS

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "nws").rglob("*.py"))
WRITERS = re.compile(
    r"\b(open\([^)]*['\"][wax+]|\.write_text\(|\.write_bytes\(|os\.(replace|rename|link|unlink|mkdir)\(|shutil\.(copy|move|rmtree|make)|\.mkdir\(|\.unlink\(|\.rename\(|\.touch\()"
)


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_are_short_and_say_what_they_are_for(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    assert ast.get_docstring(ast.parse(text)), "a module begins by saying what it is for"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_functions_are_short(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (body[-1].end_lineno - body[0].lineno + 1) if body else 0
            assert length <= 40, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "fsio.py"], ids=name)
def test_only_one_room_writes_files(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        assert not WRITERS.search(line), f"line {number} writes: {line.strip()}"


@pytest.mark.parametrize("path", [path for path in SOURCES if "cli" not in path.parts], ids=name)
def test_only_the_door_knows_the_environment_and_the_terminal(path):
    if path.name == "__main__.py":
        return
    # Models of other packages print what they like; it is kept from stdout, which carries data.
    text = path.read_text(encoding="utf-8").replace("redirect_stdout(sys.stderr)", "")
    for word in ("os.environ", "sys.argv", "sys.stdout", "sys.stderr", "print(", "isatty", "getcwd", ".cwd()"):
        assert word not in text, f"{word} belongs to nws/cli"


def test_every_command_of_the_table_is_there():
    import importlib

    for command in COMMANDS:
        module, _, function = command.target.partition(":")
        assert callable(getattr(importlib.import_module(module), function)), command.name
        assert len(command.words) == 1 or " ".join(command.words[:-1]) in GROUPS


def test_no_machine_paths_stand_in_the_tree():
    here = re.compile(r"/(work|farm|root|home)/[a-z]")
    for folder in ("nws", "tests", "bench", "docs"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".md", ".json", ".toml"} and path != Path(__file__):
                assert not here.search(path.read_text(encoding="utf-8")), path
