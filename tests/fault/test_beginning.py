"""Two processes that begin a run of the same name at the same instant: each has a folder to itself, wherever one is overtaken."""

import contextlib
import itertools
from functools import partial

import pytest
from stage import play
from workspaces import ridge_grid, small_csv

from nws import Workspace
from nws.engine.asked import config_of
from nws.engine.begin import begin
from nws.engine.request import Request
from nws.engine.summary import summarize
from nws.run import COMPLETED


@pytest.mark.parametrize("second", ["stays", "leaves"])
def test_no_two_processes_begin_the_same_run(tmp_path, second):
    small_csv(tmp_path / "wheat.csv")
    ridge_grid(tmp_path / "grid.json", 1)
    request = Request(datasets=(tmp_path / "wheat.csv",), pipelines=(tmp_path / "grid.json",), force=True)

    def start(workspace, plan, presence, *, leave):
        run = begin(workspace, plan, request, presence).run
        config = config_of(run, plan, request)
        run.write(config)
        if leave:
            run.write(summarize(run, [], status=COMPLETED, held_in={}, started_at=config.created_at))
            presence.close()
        return run.name

    for first in itertools.count():
        workspace, _ = Workspace.init(tmp_path / str(first))
        (plan,) = workspace.plan(request)
        with contextlib.ExitStack() as one, contextlib.ExitStack() as two:
            works = [
                partial(start, workspace, plan, one, leave=False),
                partial(start, workspace, plan, two, leave=second == "leaves"),
            ]
            actors = play(workspace.runs.folder, works, [(0, first), (1, None)])
        if actors is None:
            break
        names = [actor.result for actor in actors]
        assert names[0] != names[1], first
    assert first > 5
