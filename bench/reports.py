"""Reports of a run of 300 pipelines on 1,000 samples: time and size, beside what they cannot do without.

    .venv/bin/python bench/reports.py

The floor of time is to read every record and its figures once; that of size is the predictions of all pipelines as six digits each.
The goals are under 10 seconds and under 5 MB.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from turns import check, show

from nws import Workspace
from nws.dataset import ReadOptions
from nws.report import report_run
from nws.report.facts import run_facts

SAMPLES, POINTS = 1000, 200
CHAINS = [
    None,
    "chemotools.scatter.StandardNormalVariate",
    "chemotools.scatter.MultiplicativeScatterCorrection",
    "sklearn.preprocessing.StandardScaler",
    *({"class": "chemotools.derivative.SavitzkyGolay", "params": {"window_length": 11, "polyorder": 2, "deriv": order}} for order in (1, 2)),
]  # fmt: skip
RIDGE, PLS = "sklearn.linear_model.Ridge", "sklearn.cross_decomposition.PLSRegression"
GRID = [
    {"_or_": CHAINS},
    {"model": {"class": PLS}, "_range_": [1, 25], "param": "n_components"},
    {"model": {"class": RIDGE}, "_or_": [10 ** (place / 4 - 3) for place in range(25)], "param": "alpha"},
]


def main():
    with tempfile.TemporaryDirectory() as name:
        workspace, run = finished(Path(name))
        began = time.perf_counter()
        facts = run_facts(run)
        reading = time.perf_counter() - began
        whole = measured(lambda: report_run(workspace, run))
        plain = measured(lambda: report_run(workspace, run, pictures=False))
        page = whole[1].html()
        check(len(facts.ranked("protein")) == 300 and page.count('data-key="') == 300)
        show("report with its pictures, HTML and Markdown", (reading, whole[0]), "reading all records", "under 10 s")
        show("the same without pictures", (reading, plain[0]), "reading all records", "")
        floor = sum(len(f"{value:.6g},") for row in facts.rows for value in predicted(row))
        size = len(page.encode())
        print(
            f"{'HTML page':58}{size / 1e6:9.2f} MB {size / floor:6.2f} of all predictions ({floor / 1e6:.2f} MB), goal under 5 MB"
        )
        held = page.partition('id="predictions">')[2].partition("</script>")[0]
        print(
            f"{'of it, predictions to look into':58}{len(held) / 1e6:9.2f} MB, of {len(json.loads(held)['pipelines'])} pipelines"
        )


def finished(folder):
    """Return a workspace with the run."""
    random = np.random.default_rng(1)
    spectra = np.cumsum(random.normal(size=(SAMPLES, POINTS)), axis=1) / 100 + 1
    protein = 10 + 5 * spectra[:, 50] - 3 * spectra[:, 120] + random.normal(scale=0.2, size=SAMPLES)
    head = ",".join(["id", "protein", *(f"{1000 + 5 * place} nm" for place in range(POINTS))])
    lines = [
        f"S{place:04d},{y:.4f},{','.join(f'{value:.5f}' for value in row)}"
        for place, (y, row) in enumerate(zip(protein, spectra, strict=True))
    ]
    (folder / "wheat.csv").write_text("\n".join([head, *lines]))
    (folder / "grid.json").write_text(json.dumps(GRID))
    workspace, _ = Workspace.init(folder / "workspace")
    workspace.datasets.add("wheat", [folder / "wheat.csv"], ReadOptions(id="id", test_rows="801-1000"))
    (result,) = workspace.run("wheat", folder / "grid.json")
    return workspace, result.run


def measured(make):
    began = time.perf_counter()
    report = make()
    report.html()
    report.markdown()
    return time.perf_counter() - began, report


def predicted(row):
    from nws.pipeline.rows import stored_blocks

    return [value for block in stored_blocks(row.pipeline) for value in block.y_pred]


if __name__ == "__main__":
    sys.exit(main())
