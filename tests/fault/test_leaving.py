"""A process that comes to its end while another looks for a run to go on with: it is finished, or at work, never cut off."""

import contextlib
import dataclasses
import itertools
from functools import partial

from stage import play
from workspaces import ridge_grid, small_csv

from nws import Workspace
from nws.run import COMPLETED, RUNNING


def test_a_run_that_is_being_left_is_not_taken_for_one_that_was_cut_off(tmp_path):
    workspace, _ = Workspace.init(tmp_path)
    (result,) = workspace.run(small_csv(tmp_path / "d.csv"), ridge_grid(tmp_path / "g.json", 1))
    run, done = result.run, result.summary
    assert done.status == COMPLETED
    plan = run.config().plan
    look = partial(workspace.runs.unfinished, "d", None, plan=plan)

    def leave(presence):
        run.write(done)
        presence.close()

    run.write(dataclasses.replace(done, status=RUNNING))
    assert look().name == run.name
    for first in itertools.count():
        run.write(dataclasses.replace(done, status=RUNNING))
        presence = contextlib.ExitStack()
        presence.enter_context(run.at_work())
        actors = play(tmp_path / "runs", [look, partial(leave, presence)], [(0, first), (1, None)])
        if actors is None:
            break
        assert actors[0].result is None
    assert first > 3


def test_a_run_says_that_it_is_finished_before_it_is_left(tmp_path, monkeypatch):
    workspace, _ = Workspace.init(tmp_path)
    seen = []
    from nws.run import Run

    at_work = Run.at_work

    @contextlib.contextmanager
    def watched(run, **how):
        with at_work(run, **how) as got:
            yield got
            seen.append(run.summary().status)

    monkeypatch.setattr(Run, "at_work", watched)
    (result,) = workspace.run(small_csv(tmp_path / "d.csv"), ridge_grid(tmp_path / "g.json", 1))
    assert seen[0] == COMPLETED == result.summary.status
