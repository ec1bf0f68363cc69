"""Pictures of pipelines: each is drawn, is not blank, and shows what it says."""

import os
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from predicting import NEIGHBOURS, REDUCED, run_of, stored
from seeing import group, has, image, lines, markers, texts
from workspaces import PLS

from nws import Workspace
from nws.dataset import load
from nws.errors import UsageError
from nws.pipeline.rows import stored_blocks
from nws.report.pictures import draw
from nws.report.subject import Subject
from nws.report.weights import importance_in_projection

SAVGOL = {"class": "chemotools.derivative.SavitzkyGolay", "params": {"window_length": 7, "derivate_order": 1}}
SNV = "chemotools.scatter.StandardNormalVariate"
CHAIN = [SNV, SAVGOL, {"model": {"class": PLS, "params": {"n_components": 3}}}]
FOREST = [{"model": {"class": "sklearn.ensemble.RandomForestRegressor", "params": {"n_estimators": 5}}}]
RIDGE = [{"y_processing": "sklearn.preprocessing.StandardScaler"}, {"model": "sklearn.linear_model.Ridge"}]
FAILS = [{"model": {"class": PLS, "params": {"n_components": 500}}}]
BOTH = {"chart_predictions", "chart_residuals"}
REST = {"chart_feature_importance", "chart_spectra"}
KINDS = {
    "pls": ("gas", 1, BOTH | REST),
    "components": ("gas", 2, BOTH | REST),
    "neighbours": ("gas", 3, BOTH | {"chart_spectra"}),
    "forest": ("gas", 4, BOTH | REST),
    "ridge": ("gas", 5, BOTH | REST),
    "classes": ("oil", 1, {"chart_confusion"} | REST),
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    grids = (CHAIN, REDUCED, NEIGHBOURS, FOREST, RIDGE, FAILS)
    return stored(tmp_path_factory.mktemp("été 1"), grids=grids)


def one(workspace, kind):
    data, number, _ = KINDS[kind]
    return run_of(workspace, data).pipeline(number)


@pytest.fixture(scope="module")
def drawn(workspace):
    """What there is of each kind of pipeline, by form."""
    pipelines = {kind: one(workspace, kind) for kind in KINDS}
    return {kind: {form: draw(found, form=form) for form in ("png", "svg")} for kind, found in pipelines.items()}


def known(pipeline):
    """Return partition → measured and predicted values."""
    return {block.partition: np.array([block.y_true, block.y_pred]) for block in stored_blocks(pipeline)}


def test_there_are_the_pictures_that_make_sense(drawn):
    for kind, (*_, names) in KINDS.items():
        for form in ("png", "svg"):
            assert set(drawn[kind][form]) == {f"{name}.{form}" for name in names}, kind


@pytest.mark.slow
def test_none_is_blank(drawn):
    for forms in drawn.values():
        for name, data in forms["png"].items():
            pixels = image(data)
            assert pixels.shape >= (600, 900, 3), name
            assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 30, name
            inked = np.argwhere((pixels < 200).any(axis=2))
            # Something is in each quarter, and nothing is cut off.
            assert (inked.min(axis=0) < np.array(pixels.shape[:2]) / 4).all(), name
            assert (inked.max(axis=0) > np.array(pixels.shape[:2]) * 0.7).all(), name
            assert all((edge == 255).all() for edge in (pixels[[0, -1]], pixels[:, [0, -1]])), name


def test_a_svg_file_asks_the_network_for_nothing_and_holds_its_text(drawn):
    for forms in drawn.values():
        for name, data in forms["svg"].items():
            assert data.startswith(b"<svg "), name
            assert not any(word in data for word in (b"DOCTYPE", b"@import", b'<image xlink:href="http')), name
            assert len(data) < 500_000, name
            assert len(texts(data)) > 5, name


def test_predictions_have_a_point_for_each_sample_where_it_belongs(workspace, drawn):
    svg = drawn["pls"]["svg"]["chart_predictions.svg"]
    for partition, values in known(one(workspace, "pls")).items():
        points = np.array(markers(svg, f"points-{partition}"))
        assert len(points) == values.shape[1]
        across, down = (np.polyfit(values[place], points[:, place], 1) for place in (0, 1))
        assert np.allclose(np.polyval(across, values[0]), points[:, 0], atol=1e-3)
        assert np.allclose(np.polyval(down, values[1]), points[:, 1], atol=1e-3)
        # One unit is as long on both axes.
        assert np.isclose(across[0], -down[0], rtol=1e-5)


def test_predictions_say_their_figures(workspace, drawn):
    metrics = one(workspace, "pls").metrics()
    told = texts(drawn["pls"]["svg"]["chart_predictions.svg"])
    assert {"octane, measured", "octane, predicted", "calibration", "cross-validation", "test", "1:1"} <= set(told)
    for name, figures in (("RMSEC", metrics.train), ("RMSECV", metrics.val), ("RMSEP", metrics.test)):
        assert told[told.index(name) + 1] == f"{figures['rmse']:.3g}"
        assert str(figures["samples"]) == told[told.index(name) - 1]
        assert told[told.index(name) + 3] == f"{figures['r2']:.3f}"


def test_both_axes_of_predictions_are_one(drawn):
    told = texts(drawn["pls"]["svg"]["chart_predictions.svg"])
    at, up = told.index("octane, measured"), told.index("octane, predicted")
    assert told[:at] == told[at + 1 : up]


def test_residuals_are_predicted_minus_measured(workspace, drawn):
    svg = drawn["pls"]["svg"]["chart_residuals.svg"]
    assert "octane, predicted − measured" in texts(svg)  # noqa: RUF001
    measured, predicted = known(one(workspace, "pls"))["val"]
    heights = -np.array(markers(svg, "points-val"))[:, 1]
    scale = np.polyfit(predicted - measured, heights, 1)
    assert scale[0] > 0
    assert np.allclose(np.polyval(scale, predicted - measured), heights, atol=1e-3)


def coefficients(workspace, kind):
    return Subject(one(workspace, kind)).fitted.steps


def test_the_regression_vector_is_that_of_the_model(workspace, drawn):
    model = coefficients(workspace, "pls")[-1]
    told = texts(drawn["pls"]["svg"]["chart_feature_importance.svg"])
    assert {"wavelength (nm)", "VIP", "coefficients: octane per unit of signal"} <= set(told)
    svg = drawn["pls"]["svg"]["chart_feature_importance.svg"]
    for name, values in (("coefficients", model.coef_[0]), ("vip", importance_in_projection(model))):
        check_line(svg, name, values)


def check_line(svg, name, values):
    (line,) = lines(svg, name)
    x, y = np.array(line).T
    # The line is simplified where it is straight: each point that is left is one of the features.
    places = np.round(np.interp(x, [x[0], x[-1]], [0, len(values) - 1])).astype(int)
    assert len(line) > len(values) / 3
    scale = np.polyfit(values[places], -y, 1)
    assert scale[0] > 0
    assert np.abs(np.polyval(scale, values[places]) + y).max() < 0.5


def test_a_scaled_target_is_said(drawn):
    told = texts(drawn["ridge"]["svg"]["chart_feature_importance.svg"])
    assert "coefficients: octane as scaled per unit of signal" in told


def test_regression_on_components_is_drawn_over_wavelengths(workspace, drawn):
    pca, model = coefficients(workspace, "components")
    svg = drawn["components"]["svg"]["chart_feature_importance.svg"]
    assert "wavelength (nm)" in texts(svg)
    check_line(svg, "coefficients", model.coef_ @ pca.components_)


def test_a_forest_names_the_features_that_count_most(workspace, drawn):
    (forest,) = coefficients(workspace, "forest")
    svg = drawn["forest"]["svg"]["chart_feature_importance.svg"]
    assert str(900 + 2 * int(forest.feature_importances_.argmax())) in texts(svg)
    assert len(group(svg, "trees")) == 401


def test_classes_have_a_line_each(drawn):
    svg = drawn["classes"]["svg"]["chart_feature_importance.svg"]
    assert {"oil.type", "1", "2", "3", "4", "5", "6"} <= set(texts(svg))


def test_importance_in_projection():
    from sklearn.cross_decomposition import PLSRegression

    random = np.random.default_rng(1)
    spectra = random.normal(size=(30, 12))
    answers = spectra[:, :2] @ [3.0, -1.0] + random.normal(size=30) * 0.1
    model = PLSRegression(3).fit(spectra, answers)
    found = importance_in_projection(model)
    explained = [float(np.var(model.x_scores_[:, [a]] @ model.y_loadings_[:, [a]].T) * 30) for a in range(3)]
    shares = [sum(e * model.x_weights_[j, a] ** 2 for a, e in enumerate(explained)) for j in range(12)]
    assert np.allclose(found, np.sqrt(12 * np.array(shares) / sum(explained)))
    assert np.isclose((found**2).mean(), 1.0)
    assert found.argmax() == 0


def test_spectra_have_a_panel_for_each_step(drawn):
    told = texts(drawn["pls"]["svg"]["chart_spectra.svg"])
    assert {"as recorded", "after SNV", "after SG(d=1, w=7)", "signal", "wavelength (nm)", "octane"} <= set(told)
    assert "all 60 samples; black dashes: their mean" in told
    assert "component of PCA (number)" in texts(drawn["components"]["svg"]["chart_spectra.svg"])
    assert "100 of 162 samples; black dashes: their mean" in texts(drawn["classes"]["svg"]["chart_spectra.svg"])


def test_a_confusion_matrix_has_its_counts(workspace, drawn):
    test = one(workspace, "classes").metrics().test
    told = texts(drawn["classes"]["svg"]["chart_confusion.svg"])
    assert {"oil.type, reference", "oil.type, predicted"} <= set(told)
    assert any(text.startswith(f"test, n = {test['samples']}") for text in told)
    matrix = np.array(test["confusion_matrix"]["matrix"])
    shares = 100 * matrix / matrix.sum(axis=1, keepdims=True).clip(1)
    expected = [
        text for cell in zip(*matrix.nonzero(), strict=True) for text in (str(matrix[cell]), f"{shares[cell]:.0f} %")
    ]
    after = told.index("oil.type, reference") + 1
    assert told[after : after + len(expected)] == expected


def test_equal_input_gives_equal_bytes(workspace, drawn, tmp_path):
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "red", "svg.hashsalt": "x"}):
        for form in ("png", "svg"):
            assert draw(one(workspace, "pls"), form=form) == drawn["pls"][form]
    script = (
        "import sys; from pathlib import Path; from nws import Workspace; from nws.report.pictures import draw\n"
        "for name, data in draw(Workspace.open(Path(sys.argv[1])).resolve(sys.argv[2]), form='svg').items():\n"
        "    (Path(sys.argv[3]) / name).write_bytes(data)\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    words = [sys.executable, "-c", script, str(workspace.root), one(workspace, "pls").ref, str(tmp_path)]
    subprocess.run(words, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == drawn["pls"]["svg"]


def test_the_settings_of_the_process_stay_as_they_are(workspace):
    with mpl.rc_context({"font.size": 17.0}):
        before = dict(mpl.rcParams)
        draw(one(workspace, "pls"))
        assert dict(mpl.rcParams) == before


def test_a_failed_pipeline_has_no_pictures_and_says_why(workspace):
    told = []
    assert draw(run_of(workspace, "gas").pipeline(6), left_out=lambda *words: told.append(words)) == {}
    assert told == [("pictures", "it failed, so there is nothing to draw")]


def test_a_form_that_there_is_not(workspace):
    with pytest.raises(UsageError, match="'gif'"):
        draw(one(workspace, "pls"), form="gif")


def test_a_model_that_is_not_trusted_is_not_loaded(workspace, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    told, wrong = [], []
    found = draw(one(workspace, "pls"), left_out=lambda *words: told.append(words), failed=lambda *w: wrong.append(w))
    assert {name.partition(".")[0] for name in found} == BOTH
    assert told == []
    assert {name for name, _ in wrong} == REST
    assert all("is not loaded" in why for _, why in wrong)
    assert len(draw(one(workspace, "pls"), trust=True)) == 4


def test_a_lost_dataset_leaves_what_needs_no_spectra(workspace, tmp_path):
    import shutil

    shutil.copytree(workspace.root, tmp_path / "w")
    lesser = Workspace.open(tmp_path / "w")
    pipeline = one(lesser, "pls")
    spectra = load(lesser.store, pipeline.record.dataset["id"], name="gas")
    assert spectra.samples == 60
    for path in (lesser.root / "_binaries").rglob("*.zst"):
        if path.stat().st_size > 100_000:
            path.unlink()
    wrong = []
    found = draw(pipeline, failed=lambda *words: wrong.append(words))
    assert set(found) == {f"{name}.png" for name in BOTH}
    assert {name for name, _ in wrong} == REST


def test_outliers_have_a_ring(workspace):
    workspace.run("gas", workspace.root / "grid0.json", run_name="rings", outliers=True)
    pipeline = next(run for run in workspace.runs.list() if run.name.endswith("rings")).pipeline(1)
    svg = draw(pipeline, form="svg")["chart_predictions.svg"]
    counts = {block.partition: sum(block.columns["outlier"]) for block in stored_blocks(pipeline)}
    assert sum(counts.values())
    for partition, count in counts.items():
        assert has(svg, f"outliers-{partition}") == bool(count)
        assert not count or len(markers(svg, f"outliers-{partition}")) == count
    assert "in a ring: beyond the limit" in texts(svg)
