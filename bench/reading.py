"""Peak memory and time of reading a large text dataset, in a process of its own for each form.

    python bench/reading.py [--rows 20000] [--columns 700] [--folder DIR]

Prints `what, text MB, matrix MB, peak MB above idle, seconds`; what was read is compared with what was written.
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

READ = """
import re, resource, sys
from pathlib import Path
import numpy, polars
from nws.dataset import ReadOptions, read

def peak():
    # What getrusage says of a child on Linux is at least what its parent held when it was started.
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) * 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
idle = peak()
dataset, _ = read([Path(sys.argv[1])], name="made", options=ReadOptions())
numpy.save(sys.argv[2], dataset.spectra[:: max(len(dataset.spectra) // 100, 1)])
print(peak() - idle, dataset.spectra.nbytes)
"""


def make(path, values, decimal):
    """Write spectra with six decimals, an id and a target."""
    delimiter = ";" if decimal == "," else ","
    with open(path, "w") as sink:
        sink.write(
            delimiter.join(["id", "protein", *(f"{1100 + 2 * place}" for place in range(values.shape[1]))]) + "\n"
        )
        for row, spectrum in enumerate(values.tolist()):
            cells = [f"{10 + row % 97 / 7:.3f}", *(f"{value:.6f}" for value in spectrum)]
            sink.write(delimiter.join([f"s{row}", *(cell.replace(".", decimal) for cell in cells)]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--columns", type=int, default=700)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    values = np.round(np.random.default_rng(7).random((options.rows, options.columns)), 6)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        make(folder / "point.csv", values, ".")
        make(folder / "comma.csv", values, ",")
        with open(folder / "point.csv", "rb") as plain, gzip.open(folder / "packed.csv.gz", "wb", 1) as packed:
            packed.writelines(plain)
        text = os.path.getsize(folder / "point.csv") / 1e6
        print("what\ttext MB\tmatrix MB\tpeak MB\tseconds")
        for what in ("point.csv", "comma.csv", "packed.csv.gz"):
            begun = time.perf_counter()
            words = [sys.executable, "-c", READ, folder / what, folder / "read.npy"]
            peak, size = map(int, subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
            seconds = time.perf_counter() - begun
            assert (np.load(folder / "read.npy") == values[:: max(len(values) // 100, 1)]).all(), (
                "other values came out"
            )
            print(f"{what}\t{text:.0f}\t{size / 1e6:.0f}\t{peak / 1e6:.0f}\t{seconds:.1f}", flush=True)


if __name__ == "__main__":
    main()
