"""Tags: put on and taken off by any number of processes, and never in the way of anything else."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from nws.errors import UsageError
from nws.ids import hash_of
from nws.index.tags import Tags

RECORD, OTHER = hash_of("one"), hash_of("other")


def test_a_tag_is_put_on_once_and_taken_off_once(tmp_path):
    tags = Tags(tmp_path / "tags")
    assert tags.counts() == {}
    assert tags.of(RECORD) == []
    assert not tags.remove(RECORD, "keep")
    assert tags.add(RECORD, "keep")
    assert not tags.add(RECORD, "keep")
    assert tags.add(OTHER, "keep")
    assert tags.add(RECORD, "été")
    assert tags.counts() == {"keep": 2, "été": 1}
    assert tags.of(RECORD) == ["keep", "été"]
    assert tags.records("keep") == {RECORD, OTHER}
    assert tags.with_all(["keep", "été"]) == {RECORD}
    assert tags.by_record() == {RECORD: ["keep", "été"], OTHER: ["keep"]}
    assert tags.remove(RECORD, "keep")
    assert not tags.remove(RECORD, "keep")
    assert tags.remove(OTHER, "keep")
    assert tags.counts() == {"été": 1}
    assert tags.add(RECORD, "keep")


def test_two_spellings_of_one_letter_are_one_tag(tmp_path):
    tags = Tags(tmp_path)
    assert tags.add(RECORD, "e\u0301te\u0301")
    assert not tags.add(RECORD, "\u00e9t\u00e9")
    assert tags.records("e\u0301te\u0301") == {RECORD}


def test_the_file_says_what_it_means(tmp_path):
    Tags(tmp_path).add(RECORD, "keep")
    body = json.loads((tmp_path / "keep" / f"{RECORD}.json").read_bytes())
    assert body.pop("tagged_at")
    assert body == {"schema": "tag/1", "tag": "keep", "record": RECORD}


@pytest.mark.parametrize("tag", ["", ".hidden", "-x", "a b", "a/b", "..", "con", "x" * 101])
def test_a_tag_has_the_form_of_a_name(tmp_path, tag):
    tags = Tags(tmp_path)
    for ask in (tags.add, tags.remove):
        with pytest.raises(UsageError, match="not a valid tag"):
            ask(RECORD, tag)
    with pytest.raises(UsageError, match="not a valid tag"):
        tags.records(tag)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_tag_is_not_seen(tmp_path):
    tags = Tags(tmp_path)
    tags.add(RECORD, "keep")
    (tmp_path / "keep" / "note.json").touch()
    (tmp_path / "keep" / f".tmp-host-1-{RECORD}.json").touch()
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "stray.txt").touch()
    (tmp_path / "empty").mkdir()
    assert tags.counts() == {"keep": 1}
    assert tags.by_record() == {RECORD: ["keep"]}
    assert tags.records("empty") == set()


def test_many_at_once_lose_nothing(tmp_path):
    records = [hash_of(place) for place in range(40)]

    def work(place):
        tags = Tags(tmp_path)
        return [tags.add(record, f"t{place % 2}") for record in records[place % 4 :: 2]]

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(8)))
    tags = Tags(tmp_path)
    assert sum(map(sum, done)) == sum(tags.counts().values())
    assert tags.records("t0") == set(records[0::2])
    assert tags.records("t1") == set(records[1::2])
