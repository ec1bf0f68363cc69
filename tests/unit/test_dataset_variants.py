"""Every variant that the set-up writes of one data set is read as the values it was written from."""

from __future__ import annotations

import itertools

import pytest
from datasets_written import (
    COMPRESSIONS,
    DIALECTS,
    ENCODINGS,
    HEADINGS,
    MADE,
    SIZES,
    TOP,
    check,
    folder_of_text,
    tables,
    text_file,
    wide_rows,
)

from nws.dataset import ReadOptions, pack, read

TARGETS = ("protein", "oil")
NAMES = ["{kind}{part}.csv", "{part}_{kind}.TXT", "{kind} {part}.dat"]
# Each pair of a compression and an encoding comes up, with each dialect and heading at its turn.
HOW = [
    {"compression": compression, "encoding": encoding, "end": end, "top": TOP if encoding != "utf-8-sig" else ""}
    for (compression, encoding), end in zip(
        itertools.product(COMPRESSIONS, ENCODINGS), itertools.cycle(["\n", "\r\n", "\r"]), strict=False
    )
]
CASES = [
    (dialect, header, HOW[(7 * place + other) % len(HOW)])
    for (place, dialect), (other, header) in itertools.product(enumerate(DIALECTS), enumerate(HEADINGS))
]


def load(*paths, **options):
    return read(paths, name="made", options=ReadOptions(**options))[0]


def test_the_cases_cover_every_way_to_write():
    assert [how for how in HOW if how not in [case[2] for case in CASES]] == []


@pytest.mark.parametrize(("dialect", "header", "how"), CASES)
def test_one_wide_text_file(tmp_path, dialect, header, how):
    path = text_file(tmp_path / "wide.csv", wide_rows(header), dialect=dialect, **how)
    found = next(iter(tmp_path.iterdir()))
    if header == "none":
        check(load(found), header, targets=False, metadata=False, ids=False, partition=False)
    else:
        dataset = load(path, target=TARGETS, group="scan")
        check(dataset, header, scan="scan")


@pytest.mark.parametrize(("dialect", "header", "how"), CASES)
def test_a_folder_of_text_files(tmp_path, dialect, header, how):
    folder = folder_of_text(tmp_path / "made", header, NAMES, dialect=dialect, **how)
    check(load(folder, group="Scan"), header, scan="scan")


@pytest.mark.parametrize("header", HEADINGS)
@pytest.mark.parametrize("how", HOW)
def test_x_and_y_and_m_by_hand(tmp_path, header, how):
    paths = [
        text_file(tmp_path / f"{name}.csv", rows, dialect=(";", ","), **how)
        for name, rows in zip(("spectra", "lab", "field"), tables(header, None).values(), strict=True)
    ]
    check(load(*paths), header, partition=False)


def test_the_same_values_are_the_same_dataset_however_they_are_written(tmp_path):
    ids = set()
    for place, (dialect, how) in enumerate(itertools.product(DIALECTS, HOW)):
        path = text_file(tmp_path / str(place) / "wide.csv", wide_rows("nm"), dialect=dialect, **how)
        ids.add(pack(load(path, target=TARGETS)).id)
    ids.add(pack(load(folder_of_text(tmp_path / "folder", "nm down", dialect=(";", ",")))).id)
    assert len(ids) == 2
    assert len(MADE.rows("train")) == SIZES["train"]
