"""Chains side by side: `feature_augmentation` and `concat_transform`, said with scikit-learn's FeatureUnion.

`concat_transform` puts the outputs of its chains into one row. `feature_augmentation` makes lanes, each a version of
the spectra of its own: what follows is applied to each lane, and the model sees them in one row. This room must not
know files or generators.
"""

from __future__ import annotations

from typing import Any

from nws.documents import inside, refusal
from nws.engine.keywords import AUGMENTATION, CONCAT, PASSTHROUGH
from nws.ids import closest

_UNION = "sklearn.pipeline.FeatureUnion"
_PIPELINE = "sklearn.pipeline.Pipeline"
_ACTIONS = ("add", "extend", "replace")

Link = dict[str, Any]
Lane = tuple[Link, ...]
Lanes = tuple[Lane, ...]
SINGLE: Lanes = ((),)


def action_of(body: dict[str, Any], place: str) -> str:
    """Return what a step does with the lanes that there are: one of nirs4all's actions, or `concat_transform`.

    Raises
    ------
    BadInput
        If there is no such action.
    """
    if CONCAT in body:
        if "action" in body:
            raise refusal(inside(place, "action"), f"goes with {AUGMENTATION}, not with {CONCAT}")
        return CONCAT
    action = body.get("action", _ACTIONS[0])
    if action not in _ACTIONS:
        near = closest(str(action), _ACTIONS)
        hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(_ACTIONS)}"
        raise refusal(inside(place, "action"), f"no such action: {action!r}", hint=hint)
    return str(action)


def chains_of(body: dict[str, Any], head: str, place: str) -> tuple[list[list[Any]], str | None]:
    """Return the chains that a step names, each as a list of its entries, and a name for the step.

    In `concat_transform` an empty chain hands the spectra on as they are; in `feature_augmentation` it adds nothing.

    Raises
    ------
    BadInput
        If the form is neither a list nor, in `concat_transform`, an object with `operations`.
    """
    written, name = body[head], None
    within = inside(place, head)
    if head == CONCAT and isinstance(written, dict) and "operations" in written:
        for key in written.keys() - {"operations", "name"}:
            raise refusal(inside(within, key), f"not supported in {CONCAT}", hint="it has operations and name")
        written, name = written["operations"], written.get("name")
    entries = written if isinstance(written, list) else [written]
    chains = [_flat(entry) for entry in entries]
    return [chain for chain in chains if chain or head == CONCAT], name


def _flat(entry: Any) -> list[Any]:
    if isinstance(entry, list):
        return [item for part in entry for item in _flat(part)]
    return [] if entry is None or entry == PASSTHROUGH else [entry]


def advance(lanes: Lanes, action: str, chains: Lanes) -> Lanes:
    """Return the lanes after a step.

    Parameters
    ----------
    lanes
        Those before it.
    action
        `add` keeps the lanes and adds each chain after each of them; `extend` adds each chain after the first of them
        if there is no such lane; `replace` is `add` without the lanes there were; `concat_transform` goes on with the
        row of all chains in each lane.
    chains
        Those of the step.
    """
    if action == CONCAT:
        return tuple((*lane, *union(chains)) for lane in lanes)
    if not chains:
        return lanes
    if action == "extend":
        new = [(*lanes[0], *chain) for chain in chains]
        return (*lanes, *(lane for at, lane in enumerate(new) if lane not in (*lanes, *new[:at])))
    new = [(*lane, *chain) for chain in chains for lane in lanes]
    return tuple(new) if action == "replace" else (*lanes, *new)


def union(lanes: Lanes) -> Lane:
    """Return the steps that put the outputs of lanes into one row; those of the lane if there is one only."""
    if len(lanes) < 2:
        return lanes[0] if lanes else ()
    named = [[str(number), _side(lane)] for number, lane in enumerate(lanes, start=1)]
    return ({"class": _UNION, "params": {"transformer_list": named}},)


def _side(lane: Lane) -> Any:
    if not lane:
        return PASSTHROUGH
    if len(lane) == 1:
        return lane[0]
    steps = [[str(number), link] for number, link in enumerate(lane, start=1)]
    return {"class": _PIPELINE, "params": {"steps": steps}}
