"""What a model says: predictions that can be checked, class labels and probabilities in one fixed order.

This room knows the ways of scikit-learn's estimators; it must not know folds or partitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from nws.engine.latent import Distances
from nws.errors import BadInput
from nws.metrics import CLASSIFICATION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy import ndarray

    from nws.engine.samples import Samples

    Array = ndarray[Any, Any]

_EXAMPLES = {
    "regressor": "sklearn.cross_decomposition.PLSRegression",
    "classifier": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
}


class Asked(Protocol):
    """What has to be known of the samples that a model is asked about: the task, and the class labels in order."""

    @property
    def task(self) -> str:
        """`regression` or `classification`."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels of the samples that were fitted on, sorted; none in regression."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Predictions, of shape (samples,), and probabilities, of shape (samples, classes), where the model has them.

    `distances` are those of the samples in the latent space of the model, where that was asked for and there is one.
    """

    values: Array
    probabilities: Array | None = None
    distances: Distances | None = None

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return several one after the other."""
        import numpy as np

        if not parts:
            return cls(values=np.empty(0))
        chances = [part.probabilities for part in parts if part.probabilities is not None]
        return cls(
            values=np.concatenate([part.values for part in parts]),
            probabilities=np.concatenate(chances) if len(chances) == len(parts) else None,
            distances=Distances.joined([part.distances for part in parts]),
        )


def check_kind(model: Any, class_path: str, samples: Samples) -> None:
    """Refuse a classifier for numbers and a regressor for classes.

    Raises
    ------
    BadInput
        With a model of the other kind as an example.
    """
    wanted = "classifier" if samples.task == CLASSIFICATION else "regressor"
    found = _kind(model)
    if found in _EXAMPLES and found != wanted:
        held = "classes" if samples.task == CLASSIFICATION else "numbers"
        raise BadInput(
            f"{class_path.rpartition('.')[2]} is a {found}, but the target {samples.target!r} holds {held}",
            hint=f"use a {wanted}, for example {_EXAMPLES[wanted]}; or say what the target holds with --task",
        )


def _kind(model: Any) -> str | None:
    from sklearn.utils import get_tags

    try:
        kind: str | None = get_tags(model).estimator_type
    except (AttributeError, TypeError):  # not derived from scikit-learn's base classes
        kind = getattr(model, "_estimator_type", None)
    return kind


def answer(
    model: Any,
    spectra: Array,
    samples: Asked,
    restore: Callable[[Array], Array],
    predict: Callable[[Any, Array], Any] | None = None,
) -> Answers:
    """Ask a fitted model.

    Parameters
    ----------
    model
        A fitted estimator.
    spectra
        Of shape (samples, features), after preprocessing.
    samples
        Say what kind of target it is, and its classes.
    restore
        Brings predicted numbers back to the units of the target.
    predict
        Makes the predictions of a model; None for its own `predict`.

    Raises
    ------
    BadInput
        If predictions are not one finite number, or one label, per sample.
    """
    import numpy as np

    told = model.predict(spectra) if predict is None else predict(model, spectra)
    predicted = _one_each(told, len(spectra), type(model).__name__)
    if samples.task == CLASSIFICATION:
        return Answers(values=predicted.astype(str), probabilities=_probabilities(model, spectra, samples.classes))
    predicted = _one_each(restore(predicted), len(spectra), type(model).__name__).astype(np.float64, copy=False)
    _check_finite(predicted, "predictions", type(model).__name__)
    return Answers(values=predicted)


def _one_each(predicted: Any, count: int, name: str) -> Array:
    import numpy as np

    found: Array = np.asarray(predicted)
    if found.shape not in {(count,), (count, 1)}:
        raise BadInput(f"{name} gives predictions of shape {found.shape} for {count} samples of one target")
    return found.reshape(-1)


def _check_finite(values: Array, what: str, name: str) -> None:
    import numpy as np

    finite = np.isfinite(values)
    if not finite.all():
        raise BadInput(f"{values.size - int(finite.sum())} of {values.size} {what} of {name} are NaN or infinite")


def _probabilities(model: Any, spectra: Array, classes: tuple[str, ...]) -> Array | None:
    """Return a column for each class of the training samples; those that a fold's model has not seen are 0."""
    import numpy as np

    if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
        return None
    found = np.asarray(model.predict_proba(spectra), dtype=np.float64)
    _check_finite(found, "probabilities", type(model).__name__)
    known = [str(label) for label in model.classes_]
    if known == list(classes):
        return found
    chances = np.zeros((len(spectra), len(classes)))
    chances[:, [classes.index(label) for label in known]] = found
    return chances
