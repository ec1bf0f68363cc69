"""The workspace: the folder with `nws.toml`, and the way to everything in it.

This room finds, opens and hands out; it must not know how pipelines are run.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from nws import config, fsio
from nws.errors import BadInput, NoWorkspace, NwsError, SystemRefused, UnknownName, UsageError
from nws.ids import ObjectId, is_prefix
from nws.store import ObjectStore
from nws.trusted import other_owner

if TYPE_CHECKING:
    from pathlib import Path

    from nws.dataset import Datasets
    from nws.imported import Imported
    from nws.index.predictions import Predictions
    from nws.pipeline import Pipeline
    from nws.runs import Runs
    from nws.shelf import Shelf
    from nws.shelf.templates import Templates

MARKER = "nws.toml"
# A REF that begins so names a copy in the library.
LIBRARY = "library:"
_DECIDING = ("nws.toml", "_binaries", "runs", "catalog")
FOLDERS = ("_binaries", "datasets", "runs", "exports", "library", "catalog")


class Workspace:
    """An open workspace.

    Parameters
    ----------
    root
        The folder with `nws.toml`.
    settings
        What that file says.
    """

    def __init__(self, root: Path, settings: config.Settings) -> None:
        self.root = root
        self.settings = settings

    @classmethod
    def init(cls, root: Path) -> tuple[Self, bool]:
        """Create a workspace in `root`, and say whether this call did.

        Raises
        ------
        BadInput
            If `root` is a file.
        """
        if root.exists() and not root.is_dir():
            raise BadInput(f"{root} is not a folder", hint="name a folder for the workspace")
        known = (root / MARKER).exists()
        if known:
            # Before anything is made: it may be of a newer format.
            cls.open(root)
        for name in FOLDERS:
            fsio.make_folder(root / name)
        # The marker comes last: whoever sees it sees a whole workspace.
        made = not known and fsio.write_new(root / MARKER, config.TEMPLATE.encode())
        return cls.open(root), made

    @classmethod
    def open(cls, root: Path, *, trust: bool = False) -> Self:
        """Open the workspace in `root`.

        Parameters
        ----------
        root
            The folder with `nws.toml`.
        trust
            Whether the packages that it trusts count though it belongs to another user.

        Raises
        ------
        NoWorkspace
            If there is no `nws.toml`.
        NewerFormat
            If it has a newer format.
        """
        marker = root / MARKER
        try:
            text = marker.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError) as err:
            raise NoWorkspace(f"no workspace at {root}", hint=f"nws init {root}") from err
        except IsADirectoryError as err:
            raise BadInput(f"{marker} is a folder; a file is expected", hint="move it away, then: nws init") from err
        except UnicodeDecodeError as err:
            raise BadInput(f"{marker}: not UTF-8 text", hint=f"write at least: format = {config.FORMAT}") from err
        settings = config.read(text, where=str(marker))
        foreign = not trust and any(other_owner(path) is not None for path in (root, marker))
        return cls(root.absolute(), settings.without_trust() if foreign else settings)

    @classmethod
    def find(cls, start: Path | None = None) -> Self:
        """Open the nearest workspace at or above `start` (the current folder if not given).

        Raises
        ------
        NoWorkspace
            If there is none.
        """
        from pathlib import Path

        start = (start or Path()).absolute()
        for folder in (start, *start.parents):
            if (folder / MARKER).is_file():
                return cls.open(folder)
        raise NoWorkspace(
            f"no workspace at or above {start}", hint="nws init makes one here; -C DIR or NWS_WORKSPACE names another"
        )

    @cached_property
    def store(self) -> ObjectStore:
        """The objects."""
        return ObjectStore(self.root / "_binaries")

    @cached_property
    def runs(self) -> Runs:
        """The runs."""
        from nws.runs import Runs

        return Runs(self.root / "runs", self.store)

    @cached_property
    def datasets(self) -> Datasets:
        """The registered datasets."""
        from nws.dataset import Datasets

        return Datasets(self.root / "datasets", self.store)

    @cached_property
    def exports(self) -> Shelf:
        """The copies for people."""
        from nws.shelf import exports

        return exports(self.root / "exports")

    def shown(self, path: Path) -> str:
        """Return a path as people see it: within the workspace, or whole where it is elsewhere."""
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()

    @cached_property
    def library(self) -> Shelf:
        """The copies that people keep by name; a REF calls one `library:NAME`."""
        from nws.imported import TRAINED
        from nws.shelf import library

        return library(self.root / "library" / TRAINED)

    @cached_property
    def library_imported(self) -> Imported:
        """The marks of those copies in the library that came by import."""
        from nws.imported import FOLDER, Imported

        return Imported(self.root / "library" / FOLDER)

    @cached_property
    def templates(self) -> Templates:
        """The pipeline configs that people keep by name."""
        from nws.shelf.templates import Templates

        return Templates(self.root / "library" / "templates")

    @property
    def deciding(self) -> tuple[Path, ...]:
        """Its folder and what in it decides which models are loaded: they are of whoever may write to these."""
        return (self.root, *(self.root / name for name in _DECIDING))

    @property
    def catalog(self) -> Path:
        """The folder of the index."""
        return self.root / "catalog"

    @cached_property
    def archives(self) -> Shelf:
        """The permanent copies."""
        from nws.shelf import archives

        return archives(self.catalog / "archives")

    @cached_property
    def predictions(self) -> Predictions:
        """The index of all predictions."""
        from nws.index.predictions import Predictions

        return Predictions(self.catalog, standing=self.runs.standing, archive=self.archive)

    def writable(self) -> None:
        """Find out now, rather than after hours of work, that nothing can be written.

        Raises
        ------
        SystemRefused
            If the workspace is read-only for this user.
        """
        try:
            with fsio.staged(self.root / "runs"):
                pass
        except OSError as err:
            reason = (err.strerror or str(err)).lower()
            raise SystemRefused(f"cannot write to {self.root / 'runs'}: {reason}", hint="check permissions") from err

    def archive(self, ref: str, kind: str | None = None) -> Path:
        """Make a permanent copy of the pipeline that a REF names, whoever made its model, and return its file."""
        return self.archives.add(self.resolve(ref), kind)

    def resolve(self, text: str) -> Pipeline:
        """Return the pipeline that a REF names.

        A REF is a path to a view, `RUN/0007`, `RUN/best`, `RUN/last`, `best:DATASET`, or a unique prefix of a record
        id or prediction id.

        Raises
        ------
        UnknownName
            If it names nothing, more than one pipeline, or one that was deleted.
        """
        try:
            return self._named(text)
        except UnknownName as err:
            row = self._gone(text)
            if row is None:
                raise
            what = f"pipeline {row['run_id']}/{row['pipeline_id']} was deleted"
            hint = f"nws catalog show {row['prediction_id']} has what the catalog keeps of it"
            raise UnknownName(err.message if err.message.startswith(what) else what, hint=hint) from err

    def _gone(self, text: str) -> dict[str, Any] | None:
        """Return the row of a pipeline that only the index remembers."""
        try:
            row = self._indexed(text)
        except NwsError:
            return None
        return row if row is not None and row["deleted"] else None

    def _named(self, text: str) -> Pipeline:
        if text.startswith(LIBRARY):
            copy = self.library.get(text.removeprefix(LIBRARY))
            raise UsageError(
                f"{text} is a copy in the library, and a pipeline in runs/ is asked for",
                hint=f"nws library show {copy.name}; nws predict {text}; a fullrun: nws library load {copy.name}",
            )
        if text.startswith("best:"):
            return self._best(dataset=text.removeprefix("best:"))
        run, _, rest = text.rstrip("/").removeprefix("runs/").rpartition("/")
        if run:
            return self._in_run(run, rest)
        if is_prefix(text.replace("-", "").lower()):
            return self._by_id(text.lower())
        raise UnknownName(
            f"no pipeline named {text!r}",
            hint="a REF is RUN/0007, RUN/best, RUN/last, best:DATASET or the start of an id",
        )

    def record(self, text: str) -> str:
        """Return the record id of the pipeline that a REF names, also of one that only the index remembers.

        Raises
        ------
        UnknownName
            If it names nothing, or more than one pipeline.
        """
        try:
            return self.resolve(text).record_id
        except UnknownName as err:
            try:
                return str(self.remembered(text)["record"])
            except UnknownName:
                raise err from None

    def remembered(self, text: str) -> dict[str, Any]:
        """Return the row of the index of the pipeline that a REF names, whether or not it is still there.

        Raises
        ------
        UnknownName
            If it names nothing, more than one pipeline, or one that is not indexed.
        """
        return self._indexed(text) or self.predictions.resolve(self.resolve(text).record_id)

    def _indexed(self, text: str) -> dict[str, Any] | None:
        """Return the row that an id, or a run and a number, name by themselves."""
        if is_prefix(text.replace("-", "").lower()):
            return self.predictions.resolve(text.lower())
        run, _, rest = text.rstrip("/").removeprefix("runs/").rpartition("/")
        digits = rest.split("_", 1)[0]
        if run and digits.isdecimal():
            with contextlib.suppress(UnknownName):
                rows = self.predictions.filter_by_criteria(run=run, where=f"pipeline_number = {int(digits)}", n=1)
                for row in rows.iter_rows(named=True):
                    if rest in (digits, row["pipeline_id"]):
                        return row
        return None

    def _in_run(self, run_text: str, rest: str) -> Pipeline:
        run = self.runs.get(run_text.rsplit("/", 1)[-1])
        if rest == "best":
            return self._best(run=run.name)
        if rest == "last":
            for number in reversed(run.numbers()):
                if run.ref(number).record is not None:
                    return run.pipeline(number)
            raise UnknownName(f"run {run.name} has no pipelines", hint=f"nws runs show {run.name}")
        digits = rest.split("_", 1)[0]
        if not digits.isdecimal():
            raise UnknownName(f"no pipeline {rest!r} in run {run.name}", hint=f"nws runs show {run.name}")
        pipeline = run.pipeline(int(digits))
        if "_" in rest and rest != pipeline.record.id:
            raise UnknownName(
                f"no pipeline {rest!r} in run {run.name}", hint=f"number {digits} is {pipeline.record.id}"
            )
        return pipeline

    def _best(self, *, dataset: str | None = None, run: str | None = None) -> Pipeline:
        # What it names is worked with, so one that is gone does not count.
        found = self.predictions.leaderboard(dataset, n=1, show=["record"], run=run, deleted=False).rows
        if not len(found):
            what = f"dataset {dataset!r}" if dataset else f"run {run}"
            raise UnknownName(f"{what} has no ranked pipeline", hint="nws catalog list shows what there is")
        return self._load(found["record"][0])

    def _by_id(self, prefix: str) -> Pipeline:
        if len(prefix) == 64 and self.store.has(ObjectId(prefix)):
            return self._load(prefix)
        return self._load(self.predictions.resolve(prefix)["record"])

    def _load(self, record_id: str) -> Pipeline:
        """Return the pipeline of a record that its run still names: others are deleted, or never were of that run."""
        from nws.pipeline import Pipeline
        from nws.run import Run

        pipeline = Pipeline.load(self.store, ObjectId(record_id), runs=self.runs.folder)
        record = pipeline.record
        if Run(self.runs.folder / record.run_id, self.store).ref(record.number).record != pipeline.record_id:
            raise UnknownName(
                f"{pipeline.ref} is not the pipeline of record {pipeline.record_id.short}", hint="nws log"
            )
        return pipeline
