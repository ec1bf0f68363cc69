"""The texts of an export: what the model card says and does not make up, and names that are not what they seem."""

import ast
import dataclasses
import json
import re

import pytest
from exporting import GRID
from predicting import PLS, read_csv, stored, write_csv
from workspaces import GASOLINE

from nws import Workspace
from nws.dataset import ReadOptions
from nws.engine.sources import Source
from nws.report.card import card
from nws.report.portrait import Portrait
from nws.report.recipe import readme
from nws.report.script import helper, script
from nws.report.wording import figure

EVIL = "x\"\"\"\nimport os\n'''`|<b>\x1b[2J"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("texts")
    workspace = stored(root, grids=(GRID,))
    (root / "pls.json").write_text(json.dumps([{"model": {"class": PLS, "params": {"n_components": 2}}}]))
    workspace.run("gas", root / "pls.json", run_name="out", outliers=True)
    (root / "ridge.json").write_text('["sklearn.linear_model.Ridge"]')
    workspace.run("gas", root / "ridge.json", run_name="ridge", outliers=True)
    workspace.run(GASOLINE, root / "pls.json", run_name="nested", test="kfold:3")
    return workspace


def portrait(made, run, number):
    found = next(one for one in made.runs.list() if one.name.endswith(run)).pipeline(number)
    return Portrait(found, Source.in_workspace(made, found))


def renamed(one, **changes):
    """Return a portrait whose record says something else, as one that somebody else wrote may."""
    record = dataclasses.replace(one.pipeline.record, **changes)
    return Portrait(dataclasses.replace(one.pipeline, record=record), dataclasses.replace(one.source, record=record))


def cells(text, first):
    (found,) = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in found.strip("|").split("|")][1:]


def test_the_card_of_a_regression(made):
    one = portrait(made, "gas_a", 4)
    text = card(one).decode()
    record, figures = one.pipeline.record, one.pipeline.metrics()
    assert text.startswith("# octane from spectra: PLSRegression(n\\_components=3)\n")
    assert f"RMSEP {figures.test['rmse']:.4g} in the unit of octane (10 samples)" in text
    assert "Preprocessing: StandardNormalVariate." in text
    assert "| samples | 60 (50 train, 10 test) |" in text
    assert "| samples | 50 | 50 | 10 |  |" in text
    assert "| spectra | 401 features, 900 to 1700 nm in steps of 2 |" in text
    told = [f"{figures.partition(name)['rmse']:#.4g}" for name in ("train", "val", "test")]
    assert cells(text, "RMSE") == [*told, "that of octane"]
    assert cells(text, "calibration (train)") == ["50", "83.4", "87.224", "88.9", "1.52955"]
    assert "* Range: 83.4 to 88.9. Beyond that it extrapolates" in text
    assert "Limits of outliers were not kept with this run" in text
    for step in ("chemotools.scatter.StandardNormalVariate", "sklearn.preprocessing.MinMaxScaler", PLS):
        assert f"`{step}`" in text
    assert cells(text, "scikit-learn") == [record.environment["packages"]["scikit-learn"]]
    for said in (one.pipeline.record_id, record.dataset["id"], record.hash, record.run_id, record.id):
        assert said in text
    citation = text.partition("## How to cite\n\n")[2].splitlines()[0]
    assert one.pipeline.record_id in citation
    assert record.dataset["id"] in citation
    assert f"nws {record.environment['packages']['nws']} on {record.created_at[:10]}" in citation
    assert not re.search(r"TODO|\{|\[|None|\bnan\b", text)


def test_the_card_of_a_classification(made):
    one = portrait(made, "oil_b", 1)
    text = card(one).decode()
    figures = one.pipeline.metrics()
    assert "Predicts the class of oil.type" in text
    assert f"balanced accuracy (test) {figure(figures.test['balanced_accuracy'])} (42 samples)" in text
    counts = [cells(text.partition("## Steps")[0], label) for label in "123456"]
    assert [sum(int(row[place]) for row in counts) for place in (0, 1)] == [120, 42]
    assert "a sample of another class is given one of them all the same" in text
    assert "RMSE" not in text
    assert "Range" not in text


def test_the_card_has_the_limits_of_outliers_and_what_tested_it(made):
    one = portrait(made, "out", 1)
    told = one.pipeline.record.evaluation["outliers"]
    assert (
        f"beyond a 99% limit: Hotelling's T² {told['hotelling_t2_limit']:.6g}, Q residuals "
        f"{told['q_residuals_limit']:.6g} (2 components, 50 samples)"
    ) in card(one).decode()
    assert "no limits of Hotelling's T² and Q residuals" in card(portrait(made, "ridge", 1)).decode()
    text = card(portrait(made, "nested", 1)).decode()
    assert "* Test samples: set apart by `kfold:3`; they chose nothing." in text


def test_texts_say_nothing_of_the_moment_or_the_machine(made):
    one = portrait(made, "gas_a", 4)
    changed = renamed(one, environment={**one.pipeline.record.environment, "host": "a-host", "git_commit": "c0ffee"})
    for text in (card(changed), readme(changed), script(changed), helper()):
        assert b"a-host" not in text
        assert str(made.root).encode() not in text
    assert b"| commit of the working folder | c0ffee |" in card(changed)


def test_the_readme_names_versions_only_where_they_are_some(made):
    one = portrait(made, "gas_a", 3)
    packages = {**one.pipeline.record.environment["packages"], "joblib": "unknown", "numpy": "1; rm -rf ."}
    text = readme(renamed(one, environment={"python": "3.11.7", "packages": packages})).decode()
    (line,) = re.findall(r"^    pip install (.*)$", text, re.MULTILINE)
    told = dict.fromkeys(line.split())
    assert "joblib" in told
    assert "numpy" in told
    assert f"scikit-learn=={packages['scikit-learn']}" in told
    assert f"chemotools=={packages['chemotools']}" in told
    assert "nws" not in line
    assert ";" not in line


def test_ten_lines_show_what_the_model_does(made):
    text = script(portrait(made, "gas_a", 4)).decode()
    lines = [line for line in text.partition('\n"""\n')[2].splitlines() if line]
    assert lines == [
        "import sys",
        "sys.dont_write_bytecode = True  # so that this folder stays what its manifest says",
        "from spectra import load, read, write",
        "samples, spectra = read()",
        "spectra = load('artifacts/1_StandardNormalVariate.joblib').transform(spectra)",
        "model = load('artifacts/3_PLSRegression.joblib')",
        "predicted = model.predict(spectra).reshape(-1, 1)",
        "predicted = load('artifacts/2_MinMaxScaler.joblib').inverse_transform(predicted)",
        "write(samples, predicted)",
    ]


def test_a_column_of_another_target_names_no_samples(tmp_path, monkeypatch):
    head, *rows = read_csv(GASOLINE)
    wide = write_csv(
        tmp_path / "two.csv", [["density", *head], *([f"0.7{place:02}", *row] for place, row in enumerate(rows))]
    )
    workspace, _ = Workspace.init(tmp_path)
    workspace.datasets.add("two", [wide], ReadOptions(target=("octane", "density")))
    (tmp_path / "pls.json").write_text(json.dumps([{"model": {"class": PLS, "params": {"n_components": 2}}}]))
    workspace.run("two", tmp_path / "pls.json")
    (run,) = workspace.runs.list()
    one = next(one for one in run.pipelines() if one.record.dataset["targets"] == ["octane"])
    assert b"\nsamples, spectra = read('density')\n" in script(Portrait(one, Source.in_workspace(workspace, one)))
    monkeypatch.setattr("sys.argv", ["predict.py", str(wide)])
    there = {"__file__": str(one.view / "spectra.py")}
    exec(helper(), there)
    names, spectra = there["read"]("density")
    assert names == [str(count) for count in range(1, 61)]
    assert spectra[0, 0] == float(rows[0][1])
    assert there["read"]()[0][:2] == ["0.700", "0.701"]
    wide.write_bytes("é".encode("latin-1"))
    with pytest.raises(SystemExit, match=r"two\.csv is no text in UTF-8; save it as such"):
        there["read"]()


def test_names_that_somebody_made_up_stay_text(made):
    one = portrait(made, "gas_a", 4)
    record = one.pipeline.record
    evil = renamed(
        one,
        dataset={**record.dataset, "name": EVIL, "targets": [EVIL]},
        run_id=EVIL,
        description=EVIL,
        warnings=[EVIL],
        artifacts=[{**item, "name": EVIL} for item in record.artifacts],
        steps=[{**step, "class": f"{step['class']}{EVIL}"} for step in record.steps],
    )
    for types in (None, [EVIL]):
        tree = ast.parse(script(evil, types=types).decode())
        assert [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names] == ["sys"]
    text, told = card(evil).decode(), readme(evil, types=[EVIL]).decode()
    assert "\x1b" not in text + told
    assert not [line for line in text.splitlines() if line.startswith(("import", "'''"))]
    assert not [line for line in text.splitlines() if line.startswith("# ")][1:]
    assert {line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("| target ")} == {3}
