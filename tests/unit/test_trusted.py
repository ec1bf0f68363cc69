"""What a person trusts: files as they are, folders with all in them, in a file of that person."""

import threading

import pytest

from nws.errors import Damaged, NewerFormat, UnknownName
from nws.trusted import Trusted


@pytest.fixture
def trusted(tmp_path):
    return Trusted(tmp_path / "settings" / "nws" / "trusted.json")


def states(trusted):
    return {entry.path.name: entry.state() for entry in trusted.list()}


def test_nothing_is_trusted_at_first(trusted, tmp_path):
    assert list(trusted.list()) == []
    assert not trusted.has(tmp_path)
    with pytest.raises(UnknownName, match="no file or folder"):
        trusted.add(tmp_path / "absent")
    with pytest.raises(UnknownName, match="not among"):
        trusted.remove(tmp_path)


def test_a_file_is_trusted_as_it_is(trusted, tmp_path):
    copy = tmp_path / "copy.zip"
    copy.write_bytes(b"as it is")
    trusted.add(copy)
    assert trusted.has(copy)
    assert not trusted.has(tmp_path)
    copy.write_bytes(b"another!")
    assert not trusted.has(copy)
    assert states(trusted) == {"copy.zip": "changed"}
    trusted.add(copy)
    assert trusted.has(copy)
    copy.unlink()
    assert states(trusted) == {"copy.zip": "missing"}
    assert not trusted.has(copy)
    copy.mkdir()
    assert states(trusted) == {"copy.zip": "changed"}
    assert not trusted.has(copy)


def test_a_folder_is_trusted_with_all_in_it(trusted, tmp_path):
    (tmp_path / "w" / "runs").mkdir(parents=True)
    trusted.add(tmp_path / "w")
    assert trusted.has(tmp_path / "w" / "runs")
    assert not trusted.has(tmp_path)
    assert not trusted.has(tmp_path / "w2")
    # A link leads to what it is a link to.
    (tmp_path / "link").symlink_to(tmp_path / "w")
    assert trusted.has(tmp_path / "link")
    trusted.remove(tmp_path / "link")
    assert not trusted.has(tmp_path / "w")


def test_a_link_in_a_trusted_folder_leads_out_of_it(trusted, tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "w" / "link").symlink_to(tmp_path / "other")
    trusted.add(tmp_path / "w")
    assert not trusted.has(tmp_path / "w" / "link")


def test_a_damaged_file_is_no_trust(trusted, tmp_path):
    trusted.add(tmp_path)
    file = tmp_path / "settings" / "nws" / "trusted.json"
    whole = file.read_text()
    for text, error in (
        (whole[:-9], Damaged),
        (whole.replace("/1", "/2"), NewerFormat),
        (whole.replace('"added_at"', '"x"'), Damaged),
    ):
        file.write_text(text)
        with pytest.raises(error, match=r"trusted\.json"):
            trusted.has(tmp_path)


def test_several_at_once_lose_nothing(trusted, tmp_path):
    folders = [tmp_path / f"w{number}" for number in range(16)]
    for folder in folders:
        folder.mkdir()
    threads = [threading.Thread(target=trusted.add, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.path for entry in trusted.list()} == {folder.resolve() for folder in folders}
