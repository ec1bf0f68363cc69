"""The `README.txt` of an export: what it is, for whom, how it is used, what to trust, how it is checked.

For people who may never have heard of nws. This room must not know where the export will stand.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from nws.dataset.contents import INDEX
from nws.pipeline.view import METRICS_FILE, PREDICTIONS_FILE, RECORD_FILE
from nws.report.portrait import line
from nws.report.script import HELPER_FILE, SCRIPT_FILE, SKOPS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nws.report.portrait import Portrait

README_FILE = "README.txt"
CARD_FILE = "model_card.md"
_WIDTH = 88
_SKOPS = "skops"


def readme(portrait: Portrait, *, types: Sequence[str] | None = None, version: str = "") -> bytes:
    """Return the text.

    Parameters
    ----------
    portrait
        The pipeline.
    types
        If the model is kept as skops, which types in it skops does not know; else None.
    version
        That of skops, if the model is kept so.
    """
    title = f"{line(portrait.target)}, predicted from spectra by {portrait.model}"
    parts = [
        *wrap(title, _WIDTH),
        "=" * min(len(title), _WIDTH),
        *_section("What this is", _what(portrait)),
        *_section("For whom", _for_whom(portrait, types)),
        *_section("Use it", _use(portrait, types, version)),
        *_section("Spectra", _spectra(portrait)),
        *_section("Files", _files(types)),
        *_section("Trust", _trust(types)),
        *_section("Check it", _check(portrait)),
    ]
    return "\n".join([*parts, ""]).encode()


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    """Yield a section; what begins with spaces is not broken into lines."""
    yield ""
    yield title
    yield "-" * len(title)
    for text in lines:
        yield from [text] if text.startswith(" ") or not text else wrap(text, _WIDTH)


def _what(portrait: Portrait) -> Iterator[str]:
    record = portrait.pipeline.record
    kind = "which class a sample is of" if portrait.is_classification else "a number"
    yield (
        f"A model that predicts {line(portrait.target)} ({kind}) from near-infrared spectra ({portrait.wavelengths}). "
        f"It was fitted on {record.evaluation.get('n_train', record.dataset['samples'])} samples of the data set "
        f"{line(record.dataset['name'])}, after this preprocessing: {portrait.preprocessing}."
    )
    yield (
        f"It was exported by nws, a tool that keeps runs of such models. {CARD_FILE} says how good the model is, on "
        "which data, and what it is not made for. Read that first."
    )


def _for_whom(portrait: Portrait, types: Sequence[str] | None) -> Iterator[str]:
    how = "joblib" if types is None else "skops"
    if ours := portrait.of_nws:
        yield (
            "For anybody who has spectra of such samples, Python and nws: these steps are classes of nws itself: "
            f"{', '.join(map(line, ours))}."
        )
    else:
        yield f"For anybody who has spectra of such samples, and Python with scikit-learn and {how}. nws is not needed."


def _use(portrait: Portrait, types: Sequence[str] | None, version: str) -> Iterator[str]:
    record = portrait.pipeline.record
    python = ".".join(str(record.environment.get("python", "3")).split(".")[:2])
    more = {} if types is None else {_SKOPS: version}
    yield f"With Python {line(python)}, in a new environment (other versions may work, and warn):"
    yield ""
    yield f"    {portrait.install(**more)}"
    if portrait.of_nws:
        yield "    pip install FOLDER-OF-NWS"
    yield f"    python {SCRIPT_FILE} SPECTRA.csv > mine.csv"
    yield ""
    if portrait.of_nws:
        told = (record.environment.get("packages") or {}).get("nws", "version unknown")
        yield (
            f"FOLDER-OF-NWS is the source of nws ({line(told)}): ask whoever sent this. What `pip install nws` brings "
            "is another package, which has the same name by chance."
        )
    columns = "the sample and the class" if portrait.is_classification else "the sample and the prediction"
    chances = ", and the probability of each class" if portrait.has_probabilities else ""
    yield f"It prints {columns}{chances}. {SCRIPT_FILE} is short: it shows how to call the model from your own code."
    if types is None:
        yield (
            "With nws, `nws predict THIS --input SPECTRA.csv` also reads other files and other units of wavelength, "
            "and says which samples are unlike those of the calibration."
        )


def _spectra(portrait: Portrait) -> Iterator[str]:
    axis = portrait.axis
    yield "SPECTRA.csv is a text file with commas, semicolons or tabs between the columns."
    if axis is None or axis.unit == INDEX or len(set(axis.values)) < len(axis.values):
        yield (
            f"A sample a row: its {portrait.features} values, in the order of the data that the model was fitted on, "
            "and before them its name, if it has one. A header is passed over. The values have to be measured in the "
            "same way, at the same places."
        )
        return
    yield (
        f"A header with the wavelengths in {axis.unit}, then a sample a row. The columns are found by the numbers in "
        f"the header, in any order and among others; all {portrait.features} of the model have to be there, within a "
        "hundredth of the smallest step. The first column names the samples, unless it is a wavelength or a target."
    )


def _files(types: Sequence[str] | None) -> Iterator[str]:
    held = {
        CARD_FILE: "the data, the figures, the range, the limits; how to cite",
        SCRIPT_FILE: "predicts new spectra",
        HELPER_FILE: "reads spectra and writes predictions for it",
        ("artifacts/" if types is None else SKOPS_FILE): (
            "the fitted steps, each as a joblib file" if types is None else "the fitted model, as skops"
        ),
        RECORD_FILE: "the record: steps, parameters, versions, ids of all files",
        METRICS_FILE: "the figures, by partition and by fold",
        PREDICTIONS_FILE: "predictions of the samples that it was made and tested with",
        "manifest.json": "the BLAKE3 and the size of each of these files",
    }
    for name, text in held.items():
        yield f"    {name:<16} {text}"


def _trust(types: Sequence[str] | None) -> Iterator[str]:
    if types is None:
        yield (
            "A joblib file is a pickle: loading it runs code, whatever that is. Load it only if you trust whoever gave "
            "it to you, and check that it came as it was sent (below). The .py files are code too; they are short, so "
            "read them. The texts, CSV and JSON files are safe."
        )
        return
    yield (
        f"{SKOPS_FILE} holds no code: loading it makes objects of types that skops knows to be harmless, and refuses "
        f"others. {SCRIPT_FILE} and {HELPER_FILE} are code; they are short, read them."
    )
    if types:
        yield (
            f"These types skops does not know; {SCRIPT_FILE} names them, and so says that they may be loaded. They are "
            "classes of the packages above. If you do not trust these packages, do not load it."
        )
        yield ""
        for name in types:
            yield f"    {line(name)}"
    else:
        yield "There is no type in it that skops does not know."


def _check(portrait: Portrait) -> Iterator[str]:
    yield (
        f"manifest.json has the BLAKE3 of every file; `b3sum FILE` prints that of a file. The BLAKE3 of {RECORD_FILE} "
        "is the id of the record, by which all else was found; ask whoever sent it whether that is theirs:"
    )
    yield ""
    yield f"    {portrait.pipeline.record_id}  {RECORD_FILE}"
