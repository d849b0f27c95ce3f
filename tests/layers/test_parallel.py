"""The layers whose gates know of the input alone, against the same cells run step by step by Keras."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.layers.linear_scan import linear_recurrence
from keras_rnn_zoo.layers.min_rnn import MinGRU, MinLSTM

BATCH, FEATURES, UNITS = 3, 3, 4
both = pytest.mark.parametrize("cls", [MinGRU, MinLSTM])


def random(*shape):
    return tf.constant(np.random.default_rng(shape).normal(size=shape), tf.float32)


def answers(layer, x, mask, first, training):
    with tf.GradientTape() as tape:
        tape.watch([x, first])
        outputs = layer(x, mask=mask, initial_state=[first], training=training)
        total = sum(tf.reduce_sum(output**2) for output in outputs)
    return [*outputs, *tape.gradient(total, [x, first, *layer.trainable_variables])]


@both
@pytest.mark.parametrize("training", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("time", [1, 7, *(pytest.param(time, marks=pytest.mark.slow) for time in (2, 8))])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("fixed", [False, True])
def test_they_give_the_numbers_of_the_cell_run_step_by_step(cls, training, backwards, time, masked, fixed):
    flags = {"return_sequences": True, "return_state": True, "go_backwards": backwards}
    layer = cls(UNITS, bias_initializer="uniform", **flags)
    stepwise = keras.layers.RNN(layer.cell, **flags)
    x, first = random(BATCH, time, FEATURES), random(BATCH, UNITS)
    mask = np.random.default_rng(0).random((BATCH, time)) < 0.6 if masked else None
    run = tf.function(answers) if fixed else answers  # A graph for these sizes alone is made without padding.
    expected = answers(stepwise, x, mask, first, training)
    for mine, right in zip(run(layer, x, mask, first, training), expected, strict=True):
        np.testing.assert_allclose(mine, right, atol=1e-5)


@both
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_agree_with_those_of_the_cell_in_double_precision(cls, masked):
    layer = cls(UNITS, bias_initializer="uniform", return_sequences=True, return_state=True, dtype="float64")
    stepwise = keras.layers.RNN(layer.cell, return_sequences=True, return_state=True, dtype="float64")
    x, first = tf.cast(random(BATCH, 50, FEATURES), tf.float64) * 3, tf.cast(random(BATCH, UNITS), tf.float64)
    mask = np.random.default_rng(0).random((BATCH, 50)) < 0.6 if masked else None
    for mine, right in zip(answers(layer, x, mask, first, True), answers(stepwise, x, mask, first, True), strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-9, atol=1e-9)


@both
def test_they_work_both_ways_and_survive_saving(cls, tmp_path):
    layer = keras.layers.Bidirectional(cls(UNITS, return_sequences=True, kernel_initializer="he_normal"))
    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.Masking(), layer])
    x = random(BATCH, 5, FEATURES)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), again(x))
    assert again.layers[-1].forward_layer.cell.kernel_initializer.__class__.__name__ == "HeNormal"


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
@pytest.mark.parametrize("forget", [-200.0, 0.0, 200.0])
@pytest.mark.parametrize("read", [-200.0, 0.0, 200.0])
def test_the_gates_of_min_lstm_stay_numbers_where_they_vanish(dtype, forget, read):
    layer = MinLSTM(UNITS, dtype=dtype)
    layer.build((BATCH, 3, FEATURES))
    layer.cell.bias.assign(np.repeat([forget, read, 0.0], UNITS))
    for training in (True, False):
        assert np.isfinite(layer(random(BATCH, 3, FEATURES), training=training)).all()


def test_a_linear_recurrence_of_any_length_is_right_on_every_backend(tmp_path):
    lengths = (1, 2, 3, 10, 50)
    wanted = {}
    for time in lengths:
        a, b, first = tf.sigmoid(random(2, time, 3)), random(2, time, 3), random(2, 3)
        h, states = first, []
        for step in range(time):
            h = a[:, step] * h + b[:, step]
            states.append(h)
        wanted[time] = np.stack(states, axis=1)
        np.testing.assert_allclose(linear_recurrence(a, b, first), wanted[time], atol=1e-5)
        np.savez(tmp_path / f"{time}.npz", a=a, b=b, first=first)
    code = f"""
import numpy as np
from keras_rnn_zoo.layers.linear_scan import linear_recurrence
for time in {lengths}:
    given = np.load(f"{tmp_path}/{{time}}.npz")
    np.save(f"{tmp_path}/{{time}}.npy", linear_recurrence(given["a"], given["b"], given["first"]))
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "KERAS_BACKEND": "jax"})
    for time in lengths:
        np.testing.assert_allclose(np.load(tmp_path / f"{time}.npy"), wanted[time], atol=1e-5)
