"""Steps after `feature_augmentation`: applied to each lane, so that all become one step.

This room puts steps of a pipeline together; it must not know files, generators or how chains are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nws.engine.keywords import AUGMENTATION, CONCAT
from nws.engine.steps import Step, side_by_side
from nws.engine.tasks import TRANSFORM
from nws.engine.unions import SINGLE, advance

if TYPE_CHECKING:
    from collections.abc import Sequence


class Joined:
    """Puts lanes and what follows them into one step each; equal parts of pipelines are put together once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], Step] = {}

    def join(self, steps: Sequence[Step]) -> Sequence[Step]:
        """Return the steps of a pipeline with the transformers from the first lanes on as one step.

        The step stands where the lanes begin; splitters, transformers of the target and the model stay as they are.
        """
        if not any(step.action for step in steps):
            return steps
        first = next((at for at, step in enumerate(steps) if step.action not in {"", CONCAT} and step.lanes), None)
        if first is None:
            return steps
        part = [step for step in steps[first:] if step.kind == TRANSFORM]
        if len(part) == 1:
            return steps
        key = tuple(id(step) for step in part)
        if key not in self._known:
            self._known[key] = _join(part)
        others = [step for step in steps[first:] if step.kind != TRANSFORM]
        return [*steps[:first], self._known[key], *others]


def _join(part: Sequence[Step]) -> Step:
    lanes = SINGLE
    for step in part:
        # A plain step goes on with its own output in each lane.
        chains = step.lanes if step.action else (step.links,)
        lanes = advance(lanes, step.action or "replace", chains)
    name = next((spec.name for step in part for spec in step.specs if spec.name), None)
    return side_by_side({AUGMENTATION: [list(lane) for lane in lanes]}, lanes, name=name)
