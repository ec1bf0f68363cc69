"""Text that is parsed block by block gives what it gives in one piece, faults and their lines included."""

from __future__ import annotations

import pytest
from datasets_written import DIALECTS, TARGETS, check, text_file, wide_rows

from nws.dataset import ReadOptions, parsing, read
from nws.dataset.parsing import Layout
from nws.errors import BadInput


@pytest.fixture(params=[1, 150, 1000])
def block(request, monkeypatch):
    monkeypatch.setattr(parsing, "BLOCK", request.param)
    return request.param


def load(path, **options):
    return read([path], name="made", options=ReadOptions(**options))[0]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("header", ["nm", "none"])
@pytest.mark.parametrize("gap", ["", "\n", " \n\t\n\n"])
def test_blocks(tmp_path, block, dialect, header, gap):
    path = text_file(tmp_path / "x.csv", wide_rows(header), dialect=dialect)
    path.write_text(
        path.read_text().replace("\n", "\n" + gap) if dialect[0] != "\t" or "\t" not in gap else path.read_text()
    )
    if header == "none":
        check(load(path), header, targets=False, metadata=False, ids=False, partition=False)
    else:
        check(load(path, target=TARGETS), header)


def test_there_are_several_blocks(block):
    body = b"\n".join(b"%d,1,2" % row for row in range(1000))
    blocks = list(parsing._blocks(body, header=True))
    assert b"\n".join(piece for piece, _ in blocks) == body
    assert len(blocks) > 3
    assert [header for _, header in blocks] == [True] + [False] * (len(blocks) - 1)
    assert len(list(parsing._blocks(b'"' + body, header=True))) == 1


@pytest.mark.parametrize("row", [1, 7, 13])
@pytest.mark.parametrize("gap", ["", "\n"])
def test_lines_of_faults(tmp_path, block, row, gap):
    rows = wide_rows("nm")
    rows[row][9] = "o.k."
    path = text_file(tmp_path / "x.csv", rows, dialect=(";", ","), top="# above\n\n")
    path.write_text(path.read_text().replace("\n", "\n" + gap))
    line = (row + 2) * (1 + len(gap)) + 1
    with pytest.raises(BadInput, match=rf"x.csv line {line}, column '906 nm' \(10\): text among numbers: 'o.k.'"):
        load(path, target=TARGETS)


def test_cells_with_blanks_and_missing_ones(tmp_path, block):
    rows = [
        ["protein", "900", "902", "904"],
        *([" NA " if row == 5 else row, f" {row}.5", row, " 1e-3 "] for row in range(9)),
    ]
    dataset = load(text_file(tmp_path / "x.csv", rows, dialect=(",", ".")))
    assert dataset.spectra.tolist() == [[row + 0.5, row, 0.001] for row in range(9)]
    assert dataset.target().values == [None if row == 5 else float(row) for row in range(9)]


def test_a_block_that_loses_a_row_is_told(tmp_path, block, monkeypatch):
    path = text_file(tmp_path / "x.csv", [[0.5 * row, 0.25, 0.125] for row in range(200)], dialect=(",", "."))
    real = parsing._polars
    monkeypatch.setattr(parsing, "_polars", lambda *words, **more: real(*words, **more).head(1))
    if block == 1:
        assert load(path).samples == 200
        return
    with pytest.raises(BadInput, match="rows parsed of 200"):
        load(path)


def test_columns_are_named_in_places():
    layout = Layout(names=["a", "b"], header=True, numeric=frozenset())
    assert parsing.column_place(layout, 1) == "column 'b' (2)"
