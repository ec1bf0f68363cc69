"""`nws tag add`, `remove` and `list`, and tags as a filter."""

import json

import pytest
from index_rows import row

from nws.index import segments

ROWS = [row(1), row(2), row(3, run_id="2026-01-02_gone")]


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "nws.toml").write_text("format = 1\n")
    (tmp_path / "runs" / "2026-01-02_wheat").mkdir(parents=True)
    segments.append(tmp_path / "catalog", ROWS)
    return tmp_path


def items(text):
    return [json.loads(line) for line in text.splitlines()]


def test_tags_come_and_go(workspace, here):
    name = "2026-01-02_wheat/0001"
    done = here("tag", "add", name, "keep", "été", check=0)
    assert (done.out, done.err) == ("", f"{name} is tagged keep\n{name} is tagged été\n")
    assert here("tag", "add", name, "keep", check=0).err == f"{name} is tagged keep already\n"
    assert here("tag", "list", check=0).out == "tag\tpipelines\nkeep\t1\nété\t1\n"
    assert here("tag", "list", ROWS[0].meta["prediction_id"], check=0).out == "tag\nkeep\nété\n"
    assert here("tag", "remove", name, "keep", check=0).err == f"{name} is no longer tagged keep\n"
    done = here("tag", "remove", name, "keep", "été", check=1)
    assert done.err == f"{name} is not tagged keep\n{name} is no longer tagged été\n"
    assert here("tag", "list", check=1).err == "nothing is tagged yet: nws tag add REF TAG\n"
    assert here("tag", "list", name, check=1).err == f"{name} has no tags\n"


def test_lines_of_tags(workspace, here):
    record = ROWS[1].meta["record"]
    found = items(here("tag", "add", record, "b", "a", "b", "--json", check=0).out)
    assert found == [
        {"type": "tag", "tag": "b", "record": record, "added": True},
        {"type": "tag", "tag": "a", "record": record, "added": True},
    ]
    assert items(here("tag", "list", "--json", check=0).out) == [
        {"type": "tag", "tag": "a", "pipelines": 1}, {"type": "tag", "tag": "b", "pipelines": 1},
    ]  # fmt: skip
    assert items(here("tag", "list", record, "--json", check=0).out)[0] == {"type": "tag", "tag": "a", "record": record}
    assert items(here("tag", "remove", record, "c", "--json", check=1).out) == [
        {"type": "tag", "tag": "c", "record": record, "removed": False}
    ]


def test_a_run_that_is_gone_keeps_its_tags_and_takes_new_ones(workspace, here):
    for name in ("2026-01-02_gone/0003", ROWS[2].meta["prediction_id"][:20], ROWS[2].meta["record"]):
        here("tag", "add", name, "old", check=0)
    assert items(here("tag", "list", "--json", check=0).out)[0]["pipelines"] == 1
    found = items(here("catalog", "list", "--tag", "old", "--columns", "ref,tags,deleted", "--json", check=0).out)
    assert found == [{"type": "prediction", "ref": "2026-01-02_gone/0003", "tags": ["old"], "deleted": True}]


def test_tags_filter(workspace, here):
    here("tag", "add", "2026-01-02_wheat/0001", "a", "b", check=0)
    here("tag", "add", "2026-01-02_wheat/0002", "a", check=0)
    best = [item["ref"] for item in items(here("catalog", "best", "--tag", "a", "--json", check=0).out)]
    assert best == ["2026-01-02_wheat/0001", "2026-01-02_wheat/0002"]
    both = items(here("catalog", "search", "--tag", "a", "--tag", "b", "--json", check=0).out)
    assert [item["ref"] for item in both] == ["2026-01-02_wheat/0001"]
    assert (
        "did you mean" in here("catalog", "best", "--tag", "aa", check=4).err
        or "known: a, b" in here("catalog", "best", "--tag", "aa", check=4).err
    )


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["add", "nope", "x"], 4, "a REF is RUN/0007"),
        (["add", "2026-01-02_wheat/0001"], 2, "requires an argument"),
        (["add", "2026-01-02_wheat/0001", "a b"], 2, "not a valid tag: 'a b'"),
        (["add", "2026-01-02_wheat/0001", "fine", "../x"], 2, "not a valid tag: '../x'"),
        (["add", "2026-01-02_wheat/0009", "x"], 4, "0009"),
        (["remove", "ffffff", "x"], 4, "no prediction 'ffffff'"),
        (["list", "best:wheat2"], 4, "wheat2"),
    ],
)
def test_wrong_words(workspace, here, words, code, says):
    done = here("tag", *words, check=code)
    assert done.out == ""
    assert says in done.err
    assert not (workspace / "catalog" / "tags").exists()
