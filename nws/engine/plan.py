"""From a config file to the list of its pipelines.

A file with several models makes one pipeline for each model, of the steps before it: what stands between two models is
for the later ones only. This room reads the file it is given; it must not fit, write, or look at a dataset.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nws.documents import inside, read, refusal
from nws.engine.generators import space_of
from nws.engine.keywords import LABELS, refuse_many
from nws.engine.labels import NONE, Labels, labels_of
from nws.engine.lanes import Joined
from nws.engine.mentions import check_classes
from nws.engine.misgiven import BadParameter, placed
from nws.engine.presets import PRESETS, Presets
from nws.engine.spaces import NOTHING, Marked, values
from nws.engine.steps import NO_STEP, Step, read_step
from nws.engine.tasks import MODEL, SPLIT, TRANSFORM, Y_PROCESSING, PipelineConfig
from nws.ids import ObjectId, closest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEYS = ("name", "description", "pipeline", PRESETS, *LABELS)
# Where a splitter or a target transform stands among the transforms changes no result, so it is not hashed.
_RANK = {SPLIT: 0, Y_PROCESSING: 1, TRANSFORM: 2, MODEL: 3}

Steps = tuple[Step, ...]


def read_configs(path: Path, *, trusted: tuple[str, ...] = ()) -> list[PipelineConfig]:
    """Read a config file and return its pipelines, in the order in which they are numbered.

    Later steps vary fastest; of pipelines with the same hash only the first is kept.

    Parameters
    ----------
    path
        A JSON or YAML file: a list of steps, or `{"name", "description", "pipeline": [...]}`.
    trusted
        Packages that may be imported besides scikit-learn, chemotools and nws.

    Raises
    ------
    BadInput
        If the file cannot be used; the message names the place in it.
    NotTrusted
        If it names a class of another package, which has not been imported then.
    """
    return expand(read(path), file=str(path), trusted=trusted)


def expand(document: Any, *, file: str, trusted: tuple[str, ...] = ()) -> list[PipelineConfig]:
    """Return the pipelines of a config that was read before; `file` names it in messages. As `read_configs`."""
    about = _about(document, file)
    steps, place = _steps(document, file)
    check_classes(steps, place, trusted)
    stages = [_stage(step, inside(place, at), trusted) for at, step in enumerate(steps)]
    _check_order(stages, place)
    refuse_many(_number(stages), place)
    configs: dict[str, PipelineConfig] = {}
    joined = Joined()
    for chain in _pipelines(stages):
        config = _config(chain, joined, about)
        configs.setdefault(config.hash, config)
    return list(configs.values())


@dataclass(frozen=True, kw_only=True)
class _About:
    """What a file says of all its pipelines."""

    name: str | None
    description: str
    labels: Labels
    file: str


def _about(document: Any, file: str) -> _About:
    if not isinstance(document, dict):
        return _About(name=None, description="", labels=NONE, file=file)
    _check_keys(document, f"{file}: ")
    name, description = document.get("name"), document.get("description")
    for key, text in (("name", name), ("description", description)):
        if text is not None and not isinstance(text, str):
            raise refusal(inside(f"{file}: ", key), f"{text!r} is not text")
    labels = labels_of(document, f"{file}: ")
    return _About(name=name or None, description=description or "", labels=labels, file=file)


def _steps(document: Any, file: str) -> tuple[list[Any], str]:
    """Return the steps of a document with its presets in their places, and where they stand."""
    place = f"{file}: pipeline"
    whole = document if isinstance(document, dict) else {"pipeline": document}
    presets = Presets(whole.get(PRESETS, {}), inside(f"{file}: ", PRESETS))
    steps = presets.resolve(whole.get("pipeline"), place)
    if not isinstance(steps, list):
        raise refusal(place, "a list of steps is expected", hint='[…] or {"pipeline": […]}')
    if not steps:
        raise refusal(place, "an empty pipeline", hint="it needs at least a model")
    return steps, place


def _check_keys(document: dict[str, Any], place: str) -> None:
    for key in document:
        if key not in _KEYS:
            near = closest(key, _KEYS)
            hint = f"did you mean {near[0]}?" if near else f"a config has: {', '.join(_KEYS)}"
            raise refusal(inside(place, key), "not supported in a config", hint=hint)


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """What one entry of the list stands for.

    `choices` are the sequences of steps it may be; `models` are the ends of pipelines among them, each with the steps
    before it in the same choice; `onward` are the steps it may add to the pipelines of later models.
    """

    place: str
    choices: tuple[Steps, ...]
    models: tuple[Steps, ...]
    onward: tuple[Steps, ...]


def _stage(entry: Any, place: str, trusted: tuple[str, ...]) -> _Stage:
    if entry is None:
        raise refusal(place, "an empty step", hint="null means `no such step` as a choice of _or_")
    space = space_of(entry, place)
    refuse_many(space.size, place)
    known: dict[str, Step] = {}

    def step(written: Any, labels: Labels) -> Step:
        if written is NOTHING:
            return Step(kind=NO_STEP, given=None, labels=labels)
        key = json.dumps(written)
        if key not in known:
            try:
                known[key] = read_step(written, trusted=trusted, place=place)
            except BadParameter as err:
                raise placed(err, entry, place) from err
        return replace(known[key], labels=labels) if labels else known[key]

    choices = tuple(tuple(step(*written) for written in _flat(choice)) for choice in values(space))
    models: list[Steps] = []
    onward: dict[tuple[bytes, ...], Steps] = {}
    for choice in choices:
        before = tuple(item for item in choice if item.kind != MODEL)
        models += [
            (*(item for item in choice[:at] if item.kind != MODEL), item)
            for at, item in enumerate(choice)
            if item.kind == MODEL
        ]
        onward.setdefault(tuple(part for item in before for part in item.encoded), before)
    return _Stage(place=place, choices=choices, models=tuple(models), onward=tuple(onward.values()))


def _flat(choice: Any, labels: Labels = NONE) -> Iterator[tuple[Any, Labels]]:
    """Yield the entries of a choice with their labels.

    It may be none, one, or lists of them to be applied one after the other; none with labels is yielded too.
    """
    if isinstance(choice, Marked):
        yield from _flat(choice.value, labels + choice.marks)
    elif isinstance(choice, list) and choice:
        for item in choice:
            yield from _flat(item, labels)
    elif choice is NOTHING or choice == []:
        if labels:
            yield NOTHING, labels
    else:
        yield choice, labels


def _check_order(stages: list[_Stage], place: str) -> None:
    """Refuse lists in which some choice makes no sense, by following every combination of kinds through the stages."""
    states = {_State()}
    for stage in stages:
        kinds = {tuple(item.kind for item in choice) for choice in stage.choices}
        states = {state.after(chain, stage.place) for state in states for chain in kinds}
    if not all(state.has_model for state in states):
        some = any(state.has_model for state in states)
        what = "a choice of steps leaves the pipeline without a model" if some else "a pipeline without a model"
        raise refusal(place, what, hint='add a step like {"model": "sklearn.cross_decomposition.PLSRegression"}')
    loose = next((state.loose for state in states if state.loose), "")
    if loose:
        raise refusal(loose, "a step after the last model, which would never be used", hint="put it before the model")


@dataclass(frozen=True, kw_only=True)
class _State:
    """What a pipeline holds so far: a model, a splitter, and the place of a step that no model follows yet."""

    has_model: bool = False
    has_split: bool = False
    loose: str = ""

    def after(self, kinds: tuple[str, ...], place: str) -> _State:
        """Return the state after steps of the given kinds."""
        has_model, has_split, loose = self.has_model, self.has_split, self.loose
        for kind in (kind for kind in kinds if kind != NO_STEP):
            if kind == SPLIT and has_split:
                raise refusal(place, "a second splitter", hint="a pipeline has one; use _or_ to try several")
            if kind == SPLIT and has_model:
                hint = "put it before the first model, so that all models are compared on the same splits"
                raise refusal(place, "a splitter after a model", hint=hint)
            has_split = has_split or kind == SPLIT
            has_model = has_model or kind == MODEL
            loose = "" if kind == MODEL else place
        return _State(has_model=has_model, has_split=has_split, loose=loose)


def _number(stages: list[_Stage]) -> int:
    """Count the pipelines without making them."""
    total = 0
    for stage in reversed(stages):
        total = len(stage.models) + len(stage.onward) * total
    return total


def _pipelines(stages: list[_Stage], at: int = 0, before: Steps = ()) -> Iterator[Steps]:
    """Yield every pipeline: at each stage first those that end with its models, then those of later models."""
    if at == len(stages):
        return
    for end in stages[at].models:
        yield (*before, *end)
    for more in stages[at].onward:
        yield from _pipelines(stages, at + 1, (*before, *more))


def _config(chain: Steps, joined: Joined, about: _About) -> PipelineConfig:
    steps = joined.join(chain)
    ranked = sorted((step for step in steps if step.kind != NO_STEP), key=lambda step: _RANK[step.kind])
    # The same bytes as canonical_json of the whole, from parts that many pipelines share.
    encoded = b"[" + b",".join(part for step in ranked for part in step.encoded) + b"]"
    labels = sum((step.labels for step in chain if step.labels), about.labels)
    return PipelineConfig(
        steps=tuple(spec for step in steps for spec in step.specs),
        given=[step.given for step in chain if step.kind != NO_STEP],
        canonical=[form for step in ranked for form in step.canonical],
        hash=str(ObjectId.of(encoded)),
        name=about.name,
        description=about.description,
        file=about.file,
        tags=labels.tags,
        metadata=labels.metadata,
    )
