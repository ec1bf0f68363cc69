import pytest

from nws.errors import UnknownName
from nws.metrics import METRICS, badness, columns, label, parse


@pytest.mark.parametrize(
    ("text", "partition", "name"),
    [("rmse", None, "rmse"), ("val_rmse", "val", "rmse"), ("RMSECV", "val", "rmse"), ("rmsep", "test", "rmse"),
     ("RMSEC", "train", "rmse"), ("test_balanced_accuracy", "test", "balanced_accuracy"), (" r2 ", None, "r2")],
)  # fmt: skip
def test_what_people_call_metrics(text, partition, name):
    found, metric = parse(text)
    assert (found, metric.name) == (partition, name)


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(UnknownName) as caught:
        parse("rmsee")
    assert "rmse" in caught.value.hint


def test_headings_are_the_fields_terms():
    assert [label("train_rmse"), label("val_rmse"), label("test_rmse")] == ["RMSEC", "RMSECV", "RMSEP"]
    assert label("val_r2") == "R² (val)"


def test_better_is_smaller_badness_whatever_the_goal():
    assert badness(METRICS["rmse"], 0.1) < badness(METRICS["rmse"], 0.2)
    assert badness(METRICS["r2"], 0.9) < badness(METRICS["r2"], 0.2)
    assert badness(METRICS["bias"], -0.1) < badness(METRICS["bias"], 0.2)
    assert badness(METRICS["slope"], 1.1) < badness(METRICS["slope"], 0.8)


def test_every_metric_has_a_column_for_each_partition():
    assert len(columns()) == 3 * len(METRICS)
    assert all(parse(column)[0] for column in columns())
