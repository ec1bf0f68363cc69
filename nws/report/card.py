"""The `model_card.md` of an export: the data, how it was split, how good the model is, its range and limits, citation.

All of it is in the record and its files, and nothing of the moment or the machine; texts of people stand as they are,
on one line. This room must not know where the card will stand.
"""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

from nws.engine.cv import GIVEN
from nws.engine.latent import OUTLIERS
from nws.metrics import METRICS, PARTITIONS
from nws.pipeline.rows import params_text
from nws.report.portrait import line
from nws.report.wording import figure, heading, meaning, validated
from nws.words import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nws.records import JsonMap, Metrics
    from nws.report.portrait import Portrait

_IN_UNITS = ("rmse", "mae", "bias", "sep", "intercept")
# Marks that would be read as markup.
_MARKUP = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>#|"})


def card(portrait: Portrait) -> bytes:
    """Return the text, in Markdown."""
    metrics = portrait.pipeline.metrics()
    assert metrics is not None
    parts = [f"# {_plain(portrait.target)} from spectra: {_plain(portrait.model)}", "", *_summary(portrait, metrics)]
    sections = {
        "Data": _data(portrait),
        "Splits": _splits(portrait),
        "Figures": _figures(portrait, metrics),
        "Calibration range": _range(portrait),
        "Steps": _steps(portrait),
        "Packages": _packages(portrait),
        "Limits of use": _limits(portrait),
        "Provenance": _provenance(portrait),
        "How to cite": _citation(portrait),
    }
    for title, lines in sections.items():
        parts += ["", f"## {title}", "", *lines]
    return "\n".join([*parts, ""]).encode()


def _plain(text: object) -> str:
    return line(text).translate(_MARKUP)


def _code(text: object) -> str:
    return f"`{line(text).replace('`', ' ').replace('|', ' ')}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def _summary(portrait: Portrait, metrics: Metrics) -> Iterator[str]:
    told = []
    for partition in ("test", "val"):
        figures = metrics.partition(partition) or {}
        if isinstance(value := figures.get(metrics.metric), int | float):
            unit = f" in the unit of {_plain(portrait.target)}" if metrics.metric in _IN_UNITS else ""
            name = heading(partition, metrics.metric, once=portrait.once)
            told.append(f"{name} {figure(value)}{unit} ({plural(int(figures['samples']), 'sample')})")
    what = "the class" if portrait.is_classification else "the value"
    yield (
        f"Predicts {what} of {_plain(portrait.target)} from near-infrared spectra. "
        f"Preprocessing: {_plain(portrait.preprocessing)}. {'; '.join(told)}."
    )


def _data(portrait: Portrait) -> Iterator[str]:
    record = portrait.pipeline.record
    data, evaluation = record.dataset, record.evaluation
    counted = [f"{evaluation[f'n_{name}']} {name}" for name in ("train", "test") if evaluation.get(f"n_{name}")]
    rows = [
        ("name", _plain(data["name"])),
        ("samples", f"{data['samples']} ({', '.join(counted)})" if counted else data["samples"]),
        ("spectra", _plain(portrait.wavelengths)),
        ("target", ", ".join(map(_plain, data["targets"]))),
        ("samples without reference value", evaluation.get("missing_targets", "not known")),
        ("id (BLAKE3 of its snapshot)", f"`{data['id']}`"),
    ]
    return _table(["data set", ""], rows)


def _splits(portrait: Portrait) -> Iterator[str]:
    evaluation = portrait.pipeline.record.evaluation
    cv, tested = evaluation.get("cv"), evaluation.get("test")
    how = _code(cv) if cv else "as its own step says"
    if cv == GIVEN:
        yield "* Validation: samples that the data set sets apart; the last fit was on these too."
    else:
        kind = "Validation, on samples set apart once" if portrait.once else "Cross-validation"
        yield f"* {kind}: {how}, seed {portrait.pipeline.record.seed}."
    if tested:
        yield f"* Test samples: set apart by {_code(tested)}; they chose nothing."
    elif evaluation.get("n_test"):
        yield f"* Test samples: {evaluation['n_test']}, as the data set has them; they were predicted once, at the end."
    else:
        yield f"* No test samples: the figures of {validated(once=portrait.once)} are the best that is known."


def _figures(portrait: Portrait, metrics: Metrics) -> Iterator[str]:
    there = [name for name in PARTITIONS if metrics.partition(name)]
    figures = {name: metrics.partition(name) or {} for name in there}
    yield from _table(
        ["", *(_says(portrait, name) for name in there), "unit"],
        [
            ["samples", *(figures[name].get("samples", "") for name in there), ""],
            *(
                [told.label, *(_figure(figures[name].get(metric)) for name in there), _unit(portrait, metric)]
                for metric, told in METRICS.items()
                if any(_figure(figures[name].get(metric)) for name in there)
            ),
        ],
    )
    yield ""
    crossed = "RMSEC and RMSEP are the RMSE of train and test."
    if not portrait.once:
        crossed = "RMSEC, RMSECV and RMSEP are the RMSE of train, val and test."
    names = "" if portrait.is_classification else f" {crossed}"
    yield f"Its primary metric is {METRICS[metrics.metric].label}: {meaning(metrics.metric)}.{names}"
    yield ""
    yield from (f"* {_plain(name)}: {_plain(how)}." for name, how in _conventions(portrait, there, figures))


def _conventions(portrait: Portrait, there: Sequence[str], figures: JsonMap) -> Iterator[tuple[str, Any]]:
    held = {metric for name in there for metric in figures[name]}
    for name, how in (portrait.pipeline.record.evaluation.get("conventions") or {}).items():
        if name in held and name in METRICS:
            yield METRICS[name].label, how


def _says(portrait: Portrait, partition: str) -> str:
    crossed = "validation (val)" if portrait.once else "cross-validation (val)"
    return {"train": "calibration (train)", "val": crossed}.get(partition, partition)


def _figure(value: object) -> str:
    return figure(value) if isinstance(value, int | float) else ""


def _unit(portrait: Portrait, metric: str) -> str:
    return f"that of {_plain(portrait.target)}" if metric in _IN_UNITS else ""


def _range(portrait: Portrait) -> Iterator[str]:
    held = {name: _values(portrait, name) for name in ("train", "test")}
    parts = {name: values for name, values in held.items() if values}
    if portrait.is_classification:
        counts = {name: Counter(values) for name, values in parts.items()}
        known = sorted(set().union(*counts.values()))
        rows = [[_plain(one), *(counts[name][one] for name in parts)] for one in known]
        yield from _table(["class", *(f"samples, {_says(portrait, name)}" for name in parts)], rows)
    else:
        yield from _table(
            [_plain(portrait.target), "samples", "least", "mean", "greatest", "standard deviation"],
            ([_says(portrait, name), *_spread([float(value) for value in values])] for name, values in parts.items()),
        )
    yield ""
    yield from _outliers(portrait)


def _values(portrait: Portrait, partition: str) -> list[str]:
    """Return the reference values of a partition, one for each sample."""
    rows = [row for row in portrait.rows if row["partition"] == partition and row["y_true"]]
    return list({row["sample_id"]: row["y_true"] for row in rows}.values())


def _spread(values: list[float]) -> list[str]:
    deviation = statistics.stdev(values) if len(values) > 1 else None
    told = (min(values), statistics.fmean(values), max(values), deviation)
    return [str(len(values)), *(f"{value:.6g}" if value is not None else "" for value in told)]


def _outliers(portrait: Portrait) -> Iterator[str]:
    evaluation = portrait.pipeline.record.evaluation
    told = evaluation.get(OUTLIERS)
    if not isinstance(told, dict) and (evaluation.get("asked") or {}).get(OUTLIERS):
        yield "The model has no latent space, so there are no limits of Hotelling's T² and Q residuals."
        return
    if not isinstance(told, dict):
        yield (
            "Limits of outliers were not kept with this run (`nws run --outliers` keeps those of models with a latent "
            "space, such as PLS); `nws predict --outliers` finds what it can of them again."
        )
        return
    words = {"hotelling_t2_limit": "Hotelling's T²", "q_residuals_limit": "Q residuals"}
    limits = [f"{word} {told[name]:.6g}" for name, word in words.items() if told.get(name) is not None]
    yield (
        f"A spectrum is unlike those of the calibration if it is beyond a {told['confidence']:.0%} limit: "
        f"{', '.join(limits) or 'none is known'} ({plural(told['components'], 'component')}, "
        f"{plural(told['samples'], 'sample')})."
    )


def _steps(portrait: Portrait) -> Iterator[str]:
    rows = [
        [_plain(step.get("step", "")), _plain(step["operator"]), _code(step["class"]), _plain(params_text(step))]
        for step in portrait.pipeline.record.steps
    ]
    yield from _table(["", "kind", "class", "parameters that are not the default"], rows)
    if warnings := portrait.pipeline.record.warnings:
        yield ""
        yield "Warnings while it was fitted:"
        yield ""
        yield from (f"* {_plain(text)}" for text in warnings)


def _packages(portrait: Portrait) -> Iterator[str]:
    environment = portrait.pipeline.record.environment
    fitted = {"Python": environment.get("python"), **(environment.get("packages") or {})}
    yield from _table(["fitted with", "version"], [[_plain(name), _plain(text)] for name, text in fitted.items()])
    if ours := portrait.of_nws:
        yield ""
        yield f"Predicting takes nws too, whose classes these are: {', '.join(map(_plain, ours))}."


def _limits(portrait: Portrait) -> Iterator[str]:
    if portrait.is_classification:
        yield "* It knows only the classes above: a sample of another class is given one of them all the same."
        yield "* Its probabilities are those of its model; whether they are calibrated was not looked at."
    else:
        values = [float(value) for value in _values(portrait, "train")]
        ends = f"{min(values):.6g} to {max(values):.6g}" if values else "that of its calibration"
        yield f"* Range: {ends}. Beyond that it extrapolates, and no figure above says how far off it is."
    yield (
        "* Another instrument, another way to present samples, another temperature or season: the figures do not hold "
        "there until samples with reference values say so."
    )
    yield f"* Spectra: {_plain(portrait.wavelengths)}, in the same quantity (absorbance, reflectance) as the data set."
    if not portrait.pipeline.record.evaluation.get("n_test"):
        of = validated(once=portrait.once)
        yield f"* If it is the best of several by the figures of {of}, these are a little flattering."
    yield "* What it is meant for is known to whoever made it; ask before it is used for anything else."


def _provenance(portrait: Portrait) -> Iterator[str]:
    record = portrait.pipeline.record
    rows = [
        ("record (BLAKE3 of `pipeline.json`)", f"`{portrait.pipeline.record_id}`"),
        ("run", _code(record.run_id)),
        ("pipeline", _code(record.id)),
        ("fitted", line(record.created_at)),
        ("config (BLAKE3 of its canonical form)", _code(record.hash)),
        ("seed", record.seed),
        ("commit of the working folder", _plain(record.environment.get("git_commit") or "none")),
        ("description", _plain(record.description) or "none"),
    ]
    return _table(["", ""], rows)


def _citation(portrait: Portrait) -> Iterator[str]:
    record = portrait.pipeline.record
    version = (record.environment.get("packages") or {}).get("nws")
    by = f"nws {_plain(version)}" if version else "nws"
    yield (
        f"> {_plain(portrait.model)} for {_plain(portrait.target)}, fitted with {by} on {line(record.created_at)[:10]} "
        f"on the data set {_plain(record.dataset['name'])} ({record.dataset['samples']} samples, "
        f"BLAKE3 {record.dataset['id']}). Record {portrait.pipeline.record_id}."
    )
    yield ""
    yield "The ids are hashes: whoever has the record, or the data, can see whether they are these."
