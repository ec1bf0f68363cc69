"""Steps: what one entry of a pipeline says, and the estimator that it builds.

This room knows the forms of a step; it must not know files, generators, or how steps make a pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nws.documents import inside, refusal
from nws.engine.instances import instantiate
from nws.engine.keywords import AUGMENTATION, CONCAT, GENERATORS, HEADS, MODIFIERS, UNIONS, refuse_keyword
from nws.engine.labels import NONE, Labels
from nws.engine.parameters import Settled, settle
from nws.engine.paths import along
from nws.engine.tasks import MODEL, SPLIT, TRANSFORM, Y_PROCESSING, StepSpec
from nws.engine.unions import SINGLE, Lane, Lanes, action_of, advance, chains_of, union
from nws.ids import canonical_json, closest, hash_of

ROLES = {"model": MODEL, "y_processing": Y_PROCESSING, "split": SPLIT, "preprocessing": TRANSFORM}
# What each kind of step has to be able to do.
_ABILITIES = {
    MODEL: ("fit", "predict"),
    Y_PROCESSING: ("fit", "transform", "inverse_transform"),
    SPLIT: ("split", "get_n_splits"),
    TRANSFORM: ("fit", "transform"),
}
# The kind of an entry that is no step, and stands for its labels alone.
NO_STEP = ""
_KEYS = (*HEADS, "params", "name", "group", "action")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One entry of an expanded pipeline.

    `given` is the entry as written; `specs` are the steps it makes (several for an operator that takes two classes);
    `canonical` is the form of each that is hashed, and `encoded` that form as bytes. A step that puts chains side by
    side has an `action` and them as `lanes`. `labels` say something of the pipelines with this entry.
    """

    kind: str
    given: Any
    specs: tuple[StepSpec, ...] = ()
    canonical: tuple[dict[str, Any], ...] = ()
    encoded: tuple[bytes, ...] = ()
    action: str = ""
    lanes: Lanes = ()
    labels: Labels = NONE

    @property
    def links(self) -> Lane:
        """What the step makes, as parts of a chain."""
        return tuple({"class": spec.path, "params": spec.params} for spec in self.specs)


def read_step(entry: Any, *, trusted: tuple[str, ...], place: str) -> Step:
    """Return what an entry of a pipeline, free of generators, says.

    Parameters
    ----------
    entry
        A class path, `{"class", "params"}`, or an object with `model`, `y_processing`, `split` or `preprocessing`, or
        with chains under `feature_augmentation` or `concat_transform`; `name` beside it is what the step is called,
        `group` the metadata column that a splitter keeps together.
    trusted
        Packages that may be imported besides those that always may.
    place
        Where it stands, for messages.

    Raises
    ------
    BadInput
        If it has no such form, or the class cannot be what it is said to be.
    NotTrusted
        If a package may not be imported.
    """
    body = {"class": entry} if isinstance(entry, str) else entry
    if not isinstance(body, dict):
        raise refusal(place, f"not a step: {entry!r}", hint="a class path, or an object with class or model")
    _check_keys(body, place)
    head = _head(body, place)
    if head in UNIONS:
        return _union(entry, body, head, trusted, place)
    path, params, holder = _operator(body, head, place)
    settled = settle(path, params, trusted=trusted, place=holder)
    kind = ROLES[head] if head in ROLES else _kind(settled[0], place)
    for item in settled:
        _check_ability(item, kind, place)
    group = _label(body, "group", place)
    if group is not None and kind != SPLIT:
        raise refusal(inside(place, "group"), "goes with a splitter, the cross-validation")
    if "action" in body:
        raise refusal(inside(place, "action"), f"goes with {AUGMENTATION}")
    name = _label(body, "name", place)
    return _made(kind, entry, settled, name, group)


def _union(entry: Any, body: dict[str, Any], head: str, trusted: tuple[str, ...], place: str) -> Step:
    for key in ("params", "group"):
        if key in body:
            raise refusal(inside(place, key), f"does not go with {head}")
    action, within = action_of(body, place), inside(place, head)
    chains, name = chains_of(body, head, place)
    lanes = tuple(tuple(link for item in chain for link in _links(item, trusted, within)) for chain in chains)
    name = _label(body, "name", place) or _label({"name": name}, "name", within)
    return side_by_side(entry, advance(SINGLE, action, lanes), name=name, action=action, chains=lanes)


def _links(entry: Any, trusted: tuple[str, ...], place: str) -> Lane:
    step = read_step(entry, trusted=trusted, place=place)
    if step.action not in {"", CONCAT}:
        raise refusal(place, f"{AUGMENTATION} stands inside another step", hint="write a step for each")
    if step.kind != TRANSFORM:
        raise refusal(place, f"a {step.kind} stands where a transformer is expected")
    return step.links


def side_by_side(given: Any, lanes: Lanes, *, name: str | None, action: str = "", chains: Lanes = ()) -> Step:
    """Return the step that puts the outputs of lanes into one row.

    Parameters
    ----------
    given
        The entry as written.
    lanes
        What the outputs come from.
    name
        What a person called the step.
    action, chains
        What it does with lanes before it, and the chains that it has for that.
    """
    settled = [item for link in union(lanes) for item in settle(link["class"], link["params"], trusted=None, place="")]
    return replace(_made(TRANSFORM, given, settled, name, None), action=action, lanes=chains)


def _made(kind: str, given: Any, settled: list[Settled], name: str | None, group: str | None) -> Step:
    specs = tuple(
        StepSpec(kind=kind, path=item.known.path, params=item.params, name=name, group=group) for item in settled
    )
    canonical = tuple(_canonical(kind, item, group) for item in settled)
    encoded = tuple(canonical_json(form) for form in canonical)
    return Step(kind=kind, given=given, specs=specs, canonical=canonical, encoded=encoded)


def _canonical(kind: str, item: Settled, group: str | None) -> dict[str, Any]:
    form: dict[str, Any] = {"operator": kind, "class": item.known.path, "params": item.canonical}
    return form if group is None else {**form, "group": group}


def _check_keys(body: dict[str, Any], place: str) -> None:
    for key in body:
        if key in _KEYS:
            continue
        within = inside(place, key)
        refuse_keyword(key, within)
        if key in MODIFIERS:
            raise refusal(within, "there is no generator beside it", hint=f"generators: {', '.join(GENERATORS)}")
        near = closest(key, _KEYS)
        hint = f"did you mean {near[0]}?" if near else f"a step has: {', '.join(_KEYS)}"
        raise refusal(within, "not supported in a step", hint=hint)


def _head(body: dict[str, Any], place: str) -> str:
    heads = [key for key in HEADS if key in body]
    if len(heads) == 1:
        return heads[0]
    if heads:
        raise refusal(place, f"{' and '.join(heads)} stand side by side", hint="write a step for each")
    raise refusal(place, "not a step: it names no class", hint=f"one of: {', '.join(HEADS)}")


def _operator(body: dict[str, Any], head: str, place: str) -> tuple[str, Any, str]:
    """Return the class path of a step, its parameters, and the place of what has them."""
    held = body if head == "class" else body[head]
    within = place if head == "class" else inside(place, head)
    if isinstance(held, str):
        return held, body.get("params"), place
    for key in held if isinstance(held, dict) else ():
        refuse_keyword(key, inside(within, key))
    if not isinstance(held, dict) or not isinstance(held.get("class"), str):
        raise refusal(within, "a class path or {class, params} is expected")
    if head != "class":
        if "params" in body:
            raise refusal(inside(place, "params"), f"belongs inside {head}, beside its class")
        for key in held.keys() - {"class", "params"}:
            raise refusal(inside(within, key), f"not supported inside {head}", hint="it has class and params")
    return held["class"], held.get("params"), within


def _label(body: dict[str, Any], key: str, place: str) -> str | None:
    value = body.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise refusal(inside(place, key), f"{value!r} is not a name")
    return value


def _kind(item: Settled, place: str) -> str:
    """Say what a bare class is: a splitter, a model if it predicts, else a transformer."""
    if _can(item, SPLIT):
        return SPLIT
    if _can(item, MODEL) and (not _can(item, TRANSFORM) or _predicts(item)):
        return MODEL
    if _can(item, TRANSFORM):
        return TRANSFORM
    raise refusal(place, f"{item.known.path} is neither a transformer, a model nor a splitter")


def _can(item: Settled, kind: str) -> bool:
    return all(hasattr(item.known.found, ability) for ability in _ABILITIES[kind])


def _predicts(item: Settled) -> bool:
    # What a Pipeline can do depends on its last step, so an instance has to be asked.
    return hasattr(instantiate(item.known.path, item.params, seed_of=lambda _: 0), "predict")


def _check_ability(item: Settled, kind: str, place: str) -> None:
    lacking = [ability for ability in _ABILITIES[kind] if not hasattr(item.known.found, ability)]
    if lacking:
        raise refusal(place, f"{item.known.path} cannot be used as {kind}: it has no {lacking[0]}")
    if kind == SPLIT:
        try:
            instantiate(item.known.path, item.params, seed_of=lambda _: 0)
        except (TypeError, ValueError) as err:
            raise refusal(place, f"{item.known.path}: {' '.join(str(err).split())}") from err


def build(step: StepSpec, *, seed: int) -> Any:
    """Return the estimator or splitter of a step.

    A `random_state` that is None, in the step or in an estimator inside its parameters, is replaced by a seed made of
    the seed of the run and the canonical form of the step, so that the same step gives the same fit in every pipeline.

    Parameters
    ----------
    step
        A step of a `PipelineConfig`.
    seed
        The seed of the run.
    """

    def seed_of(where: str) -> int:
        # Most steps draw no random numbers, and every fold of every pipeline builds its own: made only when asked for.
        # What an ensemble draws does not depend on how large it becomes, so that a larger one holds the smaller.
        params = {name: value for name, value in step.params.items() if name != along(step.path)}
        (item,) = settle(step.path, params, trusted=None, place=step.path)
        form = _canonical(step.kind, item, step.group)
        return int(hash_of([seed, form, where])[:8], 16) & (2**31 - 1)

    return instantiate(step.path, step.params, seed_of=seed_of)
