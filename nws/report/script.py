"""The `predict.py` of an export, which shows in ten lines what a model does, and `spectra.py`, which helps it.

Both work with scikit-learn and joblib, or skops, without nws. What is put in is literals, because names come from
files of other people. This room must not know where the scripts will stand.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from nws.engine import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nws.report.portrait import Portrait

SCRIPT_FILE = "predict.py"
HELPER_FILE = "spectra.py"
SKOPS_FILE = safe.FILE_NAME
_HELPER_TEXT = "spectra.txt"
_HEAD = '''\
"""Predict new spectra: python predict.py SPECTRA.csv > mine.csv

README.txt says what SPECTRA.csv has to look like, and which packages are needed.
"""

import sys

sys.dont_write_bytecode = True  # so that this folder stays what its manifest says
from spectra import load, read, write
'''


def helper() -> bytes:
    """Return `spectra.py`, the same in all exports."""
    return (resources.files("nws.report") / "texts" / _HELPER_TEXT).read_bytes()


def script(portrait: Portrait, *, types: Sequence[str] | None = None) -> bytes:
    """Return `predict.py`.

    Parameters
    ----------
    portrait
        The pipeline.
    types
        If the model is kept as skops, which types in it skops does not know; else None.
    """
    lines = [*_transformed(portrait)] if types is None else [_whole(types)]
    others = ", ".join(map(repr, portrait.other_targets))
    lines = [f"samples, spectra = read({others})", *lines, *_told(portrait, types)]
    return "\n".join([_HEAD, *lines, ""]).encode()


def _transformed(portrait: Portrait) -> Iterator[str]:
    for name in portrait.transforms:
        yield f"spectra = load({name!r}).transform(spectra)"
    yield f"model = load({portrait.fitted_model!r})"


def _whole(types: Sequence[str]) -> str:
    trusted = f", trusted={list(types)!r}" if types else ""
    return f"model = load({SKOPS_FILE!r}{trusted})"


def _told(portrait: Portrait, types: Sequence[str] | None) -> Iterator[str]:
    if portrait.has_probabilities:
        yield "write(samples, model.predict(spectra), model.predict_proba(spectra), model.classes_)"
        return
    yield "predicted = model.predict(spectra).reshape(-1, 1)"
    for name in reversed(portrait.target_steps) if types is None else ():
        yield f"predicted = load({name!r}).inverse_transform(predicted)"
    yield "write(samples, predicted)"
