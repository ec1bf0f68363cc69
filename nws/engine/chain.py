"""The preprocessing of a pipeline: a chain of transformers, fitted on some samples and applied to others.

Pipelines that begin alike share what their chains have in common, as long as nothing can tell. This room must not know
models or metrics.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nws.engine import artifacts
from nws.engine.classes import TRUSTED
from nws.engine.memo import Memo
from nws.engine.steps import build
from nws.engine.truncation import Components, exact_solver
from nws.ids import ObjectId

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy import ndarray

    from nws.engine.ambient import Log, Place
    from nws.engine.samples import Samples
    from nws.engine.tasks import Numbered, StepSpec

    Array = ndarray[Any, Any]

# Of transformed spectra, kept in memory by a worker.
LIMIT = 128 << 20
PCA = "sklearn.decomposition.PCA"
_memo = Memo(LIMIT)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Spectra after a number of steps: those fitted on, those of each other group, and what it took to get there.

    `artifact` is the last step as bytes, where that was asked for; `warnings` are those of the last step.
    """

    fitted: Array
    others: tuple[Array, ...]
    warnings: tuple[Any, ...] = ()
    artifact: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Samples to fit on, other groups of samples, and the target values to fit on; all but `values` by row.

    `value_steps` says how the values were made of the reference values; `keep` asks for artifacts.
    """

    fit: Array
    others: tuple[Array, ...]
    values: Array
    value_steps: str = ""
    keep: bool = False


class Chain:
    """The transformers of one pipeline.

    Parameters
    ----------
    samples
        What they are fitted on and applied to.
    steps
        In order.
    seed
        The seed of the run.
    place, log
        Say which step is at work, and hold the warnings of all that runs.
    """

    def __init__(self, samples: Samples, steps: Sequence[Numbered], *, seed: int, place: Place, log: Log) -> None:
        self._samples = samples
        self._steps = steps
        self._seed = seed
        self._place = place
        self._log = log
        self._forms = [json.dumps([step.spec.path, step.spec.params], sort_keys=True, default=repr) for step in steps]
        # Of other packages it is not known whether equal steps give equal results, so the common part ends there.
        own = (at for at, step in enumerate(steps) if not is_library(step.spec))
        self._shared = next(own, len(steps))

    def apply(self, group: Group) -> Iterator[Stage]:
        """Fit the steps one after the other on a group's samples, and yield the stage before and after each."""
        key = (self._samples.dataset_id, self._samples.target, self._seed, group.keep, _digest(group))
        stage = _memo.get(key, lambda: self._begin(group), _size)
        yield stage
        for at, step in enumerate(self._steps):
            self._place.at(step)

            def make(at: int = at, step: Numbered = step, before: Stage = stage) -> Stage:
                return self._fit(step.spec, before, group, (key, *self._forms[:at]))

            stage = _memo.get((key, *self._forms[: at + 1]), make, _size) if at < self._shared else make()
            yield stage

    def _begin(self, group: Group) -> Stage:
        spectra = self._samples.dataset.spectra
        return _frozen(spectra[group.fit], tuple(spectra[rows] for rows in group.others))

    def _fit(self, spec: StepSpec, before: Stage, group: Group, key: Hashable) -> Stage:
        """Fit one step on the stage before it, whose place in memory is `key`."""
        begun = len(self._log)
        transformer = build(spec, seed=self._seed)
        spectra = usable(spec, before.fitted)
        solver = exact_solver(transformer, spectra) if spec.path == PCA else None
        if solver is None:
            fitted = _fit_transform(transformer, spectra, group.values.copy())
        else:
            # Cut out of a decomposition that does not depend on their number, which others may have asked for.
            rest = {name: value for name, value in spec.params.items() if name != "n_components"}
            whole = (key, "components", json.dumps([rest, solver], sort_keys=True))
            every = _memo.get(whole, lambda: Components(transformer, solver, spectra), _bytes)
            transformer, fitted = every.first(transformer)
        # Before it is used, because some steps (those that search neighbours) count what they are asked.
        artifact = artifacts.dump(transformer) if group.keep else b""
        others = tuple(transformer.transform(usable(spec, other)) for other in before.others)
        return _frozen(fitted, others, tuple(self._log[begun:]), artifact)


def _bytes(held: Components) -> int:
    return held.nbytes


def is_library(spec: StepSpec) -> bool:
    """Say whether a step, and all inside its parameters, is of a package known to keep scikit-learn's rules.

    Those are: arrays that are given are not written to, and equal parameters and samples give equal results.
    """
    return all(path.partition(".")[0] in TRUSTED for path in (spec.path, *_classes(spec.params)))


def _classes(value: Any) -> list[str]:
    if isinstance(value, list):
        return [path for item in value for path in _classes(item)]
    if isinstance(value, dict):
        own = [value["class"]] if isinstance(value.get("class"), str) else []
        return own + [path for item in value.values() for path in _classes(item)]
    return []


def usable(spec: StepSpec, spectra: Array) -> Array:
    """Return spectra that a step may have: a copy if it might write to them, since others get them too."""
    if is_library(spec) and not _in_place(spec.params):
        return spectra
    return spectra.copy()


def _in_place(value: Any) -> bool:
    if isinstance(value, list):
        return any(_in_place(item) for item in value)
    if not isinstance(value, dict):
        return False
    return any((key.startswith("copy") and item is False) or _in_place(item) for key, item in value.items())


def _fit_transform(transformer: Any, spectra: Array, values: Array) -> Any:
    if hasattr(transformer, "fit_transform"):
        changed = transformer.fit_transform(spectra, values)
        # Of transformers that transform the target too (PLS), only the spectra go on.
        return changed[0] if isinstance(changed, tuple) else changed
    return transformer.fit(spectra, values).transform(spectra)


def _frozen(fitted: Any, others: tuple[Any, ...], warnings: tuple[Any, ...] = (), artifact: bytes = b"") -> Stage:
    import numpy as np

    for array in (fitted, *others):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return Stage(fitted=fitted, others=others, warnings=warnings, artifact=artifact)


def _size(stage: Stage) -> int:
    arrays = (stage.fitted, *stage.others)
    # What is not an array (a sparse matrix) is not kept: it cannot be guarded against writing.
    sizes = [getattr(array, "nbytes", LIMIT + 1) for array in arrays]
    return sum(sizes) + len(stage.artifact)


def _digest(group: Group) -> str:
    parts = [group.value_steps.encode(), group.fit.tobytes(), *(rows.tobytes() for rows in group.others)]
    return ObjectId.of(b"|".join([str(len(part)).encode() for part in parts] + parts))
