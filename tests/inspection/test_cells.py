"""The states and gates of each cell are those that its layer computes."""

import keras
import numpy as np
import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.inspection.cells import RecurrentCall, cell_steps, entry_of
from keras_rnn_zoo.layers.forecast_decoder import FeedbackCell

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2, 6, 3)).astype("float32")
MASK = np.array([[True, True, False, True, True, False], [False, True, True, True, True, True]])
CELLS = registry.cells.names()
OUTPUT_IS_A_STATE = ("simple_rnn", "gru", "lstm", "mingru", "minlstm", "rglru")


def call_of(layer, mask=None):
    """Returns a call of a layer with random weights."""
    layer.build(X.shape)
    layer.set_weights([RANDOM.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])
    states = keras.tree.flatten(layer.get_initial_state(batch_size=len(X)))
    initial = [RANDOM.normal(size=state.shape).astype("float32") for state in states]
    return RecurrentCall(layer, keras.ops.convert_to_tensor(X), mask, initial, [])


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_states_are_those_of_the_layer(name, backwards):
    layer = registry.cells.get(name).layer(4, return_sequences=True, return_state=True, go_backwards=backwards)
    call = call_of(layer, MASK)
    (found,) = cell_steps(call)
    outputs, *final = layer(X, initial_state=call.initial, mask=keras.ops.convert_to_tensor(MASK))
    outputs = np.flip(outputs, axis=1) if backwards else outputs
    if name in OUTPUT_IS_A_STATE:
        h = np.asarray(found.tensors["states"]["h"])
        np.testing.assert_allclose(h[MASK], np.asarray(outputs)[MASK], atol=1e-6)
    last = 0 if backwards else -1
    for state, expected in zip(found.tensors["states"].values(), final, strict=True):
        np.testing.assert_allclose(state[:, last], expected, atol=1e-6)
    for state, expected in zip(found.tensors["initial"].values(), call.initial, strict=True):
        np.testing.assert_allclose(state, expected)
    assert found.cell == name and list(found.tensors["states"]) == list(registry.cells.get(name).states)


FORMULAS = {
    "lstm": lambda g, h, c: g["output"] * np.tanh(g["forget"] * c + g["input"] * g["candidate"]),
    "gru": lambda g, h, c: g["update"] * h + (1 - g["update"]) * g["candidate"],
    "mingru": lambda g, h, c: (1 - g["update"]) * h + g["update"] * g["candidate"],
    "minlstm": lambda g, h, c: g["forget"] * h + g["input"] * g["candidate"],
    "rglru": lambda g, h, c: g["decay"] * h + np.sqrt(1 - g["decay"] ** 2) * g["input"] * g["candidate"],
    "sru": lambda g, c: g["forget"] * c + (1 - g["forget"]) * g["candidate"],
    "slstm": lambda g, h, c, n, m: (
        g["output"] * (g["forget"] * c + g["input"] * g["candidate"]) / (g["forget"] * n + g["input"])
    ),
    "cfc": lambda g, h, c: (1 - g["time"]) * g["early"] + g["time"] * g["late"],
}
"""The first state after a step, for the gates and the states before."""


@pytest.mark.parametrize("name", FORMULAS)
def test_gates_make_the_states(name):
    (found,) = cell_steps(call_of(registry.cells.get(name).layer(4)))
    gates, states = ({key: np.asarray(v) for key, v in found.tensors[kind].items()} for kind in ("gates", "states"))
    before = {
        key: np.concatenate([np.asarray(found.tensors["initial"][key])[:, None], v[:, :-1]], axis=1)
        for key, v in states.items()
    }
    expected = FORMULAS[name](gates, **{"c": None, **before})
    np.testing.assert_allclose(expected, next(iter(states.values())), atol=1e-6)


@pytest.mark.parametrize(
    "options", [{"reset_after": False}, {"use_bias": False}, {"reset_after": False, "use_bias": False}]
)
def test_gates_of_other_forms_of_a_gru(options):
    (found,) = cell_steps(call_of(keras.layers.GRU(4, **options)))
    gates, h = (
        {key: np.asarray(v) for key, v in found.tensors["gates"].items()},
        np.asarray(found.tensors["states"]["h"]),
    )
    before = np.concatenate([np.asarray(found.tensors["initial"]["h"])[:, None], h[:, :-1]], axis=1)
    np.testing.assert_allclose(FORMULAS["gru"](gates, before, None), h, atol=1e-6)


def test_a_cell_made_of_cells_is_shown_by_its_parts():
    layer = keras.layers.RNN(FeedbackCell("lstm", 4, 2, outputs=2))
    first, second = cell_steps(call_of(layer))
    assert (first.name, second.name, first.cell) == ("lstm_1", "lstm_2", "lstm")
    for found in (first, second):
        gates, states = found.tensors["gates"], found.tensors["states"]
        np.testing.assert_allclose(gates["output"] * np.tanh(states["c"]), states["h"], atol=1e-6)
    assert entry_of(layer.cell) is None


def test_a_cell_that_the_registry_does_not_know_has_states_only():
    class Decay(keras.layers.Layer):
        state_size = output_size = 3

        def call(self, inputs, states):
            return inputs, [0.5 * states[0] + inputs]

    (found,) = cell_steps(call_of(keras.layers.RNN(Decay())))
    assert found.cell == "Decay" and list(found.tensors["states"]) == ["h"] and not found.tensors["gates"]
    h = np.asarray(found.tensors["states"]["h"])
    np.testing.assert_allclose(h[:, 1:], 0.5 * h[:, :-1] + X[:, 1:], atol=1e-6)
