"""Commands that keep a workspace small and sound: gc."""

import time

from nws.cli.lengths import length
from nws.cli.output import Progress
from nws.cli.session import Handed
from nws.words import plural, size


def gc(*, grace: str = "2w", dry_run: bool = False, session: Handed) -> None:
    """Remove objects that no run and no dataset needs any more.

    What a deleted run leaves in the store goes here. Archives, library and exports are not touched. It may be used
    while runs are at work.

    Parameters
    ----------
    grace
        Keep what was added within this time, used or not: 2w, 30d, 12h, 0.
    dry_run
        Only say what would go.
    """
    kept_for = length(grace, "--grace")
    with Progress(session.output, time.monotonic) as progress:
        found = session.workspace().gc(grace=kept_for, dry_run=dry_run, report=progress.update)
    if session.json:
        session.output.record("gc", {**vars(found), "dry_run": dry_run, "grace_seconds": kept_for.total_seconds()})
        return
    why = f"newer than {grace} or of a run at work"
    goes = {
        "would be removed" if dry_run else "removed": f"{plural(found.removed, 'object')}, {size(found.removed_bytes)}",
        "left by killed processes": found.temporary or None,
    }
    session.output.facts(
        "gc",
        {
            "examined": plural(found.examined, "object"),
            "needed": plural(found.reachable, "object"),
            "kept for now": f"{plural(found.kept, 'object')}, {why}" if found.kept else None,
            "kept in packs": f"{plural(found.in_packs, 'object')}, beside needed ones" if found.in_packs else None,
            **goes,
        },
    )
    if dry_run:
        session.output.say("nothing was changed")
