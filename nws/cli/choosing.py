"""What is said of choices: of one by the one-standard-error rule, and of those that nested cross-validation made.

This room words a choice; it must not make one.
"""

from typing import TYPE_CHECKING, Any

from nws.cli.output import Output, number
from nws.index.criteria import heading
from nws.metrics import label, parse
from nws.words import plural

if TYPE_CHECKING:
    from nws.engine.parsimony import Choice
    from nws.records import JsonMap

RULE = "one_standard_error"
_AS_GOOD = {"min": "up to {}", "max": "from {}", "zero": "within 0 ± {}", "one": "within 1 ± {}"}


def say_choice(output: Output, choice: "Choice") -> None:
    """Print a choice: one line in JSON, some lines for people otherwise."""
    if output.json_lines:
        output.record("selection", _record(choice))
        return
    best, order = choice.best, choice.order
    as_good = _AS_GOOD[parse(choice.column)[1].goal].format(number(choice.threshold))
    output.say(f"ranked by {heading(choice.column)}, {choice.direction}, with the one-standard-error rule")
    output.say(
        f"best: {_ref(best)}: {number(best[choice.column])}, standard error {number(choice.error)} over "
        f"{plural(choice.folds, 'fold')}; as good: {as_good}"
    )
    by = "no order of such models is known: fewest transforms" if order is None else f"{order}, then fewest transforms"
    output.say(
        f"simplest of {plural(len(choice.rows), 'pipeline')} as good: {_ref(choice.chosen)}: {_what(choice)} ({by})"
    )
    if choice.others:
        output.say(f"not compared: {plural(choice.others, 'pipeline')} as good with another kind of model")


def say_estimates(output: Output, estimates: "dict[str, JsonMap]") -> None:
    """Print what nested cross-validation says of choosing the best pipeline, for each target."""
    for target, told in estimates.items():
        of = f" for {target}" if len(estimates) > 1 else ""
        error = told["standard_error"]
        spread = "" if error is None else f", standard error {number(error)}"
        value = "undefined" if told["metric_value"] is None else number(told["metric_value"])
        output.say(
            f"\nnested{of}: {label(told['metric_name'])} {value}{spread} over "
            f"{plural(told['folds'], 'outer fold')} ({told['split']}): what to expect of the best of "
            f"{plural(told['pipelines'], 'pipeline')} when it is chosen by cross-validation"
        )
        counts: dict[str, int] = {}
        for item in told["chosen"]:
            counts[item["pipeline_id"]] = counts.get(item["pipeline_id"], 0) + 1
        most = sorted(counts.items(), key=lambda pair: -pair[1])
        some = ", ".join(f"{name} ({plural(count, 'fold')})" for name, count in most[:5])
        output.say(f"chosen: {some}{' …' if len(most) > 5 else ''}")
        if told["left_out"]:
            output.say(f"left out: {plural(told['left_out'], 'pipeline')} tested on other folds, or ranked otherwise")


def _what(choice: "Choice") -> str:
    figure = number(choice.chosen[choice.column])
    if choice.order is None:
        return figure
    value = "no limit" if choice.value is None else f"{choice.value:g}"
    return f"{choice.order.parameter} {value}, {figure}"


def _record(choice: "Choice") -> dict[str, Any]:
    order = choice.order
    return {
        "rule": RULE,
        "metric": choice.column,
        "order": choice.direction,
        "standard_error": choice.error,
        "folds": choice.folds,
        "threshold": choice.threshold,
        "within": len(choice.rows),
        "not_compared": choice.others,
        "by": None if order is None else order.parameter,
        "best": _pointer(choice, choice.best),
        "chosen": {**_pointer(choice, choice.chosen), "by_value": choice.value},
    }


def _pointer(choice: "Choice", row: dict[str, Any]) -> dict[str, Any]:
    return {"ref": _ref(row), "record": row["record"], "value": row[choice.column]}


def _ref(row: dict[str, Any]) -> str:
    return f"{row['run_id']}/{row['pipeline_number']:04d}"
