"""Expanded pipelines as one document, so that a run can go on when its config files have changed or are gone.

Grids repeat few steps in many pipelines, so each is written once and named by its place. This room turns configs into
bytes and back; it must not know where the bytes are kept, nor import the classes they name.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from nws.engine.tasks import PipelineConfig, StepSpec
from nws.errors import Damaged, NewerFormat
from nws.ids import hash_of
from nws.records import JsonMap, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LISTS = ("steps", "given", "canonical")
_DERIVED = frozenset({*_LISTS, "hash"})


@dataclass(frozen=True, kw_only=True)
class Expanded:
    """The document. Entries of `pipelines` are places in the other lists; `rest` is what else configs say."""

    SCHEMA: ClassVar[str] = "expanded/1"
    steps: list[Any]
    given: list[Any]
    canonical: list[Any]
    rest: list[Any]
    pipelines: list[Any]
    extra: JsonMap = field(default_factory=dict)


def pack(configs: Iterable[PipelineConfig]) -> bytes:
    """Return the document of some pipelines."""
    pools = {name: _Pool() for name in (*_LISTS, "rest")}
    pipelines = []
    for config in configs:
        steps = [pools["steps"].place(step) for step in config.steps]
        given = [pools["given"].place(item) for item in config.given]
        canonical = [pools["canonical"].place(item) for item in config.canonical]
        rest = {
            item.name: value
            for item in dataclasses.fields(config)
            if item.name not in _DERIVED and (value := getattr(config, item.name)) != item.default
        }
        pipelines.append([steps, given, canonical, pools["rest"].place(rest)])
    body = {"schema": Expanded.SCHEMA, **{name: pool.items for name, pool in pools.items()}, "pipelines": pipelines}
    # The order of keys is kept, for it is the order in which parameters were given.
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode(errors="backslashreplace")


def unpack(data: bytes, *, where: str) -> list[PipelineConfig]:
    """Return the pipelines of a document.

    Parameters
    ----------
    data
        Its bytes.
    where
        What it is, for messages.

    Raises
    ------
    Damaged
        If it is none.
    NewerFormat
        If a later version wrote it, or it says what this version does not know.
    """
    document = decode(Expanded, data, where=where)
    try:
        return [_config(document, entry) for entry in document.pipelines]
    except (IndexError, ValueError, AttributeError) as err:
        raise Damaged(f"{where}: its parts do not fit together: {err}") from err
    except TypeError as err:
        raise NewerFormat(f"{where} says what this nws does not know: {err}") from err


class _Pool:
    """Values, each once. Those that are placed must outlive the pool."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._places: dict[str, int] = {}
        # Most steps come back as the same objects, which spares looking into them.
        self._met: dict[int, int] = {}

    def place(self, value: Any) -> int:
        if id(value) in self._met:
            return self._met[id(value)]
        plain = dataclasses.asdict(value) if isinstance(value, StepSpec) else value
        key = json.dumps(plain)
        if key not in self._places:
            self._places[key] = len(self.items)
            self.items.append(plain)
        place = self._places[key]
        if isinstance(value, StepSpec):
            self._met[id(value)] = place
        return place


def _config(document: Expanded, entry: Sequence[Any]) -> PipelineConfig:
    steps, given, canonical, rest = entry
    forms = [document.canonical[place] for place in canonical]
    said: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in document.rest[rest].items()
    }
    return PipelineConfig(
        steps=tuple(StepSpec(**document.steps[place]) for place in steps),
        given=[document.given[place] for place in given],
        canonical=forms,
        hash=hash_of(forms),
        **said,
    )
