"""A stored pipeline made ready to predict: its fitted steps loaded from where they are kept, and put in their order.

This room must not know which spectra are predicted, nor how they are read.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nws.engine import safe
from nws.engine.latent import latent_step
from nws.engine.models import answer
from nws.engine.targets import FittedTargets
from nws.engine.tasks import MODEL, TRANSFORM, Y_PROCESSING, Numbered, StepSpec
from nws.engine.trust import check_classes
from nws.engine.unpickling import load
from nws.errors import BadInput, Damaged, NwsError
from nws.metrics import CLASSIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy import ndarray

    from nws.engine.models import Answers
    from nws.engine.sources import Source
    from nws.records import JsonMap

    Array = ndarray[Any, Any]

_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Passed:
    """Spectra that went through a pipeline: what the model says, and what they were on entering the latent step."""

    answers: Answers
    entering: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The steps of a pipeline, fitted.

    `steps` are the transformers in order and the model last; `task` and `classes` are what `nws.engine.models` asks.
    """

    steps: tuple[Any, ...]
    targets: FittedTargets
    task: str
    classes: tuple[str, ...] = field(default=())
    latent: int | None = None

    @classmethod
    def load(cls, source: Source) -> Fitted:
        """Load every step. This runs code, as far as `source` trusts it.

        Raises
        ------
        Conflict
            If the pipeline has no model.
        Damaged
            If an artifact is gone, or its bytes do not match its id.
        NotTrusted
            If one asks for something that is not trusted.
        """
        import numpy as np

        steps = source.steps()
        if source.packages is not None:
            check_classes(source.path, source.record, source.packages)
        found = _loaded(source, steps)
        pairs = list(zip(steps, found, strict=True))
        chain = [(step, fitted) for step, fitted in pairs if step["operator"] == TRANSFORM]
        chain += [(step, fitted) for step, fitted in pairs if step["operator"] == MODEL]
        undone = [(_numbered(step), fitted) for step, fitted in pairs if step["operator"] == Y_PROCESSING]
        classes = getattr(chain[-1][1], "classes_", ()) if source.task == CLASSIFICATION else ()
        return cls(
            steps=tuple(fitted for _, fitted in chain),
            targets=FittedTargets(values=np.empty(0), steps=tuple(undone)),
            task=source.task,
            classes=tuple(str(label) for label in classes),
            latent=latent_step([str(step["class"]) for step, _ in chain]),
        )

    def enter(self, spectra: Array, last: int) -> Array:
        """Return spectra as they enter the step at place `last`; those that are given may be written to."""
        for step in self.steps[:last]:
            spectra = step.transform(spectra)
        return spectra

    def answer(self, spectra: Array, sample_ids: Sequence[str]) -> Passed:
        """Return what the model says; spectra of shape (samples, features), which may be written to.

        Raises
        ------
        BadInput
            If a step refuses them, or the model does not give one finite number, or one label, for each.
        """
        entering = None
        *transforms, model = self.steps
        for place, step in enumerate(transforms):
            if place == self.latent:
                entering = spectra.copy()
            with _told_of(step, spectra, sample_ids):
                spectra = step.transform(spectra)
        if self.latent == len(transforms):
            entering = spectra.copy()
        with _told_of(model, spectra, sample_ids):
            return Passed(answers=answer(model, spectra, self, self.targets.restore), entering=entering)


def _loaded(source: Source, steps: Sequence[JsonMap]) -> list[Any]:
    """Return what was fitted of each step."""
    if source.skops is None:
        return [load(source.artifact(step), packages=source.packages, what=_called(source, step)) for step in steps]
    undone = sum(step["operator"] == Y_PROCESSING for step in steps)
    whole = safe.load(source.skops, packages=source.packages, what=f"the model in {source.path}")
    try:
        chain, undo = map(iter, safe.parted(whole, undone))
        return [next(undo if step["operator"] == Y_PROCESSING else chain) for step in steps]
    except (AttributeError, StopIteration) as err:
        raise Damaged(f"{source.path}: {safe.FILE_NAME} does not have the steps that its record names") from err


@contextmanager
def _told_of(step: Any, spectra: Array, sample_ids: Sequence[str]) -> Iterator[None]:
    """Say of what goes wrong in a step which step it is, and which spectra the steps before made nothing of."""
    import numpy as np

    try:
        yield
    except NwsError:
        raise
    except Exception as err:  # the code of a step can fail in any way
        why = str(err).partition("\n")[0] or type(err).__name__
        lost = np.flatnonzero(~np.isfinite(spectra).all(axis=1)).tolist()
        names = ", ".join(sample_ids[row] for row in lost[:_SHOWN]) + (" …" if len(lost) > _SHOWN else "")
        said = (
            f"the steps before it give no finite values for these samples: {names} (a spectrum without any variation?)"
        )
        hint = said if lost else ""
        raise BadInput(f"{type(step).__name__} cannot work on these spectra: {why}", hint=hint) from err


def _called(source: Source, step: JsonMap) -> str:
    return f"{source.path}: step {step['step']} ({str(step['class']).rpartition('.')[2]})"


def _numbered(step: JsonMap) -> Numbered:
    spec = StepSpec(kind=step["operator"], path=step["class"], params=step.get("params") or {})
    return Numbered(number=str(step["step"]), spec=spec)
