"""What is told of series before they are trained on."""

import logging

import numpy as np
import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import TaskConfig
from keras_rnn_zoo.inference.rebuild import make_task
from keras_rnn_zoo.user_data.series_report import series_ranges, series_warnings
from keras_rnn_zoo.user_data.step_report import input_names

RANDOM = np.random.default_rng(0)


def steps(*columns):
    """Returns 1000 steps of features that are drawn with a mean and a standard deviation each."""
    return np.stack([RANDOM.normal(mean, deviation, 1000) for mean, deviation in columns], axis=1).astype("float32")


def test_the_range_of_each_feature_is_reported():
    series = np.array([[0, -5], [1, 5], [2, np.nan], [1, np.inf]], "float32")
    assert series_ranges(series) == [
        "Feature 0: from 0 to 2, mean 1, standard deviation 0.7071.",
        "Feature 1: from -5 to 5, mean 0, standard deviation 5.",
    ]
    many = series_ranges(np.zeros((2, 1000), "float32"))
    assert len(many) == 21
    assert many[-1] == "980 more features are not shown."


@pytest.mark.parametrize(
    ("columns", "far"),
    [
        ([(0, 1), (5, 3)], None),
        ([(0, 1), (1000, 1)], "Feature 1:"),
        ([(-1000, 1), (0, 1), (0, 50), (0, 0.001)], "Features 0, 2, 3:"),
    ],
)
def test_features_far_from_unit_scale_are_named_where_they_are_not_scaled(columns, far):
    series = steps(*columns)
    assert series_warnings(series, normalized=True) == []
    warnings = series_warnings(series, normalized=False)
    assert [warning.partition(" far from")[0] for warning in warnings] == ([far] if far else [])
    assert all(warning.endswith("Scale the series: --set normalization=standard.") for warning in warnings)


@pytest.mark.parametrize(
    ("value", "warning"),
    [
        (np.nan, "1 of the numbers in the series are NaN or infinite and are read as the mean of the feature."),
        (-9999, "Feature 1: numbers more than 50 standard deviations from the mean. If they represent missing values"),
    ],
)
def test_suspicious_numbers_are_reported(value, warning):
    series = np.concatenate([steps((0, 1), (0, 1)) for _ in range(4)])
    series[3, 1] = value
    (told,) = series_warnings(series, normalized=True)
    assert told.startswith(warning)


def test_constant_features_are_reported():
    series = steps((0, 1), (0, 1))
    series[:, 1] = 1000
    assert series_warnings(series, normalized=False) == ["Feature 1: constant, so nothing can be learned from it."]
    assert series_warnings(np.full((2, 1), np.nan), normalized=False)[1].startswith("Feature 0: constant")


@pytest.mark.parametrize("normalization", ["standard", "none"])
def test_the_data_report_of_an_archive_describes_its_series(normalization, tmp_path, caplog):
    series = np.empty(40, object)
    for number in range(40):
        # More of them are long than are held out.
        series[number] = RANDOM.normal([0, 500], 1, (12_345 if number < 18 else 9, 2))
    np.savez(tmp_path / "a.npz", x=series, y=np.arange(40) % 2)
    examples = registry.find_dataset(f"npz:{tmp_path}/a.npz", ("classification",)).make(None, 0)
    reader = {"max_steps": 100, "normalization": normalization}
    task = make_task(TaskConfig("classification", "series", {}, reader, examples.classes))
    task.fit(examples.split("train"))
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        examples.report(task)
    assert "Feature 1: from 49" in caplog.text
    assert "95th percentile 12,345, longest 12,345 steps." in caplog.text
    assert ("Feature 1: far from mean 0" in caplog.text) == (normalization == "none")


def test_features_are_called_by_their_columns():
    steps = np.array([[0, 1], [2, 1]], "float32")
    assert series_ranges(steps, ["load", "heat"])[0].startswith("Feature 'load': from 0 to 2")
    assert series_warnings(steps, ["load", "heat"], normalized=True)[0].startswith("Feature 'heat': constant")
    assert input_names({"input": "load+heat"}, 2) == ["load", "heat"]
    assert input_names({"input": "x"}, 2) == []  # The features of an array have no names.
    assert input_names({}, 1) == []
