"""Bad input: one line that names the thing, one line that says the way out, the documented exit code, nothing left."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest
from workspaces import check_whole, ridge_grid, small_csv

from nws import Workspace
from nws.cli.app import run as call
from nws.errors import DONE

RIDGE = "sklearn.linear_model.Ridge"
ADD = ["dataset", "add", "x"]
LONG = "x" * 300
CONFIGS = {
    "syntax": ("[", 6, "line 1"),
    "nothing in it": ("", 6, "line 1"),
    "no list": ("3", 6, "list of steps"),
    "empty pipeline": ("[]", 6, "empty pipeline"),
    "empty named pipeline": ({"name": "a", "pipeline": []}, 6, "empty pipeline"),
    "no model": (["sklearn.preprocessing.StandardScaler"], 6, "without a model"),
    "unknown class": ([{"model": "sklearn.linear_model.Rigde"}], 6, "unknown class sklearn.linear_model.Rigde"),
    "unknown module": ([{"model": "sklearn.linear_modell.Ridge"}], 6, "unknown class"),
    "untrusted package": ([{"model": "xgboost.XGBRegressor"}], 14, "not trusted"),
    "standard library": ([{"model": "os.system"}], 14, "not trusted"),
    "unknown parameter": ([{"model": {"class": RIDGE, "params": {"alhpa": 1}}}], 6, "no parameter 'alhpa'"),
    "invalid name": ({"name": "../x", "pipeline": [RIDGE]}, 6, "not a valid pipeline name"),
    "long name": ({"name": LONG, "pipeline": [RIDGE]}, 6, "not a valid pipeline name"),
    "too deep": ("[" * 500 + "]" * 500, 6, "nested more than"),
    "half a character": ('{"description": "\\ud800", "pipeline": ["' + RIDGE + '"]}', 6, "half a character"),
}
DATA = {
    "empty": ("", "is empty"),
    "header alone": ("y,1000 nm,1010 nm\n", "e.csv"),
    "text among numbers": ("y,1000,1010,1020\n1,2,3,4\n2,3,oops,5\n3,4,5,6\n", "line 3, column '1010' (3)"),
    "a short row": ("y,1000,1010\n1,2,3\n2,3\n4,5,6\n", "line 3"),
    "an infinite value": ("y,1000,1010\n1,2,3\n2,inf,4\n4,5,6\n", "line 3, column '1000' (2)"),
    "a missing value": ("y,1000,1010\n1,2,3\n2,,4\n4,5,6\n", "line 3, column '1000' (2)"),
    "one sample": ("y,1000,1010\n1,2,3\n", "1 sample"),
    "no text": (bytes(range(256)), "not a text file"),
    "no target": ("name,1000,1010\na,2,3\nb,3,4\nc,5,6\n", "no target"),
}
CALLS = {
    "missing data": (["run", "--dataset", "nope.csv", "--pipelines", "grid.json"], 6, "no such file: nope.csv"),
    "missing second data": (
        ["run", "--dataset", "wheat.csv", "nope.csv", "--pipelines", "grid.json"], 6, "no such file: nope.csv",
    ),
    "unknown dataset": (["run", "--dataset", "nope", "--pipelines", "grid.json"], 4, "no dataset named 'nope'"),
    "missing config": (["run", "--dataset", "wheat.csv", "--pipelines", "nope.json"], 6, "nope.json: no such file"),
    "folder as config": (["run", "--dataset", "wheat.csv", "--pipelines", "."], 6, "a folder"),
    "wrong delimiter": ([*ADD, "wheat.csv", "--delimiter", "semicolon"], 6, "only one column"),
    "unknown delimiter": ([*ADD, "wheat.csv", "--delimiter", "%"], 2, "delimiter '%'"),
    "folder without data": ([*ADD, "empty"], 6, "no data files"),
    "unknown metric": (["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--metric", "x"], 4, "metric"),
    "unfit metric": (
        ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--metric", "f1"], 2, "is for classification",
    ),
    "unknown target": (
        ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--target", "x"], 6, "no target 'x'",
    ),
    "unknown split": (["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--cv", "x"], 2, "'x'"),
    "no jobs": (["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "0"], 2, "--jobs 0"),
    "newline in a name": ([*ADD, "a\nb\x1b.csv"], 6, "a\\nb\\x1b.csv"),
    "file as workspace": (["-C", "wheat.csv", "status"], 10, "no workspace at wheat.csv"),
    "nowhere": (["-C", "nowhere", "status"], 10, "no workspace at nowhere"),
    "init on a file": (["init", "wheat.csv"], 6, "not a folder"),
    "init in a file": (["init", "wheat.csv/x"], 74, "wheat.csv"),
}  # fmt: skip
MARKERS = {
    "newer": ("format = 2\n", 12, "workspace format 2"),
    "no format": ("", 6, "format"),
    "no TOML": ("format\n", 6, "nws.toml"),
    "no text": (b"\x00\xff\xfe", 6, "not UTF-8"),
}
NAMES = ["../x", "", LONG, ".", "..", "a/b", ".x", "a b", "a\nb", "con"]


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    root = tmp_path_factory.mktemp("ready")
    Workspace.init(root)
    small_csv(root / "wheat.csv")
    ridge_grid(root / "grid.json", 2)
    (root / "empty").mkdir()
    return root


@pytest.fixture
def place(ready, tmp_path, monkeypatch):
    shutil.copytree(ready, tmp_path / "w")
    monkeypatch.chdir(tmp_path / "w")
    return tmp_path / "w"


@pytest.fixture
def refused(place, capsys):
    """Call nws, and check the form of the refusal and that nothing is left behind."""

    def check(words, code, text):
        before = listing(place)
        capsys.readouterr()
        assert call([str(word) for word in words]) == code
        said = capsys.readouterr()
        assert said.out == ""
        message, hint = said.err.splitlines()
        assert message.startswith("nws: ")
        assert text in message
        assert hint.startswith("hint: ")
        assert len(hint) > len("hint: ")
        assert listing(place) == before

    return check


def listing(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def write(path, content):
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)


@pytest.mark.parametrize("case", CALLS)
def test_calls(refused, case):
    refused(*CALLS[case])


@pytest.mark.parametrize("case", CONFIGS)
def test_configs(refused, place, case):
    content, code, text = CONFIGS[case]
    write(place / "c.json", content if isinstance(content, str) else json.dumps(content))
    refused(["run", "--dataset", "wheat.csv", "--pipelines", "c.json", "--jobs", "1"], code, text)


@pytest.mark.parametrize("case", DATA)
def test_data(refused, place, case):
    content, text = DATA[case]
    write(place / "e.csv", content)
    refused(["run", "--dataset", "e.csv", "--pipelines", "grid.json", "--jobs", "1"], 6, text)


@pytest.mark.parametrize("samples", [(9, 8), (8, 9), (9, 4)])
def test_as_many_rows_of_targets_as_of_spectra(refused, place, samples):
    for name, count, width in (("X.csv", samples[0], 6), ("Y.csv", samples[1], 1)):
        rows = [";".join(f"{(row * 7 + at * 3) % 5}.{at}{row}" for at in range(width)) for row in range(count)]
        write(place / name, "\n".join(rows) + "\n")
    refused([*ADD, "X.csv", "Y.csv"], 6, f"{samples[0]} samples")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "words",
    [
        lambda name: ["dataset", "add", "--", name, "wheat.csv"],
        lambda name: ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", f"--run-name={name}"],
        lambda name: ["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", f"--pipeline-names={name}"],
    ],
    ids=["dataset", "run", "pipeline"],
)
def test_names(refused, words, name):
    refused(words(name), 2, "not a valid")


@pytest.mark.parametrize(
    "words", [["status"], ["init"], ["log"], ["run", "--dataset", "wheat.csv", "--pipelines", "c"]]
)
@pytest.mark.parametrize("case", MARKERS)
def test_markers(refused, place, case, words):
    content, code, text = MARKERS[case]
    for folder in ("_binaries", "datasets", "runs", "exports", "library", "catalog"):
        (place / folder).rmdir()
    write(place / "nws.toml", content)
    refused(words, code, text)


def test_a_folder_in_the_place_of_the_marker(refused, place):
    (place / "nws.toml").unlink()
    (place / "nws.toml").mkdir()
    refused(["-C", ".", "status"], 6, "is a folder")


def test_a_workspace_that_may_only_be_read(place):
    """Reading works, writing is refused at once, with the path."""
    root_too = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv: apt-get install util-linux")
        lost = "-dac_override,-dac_read_search"
        root_too = ["setpriv", f"--bounding-set={lost}", f"--inh-caps={lost}"]
    assert call(["run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "1"]) == DONE
    (run,) = Workspace.open(place).runs.list()
    run.write(type(run.summary())(**{**vars(run.summary()), "status": "running"}))
    for path in [place, *place.rglob("*")]:
        path.chmod(path.stat().st_mode & 0o555)
    before = listing(place)

    def only_reading(*words):
        return subprocess.run(
            [*root_too, sys.executable, "-m", "nws", *words], capture_output=True, text=True, check=False
        )

    try:
        done = only_reading("run", "--dataset", "wheat.csv", "--pipelines", "grid.json")
        assert done.returncode == 74
        message, hint = done.stderr.splitlines()
        assert message == f"nws: cannot write to {place / 'runs'}: permission denied"
        assert hint.startswith("hint: ")
        assert listing(place) == before
        done = only_reading("runs", "list", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["status"] == "cut off"
    finally:
        for path in [place, *place.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o700)


@pytest.mark.skipif(os.name != "posix", reason="names of files are text there")
def test_a_name_that_is_no_text(place, capsys):
    name = os.fsdecode(b"caf\xe9.csv")
    try:
        shutil.copy(place / "wheat.csv", place / name)
    except OSError:
        pytest.skip("this file system takes text only")
    assert call([*ADD, name]) == DONE
    assert call(["run", "--dataset", name, "--pipelines", "grid.json", "--jobs", "1", "--description", name]) == DONE
    capsys.readouterr()
    for words in (["dataset", "show", "x"], ["runs", "show", "2"], ["show", "best:caf"]):
        assert call([*words, "--json"]) == DONE
        assert [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert call(words) == DONE
        capsys.readouterr()
    check_whole(place)
    (place / name).unlink()
    assert call(["dataset", "check", name]) == 6


@pytest.mark.skipif(os.name != "posix", reason="closing streams is a shell's affair")
def test_closed_streams_do_no_harm(place):
    words = f"{shlex.quote(sys.executable)} -m nws init new"
    done = subprocess.run(["sh", "-c", f"{words} <&- >&- 2>&-"], check=False)
    assert done.returncode == 0
    assert (place / "new" / "nws.toml").read_text().startswith("#")
    done = subprocess.run(["sh", "-c", f"{words} --json >&-"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_ctrl_c_while_libraries_load_shows_no_traceback(place):
    process = subprocess.Popen(
        [sys.executable, "-m", "nws", "run", "--dataset", "wheat.csv", "--pipelines", "grid.json", "--jobs", "2"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # From then on there are two processes that load libraries: the driver and the one that workers are made from.
    while not children(process.pid):
        time.sleep(0.01)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said


def children(pid):
    """Return the processes that a process started as forkserver."""
    told = subprocess.run(["ps", "-o", "args=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [line for line in told.stdout.splitlines() if "forkserver" in line]
