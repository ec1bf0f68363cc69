"""A header of numbers is told from a first spectrum, and no first spectrum is ever lost."""

from __future__ import annotations

import numpy as np
import pytest
from spectra import NM, spectra, text_of, write

from nws.dataset import ReadOptions, read
from nws.dataset.axis import axis_of, spectral_columns, wave
from nws.dataset.header import CERTAIN, LIKELY, weigh_numbers
from nws.errors import BadInput

X = spectra()
N = len(X)
Y = [float(value) for value in np.random.default_rng(1).normal(10, 2, N)]
RISING = (np.linspace(0.1, 0.9, 12) ** 1.5 + np.linspace(0, 0.2, N)[:, None]).tolist()


def load(*paths, **options):
    return read(paths, name="made", options=ReadOptions(**options))


def files(folder, x, y, names=("X.csv", "Y.csv")):
    return [write(folder / name, text_of(rows)) for name, rows in zip(names, (x, y), strict=True)]


@pytest.mark.parametrize(
    "header",
    [
        NM, NM[::-1], list(range(12)), list(range(1, 13)),
        [round(1e7 / value, 2) for value in NM],                      # wavenumbers turned into nm: uneven
        [1445, 1680, 1722, 1734, 1759, 1778, 1818, 1940, 1982, 2100, 2139, 2180],  # a filter instrument
        [round(0.9 + 0.002 * place, 3) for place in range(12)],       # micrometres
    ],
)  # fmt: skip
def test_an_axis_is_a_header(header):
    assert weigh_numbers(header, X.tolist()) == CERTAIN
    assert weigh_numbers(header, (X * 1e4).tolist()) == CERTAIN or header[0] == 1445
    assert weigh_numbers(header, RISING) == CERTAIN


@pytest.mark.parametrize("place", range(N))
def test_a_spectrum_is_no_header(place):
    rest = np.delete(X, place, axis=0).tolist()
    assert weigh_numbers(X[place].tolist(), rest) == -CERTAIN
    assert weigh_numbers((X[place] * 1e4).tolist(), np.array(rest) * 1e4) == -CERTAIN
    # Spectra that rise all the way are in doubt at most, and only where they are as large as wavelengths.
    assert weigh_numbers(RISING[place], np.delete(RISING, place, axis=0)) == -LIKELY
    assert weigh_numbers(sorted(X[place]), rest) <= 0
    assert weigh_numbers([value * 1e4 for value in RISING[place]], np.delete(RISING, place, axis=0) * 1e4) == 0


@pytest.mark.parametrize("noise", [X.tolist(), RISING])
@pytest.mark.parametrize("x_header", [None, NM, list(range(12))])
@pytest.mark.parametrize("y_header", [None, "protein"])
def test_x_and_y_together(tmp_path, noise, x_header, y_header):
    x, y = files(
        tmp_path,
        ([x_header] if x_header else []) + noise,
        ([[y_header]] if y_header else []) + [[value] for value in Y],
    )
    dataset, _ = load(x, y)
    assert dataset.spectra.tolist() == noise
    assert dataset.targets[0].values == Y


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 2, 3], [4, 5, 7], [7, 9, 8]],
        [[210, 230, 290], [300, 215, 310], [280, 290, 230]],
        [[0, 1], [0.5, 0.2], [1, 1]],
    ],
)
def test_few_values_are_no_header_by_chance(tmp_path, rows):
    dataset, understood = load(write(tmp_path / "x.csv", text_of(rows)))
    assert dataset.spectra.tolist() == rows
    assert any("--header yes" in note for note in understood.facts["notes"])


@pytest.mark.parametrize("scale", [1, 30_000])
def test_no_first_spectrum_of_many_shapes_is_lost(tmp_path, scale):
    random = np.random.default_rng(7)
    axis = np.linspace(0, 1, 40)
    for trial in range(60):
        slopes, curves, shifts = random.uniform(0.05, 1, (3, 6, 1))
        smooth = slopes * axis + curves * axis ** random.uniform(1, 3) + shifts
        rows = (smooth + random.normal(0, [0, 1e-4, 1e-2][trial % 3], smooth.shape)) * scale
        path = write(tmp_path / "x.csv", text_of(np.round(rows, 0 if scale > 1 else 6).tolist()))
        assert load(path)[0].samples == 6


def test_row_counts_decide_what_the_cells_leave_open(tmp_path):
    x, y = files(tmp_path, RISING, [["protein"], *([value] for value in Y)])
    dataset, understood = load(x, y)
    assert dataset.spectra.tolist() == RISING
    assert understood.facts["files"][0]["header_from"] == "row counts"
    assert understood.facts["files"][1]["header_from"] == "its cells"
    x, y = files(tmp_path, RISING, [[value] for value in Y[:-1]] + [["x"]])
    with pytest.raises(BadInput, match="text among numbers"):
        load(x, y)


def test_a_rising_spectrum_is_not_lost_when_a_reference_value_is_missing(tmp_path):
    x, y = files(tmp_path, RISING, [["protein"], *([value] for value in Y[1:])])
    with pytest.raises(BadInput, match=f"has {N} samples.*has {N - 1} samples"):
        load(x, y)
    assert load(x, y, header="yes")[0].samples == N - 1


def test_a_guess_is_said(tmp_path):
    path = write(tmp_path / "wide.csv", text_of(RISING))
    dataset, understood = load(path)
    assert dataset.samples == N
    assert any("--header yes" in line for line in understood.lines())
    assert load(path, header="yes")[0].samples == N - 1
    assert load(path, header="no")[0].samples == N
    sure = write(tmp_path / "sure.csv", text_of([NM, *RISING]))
    assert not load(sure)[1].facts["notes"]


def test_names_that_pandas_gives(tmp_path):
    x, y = files(tmp_path, [list(range(12)), *X.tolist()], [[0], *([value] for value in Y)])
    dataset, _ = load(x, y)
    assert (dataset.samples, dataset.target().values) == (N, Y)
    assert [target.name for target in dataset.targets] == ["0"]


def test_a_value_is_never_taken_for_a_name_to_make_counts_agree(tmp_path):
    x, y = files(tmp_path, [list(range(12)), *X.tolist()], [[value] for value in [9.0, *Y]])
    with pytest.raises(BadInput, match=f"has {N} samples.*has {N + 1} samples"):
        load(x, y)
    codes = [[0], [0], *([place % 2] for place in range(N - 1))]
    x, y = files(tmp_path, [list(range(12)), *X.tolist()], codes)
    with pytest.raises(BadInput, match="row counts differ"):
        load(x, y)


def test_one_bad_cell_does_not_make_a_header(tmp_path):
    rows = X.tolist()
    rows[0][4] = "oops"
    with pytest.raises(BadInput, match=r"line 1, column 5: text among numbers: 'oops'"):
        load(write(tmp_path / "x.csv", text_of(rows)))


def test_class_names_with_and_without_heading(tmp_path):
    labels = [["oak"], ["elm"], ["oak"], ["elm"], ["ash"], ["ash"], ["oak"], ["elm"]]
    for heading in ([], [["tree"]]):
        x, y = files(tmp_path, X.tolist(), heading + labels)
        (target,) = load(x, y)[0].targets
        assert (target.task, target.values) == ("classification", [label for (label,) in labels])


def test_the_same_first_line_twice_is_a_header(tmp_path):
    header = [f"{value:.2f}" for value in np.sort(np.random.default_rng(5).uniform(1, 99, 12))]
    for part in ("cal", "test"):
        write(tmp_path / f"X{part}.csv", text_of([header, *(X * 100).tolist()]))
    dataset, _ = load(tmp_path)
    assert dataset.samples == 2 * N


def test_no_header_in_all_files_of_a_folder(tmp_path):
    for part in ("cal", "val", "test"):
        write(tmp_path / f"X{part}.csv", text_of(X.tolist()))
        write(tmp_path / f"Y{part}.csv", text_of([[value] for value in Y]))
    dataset, _ = load(tmp_path)
    assert dataset.spectra.tolist() == X.tolist() * 3
    assert dataset.targets[0].values == Y * 3


@pytest.mark.parametrize(
    ("name", "family", "value"),
    [
        ("900 nm", ("", "nm"), 900), ("4000.5 cm-1", ("", "cm-1"), 4000.5), ("4000,5 cm⁻¹", ("", "cm-1"), 4000.5),
        ("X900", ("x", ""), 900), ("X900.5", ("x", ""), 900.5), ("NIR.900 nm", ("nir.", "nm"), 900),
        ("X900.nm", ("x", "nm"), 900), ("cm-1_4000", ("cm-1_", ""), 4000), ("900 (nm)", ("", "nm"), 900),
        ("1.2 µm", ("", "um"), 1.2), ("1e3", ("", ""), 1000), ("12", ("", ""), 12), ("5000 1/cm", ("", "cm-1"), 5000),
    ],
)  # fmt: skip
def test_names_that_are_places_on_an_axis(name, family, value):
    found = wave(name)
    assert found is not None
    assert (found.family, found.value) == (family, value)


@pytest.mark.parametrize("name", ["octane", "oil.type", "", "nm", "H2O", "12 apples"])
def test_names_that_are_none(name):
    assert wave(name) is None


def test_the_largest_family_is_the_spectrum():
    names = ["id", "y1", "y2", "900 nm", "902 nm", "904 nm", "t1", "t2"]
    assert spectral_columns(names, excluded=set()) == [3, 4, 5]
    assert spectral_columns(["y1", "y2", "moisture"], excluded=set()) == []
    assert axis_of(["1.2 um", "1.1 um"])[0].values == [1200.0, 1100.0]
    assert axis_of(["4000", "3996", "3992"])[0].unit == "cm-1"
    assert axis_of(["0.9", "0.902", "0.904"])[0].unit == "index"
