"""Numbers for each step, scaled by the training split. Missing ones and padding are ignored."""

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.readers.series import SeriesReader
from keras_rnn_zoo.tasks.step_regression import StepRegression

TARGETS = [np.array([[0, 10], [2, 30]], "float32"), np.array([[4, np.nan]], "float32")]


def examples(targets):
    rows = [(np.zeros((len(target), 1), "float32"), target) for target in targets]
    spec = (tf.TensorSpec([None, 1]), tf.TensorSpec([None, *targets[0].shape[1:]]))
    return tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=spec)


def fitted(targets=TARGETS, names="load+heat"):
    task = StepRegression(SeriesReader(), (), target_names=names)
    return task, task.fit(examples(targets))


def test_each_target_is_scaled_by_its_own_training_values(tmp_path):
    task, learned = fitted()
    assert "2 targets, each scaled by its own" in learned
    assert task.mean == [2, 20] and task.deviation == pytest.approx([np.std([0, 2, 4]), 10])
    assert task.model_options()["targets"] == 2
    task.save(tmp_path)
    again = StepRegression(SeriesReader(), (), target_names="load+heat")
    again.load(tmp_path)
    assert again.mean == task.mean and again.deviation == task.deviation
    _, scaled = task.example(tf.zeros([2, 1]), tf.constant(TARGETS[0]))
    values = task.decode(scaled[None], task.preprocess(tf.zeros([1, 2, 1]), tf.constant([2])))["values"]
    np.testing.assert_allclose(values[0], TARGETS[0], atol=1e-5)


def test_missing_numbers_and_padding_count_neither_in_the_loss_nor_in_its_gradient():
    task, _ = fitted()
    inputs, targets = next(iter(make_batches(examples(TARGETS), task, 2).data))
    assert inputs.shape[:2] == targets.shape[:2] == (2, 2)
    outputs = tf.Variable(np.ones((2, 2, 2), "float32"))
    with tf.GradientTape() as tape:
        loss = task.loss()(targets, outputs)
    present = np.isfinite(targets.numpy())
    expected = np.mean((targets.numpy()[present] - 1) ** 2)
    assert float(loss) == pytest.approx(expected, abs=1e-6)
    gradient = tape.gradient(loss, outputs).numpy()
    assert np.isfinite(gradient).all() and (gradient[~present] == 0).all()
    assert task.loss_weight(targets) == 5


def test_errors_are_in_the_units_of_the_targets_for_all_and_for_each():
    task, _ = fitted()
    predicted = [np.array([[1, 10], [2, 30]], "float32"), np.array([[4, 5], [9, 9]], "float32")]
    padded = np.concatenate([TARGETS[1], np.full((1, 2), np.nan, "float32")])
    scores, report = task.score({"values": predicted, "lengths": [2, 1]}, [TARGETS[0], padded], 0.0)
    assert report["per_target"]["load"] == pytest.approx({"mse": 1 / 3, "mae": 1 / 3, "rmse": 3**-0.5})
    assert report["per_target"]["heat"] == {"mse": 0, "mae": 0, "rmse": 0}
    assert scores == pytest.approx({"mse": 1 / 6, "mae": 1 / 6, "rmse": 3**-0.5 / 2})


def test_one_number_for_each_step_needs_no_axis():
    task, learned = fitted([np.array([1, 3], "float32")], "")
    assert "targets of mean 2 and deviation 1" in learned and "targets" not in task.model_options()
    scores, report = task.score({"values": [np.array([[1], [5]])], "lengths": [2]}, [np.array([1.0, 3.0])], 0.0)
    assert scores == pytest.approx({"mse": 2, "mae": 1, "rmse": 2**0.5}) and report == {}
    assert task.describe({"values": [[1.0], [2.5]]}) == "1, 2.5"


def test_steps_beyond_the_maximum_count_as_if_the_mean_had_been_predicted():
    task, _ = fitted([np.array([1, 3], "float32")], "")
    scores, _ = task.score({"values": [np.array([[1]])], "lengths": [1]}, [np.array([1.0, 4.0])], 0.0)
    assert scores == pytest.approx({"mse": 2, "mae": 1, "rmse": 2**0.5})  # The mean of the training is 2.
