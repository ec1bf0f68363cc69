import datetime as dt
import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nws.errors import BadInput, UsageError
from nws.ids import (
    ObjectId,
    canonical_json,
    check_name,
    hash_of,
    is_prefix,
    name_from,
    prediction_id,
    run_name,
    view_name,
)

EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_the_id_of_nothing_is_the_published_blake3_of_nothing():
    assert ObjectId.of(b"") == EMPTY


@pytest.mark.parametrize("text", ["", EMPTY[:-1], EMPTY.upper(), EMPTY + "0", "g" * 64])
def test_what_is_not_64_lower_case_hex_digits_is_no_id(text):
    with pytest.raises(UsageError):
        ObjectId(text)


def test_a_typed_prefix_has_at_least_six_digits():
    assert is_prefix("af1349")
    assert not is_prefix("af134")
    assert not is_prefix("AF1349")


@pytest.mark.parametrize("name", ["a", "Blé-2024_été.1", "x" * 100, "7", "小麦"])
def test_allowed_names(name):
    assert check_name(name, "run name") == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        ".hidden",
        "-rf",
        "x" * 101,
        "x" * 300,
        "con",
        "NUL.txt",
        "com1",
        "a b",
        "a\n",
        "a:b",
        "a\0",
        "end.",
    ],
)
def test_refused_names_say_what_is_allowed(name):
    with pytest.raises(UsageError) as caught:
        check_name(name, "run name")
    assert "1 to 100 letters" in caught.value.hint
    assert len(caught.value.message) < 80


def test_names_are_kept_in_nfc():
    assert check_name("ble\u0301", "run name") == "blé"


@given(st.text())
def test_any_text_gives_an_allowed_name(text):
    assert check_name(name_from(text), "name") == name_from(text)


def test_folder_names():
    assert run_name(dt.date(2024, 10, 23), "wheat", "sample1") == "2024-10-23_wheat_sample1"
    assert view_name(7, "a1b2c3" + "0" * 58, "snv_pls") == "0007_snv_pls_a1b2c3"
    assert view_name(12345, "a1b2c3" + "0" * 58) == "12345_a1b2c3"


def test_canonical_json_is_blind_to_order_and_to_whole_floats():
    assert canonical_json({"b": 1.0, "a": [True, None, "é"]}) == '{"a":[true,null,"é"],"b":1}'.encode()
    assert hash_of({"x": 1, "y": 2.5}) == hash_of({"y": 2.5, "x": 1.0})
    assert hash_of({"x": True}) != hash_of({"x": 1})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(BadInput):
        canonical_json({"x": value})


def test_prediction_ids_are_uuids_that_sort_by_time_and_depend_on_what_they_name():
    early, late = dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
    first, second = prediction_id("r" * 64, "y", early), prediction_id("a" * 64, "y", late)
    assert first < second
    assert prediction_id("r" * 64, "y", early) == first
    assert prediction_id("r" * 64, "z", early) != first
    read = uuid.UUID(first)
    assert (read.version, read.variant) == (7, uuid.RFC_4122)
    assert read.int >> 80 == int(early.timestamp() * 1000)
