"""Templates: pipeline configs that people keep under a name, each a plain JSON file that `nws run` takes.

This room must not know what a config says.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nws import fsio
from nws.errors import Conflict, UnknownName
from nws.ids import check_name, closest

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "template:"
_ENDING = ".json"


class Templates:
    """The folder of templates.

    Parameters
    ----------
    folder
        `WORKSPACE/library/templates`; made when the first one is added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the names of all templates, sorted."""
        return [name.removesuffix(_ENDING) for name in fsio.names(self.folder) if name.endswith(_ENDING)]

    def get(self, name: str) -> Path:
        """Return the file of a template.

        Raises
        ------
        UnknownName
            If there is none of that name.
        """
        known = self.names()
        if name not in known:
            near = closest(name, known)
            hint = f"did you mean {near[0]}?" if near else "nws library template list"
            raise UnknownName(f"no template named {name!r}", hint=hint)
        return self.folder / f"{name}{_ENDING}"

    def add(self, name: str, config: Any, *, replace: bool = False) -> Path:
        """Keep a config under a name, and return its file. Keys keep their order, by which pipelines are numbered.

        Raises
        ------
        UsageError
            If it is not a name.
        Conflict
            If there is a template of that name and `replace` is not set.
        """
        name = check_name(name, "template name")
        path = self.folder / f"{name}{_ENDING}"
        data = json.dumps(config, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        taken = [other for other in self.names() if other.casefold() == name.casefold()]
        if replace:
            fsio.make_folder(self.folder)
            fsio.replace(path, data)
            fsio.remove_all(self.folder, [f"{other}{_ENDING}" for other in taken if other != name])
        elif taken or not fsio.write_new(path, data):
            raise Conflict(f"template {name!r} is there already", hint="choose another name, or --replace it")
        return path
