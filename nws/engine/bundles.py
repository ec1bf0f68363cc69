"""Which tasks are best done together, because they share work; the order of the outcomes is not that of the plan.

This room compares what tasks say; it must not fit anything.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from nws.engine.chain import is_library
from nws.engine.paths import PATHS, along, form_of
from nws.engine.steps import build
from nws.engine.tasks import SPLIT, Y_PROCESSING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from nws.engine.tasks import StepSpec, Task


def relatives(tasks: Iterable[Task]) -> list[list[Task]]:
    """Return tasks in groups that differ in values along a path only, in the order in which the first of each comes."""
    return _grouped(tasks, relation)


def relation(task: Task) -> Hashable:
    """Return what is equal for tasks that differ in values along a path only."""
    if not all(is_library(spec) for spec in task.config.steps):
        return task.position
    return _asked(task), tuple(form_of(spec, of_path=True) for spec in task.config.steps)


def bundles(tasks: Iterable[Task]) -> list[list[Task]]:
    """Return tasks in groups that are validated alike: on the same samples, splits and values of the target.

    A pipeline with steps of a package that nothing is known of is alone in its group.
    """
    return _grouped(tasks, _validation)


def value_along(spec: StepSpec) -> float | None:
    """Return the value by which a model differs from others on its path; None where it shares no fit.

    Parameters
    ----------
    spec
        The step of the model, of a package that keeps scikit-learn's rules.
    """
    param = along(spec.path)
    if param is None:
        return None
    model = build(spec, seed=0)
    value = getattr(model, param)
    if isinstance(value, bool) or not isinstance(value, int | float) or not PATHS[spec.path].allows(model):
        return None
    return value


def _grouped(tasks: Iterable[Task], key_of: Callable[[Task], Hashable]) -> list[list[Task]]:
    groups: dict[Hashable, list[Task]] = {}
    for task in tasks:
        groups.setdefault(key_of(task), []).append(task)
    return list(groups.values())


def _validation(task: Task) -> Hashable:
    if not all(is_library(spec) for spec in task.config.steps):
        return task.position
    return _asked(task), _forms(task.config.steps, (SPLIT, Y_PROCESSING))


def _forms(specs: Sequence[StepSpec], kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(form_of(spec, of_path=False) for kind in kinds for spec in specs if spec.kind == kind)


def _asked(task: Task) -> Hashable:
    """Return all that a task says besides its pipeline."""
    return tuple(
        getattr(task, field.name) for field in dataclasses.fields(task) if field.name not in {"position", "config"}
    )
