"""What came by import, beside what is one's own: where it may go, and that no way leads around its mark."""

import os
import shutil

import pytest
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace
from nws.errors import NotTrusted, UnknownName
from nws.upkeep.library import is_foreign, unpack


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    root = tmp_path_factory.mktemp("theirs") / "à elle"
    workspace, _ = Workspace.init(root)
    small_csv(root / "wheat.csv")
    (result,) = workspace.run(root / "wheat.csv", ridge_grid(root / "grid.json", 2))
    workspace.save(result.run.name, "all", kind="fullrun")
    workspace.save(f"{result.run.name}/0001", "one")
    return root


@pytest.fixture
def theirs(finished):
    return Workspace.open(finished)


@pytest.fixture
def mine(finished, tmp_path):
    workspace, _ = Workspace.init(tmp_path / "à moi")
    shutil.copy(finished / "wheat.csv", workspace.root / "wheat.csv")
    return workspace


def copy_of(workspace, name):
    return workspace.library.get(name).path


def test_a_run_goes_where_the_catalog_knows_other_runs(theirs, mine):
    small_csv(mine.root / "rye.csv", seed=1)
    mine.run(mine.root / "rye.csv", ridge_grid(mine.root / "grid.json", 1))
    assert mine.take(copy_of(theirs, "all")).state == "added"
    assert len(mine.runs.names()) == 2
    assert mine.take(copy_of(theirs, "all")).state == "unchanged"
    check_whole(mine.root)


def spectra(root, samples=3):
    """Write a file of the first samples, without what is predicted of them."""
    lines = (root / "wheat.csv").read_text(encoding="utf-8").splitlines()[: samples + 1]
    path = root / "new.csv"
    path.write_text("".join(line.split(",", 1)[1] + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_run_of_ones_own_where_an_import_was_cut_off_is_ones_own(theirs, mine):
    run = mine.take(copy_of(theirs, "all"))
    shutil.rmtree(run.path)
    run.path.mkdir()
    shutil.rmtree(mine.catalog)
    (result,) = mine.run(mine.root / "wheat.csv", ridge_grid(mine.root / "grid.json", 1))
    assert result.run.name == run.name
    assert len(list(mine.predict(f"{run.name}/0001", spectra(mine.root)).rows())) == 3


def test_no_id_leads_around_the_mark_of_a_run_that_is_gone(theirs, mine):
    run = mine.take(copy_of(theirs, "all"))
    record = mine.resolve(f"{run.name}/0001").record_id
    with pytest.raises(NotTrusted):
        mine.predict(record, spectra(mine.root))
    mine.runs.delete(mine.runs.get(run.name))
    for text in (record, record[:12]):
        with pytest.raises(UnknownName, match="was deleted"):
            mine.resolve(text)
    shutil.rmtree(mine.root / "runs")
    shutil.rmtree(mine.catalog)
    (result,) = mine.run(mine.root / "wheat.csv", ridge_grid(mine.root / "grid.json", 1, scaled=False))
    assert result.run.name == run.name
    with pytest.raises(UnknownName, match="is not the pipeline of record"):
        mine.resolve(record)


def test_no_copy_of_what_came_is_ones_own(theirs, mine, tmp_path):
    run, new = mine.take(copy_of(theirs, "all")), spectra(mine.root)
    ref = f"{run.name}/0001"
    mine.take(copy_of(theirs, "one"))
    mine.save(ref, "saved")
    for name in ("one", "saved"):
        copy = mine.library.get(name)
        folder = unpack(copy.path, tmp_path / name, foreign=is_foreign(mine, copy)).path.rename(tmp_path / f"my {name}")
        with pytest.raises(NotTrusted, match="came by import"):
            mine.predict(folder, new)
        assert len(list(mine.predict(folder, new, trust=True).rows())) == 3
        # The mark does not keep it from being what it was, and is not taken along as a part of it.
        assert unpack(copy.path, folder, foreign=True).state == "unchanged"
        assert mine.take(folder, name=f"{name}-again").state == "added"
        with pytest.raises(NotTrusted):
            mine.predict(mine.library.get(f"{name}-again").path, new)
    row = mine.predictions.resolve(mine.resolve(ref).record_id)["prediction_id"]
    for refused, named in ((mine.archive, ref), (mine.predictions.archive_to_catalog, row), (mine.export, ref)):
        with pytest.raises(NotTrusted, match="came by import"):
            refused(named)
    assert list(mine.archives.list()) == []
    assert mine.archive(ref, "best_predictions").is_file()
    assert mine.predict(mine.archive(ref, trust=True), new)


def test_links_do_not_lead_around_the_marks_of_a_library(theirs, mine, tmp_path):
    mine.take(copy_of(theirs, "one"))
    (tmp_path / "link.zip").symlink_to(copy_of(mine, "one"))
    with pytest.raises(NotTrusted, match="came by import"):
        mine.predict(tmp_path / "link.zip", spectra(mine.root))
    for name, there in (("library", mine.root / "library"), ("trained", mine.root / "library" / "trained")):
        shutil.move(there, tmp_path / f"other {name}")
        there.symlink_to(tmp_path / f"other {name}")
        with pytest.raises(NotTrusted, match="came by import"):
            mine.predict("library:one", spectra(mine.root))


def test_what_is_in_the_workspace_of_another_user_is_not_ones_own(theirs, mine, monkeypatch):
    run = mine.take(copy_of(theirs, "all"))
    mine.runs.imported.remove(run.name)
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(mine.root).st_uid + 1)
    mine.save(f"{run.name}/0001", "saved")
    saved = mine.library.get("saved")
    assert is_foreign(mine, saved)
    assert mine.library_imported.has("saved")


def test_what_is_saved_where_an_import_failed_is_ones_own(theirs, mine):
    zips = mine.root / "library" / "trained"
    zips.mkdir(parents=True)
    (zips / "filtered").write_bytes(b"no folder")
    with pytest.raises(OSError, match=r"filtered"):
        mine.take(copy_of(theirs, "one"))
    assert mine.library_imported.has("one")
    (zips / "filtered").unlink()
    (result,) = mine.run(mine.root / "wheat.csv", ridge_grid(mine.root / "grid.json", 1))
    mine.save(f"{result.run.name}/0001", "one")
    assert mine.predict(copy_of(mine, "one"), spectra(mine.root))
