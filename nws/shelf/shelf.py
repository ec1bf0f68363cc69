"""One shelf: a folder of named copies of pipelines, of the kinds that it has.

This room gives copies their names and finds them again; it must not know what a copy holds or how it is written.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from nws import fsio
from nws.errors import Conflict, NewerFormat, UnknownName, UsageError
from nws.ids import check_name, closest
from nws.shelf.forms import NAME
from nws.shelf.manifests import MANIFEST_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nws.pipeline import Pipeline
    from nws.records import JsonMap
    from nws.shelf.checking import Found
    from nws.shelf.contents import Contents

OK, DAMAGED, NEWER = "ok", "damaged", "newer"


class Form(NamedTuple):
    """How copies stand on disk.

    `suffixes` are those of the file and of what stands beside it; `check` tells what is wrong with one, given what its
    manifest has to say it is; `source` reads from the manifest what one is of; `of_folders` tells that a copy is a
    folder with its manifest in it, and no file.
    """

    suffixes: tuple[str, ...]
    check: Callable[[Path, str | None], Found]
    source: Callable[[Path], JsonMap]
    of_folders: bool = False

    def name_of(self, path: Path) -> str | None:
        """Return the name of the copy that a file or folder belongs to, if any."""
        suffix = next((suffix for suffix in self.suffixes if path.name.endswith(suffix)), None)
        if suffix is None or (self.of_folders and not os.path.lexists(path / MANIFEST_FILE)):
            return None
        return path.name.removesuffix(suffix)

    def files(self, path: Path) -> list[Path]:
        """Return the files that a copy is made of, the one that bears its name first; they need not be there."""
        stem = path.name.removesuffix(self.suffixes[0])
        return [path.with_name(f"{stem}{suffix}") for suffix in self.suffixes]


class Kind(NamedTuple):
    """One kind of copy.

    `folder` is the part of the shelf in which it stands; `contents` says what it holds of a pipeline, `add` writes it,
    and `over`, where one may be replaced, writes it in the place of another.
    """

    folder: str
    form: Form
    contents: Callable[[Pipeline], Contents]
    add: Callable[[Path, Contents], None]
    over: Callable[[Path, Contents], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One copy on a shelf: its kind, its name, and its file."""

    kind: str
    name: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check of a copy found: `ok`, `damaged`, or `newer` (a later version wrote it), and what is wrong."""

    state: str
    problems: tuple[str, ...] = ()


class Shelf:
    """A folder of copies.

    Parameters
    ----------
    root
        Where the copies stand; made when the first one is added.
    kinds
        What can be added; the first one is what is added where no kind is named.
    naming
        The name of the copy of a pipeline, given the name that a person wants in it.
    beside
        Folders in it that are not of copies.
    """

    def __init__(
        self,
        root: Path,
        kinds: Mapping[str, Kind],
        naming: Callable[[Pipeline, str | None], str],
        *,
        beside: Sequence[str] = (),
    ) -> None:
        self.root = root
        self.kinds = kinds
        # A name ends in every suffix that is a part of its own: the longest one tells.
        self._longest_first = sorted(kinds.items(), key=lambda item: -len(item[1].form.suffixes[0]))
        self._naming = naming
        self._beside = beside

    def path(self, pipeline: Pipeline, kind: str | None = None, *, name: str | None = None) -> Path:
        """Return where the copy of a pipeline stands, or would stand.

        Raises
        ------
        UsageError
            If the shelf has no such kind.
        """
        chosen = self._kind(kind)
        return self.root / chosen.folder / f"{self._naming(pipeline, name)}{chosen.form.suffixes[0]}"

    def add(
        self,
        pipeline: Pipeline,
        kind: str | None = None,
        *,
        name: str | None = None,
        texts: Mapping[str, bytes] | None = None,
        source: JsonMap | None = None,
        replace: bool = False,
    ) -> Path:
        """Copy a pipeline out, and return the new folder or file.

        Parameters
        ----------
        pipeline
            What to copy.
        kind
            Which of the kinds of the shelf; the first one if not given.
        name
            Stands in the name of the copy, where the shelf lets people choose.
        texts
            Members that are made for this copy, besides those of its kind.
        source
            What its manifest says of where it is from, besides the pipeline.
        replace
            Put it in the place of a copy of that name and kind, where the kind allows it.

        Raises
        ------
        UsageError
            If the shelf has no such kind.
        Conflict
            If another copy has that name, or the pipeline lacks what the kind is of.
        Damaged
            If an object is missing or not what its id says; there is no copy then.
        """
        chosen = self._kind(kind)
        path = self.path(pipeline, kind, name=name)
        held = chosen.contents(pipeline)
        texts, source = {**held.texts, **(texts or {})}, {**held.source, **(source or {})}
        self._writer(chosen, path, replace=replace)(path, dataclasses.replace(held, texts=texts, source=source))
        return path

    def _writer(self, kind: Kind, path: Path, *, replace: bool) -> Callable[[Path, Contents], None]:
        """Return how to write a copy: where it may replace another, not in the place of what is none."""
        if not replace or kind.over is None:
            return kind.add
        if os.path.lexists(path) and self._copy(path) is None:
            raise Conflict(f"{path} is there already, and is no copy that may be replaced", hint="move it away")
        return kind.over

    def put(self, held: Contents, name: str, *, replace: bool = False) -> Path:
        """Write a copy of chosen contents, and return its file. One name is one copy, whatever its kind.

        Parameters
        ----------
        held
            What to copy; its kind is one of those of the shelf.
        name
            What to call it.
        replace
            Put it in the place of a copy of that name, of any kind.

        Raises
        ------
        UsageError
            If it is not a name, or the shelf has no such kind.
        Conflict
            If there is a copy of that name and `replace` is not set.
        Damaged
            If an object is missing or not what its id says; there is no copy then.
        """
        chosen = self._kind(held.kind)
        name = check_name(name, "copy name")
        path = self.root / chosen.folder / f"{name}{chosen.form.suffixes[0]}"
        before = self.replaced(name, replace=replace)
        self._writer(chosen, path, replace=replace)(path, held)
        for copy in before:
            if copy.path != path:
                self.remove(copy)
        return path

    def named(self, name: str) -> Sequence[Copy]:
        """Return the copies of that name, of any kind; names that differ only in case are one file on some systems."""
        return [copy for copy in self.list() if copy.name.casefold() == name.casefold()]

    def replaced(self, name: str, *, replace: bool) -> Sequence[Copy]:
        """Return the copies in whose place one of that name would come.

        Raises
        ------
        Conflict
            If there are some and `replace` is not set.
        """
        before = self.named(name)
        if before and not replace:
            raise Conflict(f"{before[0].path} is there already", hint=NAME)
        return before

    def get(self, name: str) -> Copy:
        """Return the copy of that name, or of that end of its path where copies of several kinds have the name.

        Raises
        ------
        UnknownName
            If there is none, or more than one.
        """
        found = self.find([name])
        if len(found) > 1:
            paths = ", ".join(copy.path.relative_to(self.root).as_posix() for copy in found)
            raise UnknownName(f"more than one copy is named {name!r}", hint=f"one of {paths}")
        return found[0]

    def remove(self, copy: Copy) -> None:
        """Remove a copy; harmless if it is gone already."""
        if copy.path.is_dir() and not copy.path.is_symlink():
            fsio.remove_tree(copy.path)
            return
        # A copy is there when the last of its files is, so that one goes first.
        files = self.kinds[copy.kind].form.files(copy.path)
        fsio.remove_all(copy.path.parent, [file.name for file in reversed(files)])

    def has(self, pipeline: Pipeline, kind: str | None = None, *, name: str | None = None) -> bool:
        """Say whether there is a copy of that name; whether it is sound, `verify` says."""
        return all(file.exists() for file in self._kind(kind).form.files(self.path(pipeline, kind, name=name)))

    def _kind(self, kind: str | None) -> Kind:
        chosen = next(iter(self.kinds)) if kind is None else kind
        if chosen not in self.kinds:
            near = closest(chosen, self.kinds)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(self.kinds)}"
            raise UsageError(f"no such kind of copy: {chosen!r}", hint=hint)
        return self.kinds[chosen]

    def list(self) -> Iterator[Copy]:
        """Yield every copy, by kind and name."""
        order = list(self.kinds)
        found = {copy for path in self._paths() if (copy := self._copy(path)) is not None}
        yield from sorted(found, key=lambda copy: (order.index(copy.kind), copy.name))

    def strays(self) -> Iterator[Path]:
        """Yield every file and folder that belongs to no copy."""
        rooms = {self.root / name for name in (*self._folders(), *self._beside)}
        for path in sorted(self._paths()):
            if self._copy(path) is None and not (path in rooms and path.is_dir()):
                yield path

    def _folders(self) -> set[str]:
        return {kind.folder for kind in self.kinds.values()}

    def _paths(self) -> Iterator[Path]:
        """Yield what lies on the shelf and in its parts."""
        for folder in sorted({"", *self._folders()}):
            if (self.root / folder).is_dir():
                yield from (self.root / folder / name for name in fsio.names(self.root / folder))

    def _copy(self, path: Path) -> Copy | None:
        """Return the copy that a file or folder belongs to, if any."""
        for kind, made in self._longest_first:
            if path.parent == self.root / made.folder and (name := made.form.name_of(path)) is not None:
                return Copy(kind=kind, name=name, path=path.with_name(f"{name}{made.form.suffixes[0]}"))
        return None

    def find(self, texts: Sequence[str]) -> Sequence[Copy]:
        """Return the copies that are so named: by name alone, of every kind, or by the end of their path.

        Raises
        ------
        UnknownName
            If a text names none.
        """
        held = list(self.list())
        chosen: dict[Path, Copy] = {}
        for text in texts:
            named = [copy for copy in held if text == copy.name or f"/{copy.path.as_posix()}".endswith(f"/{text}")]
            if not named:
                near = closest(text, {copy.name for copy in held})
                hint = f"did you mean {near[0]}?" if near else f"the copies are in {self.root}"
                raise UnknownName(f"no copy named {text!r}", hint=hint)
            chosen |= {copy.path: copy for copy in named}
        return list(chosen.values())

    def source(self, copy: Copy) -> JsonMap:
        """Return what the manifest of a copy says that it is of: its record, run and pipeline.

        Raises
        ------
        BadInput, Damaged, NewerFormat
            If it cannot be read.
        """
        return self.kinds[copy.kind].form.source(copy.path)

    def size(self, copy: Copy) -> int:
        """Return how many bytes a copy takes on disk."""
        if copy.path.is_dir():
            return sum(path.lstat().st_size for path in copy.path.rglob("*") if not path.is_dir())
        files = self.kinds[copy.kind].form.files(copy.path)
        return sum(file.lstat().st_size for file in files if os.path.lexists(file))

    def verify(self, copy: Copy) -> Finding:
        """Check a copy against its manifest, in bounded memory."""
        kind = self.kinds[copy.kind]
        try:
            # Where kinds have folders of their own, a copy has to be of the kind that it stands among.
            problems = kind.form.check(copy.path, kind.folder or None).problems
        except NewerFormat as err:
            return Finding(state=NEWER, problems=(err.message,))
        return Finding(state=DAMAGED if problems else OK, problems=problems)
