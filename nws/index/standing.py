"""What has become of the runs that predictions are of: the index keeps rows for ever, runs come and go.

This room is told which runs are there; it must not look for them on disk.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Which runs and pipelines are still there.

    `runs` are the names of the runs that are there, whoever removed the others and however; `deleted` are the
    pipelines that were deleted out of them: (name of the run, number).
    """

    runs: frozenset[str]
    deleted: frozenset[tuple[str, int]] = frozenset()
