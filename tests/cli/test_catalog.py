"""`nws catalog best`, `list` and `search`: what they print, where, and with which exit code."""

import csv
import datetime as dt
import io
import json
import subprocess
import sys

import polars as pl
import pytest
from index_rows import START, row
from workspaces import ridge_grid, small_csv

from nws import Workspace
from nws.index import segments
from nws.metrics import CLASSIFICATION

ROWS = [
    row(1, val_rmse=0.31234567, val_r2=0.1, preprocessing="StandardNormalVariate"),
    row(2, val_rmse=0.25, test_rmse=None, val_r2=0.5),
    row(3, val_rmse=0.5, val_r2=0.9, created_at=START + dt.timedelta(days=30)),
    row(4, status="failed"),
]
# Of these two the runs are no longer there.
CORN = row(5, dataset_name="corn", run_id="2026-01-02_corn", val_rmse=None, train_rmse=None)
KINDS = row(
    6, dataset_name="kinds", run_id="2026-01-02_kinds", task_type=CLASSIFICATION, metric="kappa", val_kappa=0.75
)


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "nws.toml").write_text("format = 1\n")
    (tmp_path / "runs" / "2026-01-02_wheat").mkdir(parents=True)
    segments.append(tmp_path / "catalog", ROWS)
    segments.append(tmp_path / "catalog", [CORN, KINDS])
    return tmp_path


def numbers(text):
    return [json.loads(line)["pipeline_number"] for line in text.splitlines()]


def test_best_is_a_table_on_stdout_with_its_order_on_stderr(workspace, nws):
    done = nws("catalog", "best", "wheat", check=0)
    assert done.stderr == "ranked by RMSECV (val_rmse), lowest first\n"
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == ["#", "RMSECV", "RMSEP", "RMSEC", "pipeline", "preprocessing", "model"]
    assert lines[1] == ["1", "0.2500", "", "2", "2026-01-02_wheat/0002", "none", "PLSRegression(n_components=2)"]
    assert lines[2][:2] == ["2", "0.3123"]
    assert len(lines) == 4


def test_json_lines_carry_every_column_in_full(workspace, here):
    done = here("catalog", "best", "wheat", "--metric", "r2", "-n", "1", "--json", check=0)
    (line,) = done.out.splitlines()
    found = json.loads(line)
    assert next(iter(found)) == "type"
    assert found["type"] == "prediction"
    assert found["rank"] == 1
    assert found["record"] == ROWS[2].meta["record"]
    assert found["prediction_id"] == ROWS[2].meta["prediction_id"]
    assert found["created_at"] == "2026-02-01T03:04:05.678901Z"
    assert found["run_date"] == "2026-01-02"
    assert found["val_kappa"] is None
    assert found["path"] == "runs/2026-01-02_wheat/0003_a1b2c3"
    assert found["ref"] == "2026-01-02_wheat/0003"
    assert "highest first" in done.err


def test_list_is_newest_first_with_the_failed(workspace, here):
    assert numbers(here("catalog", "list", "wheat", "--json", check=0).out) == [3, 4, 2, 1]
    assert numbers(here("catalog", "list", "-n", "2", "--json", check=0).out) == [3, 6]
    table = here("catalog", "list", "wheat", "-n", "2", check=0).out.splitlines()
    assert table[0].split("\t")[:5] == ["created", "pipeline", "dataset", "target", "status"]
    assert table[2].split("\t")[1:5] == ["2026-01-02_wheat/0004", "wheat", "y", "failed"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--pipeline", "normalvariate"], [1]),
        (["--model", "cross_decomposition", "--task", "classification"], [6]),
        (["--since", "2026-01-20"], [3]),
        (["--since", "2026-02-01T05:04:05.678901+02:00"], [3]),
        (["--run", "2026-01-02_wheat", "--target", "y", "-n", "1"], [3]),
    ],
)
def test_filters(workspace, here, words, expected):
    assert numbers(here("catalog", "list", *words, "--json", check=0).out) == expected


def test_columns_and_csv(workspace, here):
    done = here("catalog", "best", "wheat", "--columns", "prediction_id,val_rmse,created_at", "--csv", check=0)
    rows = list(csv.reader(io.StringIO(done.out)))
    assert rows[0] == ["prediction_id", "val_rmse", "created_at"]
    assert rows[2] == [ROWS[0].meta["prediction_id"], "0.31234567", "2026-01-02T03:04:06.678901Z"]
    done = here("catalog", "best", "wheat", "--columns", "val_rmse, model_type", check=0)
    assert done.out.splitlines()[:2] == ["val_rmse\tmodel_type", "0.2500\tPLSRegression"]


def test_output_files(workspace, here):
    for suffix in ("csv", "json", "parquet"):
        done = here("catalog", "best", "wheat", "--output", f"best.{suffix}", check=0)
        assert done.out == ""
        assert f"3 rows written to best.{suffix}" in done.err
    frame = pl.read_parquet(workspace / "best.parquet")
    assert frame["pipeline_number"].to_list() == [2, 1, 3]
    assert pl.read_csv(workspace / "best.csv")["val_rmse"].to_list() == frame["val_rmse"].to_list()
    assert [item["record"] for item in json.loads((workspace / "best.json").read_text())] == frame["record"].to_list()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["best", "corn"], 1, "no selected prediction has RMSECV (val_rmse)"),
        (["best", "corn"], 1, "there is test_rmse"),
        (["best", "wheat", "--model", "forest"], 1, "no selected prediction"),
        (["list", "wheat", "--model", "forest"], 1, "no prediction is like that"),
        (["best"], 2, "classification and regression"),
        (["best", "wheat", "-n", "0"], 2, "0 rows"),
        (["best", "wheat", "--deleted", "--kept"], 2, "nothing is both deleted and kept"),
        (["best", "wheat", "--metirc", "rmse"], 2, "unknown option: --metirc\nhint: did you mean --metric?"),
        (["list", "--colour", "red"], 2, "unknown option: --colour"),
        (["list", "--colour"], 2, "--colour"),
        (["best", "--rmse-max", "low"], 2, "rmse-max is not a number: 'low'"),
        (["best", "--rmse-max"], 2, "--rmse-max requires an argument"),
        (["best", "--rsme-max", "1"], 4, "did you mean rmse"),
        (["search", "--where", "val_rpd >"], 2, "a value is missing (character 10"),
        (["search", "--where", "val_rdp > 2"], 4, "did you mean val_rpd"),
        (["search", "--where", "max(val_rpd) > 2"], 2, "looks at many rows"),
        (["search", "--tag", "keep"], 4, "nothing is tagged 'keep'\nhint: nws tag add"),
        (["search", "--tag", "a b"], 2, "not a valid tag"),
        (["search", "--status", "fail"], 4, "did you mean failed"),
        (["search", "wheat", "--rmse-max", "0.1"], 1, "no selected prediction has RMSECV"),
        (["search", "wheat", "--where", "val_rmse > 100"], 1, "no prediction is like that"),
        (["search", "--until", "soon"], 2, "not a date: 'soon'"),
        (["search", "--since", "0001-01-01"], 2, "not a date"),
        (["stats", "--by", "val_rmse"], 2, "cannot group by val_rmse"),
        (["stats", "--by", "modeltype"], 4, "did you mean model_type"),
        (["stats", "--columns", "predictons"], 4, "did you mean predictions"),
        (["stats", "whaet"], 4, "did you mean wheat"),
        (["compare", "nope"], 4, "a REF is RUN/0007"),
        (["compare", "ffffff"], 4, "no pipeline config 'ffffff'"),
        (["show", "nope"], 4, "a REF is RUN/0007"),
        (["show", "ffffff"], 4, "no prediction 'ffffff'"),
        (["show", "2026-01-02_wheat/0099"], 4, "2026-01-02_wheat"),
        (["best", "wheat", "--since", "yesterday"], 2, "not a date: 'yesterday'"),
        (["best", "wheat", "--output", "best.xlsx"], 2, ".parquet"),
        (["best", "whaet"], 4, "did you mean wheat"),
        (["list", "whaet"], 4, "did you mean wheat"),
        (["best", "wheat", "--metric", "val_rsme"], 4, "did you mean val_rmse"),
        (["list", "--columns", "val_rmes"], 4, "did you mean val_rmse"),
        (["list", "--run", "2026-01-02_weat"], 4, "did you mean 2026-01-02_wheat"),
        (["best", "--task", "regresion"], 4, "did you mean regression"),
    ],
)
def test_no_answer_and_wrong_words(workspace, here, words, code, says):
    done = here("catalog", *words, check=code)
    assert done.out == ""
    assert says in done.err
    assert "Traceback" not in done.err


def test_an_empty_workspace_has_no_best(tmp_path, here):
    (tmp_path / "nws.toml").write_text("format = 1\n")
    assert "no " in here("catalog", "best", check=1).err
    assert here("catalog", "list", check=1).err == "no predictions yet\n"


def test_several_targets_are_not_ranked_without_a_word(workspace, here):
    segments.append(workspace / "catalog", [row(9, target="z", val_rmse=0.01)])
    done = here("catalog", "best", "wheat", check=0)
    assert "several datasets or targets" in done.err
    assert "target" in done.out.splitlines()[0].split("\t")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["wheat", "--rmse-max", "0.4"], [2, 1]),
        (["wheat", "--r2-min", "0.5"], [3, 2]),
        (["wheat", "--r2_min=0.5", "--rmse-max", "0.3"], [2]),
        (["wheat", "--r2-min", "0.1", "--metric", "rmse"], [2, 1, 3]),
        (["--test-kappa-min", "0"], [6]),
        (["--bias-min", "-5", "--bias-max", "3", "-n", "1"], [1]),
        (["--RMSEP-max", "2.5"], [1]),
    ],
)
def test_a_search_with_a_limit_is_ranked_by_it(workspace, here, words, expected):
    done = here("catalog", "search", *words, "--json", check=0)
    assert numbers(done.out) == expected
    assert [json.loads(line)["rank"] for line in done.out.splitlines()] == list(range(1, len(expected) + 1))
    assert "ranked by" in done.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--where", "val_rpd > 2 and model_type == 'PLSRegression'"], [3, 5, 4]),
        (["--where", "status = 'failed' or created_at > '2026-01-20'"], [3, 4]),
        (["--where", "not deleted", "wheat", "--status", "completed"], [3, 2, 1]),
        (["--until", "2026-01-02", "--target", "y"], [6, 5, 4, 2, 1]),
        (["--until", "2026-01-02T03:04:07Z"], [1]),
        (["--status", "failed"], [4]),
        (["--kept"], [3, 4, 2, 1]),
        (["--deleted"], [6, 5]),
    ],
)
def test_a_search_without_a_limit_is_a_list(workspace, here, words, expected):
    done = here("catalog", "search", *words, "--json", check=0)
    assert numbers(done.out) == expected
    assert "rank" not in json.loads(done.out.splitlines()[0])


def test_a_damaged_segment_is_exit_13_and_named(workspace, here):
    name = segments.names(workspace / "catalog" / segments.META)[0]
    (workspace / "catalog" / segments.META / name).write_bytes(b"PAR1")
    done = here("catalog", "best", "wheat", check=13)
    assert name in done.err


def test_a_query_loads_polars_and_nothing_else_that_is_heavy(workspace):
    code = (
        "import sys; from nws.cli.app import run; code = run(['catalog', 'best', 'wheat']);"
        "print(code, sorted({'numpy', 'pyarrow', 'pandas', 'sklearn', 'asyncio', 'joblib', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_what_is_deleted_is_marked_only_where_something_is(workspace, here):
    assert "deleted" not in here("catalog", "list", "wheat", check=0).out.splitlines()[0].split("\t")
    lines = [line.split("\t") for line in here("catalog", "list", check=0).out.splitlines()]
    assert lines[0][-1] == "deleted"
    assert {line[1]: line[-1] for line in lines[1:]} == {
        "2026-01-02_wheat/0001": "no", "2026-01-02_wheat/0002": "no", "2026-01-02_wheat/0003": "no",
        "2026-01-02_wheat/0004": "no", "2026-01-02_corn/0005": "yes", "2026-01-02_kinds/0006": "yes",
    }  # fmt: skip
    found = [json.loads(line) for line in here("catalog", "list", "--json", check=0).out.splitlines()]
    assert {item["ref"] for item in found if item["deleted"]} == {"2026-01-02_corn/0005", "2026-01-02_kinds/0006"}
    assert here("catalog", "best", "kinds", check=0).out.splitlines()[1].split("\t")[-1] == "yes"


def test_best_names_no_pipeline_that_is_gone(workspace, here):
    assert "dataset 'kinds' has no ranked pipeline" in here("show", "best:kinds", check=4).err
    assert "ranked" in here("catalog", "best", "kinds", check=0).err


def test_columns_that_are_made_of_others(workspace, here):
    done = here("catalog", "list", "-n", "2", "--columns", "ref,tags,deleted", "--csv", check=0)
    assert done.out == 'ref,tags,deleted\n2026-01-02_wheat/0003,"",false\n2026-01-02_kinds/0006,"",true\n'


def test_where_a_validation_set_was_given_nothing_is_called_crossed(here, tmp_path):
    text = small_csv(tmp_path / "wheat.csv").read_text().splitlines()
    parts = ["part", *(["train"] * 14 + ["val"] * 6 + ["test"] * 4)]
    (tmp_path / "wheat.csv").write_text("\n".join(f"{line},{part}" for line, part in zip(text, parts, strict=True)))
    ridge_grid(tmp_path / "grid.json", 2)
    here("init", check=0)
    here("dataset", "add", "wheat", "wheat.csv", "--partition", "part", "--target", "protein", check=0)
    told = here("run", "--dataset", "wheat", "--pipelines", "grid.json", "--run-name", "once", check=0)
    assert told.out.startswith("#\tpipeline\tRMSE (val)\tRMSEP\tRMSEC\t")
    here("run", "--dataset", "wheat", "--pipelines", "grid.json", "--cv", "kfold:3", "--run-name", "crossed", check=0)
    name = Workspace.open(tmp_path).runs.names()
    once, crossed = (next(run for run in name if run.endswith(end)) for end in ("_once", "_crossed"))
    told = here("catalog", "best", "wheat", "--run", once, check=0)
    assert told.out.startswith("#\tRMSE (val)\tRMSEP\t")
    assert "ranked by RMSE (val_rmse)" in told.err
    for words in (("--run", crossed), ()):
        assert here("catalog", "best", "wheat", *words, check=0).out.startswith("#\tRMSECV\t")
