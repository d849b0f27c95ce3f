"""The cells with a linear recurrence, against their equations in NumPy, step by step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.layers import LRU, RGLRU, Mamba

BATCH, TIME, FEATURES, UNITS = 3, 9, 3, 4
MASK = np.array([[1, 1, 0, 1, 1, 0, 0, 1, 1], [0, 1, 1, 0, 0, 1, 1, 0, 0], [1] * 9], bool)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def lru(w, x, states):
    """One step of equation 7 of Orvieto et al. 2023, for a row."""
    h = states[0] + 1j * states[1]
    turn = np.exp(-np.exp(w["nu"]) + 1j * np.exp(w["theta"]))
    into = w["kernel"][:, :UNITS] + 1j * w["kernel"][:, UNITS:]
    out_of = w["output_kernel"][:UNITS] - 1j * w["output_kernel"][UNITS:]
    h = turn * h + np.exp(w["gamma"]) * (x @ into)
    return (h @ out_of).real + x @ w["skip_kernel"], [h.real, h.imag]


def rglru(w, x, states):
    """One step of equations 1 to 4 of De et al. 2024."""
    x = x @ w["kernel"] + w["bias"]
    r, i = np.split(sigmoid(x @ w["gate_kernel"] + w["gate_bias"]), 2)
    a = sigmoid(w["decay"]) ** (8 * r)
    h = a * states[0] + np.sqrt(1 - a**2) * (i * x)
    return h, [h]


def mamba(w, x, states):
    """One step of algorithm 2 of Gu and Dao 2023, and of the block around it, channel by channel."""
    (size, state_dim), taps = w["rate"].shape, len(w["conv_kernel"])
    h, window = states[0].reshape(state_dim, size).T.copy(), states[1].reshape(taps - 1, size)
    both = x @ w["kernel"]
    window, gate = np.concatenate([window, both[None, :size]]), both[size:]
    u = silu((window * w["conv_kernel"]).sum(axis=0) + w["conv_bias"])
    chosen = u @ w["select_kernel"]
    rank = len(chosen) - 2 * state_dim
    b, c = chosen[rank : rank + state_dim], chosen[rank + state_dim :]
    step = np.log1p(np.exp(chosen[:rank] @ w["step_kernel"] + w["step_bias"]))
    y = np.zeros(size)
    for channel in range(size):
        a = np.exp(step[channel] * -np.exp(w["rate"][channel]))
        h[channel] = a * h[channel] + step[channel] * b * u[channel]
        y[channel] = c @ h[channel] + w["skip"][channel] * u[channel]
    return (y * silu(gate)) @ w["output_kernel"], [h.T.ravel(), window[1:].ravel()]


CASES = [
    pytest.param(LRU, lru, {}, id="lru"),
    pytest.param(RGLRU, rglru, {}, id="rglru"),
    # The numbers of channels are 4, 8, and 16: the scan adds up eight partial sums, where eight divides their number.
    *(pytest.param(Mamba, mamba, {"state_dim": 3, "expand": expand}, id=f"mamba-{expand}") for expand in (1, 2, 4)),
]
every_case = pytest.mark.parametrize(("cls", "step", "options"), CASES)


def by_numpy(step, weights, x, mask, states):
    """Returns the outputs and final states; masked steps keep the states and repeat the output."""
    all_outputs, all_states = [], []
    for row in range(BATCH):
        now, output, outputs = [state[row] for state in states], np.zeros(UNITS), []
        for time in range(TIME):
            if mask[row, time]:
                output, now = step(weights, x[row, time], now)
            outputs.append(output)
        all_outputs.append(outputs)
        all_states.append(now)
    return [np.array(all_outputs), *(np.array(parts) for parts in zip(*all_states, strict=True))]


def case_of(cls, options, dtype):
    """Returns a layer with random weights, its weights by name, inputs and states."""
    keras.utils.set_random_seed(0)
    layer = cls(UNITS, return_sequences=True, return_state=True, dtype=dtype, **options)
    layer.build((None, None, FEATURES))
    random = np.random.default_rng(0)
    layer.set_weights([weight + random.normal(0, 0.2, weight.shape) for weight in layer.get_weights()])
    weights = {weight.name: np.asarray(weight, "float64") for weight in layer.weights}
    states = [random.normal(size=(BATCH, size)) for size in layer.state_size]
    return layer, weights, random.normal(size=(BATCH, TIME, FEATURES)), states


@every_case
@pytest.mark.parametrize("training", [False, True])
def test_they_follow_their_equations(cls, step, options, training):
    layer, weights, x, states = case_of(cls, options, "float32")
    expected = by_numpy(step, weights, x, MASK, states)
    found = layer(
        x.astype("float32"), mask=MASK, initial_state=[s.astype("float32") for s in states], training=training
    )
    for mine, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, right, atol=1e-5)


@every_case
def test_gradients_are_the_slopes_of_their_equations(cls, step, options):
    """Along a random direction of each input, state and weight."""
    layer, weights, x, states = case_of(cls, options, "float64")
    random = np.random.default_rng(1)
    scales = [random.normal(size=shape) for shape in ((BATCH, TIME, UNITS), *(state.shape for state in states))]

    def total(x, states, weights):
        results = by_numpy(step, weights, x, MASK, states)
        return sum(np.sum(result * scale) for result, scale in zip(results, scales, strict=True))

    values, given_states = tf.constant(x), [tf.constant(state) for state in states]
    with tf.GradientTape() as tape:
        tape.watch([values, *given_states])
        results = layer(values, mask=MASK, initial_state=given_states, training=True)
        loss = sum(tf.reduce_sum(result * scale) for result, scale in zip(results, scales, strict=True))
    gradients = tape.gradient(loss, [values, *given_states, *layer.trainable_variables])
    names = ["x", *range(len(states)), *(weight.name for weight in layer.trainable_variables)]
    for name, gradient in zip(names, gradients, strict=True):
        way, around = random.normal(size=gradient.shape), []
        for distance in (1e-5, -1e-5):
            moved = distance * way
            around.append(
                total(
                    x + moved if name == "x" else x,
                    [state + moved if name == number else state for number, state in enumerate(states)],
                    {key: value + moved if name == key else value for key, value in weights.items()},
                )
            )
        slope = (around[0] - around[1]) / 2e-5
        np.testing.assert_allclose(np.sum(gradient * way), slope, rtol=1e-4, atol=1e-6, err_msg=str(name))


@pytest.mark.parametrize("cls", [LRU, RGLRU])
def test_a_state_neither_grows_nor_vanishes_at_the_start(cls):
    """The normalization keeps the state as large as what enters, however slowly it decays."""
    keras.utils.set_random_seed(0)
    options = {"r_min": 0.9, "r_max": 0.999} if cls is LRU else {}
    layer = cls(64, return_state=True, **options)
    _, *states = layer(np.random.default_rng(0).normal(size=(4, 1000, 64)).astype("float32"))
    size = np.sqrt(np.mean(sum(np.square(state) for state in states)))
    assert 0.3 < size < 2


def test_the_eigenvalues_of_an_lru_begin_in_its_ring():
    layer = LRU(200, r_min=0.5, r_max=0.8, max_phase=1.0)
    layer.build((None, None, 3))
    real, imaginary = (np.asarray(part) for part in layer.cell.weights_of_block())
    radius, phase = np.hypot(real, imaginary), np.arctan2(imaginary, real)
    assert 0.5 <= radius.min() < 0.55 and 0.75 < radius.max() <= 0.8 + 1e-6
    assert 0 <= phase.min() < 0.1 and 0.9 < phase.max() <= 1.0
    np.testing.assert_allclose(np.exp(layer.cell.gamma), np.sqrt(1 - radius**2), rtol=1e-4)
    with pytest.raises(ValueError, match=r"0 <= r_min <= r_max <= 1; received 0\.9 and 0\.5"):
        LRU(3, r_min=0.9, r_max=0.5)
