import json
import os
import shutil

import pytest
from collecting import DAY, new, publish
from index_rows import row

from nws import Workspace, fsio
from nws.errors import Conflict, Damaged, Locked, UnknownName
from nws.index import segments
from nws.index.standing import Standing
from nws.records import DeletedRun, Ref, decode, encode


@pytest.fixture
def runs(tmp_path):
    return new(tmp_path / "workspace").runs


@pytest.fixture
def run(runs):
    run = runs.create(DAY, "wheat")
    for number in (1, 2, 3):
        publish(run, number=number)
    return run


def test_a_deleted_run_leaves_its_name_and_nothing_else(runs, run):
    run.delete(2)
    runs.delete(run)
    assert sorted(path.name for path in runs.folder.rglob("*")) == [".deleted", f"{run.name}.json"]
    document = decode(DeletedRun, (runs.folder / ".deleted" / f"{run.name}.json").read_bytes(), where="")
    assert (document.run_id, document.pipelines) == (run.name, 3)
    assert runs.create(DAY, "wheat").name == f"{run.name}_2"


def test_a_run_that_was_deleted_is_not_appended_to(runs, run):
    runs.delete(run)
    with pytest.raises(Conflict, match="was deleted"):
        runs.obtain(DAY, "wheat")
    assert runs.names() == []


def test_a_run_whose_deletion_was_cut_off_is_whole_and_is_appended_to(runs, run, monkeypatch):
    monkeypatch.setattr(fsio, "set_aside", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runs.delete(run)
    assert runs.obtain(DAY, "wheat").numbers() == [1, 2, 3]
    assert runs.standing() == Standing(runs=frozenset({run.name}))


def test_a_deleted_pipeline_is_gone_from_ref_view_and_listing(runs, run):
    view = run.pipeline(2).view
    ref = run.delete(2)
    assert ref == run.ref(2)
    assert ref.record is None
    assert ref.deleted_at
    assert not view.exists()
    assert runs.standing() == Standing(runs=frozenset({run.name}), deleted=frozenset({(run.name, 2)}))
    mark = runs.folder / ".deleted" / f"{run.name}.refs" / "0002"
    assert decode(Ref, mark.read_bytes(), where="") == ref
    assert (run.folder / "run.log").read_text().endswith(f" deleted {ref.view}\n")
    assert [pipeline.record.number for pipeline in run.pipelines()] == [1, 3]


def test_to_delete_a_pipeline_again_finishes_what_was_cut_off_and_keeps_when_it_was(runs, run):
    view = run.pipeline(2).view
    kept = view.with_name("kept")
    shutil.copytree(view, kept)
    first = run.delete(2)
    shutil.rmtree(runs.folder / ".deleted")
    kept.rename(view)
    assert run.delete(2) == first
    assert not view.exists()
    assert runs.standing().deleted == {(run.name, 2)}


def test_fields_of_a_later_version_stay_in_the_ref(run):
    path = run.folder / "_refs" / "0001"
    path.write_text(json.dumps({**json.loads(path.read_text()), "colour": "red"}))
    assert run.delete(1).extra == {"colour": "red"}
    assert run.ref(1).extra == {"colour": "red"}


def test_marks_are_those_of_runs_that_are_there(runs, run):
    other = runs.create(DAY, "oats")
    publish(other)
    publish(other, number=2)
    run.delete(1)
    run.delete(3)
    other.delete(2)
    shutil.rmtree(other.folder)
    assert runs.standing() == Standing(runs=frozenset({run.name}), deleted=frozenset({(run.name, 1), (run.name, 3)}))


def test_marks_and_names_of_runs_do_not_get_in_each_others_way(runs):
    plain, dotted = runs.create(DAY, "wheat"), runs.create(DAY, "wheat.json")
    for run in (plain, dotted):
        publish(run)
        publish(run, number=2)
        run.delete(1)
    runs.delete(plain)
    assert runs.standing() == Standing(runs=frozenset({dotted.name}), deleted=frozenset({(dotted.name, 1)}))
    runs.delete(dotted)
    assert runs.standing() == Standing(runs=frozenset())


def test_the_name_of_a_run_removed_by_hand_is_not_used_again_where_it_has_marks(runs, run):
    run.delete(1)
    shutil.rmtree(run.folder)
    with pytest.raises(Conflict, match="was deleted"):
        runs.obtain(DAY, "wheat")
    again = runs.create(DAY, "wheat")
    publish(again)
    assert again.name == f"{run.name}_2"
    assert runs.standing() == Standing(runs=frozenset({again.name}))


def test_the_standing_of_runs_opens_none_of_them(runs, run, monkeypatch):
    run.delete(1)
    shutil.rmtree(run.folder / "_refs")
    (run.folder / "run_config.json").write_bytes(b"{")
    assert runs.standing().deleted == {(run.name, 1)}


def test_rows_of_what_is_gone_stay_in_the_index_and_say_so(tmp_path):
    workspace = new(tmp_path / "workspace")
    gone, by_hand, kept = (workspace.runs.create(DAY, name) for name in ("gone", "by_hand", "kept"))
    for place, run in enumerate((gone, by_hand, kept)):
        for number in (1, 2):
            publish(run, number=number)
        rows = [row(10 * place + number, run_id=run.name, pipeline_number=number) for number in (1, 2)]
        segments.append(workspace.catalog, rows)
    workspace.runs.delete(gone)
    shutil.rmtree(by_hand.folder)
    kept.delete(2)
    found = Workspace.open(workspace.root).predictions.filter_by_criteria(show=["run_id", "pipeline_number", "deleted"])
    assert sorted(found.rows()) == [
        (by_hand.name, 1, True), (by_hand.name, 2, True), (gone.name, 1, True), (gone.name, 2, True),
        (kept.name, 1, False), (kept.name, 2, True),
    ]  # fmt: skip
    arrays = Workspace.open(workspace.root).predictions.arrays(row(1).meta["prediction_id"])
    assert arrays.shape[0] == 3


@pytest.mark.parametrize("what", ["run", "pipeline"])
def test_a_run_at_work_is_not_deleted(runs, run, what):
    with run.at_work(), pytest.raises(Locked, match=run.name):
        runs.delete(run) if what == "run" else run.delete(1)
    assert runs.standing() == Standing(runs=frozenset({run.name}))
    assert len(list(run.pipelines())) == 3
    assert all(pipeline.is_rendered() for pipeline in run.pipelines())


def test_a_pipeline_whose_record_is_gone_can_be_deleted(run):
    pipeline = run.pipeline(1)
    (run.store.root / pipeline.record_id[:2] / f"{pipeline.record_id}.zst").unlink()
    run.delete(1)
    assert [pipeline.record.number for pipeline in run.pipelines()] == [2, 3]


@pytest.mark.parametrize("view", ["../../datasets", "0002_x", "0001_x/../../y", ""])
def test_a_ref_that_names_another_folder_deletes_nothing(runs, run, view):
    ref = run.ref(1)
    body = json.loads(encode(ref))
    (run.folder / "_refs" / "0001").write_text(json.dumps({**body, "view": view}))
    with pytest.raises(Damaged, match="_refs/0001"):
        run.delete(1)
    assert len(list(run.folder.glob("000?_*"))) == 3
    assert (runs.folder.parent / "datasets").is_dir()


def test_a_number_nobody_claimed_is_not_deleted(runs, run):
    with pytest.raises(UnknownName, match="0009"):
        run.delete(9)
    assert runs.standing().deleted == frozenset()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_of_a_run_that_is_a_link_the_link_is_deleted(runs, run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    run.folder.rename(elsewhere)
    run.folder.symlink_to(elsewhere)
    runs.delete(runs.get(run.name))
    assert runs.names() == []
    assert len(list(elsewhere.glob("000?_*"))) == 3
