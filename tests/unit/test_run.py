import datetime as dt
import multiprocessing
import shutil

import pytest
from unit_records import draft

from nws.errors import UnknownName, UsageError
from nws.records import Ref, encode
from nws.run import Run
from nws.runs import Runs
from nws.store import ObjectStore

DAY = dt.date(2024, 10, 23)


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "runs", ObjectStore(tmp_path / "_binaries"))


def publish_alone(folder, store, count):
    """Publish `count` pipelines one by one, as one process of many."""
    run = Run(folder, ObjectStore(store))
    for _ in range(count):
        run.publish([draft(run, run.next_number())])


def test_the_name_of_a_run_is_never_used_twice(runs):
    names = [runs.create(DAY, "wheat", "sample1").name for _ in range(3)]
    assert names == ["2024-10-23_wheat_sample1", "2024-10-23_wheat_sample1_2", "2024-10-23_wheat_sample1_3"]
    runs.delete(runs.get("2024-10-23_wheat_sample1_3"))
    assert runs.create(DAY, "wheat", "sample1").name == "2024-10-23_wheat_sample1_4"


def test_a_run_to_append_to_is_made_once(runs):
    assert runs.obtain(DAY, "wheat").folder == runs.obtain(DAY, "wheat").folder
    assert runs.names() == ["2024-10-23_wheat"]


def test_a_run_is_found_by_its_name_or_the_beginning_of_it(runs):
    runs.create(DAY, "wheat")
    runs.create(DAY, "wheat")
    runs.create(DAY, "barley")
    assert runs.get("2024-10-23_wheat").name == "2024-10-23_wheat"
    assert runs.get("2024-10-23_b").name == "2024-10-23_barley"
    with pytest.raises(UnknownName, match="more than one") as caught:
        runs.get("2024-10-23_w")
    assert "2024-10-23_wheat_2" in caught.value.hint
    with pytest.raises(UnknownName, match="no run named"):
        runs.get("")


@pytest.mark.parametrize("name", ["../x", "", "x" * 300, "a/b"])
def test_bad_names_make_no_folder(runs, name):
    with pytest.raises(UsageError):
        runs.create(DAY, "wheat", name)
    assert runs.names() == []


def test_what_is_published_is_whole_on_disk(runs):
    run = runs.create(DAY, "wheat")
    (pipeline,) = run.publish([draft(run, 1, name="snv")])
    assert pipeline.view == run.folder / f"0001_snv_{pipeline.record.hash[:6]}"
    assert run.store.get(pipeline.record_id) == (pipeline.view / "pipeline.json").read_bytes()
    assert (pipeline.view / "metrics.json").read_bytes() == run.store.get(pipeline.record.files["metrics.json"])
    assert run.ref(1) == Ref(number=1, view=pipeline.record.id, record=pipeline.record_id)
    assert [again.record for again in run.pipelines()] == [pipeline.record]


def test_numbers_wished_for_are_given_when_free(runs):
    run = runs.create(DAY, "wheat")
    run.publish([draft(run, 3)])
    assert [pipeline.record.number for pipeline in run.publish([draft(run, n) for n in (1, 2, 3, 4)])] == [1, 2, 4, 5]
    assert run.numbers() == [1, 2, 3, 4, 5]


def test_a_deleted_number_is_never_used_again(runs):
    run = runs.create(DAY, "wheat")
    first, second = run.publish([draft(run, 1), draft(run, 2)])
    run.delete(2)
    assert not second.view.exists()
    assert first.view.exists()
    assert run.publish([draft(run, 2)])[0].record.number == 3
    with pytest.raises(UnknownName, match="deleted"):
        run.pipeline(2)
    assert [pipeline.record.number for pipeline in run.pipelines()] == [1, 3]


def test_a_claim_between_the_listing_and_the_link_costs_another_try(runs, monkeypatch):
    run = runs.create(DAY, "wheat")
    listing = run.numbers

    def stale():
        monkeypatch.setattr(run, "numbers", listing)
        Run(run.folder, run.store).publish([draft(run, 1)])
        return []

    monkeypatch.setattr(run, "numbers", stale)
    monkeypatch.setattr("nws.fsio._acquire", lambda *_, **__: True)
    assert run.publish([draft(run, 1)])[0].record.number == 2


@pytest.mark.parametrize(("processes", "each"), [(4, 50), pytest.param(16, 125, marks=pytest.mark.slow)])
def test_processes_at_once_claim_each_number_once(runs, processes, each):
    run = runs.create(DAY, "wheat")
    context = multiprocessing.get_context("forkserver")
    workers = [context.Process(target=publish_alone, args=(run.folder, run.store.root, each)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * processes
    assert run.numbers() == list(range(1, processes * each + 1))
    records = [pipeline.record for pipeline in run.pipelines()]
    assert [record.number for record in records] == run.numbers()


def test_a_view_thrown_away_is_rendered_again_and_other_files_are_left(runs):
    run = runs.create(DAY, "wheat")
    (pipeline,) = run.publish([draft(run, 1)])
    before = {path.name: path.read_bytes() for path in pipeline.view.iterdir()}
    shutil.rmtree(pipeline.view)
    assert not pipeline.is_rendered()
    pipeline.render()
    assert {path.name: path.read_bytes() for path in pipeline.view.iterdir()} == before
    (pipeline.view / "notes.txt").write_text("mine")
    (pipeline.view / "metrics.json").write_text("edited")
    pipeline.render(artifacts=True)
    assert (pipeline.view / "notes.txt").read_text() == "mine"
    assert (pipeline.view / "metrics.json").read_bytes() == before["metrics.json"]
    assert (pipeline.view / "artifacts" / "1_Scaler.joblib").read_bytes() == b"scaler"


def test_a_run_with_somebody_at_work_is_not_abandoned(runs):
    run = runs.create(DAY, "wheat")
    assert run.abandoned()
    with run.at_work(), run.at_work():
        assert not Run(run.folder, run.store).abandoned()
    assert Run(run.folder, run.store).abandoned()


def test_removing_the_folder_by_hand_breaks_nothing_else(runs):
    run, other = runs.create(DAY, "wheat"), runs.create(DAY, "barley")
    run.publish([draft(run, 1)])
    (kept,) = other.publish([draft(other, 1)])
    shutil.rmtree(run.folder)
    assert runs.names() == [other.name]
    assert other.pipeline(1).record == kept.record


def test_a_ref_that_is_not_a_ref_is_said_to_be_damaged(runs):
    run = runs.create(DAY, "wheat")
    run.publish([draft(run, 1)])
    (run.folder / "_refs" / "0001").write_bytes(encode(Ref(number=1, view="x", record="a" * 64))[:20])
    with pytest.raises(Exception, match="_refs/0001"):
        run.pipeline(1)
