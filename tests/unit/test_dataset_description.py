"""Dataset files with the keys of nirs4all: what they name is read, what they ask beyond that is refused by name."""

from __future__ import annotations

import json

import pytest
import yaml
from datasets_written import HEADINGS, MADE, SIZES, check, tables, text_file, wide_rows
from spectra import spectra

from nws.dataset import ReadOptions, read
from nws.errors import BadInput

COMMA = {"delimiter": ";", "decimal_separator": ","}


@pytest.fixture
def data(tmp_path):
    """Write files by partition, under names that say nothing."""
    for part in ("train", "test"):
        rows = MADE.rows(part)
        for kind, table in tables("nm", part).items():
            text_file(tmp_path / "data" / f"{'AB'[part == 'test']}{kind}-file.csv", table, dialect=(";", ","))
        text_file(
            tmp_path / "data" / f"{'AB'[part == 'test']}extra-file.csv",
            [[f"{1500 + 10 * band}" for band in range(4)], *spectra(len(rows), 4).tolist()],
            dialect=(",", "."),
        )
    return tmp_path


PATHS = {
    "train_x": "data/AX-file.csv", "train_y": "data/AY-file.csv", "train_group": "data/AM-file.csv",
    "test_x": "data/BX-file.csv", "test_y": "data/BY-file.csv", "test_group": "data/BM-file.csv",
}  # fmt: skip
ROWS = [*MADE.rows("train"), *MADE.rows("test")]


def load(data, body, *, suffix="yaml", **options):
    path = data / f"wheat.{suffix}"
    path.write_text(body if isinstance(body, str) else json.dumps(body) if suffix == "json" else yaml.safe_dump(body))
    return read([path], name="wheat", options=ReadOptions(**options))


def same(dataset):
    assert dataset.spectra.tobytes() == MADE.spectra[ROWS].tobytes()
    assert dataset.axis.values == HEADINGS["nm"][2]
    assert dataset.partition == [MADE.partition[row] for row in ROWS]
    assert dataset.sample_ids == [MADE.ids[row] for row in ROWS]
    assert dataset.target("protein").values == [MADE.protein[row] for row in ROWS]
    assert dataset.metadata["scan"] == [MADE.scan[row] for row in ROWS]


@pytest.mark.parametrize("suffix", ["yaml", "yml", "json"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"global_params": COMMA, "name": "wheat", "description": "of 2024", "task_type": "auto"},
        {**COMMA, "has_header": True, "header_unit": "nm", "encoding": "utf-8", "signal_type": "absorbance"},
        {"train_params": COMMA, "test_params": COMMA},
        {"train_x_params": {**COMMA, "na_policy": "abort"}, "train_y_params": COMMA, "test_group_params": COMMA},
    ],
)
def test_files_by_partition(data, suffix, more):
    same(load(data, PATHS | more, suffix=suffix)[0])


@pytest.mark.parametrize("keys", [("X_train", "x_test"), ("cal_x", "test_X"), ("Train-X", "TEST_x")])
def test_keys_as_people_write_them(data, keys):
    body = {keys[0]: PATHS["train_x"], keys[1]: PATHS["test_x"], "y_cal": PATHS["train_y"], "Test_Y": PATHS["test_y"]}
    dataset, _ = load(data, body)
    assert dataset.partition.count("test") == SIZES["test"]
    assert dataset.target("protein").values == [MADE.protein[row] for row in ROWS]


def test_several_sources(data):
    body = PATHS | {
        "train_x": [PATHS["train_x"], "data/Aextra-file.csv"],
        "test_x": [PATHS["test_x"], "data/Bextra-file.csv"],
        "train_x_params": [COMMA, {"delimiter": ",", "header_unit": "nm"}],
    }
    dataset, understood = load(data, body)
    assert dataset.features == 16
    assert dataset.axis.values[12:] == [1500, 1510, 1520, 1530]
    assert [source["features"] for source in understood.facts["sources"]] == [12, 4]
    sources = [
        {"name": "a", "train_x": PATHS["train_x"], "test_x": PATHS["test_x"], "params": COMMA},
        {"name": "b", "files": [{"path": "data/Aextra-file.csv", "partition": "train"}, {"path": "data/Bextra-file.csv", "partition": "test"}]},
    ]  # fmt: skip
    targets = [{"path": PATHS["train_y"], "partition": "train"}, {"path": PATHS["test_y"], "partition": "test"}]
    again, _ = load(data, {"sources": sources, "targets": targets})
    assert again.spectra.tobytes() == dataset.spectra.tobytes()
    assert again.targets == dataset.targets


def test_a_folder_or_a_list_of_files(data):
    for part, word in (("train", "Xcal"), ("test", "X_test")):
        text_file(data / "named" / f"{word}.csv", tables("nm", part)["X"], dialect=(";", ","))
    assert load(data, {"folder": "named", "global_params": COMMA})[0].spectra.tobytes() == MADE.spectra[ROWS].tobytes()
    in_wavenumbers = [{"path": f"named/{name}.csv", "params": {"header_unit": "cm-1"}} for name in ("Xcal", "X_test")]
    assert load(data, {"files": in_wavenumbers})[0].axis.unit == "cm-1"
    files = ["named/Xcal.csv", {"path": "named/X_test.csv", "params": COMMA}]
    assert load(data, {"files": files})[0].partition == ["train"] * SIZES["train"] + ["test"] * SIZES["test"]


def test_one_wide_file_with_options_of_the_call(data):
    text_file(data / "data" / "wide.csv", wide_rows("nm"), dialect=(";", ","))
    body = {"train_x": "data/wide.csv", "repetition": "scan", "task_type": "regression"}
    dataset, _ = load(data, body, target=("protein",))
    assert (dataset.group, dataset.partition) == ("scan", list(MADE.partition))
    check(load(data, {"train_x": "data/wide.csv"}, target=("protein", "oil"))[0], "nm")


def test_units_and_headers_that_are_said(data):
    body = PATHS | {"global_params": {**COMMA, "header_unit": "cm-1"}}
    assert load(data, body)[0].axis.unit == "cm-1"
    assert load(data, body, unit="index")[0].axis.unit == "index"
    with pytest.raises(BadInput, match=r"text among numbers: '900 nm'"):
        load(data, PATHS | {"train_params": {"has_header": False}})


@pytest.mark.parametrize(
    ("body", "match", "hint"),
    [
        ({"train_z": "x"}, r"wheat.yaml: train_z: not supported in a dataset file", "train_x"),
        ({**PATHS, "folds": 5}, "folds: not supported", "--cv"),
        ({**PATHS, "aggregate": "id"}, "aggregate: not supported", "--group"),
        ({**PATHS, "variations": []}, "variations: not supported", "one dataset"),
        ({**PATHS, "train_x_filter": [1, 2]}, "train_x_filter: not supported", ""),
        ({**PATHS, "global_params": {"skiprows": 3}}, "global_params.skiprows: not supported", "delimiter"),
        ({**PATHS, "test_y_params": {"delimiter": "::"}}, "test_y_params.delimiter: '::' is not supported", "one of"),
        ({**PATHS, "train_params": {"has_header": 1}}, "train_params.has_header: 1 is not supported", "True"),
        ({**PATHS, "encoding": "cp1250"}, "encoding: 'cp1250' is not supported", "Latin-1"),
        ({**PATHS, "na_policy": "remove_sample"}, "na_policy: 'remove_sample' is not supported", "abort"),
        ({**PATHS, "task_type": "ranking"}, "task_type: 'ranking' is not known", "regression"),
        ({**PATHS, "train_x": [[0.1, 0.2]]}, r"train_x: the path of a file is expected", ""),
        ({**PATHS, "train_y": 3}, "train_y: the path of a file is expected", ""),
        ({**PATHS, "train_x_params": [COMMA, COMMA]}, "train_x_params: 2 entries for 1 file", ""),
        ({"train_y": "data/AY-file.csv"}, "wheat.yaml: names no spectra of train", "train_x"),
        ({"name": "x"}, "wheat.yaml: names no file of spectra", "train_x"),
        ({"folder": "data", "train_x": "x"}, "train_x: stands beside folder", ""),
        ({"files": [{"path": "a", "link_by": "id"}]}, r"files\[0\].link_by: not supported", "path"),
        (
            {"files": [{"path": "a", "partition": "predict"}]},
            r"files\[0\].partition: 'predict' is not supported",
            "train",
        ),
        ({**PATHS, "targets": {"path": "data/AY-file.csv"}}, "targets: which partition is it for", "partition"),
        (["a"], "wheat.yaml: names of files are expected", "train_x"),
        ("train_x: [", r"wheat.yaml: line 1, column 11: ", "YAML"),
        ("train_x: a\ntrain_x: b\n", "line 2, column 1: 'train_x' is given twice", ""),
        ("", "names of files are expected", ""),
        ({"train_x": "data/none.csv"}, "train_x: no such file: .*data/none.csv", "from the folder of the dataset file"),
        ({"train_x": "wheat.yaml"}, "wheat.yaml: a JSON or YAML file is not one of several", "alone"),
    ],
)
def test_what_is_refused(data, body, match, hint):
    with pytest.raises(BadInput, match=match) as caught:
        load(data, body)
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message
