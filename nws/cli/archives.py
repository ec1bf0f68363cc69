"""Commands on permanent copies: catalog archive, catalog verify."""

import time
from typing import Annotated

from cyclopts import Parameter

from nws.cli.copies import verify_copies
from nws.cli.output import Progress
from nws.cli.session import Handed

Refs = Annotated[
    list[str], Parameter(help="RUN/0007, RUN/best, RUN/last, best:DATASET, a view, or the start of an id.")
]


def archive(refs: Refs, /, *, kind: str = "pipeline", session: Handed) -> None:
    """Make permanent copies of pipelines in catalog/archives; what is archived already is left as it is.

    Parameters
    ----------
    kind
        pipeline: everything, with the data, as a zip file; filtered: only what predicting takes; best_predictions: only
        the predictions, as a CSV file.
    """
    from nws.engine.archiving import archive as archive_all

    workspace = session.workspace()
    # A name that is wrong is found before anything is copied.
    pipelines = [session.resolve(workspace, ref) for ref in refs]
    with Progress(session.output, time.monotonic) as progress:
        found = archive_all(
            workspace, pipelines, kind, trusts=lambda one: session.trusts(workspace, one),
            report=lambda text: progress.update(text, final=True),
        )  # fmt: skip
        for pipeline, path, known in found:
            progress.clear()
            if known:
                session.output.say(f"{pipeline.path} was archived already; nothing was changed")
            source = {"record": pipeline.record_id, "run_id": pipeline.record.run_id, "pipeline_id": pipeline.record.id}
            state = "unchanged" if known else "added"
            facts = {"path": path.relative_to(workspace.root).as_posix(), "kind": kind, "state": state, **source}
            session.output.made("archive", facts)


def verify(names: list[str] | None = None, /, *, session: Handed) -> int:
    """Check archives against their manifests: every member, every byte, and nothing beside them.

    Parameters
    ----------
    names
        Names or paths of archives; all of them if not given.
    """
    workspace = session.workspace()
    none = "nothing is archived yet: nws catalog archive REF"
    return verify_copies(session.output, workspace.archives, workspace.root, names, noun="archive", none=none)
