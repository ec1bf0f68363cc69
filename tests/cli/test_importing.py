"""What is said of a run whose import was cut off, and which commands go on with it."""

import shutil

import pytest
from predicting import REDUCED, run_of, stored

from nws import Workspace
from nws.dataset import ReadOptions


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    root = stored(tmp_path_factory.mktemp("theirs"), classes=False, grids=(REDUCED,)).root
    workspace = Workspace.open(root)
    workspace.save(run_of(workspace, "gas").name, "all", kind="fullrun")
    return root


def cut_off(workspace, *, bare):
    """Leave of a run that was taken in what a kill leaves: nothing that says what was asked, or nothing at all."""
    gas = run_of(workspace, "gas")
    for name in ("run_config.json", "run_summary.json"):
        (gas.folder / name).unlink()
    if bare:
        shutil.rmtree(gas.refs_folder)
        shutil.rmtree(workspace.catalog)
    return gas


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_the_command_that_goes_on_is_named(nws_in, source, tmp_path, own, bare):
    workspace, _ = Workspace.init(tmp_path / "mine")
    file = shutil.copy(source / "library/trained/fullrun/all.zip", tmp_path / "all of it.zip")
    workspace.datasets.add("gas", [source / "gasoline.csv"], ReadOptions(test_rows="51-60", target=("octane",)))
    if own:
        shutil.copytree(source / "library", workspace.root / "library", dirs_exist_ok=True)
    again = ("library", "load", "all") if own else ("import", file)
    nws_in(workspace, *again)
    gas = cut_off(workspace, bare=bare)
    goes_on = "nws library load all" if own else "nws import 'PATH/all of it.zip'"
    for words in (("runs", "list"), ("status",), ("runs", "show", gas.name)):
        told = nws_in(workspace, *words)
        assert f"{gas.name} did not come to its end; go on: {goes_on}\n" in told.err
    assert "nws runs list says" in nws_in(workspace, "run", "--resume", gas.name, check=4).err
    asked = ("--dataset", "gas", "--pipelines", source / "grid0.json", "--append", "--run-name", "a")
    if not (own and bare):
        told = nws_in(workspace, "run", *asked, check=5)
        assert "came by import" in told.err if not own else "made of its copy" in told.err
    assert "the rest of what an earlier call began" in nws_in(workspace, *again).err
    assert "did not come" not in nws_in(workspace, "runs", "list").err
