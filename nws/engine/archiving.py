"""The last step of a run: a permanent copy of its best predictions, one for each target.

Nothing is taken away here: a run that is added to keeps what it archived before. This module must not know how
pipelines are ranked, nor how a copy is written.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from nws.engine.summary import best_by_target
from nws.errors import NwsError
from nws.shelf.contents import BEST_PREDICTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nws.engine.publish import Entry
    from nws.run import Run
    from nws.shelf import Shelf


def archive_best(archives: Shelf, run: Run, found: Sequence[Entry]) -> tuple[list[Path], NwsError | OSError | None]:
    """Archive the predictions of the best pipeline on each target.

    Parameters
    ----------
    archives
        Where to.
    run
        The run.
    found
        All its pipelines.

    Returns
    -------
    list of Path
        The copies, new or there already.
    NwsError, OSError or None
        The first failure, handed back rather than raised: the run is finished, whatever becomes of the copies.
    """
    paths: list[Path] = []
    failure: NwsError | OSError | None = None
    for entry in best_by_target(found).values():
        try:
            paths.append(archives.add(entry.pipeline, BEST_PREDICTIONS))
            run.log(f"archived the predictions of {entry.pipeline.record.id}: {paths[-1].name}")
        except (NwsError, OSError) as err:
            failure = failure or err
            with contextlib.suppress(OSError):
                run.log(f"could not archive the predictions of {entry.pipeline.record.id}: {err}")
    return paths, failure
