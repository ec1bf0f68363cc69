"""OPUS and SPC files that cannot be used: one line that names the file, and a way out."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import vendor_files as vendor

from nws.dataset import ReadOptions, read_spectra
from nws.errors import BadInput

NM = vendor.axis("nm")[1]
EVEN = [9000.25, 8955.0]
VALUES = vendor.SPECTRA.astype(float)


def refuse(paths, match):
    with pytest.raises(BadInput, match=match) as caught:
        read_spectra(paths if isinstance(paths, list) else [paths], options=ReadOptions())
    assert caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint


def test_files_that_do_not_fit_together(tmp_path):
    a = vendor.opus(tmp_path / "a.0", {vendor.ABSORBANCE: VALUES[0]}, EVEN)
    b = vendor.opus(tmp_path / "b.0", {vendor.ABSORBANCE: VALUES[1]}, [9000.25, 8956.0])
    refuse(
        tmp_path, r"a.0 and .*b.0 do not have the same axis: 9000.25 to 8955 cm-1 in 12 points, 9000.25 to 8956 cm-1"
    )
    vendor.opus(b, {vendor.TRANSMITTANCE: VALUES[1]}, EVEN)
    refuse([a, b], r"a.0 and .*b.0 are not of one quantity: absorbance, transmittance")
    c = vendor.spc(tmp_path / "c.spc", NM, VALUES[0])
    refuse(tmp_path, r"a.0 and .*c.spc are spectra of two kinds")
    refuse([a, c], r"a.0 and .*c.spc both hold spectra")
    refuse(
        [c, vendor.spc(tmp_path / "d.spc", NM, VALUES[1], quantity="")],
        "one quantity: absorbance, a quantity that is not said",
    )


@pytest.mark.parametrize(
    ("blocks", "how", "match"),
    [
        ([vendor.SAMPLE, vendor.REFERENCE], {}, "x.0: no absorbance, reflectance or transmittance in it, only .*Spectrum, .*Spectrum"),
        ([vendor.ABSORBANCE], {"unit": "SEC"}, "x.0: its axis is in 'SEC', not in cm-1"),
        ([vendor.ABSORBANCE], {"format_of_points": 2}, "x.0: its points are whole numbers"),
        ([vendor.ABSORBANCE], {"points": 13}, "x.0: damaged Bruker OPUS file"),
        ([vendor.TRANSMITTANCE, vendor.ABSORBANCE], {"points": 13}, "x.0: damaged Bruker OPUS file"),
        ([vendor.ABSORBANCE], {"points": 1}, "x.0: damaged Bruker OPUS file: a spectrum of 1 points"),
        ([], {}, "x.0: damaged Bruker OPUS file"),
    ],
)  # fmt: skip
def test_opus_files_that_cannot_be_used(tmp_path, blocks, how, match):
    refuse(
        vendor.opus(tmp_path / "x.0", {kind: VALUES[place] for place, kind in enumerate(blocks)}, EVEN, **how), match
    )


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ({"version": 0x4D}, "x.spc: a Galactic SPC file of an old kind"),
        ({"version": 0x4C}, "x.spc: a Galactic SPC file of an old kind"),
        ({"version": 0x20}, "x.spc: no Galactic SPC file, though it is called like one"),
        ({"unit": "eV"}, "x.spc: the unit of its axis is XEV"),
        ({"flags": 8}, "x.spc: a Galactic SPC file whose spectra have no order"),
    ],
)
def test_spc_files_that_cannot_be_used(tmp_path, how, match):
    refuse(vendor.spc(tmp_path / "x.spc", NM, VALUES[:2], **how), match)


def test_a_spectrum_of_one_point(tmp_path):
    refuse(
        vendor.spc(tmp_path / "x.spc", NM[:1], VALUES[:2, :1]),
        "x.spc: damaged Galactic SPC file: a spectrum of 1 points",
    )


def test_an_axis_that_is_no_number(tmp_path):
    refuse(vendor.spc(tmp_path / "x.spc", [900.0, *[np.inf] * 11], VALUES[0]), r"x.spc: damaged: its axis goes from")
    refuse(
        vendor.opus(tmp_path / "x.0", {vendor.ABSORBANCE: VALUES[0]}, [900.0, np.nan]), r"x.0: damaged: its axis goes"
    )


def test_a_parameter_that_is_missing(tmp_path):
    path = vendor.opus(tmp_path / "x.0", {vendor.ABSORBANCE: VALUES[0]}, EVEN)
    path.write_bytes(path.read_bytes().replace(b"NPT", b"NPX"))
    refuse(path, "x.0: damaged Bruker OPUS file: the parameter NPT is missing")


def test_spectra_of_one_spc_file_with_different_axes(tmp_path):
    path = vendor.spc(tmp_path / "x.spc", NM, VALUES[:2], uneven="own")
    data = bytearray(path.read_bytes())
    data[512 + 32 : 512 + 36] = np.float32(899.5).tobytes()
    path.write_bytes(data)
    refuse(path, "x.spc: two of its spectra do not have the same axis: 899.5 to 922 nm in 12 points, 900 to 922 nm")


def written(tmp_path, kind):
    if kind == "opus":
        blocks = {vendor.SAMPLE: VALUES[1], vendor.ABSORBANCE: VALUES[0]}
        return vendor.opus(tmp_path / "x.0", blocks, EVEN)
    return vendor.spc(tmp_path / "x.spc", NM, VALUES[:3], uneven=kind.removeprefix("spc"))


KINDS = ["opus", "spc", "spcshared", "spcown"]


def test_spectra_that_are_missing(tmp_path):
    path = vendor.spc(tmp_path / "x.spc", NM, VALUES[:3])
    path.write_bytes(path.read_bytes()[:-1])
    refuse(path, "x.spc: damaged Galactic SPC file: it ends before its spectra do")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left", [0.01, 0.1, 0.4, 0.7, 0.9, 0.95])
def test_a_file_that_was_cut_off(tmp_path, kind, left):
    path = written(tmp_path, kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    refuse([path], r"x\.\w+: (damaged|no Galactic SPC file)")
    other = path.with_name(f"w{path.suffix}")
    other.write_bytes(data)
    refuse([other, path], r"x\.\w+: (damaged|no Galactic SPC file)")


@pytest.mark.parametrize("name", ["x.0", "x.spc"])
def test_a_file_that_is_something_else(tmp_path, name):
    path = tmp_path / name
    good = written(tmp_path, "opus" if name == "x.0" else "spc").rename(tmp_path / f"w{path.suffix}")
    for content, match in (
        (b"", r"x\.\w+ is empty"),
        (b"whatever,1,2\n" * 60, "no (Bruker|Galactic).*called like one"),
    ):
        path.write_bytes(content)
        refuse([good, path], match)
        refuse([path, good], match)
    path.write_bytes(b"")
    refuse(path, r"x\.\w+ is empty")
    path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    refuse(path, "Shimadzu SPC files are not read" if name == "x.spc" else "workbook cannot be read")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(25))
def test_a_file_with_other_bytes_is_read_or_refused(tmp_path, kind, seed, capfd):
    path = written(tmp_path, kind)
    draw = np.random.default_rng(seed)
    data = bytearray(path.read_bytes())
    for place in draw.integers(0, min(len(data), 700), 12):
        data[place] = draw.integers(256)
    path.write_bytes(data)
    with contextlib.suppress(BadInput):
        read_spectra([path], options=ReadOptions())
    assert capfd.readouterr() == ("", "")


def test_files_of_other_makers_in_a_folder_are_named(tmp_path):
    (tmp_path / "a.asd").write_bytes(b"as7")
    refuse(tmp_path, r"a.asd: ASD or SVC files are not read by this version")
