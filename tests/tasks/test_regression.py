import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.readers.series import SeriesReader
from keras_rnn_zoo.tasks.regression import Regression

SERIES = np.arange(16, dtype="float32").reshape(4, 2, 2)
TARGETS = np.array([10, 20, 30, 40], "float32")


def fitted(targets=TARGETS):
    task = Regression(SeriesReader(), ())
    learnt = task.fit(tf.data.Dataset.from_tensor_slices((SERIES[: len(targets)], targets)))
    return task, learnt


def test_the_network_learns_targets_of_mean_0_and_variance_1():
    task, learnt = fitted()
    assert "mean 25 " in learnt
    scaled = np.array([task.example(raw, target)[1].numpy() for raw, target in zip(SERIES, TARGETS, strict=True)])
    assert scaled.shape == (4, 1)
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(task.decode(scaled, None)["value"], TARGETS, rtol=1e-6)


def test_targets_that_are_all_the_same_are_only_shifted():
    task, _ = fitted(np.array([7, 7, 7], "float32"))
    _, target = task.example(tf.constant(SERIES[0]), tf.constant(7.0))
    assert target.numpy().tolist() == [0]
    assert task.decode(np.array([[0.5]], "float32"), None)["value"].numpy().tolist() == [7.5]


def test_what_was_learnt_is_kept(tmp_path):
    task, _ = fitted()
    task.save(tmp_path)
    loaded = Regression(SeriesReader(), ())
    loaded.load(tmp_path)
    assert (loaded.mean, loaded.deviation) == (task.mean, task.deviation)
    assert loaded.reader.mean == task.reader.mean
    assert loaded.model_options() == {"input": "series", "features": 2, "head": "regression"}


def test_scores_are_those_of_the_unscaled_values():
    task, _ = fitted()
    scores, report = task.score({"value": [np.float32(12), np.float32(19)]}, [10.0, 20.0], 0.1)
    assert scores == pytest.approx({"mse": (4 + 1) / 2, "mae": (2 + 1) / 2, "rmse": 2.5**0.5})
    assert report == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.98765, "0.9877"), (0.0, "0.000"), (-12.3456, "-12.35"), (1234567.8, "1234568"), (0.00123456, "0.001235")],
)
def test_a_value_is_shown_with_four_digits(value, shown):
    task, _ = fitted()
    assert task.describe({"value": value}) == shown


def test_several_targets_are_scaled_and_scored_each_by_its_own():
    targets = np.array([[0, 100], [2, 300], [4, 500], [6, 700]], "float32")
    task = Regression(SeriesReader(), (), target_names="speed+load")
    learned = task.fit(tf.data.Dataset.from_tensor_slices((SERIES, targets)))
    assert "2 targets, each scaled by its own" in learned and task.model_options()["targets"] == 2
    scaled = np.array([task.example(raw, target)[1].numpy() for raw, target in zip(SERIES, targets, strict=True)])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-6)
    np.testing.assert_allclose(task.decode(scaled, None)["value"], targets, atol=1e-4)
    scores, report = task.score({"value": [[1, 100], [2, 301]]}, [[0, 100], [2, 300]], 0.1)
    assert report["per_target"]["speed"] == pytest.approx({"mse": 0.5, "mae": 0.5, "rmse": 0.5**0.5})
    assert report["per_target"]["load"] == pytest.approx({"mse": 0.5, "mae": 0.5, "rmse": 0.5**0.5})
    assert scores == pytest.approx({"mse": 0.5, "mae": 0.5, "rmse": 0.5**0.5})
    prediction = task.trim({"value": [1.0, 250.0]})
    assert prediction == {"value": {"speed": 1.0, "load": 250.0}}
    assert task.describe(prediction) == "speed 1.000, load 250.0"
    assert task.prediction_signature()["value"].shape == [None, 2]


def test_a_run_of_an_earlier_version_with_a_single_number_is_read(tmp_path):
    task, _ = fitted()
    task.save(tmp_path)
    (tmp_path / "target.json").write_text('{"mean": 25.0, "deviation": 2.5}')
    loaded = Regression(SeriesReader(), ())
    loaded.load(tmp_path)
    assert (loaded.mean, loaded.deviation) == ([25.0], [2.5])
