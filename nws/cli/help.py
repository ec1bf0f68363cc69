"""Help pages, made from the table of commands and from the signatures of the commands.

This room prints pages; it must not run anything.
"""

import sys
from typing import TYPE_CHECKING

from nws.cli.output import write_table
from nws.cli.table import COMMANDS, GROUPS, PLUMBING, PORCELAIN, Command

if TYPE_CHECKING:
    from cyclopts import App

GLOBAL = (
    ("-C, --workspace DIR", "the workspace (else NWS_WORKSPACE, else the nearest parent folder with nws.toml)"),
    ("--json", "JSON Lines on stdout, errors as JSON on stderr"),
    ("--quiet", "say nothing but errors"),
    ("--verbose", "say more"),
    ("--no-progress", "no progress line"),
    ("--version, --help", "print the version, or help for a command"),
)


def root_help() -> int:
    """Print what there is: the page of `nws --help`."""
    sys.stdout.write(
        "nws: git for model runs in near-infrared spectroscopy\n\nUsage: nws COMMAND [ARGUMENTS] [OPTIONS]\n"
    )
    for kind, title in ((PORCELAIN, "For people"), (PLUMBING, "For programs")):
        sys.stdout.write(f"\n{title}:\n")
        _list([(command.name, command.help) for command in COMMANDS if command.kind == kind])
    sys.stdout.write("\nGlobal options, before or after the command:\n")
    _list(GLOBAL)
    sys.stdout.write("\nA first look: nws demo\n")
    return 0


def group_help(group: str) -> int:
    """Print the commands of one group (`nws runs`)."""
    sys.stdout.write(f"{GROUPS[group]}\n\nUsage: nws {group} COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:\n")
    _list([(command.name, command.help) for command in COMMANDS if command.name.startswith(f"{group} ")])
    return 0


def command_help(app: "App", command: Command) -> int:
    """Print the page of one command: usage, arguments and options as its signature has them."""
    import io
    import shutil
    import textwrap

    from rich.console import Console

    page = io.StringIO()
    app.help_formatter = "plain"
    # Wide enough that the parser wraps nothing: it would wrap a description before it stands behind its name.
    app.help_print(command.words, console=Console(file=page, width=10_000))
    width = shutil.get_terminal_size((100, 24)).columns
    for line in page.getvalue().rstrip().splitlines():
        wrapped = textwrap.wrap(line, width, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False)
        sys.stdout.write("\n".join(wrapped or [""]) + "\n")
    sys.stdout.write("\nGlobal options:\n")
    _list(GLOBAL)
    return 0


def _list(pairs: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> None:
    write_table(sys.stdout, None, [["", name, text] for name, text in pairs], aligned=True)
