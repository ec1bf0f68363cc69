"""The page on JSON, held against what the commands print and the files say."""

import dataclasses
import io
import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from workspaces import GASOLINE, MAYONNAISE, PLS

from nws import records
from nws.cli.app import run
from nws.errors import BUG, CATEGORIES
from nws.index.columns import META
from nws.pipeline.table import FIXED_COLUMNS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text(encoding="utf-8")
GRID = [
    {"_or_": [None, {"class": "sklearn.preprocessing.StandardScaler", "name": "scaled"}]},
    {"model": {"class": PLS}, "_or_": [2], "param": "n_components"},
    {"model": "sklearn.linear_model.LogisticRegression"},
]
GROUPED = [{"split": "sklearn.model_selection.GroupKFold", "group": "field"}, {"model": "sklearn.linear_model.Ridge"}]
LINES = """init W
dataset add oil MAYONNAISE
dataset add gas GASOLINE --test-rows 51-60
dataset add wheat wheat.csv --metadata field
run --dataset gas --pipelines grid.json --jobs 1 --run-name a
run --dataset oil --pipelines grid.json --jobs 1 --run-name b
run --dataset wheat --pipelines grouped.json --jobs 1
run --dataset wheat --pipelines grouped.json --jobs 1 --run-name z --force
run --dataset wheat --pipelines grouped.json --jobs 1
run --dataset wheat --pipelines grouped.json more.json --jobs 1
reproduce best:gas
run --dataset wheat --pipelines ridge.json --jobs 1 --cv kfold:2x2 --test kfold:2 --run-name n --keep-folds
run --dataset gas --pipelines grid.json --dry-run
status
dataset list
dataset show oil
dataset check GASOLINE
runs list
runs show RUN
show best:gas
log
checkout best:gas
predict best:gas --input GASOLINE
export best:gas
export best:gas --format skops
catalog list
catalog best gas
catalog best gas --columns val_rmse,model
catalog best wheat --one-se
catalog search gas --rmse-max 9
catalog compare best:gas
catalog stats
catalog show best:gas
catalog show best:gas --arrays
report run RUN
report dataset gas
report global
tag add best:gas keep
tag list
tag list best:gas
tag remove best:gas keep
tag add best:oil keep
catalog archive best:gas
catalog verify
library save --from best:gas --name one
library save --from RUN --name all --kind fullrun
library list
library show one
library show all
library load one
library load all
library verify
library template save good --from best:gas
library template list
library template show good
import W/library/trained/fullrun/all.zip
import W/exports/one --name two
library remove one --yes
exports list
exports verify
exports remove one --yes
config trust add wheat.csv
config trust list
config trust remove wheat.csv
hash-object grid.json
ls-objects
count-objects
cat-file -s OBJECT
cat-file --batch-check
verify-object OBJECT NOBODY BROKEN
rev-parse best:gas
reindex
dataset remove gas
runs delete DOOMED --dry-run
runs delete DOOMED --yes
catalog compact
catalog forget --deleted --yes
gc"""
STDIN = {"cat-file --batch-check": "OBJECT NOBODY"}
OPTIONS = {"--dry-run", "--arrays", "--columns", "--one-se", "--batch-check", "-s"}


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Every command of the page in one workspace: command → its JSON lines; and the folder."""
    folder = tmp_path_factory.mktemp("json")
    (folder / "grid.json").write_text(json.dumps(GRID), encoding="utf-8")
    (folder / "ridge.json").write_text('[{"model": "sklearn.linear_model.Ridge", "_tags_": "flat"}]', encoding="utf-8")
    (folder / "grouped.json").write_text(json.dumps(GROUPED), encoding="utf-8")
    (folder / "more.json").write_text(json.dumps(["sklearn.linear_model.Ridge"]), encoding="utf-8")
    (folder / "W" / "catalog" / "archives").mkdir(parents=True)
    (folder / "W" / "catalog" / "archives" / "stray.txt").touch()
    rows = [f"{at / 10},{'abcde'[at % 5]},{at % 7},{at % 3},{at % 4}" for at in range(20)]
    (folder / "wheat.csv").write_text("\n".join(["protein,field,1 nm,2 nm,3 nm", *rows]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NWS_WORKSPACE", str(folder / "W"))
        return _printed(folder, patch), folder


def _printed(folder, patch):
    places = {"W": str(folder / "W"), "GASOLINE": str(GASOLINE), "MAYONNAISE": str(MAYONNAISE), "NOBODY": "0" * 64}
    found = {}
    for line in LINES.splitlines():
        if "RUN" in line or "DOOMED" in line:
            runs = sorted(path.name for path in (folder / "W" / "runs").iterdir())
            places |= {"RUN": next(name for name in runs if name.endswith("_a")), "DOOMED": runs[-1]}
        if "OBJECT" in line:
            sound, torn = found["ls-objects"][0]["id"], found["ls-objects"][1]["id"]
            places |= {"OBJECT": sound, "BROKEN": torn}
            if "BROKEN" in line:
                file = folder / "W" / "_binaries" / torn[:2] / f"{torn}.zst"
                whole = file.read_bytes()
                file.write_bytes(whole[:-1])
        words, asked = ([places.get(word, word) for word in shlex.split(text)] for text in (line, STDIN.get(line, "")))
        found[line] = _call(patch, words, "\n".join(asked))
        if "BROKEN" in line:
            file.write_bytes(whole)
    return found


def _call(patch, words, stdin):
    out, asked = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), Path("stdin.txt")
    asked.write_text(stdin, encoding="utf-8")
    with patch.context() as inner, asked.open(encoding="utf-8") as source:
        inner.setattr(sys, "stdin", source)
        inner.setattr(sys, "stdout", out)
        inner.setattr(sys, "stderr", io.StringIO())
        run([*words, "--json"])
    out.flush()
    return [json.loads(line) for line in out.buffer.getvalue().decode().splitlines()]


def _rows(title):
    """Return the cells of the tables below a heading."""
    part = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    tables = [line for line in part.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in tables]


def _documented():
    """Return command → type → keys, of the table of lines."""
    sets = {"RUN": {*_fields(records.RunSummary), "path"}, "INDEX": {column.name for column in META}}
    lines, command = {}, None
    for row in _rows("Lines"):
        if len(row) == 2 and row[0].isupper():
            sets.setdefault(row[0], set(re.findall(r"`(\w+)`", row[1])))
        elif len(row) == 3 and row[1] != "`type`":
            command = row[0].strip("`") if row[0].startswith("`") else command
            text = re.sub(r"\([^)]*\)", "", row[2])
            keys = set(re.findall(r"`(\w+)`", text)).union(*(sets[name] for name in sets if name in text))
            lines.setdefault(command, {})[row[1].strip("`")] = keys
    return lines


def _fields(kind):
    return {field.name for field in dataclasses.fields(kind)} - {"extra"}


def _found(printed, command):
    """Return the lines of every call of a command, with just the options that the page names with it."""
    words = command.removesuffix(" …").split()
    name, options = [word for word in words if word[0] != "-"], {word for word in words if word[0] == "-"}
    calls = [line for line in printed if line.split()[: len(name)] == name and OPTIONS & set(line.split()) == options]
    return [item for line in calls for item in printed[line]]


@pytest.mark.parametrize("command", sorted(_documented().keys() - {"demo"}))
def test_lines_have_the_documented_keys(printed, command):
    said, found = _documented()[command], _found(printed[0], command)
    assert found
    for item in found:
        assert next(iter(item)) == "type"
    keys = {}
    for item in found:
        keys.setdefault(item["type"], set()).update(item.keys() - {"type"})
    if "--columns" in command:
        said["prediction"] |= {"val_rmse", "model"}
    assert keys == said


def test_a_demo_is_a_run_and_its_report():
    assert _documented()["demo"] == _documented()["run"] | _documented()["report run"]


def test_every_kind_of_line_was_printed(printed):
    kinds = {item["type"] for lines in printed[0].values() for item in lines}
    assert kinds == {kind for said in _documented().values() for kind in said}


def test_the_table_of_errors_is_that_of_the_code():
    said = {row[0].strip("`"): int(row[1]) for row in _rows("Errors")[1:]}
    assert said == {category.kind: category.exit_code for category in CATEGORIES} | {"bug": BUG}


FIGURE = (
    r"(?:cross_validation|nested)\.(?:(?:mean|std|se)_|(?:fold|repeat)_results\[\]\.(?:val\.)?"
    r"(?!fold$|repeat$|samples$|n_train$|val_folds$|val\.))\w+"
)
DOCUMENTS = {
    "run_config.json": (records.RunConfig, "runs/*/run_config.json", "packages"),
    "run_summary.json": (
        records.RunSummary,
        "runs/*/run_summary.json",
        "statistics.best_by_target statistics.nested statistics.skipped_in",
    ),
    "Refs": (records.Ref, "runs/*/_refs/0*", ""),
    "What came by import": (records.ImportedCopy, "library/.imported/*.json", ""),
    "Tags": (records.Tag, "catalog/tags/*/*.json", ""),
    "Deleted runs": (records.DeletedRun, "runs/.deleted/*.json", ""),
    "pipeline.json": (
        records.PipelineRecord,
        "runs/*/0*/pipeline.json",
        "files config evaluation.conventions environment.packages steps[].params canonical_config[].params",
    ),
    "metrics.json": (records.Metrics, "runs/*/0*/metrics.json", "train val test"),
    "datasets/NAME.json": (
        records.Registration,
        "datasets/*.json",
        "options understood.partitions understood.targets[].classes understood.sources understood.groups",
    ),
    "manifest.json": (records.Manifest, "exports/*/manifest.json", ""),
}


@pytest.mark.parametrize("title", DOCUMENTS)
def test_documents_have_the_documented_fields(printed, title):
    kind, pattern, free = DOCUMENTS[title]
    said = {name for row in _rows(title)[1:] for name in re.findall(r"`([^`]+)`", row[0])}
    tops = {re.split(r"[.\[]", name)[0] for name in said}
    assert tops - {"schema", "id"} == _fields(kind) - {"id"}
    real = set()
    for path in (printed[1] / "W").glob(pattern):
        real |= set(_paths(json.loads(path.read_bytes()), "", set(free.split())))
    assert real
    # A path stands for those above it, and figures are not listed one by one.
    inner = {name for name in said if not any(other.startswith((f"{name}.", f"{name}[]")) for other in said - {name})}
    above = {name for name in real if name.endswith("[]") and any(other.startswith(f"{name}.") for other in said)}
    real = {name for name in real if not re.fullmatch(FIGURE, name)} - above
    assert {name for name in inner if not name.endswith("…")} <= real <= said


def _paths(value, place, free):
    """Yield the place of every value in a document: `steps[].class`."""
    if isinstance(value, dict) and value and place not in free:
        for key, item in value.items():
            name = "…" if place == "members" else key
            yield from _paths(item, f"{place}.{name}" if place else name, free)
    elif isinstance(value, list) and place not in free:
        yield from ((path for item in value for path in _paths(item, f"{place}[]", free)) if value else [f"{place}[]"])
    else:
        yield place


def test_the_columns_of_predictions(printed):
    said = [name for row in _rows("predictions.csv")[1:] for name in re.findall(r"`([^`]+)`", row[0])]
    assert tuple(said[: len(FIXED_COLUMNS)]) == FIXED_COLUMNS
    heads = [
        path.read_text(encoding="utf-8").splitlines()[0] for path in printed[1].glob("W/runs/*/0*/predictions.csv")
    ]
    assert {",".join(FIXED_COLUMNS), ",".join([*FIXED_COLUMNS, "field"])} <= set(heads)
    assert any(",proba_1,proba_2" in head for head in heads)
