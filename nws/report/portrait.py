"""What the texts of an export have to say of a stored pipeline: its model in words, its packages, its axis.

Names come from files of other people: they stand in a text on one line, and in a script as literals. This room must
not know which texts there are.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from nws.dataset.snapshot import Snapshot
from nws.engine import software
from nws.engine.calibration import axis_of
from nws.engine.tasks import MODEL, TRANSFORM, Y_PROCESSING
from nws.engine.wavelengths import described
from nws.errors import NwsError
from nws.ids import ObjectId
from nws.metrics import CLASSIFICATION
from nws.pipeline.table import PROBA
from nws.pipeline.view import ARTIFACT_FOLDER, PREDICTIONS_FILE
from nws.records import decode

if TYPE_CHECKING:
    from nws.dataset import Axis
    from nws.engine.sources import Source
    from nws.pipeline import Pipeline
    from nws.records import JsonMap

_PACKAGE = re.compile(r"[A-Za-z0-9][\w.-]*")
_VERSION = re.compile(r"[0-9][\w.!]*")
_OURS = "nws"
_ALWAYS = ("scikit-learn", "numpy", "scipy", "joblib")


def line(text: object) -> str:
    """Return a text on one line, without what a terminal or a page would obey."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in str(text)).split())


@dataclass(frozen=True)
class Portrait:
    """A stored pipeline that has a model.

    Parameters
    ----------
    pipeline
        The pipeline.
    source
        The same as what is predicted with.
    """

    pipeline: Pipeline
    source: Source

    @property
    def target(self) -> str:
        """Name of what is predicted, as it is."""
        return self.source.target

    @property
    def other_targets(self) -> list[str]:
        """Names of what else the data set has to be predicted, as far as it is in reach."""
        oid = str(self.pipeline.record.dataset["id"])
        try:
            held = decode(Snapshot, self.source.objects.get(ObjectId(oid)), where=f"dataset {oid[:6]}")
        except (NwsError, OSError):
            return []
        return [name for name in (str(told["name"]) for told in held.targets) if name != self.target]

    @property
    def is_classification(self) -> bool:
        """Whether classes are predicted."""
        return self.source.task == CLASSIFICATION

    @property
    def once(self) -> bool:
        """Whether validation samples were set apart once, not each in its turn."""
        return self.pipeline.record.once

    @cached_property
    def axis(self) -> Axis | None:
        """The axis of the spectra; None where nobody can say it any more."""
        return axis_of(self.source)

    @property
    def features(self) -> int:
        """How many values a spectrum has."""
        return int(self.pipeline.record.dataset["features"])

    @property
    def wavelengths(self) -> str:
        """The axis in words."""
        return f"{self.features} features" if self.axis is None else described(self.axis)

    @property
    def model(self) -> str:
        """The model in words: `PLSRegression(n_components=7)`."""
        from nws.pipeline.rows import model_text

        return line(model_text(self.pipeline.record.steps))

    @property
    def preprocessing(self) -> str:
        """The steps before the model in words."""
        from nws.pipeline.rows import chain_text

        return line(chain_text(self.pipeline.record.steps))

    def artifacts(self, kind: str) -> list[str]:
        """Return the files of the fitted steps of a kind, in order, as exports name them."""
        names = {item["step"]: item["name"] for item in self.pipeline.record.artifacts if "fold" not in item}
        chosen = [step for step in self.source.steps() if step["operator"] == kind]
        return [f"{ARTIFACT_FOLDER}/{names[step['step']]}.joblib" for step in chosen]

    @property
    def transforms(self) -> list[str]:
        """The files of the fitted steps that spectra go through."""
        return self.artifacts(TRANSFORM)

    @property
    def fitted_model(self) -> str:
        """The file of the fitted model."""
        return self.artifacts(MODEL)[0]

    @property
    def target_steps(self) -> list[str]:
        """The files of the fitted steps that the target went through."""
        return self.artifacts(Y_PROCESSING)

    @cached_property
    def class_paths(self) -> list[str]:
        """The classes that predicting takes, also those inside parameters; sorted."""
        steps: list[JsonMap] = self.source.steps()
        found = {str(step["class"]) for step in steps}
        return sorted(found.union(*(software.classes(step.get("params") or {}) for step in steps)))

    @property
    def of_nws(self) -> list[str]:
        """The classes among them that are of nws, by their last name."""
        return [path.rpartition(".")[2] for path in self.class_paths if path.partition(".")[0] == _OURS]

    @property
    def modules(self) -> list[str]:
        """The packages of the classes as Python names them, but scikit-learn, which joblib loads; sorted."""
        named = {path.partition(".")[0] for path in self.class_paths}
        return sorted(name for name in named - {"sklearn"} if name.isidentifier())

    @cached_property
    def packages(self) -> dict[str, str]:
        """The packages that predicting takes, but nws; with the versions at the fit, as far as they are known."""
        told = self.pipeline.record.environment.get("packages") or {}
        # What PyPI has under the name of nws is another one.
        named = [*_ALWAYS, *(name for name in self.modules if name not in {*_ALWAYS, _OURS})]
        versions = {name: str(told.get(name, "")) for name in named if _PACKAGE.fullmatch(name)}
        return {name: text if _VERSION.fullmatch(text) else "" for name, text in versions.items()}

    def install(self, **more: str) -> str:
        """Return the command that installs these packages.

        Parameters
        ----------
        **more
            Other packages with their versions.
        """
        wanted = {**self.packages, **more}
        return "pip install " + " ".join(f"{name}=={text}" if text else name for name, text in wanted.items())

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """The rows of `predictions.csv`."""
        text = (self.pipeline.file(PREDICTIONS_FILE) or b"").decode()
        return list(csv.DictReader(io.StringIO(text)))

    @property
    def has_probabilities(self) -> bool:
        """Whether the model gives the probability of each class."""
        return self.is_classification and any(f"{PROBA}{row['y_pred']}" in row for row in self.rows[:1])
