"""Several sources of spectra side by side, and groups of repeated scans."""

from __future__ import annotations

import numpy as np
import pytest
from datasets_written import HEADINGS, MADE, SIZES, check, tables, text_file, wide_rows
from spectra import spectra

from nws.dataset import ReadOptions, load, pack, read
from nws.dataset.folder import Role, role_of
from nws.errors import BadInput
from nws.store import ObjectStore

OTHER = spectra(len(MADE.ids), features=5, seed=8)
BANDS = [1500.0, 1600.0, 1700.0, 1800.0, 1900.0]


def two_sources(folder, names, *, unit="nm", x_columns=(), same=True):
    """Write X, Y and M files with a second X beside each, which may have columns of its own."""
    for part in SIZES:
        rows = MADE.rows(part)
        first, y, m = tables("nm", part).values()
        second = [[f"{band:g} {unit}" for band in BANDS], *(OTHER[row].tolist() for row in rows)]
        if x_columns:
            marks = ["mark", *(f"{MADE.ids[row]}{'' if same else '!'}" for row in rows)]
            first, second = (
                [[mark.rstrip("!" if table is first else ""), *row] for mark, row in zip(marks, table, strict=True)]
                for table in (first, second)
            )
        for name, table in zip(names, (first, second, y, m), strict=True):
            text_file(folder / name.format(part), table, dialect=(";", ","))
    return folder


def understood(*paths, **options):
    return read(paths, name="made", options=ReadOptions(**options))


@pytest.mark.parametrize(
    "names",
    [
        ("X{}1.csv", "X{}2.csv", "Y{}.csv", "M{}.csv"),
        ("X{}_a.csv", "X{}_nir-2.csv.gz", "Y{}.csv", "M{}.csv"),
        ("{}_X a.txt", "{}_X b.csv", "{}_y.csv", "{}_meta.csv"),
        ("x_{}.9.csv", "x_{}.10.csv", "Y{}.csv", "M{}.csv"),
    ],
)
def test_sources_stand_side_by_side(tmp_path, names):
    folder = two_sources(tmp_path, [name.removesuffix(".gz") for name in names])
    dataset, facts = understood(folder)
    assert dataset.spectra.tobytes() == np.hstack([MADE.spectra, OTHER]).tobytes()
    assert (dataset.axis.unit, dataset.axis.values) == ("nm", [*HEADINGS["nm"][2], *BANDS])
    assert dataset.partition == list(MADE.partition)
    assert dataset.target("protein").values == list(MADE.protein)
    first, second = facts.facts["sources"]
    assert (first["features"], first["unit"], first["last"]) == (12, "nm", 922.0)
    assert (second["features"], second["first"], second["last"]) == (5, 1500.0, 1900.0)
    assert sum(line.startswith("source ") for line in facts.lines()) == 2


def test_sources_of_different_units_are_numbered(tmp_path):
    folder = two_sources(tmp_path, ("X{}1.csv", "X{}2.csv", "Y{}.csv", "M{}.csv"), unit="cm-1")
    dataset, facts = understood(folder)
    assert (dataset.axis.unit, dataset.axis.values) == ("index", [float(place + 1) for place in range(17)])
    assert "the sources have no unit in common, so the features are numbered" in facts.facts["notes"]
    assert [source["unit"] for source in facts.facts["sources"]] == ["nm", "cm-1"]


def test_a_column_that_all_sources_have_counts_once(tmp_path):
    folder = two_sources(tmp_path / "a", ("X{}1.csv", "X{}2.csv", "Y{}.csv", "M{}.csv"), x_columns=("mark",))
    assert understood(folder, metadata=("mark",))[0].metadata["mark"] == list(MADE.ids)
    assert understood(folder, id="mark")[0].sample_ids == list(MADE.ids)
    folder = two_sources(
        tmp_path / "b", ("X{}1.csv", "X{}2.csv", "Y{}.csv", "M{}.csv"), x_columns=("mark",), same=False
    )
    with pytest.raises(
        BadInput, match=r"Xtrain2.csv line 2, column 'mark' \(1\): sample id 's00!' where .*Xtrain1.csv"
    ):
        understood(folder, id="mark")


def test_sources_that_do_not_fit_together(tmp_path):
    def refuse(match, hint=""):
        with pytest.raises(BadInput, match=match) as caught:
            understood(folder)
        assert hint in caught.value.hint

    folder = two_sources(tmp_path, ("X{}1.csv", "X{}2.csv", "Y{}.csv", "M{}.csv"))
    lines = (folder / "Xval2.csv").read_text().splitlines()
    (folder / "Xval2.csv").write_text("\n".join(lines[:-1]))
    refuse(r"row counts differ: .*Xval1.csv has 3 samples, .*Xval2.csv has 2 samples")
    (folder / "Xval2.csv").unlink()
    refuse(r"X(train|test)2.csv: val has no X file of that source", hint="for each partition")
    (folder / "Xtest2.csv").unlink()
    (folder / "Xtrain1.csv").rename(folder / "Xtrain.csv")
    refuse(r"Xtrain.csv and .*Xtrain2.csv: is the second another source of spectra", hint="X_nir.csv")
    (folder / "Xtrain2.csv").unlink()
    for part in ("val", "test"):
        (folder / f"X{part}1.csv").rename(folder / f"X{part}.csv")
    (folder / "Y_val_notes.csv").write_text("words")
    (folder / "Y2.csv").write_text("words")
    refuse("Y2.csv: only spectra come from several sources", hint="one Y file")
    (folder / "Y2.csv").unlink()
    dataset, facts = understood(folder)
    check(dataset, "nm")
    assert facts.facts["ignored"] == ["Y_val_notes.csv"]


def test_one_word_behind_all_names_is_no_source(tmp_path):
    for kind, rows in tables("nm", None).items():
        text_file(tmp_path / f"{kind}_wheat.csv", rows, dialect=(",", "."))
    dataset, facts = understood(tmp_path)
    check(dataset, "nm", partition=False)
    assert facts.facts["sources"] == []


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Xcal", Role(kind="X", partition="train")), ("m-TEST", Role(kind="M", partition="test")),
        ("X1", Role(kind="X", source="1")), ("x_train_nir 2", Role(kind="X", partition="train", source="nir 2")),
        ("Xvalues", None), ("X_values", Role(kind="X", source="values")), ("Xtrained", None), ("xylophone", None), ("max", None),
        ("val.y3", Role(kind="Y", partition="val", source="3")), ("metadata", Role(kind="M")), ("method", None),
    ],
)  # fmt: skip
def test_what_names_say(name, role):
    assert role_of(name) == role


def scans(tmp_path, **changes):
    return text_file(tmp_path / "w.csv", wide_rows("nm"), dialect=(",", "."))


def test_groups_are_said_and_kept(tmp_path):
    path = scans(tmp_path)
    dataset, facts = understood(path, group="Scan", target=("protein",))
    assert (dataset.group, dataset.metadata["scan"]) == ("scan", list(MADE.scan))
    assert facts.facts["groups"] == {"column": "scan", "count": 9, "smallest": 1, "largest": 2}
    assert "groups      scan: 9 samples of 1 to 2 scans each" in facts.lines()
    store = ObjectStore(tmp_path / "store")
    oid = pack(dataset).put(store)
    assert load(store, oid, name="made").group == "scan"
    plain, facts = understood(path, target=("protein",))
    assert (plain.group, facts.facts["groups"]) == (None, None)
    assert pack(plain).id != oid
    assert b'"group"' not in pack(plain).document
    assert load(store, pack(plain).put(store), name="made").group is None


def test_a_column_of_numbers_is_a_group_and_no_target(tmp_path):
    rows = [["tree", "protein", "900", "902", "904"], *([row // 2, row + 0.5, 0.1 * row, 0.3, 0.2] for row in range(6))]
    path = text_file(tmp_path / "w.csv", rows, dialect=(",", "."))
    with pytest.raises(BadInput, match="the target cannot be told"):
        understood(path)
    dataset, facts = understood(path, group="tree")
    assert ([target.name for target in dataset.targets], dataset.group) == (["protein"], "tree")
    assert "groups      tree: 3 samples of 2 scans each" in facts.lines()


def test_ids_that_repeat_may_be_a_group(tmp_path):
    rows = [["id", "protein", "900", "902", "904"], *([row // 2, row + 0.5, 0.1 * row, 0.3, 0.2] for row in range(6))]
    path = text_file(tmp_path / "w.csv", rows, dialect=(",", "."))
    with pytest.raises(BadInput, match=r"line 3, column 'id' \(1\): sample id '0' occurs twice") as caught:
        understood(path)
    assert "--group 'id'" in caught.value.hint
    dataset, _ = understood(path, group="id")
    assert (dataset.sample_ids, dataset.group) == ([str(row + 1) for row in range(6)], "id")


def test_groups_that_are_none(tmp_path):
    path = scans(tmp_path)
    with pytest.raises(BadInput, match=r"line 3, column 'protein' \(3\): the group is missing"):
        understood(path, group="protein", target=("oil",), metadata=("protein",))
    with pytest.raises(BadInput, match="column 'protein' is the sample id, the partition or a target, not a group"):
        understood(path, group="protein", target=("protein",))
    with pytest.raises(BadInput, match="no column named 'scn'") as caught:
        understood(path, group="scn")
    assert "scan" in caught.value.hint
    with pytest.raises(
        BadInput, match=r"line 7, column 'scan' \(5\): group 'd' is in test, and in train before .*line 6"
    ):
        understood(path, group="scan", target=("protein",), metadata=("partition",), test_rows="6")
