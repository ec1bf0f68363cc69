"""A copy of a whole run opened: all that it says is held against all that it holds before anything is made of it.

What passes here can be published, shown and indexed. This room reads; it must not know a workspace.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nws.errors import BadInput, Damaged, NewerFormat, NwsError, UsageError
from nws.ids import ObjectId, is_run_name, number_name
from nws.index import segments
from nws.pipeline import Pipeline
from nws.pipeline.rows import index_row, stored_blocks
from nws.pipeline.view import read_record
from nws.records import Ref, RunConfig, RunSummary, decode
from nws.shelf.contents import FULL_RUN
from nws.shelf.members import HINT, SOURCE, naming
from nws.shelf.opening import complete, refuse_deep
from nws.shelf.wholerun import CONFIG, REFS, SUMMARY, grouped, member, spectra_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nws.records import D, PipelineRecord
    from nws.shelf.opening import Opened

# What reading documents of another form than ours can raise, whatever their schema says.
_FORM = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError, UsageError)


@dataclass(frozen=True, kw_only=True)
class RunCopy:
    """A copy of a run that was checked from end to end.

    `config` and `summary` are the bytes of its two documents; `groups` are objects that resemble one another.
    """

    opened: Opened
    name: str
    config: bytes
    summary: bytes | None
    refs: tuple[Ref, ...]
    groups: list[list[ObjectId]]

    @property
    def records(self) -> set[str]:
        """The ids of all records."""
        return {str(ref.record) for ref in self.refs if ref.record is not None}


def check_run(opened: Opened, *, report: Callable[[str], None] = lambda _: None) -> RunCopy:
    """Check an opened copy of a run.

    Raises
    ------
    BadInput
        If it is a copy of something else.
    Damaged
        If bytes do not match their ids, or what it says does not fit together.
    NewerFormat
        If a later version wrote a part of it.
    """
    if opened.kind != FULL_RUN:
        raise BadInput(f"{opened.path} is of kind {opened.kind!r}, and holds no run", hint=HINT)
    complete(opened)
    with opened.kept_open():
        return _Check(opened, report).run()


@dataclass
class _Check:
    opened: Opened
    report: Callable[[str], None]
    _named: set[ObjectId] = field(default_factory=set)
    _snapshots: dict[ObjectId, bytes] = field(default_factory=dict)

    def run(self) -> RunCopy:
        config = self._text(CONFIG)
        asked = self._document(RunConfig, config, CONFIG)
        name = asked.run_id
        if not is_run_name(name) or self.opened.source.get("run_id") != name:
            raise self._wrong(f"{name[:80]!r} is not the name of its run")
        summary = self._text(SUMMARY) if SUMMARY in self.opened.ids else None
        if summary is not None and self._document(RunSummary, summary, SUMMARY).run_id != name:
            raise self._wrong(f"{SUMMARY} is of another run")
        refs = tuple(self._refs())
        records = [self._record(ref, name) for ref in refs if ref.record is not None]
        if asked.configs is not None:
            with contextlib.suppress(UsageError):
                self._named |= {ObjectId(asked.configs)} & self.opened.names.keys()
        self._refuse_others(refs)
        self._read_all()
        for ref, record in zip((ref for ref in refs if ref.record is not None), records, strict=True):
            self._row(ref, record)
        groups = list(grouped(records))
        return RunCopy(opened=self.opened, name=name, config=config, summary=summary, refs=refs, groups=groups)

    def get(self, oid: ObjectId, /) -> bytes:
        """Return an object, as a store does; documents of datasets are kept, for every pipeline asks for them."""
        return self._snapshots[oid] if oid in self._snapshots else self.opened.get(oid)

    def _refs(self) -> Iterator[Ref]:
        for name in sorted(self.opened.ids):
            if name.startswith(f"{REFS}/"):
                ref = self._document(Ref, self._text(name), name)
                if name != f"{REFS}/{number_name(ref.number)}" or ref.number < 1:
                    raise self._wrong(f"{name} is the ref of number {ref.number}")
                if "/" in ref.view or "\\" in ref.view or not ref.view.startswith(f"{ref.file_name}_"):
                    raise self._wrong(f"{name} names a view that is none: {ref.view[:80]!r}")
                yield ref

    def _record(self, ref: Ref, run: str) -> PipelineRecord:
        """Read a record, and note all objects that it names."""
        assert ref.record is not None
        where = f"record {ref.record.short}"
        data = self._object(ref.record, f"{REFS}/{ref.file_name}")
        refuse_deep(data, f"{self.opened.path}: {where}")
        with self._formed(where):
            record = read_record(data, where=f"{self.opened.path}: {where}")
            if (record.run_id, record.number, record.id) != (run, ref.number, ref.view):
                raise self._wrong(f"{where} is of {record.run_id}/{record.id}, not of {run}/{ref.view}")
            for oid in record.objects():
                self._size(oid, where)
            dataset = ObjectId(record.dataset["id"])
            if dataset not in self._snapshots:
                self._snapshots[dataset] = self._object(dataset, where)
                for oid in spectra_of(self._snapshots[dataset], dataset):
                    self._size(oid, f"dataset {dataset.short}")
        return record

    def _row(self, ref: Ref, record: PipelineRecord) -> None:
        """Refuse figures and predictions that could be published but not indexed."""
        assert ref.record is not None
        where = f"pipeline {record.id}"
        with self._formed(where):
            pipeline = Pipeline(self, ref.record, record, self.opened.path)  # type: ignore[arg-type]  # it reads only
            segments.check(index_row(record, ref.record, pipeline.metrics(), stored_blocks(pipeline)))
        self.report(f"{where} checked")

    def _refuse_others(self, refs: tuple[Ref, ...]) -> None:
        texts = {CONFIG, SUMMARY, *(f"{REFS}/{ref.file_name}" for ref in refs)}
        for name in sorted(self.opened.ids.keys() - texts - {member(oid) for oid in self._named}):
            raise self._wrong(f"nothing in it names {name}")

    def _read_all(self) -> None:
        self.opened.verify(lambda count: self.report(f"{count:,} of {len(self.opened.ids):,} members read"))

    def _size(self, oid: ObjectId, where: str) -> int:
        if oid not in self.opened.names:
            raise self._wrong(f"{where} names the object {oid}, which it does not hold")
        self._named.add(oid)
        return self.opened.size(oid)

    def _object(self, oid: ObjectId, where: str) -> bytes:
        self._size(oid, where)
        return self.opened.get(oid)

    def _text(self, name: str) -> bytes:
        if name not in self.opened.ids:
            raise self._wrong(f"it lacks {name}")
        data = b"".join(self.opened.read(name))
        refuse_deep(data, f"{self.opened.path}: {name}")
        return data

    def _document(self, kind: type[D], data: bytes, name: str) -> D:
        with self._formed(name):
            return decode(kind, data, where=f"{self.opened.path}: {name}")

    @contextlib.contextmanager
    def _formed(self, where: str) -> Iterator[None]:
        try:
            with naming(self.opened.path):
                yield
        except (Damaged, NewerFormat):
            raise
        except (NwsError, *_FORM) as err:
            raise self._wrong(f"{where} is not of the form that nws writes: {err}") from err

    def _wrong(self, what: str) -> Damaged:
        return Damaged(f"{self.opened.path}: {what}", hint=SOURCE)
