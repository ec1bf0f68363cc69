"""Help, names of commands, and what a command may load."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nws.cli.table import COMMANDS, GROUPS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
HEAVY = ["polars", "numpy", "sklearn", "pyarrow", "pandas", "scipy", "matplotlib", "joblib", "asyncio", "rich", "yaml"]


def loaded(words, cwd):
    """Return the exit code of a command and the heavy modules that it loaded."""
    code = (
        "import sys, json\n"
        "from nws.cli.app import run\n"
        f"code = run({[*map(str, words)]!r})\n"
        f"json.dump([code, [name for name in {HEAVY!r} if name in sys.modules]], open('loaded.json', 'w'))\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, check=True, input=b"")
    return json.loads((cwd / "loaded.json").read_text())


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    subprocess.run([sys.executable, "-m", "nws", "init", root], check=True, capture_output=True)
    return root


@pytest.mark.parametrize(
    "words",
    [["--help"], ["runs"], ["init"], ["status"], ["log"], ["dataset", "list"], ["ls-objects"], ["count-objects"],
     ["hash-object", "--stdin"], ["cat-file", "--batch-check"], ["verify-object", "--stdin"], ["reindex", "--help"]],
    ids=" ".join,
)  # fmt: skip
def test_light_commands_load_nothing_heavy(workspace, words):
    code, heavy = loaded(words, workspace)
    assert code == 0
    assert heavy == (
        [] if "--help" not in words or words == ["--help"] else [name for name in heavy if name in {"rich", "asyncio"}]
    )


def test_the_best_is_found_without_numpy_or_scikit_learn(workspace):
    code, heavy = loaded(["catalog", "best"], workspace)
    assert code == 1
    assert not {"sklearn", "scipy", "pandas", "pyarrow"} & set(heavy)


def test_version_loads_nothing_of_nws_but_the_door():
    code = "import sys; sys.argv = ['nws', '--version']; from nws.__main__ import main; main(); print(sorted(m for m in sys.modules if m.startswith(('nws', 'cyclopts'))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    version, modules = done.stdout.splitlines()
    assert version == __import__("nws").__version__
    assert modules == "['nws', 'nws.__main__']"


def test_the_root_page_lists_every_command(nws):
    done = nws("--help", check=0)
    assert all(f"  {command.name} " in done.stdout for command in COMMANDS)
    assert done.stderr == ""
    assert nws(check=0).stdout == done.stdout


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lists_its_commands(nws, group):
    done = nws(*group.split(), check=0)
    assert all(
        f"nws {group}" in done.stdout or command.help in done.stdout
        for command in COMMANDS
        if command.name.startswith(f"{group} ")
    )
    assert nws(*group.split(), "--help", check=0).stdout == done.stdout


def test_the_reference_of_commands_is_what_help_says(here, monkeypatch):
    """UPDATE_GOLDEN=1, as in `make docs`, writes the page anew, to be read before it is committed."""
    monkeypatch.setenv("COLUMNS", "100")
    pages = {command: here(*command.words, "--help", check=0).out for command in COMMANDS}
    for command, page in pages.items():
        assert page.startswith(f"Usage: nws {command.name}")
        assert command.help in page
    parts = [
        "# Command line\n\nMade from the table of commands and their signatures.\n\n```\n",
        here("--help", check=0).out,
    ]
    parts += ["```\n", *(f"\n## nws {command.name}\n\n```\n{page}```\n" for command, page in pages.items())]
    if os.environ.get("UPDATE_GOLDEN"):
        REFERENCE.write_text("".join(parts), encoding="utf-8")
    assert "".join(parts) == REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["cat-fil"], "cat-file"),
        (["runs", "lst"], "runs list"),
        (["dataset", "ad"], "dataset add"),
        (["frobnicate"], "--help"),
    ],
)
def test_an_unknown_command_names_the_nearest(nws, words, hint):
    done = nws(*words, check=2)
    assert done.stdout == ""
    assert done.stderr.startswith("nws: no such command: ")
    assert hint in done.stderr


def test_a_wrong_option_is_a_usage_error_that_names_the_page(nws):
    done = nws("runs", "list", "--colour", check=2)
    assert "--colour" in done.stderr
    assert "hint: nws runs list --help" in done.stderr


def test_global_options_stand_before_or_after(nws, tmp_path):
    nws("init", tmp_path / "w", check=0)
    before = nws("--json", "-C", tmp_path / "w", "status", check=0)
    after = nws("status", "-C", tmp_path / "w", "--json", check=0)
    assert json.loads(before.stdout) == json.loads(after.stdout)


def test_errors_are_json_when_json_is_asked_for(nws):
    done = nws("status", "--json", check=10)
    error = json.loads(done.stderr)
    assert next(iter(error)) == "type"
    assert (error["type"], error["kind"], error["exit_code"]) == ("error", "no-workspace", 10)
    assert "nws init" in error["hint"]


def test_a_closed_pipe_ends_quietly(nws, workspace):
    command = f"{shlex.quote(sys.executable)} -m nws --help | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=workspace, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in {"0", "141"}
