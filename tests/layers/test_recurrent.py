"""The recurrent layers against Keras's own: the same numbers, gradients, weights and files."""

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies
from processes import run_python

from keras_rnn_zoo.layers.recurrent import GRU, LSTM, SimpleRNN

PAIRS = [(LSTM, keras.layers.LSTM), (GRU, keras.layers.GRU), (SimpleRNN, keras.layers.SimpleRNN)]
BATCH, FEATURES, UNITS = 3, 3, 4
pairs = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda cls: cls.__name__)
slow_pairs = pytest.mark.parametrize(
    ("ours", "theirs"), [*PAIRS[:2], pytest.param(*PAIRS[2], marks=pytest.mark.slow)], ids=lambda cls: cls.__name__
)
"""The same for tests that take long: the simplest layer is left to the slow tests."""


def twins(ours, theirs, bidirectional=False, **options):
    """Returns a layer of each class with the same weights, built for inputs of `FEATURES`."""
    layers = [cls(UNITS, bias_initializer="uniform", **options) for cls in (ours, theirs)]
    if bidirectional:
        layers = [keras.layers.Bidirectional(layer) for layer in layers]
    for layer in layers:
        layer.build((None, None, FEATURES))
    layers[1].set_weights(layers[0].get_weights())
    return layers


def answers(layer, x, mask, states, training):
    """Returns what a layer gives, and the gradients of a weighted sum of it: of inputs, states and weights."""
    watched = [x, *(states or [])]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        outputs = tf.nest.flatten(layer(x, mask=mask, initial_state=states, training=training))
        weights = [tf.cos(tf.cast(tf.reshape(tf.range(tf.size(o)), tf.shape(o)), o.dtype)) for o in outputs]
        total = sum(tf.reduce_sum(o * w) for o, w in zip(outputs, weights, strict=True))
    return outputs, tape.gradient(total, [*watched, *layer.trainable_variables])


@slow_pairs
@hypothesis.settings(max_examples=12, deadline=None, derandomize=True)
@hypothesis.given(
    data=strategies.data(),
    time=strategies.sampled_from([1, 6]),
    flags=strategies.fixed_dictionaries(
        {name: strategies.booleans() for name in ("return_sequences", "use_bias", "go_backwards")}
    ),
    masking=strategies.sampled_from(["none", "right", "holes", "empty row"]),
    bidirectional=strategies.booleans(),
    given_states=strategies.booleans(),
    training=strategies.booleans(),
)
def test_they_give_the_numbers_and_gradients_of_keras(
    ours, theirs, data, time, flags, masking, bidirectional, given_states, training
):
    random = np.random.default_rng(data.draw(strategies.integers(0, 2**16)))
    flags["go_backwards"] &= not bidirectional  # Keras makes the second direction itself.
    layers = twins(ours, theirs, bidirectional, return_state=True, **flags)
    x = tf.constant(random.normal(size=(BATCH, time, FEATURES)), tf.float32)
    mask = {
        "none": None,
        "right": np.arange(time) < random.integers(1, time + 1, BATCH)[:, None],
        "holes": random.random((BATCH, time)) < 0.6,
        "empty row": (np.arange(BATCH) > 0)[:, None] & np.ones((BATCH, time), bool),
    }[masking]
    count = (2 if ours is LSTM else 1) * (2 if bidirectional else 1)
    states = [tf.constant(random.normal(size=(BATCH, UNITS)), tf.float32) for _ in range(count)]
    (mine, my_grads), (wanted, wanted_grads) = (
        answers(layer, x, mask, states if given_states else None, training) for layer in layers
    )
    for value, right in zip(mine, wanted, strict=True):
        np.testing.assert_allclose(value, right, atol=1e-5)
    for value, right in zip(my_grads, wanted_grads, strict=True):
        np.testing.assert_allclose(value, right, atol=1e-4)


@pairs
@pytest.mark.parametrize("masked", [False, True])
def test_in_a_graph_of_fixed_sizes_nothing_else_comes_out(ours, theirs, masked):
    layers = twins(ours, theirs, bidirectional=True, return_sequences=True)
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(BATCH, 17, FEATURES)), tf.float32)  # Padded to 24 where sizes vary.
    mask = random.random((BATCH, 17)) < 0.6 if masked else None
    mine, wanted = (tf.function(lambda layer=layer: answers(layer, x, mask, None, True))() for layer in layers)
    for value, right in zip(tf.nest.flatten(mine), tf.nest.flatten(wanted), strict=True):
        np.testing.assert_allclose(value, right, atol=1e-4)


@pairs
def test_gradients_agree_with_differences_in_double_precision(ours, theirs):
    layer = ours(UNITS, return_sequences=True, dtype="float64", bias_initializer="uniform")
    layer.build((None, None, FEATURES))
    random = np.random.default_rng(0)
    mask = random.random((BATCH, 5)) < 0.7

    x = tf.Variable(random.normal(size=(BATCH, 5, FEATURES)))

    def total():
        return tf.reduce_sum(layer(x, mask=mask, training=True) ** 2)

    values = [x, *(variable.value for variable in layer.trainable_variables)]
    with tf.GradientTape() as tape:
        loss = total()
    for value, grad in zip(values, tape.gradient(loss, values), strict=True):
        here, way = value.numpy(), random.normal(size=value.shape)
        around = []
        for distance in (1e-6, -1e-6):
            value.assign(here + distance * way)
            around.append(float(total()))
        value.assign(here)
        np.testing.assert_allclose(np.sum(grad * way), (around[0] - around[1]) / 2e-6, rtol=1e-6)


@pairs
@pytest.mark.parametrize("options", [{"dropout": 0.4}, {"recurrent_dropout": 0.4}, {"unroll": True}], ids=str)
def test_dropout_and_what_keras_runs_itself_are_the_same(ours, theirs, options):
    layers = twins(ours, theirs, return_sequences=True, seed=3, **options)
    x = tf.constant(np.random.default_rng(0).normal(size=(BATCH, 4, FEATURES)), tf.float32)
    mine, wanted = (layer(x, training=True) for layer in layers)
    np.testing.assert_allclose(mine, wanted, atol=1e-5)


@pairs
def test_mixed_precision_is_the_same(ours, theirs):
    layers = twins(ours, theirs, return_sequences=True, dtype="mixed_bfloat16")
    x = np.random.default_rng(0).normal(size=(BATCH, 4, FEATURES)).astype("float32")
    mine, wanted = (layer(x, training=True) for layer in layers)
    assert mine.dtype == wanted.dtype == tf.bfloat16
    np.testing.assert_array_equal(np.asarray(mine, "float32"), np.asarray(wanted, "float32"))


# One layer shows that training uses the gradients, which are compared of all of them.
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [PAIRS[0], *(pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS[1:])],
    ids=lambda cls: cls.__name__,
)
def test_training_follows_the_loss_of_keras(ours, theirs):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(64, 9, FEATURES)).astype("float32"), random.normal(size=(64, 1)).astype("float32")
    losses = []
    for layer in twins(ours, theirs, bidirectional=True):
        model = keras.Sequential(
            [keras.Input((None, FEATURES)), layer, keras.layers.Dense(1, kernel_initializer="ones")]
        )
        model.compile(keras.optimizers.Adam(0.01), "mse")
        assert not model.jit_compile
        losses.append(model.fit(x, y, batch_size=64, epochs=50, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, atol=1e-3)
    assert losses[0][-1] < 0.9 * losses[0][0]


def test_a_saved_model_opens_with_keras_alone_and_the_other_way_round(tmp_path):
    for cell, (ours, theirs) in zip(("lstm", "gru", "simple"), PAIRS, strict=True):
        for whose, layer in zip(("ours", "theirs"), twins(ours, theirs, bidirectional=True), strict=True):
            keras.Sequential([keras.Input((None, FEATURES)), layer]).save(tmp_path / f"{cell}-{whose}.keras")
    x = np.random.default_rng(0).normal(size=(BATCH, 4, FEATURES)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    code = f"""
import sys
sys.modules["keras_rnn_zoo"] = None  # As if it were not installed.
import keras, numpy as np
names = {{f"keras_rnn_zoo>{{name}}": getattr(keras.layers, name) for name in ("LSTM", "GRU", "SimpleRNN")}}
for cell in ("lstm", "gru", "simple"):
    model = keras.saving.load_model(f"{tmp_path}/{{cell}}-ours.keras", custom_objects=names)
    assert type(model.layers[0].forward_layer).__module__.startswith("keras.")
    np.save(f"{tmp_path}/{{cell}}.npy", model(np.load("{tmp_path}/x.npy")))
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    for cell in ("lstm", "gru", "simple"):
        model = keras.saving.load_model(tmp_path / f"{cell}-theirs.keras")
        np.testing.assert_allclose(np.load(tmp_path / f"{cell}.npy"), model(x), atol=1e-5)
