"""The latent space of a pipeline while it is validated: how far predicted samples lie from those that were fitted on.

This room must not know folds or partitions.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nws.engine import artifacts
from nws.engine.latent import LatentSpace, latent_step
from nws.engine.tasks import TRANSFORM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nws.engine.chain import Stage
    from nws.engine.latent import Limits
    from nws.engine.models import Answers
    from nws.engine.protocol import Member


def measured(
    member: Member, stages: Sequence[Stage], model: Any, answers: Sequence[Answers]
) -> tuple[list[Answers], Limits | None]:
    """Return answers with the distances of their samples, and the limits; as they are without a latent space.

    Parameters
    ----------
    member
        The pipeline.
    stages
        Spectra before its first transformer and after each, with artifacts.
    model
        Its fitted model.
    answers
        What it says, one for each group of `others` of the stages.
    """
    paths = [step.spec.path for step in (*member.steps[TRANSFORM], member.model)]
    place = latent_step(paths)
    if place is None:
        return list(answers), None
    step = model if place == len(stages) - 1 else artifacts.load(stages[place + 1].artifact)
    space = LatentSpace.calibrated(step, [stages[place].fitted])
    if space is None:
        return list(answers), None
    pairs = zip(answers, stages[place].others, strict=True)
    return [dataclasses.replace(said, distances=space.distances(other)) for said, other in pairs], space.limits
