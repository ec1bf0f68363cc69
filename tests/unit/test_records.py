import dataclasses
import json
import math

import pytest

from nws.errors import Damaged, NewerFormat
from nws.records import Metrics, PipelineRecord, Ref, decode, encode, now, parse_time, timestamp


def record(**changes):
    fields = {
        "number": 7, "name": "snv_pls", "run_id": "2024-10-23_wheat", "hash": "a1b2c3" + "0" * 58,
        "created_at": "2024-10-23T08:00:00.000000Z", "completed_at": "2024-10-23T08:00:01.000000Z",
        "duration_seconds": 1.0, "status": "completed", "dataset": {"name": "wheat", "id": "d" * 64, "targets": ["y"]},
        "steps": [], "artifacts": [{"object": "e" * 64}], "files": {"metrics.json": "f" * 64}, "config": [],
        "canonical_config": [], "environment": {}, "seed": 0, "evaluation": {},
    }  # fmt: skip
    return PipelineRecord(**{**fields, **changes})


def test_a_record_reads_back_equal_and_its_bytes_are_stable():
    first = encode(record())
    assert decode(PipelineRecord, first, where="x") == record()
    assert encode(decode(PipelineRecord, first, where="x")) == first


def test_files_are_sorted_indented_utf8_with_a_schema_and_a_final_newline():
    text = encode(record(description="blé")).decode()
    assert text.endswith("}\n")
    assert "blé" in text
    body = json.loads(text)
    assert body["schema"] == "pipeline/1"
    assert body["id"] == "0007_snv_pls_a1b2c3"
    assert list(body) == sorted(body)
    assert '\n  "' in text


def test_unknown_fields_are_kept():
    body = json.loads(encode(record()))
    body["from_the_future"] = [1, 2]
    read = decode(PipelineRecord, json.dumps(body).encode(), where="x")
    assert read.extra == {"from_the_future": [1, 2]}
    assert json.loads(encode(read))["from_the_future"] == [1, 2]


def test_a_newer_schema_is_refused_with_both_versions():
    body = json.loads(encode(record())) | {"schema": "pipeline/2"}
    with pytest.raises(NewerFormat, match=r"pipeline/2.*pipeline/1"):
        decode(PipelineRecord, json.dumps(body).encode(), where="runs/x/pipeline.json")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'{"schema": "ref/1"}', b'{"schema": "pipeline/1"}', b'{"schema": 3}', b"{}", b"\xff\xfe"],
)
def test_what_is_not_such_a_file_is_damage_that_names_the_file(data):
    with pytest.raises(Damaged, match="the/file"):
        decode(PipelineRecord, data, where="the/file")


def test_nan_becomes_null():
    figures = {"rmse": math.nan, "r2": math.inf, "samples": 3}
    text = encode(
        Metrics(task_type="regression", metric="rmse", train=figures, val=None, test=None, cross_validation=None)
    )
    assert json.loads(text)["train"] == {"rmse": None, "r2": None, "samples": 3}


def test_a_record_names_every_object_it_needs():
    assert record().objects() == ["f" * 64, "e" * 64, "d" * 64]


def test_records_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        record().number = 8


def test_a_ref_is_small_and_reads_back():
    ref = Ref(number=12, view="0012_a1b2c3", record="a" * 64)
    assert ref.file_name == "0012"
    assert decode(Ref, encode(ref), where="x") == ref


def test_times_are_rfc_3339_in_utc():
    moment = now()
    assert timestamp(moment).endswith("Z")
    assert parse_time(timestamp(moment)) == moment
    assert timestamp(parse_time("2024-10-23T10:00:00+02:00")) == "2024-10-23T08:00:00.000000Z"
