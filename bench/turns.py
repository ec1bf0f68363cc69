"""Two sides that take turns, so that a machine whose speed drifts favours neither, and their medians as a ratio."""

import statistics
import time


def alternate(rounds, floor, ours):
    """Run both in turn, once more than `rounds` and the first time uncounted; return the median seconds of each."""
    times = ([], [])
    for _ in range(rounds + 1):
        for side, work in zip(times, (floor, ours), strict=True):
            began = time.perf_counter()
            work()
            side.append(time.perf_counter() - began)
    return [statistics.median(side[1:]) for side in times]


def show(what, sides, floor, goal):
    """Print the second side as a ratio to the first."""
    ratio = f"{sides[1] / sides[0]:6.2f} of {floor} ({sides[0] * 1e3:.1f} ms)"
    print(f"{what:58}{sides[1] * 1e3:9.1f} ms {ratio}" + (f", goal {goal}" if goal else ""), flush=True)


def check(correct):
    """End the bench if an answer is wrong."""
    if not correct:
        raise SystemExit("a wrong answer was timed")
