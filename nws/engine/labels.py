"""Labels: `_tags_` and `_metadata_`, which say something of the pipelines made with what they stand beside.

This room reads and adds them up; it must not know steps, generators or the index.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nws.documents import inside, refusal
from nws.engine.keywords import LABELS
from nws.errors import UsageError
from nws.ids import check_name


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Tags, each once, and metadata by name. Added up, tags keep their order and later metadata replaces earlier."""

    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)

    def __add__(self, more: Labels) -> Labels:
        tags = tuple(dict.fromkeys((*self.tags, *more.tags)))
        return Labels(tags=tags, metadata={**self.metadata, **more.metadata})

    def __bool__(self) -> bool:
        return bool(self.tags or self.metadata)


NONE = Labels()


def labels_of(node: dict[str, Any], place: str) -> Labels:
    """Return the labels that stand in an object.

    Raises
    ------
    BadInput
        If they have a wrong form.
    """
    if not any(word in node for word in LABELS):
        return NONE
    metadata = node.get("_metadata_", {})
    if not isinstance(metadata, dict):
        raise refusal(inside(place, "_metadata_"), "an object is expected", hint='{"name": value}')
    return Labels(tags=_tags(node.get("_tags_", []), inside(place, "_tags_")), metadata=metadata)


def without_labels(node: dict[str, Any]) -> dict[str, Any]:
    """Return an object without its labels."""
    return {key: value for key, value in node.items() if key not in LABELS}


def _tags(given: Any, place: str) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(tag, str) for tag in listed):
        raise refusal(place, "a list of words is expected", hint='["baseline", "v2"]')
    try:
        return tuple(dict.fromkeys(check_name(tag, "tag") for tag in listed))
    except UsageError as err:
        raise refusal(place, err.message, hint=err.hint) from err
