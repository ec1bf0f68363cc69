"""The plumbing commands on objects, as processes of their own."""

import json
import os
import random
import subprocess
import sys

import pytest

from nws.ids import ObjectId
from nws.store import ObjectStore

ABSENT = "ab" * 32
LARGE = random.Random(1).randbytes(1 << 20) * 17


@pytest.fixture
def workspace(nws, tmp_path):
    nws("init", ".", check=0)
    return ObjectStore(tmp_path / "_binaries")


def file_of(store, oid):
    return store.root / oid[:2] / f"{oid}.zst"


def harm(store, oid, at=-6):
    body = bytearray(file_of(store, oid).read_bytes())
    body[at] ^= 1
    file_of(store, oid).write_bytes(body)


def test_hashing_needs_no_workspace_and_agrees_with_b3sum(nws, tool, tmp_path):
    names = ["b", "a", "with space", "ünï"]
    for name in names:
        (tmp_path / name).write_text(name * 100)
    expected = subprocess.run(
        [tool("b3sum"), "--no-names", *names], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert nws("hash-object", *names, check=0).stdout == expected.stdout
    assert nws("hash-object", "--stdin-paths", stdin="\n".join(names), check=0).stdout == expected.stdout
    assert nws("hash-object", "--stdin-paths", stdin="\r\n".join(names) + "\r\n", check=0).stdout == expected.stdout
    (tmp_path / "line\nfeed").write_text("x")
    found = nws("hash-object", "--stdin-paths", "-z", stdin="line\nfeed\0b\0", check=0).stdout.split()
    assert found == [ObjectId.of(b"x"), ObjectId.of(b"b" * 100)]
    assert nws("hash-object", "--stdin", stdin="x", check=0).stdout.split() == [ObjectId.of(b"x")]
    assert sorted(os.listdir(tmp_path)) == sorted([*names, "line\nfeed"])


def test_hashing_stores_when_asked(nws, workspace, tmp_path):
    for n in range(150):
        (tmp_path / f"f{n}").write_text(f"file {n}")
    listed = "".join(f"f{n}\n" for n in range(150))
    done = nws("hash-object", "-w", "--stdin-paths", stdin=listed, check=0)
    ids = done.stdout.split()
    assert [workspace.get(ObjectId(oid)) for oid in ids] == [b"file %d" % n for n in range(150)]
    assert nws("hash-object", "-w", "f3", "f1", check=0).stdout.split() == [ids[3], ids[1]]
    stored = nws("hash-object", "-w", "--stdin", stdin=LARGE, check=0).stdout.decode().strip()
    assert workspace.get(ObjectId(stored)) == LARGE
    assert nws("ls-objects", check=0).stdout.split() == sorted([*ids, stored])
    assert nws("ls-objects", ids[0][:3], check=0).stdout.split() == [
        oid for oid in sorted(ids) if oid[:3] == ids[0][:3]
    ]
    counted = nws("count-objects", "-v", check=0).stdout.splitlines()
    assert counted[0] == "count: 151"
    assert counted[1] == f"size: {len(LARGE) + sum(len(f'file {n}') for n in range(150))}"
    assert nws("count-objects", check=0).stdout.startswith("151 objects, ")


def test_without_a_workspace_there_is_nothing_to_store_in(nws):
    for words in (["hash-object", "-w", "--stdin"], ["cat-file", "-e", ABSENT], ["ls-objects"], ["count-objects"]):
        assert nws(*words, stdin="", check=10).stdout == ""


def test_cat_file_asks_for_one_object(nws, workspace):
    oid = workspace.put(b"no line feed at the end")
    assert nws("cat-file", "-p", oid, check=0).stdout == "no line feed at the end"
    assert nws("cat-file", "-p", oid[:6], check=0).stdout == "no line feed at the end"
    assert nws("cat-file", "-s", oid[:8], check=0).stdout == "23\n"
    assert nws("cat-file", "-e", oid, check=0).stdout == nws("cat-file", "-e", oid[:9], check=0).stdout == ""
    for absent in (ABSENT, ABSENT[:6]):
        done = nws("cat-file", "-e", absent, check=1)
        assert (done.stdout, done.stderr) == ("", "")
        for question in ("-p", "-s"):
            done = nws("cat-file", question, absent, check=4)
            assert done.stdout == ""
            assert absent in done.stderr


def test_large_objects_come_out_whole(nws, workspace):
    oid = workspace.put(LARGE)
    assert nws("cat-file", "-p", oid, stdin=b"", check=0).stdout == LARGE
    answer = nws("cat-file", "--batch", stdin=oid.encode(), check=0).stdout
    assert answer == f"{oid} {len(LARGE)}\n".encode() + LARGE + b"\n"


@pytest.mark.parametrize(
    "words",
    [
        ["hash-object"], ["hash-object", "--stdin", "--stdin-paths"], ["hash-object", "--stdin", "file"],
        ["cat-file"], ["cat-file", ABSENT], ["cat-file", "-e"], ["cat-file", "-e", "-s", ABSENT],
        ["cat-file", "--batch", ABSENT], ["cat-file", "--batch", "--batch-check"], ["cat-file", "-p", "xyz"],
        ["cat-file", "-e", "ab"], ["cat-file", "-e", ABSENT.upper()], ["verify-object"],
        ["verify-object", "--stdin", ABSENT], ["hash-object", "--unheard-of"],
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.usefixtures("workspace")
def test_words_that_do_not_fit_are_a_usage_error(nws, words):
    done = nws(*words, stdin="", check=2)
    assert done.stdout == ""
    assert "hint: " in done.stderr


def test_batches_answer_in_order_and_say_what_is_missing(nws, workspace):
    one, two = workspace.put(b"one"), workspace.put(b"two\n")
    asked = [two, ABSENT, one[:6], "nonsense", one]
    stdin = "".join(f"{text}\n" for text in asked)
    done = nws("cat-file", "--batch-check", stdin=stdin, check=0)
    assert done.stdout == f"{two} 4\n{ABSENT} missing\n{one} 3\nnonsense missing\n{one} 3\n"
    done = nws("cat-file", "--batch", "-z", stdin="\0".join(asked), check=0)
    assert done.stdout == f"{two} 4\ntwo\n\n{ABSENT} missing\n{one} 3\none\nnonsense missing\n{one} 3\none\n"


def test_a_batch_answers_before_the_next_question(workspace, tmp_path):
    oid = workspace.put(b"dialogue")
    (tmp_path / "file").write_bytes(b"new")
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    talks = {
        ("cat-file", "--batch-check"): (oid, f"{oid} 8\n"),
        ("cat-file", "--batch"): (oid, f"{oid} 8\n"),
        ("verify-object", "--stdin"): (oid, f"{oid} ok\n"),
        ("hash-object", "-w", "--stdin-paths"): ("file", f"{ObjectId.of(b'new')}\n"),
    }
    for words, (question, answer) in talks.items():
        command = [sys.executable, "-m", "nws", *words]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=tmp_path, stdin=pipe, stdout=pipe, env=buffered) as process:
            for _ in range(3):
                process.stdin.write(question.encode() + b"\n")
                process.stdin.flush()
                assert process.stdout.readline().decode() == answer
                if "--batch" in words:
                    assert process.stdout.read(9) == b"dialogue\n"
            process.stdin.close()
            assert process.wait() == 0


def test_damage_is_reported_for_all_and_exits_13(nws, workspace):
    good, bad, worse, large = (workspace.put(data) for data in (b"good", b"bad", b"worse", LARGE))
    harm(workspace, bad)
    harm(workspace, large)
    file_of(workspace, worse).write_bytes(b"")
    done = nws("verify-object", good, bad, ABSENT, worse, large, good[:7], check=13)
    states = ["ok", "damaged", "missing", "damaged", "damaged", "ok"]
    assert done.stdout.splitlines() == [
        f"{oid} {state}" for oid, state in zip([good, bad, ABSENT, worse, large, good], states, strict=True)
    ]
    for oid in (bad, worse, large):
        assert f"{oid}.zst" in done.stderr
    assert nws("verify-object", "--stdin", stdin=f"{good}\n", check=0).stdout == f"{good} ok\n"
    assert nws("verify-object", good, ABSENT, check=4).stdout.endswith(f"{ABSENT} missing\n")
    assert nws("cat-file", "-e", worse, check=1).stdout == ""
    assert nws("cat-file", "-p", bad, check=13).stdout == ""
    done = nws("cat-file", "--batch", stdin=f"{bad}\n{good}\n", check=13)
    assert done.stdout == f"{bad} damaged\n{good} 4\ngood\n"
    cut = nws("cat-file", "--batch", stdin=f"{large}\n{good}\n".encode(), check=13)
    assert not cut.stdout.endswith(b"good\n"), "after damage in the stream nothing may follow"
    assert "damaged: 1" in nws("count-objects", "-v", check=0).stdout


def test_json_lines(nws, workspace, tmp_path):
    oid = workspace.put(b"json")
    (tmp_path / "f").write_bytes(b"json")

    def lines(*words, **options):
        return [json.loads(line) for line in nws("--json", *words, **options).stdout.splitlines()]

    assert lines("hash-object", "f") == [{"type": "object", "id": oid, "path": "f"}]
    assert lines("ls-objects") == [{"type": "object", "id": oid}]
    assert lines("cat-file", "-s", oid) == [{"type": "object", "id": oid, "size": 4}]
    assert lines("cat-file", "--batch-check", stdin=f"{oid}\n{ABSENT}") == [
        {"type": "object", "id": oid, "size": 4},
        {"type": "missing", "id": ABSENT},
    ]
    assert lines("verify-object", oid) == [{"type": "ok", "id": oid}]
    assert lines("count-objects")[0]["count"] == 1
    error = json.loads(nws("--json", "cat-file", "-p", ABSENT, check=4).stderr)
    assert (error["type"], error["kind"], error["exit_code"]) == ("error", "unknown-name", 4)


def test_a_missing_file_is_named_and_nothing_of_its_group_is_stored(nws, workspace, tmp_path):
    (tmp_path / "there").write_text("there")
    done = nws("hash-object", "-w", "there", "not-there", check=74)
    assert "not-there" in done.stderr
    assert done.stdout == ""
    assert list(workspace.list()) == []


def test_a_reader_that_goes_away_is_no_bug(workspace, tmp_path):
    oid = workspace.put(LARGE)
    command = [sys.executable, "-m", "nws", "cat-file", "-p", oid]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141
