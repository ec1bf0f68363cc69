"""What columns are for: ids, partition, targets and their task, metadata."""

from __future__ import annotations

import pytest
from spectra import NM, spectra, text_of, write

from nws.dataset import ReadOptions, read
from nws.errors import BadInput, UsageError

HEADER = [f"{value:g}" for value in NM]
N = 20
X = spectra(N)


@pytest.fixture
def wide(tmp_path):
    """Write a wide file out of named columns and the spectra, and read it."""

    def make(columns, *, at_end=False, **options):
        names = list(columns)
        rows = [[columns[name][row] for name in names] for row in range(N)]
        body = [[*x, *row] if at_end else [*row, *x] for row, x in zip(rows, X.tolist(), strict=True)]
        header = [*HEADER, *names] if at_end else [*names, *HEADER]
        path = write(tmp_path / "wide.csv", text_of([header, *body]))
        return read([path], name="wide", options=ReadOptions(**options))

    return make


IDS = [f"s{row:02}" for row in range(N)]
PROTEIN = [round(10 + 0.37 * row, 2) for row in range(N)]
WATER = [round(60 - 0.11 * row, 2) for row in range(N)]
TREE = ["oak" if row % 3 else "elm" for row in range(N)]


@pytest.mark.parametrize("at_end", [False, True])
def test_the_plain_case_is_guessed(wide, at_end):
    dataset, _ = wide({"Sample ID": IDS, "protein": PROTEIN, "tree": TREE}, at_end=at_end)
    assert dataset.sample_ids == IDS
    assert [target.name for target in dataset.targets] == ["protein"]
    assert dataset.target().values == PROTEIN
    assert dataset.metadata == {"tree": TREE}
    assert dataset.partition == ["train"] * N
    assert dataset.spectra.tolist() == X.tolist()


def test_options_name_columns(wide):
    columns = {"code": IDS, "protein": PROTEIN, "water": WATER, "tree": TREE, "block": [row // 5 for row in range(N)]}
    dataset, _ = wide(columns, id="code", target=("Water", "protein"), metadata=("block",))
    assert dataset.sample_ids == IDS
    assert [target.name for target in dataset.targets] == ["water", "protein"]
    assert dataset.metadata == {"tree": TREE, "block": [float(row // 5) for row in range(N)]}
    dataset, _ = wide(columns, metadata=("code", "water", "block"))
    assert dataset.target().name == "protein"
    assert dataset.sample_ids[:3] == ["1", "2", "3"]


def test_an_unclear_target_is_refused(wide):
    with pytest.raises(BadInput, match="protein, water could be it") as caught:
        wide({"protein": PROTEIN, "water": WATER})
    assert "--target" in caught.value.hint


def test_a_lone_text_column_is_the_target(wide):
    dataset, understood = wide({"tree": TREE})
    assert dataset.target().values == TREE
    assert understood.facts["targets"][0]["classes"] == {"elm": 7, "oak": 13}
    assert "tree: classification, 2 classes: elm (7), oak (13)" in "\n".join(understood.lines())


def test_ids_keep_their_spelling(wide):
    ids = [f"{row:03}" for row in range(N)]
    assert wide({"id": ids, "protein": PROTEIN})[0].sample_ids == ids


@pytest.mark.parametrize(
    ("name", "values", "meaning"),
    [
        ("train", ["TRUE", "FALSE"], ["train", "test"]), ("train", [1, 0], ["train", "test"]),
        ("test", ["yes", "no"], ["test", "train"]), ("Partition", ["Cal", "PRED"], ["train", "test"]),
        ("split", ["validation", "calibration"], ["val", "train"]), ("set", ["training", "test"], ["train", "test"]),
    ],
)  # fmt: skip
def test_partition_columns(wide, name, values, meaning):
    column = [values[row % 2] for row in range(N)]
    for options in ({}, {"partition": name}):
        dataset, _ = wide({name: column, "protein": PROTEIN}, **options)
        assert dataset.partition == [meaning[row % 2] for row in range(N)]
        assert dataset.target().name == "protein"


def test_what_is_no_partition(wide):
    with pytest.raises(BadInput, match=r"wide.csv line 3, column 'part' \(1\): 'b' is no partition"):
        wide({"part": ["train", "b"] * 10, "protein": PROTEIN}, partition="part")
    dataset, _ = wide({"set": [row % 2 for row in range(N)], "protein": PROTEIN}, target=("protein",))
    assert (dataset.partition, list(dataset.metadata)) == (["train"] * N, ["set"])


def test_rows_for_testing(wide):
    dataset, _ = wide({"protein": PROTEIN}, test_rows="2, 5-6,20")
    assert [row + 1 for row, name in enumerate(dataset.partition) if name == "test"] == [2, 5, 6, 20]
    with pytest.raises(BadInput, match="row 21 cannot be a test row: there are 20 samples"):
        wide({"protein": PROTEIN}, test_rows="15-21")
    with pytest.raises(BadInput, match="no sample is in the train partition"):
        wide({"protein": PROTEIN}, test_rows="1-20")
    with pytest.raises(UsageError, match="both say the partition"):
        wide({"protein": PROTEIN, "train": [1, 0] * 10}, test_rows="1-2", partition="train")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([1, 2, 3, 4] * 5, "classification"), ([0, 1] * 10, "classification"), (["1.0", "2.0"] * 10, "classification"),
        ([-1, 1] * 10, "classification"),
        ([85, 86, 87, 88] * 5, "regression"),            # codes begin at -1, 0 or 1
        ([1, 2, 3, 4, 5] * 4, "regression"),             # 5 classes want 25 samples
        ([1] * 19 + [2], "regression"),                  # each class twice
        ([1.5, 2] * 10, "regression"), ([1] * 20, "regression"),
        (["A", "B"] * 10, "classification"), (["1", "B", "C", "B"] * 5, "classification"),
    ],
)  # fmt: skip
def test_task(wide, values, task):
    target = wide({"value": values}, target=("value",))[0].target()
    assert target.task == task
    if all(isinstance(value, int) for value in values):
        for forced in ("regression", "classification"):
            target = wide({"value": values}, target=("value",), task=forced)[0].target()
            assert target.values == [float(value) if forced == "regression" else str(value) for value in values]


def test_codes_are_labels_without_decimals(wide):
    assert set(wide({"value": ["1.0", "2"] * 10})[0].target().values) == {"1", "2"}


@pytest.mark.parametrize("missing", ["", "NA", "NaN", "null", ".", " na "])
def test_missing_targets_and_metadata(wide, missing):
    values = [missing, *PROTEIN[1:]]
    dataset, understood = wide({"protein": values, "tree": [*TREE[:-1], missing]})
    assert dataset.target().values == [None, *PROTEIN[1:]]
    assert dataset.metadata["tree"][-1] is None
    assert understood.facts["missing"] == {"targets": 1, "metadata": 1}
    assert "missing     1 in targets, 1 in metadata" in understood.lines()


def test_text_among_target_numbers(wide):
    values = [*PROTEIN[:6], "high", *PROTEIN[7:]]
    with pytest.raises(BadInput, match=r"wide.csv line 8, column 'protein' \(1\): text among numbers: 'high'"):
        wide({"protein": values}, target=("protein",))
    assert wide({"protein": values}, target=("protein",), task="classification")[0].target().task == "classification"


def test_an_empty_column_is_left_out_and_said(wide):
    dataset, understood = wide({"id": IDS, "protein": [""] * N, "water": WATER})
    assert [target.name for target in dataset.targets] == ["water"]
    assert not dataset.metadata
    assert understood.facts["notes"] == ["column 'protein' is empty, and left out"]


def test_infinite_and_empty_targets(wide):
    with pytest.raises(BadInput, match=r"line 2, column 'protein' \(1\): an infinite value"):
        wide({"protein": ["inf", *PROTEIN[1:]]})
    with pytest.raises(BadInput, match="target 'protein' is empty in all 20 rows"):
        wide({"protein": [""] * N, "water": WATER}, target=("protein",))


def test_ids_that_are_not_unique_or_missing(wide):
    with pytest.raises(
        BadInput, match=r"line 4, column 'id' \(1\): sample id 's01' occurs twice \(first: .*line 3"
    ) as caught:
        wide({"id": ["s00", "s01", "s01", *IDS[3:]], "protein": PROTEIN})
    assert "--metadata" in caught.value.hint
    with pytest.raises(BadInput, match=r"line 2, column 'id' \(1\): the sample id is missing"):
        wide({"id": ["", *IDS[1:]], "protein": PROTEIN})
    dataset, _ = wide({"id": ["a", "a", *IDS[2:]], "protein": PROTEIN}, metadata=("id",))
    assert dataset.sample_ids[0] == "1"


def test_an_unknown_column(wide):
    for option in ({"target": ("protien",)}, {"id": "protien"}, {"partition": "protien"}, {"metadata": ("protien",)}):
        with pytest.raises(BadInput, match="no column named 'protien'") as caught:
            wide({"protein": PROTEIN, "water": WATER}, **option)
        assert "protein" in caught.value.hint


def test_duplicate_spectra_are_counted(wide, monkeypatch):
    rows = [*X[:-2].tolist(), X[0].tolist(), X[0].tolist()]
    monkeypatch.setitem(globals(), "X", __import__("numpy").array(rows))
    _, understood = wide({"protein": PROTEIN}, test_rows="20")
    assert understood.facts["duplicates"] == {"samples": 2, "across_partitions": 1, "example": ["1", "19"]}
    assert any(
        "2 samples with the spectrum of an earlier one, 1 across partitions (19 is like 1)" in line
        for line in understood.lines()
    )


def test_which_target_is_meant(wide):
    dataset, _ = wide({"protein": PROTEIN, "water": WATER}, target=("protein", "water"))
    assert dataset.target("water").values == WATER
    with pytest.raises(BadInput, match="has 2 targets: protein, water"):
        dataset.target()
    with pytest.raises(BadInput, match="no target 'watr'"):
        dataset.target("watr")


def test_without_header_columns_have_numbers(tmp_path):
    rows = [[tree, value, *x] for tree, value, x in zip(TREE, PROTEIN, X.tolist(), strict=True)]
    path = write(tmp_path / "wide.csv", text_of(rows))
    dataset, _ = read([path], name="wide", options=ReadOptions(target=("2",), metadata=("1",)))
    assert dataset.spectra.tolist() == X.tolist()
    assert dataset.target().values == PROTEIN
    assert dataset.metadata == {"1": TREE}


def test_a_point_among_decimal_commas_is_no_number(tmp_path):
    rows = [["protein", *HEADER], *([value, *x] for value, x in zip(PROTEIN, X.tolist(), strict=True))]
    text = text_of(rows, ";", ",").replace("\n10,37;", "\n1.037;")
    path = write(tmp_path / "wide.csv", text)
    with pytest.raises(BadInput, match=r"line 3, column 'protein' \(1\): text among numbers: '1.037'"):
        read([path], name="wide", options=ReadOptions())
