"""Merging segments: fewer, larger, sorted ones, so that a question opens few files and skips most of each.

This room decides which segments are merged; it must not know how a new state comes to count.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from nws import fsio
from nws.errors import Damaged, Locked, NwsError
from nws.index import segments, state
from nws.index.merging import merge
from nws.index.reading import repeated
from nws.index.segments import DATA, META, TABLES, scan
from nws.index.switching import Change, switch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from nws.index.merging import Merge
    from nws.index.state import State

# So many appended segments are merged by whoever appends the next one. A hundred cost a query no more than some
# hundredths of a second, a thousand cost tenths.
PILED_UP = 32
# A merged segment of this size is not merged again.
LARGEST = 256 << 20
_TRIES = 5
_PATIENCE = 30.0
_LOCK = ".compacting"
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Compaction:
    """What a compaction did: how many segments of meta it merged, and how many the table has now."""

    merged: int
    segments: int


def compact(catalog: Path, *, least: int = 1, report: Callable[[str], None] = lambda _: None) -> Compaction | None:
    """Merge the appended segments, and with them merged ones that are no larger than what has gathered.

    So a row is written again as often as the index doubles, and a large index is not rewritten for a small batch.

    Parameters
    ----------
    catalog
        Folder of the tables.
    least
        Only if there are so many appended segments. With 1, what a killed compaction left is removed in any case.
    report
        Called with how far it is, in words.

    Returns
    -------
    Compaction | None
        None if another process is at it.

    Raises
    ------
    Damaged
        If a segment cannot be read, or is gone; nothing is changed then.
    """
    if not (catalog / META).is_dir():
        return Compaction(merged=0, segments=0)
    with _alone(catalog) as alone:
        return _until_done(catalog, lambda begun: _compact(begun, least, report)) if alone else None


def tidy(catalog: Path) -> None:
    """Merge appended segments if they have piled up; what stands in the way is left for those who ask to say."""
    with contextlib.suppress(NwsError, OSError):
        # One listing, which is all that most calls come to: writers call this after each batch.
        names = segments.names(catalog / META)
        if sum(segments.merged_number(name) is None for name in names) < PILED_UP:
            return
        compact(catalog, least=PILED_UP)


def forget(catalog: Path, ids: Sequence[str]) -> int:
    """Remove predictions with their arrays from the index for good, and return how many rows of meta went.

    Raises
    ------
    Locked
        If another process has been merging for half a minute.
    Damaged
        If a segment cannot be read; nothing is changed then.
    """
    import polars as pl

    chosen = pl.DataFrame({"prediction_id": list(ids)}, schema={"prediction_id": pl.String})
    with _alone(catalog, wait=_PATIENCE) as alone:
        done = _until_done(catalog, lambda begun: _forget(begun, chosen)) if alone else None
    if done is None:
        raise Locked(f"another process is merging segments of {catalog}", hint="try again in a minute")
    return done


def _until_done(catalog: Path, step: Callable[[State], T | None]) -> T | None:
    """Return what a step from the present state gives; None means that another process was quicker: it is tried again.

    A segment that is gone while the step reads it was taken by another process as well.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            if (done := step(state.read(catalog))) is not None:
                return done
    return None


@contextlib.contextmanager
def _alone(catalog: Path, *, wait: float = 0.0) -> Iterator[bool]:
    with fsio.lock(fsio.make_folder(catalog / state.FOLDER) / _LOCK, wait=wait) as alone:
        yield alone


def _compact(begun: State, least: int, report: Callable[[str], None]) -> Compaction | None:
    appended = begun.appended(META)
    due = len(appended) >= least > 0
    # Where locks are none, what looks left over may be the work of another, which a manifest of ours would undo: only
    # who has something to merge, or was asked to, makes one.
    left_over = least == 1 and any(begun.strays(table) or begun.over(table) for table in TABLES)
    report(f"{len(appended):,} segments to merge")
    if not due and not left_over:
        return Compaction(merged=0, segments=len(begun.manifest.meta) + len(appended))
    taken = {table: _taken(begun, table) if due else [] for table in TABLES}
    meta = _merge(begun, META, taken[META])
    void = {path.name for path in meta.empty}
    # Arrays of a name that was made void are not those of any row.
    data = _merge(begun, DATA, [name for name in taken[DATA] if name not in void])
    made = switch(begun, Change(gone=taken, merges=[meta, data], void=void), report=report)
    return None if made is None else Compaction(merged=len(taken[META]), segments=len(made.meta))


def _taken(begun: State, table: str) -> list[str]:
    """Return the segments to merge: all that were appended, and merged ones from the smallest up."""
    appended = begun.appended(table)
    gathered = sum((begun.catalog / table / name).stat().st_size for name in appended)
    taken = []
    for entry in sorted(begun.manifest.merged(table), key=lambda entry: int(entry["size_bytes"])):
        if entry["size_bytes"] > gathered or gathered + entry["size_bytes"] > LARGEST:
            break
        taken.append(str(entry["name"]))
        gathered += int(entry["size_bytes"])
    return taken + appended


def _forget(begun: State, chosen: pl.DataFrame) -> int | None:
    gone, merges = {}, []
    for table in TABLES:
        held = [path for path in (*begun.once(table), *begun.perhaps(table)) if _count(path, table, chosen)]
        appended = [path.name for path in held if segments.merged_number(path.name) is None]
        # A merged segment is written again by itself, so that sizes stay as they are.
        groups = [[path.name] for path in held if path.name not in appended] + ([appended] if appended else [])
        merges += [_merge(begun, table, group, without=chosen) for group in groups]
        gone[table] = [path.name for path in held]
    rows = scan([*begun.once(META), *begun.perhaps(META)], META).join(chosen.lazy(), on="prediction_id", how="semi")
    count = rows.select("prediction_id").unique().collect(engine="streaming").height
    return count if not any(gone.values()) or switch(begun, Change(gone=gone, merges=merges)) else None


def _count(path: Path, table: str, chosen: pl.DataFrame) -> int:
    with segments.unreadable(path):
        found = scan([path], table).select("prediction_id").join(chosen.lazy(), on="prediction_id", how="semi")
        return found.collect(engine="streaming").height


def _merge(begun: State, table: str, names: Sequence[str], *, without: pl.DataFrame | None = None) -> Merge:
    """Order the rows of the named segments; of what may be elsewhere, only what is not.

    Raises
    ------
    Damaged
        If a segment that counts is not there.
    """
    if missing := begun.missing(table):
        raise Damaged(f"{missing[0]} is gone", hint="`nws reindex` adds its rows again")
    chosen = set(names)
    once, perhaps = begun.once(table), [path for path in begun.perhaps(table) if path.name in chosen]
    others = [path for path in once if path.name not in chosen]
    apart = [repeated(begun, perhaps, others, table)] if others and perhaps else []
    left_out = apart if without is None else [*apart, without]
    return merge([*(path for path in once if path.name in chosen), *perhaps], table, without=left_out)
