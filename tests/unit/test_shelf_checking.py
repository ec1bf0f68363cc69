"""What a check of an archive finds: whatever somebody, or a disk, did to it. Every file that attacks is made here."""

import io
import json
import os
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from nws.errors import NewerFormat
from nws.ids import ObjectId
from nws.records import Manifest, encode
from nws.shelf import zips
from nws.shelf.checking import check_table, check_zip
from nws.shelf.manifests import beside, sealed

CONTENT = {"a.csv": b"1,2\n" * 1000, "artifacts/é.joblib": os.urandom(3000), "pipeline.json": b"{}\n"}


def manifest_of(content, **changes):
    members = {name: {"blake3": ObjectId.of(data), "size_bytes": len(data)} for name, data in content.items()}
    return Manifest(**{"kind": "pipeline", "source": {"record": "0" * 64}, "members": members, **changes})


def packed(content):
    target = io.BytesIO()
    zips.write(target, [(name, len(data), [data]) for name, data in content.items()])
    return target.getvalue()


def sound(content=CONTENT, **changes):
    return packed({**content, "manifest.json": encode(manifest_of(content, **changes))})


@pytest.fixture
def problems(tmp_path):
    """Write a file and return what a check says of it."""

    def check(data, kind="pipeline"):
        path = tmp_path / "x.zip"
        path.write_bytes(data)
        return check_zip(path, kind).problems

    return check


def by_another_tool(content, *, method=zipfile.ZIP_DEFLATED, infos=()):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
        for info, data in infos:
            archive.writestr(info, data)
    return target.getvalue()


def test_what_was_written_is_sound(problems):
    assert problems(sound()) == ()
    assert problems(sound({})) == ()
    assert problems(sound({"empty": b""})) == ()


def test_a_member_that_is_missing_and_one_that_is_extra_are_named(problems):
    told = encode(manifest_of(CONTENT))
    less = {name: data for name, data in CONTENT.items() if name != "a.csv"}
    assert problems(packed({**less, "manifest.json": told})) == ("'a.csv' is missing",)
    assert problems(packed({**CONTENT, "b": b"", "manifest.json": told})) == ("'b' is not in its manifest",)


def test_a_member_that_is_another_is_named(problems):
    told = encode(manifest_of(CONTENT))
    same_size = {**CONTENT, "a.csv": b"2,1\n" * 1000}
    assert problems(packed({**same_size, "manifest.json": told})) == ("'a.csv' does not have its BLAKE3",)
    longer = {**CONTENT, "a.csv": b"1,2\n" * 1001}
    assert problems(packed({**longer, "manifest.json": told})) == ("'a.csv' has 4004 bytes, not 4000",)


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b"{}", b"[" * 100_000, encode(manifest_of({})).replace(b'"members": {}', b'"members": 3'), b"\xff\0"],
)
def test_a_manifest_that_is_none_is_told(problems, told):
    (problem,) = problems(packed({"manifest.json": told}))
    assert problem.startswith("manifest.json")


@pytest.mark.parametrize("facts", [3, None, [], {}, {"blake3": 3, "size_bytes": "x"}])
def test_a_manifest_with_other_facts_of_a_member_is_told(problems, facts):
    told = encode(manifest_of({}, members={"a": facts}))
    assert problems(packed({"a": b"1", "manifest.json": told}))


def test_no_manifest_is_told(problems):
    assert problems(packed(CONTENT)) == ("has no manifest.json",)


def test_a_manifest_too_long_to_be_ours_is_not_unpacked(problems):
    data = packed({"manifest.json": bytes(64 << 20)})
    tracemalloc.start()
    try:
        assert problems(data) == ("has no manifest.json",)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_manifest_of_a_newer_version_is_refused_with_both_versions(problems):
    told = encode(manifest_of({})).replace(b"manifest/1", b"manifest/2")
    with pytest.raises(NewerFormat, match=r"manifest/2.*manifest/1"):
        problems(packed({"manifest.json": told}))


def test_an_archive_of_another_kind_is_told(problems):
    assert problems(sound(kind="filtered")) == ("its manifest says 'filtered', and it stands among pipeline",)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/etc/passwd", "is an absolute path"),
        ("\\\\host\\share", "is an absolute path"),
        ("C:\\x", "is an absolute path"),
        ("c:x", "is an absolute path"),
        ("../x", "leads out of the copy"),
        ("a/../../x", "leads out of the copy"),
        ("a\\..\\x", "leads out of the copy"),
        ("..", "leads out of the copy"),
        ("folder/", "is not the name of a file"),
        ("a\\b", "is not the name of a file"),
        ("a\0b", "is not the name of a file"),
        ("", "is not the name of a file"),
    ],
)
def test_a_name_that_leads_elsewhere_is_told(problems, name, said):
    # zipfile writes no name with a NUL in it.
    written = name.replace("\0", "?")
    found = problems(sound({**CONTENT, written: b"evil"}).replace(written.encode(), name.encode()))
    assert [problem for problem in found if said in problem]


def test_a_link_is_told(problems):
    info = zipfile.ZipInfo("link", (1980, 1, 1, 0, 0, 0))
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "'link' is a link" in problems(by_another_tool(CONTENT, infos=[(info, b"/etc/passwd")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_told(problems):
    infos = [(zipfile.ZipInfo("a.csv"), b"other")]
    assert "'a.csv' is there twice" in problems(by_another_tool(CONTENT, infos=infos))
    twice = io.BytesIO()
    zips.write(twice, [("a", 1, [b"1"]), ("a", 1, [b"2"])])
    assert "'a' is there twice" in problems(twice.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_an_archive_written_again_by_another_tool_is_told(problems, method):
    told = {**CONTENT, "manifest.json": encode(manifest_of(CONTENT))}
    found = problems(by_another_tool(told, method=method))
    assert found == tuple(f"{name!r} is not packed as nws packs it" for name in told)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("external_attr", (stat.S_IFREG | stat.S_ISUID | 0o755) << 16),
        ("external_attr", (stat.S_IFIFO | 0o644) << 16),
        ("create_system", 0),
        ("date_time", (2026, 1, 1, 0, 0, 0)),
        ("compress_type", zipfile.ZIP_LZMA),
    ],
)
def test_a_member_that_is_described_otherwise_is_told(problems, field, value):
    target = io.BytesIO(sound())
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b""  # Has the list written anew.
        setattr(archive.getinfo("a.csv"), field, value)
    assert problems(target.getvalue()) == ("'a.csv' is not packed as nws packs it",)


def test_a_file_put_in_by_another_tool_is_named(problems, tmp_path):
    path = tmp_path / "y.zip"
    path.write_bytes(sound())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra.txt", b"x")
    assert problems(path.read_bytes()) == ("'extra.txt' is not packed as nws packs it",)


def forged(name, stream, *, size, crc):
    """Return an archive whose last member is a deflate stream with the given declarations."""
    told = encode(manifest_of({**CONTENT, name: b"\0" * size}))
    target = io.BytesIO(packed({**CONTENT, "manifest.json": told}))
    with zipfile.ZipFile(target, "a") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, 0o100644 << 16
        archive.writestr(info, stream)
        # What the list at the end says of it is written when that is.
        info.compress_type, info.file_size, info.CRC = zipfile.ZIP_DEFLATED, size, crc
    return target.getvalue()


def raw(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def test_a_bomb_is_unpacked_no_further_than_it_declares(problems):
    bomb = raw(bytes(256 << 20))
    assert len(bomb) < 1 << 20
    data = forged("z", bomb, size=1000, crc=zlib.crc32(bytes(1000)))
    tracemalloc.start()
    try:
        found = problems(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == ("'z' cannot be unpacked: Bad CRC-32 for file 'z'",)
    assert peak < 16 << 20


def test_streams_that_are_not_what_they_declare_are_told(problems):
    crc = zlib.crc32(bytes(1000))
    assert problems(forged("z", raw(bytes(1000)), size=1000, crc=crc)) == ()
    for spoilt in (raw(bytes(1000))[:-4], raw(bytes(999)), raw(bytes(1001)), b"\7" * 9, b""):
        (problem,) = problems(forged("z", spoilt, size=1000, crc=crc))
        assert problem.startswith("'z' cannot be unpacked: ")
    assert problems(forged("z", raw(bytes(1000)), size=1000, crc=crc ^ 1)) == (
        "'z' cannot be unpacked: Bad CRC-32 for file 'z'",
    )
    for size in (999, 1001):
        assert problems(forged("z", raw(bytes(size)), size=1000, crc=zlib.crc32(bytes(size)))) == (
            "'z' does not have the 1000 bytes that it declares",
        )


def test_a_manifest_that_declares_another_size_is_told(problems):
    target = io.BytesIO(sound())
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b""  # Has the list written anew.
        archive.getinfo("manifest.json").file_size += 1
    (problem,) = problems(target.getvalue())
    assert problem.startswith("manifest.json does not have the ")


def commented(data):
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b"hello"
    return target.getvalue()


@pytest.mark.parametrize(
    "harm",
    [lambda data: data + b"x", lambda data: b"x" + data, lambda data: data[:-1], lambda data: data[1:], commented],
)
def test_bytes_before_behind_and_missing_are_told(problems, harm):
    assert problems(harm(sound()))


def test_members_that_overlap_are_told(problems):
    """As in the bombs that list the same packed bytes a thousand times."""
    target = io.BytesIO(sound())
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b""  # Has the list written anew.
        archive.getinfo("pipeline.json").compress_size = archive.start_dir
    assert problems(target.getvalue()) == ("has members that overlap, or are not where they should be",)


def test_a_member_that_asks_for_a_password_is_told(problems):
    target = io.BytesIO(sound())
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b""  # Has the list written anew.
        archive.getinfo("a.csv").flag_bits |= 1
    (problem,) = problems(target.getvalue())
    assert "is encrypted" in problem


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\5\6", b"x" * 100_000, b"PK\5\6" + bytes(18)])
def test_what_is_no_zip_file_is_told(problems, data):
    assert problems(data)


def test_a_list_of_members_too_long_to_be_ours_is_not_read(tmp_path):
    path = tmp_path / "x.zip"
    with path.open("wb") as file:
        file.truncate(400 << 20)
        file.seek(400 << 20)
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 399 << 20, 0, 0))
    tracemalloc.start()
    try:
        assert check_zip(path).problems
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_links_and_folders_are_not_opened(tmp_path):
    (tmp_path / "real.zip").write_bytes(sound())
    (tmp_path / "x.zip").symlink_to(tmp_path / "real.zip")
    assert check_zip(tmp_path / "x.zip").problems == ("x.zip is a link; a copy is a file of its own",)
    (tmp_path / "y.zip").mkdir()
    assert check_zip(tmp_path / "y.zip").problems == ("y.zip is not a file",)
    os.mkfifo(tmp_path / "z.zip")
    assert check_zip(tmp_path / "z.zip").problems == ("z.zip is not a file",)
    assert check_zip(tmp_path / "absent.zip").problems == ("is missing",)


TABLE = b"sample_id,y_pred\n1,0.5\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "été.csv"
    path.write_bytes(TABLE)
    beside(path).write_bytes(sealed(manifest_of({path.name: TABLE}, kind="best_predictions")))
    assert check_table(path, "best_predictions").problems == ()
    return path


def said(path):
    return check_table(path, "best_predictions").problems


def test_a_csv_file_without_its_manifest_and_a_manifest_without_its_file(table):
    manifest = beside(table).read_bytes()
    beside(table).unlink()
    assert said(table) == ("has no manifest été.json beside it",)
    beside(table).write_bytes(manifest)
    table.unlink()
    assert said(table) == ("is missing",)


def test_a_csv_file_that_is_another_is_told(table):
    table.write_bytes(TABLE.replace(b"5", b"6"))
    assert said(table) == ("'été.csv' does not have its BLAKE3",)
    table.write_bytes(TABLE + b"\n")
    assert said(table) == (f"'été.csv' has {len(TABLE) + 1} bytes, not {len(TABLE)}",)


def test_a_manifest_of_another_file_or_kind_is_told(table):
    beside(table).write_bytes(sealed(manifest_of({"other.csv": TABLE}, kind="best_predictions")))
    assert said(table) == ("'other.csv' is missing", "'été.csv' is not in its manifest")
    beside(table).write_bytes(sealed(manifest_of({table.name: TABLE})))
    assert said(table) == ("its manifest says 'pipeline', and it stands among best_predictions",)


def test_a_manifest_that_was_edited_is_told(table):
    document = json.loads(beside(table).read_bytes())
    document["source"]["record"] = "1" * 64
    beside(table).write_text(json.dumps(document), encoding="utf-8")
    assert said(table) == ("été.json: not as it was written",)
    beside(table).write_bytes(b"{}")
    assert "schema" in said(table)[0]
    beside(table).write_bytes(b"[" * 100_000)
    assert "nested too deeply" in said(table)[0]


def test_a_link_in_the_place_of_a_csv_file_is_not_followed(table, tmp_path):
    table.rename(tmp_path / "real")
    table.symlink_to(tmp_path / "real")
    assert said(table) == ("été.csv is a link; a copy is a file of its own",)
