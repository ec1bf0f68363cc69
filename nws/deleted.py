"""What was deleted: the folder `runs/.deleted/`, which can be listed without opening a single run.

`RUN.json` says that a run was deleted and keeps its name from being used again; `RUN.refs/0007` is a copy of the ref
that says that a pipeline of it was. This room must not know how either is deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws import fsio
from nws.ids import is_number_name
from nws.records import DeletedRun, Ref, encode, now, timestamp

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

_RUN, _REFS = ".json", ".refs"


class Deleted:
    """The folder of what was deleted.

    Parameters
    ----------
    folder
        `WORKSPACE/runs/.deleted`; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> set[str]:
        """Return the names of runs that are not to be given to another one, if they are not there any more.

        A run that was removed by hand is among them if a pipeline had been deleted out of it.
        """
        found = fsio.names(self.folder)
        return {name.removesuffix(ending) for name in found for ending in (_RUN, _REFS) if name.endswith(ending)}

    def add_run(self, name: str, *, pipelines: int) -> None:
        """Keep the name of a run that is about to go; `pipelines` is how many numbers it had."""
        document = DeletedRun(run_id=name, deleted_at=timestamp(now()), pipelines=pipelines)
        fsio.replace(fsio.make_folder(self.folder) / f"{name}{_RUN}", encode(document))

    def pipelines(self, runs: Container[str]) -> Iterator[tuple[str, int]]:
        """Yield run and number of each pipeline that was deleted out of one of these runs."""
        for folder in fsio.folders(self.folder):
            run = folder.removesuffix(_REFS)
            if folder.endswith(_REFS) and run in runs:
                yield from ((run, int(name)) for name in fsio.names(self.folder / folder) if is_number_name(name))

    def add_pipeline(self, run: str, ref: Ref) -> None:
        """Mark a pipeline whose ref says that it was deleted."""
        folder = self.folder / f"{run}{_REFS}"
        if not folder.is_dir():
            fsio.make_folder(folder)
            fsio.sync_folder(self.folder)
        fsio.replace(folder / ref.file_name, encode(ref))

    def remove_pipelines(self, run: str) -> None:
        """Remove the marks of a run that is gone itself."""
        fsio.remove_tree(self.folder / f"{run}{_REFS}")
