"""Templates of the library: configs that are read and understood before they are kept.

This room must not know where a template stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nws.documents import read
from nws.engine.plan import expand
from nws.errors import BadInput
from nws.shelf.opening import open_copy
from nws.workspace import LIBRARY

if TYPE_CHECKING:
    from nws.engine.tasks import PipelineConfig
    from nws.records import PipelineRecord
    from nws.workspace import Workspace

_FILES = frozenset({".json", ".yaml", ".yml"})


def config_of(workspace: Workspace, source: str | Path, *, description: str = "") -> tuple[Any, list[PipelineConfig]]:
    """Return a config to keep, as plain data, and the pipelines that it gives.

    Parameters
    ----------
    workspace
        Where a REF is looked up, and which packages are trusted.
    source
        A config file; or a REF, whose pipeline is taken as it was given.
    description
        What to say of it, in the place of what it says.

    Raises
    ------
    BadInput
        If the config cannot be used.
    UnknownName
        If the REF names nothing.
    NotTrusted
        If it names a class of a package that is not trusted.
    """
    path = Path(source)
    record = None if path.is_file() or path.suffix.lower() in _FILES else _record(workspace, str(source))
    found = read(path) if record is None else _given(record)
    if description:
        found = {**found, "description": description} if isinstance(found, dict) else _told(found, description)
    configs = expand(found, file=str(source), trusted=workspace.settings.trusted_packages)
    if record is not None and [config.hash for config in configs] != [record.hash]:
        raise BadInput(f"the config of {source} gives another pipeline here than it was run as")
    return found, configs


def _record(workspace: Workspace, ref: str) -> PipelineRecord:
    if ref.startswith(LIBRARY):
        return open_copy(workspace.library.get(ref.removeprefix(LIBRARY)).path).record
    return workspace.resolve(ref).record


def _given(record: PipelineRecord) -> Any:
    """Return the config of one pipeline, as it was given."""
    if record.name is None:
        return record.config
    return {**(record.config if isinstance(record.config, dict) else {"pipeline": record.config}), "name": record.name}


def _told(steps: Any, description: str) -> dict[str, Any]:
    return {"description": description, "pipeline": steps}
