"""What every test shares: no reach into the user's home or environment, and no silent skip where that is asked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from quick import without_pictures

DATA = Path(__file__).parent / "data"
APT = {
    "zstd": "zstd",
    "b3sum": "b3sum",
    "git": "git",
    "unzip": "unzip",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
}


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("NWS_TESTS_NO_SKIP"):
        terminalreporter.write_line(f"{len(skipped)} skipped, and none may be skipped here", red=True)


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and exitstatus == 0 and os.environ.get("NWS_TESTS_NO_SKIP") and reporter.stats.get("skipped"):
        session.exitstatus = 1


@pytest.fixture(autouse=True)
def hermetic(monkeypatch, tmp_path_factory):
    """Keep a workspace of the user, and his settings, out of every test."""
    for name in list(os.environ):
        if name.startswith("NWS_") and name != "NWS_TESTS_NO_SKIP":
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp()))


@pytest.fixture
def tool():
    """Return the path of a real tool, or skip with the command that installs it."""

    def find(name):
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"needs {name}: apt-get install {APT[name]}")
        return path

    return find


@pytest.fixture
def nws(tmp_path):
    """Run `nws` as a process of its own, in an empty folder, and return what it printed and its exit code."""

    def call(*words, cwd=tmp_path, stdin=None, check=None, env=None):
        done = subprocess.run(
            [sys.executable, "-m", "nws", *without_pictures(words)],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=not isinstance(stdin, bytes),
            timeout=240,
            env={**os.environ, **(env or {})},
            check=False,
        )
        if check is not None:
            assert done.returncode == check, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return call
