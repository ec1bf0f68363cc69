"""A program that stores something and is stopped at its k-th call of the system, or is told that the call failed.

Run as `python store_faults.py SCENARIO crash|fail FOLDER`; it forks once for every k and prints one JSON line each:
what the call was and how the child ended. With `trace` for the mode it prints the calls of one undisturbed round.
"""

import concurrent.futures.thread
import errno
import itertools
import json
import os
import random
import sys
import threading
from pathlib import Path

import blake3
import zstandard
from families import family

import nws.store.batch
import nws.store.packing
from nws.errors import NwsError
from nws.store import ObjectStore
from nws.store.frames import SMALL

CALLS = {"open", "write", "flush", "fsync", "link", "unlink", "replace", "rename", "mkdir", "utime", "seek"}
# Already there, so that no call of an import is counted.
READY = (blake3, concurrent.futures.thread, zstandard)
LARGE = random.Random(8).randbytes(SMALL // 16) * (16 * 5)
CONTENT = {
    "small": [b"small"],
    "large": [LARGE],
    "batch": [b"%d" % n for n in range(5)],
    "spooled": [LARGE],
    "torn": [b"torn"],
    "known": [b"known"],
    "group": [*family(4), b"small"],
    "regroup": family(4),
    "bare": family(4),
    "torn pack": family(4),
}
GROUPS = {"group", "regroup", "bare", "torn pack"}


def prepare(scenario, root):
    if scenario in {"torn", "known"}:
        ObjectStore(root).put(CONTENT[scenario][0])
    if scenario == "torn":
        for path in root.rglob("*.zst"):
            path.write_bytes(b"")
    if scenario in {"regroup", "bare", "torn pack"}:
        with ObjectStore(root).batch() as batch:
            batch.put_group(CONTENT[scenario])
    if scenario in {"bare", "torn pack"}:
        for path in root.rglob("*.idx"):
            path.unlink()
    if scenario == "torn pack":
        for path in root.rglob("*.pack"):
            path.write_bytes(path.read_bytes()[:-1])


def act(scenario, root):
    store = ObjectStore(root)
    if scenario == "batch":
        with store.batch() as batch:
            for data in CONTENT[scenario]:
                batch.put(data)
    elif scenario in GROUPS:
        with store.batch() as batch:
            batch.put_group(CONTENT[scenario][:4])
            for data in CONTENT[scenario][4:]:
                batch.put(data)
    elif scenario == "spooled":
        nws.store.batch._WHOLE = SMALL
        reader, writer = os.pipe()
        threading.Thread(target=feed, args=(writer, CONTENT[scenario][0]), daemon=True).start()
        with os.fdopen(reader, "rb") as source:
            store.put_stream(source)
    else:
        store.put(CONTENT[scenario][0])


def feed(writer, data):
    sys.setprofile(None)
    with os.fdopen(writer, "wb") as sink:
        sink.write(data)


def watch(hook):
    """Call `hook(name)` before every call of the system in any thread."""

    def profile(_frame, event, argument):
        if event == "c_call" and argument.__name__ in CALLS and owner(argument) in {"posix", "io", "_io"}:
            hook(argument.__name__)

    threading.setprofile(profile)
    sys.setprofile(profile)


def owner(function):
    return function.__module__ or type(function.__self__).__module__


def unwatch():
    threading.setprofile(None)
    sys.setprofile(None)


def child(scenario, mode, root, at, report):
    counter = itertools.count(1)

    def strike(name):
        if next(counter) != at:
            return
        os.write(report, name.encode())
        if mode == "crash":
            os._exit(9)
        raise OSError(errno.ENOSPC, "no space left, says the test")

    watch(strike)
    try:
        act(scenario, root)
    except (OSError, NwsError):
        return 3
    finally:
        unwatch()
    return 0


def main(scenario, mode, folder):
    if mode == "trace":
        calls = []
        prepare(scenario, folder / "trace")
        watch(calls.append)
        act(scenario, folder / "trace")
        unwatch()
        print(json.dumps(calls))
        return
    for at in itertools.count(1):
        root = folder / str(at)
        prepare(scenario, root)
        source, sink = os.pipe()
        pid = os.fork()
        if pid == 0:
            os._exit(child(scenario, mode, root, at, sink))
        os.close(sink)
        call = os.read(source, 100).decode()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"at": at, "call": call, "code": code}))
        if not call:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
