"""The house rules that no linter knows."""

import ast
import re
from pathlib import Path

from nws.cli.table import COMMANDS, GROUPS

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "nws").rglob("*.py"))
WRITERS = re.compile(
    r"\b(open\([^)]*['\"][wax+]|\.write_text\(|\.write_bytes\(|os\.(replace|rename|link|unlink|mkdir)\(|shutil\.(copy|move|rmtree|make)|\.mkdir\(|\.unlink\(|\.rename\(|\.touch\()"
)
# Models of other packages print what they like; it is kept from stdout, which carries data.
DOORS = re.compile(
    r"os\.environ|sys\.argv|sys\.stdout|(?<!redirect_stdout\()sys\.stderr|print\(|isatty|getcwd|\.cwd\(\)"
)


def name(path):
    return path.relative_to(ROOT).as_posix()


def test_files_are_short_and_say_what_they_are_for():
    texts = {name(path): path.read_text(encoding="utf-8") for path in SOURCES}
    assert [path for path, text in texts.items() if text.count("\n") > 400] == []
    assert [path for path, text in texts.items() if not ast.get_docstring(ast.parse(text))] == []


def test_functions_are_short():
    long = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and body[-1].end_lineno - body[0].lineno + 1 > 40:
                    long.append(f"{name(path)}: {node.name}")
    assert long == []


def lines_with(paths, pattern):
    """Return the lines of files in which a pattern is found, with their places."""
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_only_one_room_writes_files():
    assert lines_with([path for path in SOURCES if path.name != "fsio.py"], WRITERS) == []


def test_only_the_door_knows_the_environment_and_the_terminal():
    inside = [path for path in SOURCES if "cli" not in path.parts and path.name != "__main__.py"]
    assert lines_with(inside, DOORS) == []


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
