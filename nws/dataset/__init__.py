"""Datasets: delimited files read into spectra and targets, snapshots of them in the object store, and their registry.

This room must not know of runs or of how pipelines are fitted.
"""

from nws.dataset.contents import Axis, Dataset, ReadOptions, Target
from nws.dataset.folder import name_of
from nws.dataset.reading import read, read_spectra
from nws.dataset.registry import Datasets
from nws.dataset.roles import TargetUntold
from nws.dataset.snapshot import Packed, load, pack, snapshot
from nws.dataset.understood import Understood

__all__ = [
    "Axis",
    "Dataset",
    "Datasets",
    "Packed",
    "ReadOptions",
    "Target",
    "TargetUntold",
    "Understood",
    "load",
    "name_of",
    "pack",
    "read",
    "read_spectra",
    "snapshot",
]
