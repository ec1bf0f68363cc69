"""The entry point. It answers `--version` before anything else is imported, and must stay that small."""

import sys


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
        sys.exit(130)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
