"""Nested cross-validation: pipelines are validated and fitted anew without each outer fold, which then tests them.

Stone, Journal of the Royal Statistical Society B 36 (1974) 111-147; Varma and Simon, BMC Bioinformatics 7 (2006) 91.
The figures inside are for choosing among pipelines, which `nws.engine.estimate` does; this room must not choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nws.engine.apart import of_rows
from nws.engine.evaluate import Predictions, figures_of, over_folds
from nws.engine.protocol import Protocol

if TYPE_CHECKING:
    from nws.engine.ambient import Log, Place
    from nws.engine.protocol import Member
    from nws.engine.samples import Samples
    from nws.records import JsonMap


@dataclass(frozen=True, kw_only=True)
class Tested:
    """The predictions of a pipeline for the samples of all outer folds, and what `metrics.json` says of these folds."""

    test: Predictions
    figures: JsonMap


def cross_test(protocol: Protocol, samples: Samples, *, place: Place, log: Log) -> dict[Member, Tested]:
    """Take the pipelines of a protocol through each outer fold; there is nothing to do without any.

    Those that are taken out of a fold for an error are missing.

    Parameters
    ----------
    protocol
        Whose pipelines; warnings are given to its members.
    samples
        All of them, with the outer folds.
    place, log
        As `Protocol` has them.
    """
    found: dict[Member, list[_Fold]] = {member: [] for member in protocol.members}
    for number, (fit, held_out) in enumerate(samples.outer):
        place.outer = number
        left = {member.task.position: member for member, folds in found.items() if len(folds) == number}
        if not left:
            break
        part = of_rows(samples, fit, held_out)
        inner = Protocol([member.task for member in left.values()], part, place=place, log=log)
        _, folds = inner.split()
        held = inner.cross_validate(folds)
        for member, finished in inner.finish():
            inner.heard(member)
            outer = left[member.task.position]
            outer.warnings += member.warnings
            found[outer].append(_Fold(val=held[member], test=finished.test, folds=len(folds), trained=len(fit)))
    place.outer = None
    # What was heard meanwhile is with those it concerns.
    protocol.heard()
    return {member: _tested(samples, folds) for member, folds in found.items() if len(folds) == len(samples.outer) > 0}


@dataclass(frozen=True, kw_only=True)
class _Fold:
    """What came of a pipeline without one outer fold: held-out predictions of inner folds, then of the outer one."""

    val: Predictions
    test: Predictions
    folds: int
    trained: int


def _tested(samples: Samples, folds: list[_Fold]) -> Tested:
    test = Predictions.joined([fold.test for fold in folds])
    figures = over_folds(samples.task, test)
    for result, fold in zip(figures["fold_results"], folds, strict=True):
        inner = figures_of(samples.task, fold.val)
        inner.pop("confusion_matrix", None)
        result |= {"val": inner, "val_folds": fold.folds, "n_train": fold.trained}
    return Tested(test=test, figures={"split": samples.apart, **figures})
