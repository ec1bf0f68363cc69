"""The examples of the page on datasets: files, and what is understood of them."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from nws.cli.app import run
from nws.dataset.description import KNOWN
from nws.dataset.files import COMPRESSED
from nws.dataset.folder import PARTITION_WORDS
from nws.dataset.formats import ENDINGS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "datasets.md"
WORDS = PAGE.read_text(encoding="utf-8")
FILE = re.compile(r"^```(?:csv|yaml) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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
    assert len(FILE.findall(WORDS)) == len(re.findall(r"^```(?:csv|yaml)", WORDS, re.MULTILINE))


def test_the_words_of_file_names_are_on_the_page():
    for word in PARTITION_WORDS:
        assert f"`{word}`" in WORDS, word
    for ending in (end for endings in ENDINGS.values() for end in endings if end not in (".json", ".yaml", ".yml")):
        assert f"`{ending}`" in WORDS, ending
    for kind in COMPRESSED:
        assert {".gz": "gzip", ".zip": "zip", ".zst": "zstd"}[kind] in WORDS


def test_the_keys_of_dataset_files_are_on_the_page():
    for key in KNOWN:
        assert f"`{key}`" in WORDS or key in {"test_params", "shared_targets", "shared_metadata"}, key


def test_the_extras_are_those_of_the_package():
    project = tomllib.loads((PAGE.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r"nws\[(\w+)\]", WORDS))
    assert named == {"excel", "jcamp", "matlab", "opus", "spc"} <= set(project["optional-dependencies"])


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
