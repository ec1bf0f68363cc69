"""Ratios of the object store: its times beside those of b3sum, zstd and git on the same bytes, in one go.

    python bench/store.py [--rounds 3] [--files 20] [--small 2000] [--folder DIR]

Both sides of a ratio run as whole processes, in turn, and the median of the rounds is printed. Puts are durable when
they end; zstd does not sync. Answers are checked. What is written is removed at the end.
"""

import argparse
import multiprocessing
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

PUT_FILES = """
import sys, time
from pathlib import Path
from nws.store import ObjectStore
begun = time.perf_counter()
store = ObjectStore(Path(sys.argv[1]))
for path in sys.stdin.read().split():
    print(store.put_file(Path(path)))
print(time.perf_counter() - begun, file=sys.stderr)
"""
PUT_BATCH = """
import sys, time
from pathlib import Path
from nws.store import ObjectStore
begun = time.perf_counter()
with ObjectStore(Path(sys.argv[1])).batch() as batch:
    ids = [batch.put_file(Path(path)) for path in sys.stdin.read().split()]
print(*ids, sep="\\n")
print(time.perf_counter() - begun, file=sys.stderr)
"""
GET = """
import sys, time
from pathlib import Path
from nws.ids import ObjectId
from nws.store import ObjectStore
begun = time.perf_counter()
store = ObjectStore(Path(sys.argv[1]))
for oid in sys.stdin.read().split():
    for piece in store.open(ObjectId(oid)):
        sys.stdout.buffer.write(piece)
print(time.perf_counter() - begun, file=sys.stderr)
"""
PUT_LOOSE = """
import pickle, sys, time
from pathlib import Path
from nws.store import ObjectStore
items = pickle.loads(Path(sys.argv[2]).read_bytes())
begun = time.perf_counter()
with ObjectStore(Path(sys.argv[1])).batch() as batch:
    ids = [batch.put(item) for item in items]
spent = time.perf_counter() - begun
print(*ids, sep="\\n")
print(spent, file=sys.stderr)
"""
PUT_GROUP = PUT_LOOSE.replace("[batch.put(item) for item in items]", "batch.put_group(items)")
READ = """
import sys, time
from pathlib import Path
from nws.ids import ObjectId
from nws.store import ObjectStore
store, ids = ObjectStore(Path(sys.argv[1])), [ObjectId(oid) for oid in sys.argv[2:]]
# What is imported at first is no part of reading.
store.get(ids[0])
begun = time.perf_counter()
found = [store.get(oid) for oid in ids]
spent = time.perf_counter() - begun
print(*(ObjectId.of(data) for data in found), sep="\\n")
print(spent, file=sys.stderr)
"""
FIRST = READ.replace("store.get(ids[0])", "import blake3, zstandard, nws.store.decode")
MEGABYTES = 50
# Samples and features of the sets of which a family of models is made: as gasoline, and a large one.
FAMILIES = ((60, 401), (1000, 1000))
# As on a machine where nothing is set: modules are compiled once, and stdout is buffered.
SLOWING = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in SLOWING}


class Stopwatch:
    """Times of whole processes, by name, and what they printed."""

    def __init__(self):
        self.times = defaultdict(list)
        self.inside = defaultdict(list)
        self.peaks = defaultdict(float)

    def run(self, name, words, *, stdin="", cwd=None, sink=None):
        """Run a process, note its time and peak memory, and return what it printed."""
        begun = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, words)),
            stdin=subprocess.PIPE,
            stdout=sink or subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
        )
        process.stdin.write(stdin.encode())
        process.stdin.close()
        printed = b"" if sink else process.stdout.read()
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        self.times[name].append(time.perf_counter() - begun)
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in filter(None, (process.stdout, process.stderr)):
            stream.close()
        if process.returncode:
            sys.exit(f"{name}: exit code {process.returncode}\n{said}")
        if words[0] == sys.executable and "nws" not in words:
            self.inside[name].append(float(said))
        self.peaks[name] = max(self.peaks[name], usage.ru_maxrss / 1000)
        return printed.decode().split() if printed else []

    def median(self, name):
        return statistics.median(self.times[name])

    def ratio(self, name, *, over):
        """The median of the ratios of neighbouring rounds: what slows both down does not count."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.times[name], self.times[over], strict=True))


def make_spectra(folder, count):
    """Write files of float64 spectra: smooth curves with noise, as a spectrometer of 20 bits gives them."""
    import numpy as np

    draw = np.random.default_rng(3)
    axis = np.linspace(0.0, 1.0, 1000)
    for number in range(count):
        centres, widths = draw.uniform(size=(2, 12, 1))
        bands = np.exp(-(((axis - centres) / (0.05 + widths / 5)) ** 2))
        rows = MEGABYTES * 1_000_000 // (8 * axis.size)
        spectra = draw.uniform(size=(rows, 12)) @ bands + draw.normal(scale=1e-3, size=(rows, axis.size))
        (folder / f"{number:02d}.bin").write_bytes((np.round(spectra * 2**17) / 2**17).tobytes())


def make_small(folder, count):
    """Write text files of 1 to 20 kB, as records, metrics and predictions are."""
    import random

    draw = random.Random(1)
    paths = []
    for number in range(count):
        path = folder / f"{number}.csv"
        path.write_text(
            "\n".join(f"s{n},val,{draw.gauss(10, 1)!r},{draw.gauss(10, 1):.6f}" for n in range(draw.randint(20, 400)))
        )
        paths.append(path)
    return paths


def large(watch, folder, paths, rounds):
    """Put and get the large files beside b3sum and zstd."""
    listed = "\n".join(map(str, paths))
    for number in range(rounds):
        store, packed = folder / f"store{number}", folder / f"packed{number}"
        packed.mkdir()
        expected = watch.run("b3sum", ["b3sum", "--no-names", *paths])
        watch.run("zstd -3 -T2", ["zstd", "-q", "-3", "-T2", "--output-dir-flat", packed, *paths])
        found = watch.run("put", [sys.executable, "-c", PUT_FILES, store], stdin=listed)
        check(found, expected)
        watch.run("b3sum again", ["b3sum", "--no-names", *paths])
        check(watch.run("put, all known", [sys.executable, "-c", PUT_BATCH, store], stdin=listed), expected)
        objects = [store / oid[:2] / f"{oid}.zst" for oid in expected]
        with open(os.devnull, "wb") as sink:
            watch.run("zstd -d", ["zstd", "-qdc", *objects], sink=sink)
            watch.run("get", [sys.executable, "-c", GET, store], stdin="\n".join(expected), sink=sink)
        if number == 0:
            sums = subprocess.run(
                f"zstd -qdc {' '.join(map(str, objects))} | b3sum; cat {' '.join(map(str, paths))} | b3sum",
                shell=True, capture_output=True, check=True, text=True,
            )  # fmt: skip
            one, other = sums.stdout.splitlines()
            assert one == other
        shutil.rmtree(packed)


def small(watch, folder, paths, rounds):
    """Put the small files beside git, then again beside b3sum."""
    listed = "\n".join(map(str, paths)) + "\n"
    for number in range(rounds):
        repository, store, workspace = (folder / f"{name}{number}" for name in ("git", "small", "workspace"))
        subprocess.run(["git", "init", "-q", repository], check=True)
        for option in ("core.fsync=all", "core.fsyncMethod=fsync"):
            subprocess.run(["git", "-C", repository, "config", *option.split("=")], check=True)
        subprocess.run([sys.executable, "-m", "nws", "init", workspace], check=True, capture_output=True)
        watch.run("git hash-object -w", ["git", "hash-object", "-w", "--stdin-paths"], stdin=listed, cwd=repository)
        expected = watch.run("b3sum small", ["b3sum", "--no-names", *paths])
        check(watch.run("batch", [sys.executable, "-c", PUT_BATCH, store], stdin=listed), expected)
        check(watch.run("batch, all known", [sys.executable, "-c", PUT_BATCH, store], stdin=listed), expected)
        command = [sys.executable, "-m", "nws", "-C", workspace, "hash-object", "-w", "--stdin-paths"]
        check(watch.run("nws hash-object -w", command, stdin=listed), expected)
        check(watch.run("nws hash-object -w, all known", command, stdin=listed), expected)


def make_family(path, samples, features):
    """Write 20 artifacts: PLS models of 1 to 20 components on the same spectra."""
    import pickle

    import numpy as np
    from sklearn.cross_decomposition import PLSRegression

    from nws.engine import artifacts

    draw = np.random.default_rng(3)
    axis = np.linspace(0.0, 1.0, features)
    centres, widths = draw.uniform(size=(2, 12, 1))
    shares = draw.uniform(size=(samples, 12))
    spectra = shares @ np.exp(-(((axis - centres) / (0.05 + widths / 5)) ** 2))
    spectra += draw.normal(scale=1e-3, size=spectra.shape)
    target = shares[:, 0] + draw.normal(scale=0.01, size=samples)
    models = [PLSRegression(n_components=count, scale=False).fit(spectra, target) for count in range(1, 21)]
    path.write_bytes(pickle.dumps([artifacts.dump(model) for model in models]))


def families(watch, folder, rounds):
    """Put a family of models into a pack and as files of their own, and read them; return their bytes by name."""
    import pickle

    facts = {}
    for samples, features in FAMILIES:
        source = folder / "family.pickle"
        maker = multiprocessing.get_context("spawn").Process(target=make_family, args=(source, samples, features))
        maker.start()
        maker.join()
        plain = sum(map(len, pickle.loads(source.read_bytes())))
        for number in range(rounds):
            for kind, program in (("loose", PUT_LOOSE), ("pack", PUT_GROUP)):
                name, store = f"{kind} {samples} x {features}", folder / f"{kind}{number}"
                ids = watch.run(f"put {name}", [sys.executable, "-c", program, store, source])
                found = [path for path in store.rglob("*") if path.is_file()]
                facts[name] = (plain, sum(path.stat().st_size for path in found), len(found))
                for what, code, asked in (("all", READ, ids), ("last", FIRST, ids[-1:])):
                    check(watch.run(f"{what} {name}", [sys.executable, "-c", code, store, *asked]), asked)
                shutil.rmtree(store)
    return facts


def report_families(watch, facts):
    """Print what a pack takes beside files of their own, inside the process."""
    for samples, features in FAMILIES:
        size = f"{samples} x {features}"
        plain, loose, files = facts[f"loose {size}"]
        _, packed, few = facts[f"pack {size}"]
        print(f"20 PLS models on {size}, {plain / 1e6:.1f} MB")
        print(
            f"{'bytes of their size':<32}{packed / plain:<34.1%}{'loose ' + format(loose / plain, '.1%'):<40}{packed / loose:.2f}   of plain ≤ 0.5"
        )
        print(f"{'files':<32}{few:<34}{f'loose {files}':<40}{few / files:.2f}")
        for what, goal in (("put", "time ≤ 1"), ("all", ""), ("last", "")):
            mine, theirs = (watch.inside[f"{what} {kind} {size}"] for kind in ("pack", "loose"))
            ratio = statistics.median(one / other for one, other in zip(mine, theirs, strict=True))
            label = {"put": "put", "all": "get all of them", "last": "get the last, nothing known"}[what]
            print(
                f"{label:<32}{f'{statistics.median(mine) * 1e3:.1f} ms':<34}{f'loose {statistics.median(theirs) * 1e3:.1f} ms':<40}{ratio:.2f}   {goal}"
            )


def check(found, expected):
    assert found == expected, "the ids are not those of b3sum"


def report(watch, options):
    """Print the table."""
    rows = [(f"{options.small} small files", "", "", "")]
    rows.append(line(watch, "batch", "git hash-object -w", "time ≤ 0.6"))
    rows.append(line(watch, "nws hash-object -w", "git hash-object -w", ""))
    rows.append(known(watch, "batch, all known", "b3sum small"))
    rows.append(known(watch, "nws hash-object -w, all known", "b3sum small"))
    if options.files:
        rows.append((f"{options.files} files of {MEGABYTES} MB", "", "", ""))
        rows.append(line(watch, "put", max(("b3sum", "zstd -3 -T2"), key=watch.median), "time ≤ 1.25"))
        rows.append(line(watch, "get", "zstd -d", "time ≤ 2"))
        rows.append(known(watch, "put, all known", "b3sum again"))
        rows.append(("peak memory of put", f"{watch.peaks['put']:.0f} MB", "", "≤ 120 MB"))
        rows.append(("peak memory of get", f"{watch.peaks['get']:.0f} MB", "", "≤ 120 MB"))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {options.rounds} rounds")
    for row in rows:
        print(f"{row[0]:<32}{row[1]:<34}{row[2]:<40}{row[3]}")


def line(watch, name, peer, goal):
    mine, theirs = watch.median(name), watch.median(peer)
    inside = f", {statistics.median(watch.inside[name]):.2f} s inside" if watch.inside[name] else ""
    return name, f"{mine:.2f} s{inside}", f"{peer} {theirs:.2f} s", f"{watch.ratio(name, over=peer):.2f}   {goal}"


def known(watch, name, peer):
    mine, theirs = watch.median(name), watch.median(peer)
    inside = f", {statistics.median(watch.inside[name]):.3f} s inside" if watch.inside[name] else ""
    limit = 1.5 * theirs + 0.06
    return name, f"{mine:.3f} s{inside}", f"{peer} {theirs:.3f} s", f"{mine / limit:.2f}   of 1.5 x b3sum + 60 ms, ≤ 1"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--small", type=int, default=2000)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    for needed in ("b3sum", "zstd", "git"):
        if shutil.which(needed) is None:
            sys.exit(f"needs {needed}: apt-get install {needed}")
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        ENVIRONMENT["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        sources = folder / "sources"
        sources.mkdir()
        if options.files:
            # In a process of its own: the peak memory of a child counts what its parent held when it was made.
            maker = multiprocessing.get_context("spawn").Process(target=make_spectra, args=(sources, options.files))
            maker.start()
            maker.join()
            large(watch, folder, sorted(sources.iterdir()), options.rounds)
        small(watch, folder, make_small(sources, options.small), options.rounds)
        facts = families(watch, folder, options.rounds)
    report(watch, options)
    report_families(watch, facts)


if __name__ == "__main__":
    main()
