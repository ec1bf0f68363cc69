"""The line of progress on a terminal."""

import fcntl
import os
import struct
import sys
import termios

import pytest

from nws.cli.output import Output, Progress

LINE = "21/240 · best RMSECV 0.2320 · 11.1 s left"


def shown(monkeypatch, columns):
    """Return what a terminal of so many columns is sent; some give none, and then say 0."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(slave, "w", encoding="utf-8") as terminal, os.fdopen(master, "rb") as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        Progress(Output(), iter([0.0, 1.0, 1.0]).__next__).update(LINE)
        monkeypatch.undo()
        return os.read(screen.fileno(), 1000).decode().removeprefix("\r\x1b[2K")


@pytest.mark.parametrize(("columns", "expected"), [(0, LINE), (200, LINE), (9, "21/240 ·")])
def test_progress_is_cut_only_where_the_terminal_ends(monkeypatch, columns, expected):
    assert shown(monkeypatch, columns) == expected
