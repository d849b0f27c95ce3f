"""The gated cells against NumPy: what the papers define, step by step, and how it changes with inputs and weights."""

from dataclasses import dataclass, field
from typing import Any

import cell_references as references
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings, strategies

from keras_rnn_zoo.layers import MLSTM, SLSTM, SRU, CfC, DeltaNet, IndRNN

BATCH, UNITS, HEADS = 2, 4, 2
SIZE = UNITS // HEADS


@dataclass(frozen=True)
class Case:
    """A layer and its reference.

    Attributes:
        make: the class of the layer.
        step: the reference of a step.
        features: number of features of an input.
        options: the options of the layer.
        paper: a function from the layer's states, a list of `(batch, size)`, to those of the reference.
        weights: what the reference reads besides the layer's weights.
    """

    make: Any
    step: Any
    features: int = 3
    options: dict[str, Any] = field(default_factory=dict)
    paper: Any = list
    weights: dict[str, Any] = field(default_factory=dict)


def mlstm_states(states):
    c, n, m = states
    c = tf.reshape(c, (-1, HEADS, SIZE, SIZE)) * tf.exp(m)[:, :, None, None]
    return [tf.transpose(c, (0, 1, 3, 2)), tf.reshape(n, (-1, HEADS, SIZE)) * tf.exp(m)[:, :, None]]


def slstm_states(states):
    h, c, n, m = states
    return [h, c * tf.exp(m), n * tf.exp(m)]


def delta_states(states):
    return [tf.transpose(tf.reshape(states[0], (-1, HEADS, SIZE, SIZE)), (0, 1, 3, 2))]


HEADED = {"heads": HEADS}
CASES = {
    "mlstm": Case(MLSTM, references.mlstm, options=HEADED, paper=mlstm_states),
    "slstm": Case(SLSTM, references.slstm, options=HEADED, paper=slstm_states),
    "indrnn": Case(IndRNN, references.indrnn),
    "sru": Case(SRU, references.sru, features=UNITS),
    "sru, projected": Case(SRU, references.sru),
    "deltanet": Case(DeltaNet, references.delta, options=HEADED, paper=delta_states),
    "delta rule": Case(DeltaNet, references.delta, options={**HEADED, "gated": False}, paper=delta_states),
    "deltanet, negative": Case(
        DeltaNet,
        references.delta,
        options={**HEADED, "negative_eigenvalues": True},
        paper=delta_states,
        weights={"strongest": 2},
    ),
    "cfc": Case(CfC, references.cfc, options={"elapsed": -1, "backbone_units": 5, "backbone_layers": 2}),
}
OTHER_FORMS = ("sru, projected", "delta rule", "deltanet, negative")
every_case = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in OTHER_FORMS else []) for name in CASES]
)


def drawn(case, seed, time, **flags):
    """Returns a layer with random weights, an input and states before it, in double precision for the reference."""
    random = np.random.default_rng(seed)
    layer = case.make(UNITS, return_sequences=True, return_state=True, **case.options, **flags)
    layer.build((None, None, case.features))
    layer.set_weights([random.normal(0, 0.7, weight.shape) for weight in layer.get_weights()])
    x = random.normal(size=(BATCH, time, case.features))
    states = [random.normal(size=state.shape) for state in keras.tree.flatten(layer.get_initial_state(BATCH))]
    if case.make is SLSTM:
        states[2] = np.abs(states[2])  # The normalizer is a sum of exponentials.
    return random, layer, x, states


def weighted(values):
    """Returns a sum of arrays or tensors in which each number has a weight of its own."""
    cosines = [np.cos(np.arange(np.prod(value.shape))).reshape(value.shape) for value in values]
    return sum((value * part).sum() for value, part in zip(values, cosines, strict=True))


def reference(case, x, states, weights, names, mask, backwards):
    """Returns the outputs and the final states of the reference, given the layer's states and weights."""
    given = {**dict(zip(names, weights, strict=True)), **case.weights}
    before = [np.asarray(state) for state in case.paper([tf.constant(state) for state in states])]
    outputs, final = references.run(case.step, x, before, given, mask=mask, backwards=backwards)
    return [outputs, *final]


@every_case
def test_numbers_and_gradients_are_those_of_the_reference(name):
    compare(name, seed=0, time=20, masking="holes", backwards=False)  # More than one chunk of steps.


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    seed=strategies.integers(0, 999),
    time=strategies.sampled_from([1, 3, 40]),
    masking=strategies.sampled_from(["none", "holes", "empty row"]),
    backwards=strategies.booleans(),
)
def test_they_are_with_every_mask_and_direction(name, seed, time, masking, backwards):
    compare(name, seed, time, masking, backwards)


def compare(name, seed, time, masking, backwards):
    """Compares outputs and final states, and the gradient of a sum of them along a random direction of each input."""
    case = CASES[name]
    random, layer, x, states = drawn(case, seed, time, go_backwards=backwards)
    real = {"none": None, "holes": random.random((BATCH, time)) < 0.6}
    mask = real.get(masking, (np.arange(BATCH) > 0)[:, None] & np.ones((BATCH, time), bool))
    watched = [tf.constant(value, tf.float32) for value in (x, *states)]

    @tf.function(autograph=False)
    def answer(x, *states):
        with tf.GradientTape() as tape:
            tape.watch([x, *states])
            outputs, *final = layer(x, mask=mask, initial_state=list(states), training=True)
            found = [outputs, *case.paper(final)]
            total = sum(
                tf.reduce_sum(value * tf.cos(tf.reshape(tf.range(tf.size(value), dtype="float32"), tf.shape(value))))
                for value in map(tf.cast, found, ["float32"] * len(found))
            )
        return found, tape.gradient(total, [x, *states, *layer.trainable_variables], unconnected_gradients="zero")

    found, gradients = answer(*watched)
    values = [np.asarray(value, "float64") for value in (*watched, *layer.trainable_variables)]
    names, at = [variable.name for variable in layer.trainable_variables], len(watched)

    def of(values):
        return reference(case, values[0], values[1:at], values[at:], names, mask, backwards)

    for mine, right in zip(found, of(values), strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-5, atol=1e-5 * max(1, np.abs(right).max()))
    for number, gradient in enumerate(gradients):
        way = random.normal(size=values[number].shape)
        way /= np.linalg.norm(way)
        moved = [
            [value + distance * way if index == number else value for index, value in enumerate(values)]
            for distance in (1e-6, -1e-6)
        ]
        slope = (weighted(of(moved[0])) - weighted(of(moved[1]))) / 2e-6
        size = max(1, np.linalg.norm(gradient))
        np.testing.assert_allclose(np.sum(np.asarray(gradient) * way), slope, atol=1e-4 * size, err_msg=str(number))


@pytest.mark.parametrize("name", ["mlstm", "slstm"])
@pytest.mark.parametrize("gate", [-300.0, 300.0])
def test_exponential_gates_stay_finite_and_their_gradients_too(name, gate):
    case = CASES[name]
    _, layer, x, _ = drawn(case, 0, 5)
    bias = layer.cell.gate_bias if name == "mlstm" else layer.cell.bias
    values = np.asarray(bias).copy()
    values[: HEADS if name == "mlstm" else UNITS] = gate
    bias.assign(values)
    x = tf.constant(x, tf.float32)
    for training in (False, True):
        with tf.GradientTape() as tape:
            outputs = layer(x, training=training)[0]
            total = tf.reduce_sum(outputs**2)
        gradients = tape.gradient(total, layer.trainable_variables)
        assert all(np.isfinite(value).all() for value in (outputs, *gradients))
    assert np.abs(outputs).max() > 0 or (name, gate) == ("mlstm", -300.0)  # Then it has written nothing.


def test_weights_of_independent_units_stay_where_long_sequences_do_not_explode():
    layer = IndRNN(UNITS)
    model = keras.Sequential([keras.Input((None, 3)), layer])
    model.compile(keras.optimizers.SGD(100.0), "mse")
    random = np.random.default_rng(0)
    model.fit(random.normal(size=(8, 5, 3)), 100 * np.ones((8, UNITS)), epochs=1, verbose=0)
    weights = np.asarray(layer.cell.recurrent_kernel)
    assert np.abs(weights).max() == 1


def test_uneven_time_steps_are_those_of_the_feature_that_holds_them():
    random = np.random.default_rng(0)
    x, elapsed = random.normal(size=(BATCH, 6, 3)), random.uniform(0.1, 3, (BATCH, 6, 1))
    layer, even = CfC(UNITS, elapsed=1), CfC(UNITS)
    layer.build((None, None, 4))
    even.build((None, None, 3))
    even.set_weights(layer.get_weights())

    def at(elapsed):
        return layer(np.concatenate([x[..., :1], elapsed, x[..., 1:]], axis=-1))

    np.testing.assert_allclose(at(np.ones_like(elapsed)), even(x), atol=1e-6)
    assert np.abs(at(elapsed) - at(np.ones_like(elapsed))).max() > 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLSTM(6, heads=4), "Argument heads must divide units. Received: heads=4, units=6"),
        (lambda: CfC(4, elapsed=3).build((None, None, 3)), "must be the index of one of 3 features. Received: 3"),
        (lambda: CfC(4, backbone_layers=0), "backbone_layers must be 1 or more. Received: 0"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
