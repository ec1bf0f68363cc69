"""The commands in the documents are run, in one workspace, as a reader would type them."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workspaces import GASOLINE

from nws.errors import CATEGORIES

DOCS = Path(__file__).parent.parent.parent / "docs"
BLOCK = re.compile(r"^```(sh|json|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# These go on in the workspace that the tutorial leaves; the last one deletes. Those that fit many models run in CI.
LONG = [
    "run-a-grid",
    "search-the-catalog",
    "choose-a-model",
    "look-at-a-model",
    "share-a-model",
    "predict",
    "report",
    "other-models",
]
SHORT = ["script-with-json", "archive", "from-nirs4all", "recover", "clean-up"]
GUIDES = [*(pytest.param(name, marks=pytest.mark.slow) for name in LONG), *SHORT]


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    shutil.copy(GASOLINE, folder)
    (folder / "bin").mkdir()
    for name, module in (("nws", "-m nws"), ("python", "")):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module} "$@"\n')
        script.chmod(0o755)

    def run(text, cwd):
        environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-e", "-c", text], cwd=cwd, capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"

    blocks = BLOCK.findall((DOCS / "tutorial.md").read_text(encoding="utf-8"))
    run(blocks[0][1], folder)
    for kind, text in blocks[1:]:
        if kind == "json":
            (folder / "octane" / "grid.json").write_text(text, encoding="utf-8")
        else:
            run(text if kind == "sh" else f"python -c '{text}'", folder / "octane")
    return run, folder / "octane"


def test_the_tutorial_runs(shell):
    _, workspace = shell
    (run,) = [path for path in (workspace / "runs").iterdir() if path.is_dir()]
    assert len(list(run.glob("00*"))) == 10
    assert list((workspace / "exports").iterdir())


@pytest.mark.parametrize("guide", GUIDES)
def test_the_guides_run(shell, guide):
    run, workspace = shell
    for kind, text in BLOCK.findall((DOCS / "guides" / f"{guide}.md").read_text(encoding="utf-8")):
        if kind == "sh":
            run(text, workspace)


def test_every_guide_is_run():
    assert {path.stem for path in (DOCS / "guides").iterdir()} == {*LONG, *SHORT}


def test_links_between_pages_lead_somewhere():
    for page in [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_page_of_exit_codes_has_every_code():
    text = (DOCS / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    for category in CATEGORIES:
        assert re.search(rf"\| {category.exit_code} \|", text), category
