"""Files that are no text and cannot be used: one line that names the file and the place, and a way out."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import pickle
import zipfile

import datasets_formats as forms
import numpy as np
import polars as pl
import pytest
import vendor_files as vendor
from datasets_written import MADE, wide_rows
from scipy.io import savemat

from nws.dataset import ReadOptions, files, read
from nws.errors import BadInput, SystemRefused


@pytest.fixture
def refuse(tmp_path):
    def check(path, match, *, hint="", **options):
        with pytest.raises(BadInput, match=match) as caught:
            read([path] if not isinstance(path, list) else path, name="x", options=ReadOptions(**options))
        assert hint in caught.value.hint
        assert caught.value.hint
        assert "\n" not in caught.value.message
        assert "\n" not in caught.value.hint

    return check


def written(tmp_path, kind):
    arrays = forms.wide_arrays() | forms.axis_array("nm")
    match kind:
        case "parquet":
            return forms.parquet(tmp_path / "x.parquet", "nm")
        case "arrow":
            return forms.arrow(tmp_path / "x.arrow", "nm")
        case "npy":
            np.save(tmp_path / "x.npy", MADE.spectra)
            return tmp_path / "x.npy"
        case "npz":
            return forms.npz(tmp_path / "x.npz", arrays)
        case "mat":
            return forms.mat(tmp_path / "x.mat", arrays)
        case "mat73":
            return forms.mat73(tmp_path / "x.mat", arrays)
        case "jdx":
            return forms.jcamp(tmp_path / "x.jdx", 0, "nm", "XYDATA")
        case "opus":
            return vendor.opus(tmp_path / "x.0", {vendor.ABSORBANCE: MADE.spectra[0]}, [9000.0, 8000.0])
        case "spc":
            return vendor.spc(tmp_path / "x.spc", range(12), MADE.spectra[0])
        case _:
            return forms.workbook(tmp_path / "x.xlsx", {"a": wide_rows("nm")})


KINDS = ["parquet", "arrow", "npy", "npz", "mat", "mat73", "xlsx"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_file_that_was_cut_off(tmp_path, refuse, kind, share):
    path = written(tmp_path, kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refuse(
        path,
        r"x\.\w+( is empty|: damaged|: the workbook cannot be read|: expands| is not a text file| holds no array)",
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(8))
def test_a_file_with_other_bytes_is_read_or_refused(tmp_path, kind, seed):
    path = written(tmp_path, kind)
    draw = np.random.default_rng(seed)
    data = bytearray(path.read_bytes())
    for place in draw.integers(0, len(data), 40):
        data[place] = draw.integers(256)
    path.write_bytes(data)
    with contextlib.suppress(BadInput):
        read([path], name="x", options=ReadOptions(target=("protein",)))


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.npy", "x.npz", "x.mat", "x.xlsx", "x.jdx"])
def test_a_file_that_is_something_else(tmp_path, refuse, name):
    (tmp_path / name).write_bytes(b"")
    refuse(tmp_path / name, r"x\.\w+( is empty|: damaged|: the workbook cannot|: no spectrum)")
    (tmp_path / name).write_bytes(b"whatever,1,2\n" * 60)
    refuse(tmp_path / name, r"x\.\w+(: damaged|: the workbook cannot|: no spectrum)")


def test_python_objects_are_never_loaded(tmp_path, refuse):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("code of a data file was run",))

    np.save(tmp_path / "x.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    refuse(tmp_path / "x.npy", "x.npy: holds Python objects", hint="CSV")
    np.savez(tmp_path / "x.npz", X=np.array([[Trap()]], dtype=object))
    refuse(tmp_path / "x.npz", "x.npz/X: holds Python objects")
    (tmp_path / "x.npy").write_bytes(pickle.dumps(Trap()))
    refuse(tmp_path / "x.npy", "x.npy: damaged NumPy file")


def test_an_array_that_claims_more_than_is_there(tmp_path, refuse):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)})
    (tmp_path / "x.npy").write_bytes(header.getvalue() + bytes(800))
    refuse(tmp_path / "x.npy", "damaged NumPy file: 8000000000000000 bytes are claimed")
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("X.npy", header.getvalue() + bytes(800))
    refuse(tmp_path / "x.npz", "bytes are claimed")


@pytest.mark.parametrize("kind", ["parquet", "npz", "mat", "mat73", "xlsx"])
def test_files_that_would_fill_memory(tmp_path, refuse, monkeypatch, kind):
    monkeypatch.setattr(files, "ALWAYS_ALLOWED", 1 << 16)
    zeros = np.zeros((2000, 5000))
    path = tmp_path / f"x.{kind.removesuffix('73')}"
    if kind == "parquet":
        pl.DataFrame(zeros, schema=[str(place + 900) for place in range(5000)]).head(2000).write_parquet(
            path, statistics=False
        )
        monkeypatch.setattr(files, "EXPANSION", 2)
    elif kind == "npz":
        np.savez_compressed(path, X=zeros)
    elif kind == "mat":
        savemat(path, {"X": zeros}, do_compression=True)
    elif kind == "mat73":
        import h5py

        with h5py.File(path, "w") as file:
            file.create_dataset("X", data=zeros, compression="gzip")
            file["X"].attrs["MATLAB_class"] = np.bytes_("double")
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", bytes(40 << 20))
    refuse(path, "expands to more than")


@pytest.mark.parametrize(
    ("module", "kind", "extra"),
    [("python_calamine", "xlsx", "excel"), ("h5py", "mat73", "matlab"), ("jcamp", "jdx", "jcamp"), ("brukeropus", "opus", "opus"), ("spc_io", "spc", "spc")],
)  # fmt: skip
def test_a_package_that_is_missing_is_named(tmp_path, refuse, monkeypatch, module, kind, extra):
    path = written(tmp_path, kind)
    real = importlib.import_module

    def absent(name, *rest):
        if name == module:
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", absent)
    refuse(path, rf"needs the package {module}, which is not installed", hint=f"pip install 'nws[{extra}]'")


def test_which_array_is_meant(tmp_path, refuse):
    def npz(**arrays):
        np.savez(tmp_path / "x.npz", **arrays)
        return tmp_path / "x.npz"

    refuse(
        npz(a=MADE.spectra, b=MADE.spectra),
        r"which of the matrices holds the spectra\? a 13.12, b 13.12",
        hint="X and Y",
    )
    refuse(npz(a=np.arange(3.0), b=np.arange(4)), "no matrix of spectra among a 3, b 4")
    refuse(npz(X=MADE.spectra.reshape(13, 3, 4)), "an array of float64 with 3 dimensions is no table")
    refuse(npz(X=MADE.spectra[:0]), "no sample")
    refuse(npz(X=MADE.spectra.astype(complex)), "an array of complex128 with 2 dimensions is no table")
    refuse(
        npz(X=MADE.spectra, y=np.arange(12.0)), r"row counts differ: .*x.npz/X has 13 samples, .*x.npz/y has 12 samples"
    )
    refuse(npz(Xcal=MADE.spectra, Xtest=MADE.spectra[:, 1:]), "do not have the same axis: 12 and 11 features")
    refuse(npz(y=np.arange(12.0)), "only one column")
    refuse(npz(), "x.npz( holds no array|: damaged)")
    savemat(tmp_path / "x.mat", {"s": {"a": 1}, "f": np.array([[1, "x", {}]], dtype=object)})
    refuse(tmp_path / "x.mat", "x.mat holds no array; it holds s, f, of classes that are not read")


def test_places_in_arrays(tmp_path, refuse):
    spoilt = MADE.spectra.copy()
    spoilt[4, 2], spoilt[7, 3] = np.nan, np.inf
    np.savez(tmp_path / "x.npz", X=spoilt, y=np.arange(13.0))
    refuse(tmp_path / "x.npz", r"x.npz/X row 5, column 3: a value of the spectrum is missing \(2 such cells in all\)")
    frame = forms.frame("nm").with_columns(pl.col("904 nm").cast(pl.String).replace({"": "x"}))
    frame[5, "904 nm"] = "broken"
    frame.write_parquet(tmp_path / "x.parquet")
    refuse(tmp_path / "x.parquet", r"x.parquet row 6, column '904 nm' \(9\): text among numbers: 'broken'")
    forms.frame("nm").with_columns(pl.lit("s1").alias("id")).write_parquet(tmp_path / "x.parquet")
    refuse(
        tmp_path / "x.parquet", r"x.parquet row 2, column 'id' \(1\): sample id 's1' occurs twice", target=("protein",)
    )
    pl.DataFrame({"id": ["a"], "spectrum": [[1.0, 2.0]]}).write_parquet(tmp_path / "x.parquet")
    refuse(tmp_path / "x.parquet", r"column 'spectrum' holds .*list.* in each cell", hint="one column a wavelength")


def test_a_disk_that_fails_is_no_damage(tmp_path):
    path = written(tmp_path, "npz")
    with pytest.raises(SystemRefused, match="Input/output error"), files.decoding(path, "NumPy"):
        raise OSError(errno.EIO, "Input/output error")


def test_compressed_files_that_are_no_text(tmp_path, refuse):
    import gzip

    np.save(tmp_path / "x.npy", MADE.spectra)
    (tmp_path / "x.npy.gz").write_bytes(gzip.compress((tmp_path / "x.npy").read_bytes()))
    refuse(tmp_path / "x.npy.gz", "x.npy.gz: a compressed NumPy file", hint="decompress it")


def test_several_tables_in_one_of_several_files(tmp_path, refuse):
    np.savez(tmp_path / "X.npz", X=MADE.spectra, y=np.arange(13.0))
    np.save(tmp_path / "Y.npy", np.arange(13.0))
    refuse(tmp_path, "X.npz: X and Y, or several partitions, in one of several files", hint="alone")


def test_what_a_jcamp_file_lacks_is_said(refuse, tmp_path):
    path = forms.jcamp(tmp_path / "x.jdx", 0, "nm", "XYDATA")
    lines = [line for line in path.read_text().splitlines() if not line.upper().startswith("##FIRSTX")]
    path.write_text("\n".join(lines))
    refuse(path, "x.jdx: damaged JCAMP-DX file: it has no 'firstx'")
