"""Scripts that fork children out of one process that has loaded everything, so that a death costs milliseconds."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
HEAD = """
import itertools, os, random, signal, sys, tempfile, time
from pathlib import Path
from index_rows import row
from nws.errors import Damaged, UnknownName
from nws.index import segments

folder = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as scratch:
    segments.append(Path(scratch), [row(0)])

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return pid

def exit_code(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def run(script, *words, timeout=60):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HEAD + script, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.split()
