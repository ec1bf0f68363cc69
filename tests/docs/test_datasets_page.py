"""The examples of the page on datasets: files, and what is understood of them."""

import re
import shlex
from pathlib import Path

import pytest

from nws.cli.app import run
from nws.dataset.files import COMPRESSED, TEXT
from nws.dataset.folder import PARTITION_WORDS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "datasets.md"
WORDS = PAGE.read_text(encoding="utf-8")
FILE = re.compile(r"^```csv (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?P<head>^```text\n\$ nws (?P<call>[^\n]+)\n)(?P<told>.*?)(?P<end>^```$)", re.MULTILINE | re.DOTALL)
CALLS = list(CALL.finditer(WORDS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("page"))


def write(folder):
    for name, text in FILE.findall(WORDS):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("call", CALLS, ids=lambda found: found["call"])
def test_a_command_prints_what_is_shown(call, folder, monkeypatch, capsys):
    """`python tests/docs/test_datasets_page.py` writes the output anew."""
    monkeypatch.chdir(folder)
    code = run(shlex.split(call["call"]))
    out, err = capsys.readouterr()
    assert out + err == call["told"]
    assert code == (6 if err else 0)


def test_every_block_is_looked_at():
    assert len(CALLS) == len(re.findall(r"^```text$", WORDS, re.MULTILINE)) >= 8
    assert len(FILE.findall(WORDS)) == len(re.findall(r"^```csv", WORDS, re.MULTILINE))


def test_the_words_of_file_names_are_on_the_page():
    for word in PARTITION_WORDS:
        assert f"`{word}`" in WORDS, word
    for ending in TEXT:
        assert f"`{ending}`" in WORDS, ending
    for kind in COMPRESSED:
        assert {".gz": "gzip", ".zip": "zip", ".zst": "zstd"}[kind] in WORDS


if __name__ == "__main__":
    import contextlib
    import io
    import os
    import tempfile

    os.chdir(write(Path(tempfile.mkdtemp())))

    def anew(found):
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            run(shlex.split(found["call"]))
        return found["head"] + told.getvalue() + found["end"]

    PAGE.write_text(CALL.sub(anew, WORDS), encoding="utf-8")
