"""Folders of X/Y/M files, and X and Y files given by hand."""

from __future__ import annotations

import pytest
from spectra import NM, spectra, text_of, write

from nws.dataset import ReadOptions, name_of, read
from nws.errors import BadInput, UsageError

HEADER = [f"{value:g}" for value in NM]
SIZES = {"cal": 9, "val": 4, "test": 5}
SPECTRA = {part: spectra(size, seed=size) for part, size in SIZES.items()}
PROTEIN = {part: [10.5 + 0.3 * row for row in range(size)] for part, size in SIZES.items()}
WATER = {part: [60.5 - 0.2 * row for row in range(size)] for part, size in SIZES.items()}


def x_rows(part):
    return [HEADER, *SPECTRA[part].tolist()]


def y_rows(part):
    return [["protein", "water"], *zip(PROTEIN[part], WATER[part], strict=True)]


def load(*paths, **options):
    return read(paths, name="made", options=ReadOptions(**options))


STYLES = [
    ("X{part}.csv", "Y{part}.csv"), ("x_{part}.CSV", "y_{part}.txt"), ("{part}_X.csv", "{part}_Y.csv"),
    ("{part}X.tsv", "{part}-y.csv"), ("X {part}.csv.gz", "Y.{part}.csv.zst"), ("X{part}.dat", "Y{part}.csv.zip"),
]  # fmt: skip
WORDS = [
    ("cal", "val", "test"),
    ("train", "valid", "TEST"),
    ("Training", "Validation", "Test"),
    ("calibration", "Val", "tEST"),
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("words", WORDS)
def test_names(tmp_path, style, words):
    for part, word in zip(SIZES, words, strict=True):
        for rows, name in zip((x_rows(part), y_rows(part)), style, strict=True):
            file = name.format(part=word)
            stem, _, packing = file.partition(".csv.")
            write(tmp_path / (f"{stem}.csv" if packing else file), text_of(rows), compression=packing or None)
    dataset, understood = load(tmp_path)
    assert dataset.partition == ["train"] * 9 + ["val"] * 4 + ["test"] * 5
    assert dataset.spectra.tolist() == [row for part in SIZES for row in SPECTRA[part].tolist()]
    assert dataset.target("water").values == [value for part in SIZES for value in WATER[part]]
    assert dataset.sample_ids == [str(row + 1) for row in range(18)]
    assert len(understood.facts["files"]) == 6


def test_without_partitions_and_with_metadata(tmp_path):
    write(tmp_path / "X.csv", text_of(x_rows("cal")))
    write(tmp_path / "y.csv", text_of([["protein"], *([value] for value in PROTEIN["cal"])]))
    ids = [f"s{row}" for row in range(9)]
    trees = ["oak", "elm", "ash"] * 3
    write(tmp_path / "M.csv", text_of([["id", "tree"], *zip(ids, trees, strict=True)]))
    write(tmp_path / "README.md", "words")
    dataset, understood = load(tmp_path)
    assert (dataset.sample_ids, dataset.metadata) == (ids, {"tree": trees})
    assert [target.name for target in dataset.targets] == ["protein"]
    assert understood.facts["ignored"] == ["README.md"]
    assert dataset.partition == ["train"] * 9


def test_files_by_hand(tmp_path):
    x = write(tmp_path / "spectra.csv", text_of(x_rows("cal")))
    y = write(tmp_path / "lab.csv", text_of(y_rows("cal")))
    m = write(tmp_path / "field.csv", text_of([["plot"], *([f"p{row % 2}"] for row in range(9))]))
    dataset, _ = load(x, y, m)
    assert [target.name for target in dataset.targets] == ["protein", "water"]
    assert set(dataset.metadata["plot"]) == {"p0", "p1"}
    dataset, _ = load(x, y, target=("water",), test_rows="8-9")
    assert ([target.name for target in dataset.targets], list(dataset.metadata)) == (["water"], ["protein"])
    with pytest.raises(
        BadInput, match=r"lab.csv has 2 columns and .*spectra.csv has 12: are the spectra in the second"
    ):
        load(y, x)
    swapped = [
        write(tmp_path / name, text_of(rows)) for name, rows in [("Y.csv", y_rows("cal")), ("X.csv", x_rows("cal"))]
    ]
    assert load(*swapped)[0].features == 12


def test_ids_in_x_and_y_must_agree(tmp_path):
    ids = [f"s{row}" for row in range(9)]
    x = write(
        tmp_path / "x1.csv",
        text_of([["id", *HEADER], *([i, *row] for i, row in zip(ids, SPECTRA["cal"].tolist(), strict=True))]),
    )
    lab = list(zip(ids, PROTEIN["cal"], strict=True))
    y = write(tmp_path / "lab.csv", text_of([["id", "protein"], *lab]))
    dataset, _ = load(x, y)
    assert dataset.sample_ids == ids
    assert dataset.target().values == PROTEIN["cal"]
    y = write(tmp_path / "lab.csv", text_of([["id", "protein"], *lab[::-1]]))
    with pytest.raises(
        BadInput, match=r"lab.csv line 2, column 'id' \(1\): sample id 's8' where .*x1.csv line 2.* has 's0'"
    ):
        load(x, y)


def test_row_names_that_begin_again_in_each_file(tmp_path):
    for part in SIZES:
        rows = [["", *HEADER], *([row, *x] for row, x in enumerate(SPECTRA[part].tolist()))]
        write(tmp_path / f"X{part}.csv", text_of(rows))
    dataset, understood = load(tmp_path)
    assert dataset.sample_ids == [str(row + 1) for row in range(18)]
    assert dataset.metadata == {}
    assert "row names are not unique, so samples are numbered" in understood.facts["notes"]


def test_a_test_set_without_references(tmp_path):
    for part in SIZES:
        write(tmp_path / f"X{part}.csv", text_of(x_rows(part)))
        if part != "test":
            write(tmp_path / f"Y{part}.csv", text_of(y_rows(part)))
    dataset, understood = load(tmp_path)
    assert dataset.target("protein").values[-5:] == [None] * 5
    assert understood.facts["targets"][0]["missing"] == 5


def refuse(*paths, match, hint="", **options):
    with pytest.raises(BadInput, match=match) as caught:
        load(*paths, **options)
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message


def test_counts_that_differ(tmp_path):
    x = write(tmp_path / "Xcal.csv", text_of(x_rows("cal")))
    y = write(tmp_path / "Ycal.csv", text_of(y_rows("cal")[:-2]))
    refuse(tmp_path, match=rf"{x} has 9 samples, {y} has 7 samples", hint="10 rows with a header; 8 rows with a header")
    refuse(tmp_path, match="has 9 samples.*has 7 samples", header="yes")


def test_axes_that_differ(tmp_path):
    a = write(tmp_path / "Xcal.csv", text_of(x_rows("cal")))
    b = write(tmp_path / "Xtest.csv", text_of([[*HEADER[:-1], "923"], *SPECTRA["test"].tolist()]))
    refuse(tmp_path, match=rf"{a} and {b} do not have the same axis: feature 12 is 922 and 923 nm")
    write(tmp_path / "Xtest.csv", text_of([row[:-1] for row in x_rows("test")]))
    refuse(tmp_path, match="12 and 11 features")
    write(tmp_path / "Xtest.csv", text_of([[f"{value} cm-1" for value in HEADER], *SPECTRA["test"].tolist()]))
    refuse(tmp_path, match="nm and cm-1")


def test_names_that_do_not_fit_together(tmp_path):
    refuse(tmp_path, match="no data files found", hint="Xcal.csv")
    write(tmp_path / "spectra.csv", text_of(x_rows("cal")))
    refuse(tmp_path, match="there is spectra.csv", hint="Xcal.csv")
    write(tmp_path / "Ycal.csv", text_of(y_rows("cal")))
    refuse(tmp_path, match="Ycal.csv has no X file for train")
    write(tmp_path / "Xcal.csv", text_of(x_rows("cal")))
    write(tmp_path / "X_train.csv", text_of(x_rows("cal")))
    refuse(tmp_path, match=r"X_train.csv and .*Xcal.csv are both X of train")
    (tmp_path / "X_train.csv").rename(tmp_path / "X.csv")
    refuse(tmp_path, match="X.csv names no partition")
    (tmp_path / "X.csv").rename(tmp_path / "Xtest.spa")
    refuse(tmp_path, match="Xtest.spa: Thermo OMNIC files are not read by this version", hint="CSV")


def test_y_files_with_different_columns(tmp_path):
    for part, name in (("cal", "protein"), ("test", "Protein")):
        write(tmp_path / f"X{part}.csv", text_of(x_rows(part)))
        write(tmp_path / f"Y{part}.csv", text_of([[name], *([value] for value in PROTEIN[part])]))
    refuse(tmp_path, match="have different columns: 'Protein' is in one only")


def test_the_partition_is_said_once(tmp_path):
    write(tmp_path / "Xcal.csv", text_of(x_rows("cal")))
    with pytest.raises(UsageError, match="say the partition already"):
        load(tmp_path, test_rows="1-2")


def test_paths_that_make_no_dataset(tmp_path):
    x = write(tmp_path / "x.csv", text_of(x_rows("cal")))
    refuse(x, tmp_path, match="is a folder among 2 paths")
    refuse(x, x, match="given twice")
    refuse(match="no data file given")


def test_names_of_datasets(tmp_path):
    assert name_of([tmp_path / "wheat 2024.csv.gz"]) == "wheat_2024"
    assert name_of([tmp_path / "wheat.v2.txt"]) == "wheat.v2"
    folder = tmp_path / "barley"
    folder.mkdir()
    assert name_of([folder]) == "barley"
    assert name_of([folder / "Xcal.csv", folder / "Ycal.csv"]) == "barley"
