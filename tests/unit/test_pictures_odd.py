"""Pictures of odd data: names of all kinds, axes of wavenumbers, too few or too many samples, features and classes."""

import json

import numpy as np
import pytest
from seeing import lines, markers, texts
from workspaces import PLS

from nws import Workspace
from nws.dataset import ReadOptions
from nws.engine.sources import Source
from nws.report import style
from nws.report.card import card
from nws.report.pictures import draw, draw_run
from nws.report.portrait import Portrait
from nws.report.subject import Subject
from nws.report.weights import weights

LONG = "a very long name of a target that goes on and on, in mg per 100 g of dry matter, by somebody"
ODD = "é $x_1$ & <b>^2 %"


def write(path, targets, spectra, head):
    rows = [",".join(json.dumps(name, ensure_ascii=False) for name in [*targets, *head])]
    columns = [*targets.values(), *spectra.T.tolist()]
    rows += [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def pictures(folder, targets, steps, *, features=20, unit="nm", first=1000.0, step=2.0, options=None, **asked):
    """Run one config on made-up spectra, and return the pictures of its first pipeline as SVG; and the pipeline."""
    random = np.random.default_rng(0)
    count = len(next(iter(targets.values())))
    spectra = 1 + 0.01 * np.cumsum(random.normal(size=(count, features)), axis=1)
    head = [f"{first + step * place} {unit}" for place in range(features)]
    write(folder / "data.csv", targets, spectra, head)
    (folder / "grid.json").write_text(json.dumps(steps), encoding="utf-8")
    workspace, _ = Workspace.init(folder / "w")
    told = {"target": tuple(targets), **(options or {})}
    workspace.datasets.add("data", [folder / "data.csv"], ReadOptions(**told))
    workspace.run("data", folder / "grid.json", **asked)
    (run,) = workspace.runs.list()
    pipeline = next(run.pipelines())
    told = []
    return draw(pipeline, form="svg", left_out=lambda *words: told.append(words)), pipeline, dict(told)


def pls(count=2):
    return [{"model": {"class": PLS, "params": {"n_components": count}}}]


def ramp(count):
    return [float(place) for place in range(count)]


@pytest.mark.parametrize("name", [ODD, LONG, "$", "日本"], ids=["odd", "long", "dollar", "script"])
def test_names_are_drawn_as_they_are(tmp_path, name):
    found, _, left = pictures(tmp_path, {name: ramp(20)}, pls())
    shown = style.plain(name, 32)
    assert left == {}
    assert {f"{shown}, measured", f"{shown}, predicted"} <= set(texts(found["chart_predictions.svg"]))
    assert name in {LONG, shown}


def test_wavenumbers_run_down(tmp_path):
    found, _, _ = pictures(tmp_path, {"y": ramp(20)}, pls(), unit="cm-1", first=4000.0)
    svg = found["chart_feature_importance.svg"]
    assert "wavenumber (cm⁻¹)" in texts(svg)
    (line,) = lines(svg, "coefficients")
    # Drawn from the least wavenumber, which is on the right.
    assert line[0][0] > line[-1][0]
    told = texts(svg)
    numbers = [float(text) for text in told[: told.index("wavenumber (cm⁻¹)")] if text.startswith("40")]
    assert numbers == sorted(numbers)
    assert len(numbers) > 2


def test_features_that_are_left_out_are_left_out_of_the_line(tmp_path):
    chosen = [2, 3, 4, 10, 11, 15]
    steps = [{"class": "chemotools.feature_selection.IndexSelector", "params": {"features": chosen}}, *pls()]
    found, _, _ = pictures(tmp_path, {"y": ramp(20)}, steps)
    svg = found["chart_feature_importance.svg"]
    assert "wavelength (nm)" in texts(svg)
    assert svg.count(b'id="coefficients"') == 3


def test_what_makes_features_of_its_own_is_named_on_the_axis(tmp_path):
    steps = [{"class": "nws.operators.Resample", "params": {"num_samples": 8}}, *pls()]
    found, _, _ = pictures(tmp_path, {"y": ramp(20)}, steps)
    assert "feature of Resample (number)" in texts(found["chart_feature_importance.svg"])


def test_three_samples(tmp_path):
    found, _, left = pictures(tmp_path, {"y": ramp(3)}, pls(1), cv="loo")
    assert len(found) == 4, left
    assert len(markers(found["chart_predictions.svg"], "points-val")) == 3


def test_a_target_that_does_not_vary(tmp_path):
    found, _, left = pictures(tmp_path, {"y": [5.0] * 20}, pls(1))
    assert set(found) == {"chart_predictions.svg", "chart_residuals.svg", "chart_spectra.svg"}
    assert left == {"chart_feature_importance": "the model explains nothing of the target"}
    told = texts(found["chart_predictions.svg"])
    assert told[told.index("R²") + 1] == "–"  # noqa: RUF001


def test_one_class(tmp_path):
    steps = [{"model": {"class": "sklearn.ensemble.RandomForestClassifier", "params": {"n_estimators": 2}}}]
    found, _, left = pictures(tmp_path, {"kind": ["ä"] * 20}, steps)
    assert set(found) == {"chart_confusion.svg", "chart_spectra.svg"}, left
    assert {"20", "100 %"} <= set(texts(found["chart_confusion.svg"]))


@pytest.mark.parametrize("path", ["sklearn.linear_model.LogisticRegression", "nws.operators.PLSDA"])
def test_of_two_classes_the_picture_says_which_one_speaks_above_zero(tmp_path, path):
    options = {"task": "classification"}
    found, pipeline, _ = pictures(tmp_path, {"y": ["pure", "blend"] * 12}, [{"model": path}], options=options)
    assert "coefficients per unit of signal; above 0: for pure" in texts(found["chart_feature_importance.svg"])
    subject = Subject(pipeline)
    spectra, (model,) = subject.dataset.spectra, subject.fitted.steps
    apart = spectra[::2].mean(axis=0) - spectra[1::2].mean(axis=0)
    assert weights(model, 20).coefficients[0] @ apart > 0


def test_many_classes(tmp_path):
    steps = [{"model": {"class": "sklearn.linear_model.LogisticRegression"}}]
    found, _, left = pictures(tmp_path, {"kind": [f"k{place // 5:02}" for place in range(150)]}, steps)
    assert len(found) == 3, left
    told = texts(found["chart_feature_importance.svg"])
    assert "coefficients: mean size over 30 classes" in told


def test_many_samples_and_wavelengths_stay_small(tmp_path):
    found, pipeline, _ = pictures(tmp_path, {"y": ramp(2500)}, pls(), features=60)
    assert len(found) == 4
    assert sum(map(len, found.values())) < 2_000_000
    # Drawn as an image, of which no point can be told.
    assert b"<image" in found["chart_predictions.svg"]
    assert pipeline.record.dataset["samples"] == 2500


def test_without_test_samples_there_are_none_in_the_picture(tmp_path):
    found, _, _ = pictures(tmp_path, {"y": ramp(20)}, pls())
    told = texts(found["chart_predictions.svg"])
    assert "cross-validation" in told
    assert not {"test", "RMSEP"} & set(told)
    told = texts(found["chart_residuals.svg"])
    assert told[told.index("grey band: bias ± 2 SEP,") + 1] == "cross-validation"


def test_nested_test_samples_are_called_so(tmp_path):
    found, _, _ = pictures(tmp_path, {"y": ramp(20)}, pls(), test="kfold:4")
    svg = found["chart_predictions.svg"]
    assert "test (nested)" in texts(svg)
    assert len(markers(svg, "points-test")) == 20


def test_a_validation_set_that_was_given_is_no_cross_validation(tmp_path):
    random = np.random.default_rng(0)
    spectra = random.normal(size=(20, 5))
    targets = {"y": ramp(20), "part": ["train"] * 14 + ["val"] * 6}
    path = write(tmp_path / "data.csv", targets, spectra, [f"{900 + place} nm" for place in range(5)])
    steps = [{"model": {"class": "sklearn.linear_model.Ridge"}, "_or_": [0.1, 1.0, 10.0], "param": "alpha"}]
    (tmp_path / "grid.json").write_text(json.dumps(steps), encoding="utf-8")
    workspace, _ = Workspace.init(tmp_path / "w")
    workspace.datasets.add("data", [path], ReadOptions(target=("y",), partition="part"))
    workspace.run("data", tmp_path / "grid.json")
    (run,) = workspace.runs.list()
    told = texts(draw(run.pipeline(1), form="svg")["chart_predictions.svg"])
    assert {"validation", "RMSE"} <= set(told)
    for svg in draw_run(workspace, run, form="svg").values():
        said = texts(svg)
        assert any(text.startswith("RMSE (val)") for text in said)
        told += said
    assert not [text for text in told if "cross" in text or "RMSECV" in text]
    text = card(Portrait(run.pipeline(1), Source.in_workspace(workspace, run.pipeline(1)))).decode()
    assert "RMSE (val) " in text.partition("## Data")[0]
    assert "* Validation: samples that the data set sets apart; the last fit was on these too." in text
    assert "cross" not in text.lower()
    assert "RMSECV" not in text


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [
        (0.12345, None, "0.123"),
        (1234.5, None, "1234"),
        (-0.5, None, "−0.500"),  # noqa: RUF001
        (1.2e-12, 0.2, "0.000"),
        (-1.2e-12, 0.2, "0.000"),
        (float("nan"), None, "–"),  # noqa: RUF001
        (None, None, "–"),  # noqa: RUF001
        (0, None, "0"),
        (3e-9, None, "3.00e-09"),
    ],
)
def test_figures(value, like, text):
    assert style.number(value, like=like) == text


def test_names_of_classes_break_where_a_word_begins():
    assert style.words("RandomForestRegressor", 14) == "RandomForest\nRegressor"
    assert style.words("SVR", 14) == "SVR"
    assert style.short("SavitzkyGolay(deriv=1, window_length=7) > SavitzkyGolayFilter") == "SG(d=1, w=7) > SG smooth"
    assert style.plain("a\tb" + "c" * 60 + "end", 20) == f"a b{'c' * 9}…{'c' * 4}end"
