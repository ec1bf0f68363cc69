"""How a pipeline is validated: fit and predict fold by fold, then fit on everything and predict the test samples.

The test samples are touched in the last step only. This room must not know the object store or what a record says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine import artifacts
from nws.engine.chain import Chain, Group, usable
from nws.engine.evaluate import Predictions
from nws.engine.models import Answers, answer, check_kind
from nws.engine.splits import split, split_with
from nws.engine.steps import build
from nws.engine.targets import TargetSteps
from nws.engine.tasks import MODEL, SPLIT, TRANSFORM, Y_PROCESSING, Numbered
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import ndarray

    from nws.engine.ambient import Log, Place
    from nws.engine.chain import Stage
    from nws.engine.samples import Samples
    from nws.engine.splits import Fold
    from nws.engine.targets import FittedTargets
    from nws.engine.tasks import StepSpec, Task

    Array = ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A step of the final fit as bytes."""

    number: str
    class_path: str
    data: bytes


class Protocol:
    """The validation of one pipeline on one target.

    Parameters
    ----------
    task
        What to do.
    samples
        On what.
    place, log
        Are told where the work has come to, and of warnings.
    """

    def __init__(self, task: Task, samples: Samples, *, place: Place, log: Log) -> None:
        self._task = task
        self._samples = samples
        self._place = place
        steps = [Numbered(number=str(at), spec=spec) for at, spec in enumerate(task.config.steps, start=1)]
        self._steps = {kind: [step for step in steps if step.spec.kind == kind] for kind in _KINDS}
        if len(self._steps[MODEL]) != 1:
            raise BadInput(f"a pipeline has one model, this one has {len(self._steps[MODEL])}")
        self._model = self._steps[MODEL][0]
        self._chain = Chain(samples, self._steps[TRANSFORM], seed=task.seed, place=place, log=log)
        self._targets = TargetSteps(self._steps[Y_PROCESSING], task=samples.task, seed=task.seed, place=place)

    def split(self) -> tuple[str, list[Fold]]:
        """Return what the split is called, and its folds as rows of the dataset.

        Raises
        ------
        BadInput, UsageError
            If the split does not fit the samples.
        """
        trainable = self._samples.trainable
        if not len(trainable.rows):
            raise BadInput(f"no training sample has a value of {self._samples.target!r}")
        splitters = self._steps[SPLIT]
        if not splitters:
            return split(trainable, self._task.cv, seed=self._task.seed)
        if len(splitters) > 1:
            raise BadInput(f"a pipeline has one splitter, this one has {len(splitters)}")
        self._place.at(splitters[0])
        splitter = build(splitters[0].spec, seed=self._task.seed)
        folds = split_with(splitter, trainable, group=splitters[0].spec.group)
        return _spelled(splitters[0].spec), folds

    def cross_validate(self, folds: Sequence[Fold]) -> Predictions:
        """Fit on each fold's samples and predict the others; return all predictions, fold after fold."""
        import numpy as np

        answers = []
        for number, (fit, held_out) in enumerate(folds):
            self._place.fold = number
            answers += self._fit(fit, (held_out,), keep=False)[0]
        self._place.fold = None
        return self._predictions(
            "val",
            np.concatenate([held_out for _, held_out in folds]),
            Answers.joined(answers),
            fold=np.repeat(np.arange(len(folds)), [len(held_out) for _, held_out in folds]),
        )

    def finish(self) -> tuple[Predictions, Predictions, tuple[Saved, ...]]:
        """Fit on all trainable samples; return predictions of these and of the test samples, and every fitted step."""
        rows, test = self._samples.trainable.rows, self._samples.test
        others = (rows, test) if len(test) else (rows,)
        answers, saved = self._fit(rows, others, keep=True)
        tested = answers[1] if len(test) else Answers.joined([])
        return self._predictions("train", rows, answers[0]), self._predictions("test", test, tested), saved

    def _fit(self, fit: Array, others: tuple[Array, ...], *, keep: bool) -> tuple[list[Answers], tuple[Saved, ...]]:
        targets = self._targets.fit(self._samples.values[fit])
        group = Group(fit=fit, others=others, values=targets.values, value_steps=self._targets.form, keep=keep)
        stages = self._chain.apply(group)
        self._place.at(self._model)
        spec = self._model.spec
        model = build(spec, seed=self._task.seed)
        check_kind(model, spec.path, self._samples)
        model.fit(usable(spec, stages[-1].fitted), targets.values)
        # Before anything is predicted: some models (trees of neighbours) count what they are asked.
        saved = self._saved(targets, stages, model) if keep else ()
        answers = [answer(model, usable(spec, other), self._samples, targets.restore) for other in stages[-1].others]
        return answers, saved

    def _saved(self, targets: FittedTargets, stages: Sequence[Stage], model: Any) -> tuple[Saved, ...]:
        fitted = [(step, artifacts.dump(transformer)) for step, transformer in targets.steps]
        fitted += [(step, stage.artifact) for step, stage in zip(self._steps[TRANSFORM], stages[1:], strict=True)]
        fitted += [(self._model, artifacts.dump(model))]
        fitted.sort(key=lambda pair: int(pair[0].number))
        return tuple(Saved(number=step.number, class_path=step.spec.path, data=data) for step, data in fitted)

    def _predictions(self, partition: str, rows: Array, found: Answers, fold: Array | None = None) -> Predictions:
        return Predictions(
            partition=partition,
            rows=rows,
            reference=self._samples.values[rows],
            predicted=found.values,
            fold=fold,
            classes=self._samples.classes,
            probabilities=found.probabilities,
        )


_KINDS = (TRANSFORM, Y_PROCESSING, SPLIT, MODEL)


def _spelled(spec: StepSpec) -> str:
    """Return a splitter as one would write it: `KFold(n_splits=5)`."""
    params = ", ".join(f"{name}={value!r}" for name, value in sorted(spec.params.items()))
    return f"{spec.path.rpartition('.')[2]}({params})"
