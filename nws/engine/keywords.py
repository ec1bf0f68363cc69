"""The words of the pipeline dialect: which there are, which go together, and which are refused.

This room is tables; it must not know what the words do.
"""

from __future__ import annotations

import math
from typing import Any

from nws.documents import inside, refusal
from nws.ids import closest

LIMIT = 1_000_000
OR, CHAIN, CARTESIAN, SAMPLE = "_or_", "_chain_", "_cartesian_", "_sample_"
GENERATORS = (OR, "_range_", "_log_range_", "_grid_", "_zip_", CHAIN, SAMPLE, CARTESIAN)
# Generators that make entries by name, so that no `param` is needed beside them.
MAPPINGS = ("_grid_", "_zip_")
SELECTIONS = ("pick", "arrange")
SECOND_SELECTIONS = ("then_pick", "then_arrange")
CONSTRAINTS = ("_mutex_", "_requires_", "_depends_on_", "_exclude_")
MODIFIERS = ("count", "_seed_", "_weights_", *SELECTIONS, *SECOND_SELECTIONS, *CONSTRAINTS, "param")
LABELS = ("_tags_", "_metadata_")
PRESET = "_preset_"
# Keys that put chains side by side, and what stands for a chain without steps.
AUGMENTATION, CONCAT = "feature_augmentation", "concat_transform"
UNIONS = (AUGMENTATION, CONCAT)
PASSTHROUGH = "passthrough"
# Keys that name a class: without one there is no step, so that `null` there means "no such step".
HEADS = ("class", "model", "y_processing", "split", "preprocessing", *UNIONS)

_GIVE_PARAMS = "give them in params of the model"
_ONE_EACH = "use _or_ for one pipeline each"
_REPEATED = "a splitter with group, or --cv group:COLUMN, keeps repeated scans together"
_OWN_CLASS = "give a class path; packages that nws.toml trusts may be used"
_ARRAYS = "every step gets a table with a row per sample"
_CHARTS = "charts are drawn from the results"
REFUSED = {
    "sample_augmentation": "leave it out",
    "auto_transfer_preproc": _ONE_EACH,
    "branch": _ONE_EACH,
    "merge": _ONE_EACH,
    "merge_sources": "spectra of several sources stand side by side as columns",
    "merge_predictions": "a sklearn.ensemble.StackingRegressor stacks models",
    "residual": "a model of its own class",
    "tag": "_tags_ labels pipelines; samples have metadata columns",
    "exclude": "leave the samples out of the dataset",
    "rep_to_sources": _REPEATED,
    "rep_to_pp": _REPEATED,
    "rep_fusion": _REPEATED,
    "finetune_params": "use _range_, _grid_ or _sample_ beside the model",
    "train_params": _GIVE_PARAMS,
    "refit_params": _GIVE_PARAMS,
    "fit_on_all": "steps are fitted on the training samples of each fold",
    "force_layout": _ARRAYS,
    "na_policy": "a sklearn.impute class fills gaps",
    "fill_value": "a sklearn.impute class fills gaps",
    "function": _OWN_CLASS,
    "module": _OWN_CLASS,
    "object": _OWN_CLASS,
    "instance": _OWN_CLASS,
    "metadata": "_metadata_ beside a step is kept in the record",
    "spectra_dist": _CHARTS,
    "spectral_distribution": _CHARTS,
    "spectra_envelope": _CHARTS,
}
# Older files have it beside _or_.
SIZE = "size"


def refuse_keyword(word: str, place: str) -> None:
    """Refuse a keyword of the dialect that is not supported, whether it is a key of a step or all of it.

    Raises
    ------
    BadInput
        If it is one.
    """
    is_chart = word.startswith(("chart_", "fold_")) or word.endswith("_chart")
    if word in REFUSED or is_chart:
        raise refusal(place, f"{word} is not supported yet", hint=REFUSED.get(word, _CHARTS))


def refuse_stray(node: dict[str, Any], place: str, *, generating: bool) -> None:
    """Refuse keys that look like keywords and are none, or have no generator beside them that they could be for.

    Raises
    ------
    BadInput
        For the first of them.
    """
    for key in node:
        if len(key) < 3 or not key[0] == key[-1] == "_" or key in GENERATORS or key in LABELS:
            continue
        if key not in MODIFIERS:
            known = (*GENERATORS, *(word for word in MODIFIERS if word[0] == "_"), *LABELS, PRESET)
            near = closest(key, known)
            hint = f"did you mean {near[0]}?" if near else f"generators: {', '.join(GENERATORS)}"
            raise refusal(inside(place, key), "no such keyword", hint=hint)
        if not generating:
            raise refusal(inside(place, key), "there is no generator beside it", hint=_generators())
    if generating and SIZE in node and not any(head in node for head in HEADS):
        raise refusal(inside(place, SIZE), "size is not supported", hint='it is called "pick" today')


def _generators() -> str:
    return f"generators: {', '.join(GENERATORS)}"


def refuse_many(number: int, place: str, what: str = "pipelines") -> None:
    """Refuse more than `LIMIT` values, before any is made.

    Raises
    ------
    BadInput
        If there are more.
    """
    if number > LIMIT:
        shown = f"{number:,}" if number < 10**15 else f"10^{math.floor(math.log10(number))}"
        hint = 'fewer choices, or "count": n beside a generator for a random subset'
        raise refusal(place, f"expands to {shown} {what}; at most {LIMIT:,} are allowed", hint=hint)


def is_whole(value: Any) -> bool:
    """Say whether a value is a whole number, which a boolean is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Say whether a value is a number, which a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
