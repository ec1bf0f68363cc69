"""Tasks for tests: a dataset in a store, configs as plain steps, and outcomes of them."""

from __future__ import annotations

import json
from pathlib import Path

from threadpoolctl import threadpool_limits

from nws.dataset import Axis, Dataset, ReadOptions, Target, read, snapshot
from nws.engine.fit import fit
from nws.engine.plan import read_configs
from nws.engine.tasks import Task
from nws.store import ObjectStore

DATA = Path(__file__).parent / "data"
PLS = "sklearn.cross_decomposition.PLSRegression"
SCALER = "sklearn.preprocessing.StandardScaler"
SNV = "chemotools.scatter.StandardNormalVariate"
RIDGE = "sklearn.linear_model.Ridge"
LDA = "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"


def model(path, **params):
    return {"model": {"class": path, "params": params}}


class Bench:
    """A store with one dataset, on which pipelines are fitted."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.folder = folder
        self.store = ObjectStore(folder / "_binaries")
        self.dataset = dataset
        self.id = snapshot(dataset, self.store)

    def tasks(self, steps, *, cv="kfold:5", target=None, seed=0, trusted=()):
        file = self.folder / "pipeline.json"
        file.write_text(json.dumps(steps))
        target = self.dataset.target(target).name
        return [
            Task(
                position=position,
                config=config,
                dataset_name=self.dataset.name,
                dataset_id=self.id,
                target=target,
                cv=cv,
                seed=seed,
            )
            for position, config in enumerate(read_configs(file, trusted=trusted))
        ]

    def run(self, steps, **options):
        """Fit every pipeline of a config, on one thread as the executors do."""
        with threadpool_limits(1):
            return sorted(fit(self.tasks(steps, **options), self.store), key=lambda outcome: outcome.task.position)

    def one(self, steps, **options):
        (outcome,) = self.run(steps, **options)
        return outcome


def gasoline(folder):
    options = ReadOptions(target=("octane",), test_rows="51-60")
    return Bench(folder, read([DATA / "gasoline.csv"], name="gasoline", options=options)[0])


def mayonnaise(folder):
    options = ReadOptions(target=("oil.type",), partition="train", task="classification")
    return Bench(folder, read([DATA / "mayonnaise.csv"], name="mayonnaise", options=options)[0])


def made_up(folder, *, samples=24, features=8, partition=None, values=None, task="regression", metadata=None):
    """A small bench of made-up spectra; the target follows them unless `values` are given."""
    import numpy as np

    random = np.random.default_rng(5)
    spectra = np.cumsum(random.normal(size=(samples, features)), axis=1)
    noisy = spectra @ np.linspace(-1, 1, features) + random.normal(scale=0.1, size=samples)
    dataset = Dataset(
        name="small",
        spectra=spectra,
        axis=Axis(unit="nm", values=[1000.0 + 10 * band for band in range(features)]),
        sample_ids=[f"s{row}" for row in range(samples)],
        partition=list(partition) if partition else ["train"] * samples,
        targets=(Target(name="protein", task=task, values=list(values) if values is not None else noisy.tolist()),),
        metadata=metadata or {},
    )
    return Bench(folder, dataset)
