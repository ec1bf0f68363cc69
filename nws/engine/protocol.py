"""How pipelines are validated: fit and predict fold by fold, then fit on everything and predict the test samples.

Pipelines that are validated alike go through this together, fold after fold, so that what they share is made once and
needed for no longer than a fold. The test samples are touched in the last step only. This room must not know the object
store or what a record says.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.engine import artifacts
from nws.engine.bundles import value_along
from nws.engine.chain import Chain, Group, usable
from nws.engine.evaluate import Predictions
from nws.engine.models import Answers, answer, check_kind
from nws.engine.outliers import measured
from nws.engine.paths import PATHS, form_of
from nws.engine.splits import split, split_with
from nws.engine.steps import build
from nws.engine.targets import TargetSteps
from nws.engine.tasks import MODEL, SPLIT, TRANSFORM, Y_PROCESSING, Numbered
from nws.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy import ndarray

    from nws.engine.ambient import Log, Place
    from nws.engine.chain import Stage
    from nws.engine.latent import Limits
    from nws.engine.samples import Samples
    from nws.engine.splits import Fold
    from nws.engine.targets import FittedTargets
    from nws.engine.tasks import StepSpec, Task

    Array = ndarray[Any, Any]
    Predicts = Callable[[Any, Array], Array]
    Keep = Callable[["Member", int, tuple["Saved", ...]], None]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A step of the final fit as bytes."""

    number: str
    class_path: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What the final fit of a pipeline gives: predictions of two partitions, its steps, and the limits of its space."""

    train: Predictions
    test: Predictions
    saved: tuple[Saved, ...]
    limits: Limits | None = None


@dataclass(eq=False)
class Member:
    """One of the pipelines that are validated together: its steps, and the warnings that concern it."""

    task: Task
    warnings: Log = field(default_factory=list)

    def __post_init__(self) -> None:
        numbered = [Numbered(number=str(at), spec=spec) for at, spec in enumerate(self.task.config.steps, start=1)]
        self.steps = {kind: [step for step in numbered if step.spec.kind == kind] for kind in _KINDS}
        if len(self.steps[MODEL]) != 1:
            raise BadInput(f"a pipeline has one model, this one has {len(self.steps[MODEL])}")
        self.model = self.steps[MODEL][0]

    @functools.cached_property
    def value(self) -> float | None:
        """The value by which the model differs from others on its path; None where it shares no fit."""
        return value_along(self.model.spec)


class Protocol:
    """The validation of pipelines on one target.

    Where several go through it, one that meets an error, or a warning that may be of others, is taken out as if it had
    not been there: it is to go through a protocol of its own.

    Parameters
    ----------
    tasks
        What to do; several must be of one bundle.
    samples
        On what.
    place, log
        Are told where the work has come to, and of warnings.
    """

    def __init__(self, tasks: Sequence[Task], samples: Samples, *, place: Place, log: Log) -> None:
        self._samples = samples
        self._place = place
        self._log = log
        self._heard = len(log)
        self._alone = len(tasks) == 1
        self.members = [Member(task) for task in tasks]
        first = self.members[0]
        self._seed = first.task.seed
        self._cv = first.task.cv
        self._outliers = first.task.outliers
        self._splitters = first.steps[SPLIT]
        self._targets = TargetSteps(first.steps[Y_PROCESSING], task=samples.task, seed=self._seed, place=place)
        self._branches = _branches(self.members)

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
        splitters = self._splitters
        if not splitters:
            return split(trainable, self._cv, seed=self._seed)
        if len(splitters) > 1:
            raise BadInput(f"a pipeline has one splitter, this one has {len(splitters)}")
        self._place.at(splitters[0])
        splitter = build(splitters[0].spec, seed=self._seed)
        folds = split_with(splitter, trainable, group=splitters[0].spec.group)
        return _spelled(splitters[0].spec), folds

    def cross_validate(self, folds: Sequence[Fold], keep: Keep | None = None) -> dict[Member, Predictions]:
        """Fit on each fold's samples and predict the others; return all predictions of each, fold after fold.

        Parameters
        ----------
        folds
            Rows to fit on and rows to predict.
        keep
            Is given the fitted steps of each pipeline and fold, where they are wanted.
        """
        import numpy as np

        answers: dict[Member, list[Answers]] = {member: [] for member in self.members}
        for number, (fit, held_out) in enumerate(folds):
            self._place.fold = number
            for member, found, saved, _ in self._fit(fit, (held_out,), keep=keep is not None):
                answers[member] += found
                if keep is not None:
                    keep(member, number, saved)
        self._place.fold = None
        rows = np.concatenate([held_out for _, held_out in folds])
        fold = np.repeat(np.arange(len(folds)), [len(held_out) for _, held_out in folds])
        return {
            member: self._predictions("val", rows, Answers.joined(answers[member]), fold=fold)
            for member in self.members
        }

    def finish(self) -> Iterator[tuple[Member, Finished]]:
        """Fit on all trainable samples, predict these and the test samples; yield what each pipeline comes to."""
        rows, test = self._samples.trainable.rows, self._samples.test
        others = (rows, test) if len(test) else (rows,)
        for member, answers, saved, limits in self._fit(rows, others, keep=True):
            tested = answers[1] if len(test) else Answers.joined([])
            yield (
                member,
                Finished(
                    train=self._predictions("train", rows, answers[0]),
                    test=self._predictions("test", test, tested),
                    saved=saved,
                    limits=limits,
                ),
            )

    def heard(self, *members: Member) -> None:
        """Give the warnings since the last call to the members they concern."""
        for member in members:
            member.warnings += self._log[self._heard :]
        self._heard = len(self._log)

    def _fit(
        self, fit: Array, others: tuple[Array, ...], *, keep: bool
    ) -> Iterator[tuple[Member, list[Answers], tuple[Saved, ...], Limits | None]]:
        targets = self._targets.fit(self._samples.values[fit])
        self.heard(*self.members)
        # A latent space is measured with its fitted step, which is kept as an artifact only.
        kept = keep or self._outliers
        group = Group(fit=fit, others=others, values=targets.values, value_steps=self._targets.form, keep=kept)
        for branch in self._branches:
            families = [[member for member in family if member in self.members] for family in branch]
            together = [member for family in families for member in family]
            if not together:
                continue
            with self._sparing(together):
                stages = self._stages(together, group)
                for family in families:
                    yield from self._family(family, stages, targets, keep=keep)

    def _family(
        self, family: list[Member], stages: Sequence[Stage], targets: FittedTargets, *, keep: bool
    ) -> Iterator[tuple[Member, list[Answers], tuple[Saved, ...], Limits | None]]:
        left = list(family)
        with self._sparing(left):
            predict = _predictions_of(family)
            for member, model in self._fitted(family, stages[-1].fitted, targets.values, whole=keep or self._outliers):
                saved = _saved(member, targets, stages, model) if keep else ()
                answers = [self._answer(member, model, spectra, targets, predict) for spectra in stages[-1].others]
                answers, limits = measured(member, stages, model, answers) if self._outliers else (answers, None)
                self.heard(member)
                left.remove(member)
                yield member, answers, saved, limits

    @contextlib.contextmanager
    def _sparing(self, members: list[Member]) -> Iterator[None]:
        """Take out the members that are left when something goes wrong, unless it is the error of the only one."""
        try:
            yield
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException:
            if self._alone:
                raise
            self._heard = len(self._log)
            self.members = [member for member in self.members if member not in members]

    def _fitted(
        self, family: Sequence[Member], spectra: Array, values: Array, *, whole: bool
    ) -> Iterator[tuple[Member, Any]]:
        """Yield each member with its fitted model, which is to be used before the next is asked for."""
        together: list[Member] = []
        if len(family) > 1:
            most = PATHS[family[0].model.spec.path].largest(spectra.shape)
            together = [member for member in family if _value(member) <= most]
        if len(together) > 1:
            spec = together[0].model.spec
            models = self._along_path(together, usable(spec, spectra), values.copy(), whole=whole)
            yield from zip(together, models, strict=True)
        for member in family if len(together) < 2 else family[len(together) :]:
            yield member, self._model(member, usable(member.model.spec, spectra), values.copy())

    def _along_path(self, family: Sequence[Member], spectra: Array, values: Array, *, whole: bool) -> Iterator[Any]:
        """Yield the models of a family in turn, as long as there is no warning, which might not concern all of them."""
        spec = family[0].model.spec
        models = [build(member.model.spec, seed=self._seed) for member in family]
        check_kind(models[0], spec.path, self._samples)
        for model in PATHS[spec.path].models(models, spectra, values, whole=whole):
            if len(self._log) > self._heard:
                raise _Warned
            yield model

    def _model(self, member: Member, spectra: Array, values: Array) -> Any:
        self._place.at(member.model)
        model = build(member.model.spec, seed=self._seed)
        check_kind(model, member.model.spec.path, self._samples)
        model.fit(spectra, values)
        return model

    def _stages(self, branch: Sequence[Member], group: Group) -> list[Stage]:
        chain = Chain(self._samples, branch[0].steps[TRANSFORM], seed=self._seed, place=self._place, log=self._log)
        stages = []
        for stage in chain.apply(group):
            stages.append(stage)
            # Of a stage that was made before, the log says nothing.
            self._heard = len(self._log)
            for member in branch:
                member.warnings += stage.warnings
        return stages

    def _answer(
        self, member: Member, model: Any, spectra: Array, targets: FittedTargets, predict: Predicts | None
    ) -> Answers:
        given = usable(member.model.spec, spectra) if predict is None else spectra
        return answer(model, given, self._samples, targets.restore, predict)

    def _predictions(self, partition: str, rows: Array, found: Answers, fold: Array | None = None) -> Predictions:
        return Predictions(
            partition=partition,
            rows=rows,
            reference=self._samples.values[rows],
            predicted=found.values,
            fold=fold,
            classes=self._samples.classes,
            probabilities=found.probabilities,
            distances=found.distances,
        )


class _Warned(Exception):
    """A fit that several pipelines share gave a warning."""


_KINDS = (TRANSFORM, Y_PROCESSING, SPLIT, MODEL)


def _branches(members: Sequence[Member]) -> list[list[list[Member]]]:
    """Group members with the same steps before the model, and among them those whose models lie on one path.

    These are in ascending order of their values along it.
    """
    branches: dict[Any, dict[Any, list[Member]]] = {}
    for member in members:
        chain = tuple(form_of(step.spec, of_path=False) for step in member.steps[TRANSFORM])
        alone = len(members) == 1 or member.value is None
        path = member if alone else form_of(member.model.spec, of_path=True)
        branches.setdefault(chain, {}).setdefault(path, []).append(member)
    return [
        [family if len(family) == 1 else sorted(family, key=_value) for family in branch.values()]
        for branch in branches.values()
    ]


def _predictions_of(family: Sequence[Member]) -> Predicts | None:
    """Return what predicts for models that are fitted together; None where each predicts by itself."""
    path = PATHS.get(family[0].model.spec.path) if len(family) > 1 else None
    return path.predictions() if path is not None and path.predictions is not None else None


def _value(member: Member) -> float:
    assert member.value is not None
    return member.value


def _saved(member: Member, targets: FittedTargets, stages: Sequence[Stage], model: Any) -> tuple[Saved, ...]:
    """Return the fitted steps as bytes, before anything is predicted: some count what they are asked."""
    fitted = [
        (step, artifacts.dump(transformer))
        for step, (_, transformer) in zip(member.steps[Y_PROCESSING], targets.steps, strict=True)
    ]
    fitted += [(step, stage.artifact) for step, stage in zip(member.steps[TRANSFORM], stages[1:], strict=True)]
    fitted += [(member.model, artifacts.dump(model))]
    fitted.sort(key=lambda pair: int(pair[0].number))
    return tuple(Saved(number=step.number, class_path=step.spec.path, data=data) for step, data in fitted)


def _spelled(spec: StepSpec) -> str:
    """Return a splitter as one would write it: `KFold(n_splits=5)`."""
    params = ", ".join(f"{name}={value!r}" for name, value in sorted(spec.params.items()))
    return f"{spec.path.rpartition('.')[2]}({params})"
