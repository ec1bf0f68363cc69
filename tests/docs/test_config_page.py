"""The examples of the pages on pipeline configs expand to what the pages say."""

import re
from pathlib import Path

import pytest

from nws.engine import keywords
from nws.engine.draws import _FORMS
from nws.engine.plan import read_configs
from nws.engine.splits import FORMS
from nws.engine.unions import _ACTIONS
from nws.errors import NwsError
from nws.pipeline.rows import chain_text, model_text

PAGES = [Path(__file__).parents[2] / "docs" / "reference" / name for name in ("config.md", "dialect.md")]
TEXTS = [page.read_text(encoding="utf-8") for page in PAGES]
TEXT = "\n".join(TEXTS)
# The paragraph before a block, the block, and the pipelines that it is said to give.
BLOCK = re.compile(
    r"(?P<said>(?:^[^\n]+\n)+)\n```(?P<kind>json|yaml)\n(?P<body>.*?)^```\n(?:```text\n(?P<told>.*?)^```)?",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = [found for text in TEXTS for found in BLOCK.finditer(text)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda found: str(found.string.count("\n", 0, found.start()) + 1))
def test_an_example_expands_to_what_is_said(example, tmp_path):
    path = tmp_path / f"config.{example['kind']}"
    path.write_text(example["body"], encoding="utf-8")
    words = " ".join(example["said"].split())
    refused = re.search(r"is refused: `([^`]+)`$", words)
    if refused:
        with pytest.raises(NwsError) as caught:
            read_configs(path)
        assert refused[1] in caught.value.message
        return
    configs = read_configs(path)
    said = re.search(r"gives (\d+) pipelines?\b", words)
    assert said, f"how many pipelines? {words}"
    assert len(configs) == int(said[1])
    if example["told"] is not None:
        assert [_told(config) for config in configs] == example["told"].splitlines()


def test_every_example_is_looked_at():
    assert len(EXAMPLES) == len(re.findall(r"^```(?:json|yaml)$", TEXT, re.MULTILINE)) > 40


def test_the_two_forms_of_a_file_have_the_same_hashes(tmp_path):
    one, other = EXAMPLES[:2]
    assert (one["kind"], other["kind"]) == ("json", "yaml")
    hashes = []
    for example in (one, other):
        path = tmp_path / f"config.{example['kind']}"
        path.write_text(example["body"], encoding="utf-8")
        hashes.append([config.hash for config in read_configs(path)])
    assert hashes[0] == hashes[1]


def test_every_keyword_is_on_the_pages():
    words = {*keywords.GENERATORS, *keywords.MODIFIERS, *keywords.LABELS, keywords.PRESET, "presets", keywords.SIZE}
    words |= {*keywords.REFUSED, *keywords.HEADS, *_FORMS, *_ACTIONS, "group", "name", "action"}
    forms = {form.replace(":5:0.25", ":TIMES:FRACTION").replace(":0.25", ":FRACTION") for form in FORMS}
    forms = {form.replace(":5x10", ":NxR").replace(":5", ":N") for form in forms}
    for word in words | forms:
        assert re.search(rf"[`\"]{re.escape(word)}[`\"]", TEXT), word


def _told(config):
    made = [{"operator": step.kind, "class": step.path, "params": step.params} for step in config.steps]
    return f"{chain_text(made)} | {model_text(made)}"
