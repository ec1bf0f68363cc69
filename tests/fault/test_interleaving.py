"""The protocol of the index, step by step: writers, compactors and readers stopped before each call of the system.

The code that runs is the code that users run. Each test goes through every place in which one actor can be overtaken by
another one, not through those that luck finds.
"""

import contextlib
import datetime as dt
import itertools
import shutil
from functools import partial

import polars as pl
import pytest
from index_rows import row
from stage import play
from workspaces import ridge_grid, small_csv

from nws import Workspace, fsio
from nws.index import compaction, segments, state, switching
from nws.index.reading import collect, lazily
from nws.pipeline.rows import index_row, stored_blocks

BASE = {*range(10), 20}
ADDED = {40, 41}


def numbers(catalog):
    """Read as nws does: every row, its arrays with it."""
    rows = collect(catalog, lambda: lazily(catalog, segments.META).select("prediction_id", "pipeline_number"))
    arrays = collect(catalog, lambda: lazily(catalog, segments.DATA).select("prediction_id", "partition"))
    assert arrays.height == arrays.unique().height
    assert set(rows["prediction_id"]) <= set(arrays["prediction_id"])
    return sorted(rows["pipeline_number"])


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Merged segments, appended ones, one that may repeat rows and does, and a name that was made void."""
    folder = tmp_path_factory.mktemp("template") / "catalog"
    segments.append(folder, [row(number) for number in range(6)], name=segments.once_name())
    compaction.compact(folder)
    segments.append(folder, [row(6), row(7)], name=segments.once_name())
    segments.append(folder, [row(8), row(9)], name=segments.once_name())
    segments.append(folder, [row(1), row(8), row(20)])
    segments.void(folder, segments.once_name())
    assert numbers(folder) == sorted(BASE)
    return folder


@pytest.fixture
def fresh(template, tmp_path):
    counter = itertools.count()

    def make():
        folder = tmp_path / str(next(counter))
        shutil.copytree(template, folder)
        return folder

    return make


def every_place(fresh, works, check, *, stops):
    """Play with actor 0 stopped before each of its calls, and actor 1 there before each of its own."""
    places = 0
    for first in itertools.count():
        reached = False
        for second in itertools.count() if stops == 2 else [None]:
            folder = fresh()
            actors = play(folder, [partial(work, folder) for work in works], [(0, first), (1, second)])
            if actors is None:
                break
            reached = True
            places += 1
            check(folder, actors)
            shutil.rmtree(folder)
        if not reached:
            return places
    raise AssertionError


def settled(folder, expected):
    """Assert what holds when nobody is at work any more."""
    assert numbers(folder) == sorted(expected)
    compaction.compact(folder)
    assert numbers(folder) == sorted(expected)
    found = state.read(folder)
    for table, key in ((segments.META, ["prediction_id"]), (segments.DATA, ["prediction_id", "partition"])):
        assert not found.strays(table)
        assert not found.over(table)
        plain = pl.read_parquet(folder / table)
        assert plain.select(key).is_duplicated().sum() == 0
        assert plain["prediction_id"].n_unique() == len(expected)
    assert not list(folder.rglob(f"{fsio.TEMP_PREFIX}*"))


def write_once(folder):
    segments.append(folder, [row(number) for number in ADDED], name=segments.once_name())


def write_again(folder):
    segments.append(folder, [row(number) for number in (3, 7, 20, *ADDED)])


@pytest.mark.parametrize(
    "order", [(numbers, compaction.compact), (compaction.compact, numbers)], ids=["reader", "compactor"]
)
def test_a_reader_sees_every_row_once_whatever_a_compactor_has_done(fresh, order):
    def check(folder, actors):
        assert actors[order.index(numbers)].result == sorted(BASE)
        settled(folder, BASE)

    assert every_place(fresh, order, check, stops=1) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_once, write_again])
def test_a_reader_sees_a_batch_whole_or_not_at_all(fresh, write):
    def check(folder, actors):
        assert actors[1].result in (sorted(BASE), sorted(BASE | ADDED))
        settled(folder, BASE | ADDED)

    assert every_place(fresh, [write, numbers], check, stops=2) > 40


@pytest.mark.parametrize("write", [write_once, write_again])
def test_a_writer_loses_nothing_to_a_compactor(fresh, write):
    def check(folder, _actors):
        settled(folder, BASE | ADDED)

    assert every_place(fresh, [compaction.compact, write], check, stops=1) > 20
    assert every_place(fresh, [write, compaction.compact], check, stops=1) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_once, write_again])
def test_a_writer_and_a_compactor_that_overtake_each_other(fresh, write):
    def check(folder, _actors):
        settled(folder, BASE | ADDED)

    assert every_place(fresh, [compaction.compact, write], check, stops=2) > 200
    assert every_place(fresh, [write, compaction.compact], check, stops=2) > 200


@pytest.fixture
def no_locks(monkeypatch):
    """A file system whose locks are fake: everybody gets them."""
    monkeypatch.setattr(fsio, "lock", lambda *_, **__: contextlib.nullcontext(enter_result=True))


@pytest.mark.usefixtures("no_locks")
def test_of_two_compactors_without_locks_one_is_void(fresh):
    def check(folder, _actors):
        settled(folder, BASE)

    assert every_place(fresh, [compaction.compact, compaction.compact], check, stops=1) > 20


@pytest.mark.slow
@pytest.mark.usefixtures("no_locks")
def test_two_compactors_without_locks_that_overtake_each_other(fresh):
    def check(folder, _actors):
        settled(folder, BASE)

    assert every_place(fresh, [compaction.compact, compaction.compact], check, stops=2) > 400


@pytest.mark.usefixtures("no_locks")
def test_a_reader_between_two_compactors_and_a_writer(fresh):
    """Three at once: the compactor is stopped anywhere, the writer runs, another compactor runs, and the reader reads."""
    for first in itertools.count():
        folder = fresh()
        works = [compaction.compact, write_again, compaction.compact, numbers]
        schedule = [(0, first), (1, None), (2, None), (3, None)]
        actors = play(folder, [partial(work, folder) for work in works], schedule)
        if actors is None:
            break
        assert actors[3].result == sorted(BASE | ADDED)
        settled(folder, BASE | ADDED)
    assert first > 20


@pytest.mark.slow
@pytest.mark.usefixtures("no_locks")
def test_one_that_slept_while_its_number_was_used_and_removed_begins_again(fresh, monkeypatch):
    monkeypatch.setattr(switching, "KEPT_MANIFESTS", 1)
    monkeypatch.setattr(compaction, "LARGEST", 1)
    more = [50, 60, 70]

    def forget(folder):
        return compaction.forget(folder, [row(2).meta["prediction_id"]])

    def others(folder):
        for number in more:
            segments.append(folder, [row(number)], name=segments.once_name())
            compaction.compact(folder)

    def check(folder, actors):
        # Of a number that was used and removed in the meantime nobody can tell whether it was this one's.
        assert actors[0].result in (0, 1)
        settled(folder, (BASE | {*more}) - {2})

    assert every_place(fresh, [forget, others], check, stops=1) > 20


@pytest.mark.slow
@pytest.mark.usefixtures("no_locks")
def test_forgetting_beside_a_writer_and_a_compactor(fresh):
    gone = [row(number).meta["prediction_id"] for number in (1, 7, 20)]

    def forget(folder):
        return compaction.forget(folder, gone)

    def check(folder, actors):
        assert actors[0].result == 3
        settled(folder, (BASE | ADDED) - {1, 7, 20})

    assert every_place(fresh, [forget, write_once], check, stops=1) > 20

    def compacted(folder, actors):
        assert actors[0].result == 3
        settled(folder, BASE - {1, 7, 20})

    assert every_place(fresh, [forget, compaction.compact], compacted, stops=1) > 20


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A workspace whose pipelines are published and whose publisher has not come to index them."""
    root = tmp_path_factory.mktemp("published") / "w"
    workspace, _ = Workspace.init(root)
    small_csv(root / "d.csv")
    workspace.run(root / "d.csv", ridge_grid(root / "g.json", 3))
    shutil.rmtree(workspace.catalog)
    return root


def index_as_publisher(root):
    """What a publisher does last."""
    workspace = Workspace.open(root)
    (run,) = workspace.runs.list()
    pipelines = list(run.pipelines())
    rows = [index_row(one.record, one.record_id, one.metrics(), stored_blocks(one)) for one in pipelines]
    if segments.append(workspace.catalog, rows, name=run.ref(1).segment) is None:
        segments.append(workspace.catalog, rows)


def reindex(root):
    Workspace.open(root).reindex()


@pytest.mark.slow
@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize(
    "works",
    [(index_as_publisher, reindex), (reindex, index_as_publisher), (reindex, reindex)],
    ids=["publisher", "reindex", "twice"],
)
def test_reindexing_beside_the_publisher_adds_nothing_twice(published, tmp_path, works):
    for first in itertools.count():
        root = tmp_path / str(first)
        shutil.copytree(published, root)
        actors = play(root / "catalog", [partial(work, root) for work in works], [(0, first), (1, None)])
        if actors is None:
            break
        settled(root / "catalog", [1, 2, 3])
    assert first >= 8


@pytest.mark.usefixtures("no_locks")
def test_a_publisher_that_slept_through_reindexing_and_merging_adds_nothing(published, tmp_path, monkeypatch):
    monkeypatch.setattr(switching, "REMEMBERED", dt.timedelta(0))

    def others(root):
        reindex(root)
        segments.append(root / "catalog", [row(7)], name=segments.once_name())
        compaction.compact(root / "catalog")

    for first in itertools.count():
        root = tmp_path / str(first)
        shutil.copytree(published, root)
        works = [partial(index_as_publisher, root), partial(others, root)]
        actors = play(root / "catalog", works, [(0, first), (1, None)])
        if actors is None:
            break
        settled(root / "catalog", [1, 2, 3, 7])
    assert first >= 8
