"""Exports: a copy of a pipeline with the texts that a person needs to use it, in the form that was asked for.

This room puts a copy together; it must not know how a copy is written, nor who asks for it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from nws.engine import safe
from nws.engine.fitted import Fitted
from nws.engine.sources import Source
from nws.errors import Conflict, NwsError, UsageError
from nws.ids import check_name, closest
from nws.report.card import card
from nws.report.portrait import Portrait
from nws.report.recipe import CARD_FILE, README_FILE, readme
from nws.report.script import HELPER_FILE, SCRIPT_FILE, SKOPS_FILE, helper, script
from nws.shelf.forms import RENAME
from nws.shelf.shelves import FOLDER, SKOPS, ZIP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from numpy import ndarray

    from nws.pipeline import Pipeline
    from nws.shelf import Shelf
    from nws.workspace import Workspace

    Array = ndarray[Any, Any]

FORMS = (FOLDER, ZIP, SKOPS)
# So many of the stored spectra are predicted again with what was kept as skops.
_TRIED = 64


@dataclass(frozen=True, kw_only=True)
class Exported:
    """One export: where it is, of which pipeline, in which form.

    `types` are those that skops does not know in a model that is kept as skops; whoever loads it has to name them.
    `of_nws` are the classes of nws in it, without which it cannot be used.
    """

    path: Path
    pipeline: Pipeline
    form: str
    types: tuple[str, ...] = ()
    of_nws: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Exporting:
    """How pipelines are exported.

    `form` is `folder`, `zip` or `skops`; `name` stands in the place of dataset and date in the name of each copy;
    `replace` puts them in the place of copies of their name and form.
    """

    form: str = FOLDER
    name: str | None = None
    replace: bool = False

    def __post_init__(self) -> None:
        """Refuse a form that there is not, one that takes what is not installed, and a name that is none."""
        if self.form not in FORMS:
            near = closest(self.form, FORMS)
            hint = f"did you mean {near[0]}?" if near else ", ".join(FORMS)
            raise UsageError(f"no such format: {self.form!r}", hint=hint)
        if self.form == SKOPS:
            safe.needed()
        if self.name is not None:
            check_name(self.name, "custom name")


def export(
    workspace: Workspace,
    pipelines: Sequence[Pipeline],
    how: Exporting,
    *,
    shelf: Shelf | None = None,
    trusts: Callable[[Pipeline], bool] = lambda _: False,
) -> Iterator[Exported]:
    """Copy pipelines out, one after the other; all are looked at before the first is copied.

    Parameters
    ----------
    workspace
        Where they are.
    pipelines
        The pipelines.
    how
        In which form, and under which name.
    shelf
        Where the copies come to; `exports/` of the workspace if not given.
    trusts
        Whether the model of a pipeline is copied though it is of another user or came by import, and, which only skops
        takes, loaded though it is of another package.

    Raises
    ------
    Conflict
        If a pipeline failed, so that there is no model; if there is a copy of that name; if skops cannot hold a model.
    NotTrusted
        If a model is not that of this person, or would have to be loaded and may not be.
    Damaged
        If an object is missing or not what its id says; there is no copy of that pipeline then.
    """
    shelf = workspace.exports if shelf is None else shelf
    # The copies will belong to whoever makes them, and are loaded without another question.
    sources = [Source.in_workspace(workspace, one, trust=trusts(one)) for one in pipelines]
    for pipeline, source in zip(pipelines, sources, strict=True):
        source.steps()
        path = shelf.path(pipeline, how.form, name=how.name)
        if os.path.lexists(path) and not how.replace:
            raise Conflict(f"{path} is there already", hint=RENAME)
    for pipeline, source in zip(pipelines, sources, strict=True):
        yield _exported(Portrait(pipeline, source), shelf, how)


def _exported(portrait: Portrait, shelf: Shelf, how: Exporting) -> Exported:
    pipeline = portrait.pipeline
    kept = _kept(portrait) if how.form == SKOPS else None
    types = None if kept is None else kept.types
    texts = {
        CARD_FILE: card(portrait),
        HELPER_FILE: helper(),
        README_FILE: readme(portrait, types=types, version="" if kept is None else version("skops")),
        SCRIPT_FILE: script(portrait, types=types),
    }
    source = {}
    if kept is not None:
        texts[SKOPS_FILE] = kept.data
        source = {"skops_types": list(kept.types)}
    path = shelf.add(pipeline, how.form, name=how.name, texts=texts, source=source, replace=how.replace)
    return Exported(path=path, pipeline=pipeline, form=how.form, types=types or (), of_nws=tuple(portrait.of_nws))


def _kept(portrait: Portrait) -> safe.Safe:
    fitted = Fitted.load(portrait.source)
    return safe.dump(safe.joined(fitted), _some(portrait), what=f"the model of {portrait.pipeline.path}")


def _some(portrait: Portrait) -> Array | None:
    """Return some spectra of the dataset that the pipeline was fitted on; None where it is out of reach."""
    from nws.dataset import load

    try:
        dataset = load(portrait.source.objects, portrait.pipeline.record.dataset["id"], name="tried")
    except (NwsError, OSError):
        return None
    return dataset.spectra[:_TRIED].copy()
