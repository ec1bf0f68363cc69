"""How long commands take to start, as ratios to `python -c pass` in the same run.

Usage: python bench/startup.py [ROUNDS]

The modules are compiled first, as an installer does; without that, every start would compile them again where Python is
told to write no bytecode. Commands and floor take turns, so that a machine whose speed drifts does not favour either; medians are compared.
"""

import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOALS = {
    "nws --version": 2,
    "nws --help": 18,
    "nws hash-object --stdin": 9,
    "nws cat-file -e ID": 9,
    "nws cat-file -s ID": 9,
    "nws count-objects": 9,
    "nws ls-objects": 9,
    "nws verify-object ID": 9,
    "nws runs list": None,
    "nws log": None,
}


def main(rounds):
    nws = str(Path(sys.executable).with_name("nws"))
    compileall.compile_dir(Path(__file__).parent.parent / "nws", quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        run([nws, "init", folder])
        held = run([nws, "hash-object", "-w", "--stdin"], folder=folder, text=b"hello").decode().strip()
        commands = {name: [nws, *name.replace("ID", held).split()[1:]] for name in GOALS}
        times = {name: [] for name in ["floor", *commands]}
        for _ in range(rounds + 1):
            times["floor"].append(clock([sys.executable, "-c", "pass"], folder))
            for name, command in commands.items():
                times[name].append(clock(command, folder))
    floor = statistics.median(times["floor"][1:])
    print(f"floor: python -c pass, {floor * 1e3:.1f} ms (median of {rounds})")
    print(f"{'command':26}{'ms':>8}{'ratio':>8}{'goal':>8}")
    for name, goal in GOALS.items():
        median = statistics.median(times[name][1:])
        print(f"{name:26}{median * 1e3:8.1f}{median / floor:8.2f}{goal or '':>8}")


def run(command, folder=None, text=b""):
    environment = {**os.environ, "NWS_WORKSPACE": folder} if folder else None
    return subprocess.run(command, input=text, capture_output=True, check=True, env=environment).stdout


def clock(command, folder):
    began = time.perf_counter()
    run(command, folder=folder)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
