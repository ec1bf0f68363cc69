"""Presets: named parts of a config file, put where `_preset_` names them.

This room replaces names by what they stand for, and keeps where that was written; it must not know what it means.
"""

from __future__ import annotations

from typing import Any

from nws.documents import inside, refusal
from nws.engine.keywords import LIMIT, PRESET
from nws.ids import closest

PRESETS = "presets"


class Placed(dict[str, Any]):
    """An object that knows where in the file it was written."""

    def __init__(self, entries: dict[str, Any], place: str) -> None:
        super().__init__(entries)
        self.place = place


class PlacedList(list[Any]):
    """A list that knows where in the file it was written."""

    def __init__(self, entries: list[Any], place: str) -> None:
        super().__init__(entries)
        self.place = place


class Presets:
    """The presets of one file.

    Parameters
    ----------
    named
        What stands under `presets`.
    place
        Where that is, for messages.

    Raises
    ------
    BadInput
        If they are not an object.
    """

    def __init__(self, named: Any, place: str) -> None:
        if not isinstance(named, dict):
            raise refusal(place, "an object is expected: the presets by name")
        self._named = named
        self._place = place
        self._room = LIMIT

    def resolve(self, node: Any, place: str, within: tuple[str, ...] = ()) -> Any:
        """Return a description with every preset in its place.

        Entries beside `_preset_` are put over those of the preset.

        Parameters
        ----------
        node, place
            The description, and where it stands.
        within
            Names of the presets that it is part of.

        Raises
        ------
        BadInput
            If there is no such preset, it contains itself, or it is not an object where there are entries beside it.
        """
        self._room -= 1
        if self._room < 0:
            raise refusal(place, f"more than {LIMIT:,} values, presets counted each time")
        if isinstance(node, list):
            items = [self.resolve(item, inside(place, at), within) for at, item in enumerate(node)]
            return PlacedList(items, place) if within else items
        if not isinstance(node, dict):
            return node
        entries = {key: self.resolve(item, inside(place, key), within) for key, item in node.items() if key != PRESET}
        if PRESET not in node:
            return Placed(entries, place) if within else entries
        return self._named_at(node[PRESET], entries, inside(place, PRESET), within)

    def _named_at(self, name: Any, beside: dict[str, Any], place: str, within: tuple[str, ...]) -> Any:
        if not isinstance(name, str):
            raise refusal(place, f"{name!r} is not the name of a preset")
        if name in within:
            round_trip = " → ".join((*within[within.index(name) :], name))
            raise refusal(place, f"the preset contains itself: {round_trip}", hint="write one of them out")
        if name not in self._named:
            raise refusal(place, f"no such preset: {name!r}", hint=self._hint(name))
        part = self.resolve(self._named[name], inside(self._place, name), (*within, name))
        if not beside:
            return part
        if not isinstance(part, dict):
            raise refusal(place, f"{name!r} is not an object, so that no entries can stand beside it")
        return {**part, **beside}

    def _hint(self, name: str) -> str:
        near = closest(name, self._named)
        if near:
            return f"did you mean {near[0]}?"
        if self._named:
            return f"there are: {', '.join(self._named)}"
        return f'they stand in the same file: {{"{PRESETS}": {{"{name}": …}}, "pipeline": […]}}'
