"""Arrays, tables with types, workbooks and JCAMP-DX: read as the values they were written from."""

from __future__ import annotations

import datasets_formats as forms
import numpy as np
import polars as pl
import pytest
from datasets_written import HEADINGS, MADE, SAMPLES, SIZES, check, tables, text_file, wide_rows

from nws.dataset import ReadOptions, Target, pack, read
from nws.dataset.columnar import cell_of
from nws.errors import BadInput

TARGETS = ("protein", "oil")
NAMED = [header for header in HEADINGS if header != "none"]
# Arrays have an axis in nm or cm-1, or none.
ARRAYS = {"nm": "nm", "nm down": "nm down", "cm-1": "cm-1", "none": "none"}


def load(*paths, **options):
    return read(paths, name="made", options=ReadOptions(**options))[0]


@pytest.mark.parametrize("header", NAMED)
@pytest.mark.parametrize("make", [forms.parquet, forms.arrow])
@pytest.mark.parametrize("name", ["made.parquet", "made.feather", "made.data"])
def test_a_wide_table_with_types(tmp_path, header, make, name):
    check(load(make(tmp_path / name, header), target=TARGETS, group="scan"), header, scan="scan")


@pytest.mark.parametrize("header", NAMED)
def test_a_folder_of_parquet(tmp_path, header):
    for part in SIZES:
        for kind, (names, *rows) in tables(header, part).items():
            frame = pl.DataFrame(
                {
                    str(place): [None if cell == "" else cell for cell in column]
                    for place, column in enumerate(zip(*rows, strict=True))
                }
            )
            frame.columns = names
            frame.write_parquet(tmp_path / f"{part}_{kind.lower()}.parquet")
    check(load(tmp_path, group="scan"), header, scan="scan")


@pytest.mark.parametrize("header", ARRAYS)
@pytest.mark.parametrize("write", [forms.npz, forms.mat, forms.mat73])
def test_one_matrix_and_columns_beside_it(tmp_path, header, write):
    path = write(
        tmp_path / ("made.npz" if write is forms.npz else "made.mat"), forms.wide_arrays() | forms.axis_array(header)
    )
    check(load(path, target=TARGETS), header, names=TARGETS)


@pytest.mark.parametrize("header", ARRAYS)
@pytest.mark.parametrize("write", [forms.npz, forms.mat, forms.mat73])
def test_arrays_by_partition(tmp_path, header, write):
    path = write(
        tmp_path / ("made.npz" if write is forms.npz else "made.mat"), forms.by_partition() | forms.axis_array(header)
    )
    dataset = load(path)
    assert dataset.spectra.tobytes() == MADE.spectra.tobytes()
    assert (dataset.axis.unit, dataset.axis.values) == HEADINGS[header][1:]
    assert dataset.partition == list(MADE.partition)
    assert dataset.sample_ids == list(MADE.ids)
    assert [(target.name, target.values) for target in dataset.targets] == [("y", list(MADE.protein))]
    assert dataset.metadata == {name: MADE.column(name) for name in ("oil", "scan", "plot")}


def test_single_arrays(tmp_path):
    np.save(tmp_path / "X.npy", np.asfortranarray(MADE.spectra))
    np.save(tmp_path / "y.npy", forms.MISSING)
    dataset = load(tmp_path)
    assert dataset.spectra.tobytes() == MADE.spectra.tobytes()
    assert dataset.target().values == list(MADE.protein)
    assert load(tmp_path / "X.npy").features == 12
    np.savez(tmp_path / "one.npz", MADE.spectra.astype("f4"))
    assert load(tmp_path / "one.npz").spectra.tobytes() == MADE.spectra.astype("f4").astype("f8").tobytes()


def test_vectors_of_matlab_that_lie_down(tmp_path):
    from scipy.io import savemat

    arrays = {
        "X": MADE.spectra,
        "Y": forms.MISSING,
        "id": np.arange(SAMPLES),
        "lambda": np.array(HEADINGS["nm"][2]) / 1000,
    }
    savemat(tmp_path / "made.mat", arrays, oned_as="row")
    dataset = load(tmp_path / "made.mat")
    assert dataset.target().values == list(MADE.protein)
    assert dataset.sample_ids == [str(row) for row in range(SAMPLES)]
    assert (dataset.axis.unit, dataset.axis.values) == HEADINGS["nm"][1:]


def test_targets_with_names_and_what_fits_nowhere(tmp_path):
    arrays = {
        "X": MADE.spectra,
        "y": np.column_stack([forms.MISSING, forms.MISSING + 1]),
        "y_names": np.array(["fat", "water"]),
    }
    path = forms.npz(
        tmp_path / "made.npz",
        arrays | {"odd": np.arange(5), "x_axis": np.array([f"X{value:g}" for value in HEADINGS["nm"][2]])},
    )
    dataset, understood = read([path], name="made", options=ReadOptions())
    assert [target.name for target in dataset.targets] == ["fat", "water"]
    assert dataset.axis.values == HEADINGS["nm"][2]
    assert understood.facts["ignored"] == ["odd"]
    assert [file["name"] for file in understood.facts["files"]] == ["made.npz/X", "made.npz/y"]


def test_what_stands_beside_partitions_of_one_size(tmp_path):
    parts = {"cal": slice(0, 4), "val": slice(4, 8), "test": slice(8, 12)}
    arrays = {f"X{part}": MADE.spectra[rows] for part, rows in parts.items()}
    arrays |= {
        f"{name}_{part}": forms.BESIDE[name][rows] for name in ("id", "oil") for part, rows in reversed(parts.items())
    }
    dataset = load(forms.npz(tmp_path / "made.npz", arrays))
    assert dataset.sample_ids == list(MADE.ids[:12])
    assert dataset.target("oil").values == list(MADE.oil[:12])


def test_arrays_with_fields(tmp_path):
    table = np.zeros(4, dtype=[("id", "U3"), ("protein", "f8"), ("900", "f4"), ("902", "f4"), ("904", "i4")])
    table["id"], table["904"], table["protein"] = ["a", "b", "c", "d"], range(4), [1.5, 2.5, np.nan, 4]
    np.save(tmp_path / "table.npy", table)
    dataset = load(tmp_path / "table.npy")
    assert (dataset.sample_ids, dataset.axis.values) == (["a", "b", "c", "d"], [900, 902, 904])
    assert dataset.target().values == [1.5, 2.5, None, 4.0]
    assert dataset.spectra[:, 2].tolist() == [0, 1, 2, 3]


def printed(dataset):
    """A workbook keeps 16 digits of a number."""
    written = np.array([[float(f"{value:.16g}") for value in row] for row in MADE.spectra.tolist()])
    assert dataset.spectra.tobytes() == written.tobytes()
    object.__setattr__(dataset, "spectra", MADE.spectra)
    return dataset


@pytest.mark.parametrize("header", HEADINGS)
def test_one_wide_sheet(tmp_path, header):
    path = forms.workbook(tmp_path / "made.xlsx", {"Tabelle1": wide_rows(header), "Leer": []})
    if header == "none":
        check(printed(load(path)), header, targets=False, metadata=False, ids=False, partition=False)
    else:
        check(printed(load(path, target=TARGETS, group="scan")), header, scan="scan")


@pytest.mark.parametrize("header", HEADINGS)
def test_sheets_by_partition(tmp_path, header):
    path = forms.workbook(tmp_path / "made.xlsx", {"Notes": [["words"]], **forms.sheets_by_partition(header)})
    dataset, understood = read([path], name="made", options=ReadOptions(group="scan"))
    check(printed(dataset), header, scan="scan")
    assert understood.facts["ignored"] == ["Notes"]


def test_a_sheet_is_chosen(tmp_path):
    path = forms.workbook(tmp_path / "made.xlsx", {"Readme": [["words"]], "Data": wide_rows("nm")})
    with pytest.raises(BadInput, match="2 sheets, and none is called X: Readme, Data") as caught:
        load(path)
    assert "--sheet" in caught.value.hint
    check(printed(load(path, sheet="Data", target=TARGETS)), "nm")
    with pytest.raises(BadInput, match="no sheet 'data'") as caught:
        load(path, sheet="data")
    assert "Readme, Data" in caught.value.hint


def test_options_of_text_are_not_for_workbooks(tmp_path):
    path = forms.workbook(tmp_path / "made.xlsx", forms.sheets_by_partition("nm"))
    check(printed(load(path, delimiter="comma", decimal="comma")), "nm")


def test_what_stands_in_cells(tmp_path):
    import datetime as dt

    rows = [
        ["id", "note", "day", "protein", 900, 902, 904],
        [101, 'a "b"\tc\nd', dt.datetime(2024, 5, 1), "#N/A", 0.5, -0.25, 3],
        [102, None, dt.datetime(2024, 5, 2, 7, 30), 2, 1e-7, 0.125, 4],
    ]
    dataset = load(forms.workbook(tmp_path / "x.xlsx", {"a": rows}))
    assert dataset.spectra.tolist() == [[0.5, -0.25, 3], [1e-7, 0.125, 4]]
    assert dataset.sample_ids == ["101", "102"]
    assert dataset.target().values == [None, 2.0]
    assert dataset.metadata == {"note": ['a "b" c d', None], "day": ["2024-05-01", "2024-05-02 07:30:00"]}


def test_places_in_a_workbook(tmp_path):
    rows = [[], *wide_rows("nm")]
    rows[7][9] = "broken"
    path = forms.workbook(tmp_path / "x.xlsx", {"a": rows})
    with pytest.raises(BadInput, match=r"x.xlsx row 8, column '906 nm' \(10\): text among numbers: 'broken'"):
        load(path, target=TARGETS)
    sheets = forms.sheets_by_partition("nm")
    sheets["Xtest"][2] = sheets["Xtest"][2][:-1]
    path = forms.workbook(tmp_path / "x.xlsx", sheets)
    with pytest.raises(
        BadInput, match=r"x.xlsx/Xtest row 3, column '922 nm' \(12\): a value of the spectrum is missing"
    ):
        load(path)


@pytest.mark.parametrize("header", ["nm", "cm-1", "nm down"])
@pytest.mark.parametrize("form", ["XYPOINTS", "XYDATA"])
def test_jcamp_files_of_a_folder(tmp_path, header, form):
    for row in range(SAMPLES):
        forms.jcamp(tmp_path / f"{MADE.ids[row]}.jdx", row, header, form)
    text_file(tmp_path / "Y.csv", forms.lab(None), dialect=(";", ","))
    dataset = load(tmp_path)
    assert (dataset.sample_ids, dataset.target().values) == (list(MADE.ids), list(MADE.protein))
    assert dataset.axis.unit == HEADINGS[header][1]
    if form == "XYPOINTS":
        assert dataset.spectra.tobytes() == MADE.spectra.tobytes()
        assert dataset.axis.values == HEADINGS[header][2]
    else:
        assert dataset.spectra.tolist() == (np.round(MADE.spectra * 2**20) / 2**20).tolist()
        assert dataset.axis.values == pytest.approx(HEADINGS[header][2], abs=1e-3)


def test_jcamp_files_by_hand_and_blocks(tmp_path):
    files = [forms.jcamp(tmp_path / f"{name}.dx", row, "nm", "XYPOINTS") for row, name in enumerate("ba")]
    assert load(*files).sample_ids == ["b", "a"]
    blocks = "".join(path.read_text() for path in files)
    linked = tmp_path / "both.jdx"
    linked.write_text(f"##TITLE=both\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=2\n{blocks}##END=\n")
    assert load(linked).sample_ids == ["s00", "s01"]
    assert load(linked).spectra.tobytes() == MADE.spectra[:2].tobytes()


def test_jcamp_files_that_do_not_fit(tmp_path):
    one = forms.jcamp(tmp_path / "a.jdx", 0, "nm", "XYPOINTS")
    other = forms.jcamp(tmp_path / "b.jdx", 1, "nm down", "XYPOINTS")
    with pytest.raises(BadInput, match=r"a.jdx and .*b.jdx do not have the same axis: 900 to 922 nm in 12 points"):
        load(one, other)
    other.write_text(one.read_text().replace("##XYPOINTS=(XY..XY)", "##PEAK TABLE=(XY..XY)"))
    with pytest.raises(BadInput, match=r"b.jdx: no spectrum in it"):
        load(one, other)
    whole = forms.jcamp(tmp_path / "c.jdx", 1, "nm", "XYDATA").read_text()
    for damaged in (
        whole.replace("##NPOINTS=12", "##NPOINTS=13"),
        whole.replace("##FIRSTX=900.0\n", ""),
        "##TITLE=x\n##XYDATA=(X++(Y..Y))\n1 §\n##END=\n",
    ):
        other.write_text(damaged)
        with pytest.raises(BadInput, match=r"b.jdx: damaged JCAMP-DX file"):
            load(one, other)


def test_all_kinds_give_one_dataset_id(tmp_path):
    made = [
        forms.parquet(tmp_path / "a.parquet", "nm"),
        forms.arrow(tmp_path / "a.arrow", "nm"),
        forms.npz(tmp_path / "a.npz", forms.wide_arrays() | forms.axis_array("nm")),
        forms.mat(tmp_path / "a.mat", forms.wide_arrays() | forms.axis_array("nm")),
        text_file(tmp_path / "a.csv", wide_rows("nm"), dialect=(";", ",")),
    ]
    assert len({pack(load(path, target=TARGETS)).id for path in made}) == 1


@pytest.mark.parametrize(
    ("value", "cell"),
    [(1.0, "1"), (-0.0, "-0.0"), (0.1, "0.1"), (2.0**53, "9007199254740992.0"), (float("nan"), None), (None, None), (True, "True"), (b"ab ", "ab"), (" a ", "a")],
)  # fmt: skip
def test_typed_values_as_cells(value, cell):
    assert cell_of(value) == cell


@pytest.mark.parametrize("header", ["yes", "no"])
def test_files_with_types_say_themselves_whether_columns_have_names(tmp_path, header):
    np.save(tmp_path / "X.npy", MADE.spectra)
    text_file(tmp_path / "Y.csv", forms.lab(None)[header == "no" :], dialect=(";", "."))
    assert load(tmp_path, header=header).samples == SAMPLES
    assert load(forms.parquet(tmp_path / "w.parquet", "nm"), header=header, target=TARGETS).axis.unit == "nm"


def test_parquet_of_pandas(tmp_path):
    import datetime as dt

    import pandas as pd

    frame = pd.DataFrame(
        {"900": [0.1, 0.2, 0.4], "902": np.float32([0.5, 0.25, 0.75]), "904": [1, 2, 3]}, index=["a", "b", "c"]
    )
    frame["oil"] = pd.Categorical(["sun", "palm", "sun"])
    frame["day"] = [dt.date(2024, 5, day) for day in (1, 2, 3)]
    frame["dry"] = [True, False, None]
    frame.to_parquet(tmp_path / "x.parquet")
    dataset = load(tmp_path / "x.parquet", target=("oil",))
    assert dataset.sample_ids == ["a", "b", "c"]
    assert dataset.spectra.tolist() == [[0.1, 0.5, 1], [0.2, 0.25, 2], [0.4, 0.75, 3]]
    assert dataset.targets == (Target(name="oil", task="classification", values=["sun", "palm", "sun"]),)
    assert dataset.metadata == {"day": ["2024-05-01", "2024-05-02", "2024-05-03"], "dry": ["True", "False", None]}
