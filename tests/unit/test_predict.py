"""Stored pipelines predict what they predicted: from the workspace, an export and zip files, in one go or in parts."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import sklearn
from predicting import NEIGHBOURS, REDUCED, gasoline, read_csv, rows_of_test, run_of, stored, write_csv
from threadpoolctl import threadpool_info

from nws import Workspace
from nws.api import predict
from nws.dataset import ReadOptions
from nws.engine import calibration, unpickling
from nws.errors import BadInput, Conflict, Damaged, NotTrusted, UnknownName, UsageError
from nws.ids import ObjectId


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("été 1"))


@pytest.fixture(scope="module")
def copies(workspace, tmp_path_factory):
    """Every form of copy of a pipeline: name of the form → path."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    pipeline = run_of(workspace, "gas").pipelines()
    first = list(pipeline)[4]
    folder = workspace.exports.add(first)
    found = {"folder": shutil.copytree(folder, elsewhere / "folder")}
    for kind in ("pipeline", "filtered"):
        found[kind] = Path(shutil.copy(workspace.archives.add(first, kind), elsewhere / f"{kind}.zip"))
    return first, found


def inputs(workspace, run):
    return workspace.root / ("test.csv" if "_gas_" in run.name else "oils.csv")


@pytest.mark.parametrize("dataset", ["gas", "oil"])
def test_predictions_of_the_test_samples_are_those_of_the_run_to_the_last_bit(workspace, dataset):
    run = run_of(workspace, dataset)
    for pipeline in run.pipelines():
        found = workspace.predict(pipeline.ref, inputs(workspace, run))
        assert found.csv() == rows_of_test(pipeline), pipeline.record.steps
        # The spectra of mayonnaise are numbered, those of gasoline have wavelengths.
        assert found.match.how == ("same" if dataset == "gas" else "by position")
        assert not found.warnings
        figures = pipeline.metrics().test
        assert found.figures() == {name: value for name, value in figures.items() if name != "q2"}
    assert len(list(run.pipelines())) == (14 if dataset == "gas" else 2)


@pytest.mark.parametrize("form", ["folder", "pipeline", "filtered"])
def test_copies_predict_the_same_without_a_workspace(workspace, copies, form):
    pipeline, paths = copies
    found = predict(paths[form], workspace.root / "test.csv")
    assert found.csv() == rows_of_test(pipeline)
    assert found.match.how == "same"
    assert ["limit of Q" in said for said in found.warnings] == [True] * (form != "pipeline")
    # Of another workspace, or of none, as a path.
    assert workspace.predict(paths[form], [workspace.root / "test.csv"]).csv() == rows_of_test(pipeline)


def test_every_form_of_ref_predicts(workspace):
    run = run_of(workspace, "oil")
    first = next(iter(run.pipelines()))
    expected = rows_of_test(first)
    assert b"proba_1,proba_2,proba_3" in expected
    for ref in (f"{run.name}/1", first.path, str(first.record_id)[:12], first.ref):
        assert workspace.predict(ref, workspace.root / "oils.csv").csv() == expected


def test_the_order_of_wavelengths_does_not_matter(workspace, tmp_path):
    rows = read_csv(workspace.root / "test.csv")
    turned = write_csv(tmp_path / "turned.csv", [[*row[:3], *row[:2:-1]] for row in rows])
    pipeline = run_of(workspace, "gas").pipeline(1)
    found = workspace.predict(pipeline.ref, turned)
    assert found.match.how == "reordered"
    assert found.csv() == rows_of_test(pipeline)


def test_other_wavelengths_are_refused_before_anything_is_loaded(workspace, tmp_path, monkeypatch):
    rows = read_csv(workspace.root / "test.csv")
    every = write_csv(tmp_path / "every.csv", [[*row[:3], *row[3::2]] for row in rows])
    ref = run_of(workspace, "gas").pipeline(1).ref
    with monkeypatch.context() as patch, pytest.raises(BadInput, match="other wavelengths"):
        patch.setattr(unpickling, "load", None)
        workspace.predict(ref, every)
    found = workspace.predict(ref, every, interpolate=True)
    before = workspace.predict(ref, workspace.root / "test.csv").answers.values
    assert found.match.how == "interpolated"
    assert 0 < abs(found.answers.values - before).max() < 0.2


def test_no_file_is_no_input(workspace):
    with pytest.raises(UsageError, match="no spectra given"):
        workspace.predict(run_of(workspace, "gas").pipeline(1).ref, [])


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_spectrum_that_a_step_makes_nothing_of_is_named(tmp_path, monkeypatch):
    grid = ["chemotools.scatter.StandardNormalVariate", {"model": "sklearn.linear_model.Ridge"}]
    workspace = stored(tmp_path / "ws", classes=False, grids=(grid,))
    head, *rows = read_csv(workspace.root / "test.csv")
    rows[4][3:] = ["0.5"] * len(rows[4][3:])
    flat = write_csv(tmp_path / "flat.csv", [head, *rows])
    # In parts, so that the place in a part is not that in the file.
    monkeypatch.setattr(calibration, "BATCH_BYTES", 3 * 8 * 401)
    with pytest.raises(BadInput, match=r"Ridge cannot work on these spectra: .* NaN") as caught:
        workspace.predict("best:gas", flat)
    assert "for these samples: g55 (" in caught.value.hint


def test_what_comes_in_parts_is_the_same(workspace, monkeypatch):
    for dataset, file in (("gas", "test.csv"), ("oil", "oils.csv")):
        for pipeline in list(run_of(workspace, dataset).pipelines())[:6]:
            whole = workspace.predict(pipeline.ref, workspace.root / file)
            with monkeypatch.context() as patch:
                patch.setattr(calibration, "BATCH_BYTES", 3 * 8 * 401)
                parts = workspace.predict(pipeline.ref, workspace.root / file)
            if dataset == "gas":
                np.testing.assert_allclose(parts.answers.values, whole.answers.values, rtol=1e-10)
            else:
                assert parts.answers.values.tolist() == whole.answers.values.tolist()
            if whole.answers.distances is not None:
                one, other = parts.answers.distances, whole.answers.distances
                np.testing.assert_allclose(one.hotelling_t2, other.hotelling_t2, rtol=1e-6)
                np.testing.assert_allclose(one.q_residuals, other.q_residuals, rtol=1e-6)
            assert parts.odd == whole.odd


def test_parts_are_whole_blocks_within_a_bound():
    for features in (1, 7, 401, 1000, 60_000):
        rows = calibration.rows_at_once(features)
        assert rows % 64 == 0
        assert rows * features * 8 <= calibration.BATCH_BYTES
    assert calibration.rows_at_once(10**9) == 1


def test_metadata_and_missing_reference_values_are_kept(workspace, tmp_path):
    head, *rows = read_csv(workspace.root / "test.csv")
    rows[3][2] = ""
    path = write_csv(tmp_path / "new.csv", [head, *rows])
    found = workspace.predict(run_of(workspace, "gas").pipeline(1).ref, path)
    lines = list(csv.DictReader(io.StringIO(found.csv().decode())))
    assert [line["farm"] for line in lines] == [row[1] for row in rows]
    assert [line["y_true"] for line in lines] == [row[2] and repr(float(row[2])) for row in rows]
    assert found.figures()["samples"] == 9
    bare = write_csv(tmp_path / "bare.csv", [row[3:] for row in [head, *rows]])
    found = workspace.predict(run_of(workspace, "gas").pipeline(1).ref, bare)
    assert found.figures() is None
    assert found.reference is None


def test_reference_values_may_have_another_name(workspace, tmp_path):
    head, *rows = read_csv(workspace.root / "test.csv")
    path = write_csv(tmp_path / "new.csv", [[*head[:2], "Oktan", *head[3:]], *rows])
    ref = run_of(workspace, "gas").pipeline(1).ref
    assert workspace.predict(ref, path).figures() is None
    found = workspace.predict(ref, path, options=ReadOptions(target=("Oktan",)))
    assert found.csv() == rows_of_test(workspace.resolve(ref))
    with pytest.raises(UsageError, match="predicts one: octane"):
        workspace.predict(ref, path, options=ReadOptions(target=("Oktan", "farm")))


def test_a_class_that_the_model_does_not_know_has_figures_too(workspace, tmp_path):
    head, *rows = read_csv(workspace.root / "oils.csv")
    at = head.index("oil.type")
    for row in rows[:5]:
        row[at] = "9"
    path = write_csv(tmp_path / "oils.csv", [head, *rows])
    for pipeline in run_of(workspace, "oil").pipelines():
        found = workspace.predict(pipeline.ref, path)
        figures = found.figures()
        known = workspace.predict(pipeline.ref, workspace.root / "oils.csv").figures()
        assert figures["samples"] == len(rows)
        assert figures["accuracy"] < known["accuracy"]


def test_a_model_without_a_latent_space_looks_at_the_range(workspace, tmp_path):
    head, *rows = read_csv(workspace.root / "gasoline.csv")
    odd = [*rows[0][:3], *(str(float(cell) + 5) for cell in rows[0][3:])]
    path = write_csv(tmp_path / "odd.csv", [head, ["new", *odd[1:]], *rows[1:4]])
    ridge = next(
        item for item in run_of(workspace, "gas").pipelines() if item.record.steps[-1]["class"].endswith("Ridge")
    )
    found = workspace.predict(ridge.ref, path)
    assert found.odd == [0]
    assert found.answers.distances is None
    assert "10%" in found.unlike


def test_samples_beyond_the_limits_are_told(workspace, tmp_path):
    head, *rows = read_csv(workspace.root / "gasoline.csv")
    odd = [*rows[0][:3], *(str(float(cell) * 3) for cell in rows[0][3:])]
    path = write_csv(tmp_path / "odd.csv", [head, ["new", *odd[1:]], *rows[1:4]])
    found = workspace.predict(run_of(workspace, "gas").pipeline(1).ref, path)
    assert found.odd == [0]
    assert found.limits.samples == 50
    lines = list(csv.DictReader(io.StringIO(found.csv(outliers=True).decode())))
    assert [line["outlier"] for line in lines] == ["true", "false", "false", "false"]
    assert float(lines[0]["q_residuals"]) > found.limits.q_residuals
    assert "hotelling_t2" not in found.csv().decode()


def test_without_the_data_a_latent_model_still_has_its_t2(copies, workspace):
    pipeline, paths = copies
    assert pipeline.record.steps[-1]["class"].endswith("PLSRegression")
    whole, bare = (predict(paths[form], workspace.root / "test.csv") for form in ("pipeline", "filtered"))
    one, other = whole.answers.distances, bare.answers.distances
    np.testing.assert_allclose(other.hotelling_t2, one.hotelling_t2, rtol=1e-9)
    np.testing.assert_allclose(other.q_residuals, one.q_residuals, rtol=1e-9)
    assert bare.limits.hotelling_t2 == whole.limits.hotelling_t2
    assert bare.limits.q_residuals is None
    assert "Q" not in bare.unlike


def test_samples_without_a_reference_value_are_no_calibration_samples(tmp_path):
    rows = read_csv(gasoline(tmp_path))
    rows[1][2:] = ["", *(str(float(cell) * 9) for cell in rows[1][3:])]
    workspace, _ = Workspace.init(tmp_path)
    workspace.datasets.add("gas", [write_csv(tmp_path / "gasoline.csv", rows)], ReadOptions(target=("octane",)))
    (tmp_path / "grid.json").write_text(json.dumps(REDUCED), encoding="utf-8")
    (result,) = workspace.run("gas", tmp_path / "grid.json")
    found = workspace.predict(result.run.pipeline(1).ref, tmp_path / "gasoline.csv")
    assert found.limits.samples == 59
    assert 0 in found.odd
    assert len(found.odd) < 6


def test_what_is_damaged_or_gone_is_told(tmp_path):
    workspace = stored(tmp_path, classes=False, grids=(NEIGHBOURS,))
    pipeline = run_of(workspace, "gas").pipeline(1)
    oid = ObjectId(pipeline.record.artifacts[0]["object"])
    file = workspace.store.root / oid[:2] / f"{oid}.zst"
    whole = file.read_bytes()
    file.write_bytes(whole[:-4])
    with pytest.raises(Damaged):
        workspace.predict(pipeline.ref, tmp_path / "test.csv")
    file.unlink()
    with pytest.raises(Damaged, match="artifact of step 1 is gone"):
        workspace.predict(pipeline.ref, tmp_path / "test.csv")
    file.write_bytes(whole)
    data = ObjectId(pipeline.record.dataset["id"])
    (workspace.store.root / data[:2] / f"{data}.zst").unlink()
    found = workspace.predict(pipeline.ref, tmp_path / "test.csv")
    # The record has the axis; the calibration spectra are gone.
    assert found.csv() == rows_of_test(pipeline)
    assert found.match.how == "same"
    assert found.odd is None


def test_a_pipeline_that_failed_has_no_model(tmp_path):
    config = [{"model": {"class": "sklearn.neighbors.KNeighborsRegressor", "params": {"n_neighbors": 999}}}]
    workspace = stored(tmp_path, classes=False, grids=(config,))
    with pytest.raises(Conflict, match="no model to predict with: it failed"):
        workspace.predict(run_of(workspace, "gas").pipeline(1).ref, tmp_path / "test.csv")


def test_other_versions_are_named(copies, tmp_path, workspace):
    _, paths = copies
    folder = shutil.copytree(paths["folder"], tmp_path / "older")
    record = json.loads((folder / "pipeline.json").read_text(encoding="utf-8"))
    record["environment"]["packages"] |= {"scikit-learn": "1.6.0", "chemotools": "0.4.9", "nws": "0.0.1"}
    record["environment"]["python"] = "3.10.1"
    # Only steps of its own classes say the version of scikit-learn.
    for path in (folder / "artifacts").glob("*PLSRegression*"):
        replaced(path, sklearn.__version__, re.sub("[0-9]", "0", sklearn.__version__), record)
    resealed(folder, record)
    # scikit-learn's own warning for each step is not shown beside it.
    warning, _ = predict(folder, workspace.root / "test.csv").warnings
    assert "scikit-learn 1.6.0 (here " in warning
    assert "python 3.10.1 (here " in warning
    assert "numpy" not in warning
    assert "nws" not in warning


def replaced(path, text, other, record):
    """Write other text of the same length into an artifact, and its new id into the record."""
    data = path.read_bytes()
    changed = data.replace(text.encode(), other.encode())
    assert changed != data
    path.write_bytes(changed)
    for item in (*record["steps"], *record["artifacts"]):
        for key in ("artifact", "object"):
            if item.get(key) == ObjectId.of(data):
                item[key] = ObjectId.of(changed)


def resealed(folder, record):
    """Write a record into a folder as if it had been exported so."""
    (folder / "pipeline.json").write_text(json.dumps(record), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name in manifest["members"]:
        data = (folder / name).read_bytes()
        manifest["members"][name] = {"blake3": ObjectId.of(data), "size_bytes": len(data)}
    manifest["source"]["record"] = manifest["members"]["pipeline.json"]["blake3"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_classes_of_other_packages_are_not_loaded(copies, tmp_path, workspace):
    _, paths = copies
    folder = shutil.copytree(paths["folder"], tmp_path / "other")
    record = json.loads((folder / "pipeline.json").read_text(encoding="utf-8"))
    record["steps"][0]["class"] = "evil.Scaler"
    resealed(folder, record)
    with pytest.raises(NotTrusted, match=r"evil\.Scaler"):
        predict(folder, workspace.root / "test.csv")
    assert predict(folder, workspace.root / "test.csv", packages=("evil",)).dataset.samples == 10
    assert predict(folder, workspace.root / "test.csv", trust=True).dataset.samples == 10
    # Whoever trusts a package, its version is compared with what is installed.
    record["canonical_config"][0]["class"] = "pytest.Scaler"
    record["environment"]["packages"]["pytest"] = pytest.__version__
    resealed(folder, record)
    (warning,) = predict(folder, workspace.root / "test.csv", trust=True).warnings
    assert "limit of Q" in warning


@pytest.mark.parametrize("form", ["folder", "filtered"])
def test_what_belongs_to_another_user_is_not_loaded(copies, workspace, form, monkeypatch):
    _, paths = copies
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    with pytest.raises(NotTrusted, match=r"belongs to .*") as caught:
        predict(paths[form], workspace.root / "test.csv")
    assert "--trust" in caught.value.hint
    assert predict(paths[form], workspace.root / "test.csv", trust=True).dataset.samples == 10
    ref = run_of(workspace, "gas").pipeline(1).ref
    with pytest.raises(NotTrusted, match="is not loaded"):
        workspace.predict(ref, workspace.root / "test.csv")
    assert workspace.predict(ref, workspace.root / "test.csv", trust=True).dataset.samples == 10
    # What runs nothing goes on.
    assert workspace.resolve(ref).metrics() is not None


def test_nothing_is_left_behind(workspace):
    before = {path: path.stat().st_mtime_ns for path in workspace.root.rglob("*")}
    threads = [pool["num_threads"] for pool in threadpool_info()]
    workspace.predict(run_of(workspace, "gas").pipeline(1).ref, workspace.root / "test.csv")
    assert {path: path.stat().st_mtime_ns for path in workspace.root.rglob("*")} == before
    assert [pool["num_threads"] for pool in threadpool_info()] == threads


def test_names_that_name_nothing(workspace):
    for ref in ("best:barley", "nonsense", Path("nowhere.zip")):
        with pytest.raises(UnknownName):
            workspace.predict(ref, workspace.root / "test.csv")
