"""OPUS and SPC files: read as the values they were written from, in every form that instruments and programs write."""

from __future__ import annotations

import subprocess
import sys

import datasets_formats as forms
import numpy as np
import pytest
import vendor_files as vendor
from datasets_written import MADE, SAMPLES, text_file

from nws.dataset import ReadOptions, pack, read, read_spectra

NM = vendor.axis("nm")[1]
EVEN = np.linspace(9000.25, 8955.0, 12).tolist()
VALUES = vendor.SPECTRA.astype(float)


def load(*paths, **options):
    return read(paths, name="made", options=ReadOptions(**options))[0]


def one(path):
    dataset, understood = read_spectra(path if isinstance(path, list) else [path], options=ReadOptions())
    return dataset, understood.facts["notes"]


def same(dataset, rows=slice(None), *, unit="nm", axis=NM):
    assert dataset.spectra.tolist() == VALUES[rows].tolist()
    assert (dataset.axis.unit, dataset.axis.values) == (unit, axis)


def opus_folder(folder, ending=".0"):
    for row in range(SAMPLES):
        blocks = {vendor.SAMPLE: VALUES[row] * 3, vendor.REFERENCE: VALUES[row] * 2, vendor.ABSORBANCE: VALUES[row]}
        vendor.opus(folder / f"{MADE.ids[row]}{ending}", blocks, EVEN)
    return folder


def spc_folder(folder, **how):
    for row in range(SAMPLES):
        vendor.spc(folder / f"{MADE.ids[row]}.SPC", NM, VALUES[row], **how)
    return folder


@pytest.mark.parametrize("kind", ["opus", "spc"])
def test_a_folder_of_files_with_reference_values_beside_them(tmp_path, kind):
    opus_folder(tmp_path) if kind == "opus" else spc_folder(tmp_path)
    rows = [[name, *value] for name, value in zip(MADE.ids, forms.lab(None)[1:], strict=True)]
    text_file(tmp_path / "Y.csv", [["id", "protein"], *rows], dialect=(";", ","))
    (tmp_path / "notes.txt").write_text("read me")
    (tmp_path / ("2024.10" if kind == "opus" else "old.spc")).mkdir()
    (tmp_path / f"._{MADE.ids[0]}{'.0' if kind == 'opus' else '.spc'}").write_bytes(b"of a Mac")
    dataset = load(tmp_path)
    same(dataset, **({"unit": "cm-1", "axis": EVEN} if kind == "opus" else {}))
    assert (dataset.sample_ids, dataset.target().values) == (list(MADE.ids), list(MADE.protein))
    wide = [["id", "protein", *(f"{value!r} {dataset.axis.unit}" for value in dataset.axis.values)]]
    wide += [[*row, *values] for row, values in zip(rows, VALUES.tolist(), strict=True)]
    text = load(text_file(tmp_path / "wide.csv", wide, dialect=(",", ".")), target=("protein",))
    assert pack(text).id == pack(dataset).id


def test_files_given_by_hand_keep_their_order(tmp_path):
    files = [
        vendor.opus(tmp_path / f"{name}.0012", {vendor.ABSORBANCE: VALUES[row]}, EVEN) for row, name in enumerate("ba")
    ]
    dataset = load(*files)
    same(dataset, slice(2), unit="cm-1", axis=EVEN)
    assert dataset.sample_ids == ["b", "a"]


def test_the_order_of_numbers_is_a_question(tmp_path):
    for row, name in enumerate(["g1", "g10", "g2"]):
        vendor.spc(tmp_path / f"{name}.spc", NM, VALUES[row])
    dataset, notes = one(tmp_path)
    assert dataset.sample_ids == ["g1", "g10", "g2"]
    said = "*.spc: in the order of names, 'g10.spc' before 'g2.spc'; is that the order of the Y file?"
    assert notes == ["*.spc: the values are absorbance", said]
    (tmp_path / "g10.spc").rename(tmp_path / "g3.spc")
    assert len(one(tmp_path)[1]) == 1
    assert len(one([tmp_path / f"g{place}.spc" for place in (3, 1, 2)])[1]) == 1


def test_one_file_is_named_by_its_title_or_its_name(tmp_path):
    assert one(forms.jcamp(tmp_path / "a.jdx", 3, "nm", "XYPOINTS"))[0].sample_ids == ["s03"]
    assert one(vendor.opus(tmp_path / "b 1.0", {vendor.ABSORBANCE: VALUES[0]}, EVEN))[0].sample_ids == ["b 1"]


def test_repeated_measurements_have_ids_of_their_own(tmp_path):
    for row in range(2):
        vendor.opus(tmp_path / f"wheat 1.{row}", {vendor.ABSORBANCE: VALUES[row]}, EVEN)
    assert load(tmp_path).sample_ids == ["wheat 1.0", "wheat 1.1"]


@pytest.mark.parametrize(
    ("held", "taken"),
    [
        ([vendor.TRANSMITTANCE, vendor.ABSORBANCE, vendor.REFLECTANCE], "absorbance"),
        ([vendor.SAMPLE, vendor.TRANSMITTANCE, vendor.REFERENCE], "transmittance"),
        ([vendor.REFLECTANCE, vendor.TRANSMITTANCE], "reflectance"),
    ],
)
def test_opus_files_give_their_result(tmp_path, held, taken):
    row = next(place for place, kind in enumerate(held) if kind == getattr(vendor, taken.upper()))
    path = vendor.opus(tmp_path / "x.0", {kind: VALUES[place] for place, kind in enumerate(held)}, EVEN)
    dataset, notes = one(path)
    same(dataset, slice(row, row + 1), unit="cm-1", axis=EVEN)
    assert notes == [f"x.0: the values are {taken}"]


def test_opus_values_are_scaled_and_axes_are_turned_into_nm(tmp_path):
    path = vendor.opus(tmp_path / "x.3", {vendor.ABSORBANCE: VALUES[0]}, [0.9, 0.922], unit="MI", scale=0.5)
    dataset, _ = one(path)
    assert dataset.spectra.tolist() == [(VALUES[0] * 0.5).tolist()]
    assert (dataset.axis.unit, dataset.axis.values) == ("nm", pytest.approx(NM))


def test_derivatives_are_not_taken_for_what_they_are_derived_from(tmp_path):
    blocks = {vendor.ABSORBANCE: VALUES[0], vendor.TRANSMITTANCE: VALUES[1]}
    dataset, notes = one(vendor.opus(tmp_path / "x.0", blocks, EVEN, derivative=1))
    same(dataset, slice(1, 2), unit="cm-1", axis=EVEN)
    assert notes == ["x.0: the values are transmittance"]


@pytest.mark.parametrize("uneven", ["", "shared", "own"])
@pytest.mark.parametrize("points", ["float", 32, 16])
@pytest.mark.parametrize("rows", [1, 4])
def test_spc_files_in_every_form(tmp_path, uneven, points, rows):
    axis = NM if not uneven else [*NM[:-1], 950.5]
    path = vendor.spc(
        tmp_path / "x.spc", axis, VALUES[:rows], uneven=uneven, points=points, exponents=[3, 4, 5, 3][:rows]
    )
    dataset, notes = one(path)
    assert np.abs(dataset.spectra - VALUES[:rows]).max() <= {"float": 0, 32: 2.0**-27, 16: 2.0**-11}[points]
    assert (dataset.axis.unit, dataset.axis.values) == ("nm", axis)
    assert dataset.sample_ids == (["x"] if rows == 1 else ["1", "2", "3", "4"])
    assert notes == ["x.spc: the values are absorbance"]


@pytest.mark.parametrize("uneven", ["", "own"])
def test_what_follows_the_spectra_of_an_spc_file_is_passed_over(tmp_path, uneven, capfd):
    for log, gap in ((b"SCANS=64\r\nNOTE=a=b\r\n", 0), (b"x" * 40, 100)):
        dataset, _ = one(vendor.spc(tmp_path / "x.spc", NM, VALUES[:3], uneven=uneven, log=log, gap=gap))
        same(dataset, slice(3))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("unit", "label", "axis", "said"),
    [
        ("cm-1", b"", [4000.0, 4100.0], ("cm-1", [4000.0, 4100.0])),
        ("um", b"", [1.5, 2.0], ("nm", [1500.0, 2000.0])),
        ("", b"", [5000.0, 6000.0], ("cm-1", [5000.0, 6000.0])),
        ("", b"nanometers\0absorbance", [5000.0, 6000.0], ("nm", [5000.0, 6000.0])),
        ("eV", b"nm\0", [900.0, 922.0], ("nm", [900.0, 922.0])),
        ("nm", b"position\0", [5000.0, 6000.0], ("cm-1", [5000.0, 6000.0])),
    ],
)
def test_units_of_spc_files(tmp_path, unit, label, axis, said):
    axis = np.linspace(*axis, 12)
    dataset, _ = one(vendor.spc(tmp_path / "x.spc", axis, VALUES[0], unit=unit, label=label))
    assert (dataset.axis.unit, dataset.axis.values[:: len(axis) - 1]) == said


def test_one_spc_file_of_many_spectra_and_reference_values(tmp_path):
    path = vendor.spc(tmp_path / "wheat.spc", NM, VALUES)
    y = text_file(tmp_path / "lab.csv", forms.lab(None), dialect=(";", ","))
    for paths in ((path, y), (tmp_path,)):
        if paths == (tmp_path,):
            y.rename(tmp_path / "Y.csv")
        dataset = load(*paths)
        same(dataset)
        assert dataset.target().values == list(MADE.protein)


def test_spc_files_by_partition(tmp_path):
    for part in ("train", "test"):
        vendor.spc(tmp_path / f"X{part}.spc", NM, VALUES[MADE.rows(part)])
        text_file(tmp_path / f"Y{part}.csv", forms.lab(part), dialect=(";", ","))
    dataset = load(tmp_path)
    rows = MADE.rows("train") + MADE.rows("test")
    same(dataset, rows)
    assert dataset.partition == [MADE.partition[row] for row in rows]
    assert pack(load(*sorted(tmp_path.iterdir()))).id == pack(dataset).id
    assert load(*sorted(tmp_path.glob("*.spc"))).partition == dataset.partition


def test_content_says_more_than_the_name(tmp_path):
    path = vendor.opus(tmp_path / "x.csv", {vendor.ABSORBANCE: VALUES[0]}, EVEN)
    same(one(path)[0], slice(1), unit="cm-1", axis=EVEN)
    rows = [[f"{value:g}" for value in NM], *VALUES[:3].tolist()]
    for name in ("x.0", "x.2024"):
        same(load(text_file(tmp_path / name, rows, dialect=(",", "."))), slice(3))


def test_a_number_behind_the_name_may_mean_anything(tmp_path):
    x = text_file(tmp_path / "X.2024", [[f"{value:g}" for value in NM], *VALUES.tolist()], dialect=(",", "."))
    y = text_file(tmp_path / "Y.2024", forms.lab(None), dialect=(";", ","))
    dataset = load(x, y)
    same(dataset)
    assert dataset.target().values == list(MADE.protein)


def test_packages_are_imported_only_for_their_files(tmp_path):
    opus = vendor.opus(tmp_path / "x.0", {vendor.ABSORBANCE: VALUES[0]}, EVEN)
    text_file(tmp_path / "x.csv", [[f"{value:g}" for value in NM], *VALUES[:3].tolist()], dialect=(",", "."))
    spc = vendor.spc(tmp_path / "x.spc", NM, VALUES[0], log=b"SCANS=64")
    code = (
        "import sys; from pathlib import Path; from nws.dataset import read_spectra, ReadOptions\n"
        "read_spectra([Path(sys.argv[1])], options=ReadOptions())\n"
        "print(*sorted({'pandas', 'spc_io', 'brukeropus', 'pydantic'} & set(sys.modules)))"
    )

    def loaded(path):
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.split()

    assert loaded(tmp_path / "x.csv") == []
    assert loaded(opus) == ["brukeropus"]
    assert loaded(spc) == ["pandas", "pydantic", "spc_io"]
