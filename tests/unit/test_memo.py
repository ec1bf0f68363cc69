"""The memory of a worker: what was used last is kept, and no more than the limit."""

import pytest

from nws.engine.memo import Memo


def _fill(memo, *keys):
    made = []
    for key in keys:
        memo.get(key, lambda key=key: made.append(key) or key.upper(), len)
    return made


def test_a_value_is_made_once():
    memo = Memo(10)
    assert _fill(memo, "a", "a", "b", "a") == ["a", "b"]
    assert memo.get("a", lambda: "other", len) == "A"


def test_the_one_used_longest_ago_goes_first():
    memo = Memo(3)
    assert _fill(memo, "a", "b", "c", "a", "d") == ["a", "b", "c", "d"]
    assert _fill(memo, "a", "c", "d") == []
    assert _fill(memo, "b") == ["b"]
    assert (memo.size, len(memo)) == (3, 3)


def test_a_value_larger_than_the_limit_is_not_kept_and_displaces_nothing():
    memo = Memo(3)
    assert _fill(memo, "a", "long", "a", "long") == ["a", "long", "long"]


def test_a_failure_is_not_kept():
    memo = Memo(3)
    with pytest.raises(ZeroDivisionError):
        memo.get("a", lambda: 1 / 0, lambda _: 1)
    assert _fill(memo, "a") == ["a"]


def test_clear_forgets_everything():
    memo = Memo(3)
    _fill(memo, "a", "b")
    memo.clear()
    assert (memo.size, len(memo)) == (0, 0)
