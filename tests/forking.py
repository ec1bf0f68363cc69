"""Scripts that fork children out of one process that has loaded everything, so that a death costs milliseconds.

A test calls `run_script` with a script; the script imports `child`, `exit_code` and `die_at` from here.
"""

import contextlib
import errno
import itertools
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
EVENTS = {"open", "os.mkdir", "os.link", "os.remove"}


def run_script(script, *words, timeout=60):
    """Run a script in a process of its own, and return the words that it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.split()


def child(work, *words):
    """Fork a child that does the work and ends with 0, or with 1 and a traceback; return its number."""
    pid = os.fork()
    if pid == 0:
        try:
            work(*words)
            sys.stdout.flush()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return pid


def exit_code(pid):
    """Wait for a child; 9 is what `die_at` ends with."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def die_at(step, folder, *, events=EVENTS, anywhere=(), end=lambda: os._exit(9)):
    """End this process before its call number `step` of the system that touches the folder, or before that fsync.

    `anywhere` are events that count whatever they touch: inside of a folder that is removed whole, names have no path.
    """
    count = itertools.count(1)

    def passed():
        if next(count) == step:
            end()

    def watch(event, words):
        if event in anywhere or (event in events and str(folder) in str(words[0])):
            passed()

    sys.addaudithook(watch)
    fsync = os.fsync

    def counted(descriptor):
        passed()
        fsync(descriptor)

    os.fsync = counted


def fail_at(step, folder, work, **which):
    """Do some work, of which one call fails as on a full disk, and end as a process does that dies if it came to that."""
    struck = []

    def fail():
        struck.append(step)
        raise OSError(errno.ENOSPC, "no space left, says the test")

    die_at(step, folder, end=fail, **which)
    with contextlib.suppress(OSError):
        work()
    if struck:
        os._exit(9)


def every_death(prepare, work):
    """Let a child die at every step of some work, each in a folder that `prepare(step)` makes; return how many there are.

    `work(folder, step)` calls `die_at` or `fail_at`.
    """
    for step in itertools.count(1):
        code = exit_code(child(work, prepare(step), step))
        assert code in (0, 9), code
        if code == 0:
            return step
    raise AssertionError
