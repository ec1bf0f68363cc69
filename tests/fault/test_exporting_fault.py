"""Exports onto a disk that is full or cannot be written to: the path is named, and nothing is left half-written."""

import pytest
from exporting import GRID
from mounting import mounted
from predicting import run_of, stored

from nws.cli.app import run as call
from nws.errors import DONE, SystemRefused


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    root = tmp_path_factory.mktemp("held")
    return root, next(run_of(stored(root, classes=False, grids=(GRID,)), "gas").pipelines())


@pytest.fixture
def disk(tmp_path):
    """Return the folder of a file system that is too small for an export, and a function that mounts it otherwise."""
    folder = tmp_path / "disk"
    with mounted(folder, "24k") as mount:
        yield folder, mount


def files(path):
    return {inside: inside.read_bytes() for inside in [path, *path.rglob("*")] if inside.is_file()}


@pytest.mark.parametrize("form", ["folder", "zip", "skops"])
def test_a_full_disk_and_one_that_cannot_be_written_to(held, disk, form, capsys):
    (root, pipeline), (folder, mount) = held, disk
    words = ["-C", str(root), "export", pipeline.ref, "--format", form, "--output", str(folder)]
    assert call(words) == SystemRefused.exit_code
    said = capsys.readouterr()
    assert not said.out.replace("path\n", "")
    assert f"nws: no space left on device: {folder}/" in said.err
    assert "hint: free some space" in said.err
    assert list(folder.rglob("*")) == []
    assert mount("remount,ro,size=9m") == 0
    assert call(words) == SystemRefused.exit_code
    assert "hint: the file system is read-only" in capsys.readouterr().err
    assert mount("remount,rw,size=9m") == 0
    assert call(words) == DONE
    (made,) = folder.iterdir()
    before = files(made)
    with pytest.raises(OSError, match="No space left"), open(folder / "filler", "wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    assert call([*words, "--replace"]) == SystemRefused.exit_code
    assert files(made) == before
    assert sorted(folder.iterdir()) == sorted([made, folder / "filler"])
