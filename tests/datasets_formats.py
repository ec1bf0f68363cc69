"""The data set of `datasets_written` in files that are no text: arrays, tables with types, workbooks, JCAMP-DX."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import openpyxl
import polars as pl
from datasets_written import HEADINGS, MADE, SIZES, cells, tables, wide_rows
from scipy.io import savemat

MISSING = np.array([np.nan if value is None else value for value in MADE.protein])
BESIDE = {"id": np.array(MADE.ids), "oil": np.array(MADE.oil), "scan": np.array(MADE.scan), "plot": np.array(MADE.plot)}


def frame(header: str) -> pl.DataFrame:
    """One wide table with types; headings of spectra are needed, columns of a frame have names."""
    names, *rows = wide_rows(header)
    columns = [[None if cell == "" else cell for cell in column] for column in zip(*rows, strict=True)]
    return pl.DataFrame({str(place): column for place, column in enumerate(columns)}).rename(
        {str(place): name for place, name in enumerate(names)}
    )


def parquet(path: Path, header: str) -> Path:
    frame(header).write_parquet(path)
    return path


def arrow(path: Path, header: str) -> Path:
    frame(header).write_ipc(path)
    return path


def axis_array(header: str) -> dict[str, np.ndarray]:
    """The axis under a name that says its unit; none where there is no unit."""
    _, unit, values = HEADINGS[header]
    return {} if unit == "index" else {{"nm": "wavelengths", "cm-1": "Wave_Numbers"}[unit]: np.array(values)}


def by_partition() -> dict[str, np.ndarray]:
    """X by partition, and what stands beside it, each under a name of its own."""
    arrays: dict[str, np.ndarray] = {}
    for part in SIZES:
        rows = MADE.rows(part)
        arrays[f"X_{part}"] = MADE.spectra[rows]
        arrays[f"y_{part}"] = MISSING[rows]
        arrays |= {f"{name}_{part}": values[rows] for name, values in BESIDE.items()}
    return arrays


def wide_arrays() -> dict[str, np.ndarray]:
    """One matrix, and columns beside it."""
    return {"NIR": MADE.spectra, "protein": MISSING, "partition": np.array(MADE.partition), **BESIDE}


def npz(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def mat(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """MATLAB version 5: vectors stand up, text is a cell array."""

    def value(array):
        return array.astype(object).reshape(-1, 1) if array.dtype.kind == "U" else array

    savemat(path, {name: value(array) for name, array in arrays.items()}, oned_as="column", do_compression=True)
    return path


def mat73(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """MATLAB version 7.3, as MATLAB lays it out in HDF5: dimensions the other way round, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            upright = array if array.ndim == 2 else array.reshape(-1, 1)
            if array.dtype.kind != "U":
                file[name] = upright.T
                file[name].attrs["MATLAB_class"] = np.bytes_("double")
                continue
            held = file.require_group("#refs#")
            references = []
            for text in array.tolist():
                item = held.create_dataset(f"{name}{len(references)}", data=np.array([[ord(c)] for c in text], "u2"))
                item.attrs["MATLAB_class"] = np.bytes_("char")
                references.append(item.ref)
            cell = file.create_dataset(name, data=np.array([references], dtype=h5py.ref_dtype))
            cell.attrs["MATLAB_class"] = np.bytes_("cell")
    with open(path, "r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


def workbook(path: Path, sheets: dict[str, list[list]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([_number(cell) for cell in row])
    book.save(path)
    return path


def _number(cell):
    """Headings that are numbers are numbers in a workbook."""
    try:
        return float(cell) if isinstance(cell, str) and cell else cell or None if cell != 0 else 0
    except ValueError:
        return cell


def sheets_by_partition(header: str) -> dict[str, list[list]]:
    return {f"{kind}{part}": rows for part in SIZES for kind, rows in tables(header, part).items()}


def jcamp(path: Path, row: int, header: str, form: str) -> Path:
    """One spectrum; `form` is XYPOINTS, pairs in full, or XYDATA, whole numbers with a factor."""
    _, unit, axis = HEADINGS[header]
    values = MADE.spectra[row].tolist()
    said = {"nm": "NANOMETERS", "cm-1": "1/CM"}[unit]
    head = f"##TITLE={MADE.ids[row]}\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS={said}\n##YUNITS=ABSORBANCE\n"
    ends = f"##FIRSTX={axis[0]!r}\n##LASTX={axis[-1]!r}\n##NPOINTS={len(axis)}\n"
    if form == "XYPOINTS":
        pairs = "\n".join(f"{x!r}, {y!r}" for x, y in zip(axis, values, strict=True))
        body = f"##XFACTOR=1.0\n##YFACTOR=1.0\n{ends}##XYPOINTS=(XY..XY)\n{pairs}\n"
    else:
        counts = " ".join(f"{round(value * 2**20):d}" for value in values).replace(" -", "-")
        body = f"##XFACTOR=1.0\n##YFACTOR={2**-20!r}\n{ends}##XYDATA=(X++(Y..Y))\n{axis[0]!r} {counts}\n"
    path.write_text(head + body + "##END=\n")
    return path


def lab(part: str | None) -> list[list]:
    return [["protein"], *([cells(MADE.protein[row])] for row in MADE.rows(part))]
