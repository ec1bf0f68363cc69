import pytest

from nws.config import TEMPLATE, Settings, read
from nws.errors import BadInput, NewerFormat


def test_what_init_writes_reads_as_the_defaults():
    assert read(TEMPLATE, where="nws.toml") == Settings()


def test_trusted_packages():
    assert read('format = 1\n[trust]\npackages = ["xgboost"]', where="x").trusted_packages == ("xgboost",)


def test_whether_a_run_archives():
    assert not read("format = 1\n[catalog]\narchive_best = false", where="x").archive_best
    assert read("format = 1\n[catalog]", where="x").archive_best


def test_a_newer_format_is_refused_with_both_versions():
    with pytest.raises(NewerFormat, match=r"format 2.*format 1"):
        read("format = 2", where="nws.toml")


@pytest.mark.parametrize(
    "text",
    ["", "format = ", "format = 'one'", "format = 0", "format = true", "format = 1\ntrust = 3", "format = 1\n[trust]\npackages = 'x'",
     "format = 1\n[trust]\npackages = ['a/b']", "format = 1\n[trust]\npackage = []",
     "format = 1\ncatalog = 3", "format = 1\n[catalog]\narchive_best = 'yes'", "format = 1\n[catalog]\nbest = true", "format = 1\nfromat = 2"],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_file(text):
    with pytest.raises(BadInput, match=r"nws\.toml") as caught:
        read(text, where="nws.toml")
    assert caught.value.hint
