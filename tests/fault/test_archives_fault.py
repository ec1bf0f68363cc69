"""Archives on a bad day: writers that die at any step, full disks, bits that flip; and a run that is not lost by it."""

import contextlib
import errno
import io
import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from forking import run_script
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace
from nws.cli.app import run as call
from nws.errors import DONE, Conflict, Damaged, NewerFormat, SystemRefused
from nws.ids import ObjectId
from nws.records import Manifest, encode
from nws.shelf import archives, zips
from nws.shelf.checking import check_zip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks into /proc")
KINDS = ("pipeline", "filtered", "best_predictions")
HEAD = """
import itertools, os, shutil, signal, sys
from pathlib import Path
from nws import Workspace

folder, kind = Path(sys.argv[1]), sys.argv[2]
workspace = Workspace.open(folder)
(run,) = workspace.runs.list()
pipeline = next(run.pipelines())
from nws.shelf import archives
archives(folder / "warm").add(pipeline, kind)
shutil.rmtree(folder / "warm")
"""
DIE_AT = (
    HEAD
    + """
from forking import die_at, every_death

def work(root, step):
    die_at(step, root)
    archives(root / "archives").add(pipeline, kind)

print(every_death(lambda step: folder / "steps" / str(step), work))
"""
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    root = tmp_path_factory.mktemp("finished")
    small_csv(root / "wheat.csv")
    ridge_grid(root / "grid.json", 1)
    (root / "nws.toml").write_text("format = 1\n[catalog]\narchive_best = false\n", encoding="utf-8")
    workspace, _ = Workspace.init(root)
    workspace.run(root / "wheat.csv", root / "grid.json")
    return root


@pytest.fixture
def workspace(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "w")
    return Workspace.open(tmp_path / "w")


def only(workspace):
    (run,) = workspace.runs.list()
    return next(run.pipelines())


@pytest.mark.parametrize("kind", KINDS)
def test_a_writer_that_dies_at_any_step_leaves_no_half_archive(workspace, kind):
    (steps,) = run_script(DIE_AT, workspace.root, kind)
    assert int(steps) > 8
    states = []
    for step in range(1, int(steps) + 1):
        root = workspace.root / "steps" / str(step) / "archives"
        shelf = archives(root)
        found = [(copy, shelf.verify(copy).problems) for copy in shelf.list()]
        states.append([problem for _, problems in found for problem in problems] if found else "nothing")
        # The CSV file comes before its manifest: it is whole, and an archive only when its manifest is there.
        for copy, problems in found:
            assert problems in ((), (f"has no manifest {copy.name}.json beside it",))
            assert not problems or copy.path.read_bytes() == only(workspace).file("predictions.csv")
        assert list(shelf.strays()) == []
        path = shelf.add(only(workspace), kind)
        assert [shelf.verify(copy).problems for copy in shelf.list()] == [()]
        assert path.exists()
    assert states[0] == "nothing"
    assert states[-1] == []
    assert len(set(map(str, states))) == (3 if kind == "best_predictions" else 2)


@pytest.mark.parametrize(("kind", "links"), [("pipeline", 1), ("best_predictions", 2)])
def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_folders_are_after(workspace, monkeypatch, kind, links):
    events = []
    fsync, link = os.fsync, os.link

    def watched(descriptor):
        what = os.readlink(f"/proc/self/fd/{descriptor}")
        events.append(("fsync", os.path.basename(what).split("-")[0]))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    monkeypatch.setattr(os, "link", lambda *names: (events.append(("link", "")), link(*names)))
    workspace.archives.add(only(workspace), kind)
    above = [("fsync", "archives"), ("fsync", "catalog")]
    assert events == [*above, *[("fsync", ".tmp")] * links, *[("link", "")] * links, ("fsync", kind)]


FULL = (
    HEAD
    + """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    workspace.archives.add(pipeline, kind)
except OSError as err:
    print(err.errno, err.filename is not None)
"""
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_said_and_leaves_nothing(workspace, kind):
    assert run_script(FULL, workspace.root, kind) == [str(errno.EFBIG), "True"]
    assert [path for path in workspace.archives.root.rglob("*") if path.is_file()] == []


def content_of(path):
    """Return what plain zipfile makes of every member, for flips in bits that nothing reads."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def content_places(path):
    """Return the places of packed bytes, but for the last three of each member: they say that it ends."""
    with zipfile.ZipFile(path) as archive:
        starts = {info: info.header_offset + 30 + len(info.filename.encode()) for info in archive.infolist()}
    return {place for info, start in starts.items() for place in range(start, start + info.compress_size - 3)}


def test_every_bit_of_a_zip_file_counts_or_changes_no_member(workspace):
    path = workspace.archives.add(only(workspace), "filtered")
    (copy,) = workspace.archives.list()
    whole, before, content = path.read_bytes(), content_of(path), content_places(path)
    harmless = 0
    chance = random.Random(5)
    everywhere = range(len(whole) * 8)
    # Every bit of the headers at both ends, and a sample of the rest.
    chosen = {*range(8 * 60), *range(8 * (len(whole) - 400), 8 * len(whole)), *chance.sample(everywhere, 600)}
    for bit in sorted(chosen):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoilt)
        if workspace.archives.verify(copy).state == "ok":
            harmless += bit // 8 in content
            assert content_of(path) == before
    # Such as the bit that calls a block the last one.
    assert harmless < 10


def test_every_bit_of_a_csv_file_and_its_manifest_counts(workspace):
    path = workspace.archives.add(only(workspace), "best_predictions")
    (copy,) = workspace.archives.list()
    for file in (path, path.with_suffix(".json")):
        whole = file.read_bytes()
        for bit in random.Random(6).sample(range(len(whole) * 8), 800):
            spoilt = bytearray(whole)
            spoilt[bit // 8] ^= 1 << bit % 8
            file.write_bytes(spoilt)
            assert workspace.archives.verify(copy).state != "ok", (file.name, bit)
        file.write_bytes(whole)
    assert workspace.archives.verify(copy).state == "ok"


@pytest.mark.parametrize("wide", [False, True], ids=["plain", "zip64"])
def test_no_garbage_in_the_place_of_an_archive_is_a_bug(tmp_path, monkeypatch, wide):
    """Blocks are moved, doubled, zeroed and cut out of a file that is mostly headers."""
    if wide:
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 50)
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    content = {"a": b"1,2\n" * 20, "b": b"x"}
    members = {name: {"blake3": ObjectId.of(data), "size_bytes": len(data)} for name, data in content.items()}
    content["manifest.json"] = encode(Manifest(kind="pipeline", source={}, members=members))
    target = io.BytesIO()
    zips.write(target, [(name, len(data), [data]) for name, data in content.items()])
    path, whole, chance = tmp_path / "x.zip", target.getvalue(), random.Random(8)
    for _ in range(3000):
        spoilt = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            at, size = chance.randrange(len(spoilt)), chance.choice([1, 2, 4, 8, 30])
            to = chance.randrange(len(spoilt))
            spoilt[to : to + size] = chance.choice([spoilt[at : at + size], bytes(size), b"", b"\xff" * size])
        path.write_bytes(spoilt)
        with contextlib.suppress(NewerFormat):
            if check_zip(path, "pipeline").problems == ():
                assert content_of(path) == content


def test_two_processes_that_archive_the_same_at_once_agree(workspace):
    text = HEAD + "\nfor kind in workspace.archives.kinds: workspace.archives.add(pipeline, kind)\n"
    words = [sys.executable, "-W", "ignore", "-c", text.replace('folder / "warm"', "folder / f'warm{os.getpid()}'")]
    many = [subprocess.Popen([*words, str(workspace.root), "filtered"]) for _ in range(4)]
    assert [process.wait() for process in many] == [0] * 4
    copies = list(workspace.archives.list())
    assert [copy.kind for copy in copies] == list(workspace.archives.kinds)
    assert [workspace.archives.verify(copy).problems for copy in copies] == [(), (), ()]
    assert not list(workspace.root.rglob(".tmp-*"))


@pytest.fixture
def blocked(tmp_path, monkeypatch):
    """A workspace in which no archive can be written: a file has the place of the folder."""
    monkeypatch.chdir(tmp_path)
    assert call(["--quiet", "init", "w"]) == DONE
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 2)
    place = tmp_path / "w" / "catalog" / "archives"
    place.write_bytes(b"")
    return place


RUN = ["-C", "w", "run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "1"]


def test_a_run_whose_archive_cannot_be_written_is_whole_and_says_so(blocked, capsys):
    assert call(RUN) == SystemRefused.exit_code
    told = capsys.readouterr()
    assert "completed: 2 pipelines" in told.err
    assert "files: " in told.err
    assert told.out.count("Ridge") == 2
    assert "nws: a file is where" in told.err or "nws: not a directory" in told.err or "nws: file exists" in told.err
    assert "hint: " in told.err
    assert "Traceback" not in told.err
    root = Path("w")
    assert len(check_whole(root)) == 2
    workspace = Workspace.open(root.absolute())
    (run,) = workspace.runs.list()
    assert run.summary().status == "completed"
    assert "could not archive" in (run.folder / "run.log").read_text(encoding="utf-8")
    assert len(workspace.predictions.records()) == 2
    blocked.unlink()
    assert call([*RUN, "--append"]) == DONE
    assert len(list(workspace.archives.list())) == 1


def test_json_lines_of_such_a_run_are_as_ever_and_the_error_is_one(blocked, capsys):
    assert call([*RUN, "--json", "--quiet"]) == SystemRefused.exit_code
    told = capsys.readouterr()
    assert json.loads(told.out)["status"] == "completed"
    error = json.loads(told.err)
    assert (error["kind"], error["exit_code"]) == ("system", 74)


def test_from_python_the_failure_is_in_the_result(blocked):
    (result,) = Workspace.open(Path("w").absolute()).run("wheat.csv", "grid.json")
    assert result.summary.status == "completed"
    assert isinstance(result.unarchived, OSError)
    assert result.archived == ()


def test_a_damaged_archive_of_the_same_name_is_left_and_named(workspace):
    pipeline = only(workspace)
    for kind in KINDS:
        path = workspace.archives.add(pipeline, kind)
        data = path.read_bytes()
        path.write_bytes(data[:-1])
        with pytest.raises(Conflict if kind == "best_predictions" else Damaged, match="is there already"):
            workspace.archives.add(pipeline, kind)
        assert path.read_bytes() == data[:-1]


def test_an_archive_of_a_newer_version_is_no_damage(workspace):
    path = workspace.archives.path(only(workspace), "filtered")
    path.parent.mkdir(parents=True)
    target = io.BytesIO()
    told = b'{"schema": "manifest/2"}\n'
    zips.write(target, [("manifest.json", len(told), [told])])
    path.write_bytes(target.getvalue())
    (copy,) = workspace.archives.list()
    assert workspace.archives.verify(copy).state == "newer"
    with pytest.raises(NewerFormat):
        workspace.archives.add(only(workspace), "filtered")
