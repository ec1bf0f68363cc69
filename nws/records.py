"""The JSON documents of a workspace: one frozen dataclass a file, its schema version, encode and decode.

This room knows what the files say; it must not know where they lie or who writes them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from nws.errors import Damaged, NewerFormat, UsageError
from nws.ids import ObjectId, finite, number_name, view_name

if TYPE_CHECKING:
    from collections.abc import Callable

JsonMap = dict[str, Any]


class Document(Protocol):
    """A frozen dataclass that is one kind of JSON file."""

    SCHEMA: ClassVar[str]

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @property
    def extra(self) -> JsonMap:
        """Fields that this version does not know."""
        ...


D = TypeVar("D", bound=Document)


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """`run_config.json`: what was asked of a run, and where it was asked.

    `configs` names the object that holds the pipelines as they were expanded, so that the run can go on without its
    config files.
    """

    SCHEMA: ClassVar[str] = "run_config/1"
    run_id: str
    dataset_name: str
    dataset_id: str
    created_at: str
    created_by: str
    host: str
    nws_version: str
    python_version: str
    packages: dict[str, str]
    command: list[str]
    dataset_source: list[str]
    task_type: str
    pipelines: list[JsonMap]
    global_params: JsonMap
    random_seed: int
    plan: str
    description: str = ""
    git_commit: str | None = None
    git_dirty: bool | None = None
    job_id: str | None = None
    configs: str | None = None
    extra: JsonMap = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """`run_summary.json`: what came of a run, as far as it has come."""

    SCHEMA: ClassVar[str] = "run_summary/1"
    run_id: str
    dataset_name: str
    run_date: str
    status: str
    started_at: str
    completed_at: str | None
    duration_seconds: float
    total_pipelines: int
    successful_pipelines: int
    failed_pipelines: int
    skipped_pipelines: int
    best_pipeline: JsonMap | None
    statistics: JsonMap
    errors: list[JsonMap]
    extra: JsonMap = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PipelineRecord:
    """`pipeline.json`: all of one executed pipeline; its bytes are an object, and that object's id is the record id.

    `artifacts` and `files` name objects; `steps` say what ran in which order; `config` is the pipeline as it was
    given after expansion, `canonical_config` the form whose BLAKE3 is `hash`; `tags` and `metadata` are what its file
    said of it; `task` is a hash of all that decides the outcome (dataset, target, config, splits, seed), by which work
    that is done already is known again.
    """

    SCHEMA: ClassVar[str] = "pipeline/1"
    number: int
    name: str | None
    run_id: str
    hash: str
    created_at: str
    completed_at: str
    duration_seconds: float
    status: str
    dataset: JsonMap
    steps: list[JsonMap]
    artifacts: list[JsonMap]
    files: dict[str, str]
    config: Any
    canonical_config: Any
    environment: JsonMap
    seed: int
    evaluation: JsonMap
    task: str = ""
    config_file: str | None = None
    description: str = ""
    tags: list[str] = field(default_factory=list)
    metadata: JsonMap = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    error: JsonMap | None = None
    extra: JsonMap = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of the view, which is what people call the pipeline within its run."""
        return view_name(self.number, self.hash, self.name)

    @property
    def once(self) -> bool:
        """Whether validation samples were set apart once, not each in its turn: nothing was cross-validated then."""
        return self.evaluation.get("folds") == 1

    def objects(self) -> list[ObjectId]:
        """Return the id of every object that this record names, its dataset's among them."""
        named = [*self.files.values(), *(artifact["object"] for artifact in self.artifacts), self.dataset["id"]]
        return [ObjectId(text) for text in named]


@dataclass(frozen=True, kw_only=True)
class Ref:
    """A file of `_refs/`: the number it claims, and the record it shows or when that was deleted.

    `segment` is the name under which the publisher was going to index the record. Whoever indexes it in the
    publisher's stead takes that name away first.
    """

    SCHEMA: ClassVar[str] = "ref/1"
    number: int
    view: str
    record: ObjectId | None
    segment: str | None = None
    deleted_at: str | None = None
    extra: JsonMap = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """The name of the file in `_refs/`."""
        return number_name(self.number)


@dataclass(frozen=True, kw_only=True)
class DeletedRun:
    """`runs/.deleted/NAME.json`: keeps the name of a deleted run from being used for another one."""

    SCHEMA: ClassVar[str] = "deleted_run/1"
    run_id: str
    deleted_at: str
    pipelines: int
    extra: JsonMap = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """`metrics.json`: figures by partition, and over the folds of the cross-validation.

    `train`, `val` and `test` map metric names to numbers and hold `samples`; `nested` says what came of each outer fold
    of a nested cross-validation. One that does not apply is None.
    """

    SCHEMA: ClassVar[str] = "metrics/1"
    task_type: str
    metric: str
    train: JsonMap | None
    val: JsonMap | None
    test: JsonMap | None
    cross_validation: JsonMap | None
    nested: JsonMap | None = None
    extra: JsonMap = field(default_factory=dict)

    def partition(self, name: str) -> JsonMap | None:
        """Return the figures of `train`, `val` or `test`."""
        figures: JsonMap | None = {"train": self.train, "val": self.val, "test": self.test}[name]
        return figures


@dataclass(frozen=True, kw_only=True)
class Registration:
    """`datasets/NAME.json`: a registered dataset, its snapshot and what was understood of its files."""

    SCHEMA: ClassVar[str] = "dataset/1"
    name: str
    id: ObjectId
    registered_at: str
    sources: list[str]
    options: JsonMap
    understood: JsonMap
    extra: JsonMap = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`manifest.json` of a copy: every member with its BLAKE3 and size, and what the copy was made from."""

    SCHEMA: ClassVar[str] = "manifest/1"
    kind: str
    source: JsonMap
    members: dict[str, JsonMap]
    extra: JsonMap = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrustedPaths:
    """The file of a person that names the paths whose models may be loaded: path → `blake3` of a file, `added_at`."""

    SCHEMA: ClassVar[str] = "trusted_paths/1"
    paths: dict[str, JsonMap]
    extra: JsonMap = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ImportedCopy:
    """`runs/.imported/RUN.json` or `library/.imported/NAME.json`: it came by import; `manifest` is that of the copy."""

    SCHEMA: ClassVar[str] = "imported/1"
    name: str
    kind: str
    manifest: ObjectId
    file: str
    imported_at: str
    extra: JsonMap = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tag:
    """`catalog/tags/TAG/RECORD.json`: a pipeline has that tag."""

    SCHEMA: ClassVar[str] = "tag/1"
    tag: str
    record: ObjectId
    tagged_at: str
    extra: JsonMap = field(default_factory=dict)


def encode(document: Document) -> bytes:
    """Return the bytes of the file: UTF-8, sorted keys, two-space indent, a final newline; NaN becomes null."""
    body = {item.name: getattr(document, item.name) for item in dataclasses.fields(document) if item.name != "extra"}
    if isinstance(document, PipelineRecord):
        body["id"] = document.id
    return pretty({**document.extra, **body, "schema": document.SCHEMA})


def pretty(value: Any) -> bytes:
    """Return any plain value in the form that all JSON files of a workspace have."""
    try:
        text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(finite(value), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair, which names of files that are not UTF-8 have, stands in JSON as an escape.
    return text.encode(errors="backslashreplace") + b"\n"


def decode(kind: type[D], data: bytes, *, where: str) -> D:
    """Read a file of the given kind. Fields that this version does not know are kept in `extra`.

    Parameters
    ----------
    kind
        The dataclass of the file.
    data
        Its bytes.
    where
        The file, for messages.

    Raises
    ------
    Damaged
        If it is not JSON, or a field is missing or of another type.
    NewerFormat
        If its schema is of a newer major version.
    """
    try:
        body = json.loads(data)
    except ValueError as err:
        raise Damaged(
            f"{where}: not valid JSON: {err}",
            hint="bring the file back from a copy; the folder of a pipeline: nws checkout REF",
        ) from err
    if not isinstance(body, dict):
        raise Damaged(f"{where}: a JSON object is expected, found {type(body).__name__}")
    _check_schema(kind.SCHEMA, body.pop("schema", None), where)
    return _build(kind, body, where)


def _check_schema(expected: str, found: Any, where: str) -> None:
    name, version = expected.split("/")
    found_name, _, found_version = str(found).partition("/")
    if found_name != name or not found_version.isdigit():
        raise Damaged(f"{where}: schema {expected!r} expected, found {found!r}")
    if int(found_version) > int(version):
        raise NewerFormat(f"{where} has schema {found}; this nws reads up to {expected}")


def _build(kind: type[D], body: JsonMap, where: str) -> D:
    known = {item.name: item for item in dataclasses.fields(kind) if item.name != "extra"}
    given = {key: body.pop(key) for key in known.keys() & body.keys()}
    missing = [
        name
        for name, item in known.items()
        if name not in given and item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise Damaged(f"{where}: {kind.SCHEMA.split('/')[0]} lacks {', '.join(sorted(missing))}")
    if kind is PipelineRecord:
        body.pop("id", None)
    for name, value in given.items():
        given[name] = _checked(value, str(known[name].type), f"{where}: {name}")
    make: Callable[..., D] = kind
    return make(**given, extra=body)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str, "int": int, "float": (float, int), "bool": bool, "list": list, "dict": dict, "JsonMap": dict,
    "ObjectId": str, "None": type(None), "Any": object,
}  # fmt: skip


@functools.cache
def _form(annotation: str) -> tuple[tuple[type | tuple[type, ...], ...], type | tuple[type, ...], bool]:
    """Read the annotation of a field: the types it may have, that of its items, and whether it is an id."""
    outer = tuple(_TYPES[name] for name in re.sub(r"\[.*\]", "", annotation).split(" | "))
    items = re.search(r"\[(?:str, )?(\w+)\]", annotation)
    return outer, _TYPES[items[1]] if items else object, "ObjectId" in annotation


def _checked(value: Any, annotation: str, where: str) -> Any:
    """Return the value of a field as its annotation says; a person may have edited the file."""
    types, of, is_id = _form(annotation)
    items: Any = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    if not isinstance(value, types) or (of is not object and not all(isinstance(item, of) for item in items)):
        raise Damaged(f"{where}: {annotation} expected, found {str(value)[:40]!r}")
    if not is_id or value is None:
        return value
    try:
        return ObjectId(str(value))
    except UsageError as err:
        raise Damaged(f"{where}: {err.message}", hint=err.hint) from err


def now() -> dt.datetime:
    """Return the present moment in UTC."""
    return dt.datetime.now(dt.UTC)


def timestamp(moment: dt.datetime) -> str:
    """Return a moment as files write it: RFC 3339, UTC, microseconds."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> dt.datetime:
    """Read a moment that `timestamp` wrote, or any other RFC 3339 text.

    Raises
    ------
    Damaged
        If it is none.
    """
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except ValueError as err:
        raise Damaged(f"not a moment: {text[:40]!r}", hint="a moment looks like 2026-01-31T12:00:00Z") from err
