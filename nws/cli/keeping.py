"""Commands that keep the catalog small and in order: compact, forget."""

import time
from typing import Annotated

from cyclopts import Parameter

from nws.cli.output import Progress
from nws.cli.session import Handed
from nws.errors import ANSWER_IS_NO, DONE, UsageError
from nws.words import plural


def compact(*, session: Handed) -> None:
    """Merge the segments of the index into fewer, sorted ones.

    Runs do this by themselves when segments pile up. Readers and writers go on meanwhile.
    """
    with Progress(session.output, time.monotonic) as progress:
        done = session.workspace().compact(report=progress.update)
    if done is None:
        session.output.say("another process is merging segments; nothing was changed")
        return
    if session.json:
        session.output.record("compact", {"merged": done.merged, "segments": done.segments})
    what = f"{plural(done.merged, 'segment')} merged" if done.merged else "nothing to merge"
    session.output.say(f"{what}; the index has {plural(done.segments, 'segment')}")


def forget(
    names: list[str] | None = None,
    /,
    *,
    deleted: bool = False,
    yes: Annotated[bool, Parameter(name=["-y", "--yes"])] = False,
    dry_run: bool = False,
    session: Handed,
) -> int:
    """Remove predictions of deleted runs from the catalog for good, with their arrays and tags; asks first.

    Archives stay. What is still in runs/ is refused: the index would get it back from there.

    Parameters
    ----------
    names
        Names of runs, RUN/0007 for one pipeline, or the start of a record or prediction id.
    deleted
        Every prediction whose run or pipeline is gone.
    yes
        Do not ask.
    dry_run
        Only say what would be removed.
    """
    from nws.upkeep.forget import forgettable

    if not names and not deleted:
        raise UsageError("nothing named to forget", hint="nws catalog forget RUN…, or --deleted for all that is gone")
    workspace = session.workspace()
    chosen = forgettable(workspace, names or [], deleted=deleted)
    if not len(chosen):
        session.output.say("the catalog has no prediction whose run is gone")
        return ANSWER_IS_NO
    runs = chosen.group_by("run_id", maintain_order=True).len("predictions")
    session.output.say(f"{plural(len(chosen), 'prediction')} of {plural(len(runs), 'run')}, with their arrays")
    if not dry_run:
        if not yes and not session.confirm("remove them for good?"):
            raise UsageError("nothing was removed: not confirmed", hint="--yes removes without asking")
        workspace.forget(chosen["prediction_id"])
    session.output.rows("forgotten", runs.iter_rows(named=True), {"run_id": "run", "predictions": "predictions"})
    if dry_run:
        session.output.say("nothing was changed")
    return DONE
