"""One matrix in every form that delimited text has: what is read is what was written, bit by bit."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spectra import CM, NM, spectra, text_of, write

from nws.dataset import ReadOptions, read
from nws.dataset.cells import NO_DELIMITER
from nws.errors import UsageError

DATA = Path(__file__).parent.parent / "data"
X = spectra()
Y = [float(value) for value in np.random.default_rng(1).normal(10, 2, len(X))]
DIALECTS = [(";", "."), (";", ","), (",", "."), ("\t", "."), ("\t", ","), ("|", "."), ("|", ",")]
HEADERS = {
    "none": (None, "index", [float(place + 1) for place in range(12)]),
    "nm": ([f"{value:g} nm" for value in NM], "nm", NM),
    "plain": ([f"{value:g}" for value in NM], "nm", NM),
    "descending": ([f"{value:g}" for value in NM[::-1]], "nm", NM[::-1]),
    "wavenumbers": ([f"{value:.3f} cm-1" for value in CM], "cm-1", [round(value, 3) for value in CM]),
    "bare wavenumbers": ([f"{value:.1f}" for value in CM], "cm-1", [round(value, 1) for value in CM]),
    "indices": ([str(place) for place in range(12)], "index", [float(place) for place in range(12)]),
    "from R": ([f"X{value:g}" for value in NM], "nm", NM),
    "words": ([f"band {letter}" for letter in "abcdefghijkl"], "index", [float(place + 1) for place in range(12)]),
}


def load(path, **options):
    return read([path] if isinstance(path, Path) else path, name="made", options=ReadOptions(**options))


@pytest.mark.parametrize(("delimiter", "decimal"), DIALECTS)
@pytest.mark.parametrize("header", HEADERS)
def test_every_form(tmp_path, delimiter, decimal, header):
    names, unit, axis = HEADERS[header]
    rows = ([[name.replace(".", decimal) for name in names]] if names else []) + X.tolist()
    forms = itertools.cycle([(None, "utf-8"), ("gz", "utf-8-sig"), ("zip", "latin-1"), ("zst", "utf-8")])
    for end, (compression, encoding) in zip(["\n", "\r\n", "\r", "\n"], forms, strict=False):
        top = "" if encoding == "utf-8-sig" else "# Messung für Öl, 2024; °C\n\n"
        path = write(tmp_path / "made.csv", top + text_of(rows, delimiter, decimal, end), encoding, compression)
        dataset, understood = load(path)
        assert dataset.spectra.tobytes() == X.tobytes()
        assert (dataset.axis.unit, dataset.axis.values) == (unit, axis)
        file = understood.facts["files"][0]
        assert file["header"] is (names is not None)
        assert file["encoding"] == ("Latin-1" if encoding == "latin-1" else "UTF-8")
        assert file["compression"] == {"gz": "gzip", "zip": "zip", "zst": "zstd", None: None}[compression]


@pytest.mark.parametrize(("delimiter", "decimal"), DIALECTS)
@pytest.mark.parametrize("x_header", ["none", "plain", "indices", "words"])
@pytest.mark.parametrize("y_header", [None, "protein"])
def test_x_and_y(tmp_path, delimiter, decimal, x_header, y_header):
    names = HEADERS[x_header][0]
    x = write(tmp_path / "spectra.csv", text_of(([names] if names else []) + X.tolist(), delimiter, decimal))
    y = write(
        tmp_path / "lab.csv", text_of(([[y_header]] if y_header else []) + [[value] for value in Y], delimiter, decimal)
    )
    dataset, understood = load([x, y])
    assert dataset.spectra.tobytes() == X.tobytes()
    (target,) = dataset.targets
    assert (target.name, target.task, target.values) == (y_header or "y", "regression", Y)
    assert [file["header"] for file in understood.facts["files"]] == [names is not None, y_header is not None]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=2, max_size=6
    ),
    st.sampled_from(DIALECTS),
)
def test_every_double_survives(tmp_path_factory, values, dialect):
    path = tmp_path_factory.mktemp("doubles") / "x.csv"
    path.write_text(text_of([["a", "b", "c"], *values], *dialect))
    dataset, _ = load(path, header="yes", delimiter=dialect[0], decimal=dialect[1])
    assert dataset.spectra.tobytes() == np.array(values, dtype=float).tobytes()


def test_decimals_are_read_as_python_reads_them(tmp_path):
    cells = [["0.1", "0.30000000000000004", "1e-7", "+.5"], ["5.", "1E3", "123456789.123456789123456789", "-0.0"]]
    dataset, _ = load(write(tmp_path / "x.csv", "a,b,c,d\n" + "\n".join(map(",".join, cells))))
    assert dataset.spectra.tobytes() == np.array([[float(cell) for cell in row] for row in cells]).tobytes()


@pytest.mark.parametrize(
    "text", ["a, b ,c\n1 ,2, 3\n 4,5 ,6\n", 'a,b,c\n"1","2","3"\n"4",5,6\n', "a,b,c\n1,2,3\n\n   \n4,5,6\n\n,,\n\n"]
)
def test_blanks_quotes_and_blank_lines(tmp_path, text):
    dataset, _ = load(write(tmp_path / "x.csv", text))
    assert dataset.spectra.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_what_programs_write(tmp_path):
    values = "0.1,0.25,0.2\n0.3,0.1,0.4\n"
    savetxt = write(tmp_path / "savetxt.csv", "# by a program\n# 900,902,904\n" + values)
    assert load(savetxt)[0].axis.values == [900, 902, 904]
    excel = write(tmp_path / "excel.csv", "sep=;\n900;902;904;\n0,1;0,25;0,2;\n0,3;0,1;0,4;\n")
    assert load(excel)[0].spectra.tolist() == [[0.1, 0.25, 0.2], [0.3, 0.1, 0.4]]
    unicode_text = write(tmp_path / "unicode.txt", "900\t902\t904\n" + values.replace(",", "\t"), "utf-16")
    assert load(unicode_text)[0].axis.values == [900, 902, 904]


def test_row_names_of_r_and_pandas(tmp_path):
    body = "s1,0.1,0.25,0.2\ns2,0.3,0.1,0.4\n"
    table = write(tmp_path / "table.csv", "900,902,904\n" + body)
    csv = write(tmp_path / "csv.csv", '"","X900","X902","X904"\n' + body)
    assert load(table)[0].sample_ids == load(csv)[0].sample_ids == ["s1", "s2"]
    assert load(csv)[0].spectra.shape == (2, 3)
    index = write(tmp_path / "index.csv", ",900,902,904\n0,0.1,0.25,0.2\n1,0.3,0.1,0.4\n")
    assert load(index)[0].sample_ids == ["0", "1"]
    counted = write(tmp_path / "counted.csv", "1;0,1;0,25;0,2\n2;0,3;0,1;0,4\n3;0,1;0,4;0,3\n")
    assert load(counted)[0].spectra.shape == (3, 3)


def test_a_comma_is_the_decimal_mark_of_a_single_column(tmp_path):
    x = write(tmp_path / "X.csv", text_of(X.tolist(), ";", ","))
    values = [f"8{place},{place}5" for place in range(8)]
    for text in ["\n".join(values), "octane\n" + "\n".join(values)]:
        y = write(tmp_path / "Y.csv", text)
        assert load([x, y])[0].target().values == [float(value.replace(",", ".")) for value in values]


def test_whole_numbers_first_and_decimal_commas_far_below(tmp_path):
    lines = ["1;2;3"] * 100 + ["1,5;2,5;3,5"]
    dataset, _ = load(write(tmp_path / "x.csv", "\n".join(lines)))
    assert dataset.spectra[-1].tolist() == [1.5, 2.5, 3.5]


def test_options_overrule(tmp_path):
    path = write(tmp_path / "x.csv", "1,2;2,5;3,1\n4,1;5,1;6,1\n3,1;1,1;2,1\n")
    assert load(path)[0].spectra[0].tolist() == [1.2, 2.5, 3.1]
    assert load(path, header="yes")[0].spectra.shape == (2, 3)
    assert load(path, delimiter="semicolon", decimal=",")[0].spectra.shape == (3, 3)


@pytest.mark.parametrize(
    "wrong", [{"delimiter": "x"}, {"decimal": ";"}, {"header": "maybe"}, {"task": "guess"}, {"unit": "m"}, {"test_rows": "a-b"}, {"test_rows": "0-3"}, {"test_rows": "5-2"}]
)  # fmt: skip
def test_options_that_mean_nothing(wrong):
    with pytest.raises(UsageError):
        ReadOptions(**wrong)


def test_the_spectra_cannot_be_written_to(tmp_path):
    dataset, _ = load(write(tmp_path / "x.csv", text_of(X.tolist())))
    with pytest.raises(ValueError, match="read-only"):
        dataset.spectra[0, 0] = 1.0


def test_gasoline():
    dataset, understood = load(DATA / "gasoline.csv", test_rows="51-60")
    rows = [line.split(",") for line in (DATA / "gasoline.csv").read_text().splitlines()]
    assert dataset.spectra.tolist() == [[float(cell) for cell in row[1:]] for row in rows[1:]]
    assert dataset.target("octane").values == [float(row[0]) for row in rows[1:]]
    assert (dataset.axis.unit, dataset.axis.values[0], dataset.axis.values[-1]) == ("nm", 900.0, 1700.0)
    assert dataset.partition == ["train"] * 50 + ["test"] * 10
    assert dataset.sample_ids[:2] == ["1", "2"]
    assert understood.lines()[:4] == [
        "samples     60",
        "spectrum    401 features, 900 to 1700 nm",
        "target      octane: regression, mean 87.177, sd 1.53, 83.4 to 89.6",
        "partitions  train 50, test 10",
    ]


@pytest.mark.parametrize("named", [(), ("oil.type",)])
def test_mayonnaise(named):
    dataset, _ = load(DATA / "mayonnaise.csv", target=named)
    rows = [line.split(",") for line in (DATA / "mayonnaise.csv").read_text().splitlines()][1:]
    assert dataset.spectra.tolist() == [[float(cell) for cell in row[2:]] for row in rows]
    assert (dataset.target().name, dataset.target().task) == ("oil.type", "classification")
    assert dataset.target().values == [row[0] for row in rows]
    assert dataset.partition == ["train" if row[1] == "TRUE" else "test" for row in rows]
    assert dataset.axis.unit == "index"


def test_the_stand_in_for_no_delimiter_cannot_stand_in_text():
    from nws.dataset.files import _CONTROL

    assert NO_DELIMITER.encode()[0] in _CONTROL


def test_quoted_decimal_commas_between_commas(tmp_path):
    text = '"900","902","904"\n"0,1","0,25","0,2"\n"0,3","0,1","0,4"\n'
    dataset, understood = load(write(tmp_path / "x.csv", text))
    assert dataset.spectra.tolist() == [[0.1, 0.25, 0.2], [0.3, 0.1, 0.4]]
    assert understood.facts["files"][0]["decimal"] == "comma"


def test_windows_signs(tmp_path):
    path = write(
        tmp_path / "x.csv", "Sorte;900;902;904\n„Öl“ €;0,1;0,3;0,2\nRaps;0,2;0,5;0,1\nRaps;0,4;0,2;0,1\n", "cp1252"
    )
    dataset, understood = load(path)
    assert dataset.target().values == ["„Öl“ €", "Raps", "Raps"]
    assert understood.facts["files"][0]["encoding"] == "Windows-1252"


@pytest.mark.parametrize(
    ("names", "unit"),
    [("900,902,904", "cm-1"), ("9000,8998,8996", "nm"), ("1,2,3", "nm"), ("900 nm,902 nm,904 nm", "index")],
)
def test_the_unit_is_said(tmp_path, names, unit):
    path = write(tmp_path / "x.csv", names + "\n0.1,0.3,0.2\n0.2,0.5,0.1\n")
    dataset, understood = load(path, unit=unit)
    assert (dataset.axis.unit, dataset.axis.values) == (
        unit,
        [float(name.removesuffix(" nm")) for name in names.split(",")],
    )
    assert understood.facts["axis"]["unit_assumed"] is False


def test_decimal_commas_are_no_delimiters_where_another_cuts_all_rows_alike(tmp_path):
    x = write(tmp_path / "X.csv", text_of(X.tolist(), ";", ","))
    y = write(tmp_path / "Y.csv", text_of([[10.5 + row] for row in range(len(X))], ";", ","))
    m = write(
        tmp_path / "M.csv", text_of([["plot", "depth"], *([f"p{row}", row + 0.5] for row in range(len(X)))], ";", ",")
    )
    dataset, _ = load([x, y, m])
    assert dataset.metadata == {"depth": [row + 0.5 for row in range(len(X))]}
    assert dataset.sample_ids == [f"p{row}" for row in range(len(X))]


def test_an_axis_that_turns_is_said(tmp_path):
    path = write(tmp_path / "x.csv", "2019,2020,900,902\n1,2,0.1,0.3\n3,4,0.2,0.5\n")
    assert any("does not run one way" in note for note in load(path, header="yes")[1].facts["notes"])
    dataset, understood = load(path, header="yes", metadata=("2019", "2020"))
    assert (dataset.axis.values, understood.facts["notes"]) == ([900, 902], [])
