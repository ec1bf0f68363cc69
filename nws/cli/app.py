"""The command line: dispatch, and the one place that turns an error into an exit code.

Everything printed by a failure is printed here; commands return an exit code or raise, and must not exit by themselves.
"""

import os
import sys
from typing import Any

from cyclopts import App, CycloptsError, Parameter

from nws import __version__
from nws.cli.output import Output
from nws.cli.session import Options, Session, read_options
from nws.cli.table import COMMANDS, GROUPS, Command
from nws.errors import BUG, DONE, INTERRUPTED, READER_GONE, NwsError, SystemRefused, UsageError
from nws.ids import closest

HELP = ("-h", "--help")


def run(argv: list[str]) -> int:
    """Run one call of nws and return its exit code.

    Parameters
    ----------
    argv
        The words after `nws`.
    """
    options, words = Options(json="--json" in argv), argv
    try:
        _prepare_streams()
        options, words = read_options(argv)
        return _finish(_dispatch(options, words, argv))
    except KeyboardInterrupt:
        options.output().warn("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except Exception as err:  # noqa: BLE001 -- the last door: whatever comes here is given its exit code
        return _fail(options.output(), err, words)


def _prepare_streams() -> None:
    """See to it that there are three streams, and that there is no text that they cannot write."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Closed by the caller: a file opened later would get its number, and what is printed.
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        # Names of files are bytes, and not all of them are text; in JSON this escape stands for the same name.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _dispatch(options: Options, words: list[str], argv: list[str]) -> int | None:
    plain = [word for word in words if not word.startswith("-")]
    if not plain and "--version" in words:
        sys.stdout.write(f"{__version__}\n")
        return DONE
    if not plain or plain[0] == "help":
        return _help(plain[1:])
    if any(word in HELP for word in words):
        return _help(plain)
    command = find(plain)
    if command is None:
        return _help(plain)
    return _call(command, words, Session(options, ["nws", *argv]))


def find(words: list[str]) -> Command | None:
    """Return the command that `words` begin with, or None for a bare group.

    Raises
    ------
    UsageError
        With the nearest names, if there is no such command.
    """
    for length in (1, 2, 3):
        name = " ".join(words[:length])
        for command in COMMANDS:
            if command.name == name:
                return command
    group = group_of(words)
    if group and len(group) == len(words):
        return None
    known = [command.name for command in COMMANDS]
    tried = " ".join(words[: len(group) + 1])
    near = closest(tried, known)
    hint = f"did you mean {', '.join(f'`nws {name}`' for name in near)}?" if near else "nws --help lists the commands"
    raise UsageError(f"no such command: {tried}", hint=hint)


def group_of(words: list[str]) -> list[str]:
    """Return the words at the beginning that name a group of commands, or a group in a group."""
    lengths = [length for length in (1, 2) if " ".join(words[:length]) in GROUPS]
    return words[: max(lengths, default=0)]


def _help(words: list[str]) -> int:
    from nws.cli.help import command_help, group_help, root_help

    if not words:
        return root_help()
    command = find(words)
    return group_help(" ".join(words)) if command is None else command_help(build(command), command)


def build(*commands: Command) -> App:
    """Return the parser for the given commands. A call registers only its own, which is what keeps it quick."""
    shared: dict[str, Any] = {
        "default_parameter": Parameter(negative="", show_default=_shown),
        "result_action": "return_value",
        "exit_on_error": False,
        "print_error": False,
        "suppress_keyboard_interrupt": False,
        "version_flags": [],
    }
    app = App(name="nws", **shared)
    groups: dict[str, App] = {}
    for command in commands:
        *group, last = command.words
        parent = app
        for length, word in enumerate(group, 1):
            name = " ".join(group[:length])
            if name not in groups:
                groups[name] = App(name=word, help=GROUPS[name], version_flags=[])
                parent.command(groups[name])
            parent = groups[name]
        parent.command(command.target, name=last, help=command.help)
    return app


def _shown(default: Any) -> Any:
    """Return a default as help shows it; what is off, empty or not given needs no word."""
    return None if default is None or default is False or default == "" else str(default)


def _call(command: Command, words: list[str], session: Session) -> int | None:
    function, bound, handed = build(command).parse_args(words, exit_on_error=False, print_error=False)
    if "session" in handed:
        bound.arguments["session"] = session
    _collect_again()
    code: int | None = function(*bound.args, **bound.kwargs)
    return code


def _collect_again() -> None:
    import gc

    gc.freeze()
    gc.enable()


def _finish(code: int | None) -> int:
    sys.stdout.flush()
    return DONE if code is None else code


def _fail(output: Output, error: Exception, words: list[str]) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_gone()
    named = _named(error, words)
    if named is None:
        return _bug(output, error)
    output.error(named)
    return named.exit_code


def _named(error: Exception, words: list[str]) -> NwsError | None:
    """Return the error as one of the known categories; None for a bug."""
    if isinstance(error, NwsError):
        return error
    if isinstance(error, CycloptsError):
        return UsageError(" ".join(str(error).split()), hint=_help_hint(words))
    if isinstance(error, OSError):
        return _system(error)
    if isinstance(error, MemoryError):
        return SystemRefused("out of memory", hint="use fewer --jobs, or a machine with more memory")
    return None


def _help_hint(words: list[str]) -> str:
    plain = [word for word in words if not word.startswith("-")]
    return f"nws {' '.join([*plain[: len(group_of(plain)) + 1], '--help'])}"


def _reader_gone() -> int:
    # The interpreter flushes stdout once more at exit; it must find a place to put it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return READER_GONE


def _system(error: OSError) -> NwsError:
    import errno

    # Of a renaming, the second name is the one that means something to people.
    name = error.filename2 or error.filename
    where = f": {name}" if name else ""
    hints = {
        errno.ENOSPC: "free some space; what was finished before is kept",
        errno.EDQUOT: "your quota is used up; what was finished before is kept",
        errno.EACCES: "check the permissions of that path",
        errno.EPERM: "check the permissions of that path",
        errno.EROFS: "the file system is read-only",
        errno.EISDIR: "a folder is where a file is to be; move it away",
        errno.ENOTDIR: "a file is where a folder is to be; move it away",
        errno.EEXIST: "something else has that name; move it away",
        errno.ENAMETOOLONG: "choose a shorter name",
    }
    text = error.strerror or type(error).__name__
    return SystemRefused(f"{text[0].lower()}{text[1:]}{where}", hint=hints.get(error.errno or 0, ""))


def _bug(output: Output, error: Exception) -> int:
    import traceback

    if output.verbose or not output.json_lines:
        traceback.print_exception(error)
    output.error(
        NwsError(f"this is a bug: {type(error).__name__}: {error}", hint="please report it with the lines above")
    )
    return BUG
