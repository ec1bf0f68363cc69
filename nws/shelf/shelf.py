"""One shelf: a folder of named copies of pipelines, of the kinds that it has.

This room gives copies their names and finds them again; it must not know what a copy holds or how it is written.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from nws import fsio
from nws.errors import Conflict, NewerFormat, UnknownName, UsageError
from nws.ids import check_name, closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nws.pipeline import Pipeline
    from nws.records import JsonMap
    from nws.shelf.checking import Found
    from nws.shelf.contents import Contents

OK, DAMAGED, NEWER = "ok", "damaged", "newer"


class Kind(NamedTuple):
    """One kind of copy.

    `folder` is the part of the shelf in which it stands; `suffixes` are those of its file and of what stands beside
    that; `contents` says what it holds of a pipeline, `add` writes it, `check`, where such copies are checked, tells
    what is wrong with one, and `over`, where one may be replaced, writes it in the place of another.
    """

    folder: str
    suffixes: tuple[str, ...]
    contents: Callable[[Pipeline], Contents]
    add: Callable[[Path, Contents], None]
    check: Callable[[Path, str], Found] | None = None
    over: Callable[[Path, Contents], None] | None = None

    def name_of(self, file: str) -> str | None:
        """Return the name of the copy that a file belongs to, if any."""
        return next((file.removesuffix(suffix) for suffix in self.suffixes if file.endswith(suffix)), None)


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
    """

    def __init__(self, root: Path, kinds: Mapping[str, Kind], naming: Callable[[Pipeline, str | None], str]) -> None:
        self.root = root
        self.kinds = kinds
        self._naming = naming

    def path(self, pipeline: Pipeline, kind: str | None = None, *, name: str | None = None) -> Path:
        """Return where the copy of a pipeline stands, or would stand.

        Raises
        ------
        UsageError
            If the shelf has no such kind.
        """
        chosen = self._kind(kind)
        return self.root / chosen.folder / f"{self._naming(pipeline, name)}{chosen.suffixes[0]}"

    def add(
        self,
        pipeline: Pipeline,
        kind: str | None = None,
        *,
        name: str | None = None,
        texts: Mapping[str, bytes] | None = None,
        source: JsonMap | None = None,
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
        chosen.add(path, dataclasses.replace(held, texts=texts, source=source))
        return path

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
        path = self.root / chosen.folder / f"{name}{chosen.suffixes[0]}"
        before = self.named(name)
        if before and not replace:
            raise Conflict(f"{before[0].path} is there already", hint="choose another --name, or --replace it")
        write = chosen.over if path in {copy.path for copy in before} else None
        (write or chosen.add)(path, held)
        for copy in before:
            if copy.path != path:
                self.remove(copy)
        return path

    def named(self, name: str) -> Sequence[Copy]:
        """Return the copies of that name, of any kind; names that differ only in case are one file on some systems."""
        return [copy for copy in self.list() if copy.name.casefold() == name.casefold()]

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
        first, *others = self.kinds[copy.kind].suffixes
        stem = copy.path.name.removesuffix(first)
        # A copy is there when the last of its files is, so that one goes first.
        fsio.remove_all(copy.path.parent, [f"{stem}{suffix}" for suffix in reversed([first, *others])])

    def has(self, pipeline: Pipeline, kind: str | None = None, *, name: str | None = None) -> bool:
        """Say whether there is a copy of that name; whether it is sound, `verify` says."""
        path = self.path(pipeline, kind, name=name)
        first, *others = self._kind(kind).suffixes
        return path.exists() and all(
            (path.parent / f"{path.name.removesuffix(first)}{suffix}").exists() for suffix in others
        )

    def _kind(self, kind: str | None) -> Kind:
        chosen = next(iter(self.kinds)) if kind is None else kind
        if chosen not in self.kinds:
            near = closest(chosen, self.kinds)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(self.kinds)}"
            raise UsageError(f"no such kind of copy: {chosen!r}", hint=hint)
        return self.kinds[chosen]

    def list(self) -> Iterator[Copy]:
        """Yield every copy of the kinds that are checked, by kind and name."""
        for kind, made in self.kinds.items():
            for name in sorted(self._names(made)):
                yield Copy(kind=kind, name=name, path=self.root / made.folder / f"{name}{made.suffixes[0]}")

    def strays(self) -> Iterator[Path]:
        """Yield every file and folder that belongs to no copy."""
        kinds = {made.folder: made for made in self.kinds.values()}
        for name in fsio.names(self.root):
            if name not in kinds or not (self.root / name).is_dir():
                yield self.root / name
                continue
            for file in fsio.names(self.root / name):
                if kinds[name].name_of(file) is None:
                    yield self.root / name / file

    def _names(self, kind: Kind) -> set[str]:
        folder = self.root / kind.folder
        if kind.check is None or not folder.is_dir():
            return set()
        return {name for file in fsio.names(folder) if (name := kind.name_of(file)) is not None}

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

    def verify(self, copy: Copy) -> Finding:
        """Check a copy against its manifest, in bounded memory."""
        check = self.kinds[copy.kind].check
        assert check is not None
        try:
            problems = check(copy.path, copy.kind).problems
        except NewerFormat as err:
            return Finding(state=NEWER, problems=(err.message,))
        return Finding(state=DAMAGED if problems else OK, problems=problems)
