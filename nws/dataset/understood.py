"""What was understood of the files of a dataset, as plain facts and as lines for people.

This room words facts; it must not read files or print.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.dataset.contents import INDEX, WAVENUMBERS
from nws.dataset.dialect import Delimited
from nws.dataset.formats import EXCEL, MATLAB, NUMPY, kind_named
from nws.dataset.parsing import said
from nws.dataset.targets import facts_of, natural
from nws.metrics import CLASSIFICATION, PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nws.dataset.contents import Axis, Dataset
    from nws.dataset.header import Decision
    from nws.dataset.table import File

_SHOWN = 12


@dataclass(frozen=True)
class Understood:
    """Plain facts, the same that `datasets/NAME.json` keeps under `understood`."""

    facts: dict[str, Any]

    def lines(self) -> list[str]:
        """Return the facts for people: one line each, a word and what there is to say."""
        return [f"{word:<11} {text}" for word, text in _worded(self.facts)]


def understand(
    dataset: Dataset,
    *,
    files: list[dict[str, Any]],
    sources: list[dict[str, Any]],
    unit_assumed: bool,
    notes: list[str],
    ignored: list[str],
) -> Understood:
    """Collect the facts of a dataset that was just read."""
    axis = dataset.axis
    partitions = {name: dataset.partition.count(name) for name in PARTITIONS if name in dataset.partition}
    return Understood(
        {
            "samples": dataset.samples,
            "features": dataset.features,
            "axis": {
                "unit": axis.unit,
                "first": axis.values[0],
                "last": axis.values[-1],
                "unit_assumed": unit_assumed,
            },
            "sources": sources,
            "partitions": partitions,
            "targets": [facts_of(target) for target in dataset.targets],
            "metadata": sorted(dataset.metadata),
            "groups": _groups(dataset),
            "missing": {
                "targets": sum(value is None for target in dataset.targets for value in target.values),
                "metadata": sum(value is None for column in dataset.metadata.values() for value in column),
            },
            "duplicates": _duplicates(dataset),
            "files": files,
            "ignored": ignored,
            "notes": notes,
        }
    )


def source_facts(sources: list[tuple[Axis, Path]]) -> list[dict[str, Any]]:
    """Return what there is to say about each of several sources of spectra; nothing about a single one."""
    if len(sources) == 1:
        return []
    return [
        {
            "name": _name(path),
            "features": len(axis.values),
            "unit": axis.unit,
            "first": axis.values[0],
            "last": axis.values[-1],
        }
        for axis, path in sources
    ]


def _name(path: Path) -> str:
    """Return the name of a file, or of an array or sheet behind the name of the file it is in."""
    return f"{path.parent.name}/{path.name}" if kind_named(path.parent) in (NUMPY, MATLAB, EXCEL) else path.name


def _groups(dataset: Dataset) -> dict[str, Any] | None:
    if dataset.group is None:
        return None
    sizes = Counter(map(str, dataset.metadata[dataset.group])).values()
    return {"column": dataset.group, "count": len(sizes), "smallest": min(sizes), "largest": max(sizes)}


def file_facts(file: File, kind: str, decision: Decision, partition: str | None) -> dict[str, Any]:
    """Return what is to be said about one file."""
    text = file if isinstance(file, Delimited) and file.form is None else None
    return {
        "name": _name(file.path),
        "kind": kind,
        "partition": partition,
        "samples": file.count - decision.header,
        "form": file.form or "text",
        "delimiter": None if text is None else said(text.delimiter),
        "decimal": None if text is None else said(text.decimal),
        "encoding": None if text is None else text.encoding,
        "compression": None if text is None else text.compression,
        "header": decision.header,
        "header_from": decision.because,
    }


def _duplicates(dataset: Dataset) -> dict[str, Any]:
    """Count the samples whose spectrum occurred before, and those of them that occurred in another partition."""
    seen: dict[int, list[int]] = {}
    again: list[tuple[int, int]] = []
    for row in range(dataset.samples):
        same = seen.setdefault(hash(dataset.spectra[row].tobytes()), [])
        first = next((other for other in same if (dataset.spectra[other] == dataset.spectra[row]).all()), None)
        if first is None:
            same.append(row)
        else:
            again.append((first, row))
    across = sum(dataset.partition[first] != dataset.partition[row] for first, row in again)
    example = [dataset.sample_ids[row] for row in again[0]] if again else []
    return {"samples": len(again), "across_partitions": across, "example": example}


def _worded(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "samples", f"{facts['samples']}"
    yield "spectrum", _axis(facts)
    for source in facts.get("sources", []):
        yield "source", f"{source['name']}: {_features(source, source['features'])}"
    for target in facts["targets"]:
        yield "target", _target(target)
    if not facts["targets"]:
        yield "target", "none (name a column with --target, or add a Y file)"
    yield (
        "partitions",
        ", ".join(f"{name} {facts['partitions'][name]}" for name in PARTITIONS if name in facts["partitions"]),
    )
    if facts["metadata"]:
        yield "metadata", _listed(facts["metadata"])
    if facts.get("groups"):
        yield "groups", _grouped(facts["groups"])
    yield "missing", _missing(facts["missing"])
    yield "duplicates", _repeated(facts["duplicates"])
    for file in facts["files"]:
        yield "file", _file(file)
    if facts["ignored"]:
        yield "ignored", _listed(facts["ignored"])
    for note in facts["notes"]:
        yield "note", note


def _axis(facts: dict[str, Any]) -> str:
    axis = facts["axis"]
    return f"{_features(axis, facts['features'])}{' (unit assumed)' if axis['unit_assumed'] else ''}"


def _features(axis: dict[str, Any], count: int) -> str:
    ends = f"{axis['first']:.10g} to {axis['last']:.10g}"
    if axis["unit"] == INDEX:
        return f"{count} features, index {ends} (no unit)"
    return f"{count} features, {ends} {'cm⁻¹' if axis['unit'] == WAVENUMBERS else axis['unit']}"


def _grouped(groups: dict[str, Any]) -> str:
    smallest, largest = groups["smallest"], groups["largest"]
    scans = f"{largest}" if smallest == largest else f"{smallest} to {largest}"
    return f"{groups['column']}: {groups['count']} samples of {scans} scan{'' if largest == 1 else 's'} each"


def _target(target: dict[str, Any]) -> str:
    missing = f"; {target['missing']} missing" if target["missing"] else ""
    if target["task"] == CLASSIFICATION:
        counts = target["classes"]
        named = _listed([f"{label} ({counts[label]})" for label in sorted(counts, key=natural)])
        return f"{target['name']}: classification, {len(counts)} classes: {named}{missing}"
    spread = "" if target["sd"] is None else f", sd {target['sd']:.4g}"
    extent = f"{target['min']:.6g} to {target['max']:.6g}"
    return f"{target['name']}: regression, mean {target['mean']:.5g}{spread}, {extent}{missing}"


def _missing(missing: dict[str, int]) -> str:
    return ", ".join(f"{count} in {where}" for where, count in missing.items() if count) or "none"


def _repeated(duplicates: dict[str, Any]) -> str:
    if not duplicates["samples"]:
        return "none"
    first, second = duplicates["example"]
    across = f", {duplicates['across_partitions']} across partitions" if duplicates["across_partitions"] else ""
    count = duplicates["samples"]
    samples = f"{count} sample{'' if count == 1 else 's'} with the spectrum of an earlier one"
    return f"{samples}{across} ({second} is like {first})"


def _file(file: dict[str, Any]) -> str:
    role = f"{file['kind']} {file['partition']}" if file["partition"] else file["kind"]
    header = "header" if file["header"] else "no header"
    basis = "" if file["header_from"] in ("its cells", "its kind") else f" (by {file['header_from']})"
    if file.get("form", "text") != "text":
        return f"{file['name']}: {role}, {file['samples']} samples; {file['form']}, {header}{basis}"
    packed = f", {file['compression']}" if file["compression"] else ""
    form = f"delimiter {file['delimiter']}, decimal {file['decimal']}, {header}{basis}, {file['encoding']}{packed}"
    return f"{file['name']}: {role}, {file['samples']} samples; {form}"


def _listed(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
