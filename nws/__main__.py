"""The entry point. It answers `--version` before anything else is imported, and must stay that small."""

import sys

# The module `typing` would double the time that --version takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from nws import __version__

        print(__version__)  # noqa: T201 -- stdout carries data, and the output room is not worth its import here
        return
    # The collector finds nothing to free while modules load, and looking costs a tenth of the start.
    import gc

    gc.disable()
    try:
        from nws.cli.app import run
    except KeyboardInterrupt:
        _leave_interrupted()
    code = run(sys.argv[1:])
    if code == _INTERRUPTED:
        _leave_interrupted()
    sys.exit(code)


def _leave_interrupted() -> "NoReturn":
    """Leave with the code of an interruption.

    Where Ctrl-C came while a string was executed (modules that make dataclasses do), the interpreter remembers it,
    however it was dealt with, and would end by the signal in place of the code.
    """
    import atexit
    import contextlib
    import os

    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001 -- a plain exit does it; without it, semaphores of workers stay
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
