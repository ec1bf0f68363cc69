"""Peak memory of a large object's way into the store and out of it, each way in a process of its own.

    python bench/memory.py [--megabytes 2000] [--folder DIR]

Prints `what, peak MB, seconds`; the bytes that come out are compared with those that went in. What is written is
removed at the end.
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PUT = """
import sys
from pathlib import Path
from nws.store import ObjectStore
print(ObjectStore(Path(sys.argv[1])).put_file(Path(sys.argv[2])))
"""
PUT_PIPE = """
import sys
from pathlib import Path
from nws.store import ObjectStore
print(ObjectStore(Path(sys.argv[1])).put_stream(sys.stdin.buffer))
"""
GET = """
import sys
from pathlib import Path
from nws.ids import ObjectId
from nws.store import ObjectStore
for piece in ObjectStore(Path(sys.argv[1])).open(ObjectId(sys.argv[2])):
    sys.stdout.buffer.write(piece)
"""


def make(path, megabytes):
    """Write a file of which a half can be compressed away, and return its SHA-256."""
    draw = random.Random(7)
    whole = hashlib.sha256()
    with open(path, "wb") as sink:
        for _ in range(megabytes):
            block = draw.randbytes(500_000) + bytes(500_000)
            whole.update(block)
            sink.write(block)
    return whole.hexdigest()


def run(words, *, source=None, sink=None):
    """Run a process and return what it printed, its peak memory in MB and its seconds."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", *words], stdin=source, stdout=sink or subprocess.PIPE)
    printed = b"" if sink else process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stdout:
        process.stdout.close()
    if process.returncode:
        sys.exit(f"exit code {process.returncode}: {words[0]}")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return printed.decode().strip(), usage.ru_maxrss / unit, time.perf_counter() - begun


def through_a_pipe(words, path):
    """Run a process that reads `path` from a pipe."""
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as feeder:
        return run(words, source=feeder.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        plain, copy, store = folder / "plain", folder / "copy", folder / "store"
        expected = make(plain, options.megabytes)
        print(f"what\tpeak MB\tseconds\t({options.megabytes} MB)")
        report("idle", run(["import nws.store"]))
        oid = report("put_file", run([PUT, store, plain]))
        with open(copy, "wb") as sink:
            report("open", run([GET, store, oid], sink=sink))
        assert file_hash(copy) == expected, "other bytes came out"
        report("put_file, known", run([PUT, store, plain]))
        assert report("put_stream, pipe", through_a_pipe([PUT_PIPE, folder / "other", plain], plain)) == oid


def report(what, result):
    printed, peak, seconds = result
    print(f"{what}\t{peak:.0f}\t{seconds:.1f}", flush=True)
    return printed


def file_hash(path):
    with open(path, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


if __name__ == "__main__":
    main()
