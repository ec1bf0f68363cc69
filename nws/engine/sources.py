"""Where a stored pipeline is read from to predict with it: a workspace, or a copy that stands anywhere.

Whose files they are is looked at here, before any is loaded. This room must not know what is predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.engine import artifacts, safe
from nws.engine.tasks import MODEL, TRANSFORM, Y_PROCESSING
from nws.engine.trust import check_imported, check_owner
from nws.errors import Conflict, Damaged, NewerFormat, UnknownName
from nws.ids import ObjectId
from nws.imported import came_by_import, libraries
from nws.metrics import METRICS, REGRESSION
from nws.shelf.opening import open_copy

if TYPE_CHECKING:
    from pathlib import Path

    from nws.dataset.snapshot import Objects
    from nws.pipeline import Pipeline
    from nws.records import JsonMap, PipelineRecord
    from nws.workspace import Workspace

_KINDS = (TRANSFORM, Y_PROCESSING, MODEL)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A stored pipeline: its record, and where the objects that it names are read from.

    `path` is what it is called in messages; `packages` are those that are trusted besides the ones that always are,
    None where a person said that he trusts all of it; `skops` is the model, where it is kept as skops.
    """

    path: str
    record_id: str
    record: PipelineRecord
    objects: Objects
    packages: tuple[str, ...] | None = ()
    skops: bytes | None = None

    @classmethod
    def in_workspace(cls, workspace: Workspace, pipeline: Pipeline, *, trust: bool = False) -> Source:
        """Return a pipeline of a workspace.

        Raises
        ------
        NotTrusted
            If the workspace belongs to another user, or the run came by import, and `trust` is not set.
        """
        if not trust:
            what, run = f"the model of {pipeline.path}", pipeline.record.run_id
            check_owner(what, workspace.deciding)
            check_imported(what, workspace.runs.folder / run, came=workspace.runs.imported.has(run))
        return cls(
            path=pipeline.path,
            record_id=pipeline.record_id,
            record=pipeline.record,
            objects=pipeline.store,
            packages=None if trust else workspace.settings.trusted_packages,
        )

    @classmethod
    def in_copy(cls, path: Path, *, packages: tuple[str, ...] = (), trust: bool = False) -> Source:
        """Return the pipeline in an exported folder or a zip file; as `nws.shelf.opening.open_copy`.

        Raises
        ------
        NotTrusted
            If a file of it, or the library that it is in, belongs to another user, or it came by import, and `trust` is
            not set; but a model as skops that has no type unknown to skops runs no code, and needs no trust.
        """
        copy = open_copy(path)
        kept = b"".join(copy.read(safe.FILE_NAME)) if safe.FILE_NAME in copy.ids else None
        if not trust and (kept is None or safe.unknown(kept, what=f"the model in {path}")):
            # Whoever has a library could take a mark away.
            check_owner(f"the model in {path}", (*copy.paths(), *libraries(path)))
            check_imported(f"the model in {path}", path, came=came_by_import(path))
        return cls(
            path=str(path),
            record_id=copy.record_id,
            record=copy.record,
            objects=copy,
            packages=None if trust else packages,
            skops=kept,
        )

    def artifact(self, step: JsonMap) -> bytes:
        """Return the bytes of a fitted step.

        Raises
        ------
        Damaged
            If they are gone, or do not match their id.
        NewerFormat
            If they are in a form that is not known.
        """
        oid = step.get("artifact")
        if oid is None:
            raise Damaged(f"{self.path} has no artifact of step {step.get('step')} ({step.get('class')})")
        forms = {item["object"]: item.get("format") for item in self.record.artifacts}
        if forms.get(oid, artifacts.FORMAT) != artifacts.FORMAT:
            raise NewerFormat(f"{self.path}: step {step.get('step')} is stored as {forms[oid]!r}")
        try:
            return self.objects.get(ObjectId(oid))
        except UnknownName as err:
            raise Damaged(
                f"{self.path}: the artifact of step {step.get('step')} is gone: {err.message}",
                hint="bring _binaries/ or the copy back from where it came, or run the pipeline again",
            ) from err

    def steps(self) -> list[JsonMap]:
        """Return the steps that have a part in predicting, in order.

        Raises
        ------
        Conflict
            If there is no model, because the pipeline failed.
        """
        steps = [step for step in self.record.steps if step.get("operator") in _KINDS]
        if self.record.error is not None or not any(step["operator"] == MODEL for step in steps):
            raise Conflict(
                f"{self.path} has no model to predict with: it {self.record.status}",
                hint="nws runs show RUN lists the pipelines that have one",
            )
        return steps

    @property
    def task(self) -> str:
        """`regression` or `classification`."""
        primary = METRICS.get(str(self.record.evaluation.get("metric")))
        return primary.task if primary else REGRESSION

    @property
    def target(self) -> str:
        """Name of what is predicted."""
        return str(self.record.dataset["targets"][0])
