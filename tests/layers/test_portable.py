import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.frameworks.keras_internals import flatten_layers
from keras_rnn_zoo.layers.portable import plain_loops, without_cudnn

CELLS = [keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM]
MASK = np.array([[True] * 6, [True] * 4 + [False] * 2, [True] + [False] * 5])


def model_of(cell, bidirectional, sequences):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    layer = cell(4, return_sequences=sequences, return_state=not bidirectional)
    layer = keras.layers.Bidirectional(layer) if bidirectional else layer
    return keras.Model(inputs, layer(inputs[0], mask=inputs[1]))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one_way", "both_ways"])
@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
def test_a_plain_loop_gives_what_keras_gives(cell, bidirectional, sequences):
    model = model_of(cell, bidirectional, sequences)
    x = np.random.default_rng(0).normal(size=(3, 6, 3)).astype("float32")
    wanted = tf.nest.flatten(model([x, MASK]))
    with plain_loops(model):
        calls = [layer for layer in flatten_layers(model) if "inner_loop" in vars(layer)]
        got = tf.nest.flatten(tf.function(model)([x, MASK]))
    assert len(calls) == (2 if bidirectional else 1)
    for mine, theirs in zip(got, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_layers_are_restored_afterwards_even_after_an_error():
    model = model_of(keras.layers.LSTM, True, True)
    layers = [layer for layer in flatten_layers(model) if isinstance(layer, keras.layers.LSTM)]
    assert [layer.use_cudnn for layer in layers] == ["auto"] * 2
    with pytest.raises(ZeroDivisionError), without_cudnn(model), plain_loops(model):
        assert [layer.use_cudnn for layer in layers] == [False] * 2
        assert all("inner_loop" in vars(layer) for layer in layers)
        _ = 1 / 0
    assert [layer.use_cudnn for layer in layers] == ["auto"] * 2
    assert not any("inner_loop" in vars(layer) for layer in layers)
