"""Files in, dataset out: the order in which the other rooms of this package are asked.

This room must not know of workspaces or of the object store.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nws.dataset.axis import axis_of, same_axis, side_by_side, spectral_columns
from nws.dataset.columns import Column, beside, join, spectrum
from nws.dataset.contents import INDEX, Dataset
from nws.dataset.folder import name_of
from nws.dataset.gather import Gathered, gather
from nws.dataset.header import Decision, decide, mismatch
from nws.dataset.roles import assign, metadata_values
from nws.dataset.table import check_numbers, column_names, parse
from nws.dataset.targets import target_of
from nws.dataset.understood import Understood, file_facts, source_facts, understand
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from nws.dataset.contents import Axis, ReadOptions
    from nws.dataset.folder import Part
    from nws.dataset.table import File, Table


# So many columns of a Y file that are called like wavelengths are a spectrum.
_SPECTRUM = 10


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """The files of a dataset, with a decision about the header and the options of each, by path."""

    parts: list[Part]
    files: dict[str, File]
    decisions: dict[str, Decision]
    options: dict[str, ReadOptions]

    def table(self, path: Path | None, numeric: Sequence[int] = ()) -> Table | None:
        """Parse one of the files, if it is there."""
        if path is None:
            return None
        return parse(self.files[str(path)], header=self.decisions[str(path)].header, numeric=numeric)


@dataclass(frozen=True, kw_only=True)
class _Source:
    """One source of spectra over all partitions: its axis, and its tables without their numbers."""

    axis: Axis
    assumed: bool
    spectra: NDArray[np.float64]
    tables: list[Table]


def read(paths: Sequence[Path], *, name: str, options: ReadOptions) -> tuple[Dataset, Understood]:
    """Read files as a dataset.

    Parameters
    ----------
    paths
        One wide file; an X and a Y file (and a file of metadata); a folder of X/Y/M files by partition; a file with
        several arrays or sheets in it; or a JSON or YAML file that names others.
    name
        Name of the dataset.
    options
        What is known about the files; the rest is found out.

    Returns
    -------
    dataset
        Samples in the order of the files: train, val, test. Without a column of ids they are "1", "2", ….
    understood
        What was found out.

    Raises
    ------
    BadInput
        With file, line and column, for whatever cannot be used as it is.
    """
    dataset, understood = _read(paths, name=name, options=options, expected=None)
    if dataset.samples < 2:
        raise BadInput(f"{paths[0]}: {dataset.samples} sample; at least two are needed", hint="one row is one sample")
    if "train" not in dataset.partition:
        raise BadInput(f"{paths[0]}: no sample is in the train partition", hint="see --partition and --test-rows")
    return dataset, understood


def read_spectra(
    paths: Sequence[Path], *, options: ReadOptions, name: str | None = None, expected: Sequence[str] = ()
) -> tuple[Dataset, Understood]:
    """Read files as `read` does, but as spectra to predict: one sample is enough, and no target is needed.

    Parameters
    ----------
    paths, options
        As for `read`.
    name
        Name of the dataset; None to name it after the files.
    expected
        Names of targets that are kept as such where the files have them, so that predictions can be compared with
        them. Without any, and without `options.target`, these are the columns of Y files. Nothing else is taken for
        a target: all other columns are metadata, ids excepted.

    Returns
    -------
    dataset
        Samples in the order of the files, with their axis as the header says it (unit "index" where it says none).
        All are in the test partition, unless the names of the files or `options.partition` say otherwise; a target
        may be missing for some samples, and one that is missing for all is left out.
    understood
        What was found out.

    Raises
    ------
    BadInput
        With file, line and column, for whatever cannot be used as it is.
    """
    return _read(paths, name=name or name_of(paths), options=options, expected=expected)


def _read(
    paths: Sequence[Path], *, name: str, options: ReadOptions, expected: Sequence[str] | None
) -> tuple[Dataset, Understood]:
    gathered = gather(paths, options)
    options = gathered.options
    opened = _open(gathered)
    sources = _sources(opened)
    sizes = [table.samples for table in sources[0].tables]
    columns = [
        *beside([source.tables for source in sources], sizes),
        *join("Y", [opened.table(part.y) for part in opened.parts], sizes),
        *join("M", [opened.table(part.m) for part in opened.parts], sizes),
    ]
    if not sum(sizes):
        raise BadInput(f"{opened.parts[0].x[0]}: no sample", hint="one row is one sample")
    partitions = [part.partition for part, size in zip(opened.parts, sizes, strict=True) for _ in range(size)]
    names = [table.names[place] for source in sources for table in source.tables[:1] for place in table.numeric]
    roles = assign(columns, options, spectral=names, partitions=partitions, expected=expected)
    axis, notes = side_by_side([source.axis for source in sources])
    dataset = Dataset(
        name=name,
        spectra=_joined([source.spectra for source in sources], axis=1),
        axis=axis,
        sample_ids=roles.ids,
        partition=roles.partition,
        targets=tuple(
            target_of(_renamed(column, roles.targets, expected or ()), task=options.task) for column in roles.targets
        ),
        metadata={column.name: metadata_values(column) for column in roles.metadata},
        group=roles.group,
    )
    notes = [*_file_notes(opened), *(notes or _axis_notes(axis)), *roles.notes]
    understood = understand(
        dataset,
        files=_facts(opened),
        sources=source_facts([(source.axis, source.tables[0].file.path) for source in sources]),
        unit_assumed=any(source.assumed for source in sources),
        notes=notes,
        ignored=gathered.ignored,
    )
    return dataset, understood


def _facts(opened: _Opened) -> list[dict[str, Any]]:
    return [
        file_facts(opened.files[str(path)], kind, opened.decisions[str(path)], part.partition)
        for part in opened.parts
        for kind, path in part.files()
    ]


def _open(gathered: Gathered) -> _Opened:
    parts, files = gathered.parts, gathered.files
    _check_order(parts[0], files)
    decisions = decide(parts, files, options=gathered.each)
    for part in parts:
        rows = [(str(path), files[str(path)].count, decisions[str(path)].header) for _, path in part.files()]
        if len({count - header for _, count, header in rows}) > 1:
            raise mismatch(rows)
    return _Opened(parts=parts, files=files, decisions=decisions, options=gathered.each)


def _check_order(part: Part, files: dict[str, File]) -> None:
    if not part.by_order or part.y is None:
        return
    x, y = files[str(part.x[0])], files[str(part.y)]
    if y.width > x.width:
        raise BadInput(
            f"{x.path} has {x.width} columns and {y.path} has {y.width}: are the spectra in the second?",
            hint="give the X file first, or name them X… and Y…",
        )
    names = column_names(y, header=True)
    if (
        len(spectral := spectral_columns(names, excluded=set())) >= _SPECTRUM
        and axis_of([names[spectral[0]]])[0].unit != INDEX
    ):
        raise BadInput(
            f"{x.path} and {y.path} both hold spectra",
            hint="the second is the Y file; for several sources, name them X1 and X2",
        )


def _sources(opened: _Opened) -> list[_Source]:
    """Return the sources of spectra, each with the X files of all partitions one below the other."""
    return [_source(opened, [part.x[place] for part in opened.parts]) for place in range(len(opened.parts[0].x))]


def _source(opened: _Opened, paths: list[Path]) -> _Source:
    tables: list[Table] = []
    matrices: list[NDArray[np.float64]] = []
    first: tuple[Axis, bool] | None = None
    for path in paths:
        file, decision = opened.files[str(path)], opened.decisions[str(path)]
        positions, axis, assumed = spectrum(file, opened.options[str(path)], header=decision.header)
        first = first or (axis, assumed)
        _check_axis(paths[0], first[0], path, axis)
        table = parse(file, header=decision.header, numeric=positions)
        check_numbers(table)
        matrices.append(table.numbers)
        tables.append(replace(table, numbers=table.numbers[:, :0]))
    assert first is not None
    return _Source(axis=first[0], assumed=first[1], spectra=_joined(matrices, axis=0), tables=tables)


def _joined(matrices: list[NDArray[np.float64]], *, axis: int) -> NDArray[np.float64]:
    """Put matrices below one another (axis 0) or side by side (axis 1); nothing may write to the result."""
    import numpy as np

    joined = matrices[0] if len(matrices) == 1 else np.concatenate(matrices, axis=axis)
    joined.flags.writeable = False
    return joined


def _check_axis(first: Path, expected: Axis, other: Path, found: Axis) -> None:
    if same_axis(expected, found):
        return
    if len(expected.values) != len(found.values):
        what = f"{len(expected.values)} and {len(found.values)} features"
    elif expected.unit != found.unit:
        what = f"{expected.unit} and {found.unit}"
    else:
        pairs = enumerate(zip(expected.values, found.values, strict=True))
        place, (one, two) = next((place, pair) for place, pair in pairs if pair[0] != pair[1])
        what = f"feature {place + 1} is {one:.10g} and {two:.10g} {found.unit}"
    raise BadInput(
        f"{first} and {other} do not have the same axis: {what}",
        hint="all X files need the same wavelengths in the same order, and either all have a header or none",
    )


def _renamed(column: Column, targets: list[Column], expected: Sequence[str]) -> Column:
    """Name the columns of a Y file without a header as is expected, else y, or y1, y2, …."""
    if column.origin != "Y" or column.headed:
        return column
    if len(expected) == len(targets):
        return replace(column, name=expected[targets.index(column)])
    return replace(column, name="y" if len(targets) == 1 else f"y{targets.index(column) + 1}")


def _axis_notes(axis: Axis) -> list[str]:
    pairs = list(itertools.pairwise(axis.values))
    if all(one < other for one, other in pairs) or all(one > other for one, other in pairs):
        return []
    return ["the axis does not run one way: is a column with a number for its name no wavelength? see --metadata"]


def _file_notes(opened: _Opened) -> list[str]:
    notes = [note for file in opened.files.values() for note in getattr(file, "notes", ())]
    for path, decision in opened.decisions.items():
        if decision.because == "guess":
            taken, other = ("names", "no") if decision.header else ("the first sample", "yes")
            notes.append(
                f"{opened.files[path].path.name}: the first line is taken for {taken}; if not, say --header {other}"
            )
    return notes
