"""`--charts` of run and checkout: pictures lie beside the files of a view, and never make a command fail."""

import json
import os
import subprocess
import sys

import pytest
from seeing import image
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace

NAMES = {f"chart_{name}.png" for name in ("predictions", "residuals", "feature_importance", "spectra")}


@pytest.fixture
def fresh(here, tmp_path):
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 3)
    here("init", check=0)

    def run(*words, check=0):
        return here("run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "1", *words, check=check)

    return run


def charts(root):
    """Return what pictures each pipeline of the only run has."""
    (run,) = Workspace.open(root).runs.list()
    return {one.record.number: {path.name for path in one.view.glob("chart_*")} for one in run.pipelines()}


def best(root):
    (run,) = Workspace.open(root).runs.list()
    return Workspace.open(root).resolve(f"{run.name}/best")


def test_best_draws_the_best_pipeline(fresh, tmp_path):
    told = fresh("--charts", "best")
    found = best(tmp_path)
    assert charts(tmp_path) == {number: NAMES if number == found.record.number else set() for number in (1, 2, 3)}
    assert f"4 pictures: {found.path}/chart_*.png" in told.err
    for name in NAMES:
        assert image((found.view / name).read_bytes()).shape[2] == 3
    check_whole(tmp_path)


def test_best_is_what_is_drawn_if_nothing_is_said(tmp_path):
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 2)
    for words in (["init"], ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "1"]):
        subprocess.run([sys.executable, "-m", "nws", *words], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(map(len, charts(tmp_path).values())) == [0, 4]


def test_all_draws_all_and_none_none(fresh, tmp_path):
    told = fresh("--charts", "all")
    assert charts(tmp_path) == dict.fromkeys((1, 2, 3), NAMES)
    assert "12 pictures: chart_*.png in the folders of 3 pipelines" in told.err


def test_none_draws_none(fresh, tmp_path):
    assert "picture" not in fresh("--charts", "none").err
    assert not any(charts(tmp_path).values())


def test_any_other_word_is_refused(fresh):
    assert '"best", "all", "none"' in fresh("--charts", "some", check=2).err


def test_json_names_the_paths(fresh, tmp_path):
    (line,) = map(json.loads, fresh("--charts", "best", "--json").out.splitlines())
    assert {path.rpartition("/")[0] for path in line["charts"]} == {best(tmp_path).path}
    assert {path.rpartition("/")[2] for path in line["charts"]} == NAMES
    assert all((tmp_path / path).is_file() for path in line["charts"])


def test_a_run_that_has_nothing_to_do_draws_nothing(fresh):
    fresh("--charts", "none")
    (line,) = map(json.loads, fresh("--charts", "best", "--json").out.splitlines())
    assert line["charts"] == []


def test_checkout_draws_any_pipeline_later(fresh, here, tmp_path):
    fresh("--charts", "none")
    (run,) = Workspace.open(tmp_path).runs.list()
    (line,) = map(json.loads, here("checkout", f"{run.name}/2", "--charts", "--json", check=0).out.splitlines())
    assert charts(tmp_path)[2] == {path.rpartition("/")[2] for path in line["charts"]} == NAMES
    assert json.loads(here("checkout", f"{run.name}/3", "--json", check=0).out)["charts"] == []
    assert charts(tmp_path)[3] == set()


def test_checkout_leaves_pictures_alone(fresh, here, tmp_path):
    fresh("--charts", "best")
    before = {path.name: path.read_bytes() for path in best(tmp_path).view.iterdir()}
    here("checkout", best(tmp_path).ref, check=0)
    assert {path.name: path.read_bytes() for path in best(tmp_path).view.iterdir()} == before


def test_what_cannot_be_drawn_is_told_and_fails_nothing(fresh, here, tmp_path):
    fresh("--charts", "none")
    (best(tmp_path).view / "chart_predictions.png").mkdir()
    told = here("checkout", best(tmp_path).ref, "--charts", check=0)
    assert "is not drawn" in told.err
    assert "rendered" in told.err


def test_a_model_of_somebody_else_is_not_drawn_and_the_way_to_trust_is_said(fresh, here, tmp_path, monkeypatch):
    fresh("--charts", "none")
    found = best(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    told = here("checkout", found.ref, "--charts", check=0)
    assert "chart_spectra of" in told.err
    assert "if you trust whoever made it: `nws config trust add PATH`" in told.err
    assert "--trust" not in told.err
    assert charts(tmp_path)[found.record.number] == {"chart_predictions.png", "chart_residuals.png"}


def test_a_failed_pipeline_says_why_there_are_none(fresh, here, tmp_path):
    (tmp_path / "grid.json").write_text(
        json.dumps([{"model": {"class": "sklearn.cross_decomposition.PLSRegression", "params": {"n_components": 99}}}])
    )
    assert "picture" not in fresh("--charts", "best", check=3).err
    (run,) = Workspace.open(tmp_path).runs.list()
    told = here("checkout", f"{run.name}/1", "--charts", check=0)
    assert f"no pictures of {run.name}/0001: it failed, so there is nothing to draw" in told.err


def test_without_matplotlib_a_run_is_as_good_as_with_it(tmp_path, nws):
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 2)
    broken = tmp_path / "broken" / "matplotlib"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no matplotlib here')")
    nws("init", check=0)
    words = ("run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "1", "--charts", "all")
    done = nws(*words, check=0, env={"PYTHONPATH": str(broken.parent)})
    told = [line for line in done.stderr.splitlines() if "no matplotlib here" in line]
    said = (
        "nws: no pictures are drawn: pictures need matplotlib, which cannot be loaded: no matplotlib here; to mend it: "
    )
    assert told == [f"{said}pip install --force-reinstall matplotlib"]
    assert "Traceback" not in done.stderr
    assert charts(tmp_path) == {1: set(), 2: set()}
    page = nws("report", "run", best(tmp_path).ref.partition("/")[0], check=0, env={"PYTHONPATH": str(broken.parent)})
    text = (tmp_path / page.stdout.split()[-1]).read_text(encoding="utf-8")
    assert "ictures need matplotlib, which cannot be loaded: no matplotlib here" in text


def test_matplotlib_is_loaded_only_where_something_is_drawn(tmp_path):
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 2)
    script = (
        "import sys; from nws.cli.app import run\n"
        "assert run(['init']) == 0\n"
        "words = ['run', '--dataset', 'wheat.csv', '--pipelines', 'grid.json', '--jobs', '1', '--force', '--charts']\n"
        "assert run([*words, 'none']) == 0\n"
        "assert 'matplotlib' not in sys.modules\n"
        "assert run([*words, 'best']) == 0\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
