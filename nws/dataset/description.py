"""A dataset told in a JSON or YAML file, with the keys of nirs4all: which files, and how each is to be read.

Keys that ask for something that nws does another way, or not, are refused by name with their place. This room must
not read the files that are named.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nws.dataset.contents import DECIMALS, DELIMITERS, ReadOptions
from nws.dataset.folder import PARTITION_WORDS, Part, parts_of, role_of
from nws.dataset.formats import stem
from nws.documents import inside, read, refusal
from nws.errors import UsageError
from nws.ids import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETERS = {
    "delimiter", "decimal_separator", "has_header", "header_unit", "encoding", "signal_type", "na_policy",
    "categorical_mode",
}  # fmt: skip
_TASKS = {
    "auto": None,
    "regression": "regression",
    "binary_classification": "classification",
    "multiclass_classification": "classification",
    "classification": "classification",
}
_UNITS = {"nm": "nm", "cm-1": "cm-1", "none": "index", "text": "index", "index": "index"}
_ENCODINGS = {"utf8", "utf8sig", "utf16", "latin1", "iso88591", "cp1252", "windows1252", "ascii"}
_KINDS = {"x": "X", "y": "Y", "group": "M", "groups": "M", "m": "M", "meta": "M", "metadata": "M"}
_SAID_ONLY = {"name", "description", "signal_type"}
_GROUPS = ("repetition", "group_by", "sample_id_column")
_TOP = ("folder", "files", "sources", "targets", "shared_targets", "metadata", "shared_metadata", "task_type")
KNOWN = (
    "train_x", "train_y", "train_group", "val_x", "val_y", "val_group", "test_x", "test_y", "test_group",
    "train_params", "test_params", "global_params", "repetition", *_TOP, *sorted(_SAID_ONLY | _PARAMETERS),
)  # fmt: skip
_ELSEWHERE = {
    "folds": "--cv, or a splitter in the pipeline config",
    "aggregate": "--group COLUMN keeps repeated scans together; predictions are not averaged",
    "variations": "one dataset for each of them",
    "partition": "--partition COLUMN, or train_x and test_x",
}


@dataclass
class Described:
    """What a file says: parts, and the options for each of their paths (`each`) and for the whole (`options`)."""

    parts: list[Part]
    options: ReadOptions
    each: dict[str, ReadOptions] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


def described(path: Path, options: ReadOptions) -> Described:
    """Read a description; what a person says in `options` goes before what stands in it.

    Raises
    ------
    BadInput
        With file and place, for keys and values that mean nothing here.
    """
    body = read(path)
    place = f"{path}: "
    if not isinstance(body, dict):
        raise refusal(place, "names of files are expected: train_x, train_y, …", hint=f"keys: {', '.join(KNOWN[:9])}")
    reader = _Reader(path, body, options)
    found = reader.whole()
    if not found.parts:
        raise refusal(place, "names no file of spectra", hint="train_x: X.csv, or folder: DATA")
    return found


class _Reader:
    """One description on its way to parts."""

    def __init__(self, path: Path, body: Mapping[str, Any], options: ReadOptions) -> None:
        self.base = path.parent
        self.place = f"{path}: "
        self.body = body
        self.options = options
        self.files: dict[str, dict[str, list[Path]]] = {}
        self.given: dict[str, dict[str, Any]] = {}

    def whole(self) -> Described:
        for key in self.body:
            self._check_key(key)
        options = self._overall()
        plain = {key: value for key, value in self.body.items() if key in _PARAMETERS}
        shared = self._parameters(plain, self.place) | self._mapping("global_params")
        if "folder" in self.body:
            return self._folder(options, shared)
        self._plain_files(shared)
        self._listed("files", self.body.get("files"), shared, self.place)
        self._sources(shared)
        for kind, names in (("Y", ("targets", "shared_targets")), ("M", ("metadata", "shared_metadata"))):
            for name in names:
                self._beside(kind, name, shared)
        parts = self._parts()
        each = {text: self._options(given, options) for text, given in self.given.items()}
        return Described(parts=parts, options=options, each=each)

    def _check_key(self, key: str) -> None:
        base = key.removesuffix("_params")
        if key in _TOP or key in _SAID_ONLY or key in _PARAMETERS or key in _GROUPS or base == "global":
            return
        if _role(base) is not None or (base != key and base in PARTITION_WORDS):
            return
        known = next((word for word in _ELSEWHERE if key.startswith(word)), None)
        hint = (
            f"instead: {_ELSEWHERE[known]}" if known else f"did you mean {', '.join(closest(key, KNOWN)) or KNOWN[0]}?"
        )
        raise refusal(inside(self.place, key), "not supported in a dataset file", hint=hint)

    def _overall(self) -> ReadOptions:
        task = self.body.get("task_type", "auto")
        if task not in _TASKS:
            raise refusal(
                inside(self.place, "task_type"), f"{task!r} is not known", hint=f"one of: {', '.join(_TASKS)}"
            )
        group = next((self.body[key] for key in _GROUPS if self.body.get(key)), None)
        if group is not None and not isinstance(group, str):
            raise refusal(inside(self.place, "repetition"), "the name of a column is expected")
        return replace(self.options, task=self.options.task or _TASKS[task], group=self.options.group or group)

    def _mapping(self, key: str) -> dict[str, Any]:
        value = self.body.get(key) or {}
        return self._parameters(value, inside(self.place, key))

    def _parameters(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refusal(place, "a mapping is expected", hint='as in {"delimiter": ";", "decimal_separator": ","}')
        for key in value:
            if key not in _PARAMETERS:
                hint = f"known: {', '.join(sorted(_PARAMETERS))}"
                raise refusal(inside(place, key), "not supported in a dataset file", hint=hint)
            self._check_value(key, value[key], inside(place, key))
        return value

    def _check_value(self, key: str, value: Any, place: str) -> None:
        allowed: dict[str, Any] = {
            "delimiter": list(DELIMITERS.values()), "decimal_separator": list(DECIMALS.values()),
            "has_header": [True, False], "header_unit": list(_UNITS), "na_policy": ["auto", "abort"],
            "categorical_mode": ["auto", "preserve"],
        }  # fmt: skip
        if key == "encoding":
            good = str(value).lower().replace("-", "").replace("_", "") in _ENCODINGS
        else:
            good = (
                key not in allowed
                or value is None
                or any(value == each and type(value) is type(each) for each in allowed[key])
            )
        if not good:
            hint = "UTF-8, UTF-16, Windows-1252 or Latin-1" if key == "encoding" else f"one of: {allowed[key]}"
            raise refusal(place, f"{value!r} is not supported", hint=hint)

    def _plain_files(self, shared: dict[str, Any]) -> None:
        for key, value in self.body.items():
            role = _role(key)
            if role is None or value is None:
                continue
            kind, partition = role
            paths = value if isinstance(value, list) and kind == "X" else [value]
            above = shared | self._partition_params(partition)
            own = self.body.get(f"{key}_params") or {}
            owns = own if isinstance(own, list) else [own] * len(paths)
            if len(owns) != len(paths):
                raise refusal(inside(self.place, f"{key}_params"), f"{len(owns)} entries for {len(paths)} files")
            for position, (path, params) in enumerate(zip(paths, owns, strict=True)):
                place = inside(self.place, key) + (f"[{position}]" if len(paths) > 1 else "")
                checked = self._parameters(params, inside(self.place, f"{key}_params"))
                self._add(kind, partition, path, above | checked, place)

    def _partition_params(self, partition: str) -> dict[str, Any]:
        words = [word for word, meaning in PARTITION_WORDS.items() if meaning == partition]
        return {name: value for word in words for name, value in self._mapping(f"{word}_params").items()}

    def _add(self, kind: str, partition: str, path: Any, params: dict[str, Any], place: str) -> None:
        if not isinstance(path, str) or not path:
            raise refusal(place, "the path of a file is expected", hint="values and columns cannot stand in the file")
        full = self.base / Path(path).expanduser()
        if not full.exists():
            raise refusal(place, f"no such file: {full}", hint="a path counts from the folder of the dataset file")
        self.files.setdefault(partition, {}).setdefault(kind, []).append(full)
        self.given[str(full)] = params

    def _listed(self, key: str, items: Any, shared: dict[str, Any], place: str) -> None:
        """Take the files of a list: spectra, each one source, with a partition that is said or stands in the name."""
        for position, item in enumerate(items or []):
            here = inside(inside(place, key), position)
            entry = {"path": item} if isinstance(item, str) else item
            if not isinstance(entry, dict):
                raise refusal(here, "a path, or a mapping with path and partition, is expected")
            self._only(entry, ("path", "partition", "params"), here)
            params = shared | self._parameters(entry.get("params") or {}, inside(here, "params"))
            self._add("X", self._partition(entry, here), entry.get("path"), params, inside(here, "path"))

    def _only(self, entry: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
        for key, value in entry.items():
            if key not in known and value is not None:
                raise refusal(inside(place, key), "not supported in a dataset file", hint=f"known: {', '.join(known)}")

    def _partition(self, entry: Mapping[str, Any], place: str) -> str:
        said = entry.get("partition")
        if said is None:
            role = role_of(stem(Path(str(entry.get("path")))))
            words = stem(Path(str(entry.get("path")))).lower().replace("-", "_").replace(" ", "_").split("_")
            named = [PARTITION_WORDS[word] for word in words if word in PARTITION_WORDS]
            return (role.partition if role else None) or (named[0] if named else "train")
        if str(said).lower() not in PARTITION_WORDS:
            raise refusal(inside(place, "partition"), f"{said!r} is not supported", hint="train, val or test")
        return PARTITION_WORDS[str(said).lower()]

    def _sources(self, shared: dict[str, Any]) -> None:
        for position, item in enumerate(self.body.get("sources") or []):
            here = inside(inside(self.place, "sources"), position)
            if not isinstance(item, dict):
                raise refusal(here, "a mapping with name and files, or train_x and test_x, is expected")
            self._only(item, ("name", "files", "train_x", "test_x", "val_x", "params"), here)
            params = shared | self._parameters(item.get("params") or {}, inside(here, "params"))
            self._listed("files", item.get("files"), params, here)
            for key in ("train_x", "val_x", "test_x"):
                if item.get(key) is not None:
                    self._add("X", key[:-2], item[key], params, inside(here, key))

    def _beside(self, kind: str, name: str, shared: dict[str, Any]) -> None:
        value = self.body.get(name)
        for position, item in enumerate(value if isinstance(value, list) else [value] if value else []):
            here = inside(self.place, name) + (f"[{position}]" if isinstance(value, list) else "")
            entry = {"path": item} if isinstance(item, str) else item
            if not isinstance(entry, dict):
                raise refusal(here, "a path, or a mapping with path and partition, is expected")
            self._only(entry, ("path", "partition", "params"), here)
            if entry.get("partition") is None and len(self.files) > 1:
                raise refusal(here, "which partition is it for?", hint="partition: train, and another for test")
            params = shared | self._parameters(entry.get("params") or {}, inside(here, "params"))
            self._add(kind, self._partition(entry, here), entry.get("path"), params, inside(here, "path"))

    def _folder(self, options: ReadOptions, shared: dict[str, Any]) -> Described:
        others = [key for key in self.body if _role(key) is not None or key in ("files", "sources")]
        if others:
            raise refusal(inside(self.place, others[0]), "stands beside folder", hint="give the folder, or the files")
        if not isinstance(self.body["folder"], str):
            raise refusal(inside(self.place, "folder"), "the path of a folder is expected")
        parts, ignored = parts_of([self.base / Path(self.body["folder"]).expanduser()])
        each = {str(path): self._options(shared, options) for part in parts for _, path in part.files()}
        return Described(parts=parts, options=options, each=each, ignored=ignored)

    def _parts(self) -> list[Part]:
        for partition, kinds in self.files.items():
            if "X" not in kinds:
                raise refusal(self.place, f"names no spectra of {partition}", hint=f"add {partition}_x")
            for kind in ("Y", "M"):
                if len(kinds.get(kind, [])) > 1:
                    raise refusal(self.place, f"names two {kind} files of {partition}", hint="put them into one file")
        order = ["train", "val", "test"]
        lone = list(self.files) == ["train"]
        return [
            Part(
                x=tuple(kinds["X"]),
                y=next(iter(kinds.get("Y", [])), None),
                m=next(iter(kinds.get("M", [])), None),
                partition=None if lone else partition,
            )
            for partition, kinds in sorted(self.files.items(), key=lambda item: order.index(item[0]))
        ]

    def _options(self, given: Mapping[str, Any], options: ReadOptions) -> ReadOptions:
        header = {True: "yes", False: "no", None: "auto"}[given.get("has_header")]
        try:
            return replace(
                options,
                delimiter=options.delimiter or given.get("delimiter"),
                decimal=options.decimal or given.get("decimal_separator"),
                header=options.header if options.header != "auto" else header,
                unit=options.unit or _UNITS.get(str(given.get("header_unit"))),
            )
        except UsageError as err:
            raise refusal(self.place, err.message, hint=err.hint) from err


def _role(key: str) -> tuple[str, str] | None:
    """Read a key such as train_x, X_test or cal_group as kind and partition."""
    words = key.lower().replace("-", "_").split("_")
    if len(words) != 2:
        return None
    for part, kind in (words, reversed(words)):
        if part in PARTITION_WORDS and kind in _KINDS:
            return _KINDS[kind], PARTITION_WORDS[part]
    return None
