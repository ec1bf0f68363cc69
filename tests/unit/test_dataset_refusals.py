"""Files that cannot be used: one line that names file, line and column, and a way out."""

from __future__ import annotations

import gzip
import zipfile

import pytest
import zstandard
from spectra import NM, spectra, text_of, write

from nws.dataset import ReadOptions, dialect, files, read
from nws.errors import BadInput

ROWS = [[f"{value:g}" for value in NM], *spectra(70).tolist()]


@pytest.fixture
def refuse(tmp_path):
    def check(content, match, *, name="x.csv", hint="", **options):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(BadInput, match=match) as caught:
            read([path], name="x", options=ReadOptions(**options))
        assert hint in caught.value.hint
        assert caught.value.hint
        assert "\n" not in caught.value.message

    return check


def changed(row, column, cell, delimiter=",", decimal="."):
    rows = [list(each) for each in ROWS]
    rows[row][column] = cell
    return text_of(rows, delimiter, decimal)


def test_missing_file(refuse):
    refuse(None, "no such file: .*x.csv")


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "  \n", ",,,\n,,\n"])
def test_empty_file(refuse, content):
    refuse(content, "x.csv is empty")
    refuse("# only\n# comments\n", "holds comments only")


def test_one_column(refuse):
    refuse("1\n2\n3\n", r"only one column \(no delimiter found\)", hint="--delimiter")
    refuse(text_of(ROWS), r"only one column \(with delimiter semicolon\)", delimiter="semicolon")
    refuse(text_of(ROWS, " "), "only one column", hint="separated by blanks")


def test_one_sample(refuse):
    refuse(text_of(ROWS[:2]), "1 sample; at least two are needed")
    refuse(text_of(ROWS[:1]), "no sample|0 sample|at least two|no spectrum")


@pytest.mark.parametrize("row", [1, 5, 70])
@pytest.mark.parametrize("extra", [-1, 1, -3])
def test_ragged_rows(refuse, row, extra):
    rows = [list(each) for each in ROWS]
    rows[row] = rows[row][:extra] if extra < 0 else [*rows[row], 1.0]
    refuse("# above\n\n" + text_of(rows), f"x.csv line {row + 3}: {12 + extra} cells where other rows have 12")


def test_ragged_rows_that_even_out(refuse):
    rows = [list(each) for each in ROWS]
    rows[66], rows[67] = [*rows[66], 1.0], rows[67][:-1]
    refuse(text_of(rows), "x.csv line 67: 13 cells where other rows have 12")


@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), (";", ","), ("\t", ".")])
@pytest.mark.parametrize("row", [1, 65])
def test_text_among_numbers(refuse, delimiter, decimal, row):
    content = "# above\n" + changed(row, 7, "o.k.", delimiter, decimal)
    refuse(content, rf"x.csv line {row + 2}, column '914' \(8\): text among numbers: 'o.k.'")
    blank_lines = content.replace("\n", "\n\n", 5)
    refuse(blank_lines, rf"line {row + 2 + (5 if row > 5 else row + 1)}, column '914' \(8\)")


def test_the_first_fault_of_the_file_is_named(refuse):
    rows = [list(each) for each in ROWS]
    rows[60][1], rows[50][9] = "later", "first"
    refuse(text_of(rows), r"line 51, column '918' \(10\): text among numbers: 'first'")


@pytest.mark.parametrize("cell", ["1_000", "0x10", "1.5.2", "1,5", "--1", "1e", "\N{MINUS SIGN}1"])
def test_what_is_no_number(refuse, cell):
    refuse(changed(66, 3, cell, ";"), r"x.csv line 67, column '906' \(4\): text among numbers")


def test_a_point_in_a_file_of_decimal_commas(refuse):
    refuse(
        changed(66, 3, "1.234", ";", ","), r"line 67, column '906' \(4\): text among numbers: '1.234'", hint="--decimal"
    )


@pytest.mark.parametrize("cell", ["", "NA", "nan", " "])
def test_missing_spectra_cells(refuse, cell):
    refuse(changed(66, 3, cell), r"line 67, column '906' \(4\): a value of the spectrum is missing")


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_infinite_values(refuse, cell):
    refuse(changed(66, 3, cell), r"line 67, column '906' \(4\): an infinite value")


def test_an_empty_column(refuse):
    refuse(
        text_of([ROWS[0], *([*row[:3], "NA", *row[4:]] for row in ROWS[1:])]),
        r"x.csv: column '906' \(4\) is empty in all 70 rows",
    )


def test_quotes_that_do_not_close(refuse):
    refuse(changed(40, 0, '"0.5'), "line 41: a quote is opened and never closed")


def test_places_below_cells_of_several_lines(refuse):
    head, *rows = [[f"note {row}", *values] for row, values in enumerate(ROWS)]
    rows[3][0] = '"two\nlines"'
    rows[66][4] = "oops"
    refuse(
        text_of([["note", *head[1:]], *rows]),
        r"line 69, column '906' \(5\): text among numbers: 'oops'",
        metadata=("note",),
    )


@pytest.mark.parametrize("ending", [".h5", ".rds", ".spa", ".asd", ".sig", ".unsb", ".sav"])
def test_files_of_other_kinds(refuse, ending):
    refuse(b"whatever", r"x\..*: .* files are not read by this version", name=f"x{ending}", hint="CSV")


@pytest.mark.parametrize(
    "content", [b"\x89HDF\r\n", b"1,2\0,3\n", b"\x1b[1m", b"%PDF-1.7", "1,2\n3,4\n".encode("utf-16-le")]
)
def test_content_that_is_no_text(refuse, content):
    refuse(content, "not a text file|not read by this version")


def test_damaged_archives(refuse, tmp_path):
    text = text_of(ROWS).encode()
    refuse(gzip.compress(text)[:-400], "damaged gzip file", name="x.csv.gz")
    flipped = bytearray(gzip.compress(text))
    flipped[-6] ^= 1
    refuse(bytes(flipped), "damaged gzip file", name="x.csv.gz")
    refuse(zstandard.compress(text)[:900], "damaged zstd file", name="x.csv.zst")
    refuse(b"PK\x03\x04 and more", "damaged zip file", name="x.csv.zip")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", text)
        archive.writestr("b.csv", text)
    refuse(None, "2 files in the zip", name="two.zip")


@pytest.mark.parametrize("kind", ["gz", "zip", "zst"])
def test_archives_that_would_fill_memory(refuse, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(files, "ALWAYS_ALLOWED", 1 << 20)
    bomb = b"0," * (4 << 20)
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "x.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.csv", bomb)
        refuse(None, "expands to more than", name="x.csv.zip")
    else:
        refuse(gzip.compress(bomb) if kind == "gz" else zstandard.compress(bomb), "expands to more than", name="x.csv")


def test_archives_of_several_streams(tmp_path):
    halves = [text_of(ROWS[:30]).encode(), text_of(ROWS[30:]).encode()]
    for name, pack in (("x.gz", gzip.compress), ("x.zst", zstandard.compress)):
        path = tmp_path / name
        path.write_bytes(b"".join(map(pack, halves)))
        assert read([path], name="x", options=ReadOptions())[0].samples == 70


def test_a_line_that_has_lost_its_end(refuse, monkeypatch):
    monkeypatch.setattr(dialect, "MOST_COLUMNS", 1000)
    refuse(",".join(["0.5"] * 1002), "x.csv: a line with more than 1,000 cells", hint="line ends")
    refuse("a;b\n" + ";".join(["0.5"] * 1002) + "\n", "a line with more than 1,000 cells")
    refuse(",".join(["0.5"] * 1001), "1 sample; at least two are needed")


def test_a_column_that_is_half_numbers_is_not_passed_over(refuse):
    refuse(
        "a;b;c\n1,5;2,5;3.5\n2,5;2,5;3,5\n", r"line 2, column 'c' \(3\): text among numbers: '3.5'", hint="--decimal"
    )


def test_the_line_that_is_too_short_is_named_where_there_are_few(refuse):
    refuse("900,902,904\n0.1,0.2\n0.1,0.2,0.3\n", "x.csv line 2: 2 cells where other rows have 3")


def test_a_title_above_the_table(refuse):
    refuse(
        "My spectra of 2024\n\n" + text_of(ROWS),
        "x.csv line 1: 1 cells where other rows have 12",
        hint="begin its lines with #",
    )


def test_spectra_given_for_targets(tmp_path):
    x, y = (write(tmp_path / f"{name}.csv", text_of(ROWS)) for name in ("a", "b"))
    with pytest.raises(BadInput, match=r"a.csv and .*b.csv both hold spectra") as caught:
        read([x, y], name="x", options=ReadOptions())
    assert "X1 and X2" in caught.value.hint


def test_a_unit_without_a_header(refuse):
    refuse(text_of(ROWS[1:]), "no header with numbers, so the axis cannot be in nm", hint="--unit", unit="nm")


def test_two_columns_of_one_name(refuse):
    refuse(text_of([["y", "y", *ROWS[0]], *([1.5, 2.5, *row] for row in ROWS[1:])]), "two columns are named 'y'")


def test_a_folder_in_place_of_a_file(tmp_path):
    path = write(tmp_path / "x.csv", text_of(ROWS))
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput):
        read([path, tmp_path / "folder"], name="x", options=ReadOptions())
