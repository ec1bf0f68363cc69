"""Commands on tags: tag add, remove, list."""

from typing import Annotated, Any

from cyclopts import Parameter

from nws.cli.rows import no
from nws.cli.session import Handed
from nws.errors import ANSWER_IS_NO, DONE
from nws.ids import check_name

Ref = Annotated[str, Parameter(help="RUN/0007, RUN/best, best:DATASET, …, or the start of an id; deleted ones too.")]
Words = Annotated[list[str], Parameter(help="Words of letters, digits, '.', '_' or '-'.")]


def add(ref: Ref, tags: Words, /, *, session: Handed) -> int:
    """Tag a pipeline. The tag stays when its run is deleted."""
    names = [check_name(tag, "tag") for tag in tags]
    workspace = session.workspace()
    record = session.record(workspace, ref)
    for name in dict.fromkeys(names):
        added = workspace.predictions.tags.add(record, name)
        if session.json:
            session.output.record("tag", {"tag": name, "record": record, "added": added})
        session.output.say(f"{ref} is tagged {name}" if added else f"{ref} is tagged {name} already")
    return DONE


def remove(ref: Ref, tags: Words, /, *, session: Handed) -> int:
    """Take tags off a pipeline."""
    names = [check_name(tag, "tag") for tag in tags]
    workspace = session.workspace()
    record = session.record(workspace, ref)
    code = DONE
    for name in dict.fromkeys(names):
        removed = workspace.predictions.tags.remove(record, name)
        if session.json:
            session.output.record("tag", {"tag": name, "record": record, "removed": removed})
        session.output.say(f"{ref} is no longer tagged {name}" if removed else f"{ref} is not tagged {name}")
        code = code if removed else ANSWER_IS_NO
    return code


def list_(ref: Annotated[str | None, Parameter(help="Only of this pipeline.")] = None, /, *, session: Handed) -> int:
    """List the tags in use, or those of one pipeline."""
    workspace = session.workspace()
    tags = workspace.predictions.tags
    rows: list[dict[str, Any]]
    if ref is None:
        rows = [{"tag": tag, "pipelines": count} for tag, count in tags.counts().items()]
        shown = ["tag", "pipelines"]
    else:
        record = session.record(workspace, ref)
        rows = [{"tag": tag, "record": record} for tag in tags.of(record)]
        shown = ["tag"]
    if not rows:
        return no(session, "nothing is tagged yet: nws tag add REF TAG" if ref is None else f"{ref} has no tags")
    session.output.rows("tag", rows, shown)
    return DONE
