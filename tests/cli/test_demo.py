"""`nws demo`, from an empty folder to the best model, and its files read with the tools of others."""

import json
import subprocess

import duckdb
import pandas as pd
import polars as pl
import pytest
from workspaces import check_whole

from nws import Workspace
from nws.cli.setup import PUBLISHED


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    import sys

    folder = tmp_path_factory.mktemp("demo été")
    command = [sys.executable, "-m", "nws", "demo", "my demo"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done, folder / "my demo"


def test_it_shows_the_published_figures(demo):
    done, root = demo
    for components, (rmsecv, rmsep) in PUBLISHED.items():
        digits = 3 if rmsecv > 1 else 4
        (line,) = [
            line for line in done.stdout.splitlines() if line.startswith(f"{components}\t") and "PLS" not in line
        ]
        _, ours, published, ours_test, published_test, _ = line.split("\t")
        assert round(float(ours), digits) == float(published) == rmsecv
        assert float(ours_test) == float(published_test) == rmsep
    assert "published optimum" in done.stdout
    assert "type next:\n  cd 'my demo'\n" in done.stderr
    assert str(root) in done.stderr
    assert len(check_whole(root)) == 30


def test_it_ends_in_a_report(demo):
    done, root = demo
    (page,) = (root / "exports" / "session_reports").glob("*_gasoline_demo.html")
    assert f"report: {page.as_uri()}" in done.stderr
    assert "PLSRegression(n_components=8, scale=False)" in page.read_text(encoding="utf-8")
    assert page.with_suffix(".md").is_file()


def test_with_json_every_line_is_json_and_the_report_is_named(nws, tmp_path):
    done = nws("--json", "demo", "--open", check=0, env={"PATH": "", "DISPLAY": "", "BROWSER": ""})
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["run", "report", "report"]
    assert {line["format"] for line in lines[1:]} == {"md", "html"}
    assert all((tmp_path / "nws-demo" / line["path"]).is_file() for line in lines[1:])
    assert "no browser was found" in done.stderr


def test_the_real_tools_verify_every_object(demo, tool):
    _, root = demo
    zstd, b3sum = tool("zstd"), tool("b3sum")
    files = list((root / "_binaries").glob("*/*.zst"))
    assert len(files) > 90
    for path in files:
        plain = subprocess.run([zstd, "-dc", path], capture_output=True, check=True).stdout
        said = subprocess.run([b3sum, "--no-names"], input=plain, capture_output=True, check=True).stdout
        assert said.decode().strip() == path.name.removesuffix(".zst")


def test_b3sum_of_a_record_is_its_id(demo, tool):
    _, root = demo
    best = Workspace.open(root).resolve("best:gasoline")
    said = subprocess.run([tool("b3sum"), "--no-names", best.view / "pipeline.json"], capture_output=True, check=True)
    assert said.stdout.decode().strip() == best.record_id


def test_polars_pandas_and_duckdb_agree_on_the_best(demo):
    _, root = demo
    meta, data = (root / "catalog" / f"predictions_{table}.parquet" for table in ("meta", "data"))
    by_polars = pl.read_parquet(meta).sort("val_rmse")["pipeline_id"][0]
    by_pandas = pd.read_parquet(meta).sort_values("val_rmse")["pipeline_id"].iloc[0]
    by_duckdb = duckdb.sql(
        f"select pipeline_id from read_parquet('{meta}/*.parquet') order by val_rmse limit 1"
    ).fetchall()[0][0]
    best = Workspace.open(root).resolve("best:gasoline")
    assert by_polars == by_pandas == by_duckdb == best.record.id
    rows = [
        len(pl.read_parquet(data)),
        len(pd.read_parquet(data)),
        duckdb.sql(f"select count(*) from read_parquet('{data}/*.parquet')").fetchall()[0][0],
    ]
    assert rows == [90, 90, 90]


@pytest.mark.slow
def test_a_second_demo_in_the_same_place_finds_everything_there(nws, tmp_path):
    pass_words = ["demo", "here", "--json"]
    nws(*pass_words, check=0)
    nws(*pass_words, check=0)
    assert len(Workspace.open(tmp_path / "here").runs.names()) == 1
