"""The same question to nws, MLflow and DuckDB, each from a cold start, over the same 10,000 results.

Usage: python bench/peers.py [ROUNDS]

The question: the ten best predictions on wheat by RMSECV. MLflow has a run for each prediction in its SQLite store, written
with its own table definitions; DuckDB reads the meta table of the index. Both are installed into `.bench/peers` by this
script and are no dependency of nws. All three have to name the same best prediction.
"""

import compileall
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from turns import alternate, check, show

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parent / ".bench" / "peers"
COUNT = 10_000
FILL = """
import json, sys
import mlflow
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
mlflow.set_tracking_uri(sys.argv[1])
names = ("prediction_id", "dataset_name", "model_type", "preprocessing")
experiments = {}
rows = json.load(open(sys.argv[2]))
for row in rows:
    if row["dataset_name"] not in experiments:
        experiments[row["dataset_name"]] = int(mlflow.create_experiment(row["dataset_name"]))
store = mlflow.tracking.MlflowClient()._tracking_client.store
with store.ManagedSessionMaker() as session:
    for row in rows:
        run, moment = row["record"][:32], row["created"]
        session.add(SqlRun(run_uuid=run, name=row["pipeline_id"], experiment_id=experiments[row["dataset_name"]],
                           status="FINISHED", start_time=moment, end_time=moment, lifecycle_stage="active",
                           source_type="LOCAL", user_id="", artifact_uri=""))
        for key, value in row["scores"].items():
            given = dict(run_uuid=run, key=key, value=value, timestamp=moment, step=0, is_nan=False)
            session.add(SqlMetric(**given))
            session.add(SqlLatestMetric(**given))
        for key in names:
            session.add(SqlParam(run_uuid=run, key=key, value=row[key]))
        session.add(SqlTag(run_uuid=run, key="mlflow.runName", value=row["pipeline_id"]))
"""
MLFLOW = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
found = mlflow.search_runs(experiment_names=["wheat"], order_by=["metrics.val_rmse ASC"], max_results=10)
print(found["params.prediction_id"][0])
"""
DUCKDB = """
import sys, duckdb
print(duckdb.sql(f\"\"\"
    select prediction_id from read_parquet('{sys.argv[1]}/catalog/predictions_meta.parquet/*.parquet')
    where dataset_name = 'wheat' and status = 'completed' and val_rmse is not null
    order by val_rmse, created_at, prediction_id limit 10
\"\"\").fetchall()[0][0])
"""


def main(rounds):
    python = installed()
    compileall.compile_dir(HERE.parent / "nws", quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        workspace, tracking = Path(folder) / "workspace", f"sqlite:///{folder}/mlflow.db"
        script = [sys.executable, str(HERE / "synthetic.py"), str(workspace), str(COUNT)]
        best = json.loads(subprocess.run(script, stdout=subprocess.PIPE, check=True).stdout)["best"]["wheat"]
        fill(python, workspace, tracking, Path(folder) / "rows.json")
        ours = [
            sys.executable,
            "-m",
            "nws",
            "-C",
            str(workspace),
            "catalog",
            "best",
            "wheat",
            "--columns",
            "prediction_id",
        ]
        nws = asking(ours, best)
        sides = alternate(rounds, asking([python, "-c", MLFLOW, tracking], best), nws)
        show("nws catalog best, cold, 10,000 results", sides, "MLflow (SQLite)", "below 1")
        sides = alternate(rounds, asking([python, "-c", DUCKDB, str(workspace)], best), nws)
        show("the same", sides, "DuckDB, python -c", 2)


def installed():
    """Return the Python of the peers' environment, made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    have = subprocess.run([python, "-c", "import mlflow, duckdb"], capture_output=True, check=False)
    if have.returncode:
        subprocess.run([python, "-m", "pip", "install", "--quiet", "mlflow", "duckdb"], check=True)
    versions = "import mlflow, duckdb; print('MLflow', mlflow.__version__, 'DuckDB', duckdb.__version__)"
    print(subprocess.run([python, "-c", versions], stdout=subprocess.PIPE, check=True, text=True).stdout.strip())
    return str(python)


def fill(python, workspace, tracking, path):
    import polars as pl

    table = pl.read_parquet(workspace / "catalog" / "predictions_meta.parquet")
    scores = [name for name in table.columns if name.split("_")[0] in {"train", "val", "test"} and table[name].count()]
    text = ["prediction_id", "record", "pipeline_id", "dataset_name", "model_type", "preprocessing"]
    rows = table.select(*text, pl.struct(scores).alias("scores"), pl.col("created_at").dt.epoch("ms").alias("created"))
    path.write_text(json.dumps(rows.to_dicts()))
    subprocess.run([python, "-c", FILL, tracking, str(path)], check=True, capture_output=True)


def asking(command, best):
    def ask():
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        check(done.stdout.split()[-1 if command[1] == "-c" else 1] == best)

    return ask


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
