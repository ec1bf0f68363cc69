"""What came by import, beside what is one's own: where it may go, and that no way leads around its mark."""

import shutil

import pytest
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace


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
