"""From one state of the index to the next: segments are written, one manifest is linked, what it retires is removed.

Only the link decides; a kill before it changes nothing, and one after it leaves files that do not count. This room must
not know why segments are rewritten. The protocol is stated in `docs/format/v1.md`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nws import fsio
from nws.index import segments, state
from nws.index.segments import DATA, TABLES
from nws.records import now, parse_time, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from nws.index.merging import Merge
    from nws.index.state import IndexManifest, State
    from nws.records import JsonMap

# A writer that takes longer than this between choosing a name and linking it is not believed that its rows are new.
SETTLED = dt.timedelta(hours=1)
# A file server may for so long list what was removed.
REMEMBERED = dt.timedelta(minutes=1)
# Arrays whose rows have not come for so long are those of a writer that was killed between the two.
ABANDONED = dt.timedelta(days=1)
KEPT_MANIFESTS = 16


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is different in the next state.

    `merges` are written as new merged segments; `gone` are the names, by table, of segments that do not count any
    more; `named` are entries of the manifest, by table, for merged segments that are there and did not count; `void`
    are names that were taken away from their writers.
    """

    gone: Mapping[str, Iterable[str]]
    merges: Sequence[Merge] = ()
    named: Mapping[str, Sequence[JsonMap]] = field(default_factory=dict)
    void: Iterable[str] = field(default_factory=tuple)


def switch(begun: State, change: Change, *, report: Callable[[str], None] = lambda _: None) -> IndexManifest | None:
    """Make the next state the one that counts; None if another one was made since `begun` was read.

    Merged segments that it does not name are removed with it: they were those of an older state, or whoever was writing
    them began before this manifest, and so can no longer make one. `report` is told how far it is, in words.

    Raises
    ------
    Damaged
        If a segment cannot be read.
    FileNotFoundError
        If one has gone since.
    """
    number = begun.manifest.number + 1
    written: dict[str, list[JsonMap]] = {table: [] for table in TABLES}
    try:
        for merge in change.merges:
            if merge.rows:
                written[merge.table].append(_write(begun.catalog, number, merge, report))
        made = _next(begun, change, written)
    except BaseException:
        _discard(begun.catalog, written)
        raise
    # An error of this call leaves the segments where they are: the link may have been made.
    if not state.publish(begun.catalog, made):
        _discard(begun.catalog, written)
        return None
    if not _follows(begun.catalog, number):
        return None
    after = dataclasses.replace(begun, manifest=made)
    _clean(begun.catalog, {table: after.strays(table) for table in TABLES}, since=number)
    return made


def _discard(catalog: Path, written: Mapping[str, Sequence[JsonMap]]) -> None:
    for table, entries in written.items():
        fsio.remove_all(catalog / table, [entry["name"] for entry in entries])


def _follows(catalog: Path, number: int) -> bool:
    """Say whether a manifest that was just made follows the one before it, and not one that was removed long since.

    Whoever was suspended for so long that his number was used and removed again finds it free. Where that cannot be
    told the answer is no, and the segments that were written stay: a newer manifest may name them, or removes them.
    """
    numbers = state.numbers(catalog)
    return number - 1 in numbers or (number == 1 and numbers == [1])


def _clean(catalog: Path, strays: Mapping[str, Sequence[str]], *, since: int) -> None:
    """Remove the files that do not count any more.

    Parameters
    ----------
    catalog
        Folder of the tables.
    strays
        Merged segments, by table, that were listed before manifest `since` was made and that it does not name.
    since
        The manifest that the caller made. If it is not the newest one any more, strays are left to others.
    """
    found = state.read(catalog)
    settled = segments.stamp(parse_time(found.manifest.created_at) - ABANDONED)
    for table in TABLES:
        doomed = found.over(table) + (found.orphans(settled) if table == DATA else [])
        if found.manifest.number == since:
            doomed += strays[table]
        fsio.remove_all(catalog / table, doomed)
    state.forget_manifests(catalog, keep=KEPT_MANIFESTS)


def _write(catalog: Path, number: int, merge: Merge, report: Callable[[str], None]) -> JsonMap:
    name = segments.merged_name(number)

    def parts() -> Iterator[pa.Table]:
        done = 0
        for part in merge.parts():
            yield part
            done += len(part)
            report(f"{done:,} of {merge.rows:,} rows written")

    segments.write(catalog, merge.table, name, parts())
    return entry(catalog / merge.table / name, rows=merge.rows, first_id=merge.first_id, last_id=merge.last_id)


def entry(path: Path, *, rows: int, first_id: str, last_id: str) -> JsonMap:
    """Return what a manifest says of a merged segment."""
    size = path.stat().st_size
    return {"name": path.name, "rows": rows, "size_bytes": size, "first_id": first_id, "last_id": last_id}


def _next(begun: State, change: Change, written: Mapping[str, list[JsonMap]]) -> IndexManifest:
    moment, before = now(), begun.manifest
    gone = {table: set(names) for table, names in change.gone.items()}
    kept = {table: [entry for entry in before.merged(table) if entry["name"] not in gone[table]] for table in TABLES}
    settled = max(before.settled_before, segments.stamp(moment - SETTLED))
    there = frozenset().union(*begun.listed.values())
    recent = moment - REMEMBERED
    retired = {name: at for name, at in before.retired.items() if name in there or parse_time(at) > recent}
    appended = {name for names in gone.values() for name in names if segments.merged_number(name) is None}
    void = {*before.void, *change.void}
    meta, data = ([*kept[table], *change.named.get(table, ()), *written[table]] for table in TABLES)
    return dataclasses.replace(
        before,
        number=before.number + 1,
        created_at=timestamp(moment),
        settled_before=settled,
        meta=meta,
        data=data,
        retired={**retired, **dict.fromkeys(sorted(appended), timestamp(moment))},
        # Under an older name nobody is believed anyhow.
        void=sorted(name for name in void if (segments.promised_since(name) or "") >= settled),
    )
