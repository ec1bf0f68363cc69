"""Commands on what a person trusts: config trust add, list, remove."""

from pathlib import Path

from nws.cli.session import Handed


def add(path: Path, /, *, session: Handed) -> None:
    """Trust a workspace, an exported folder or a zip file: models in it may be loaded, which runs code of theirs.

    A file is trusted as it is now, a folder with whatever comes into it. Looking at figures needs no trust.

    Parameters
    ----------
    path
        The file or folder.
    """
    entry = session.trusted().add(path)
    if session.json:
        session.output.record("trusted", {"path": str(entry.path), "blake3": entry.blake3, "added_at": entry.added_at})
    what = "with whatever comes into it" if entry.blake3 is None else "as it is now"
    session.output.say(f"trusted, {what}: {entry.path}")


def list_(*, session: Handed) -> None:
    """List what is trusted, and whether it is still there and the same."""
    entries = session.trusted().list()
    rows = (
        {"path": str(entry.path), "blake3": entry.blake3, "added_at": entry.added_at, "state": entry.state()}
        for entry in entries
    )
    session.output.rows("trusted", rows, ["state", "path", "added_at"])
    if not entries:
        session.output.say("nothing is trusted beyond your own files: nws config trust add PATH")


def remove(path: Path, /, *, session: Handed) -> None:
    """Trust a path no more; it need not be there.

    Parameters
    ----------
    path
        As it was given.
    """
    session.trusted().remove(path)
    if session.json:
        session.output.record("untrusted", {"path": str(path.resolve())})
    session.output.say(f"no longer trusted: {path}")
