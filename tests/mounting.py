"""A small file system of its own, for what happens when a disk is full."""

import contextlib
import os
import subprocess

import pytest


@contextlib.contextmanager
def mounted(folder, size):
    """Mount a file system of a size on a new folder, and yield a function that mounts it with other options."""
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        return subprocess.run(command, capture_output=True, check=False).returncode

    if mount(f"size={size}"):
        pytest.skip("needs a system that lets root mount a file system")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
