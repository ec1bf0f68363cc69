"""Zip files as bytes: the same however the content comes, and beyond two gigabytes."""

import io
import itertools
import random
import subprocess
import zipfile

import pytest

from nws.shelf import zips


def write(content):
    target = io.BytesIO()
    zips.write(target, [(name, len(data), pieces) for name, (data, pieces) in content.items()])
    return target.getvalue()


def test_how_content_is_cut_into_pieces_changes_no_byte():
    chance = random.Random(3)
    data = chance.randbytes(70_000) + bytes(300_000) + b"0.125,0.25\n" * 30_000
    whole = write({"x": (data, [data])})
    for _ in range(5):
        cuts = [0, *sorted(chance.choices(range(len(data)), k=20)), len(data)]
        pieces = [memoryview(data)[a:b] for a, b in itertools.pairwise(cuts)]
        assert write({"x": (data, pieces)}) == whole


@pytest.mark.parametrize("count", [1, 3])
def test_sizes_beyond_two_gigabytes_use_zip64(monkeypatch, tmp_path, tool, count):
    """The limits are lowered: what is written is what files of that size get. Nothing else is wide."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    content = {f"{n}.bin": (random.Random(n).randbytes(1500 if n else 10),) * 2 for n in range(count)}
    content["large.csv"] = (b"1,2\n" * 5000,) * 2
    path = tmp_path / "wide.zip"
    path.write_bytes(write({name: (data, [pieces]) for name, (data, pieces) in content.items()}))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            name: data for name, (data, _) in content.items()
        }
        wide = {info.filename for info in archive.infolist() if info.extract_version == 45}
        assert wide == {name for name, (data, _) in content.items() if len(data) > 1000}
    subprocess.run([tool("unzip"), "-tqq", path], check=True)
