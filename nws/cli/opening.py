"""A page in the browser of whoever is at the terminal; only where that was asked.

This room must not know what is on the page.
"""

from pathlib import Path

from nws.cli.session import Session


def open_page(session: Session, path: Path, *, really: bool) -> None:
    """Say the address of a page, and open it if that was asked; without a browser that is said, and is no failure."""
    import webbrowser

    address = path.absolute().as_uri()
    session.output.say(f"report: {address}")
    if really and not webbrowser.open(address):
        session.output.warn("no browser was found; open that address yourself")
