import errno
import os
import threading

import pytest

from nws import fsio


def left_over(folder):
    return [path.name for path in folder.rglob("*") if path.name.startswith(fsio.TEMP_PREFIX)]


def test_a_new_file_is_written_once_and_never_over_another(tmp_path):
    assert fsio.write_new(tmp_path / "a" / "b.json", b"first")
    assert not fsio.write_new(tmp_path / "a" / "b.json", b"second")
    assert (tmp_path / "a" / "b.json").read_bytes() == b"first"
    assert left_over(tmp_path) == []


def test_replace_puts_a_whole_file_in_place(tmp_path):
    path = tmp_path / "x"
    fsio.replace(path, b"one")
    fsio.replace(path, b"two", durable=False)
    assert path.read_bytes() == b"two"
    assert left_over(tmp_path) == []


def test_a_body_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), fsio.staged(tmp_path) as (_, handle):
        handle.write(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_system_names_the_file(tmp_path):
    def full_disk():
        with fsio.staged(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space") as caught:
        full_disk()
    assert str(tmp_path) in caught.value.filename


def test_write_all_new_says_which_names_it_got(tmp_path):
    fsio.write_new(tmp_path / "0002", b"held")
    got = fsio.write_all_new(tmp_path, {f"{n:04d}": str(n).encode() for n in range(1, 9)})
    assert got == {f"{n:04d}" for n in range(1, 9)} - {"0002"}
    assert (tmp_path / "0002").read_bytes() == b"held"
    assert (tmp_path / "0008").read_bytes() == b"8"
    assert left_over(tmp_path) == []


def test_files_that_are_written_by_a_function_get_their_names_in_order_and_only_when_all_are_whole(tmp_path):
    def fail(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fsio.write_all_new(tmp_path, {"a": b"a", "b": fail})
    assert list(tmp_path.iterdir()) == []
    assert fsio.write_all_new(tmp_path, {"b": lambda handle: handle.write(b"b"), "a": b"a"}) == {"a", "b"}
    assert (tmp_path / "b").read_bytes() == b"b"


@pytest.mark.parametrize("number", sorted(fsio._NO_LINK))
def test_without_hard_links_a_rename_publishes_and_still_replaces_nothing(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    assert fsio.write_new(tmp_path / "x", b"first")
    assert not fsio.write_new(tmp_path / "x", b"second")
    assert (tmp_path / "x").read_bytes() == b"first"
    assert left_over(tmp_path) == []


def test_many_threads_publish_one_name_once(tmp_path):
    got = []

    def write(n):
        if fsio.write_new(tmp_path / "claim", str(n).encode()):
            got.append(n)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    assert (tmp_path / "claim").read_bytes() == str(got[0]).encode()


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    def fail(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fsio.write_folder(tmp_path / "view", {"a.txt": b"a", "sub/b.txt": fail})
    assert list(tmp_path.iterdir()) == []
    assert fsio.write_folder(tmp_path / "view", {"a.txt": b"a", "sub/b.txt": lambda handle: handle.write(b"b")})
    assert (tmp_path / "view" / "sub" / "b.txt").read_bytes() == b"b"


def test_a_folder_that_is_there_is_left_alone_or_filled(tmp_path):
    fsio.write_folder(tmp_path / "view", {"a": b"1"})
    (tmp_path / "view" / "mine").write_bytes(b"kept")
    assert not fsio.write_folder(tmp_path / "view", {"a": b"2"})
    assert (tmp_path / "view" / "a").read_bytes() == b"1"
    assert fsio.write_folder(tmp_path / "view", {"a": b"2"}, over=True)
    assert (tmp_path / "view" / "a").read_bytes() == b"2"
    assert (tmp_path / "view" / "mine").read_bytes() == b"kept"


def test_names_leaves_out_temporary_ones(tmp_path):
    (tmp_path / "b").touch()
    (tmp_path / "a").touch()
    fsio.temp_path(tmp_path).touch()
    assert fsio.names(tmp_path) == ["a", "b"]
    assert fsio.names(tmp_path / "absent") == []


def test_an_exclusive_lock_is_held_by_one_and_a_shared_one_by_many(tmp_path):
    path = tmp_path / "lock"
    with fsio.lock(path) as got:
        assert got
        with fsio.lock(path) as again:
            assert not again
    with fsio.lock(path, shared=True) as one, fsio.lock(path, shared=True) as two:
        assert one
        assert two
        with fsio.lock(path) as alone:
            assert not alone
    with fsio.lock(path) as free:
        assert free


def test_remove_tree_of_what_is_not_there_is_no_error(tmp_path):
    fsio.remove_tree(tmp_path / "absent")
    (tmp_path / "full" / "deep").mkdir(parents=True)
    fsio.remove_tree(tmp_path / "full")
    assert list(tmp_path.iterdir()) == []
