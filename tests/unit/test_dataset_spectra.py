"""Spectra to predict: read as datasets are, but no target is needed, and one sample is enough."""

from __future__ import annotations

import pytest
from spectra import NM, spectra, text_of, write

from nws.dataset import ReadOptions, read, read_spectra
from nws.errors import BadInput

HEADER = [f"{value:g} nm" for value in NM]
X = spectra(6)


def wide(path, **columns):
    rows = [[*(values[row] for values in columns.values()), *X[row].tolist()] for row in range(len(X))]
    return write(path, text_of([[*columns, *HEADER], *rows]))


def load(*paths, expected=(), **options):
    return read_spectra(paths, options=ReadOptions(**options), expected=expected)[0]


def test_no_target_is_needed_and_all_else_is_kept(tmp_path):
    columns = {"id": [f"s{row}" for row in range(6)], "water": [1.5, 2, 3, 4, 5, 6], "depth": [9.5, 8, 7, 6, 5, 4]}
    path = wide(tmp_path / "new.csv", **columns, set=["train", "test"] * 3)
    with pytest.raises(BadInput, match="the target cannot be told"):
        read([path], name="new", options=ReadOptions())
    dataset = load(path)
    assert dataset.spectra.tobytes() == X.tobytes()
    assert (dataset.name, dataset.axis.unit, dataset.axis.values) == ("new", "nm", NM)
    assert dataset.targets == ()
    assert dataset.sample_ids == columns["id"]
    assert dataset.metadata == {name: columns[name] for name in ("water", "depth")} | {"set": ["train", "test"] * 3}
    assert dataset.partition == ["test"] * 6
    assert load(path, partition="set").partition == ["train", "test"] * 3


def test_what_is_expected_is_a_target_where_it_is_there(tmp_path):
    path = wide(tmp_path / "new.csv", water=["1.5", "", "3", "4", "5", "6"], depth=[9, 8, 7, 6, 5, 4], empty=[""] * 6)
    dataset = load(path, expected=("Water", "protein", "empty"))
    assert [(target.name, target.values) for target in dataset.targets] == [("water", [1.5, None, 3, 4, 5, 6])]
    assert list(dataset.metadata) == ["depth"]
    assert [target.name for target in load(path, target=("depth",)).targets] == ["depth"]


@pytest.mark.parametrize("header", [HEADER, None])
def test_one_sample_is_enough(tmp_path, header):
    path = write(tmp_path / "one.csv", text_of(([header] if header else []) + [X[0].tolist()]))
    dataset = load(path)
    assert dataset.spectra.tolist() == [X[0].tolist()]
    assert dataset.axis.unit == ("nm" if header else "index")


def test_a_y_file_without_a_header_has_the_target_that_is_expected(tmp_path):
    x = write(tmp_path / "X.csv", text_of([HEADER, *X.tolist()]))
    y = write(tmp_path / "Y.csv", text_of([[10.5 + row] for row in range(6)]))
    assert [target.name for target in load(x, y, expected=("octane",)).targets] == ["octane"]
    assert [target.name for target in load(x, y).targets] == ["y"]
    both = load(x, y, expected=("octane", "water"))
    assert (both.targets, list(both.metadata)) == ((), ["1"])


def test_a_folder_of_test_files_only(tmp_path):
    write(tmp_path / "Xtest.csv", text_of([HEADER, *X.tolist()]))
    with pytest.raises(BadInput, match="no sample is in the train partition"):
        read([tmp_path], name="new", options=ReadOptions())
    assert load(tmp_path).partition == ["test"] * 6


def test_a_header_alone_is_no_sample(tmp_path):
    with pytest.raises(BadInput, match=r"x.csv: no sample"):
        load(write(tmp_path / "x.csv", ",".join(HEADER)))
