"""Residual blocks, in stacks of layers and in decoders."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from streaming_models import assert_same, task, untrained

import keras_rnn_zoo as zoo
from keras_rnn_zoo.layers.decoder import TextDecoder
from keras_rnn_zoo.layers.residual import GatedMLP
from keras_rnn_zoo.streaming.stream import stream

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2, 6, 3)).astype("float32")


def normalized(x):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-6)


def test_a_gated_mlp_follows_its_formula():
    layer = GatedMLP(0.5)
    layer.build(X.shape)
    layer.set_weights([weight + RANDOM.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])
    scale, shift, inner, inner_bias, outer, outer_bias = layer.get_weights()
    gate, values = np.split((normalized(X) * scale + shift) @ inner + inner_bias, 2, axis=-1)
    expected = X + (keras.ops.convert_to_numpy(keras.ops.gelu(gate)) * values) @ outer + outer_bias
    np.testing.assert_allclose(layer(X), expected, atol=1e-5)
    again = GatedMLP.from_config(layer.get_config())
    assert again.rate == 0.5 and not np.allclose(layer(X, training=True), expected)


@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_a_stack_sums_what_its_layers_add(pooling):
    model = zoo.build(
        "many_to_one", input="series", features=3, units=4, num_layers=2, block="residual", pooling=pooling
    )
    names = [layer.name for layer in model.layers]
    assert names.count("sum_1") == 1 and names.count("mlp_2") == 1
    assert ("sum_2" in names) == (pooling == "mean")  # The final output has no step to be added to.
    before, after = model.get_layer("sum_1").input, model.get_layer("sum_1").output
    inner = keras.Model(model.input, [*before, after])(X)
    np.testing.assert_allclose(inner[0] + inner[1], inner[2], atol=1e-6)
    padded = np.concatenate([X, np.full((2, 3, 3), np.nan, "float32")], axis=1)
    np.testing.assert_allclose(model(padded), model(X), atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "attention"), [("lstm", "none"), ("mamba", "luong"), pytest.param("lru", "none", marks=pytest.mark.slow)]
)
def test_a_decoder_gives_step_by_step_what_it_gives_at_once(cell, attention):
    memory, mask = RANDOM.normal(size=(2, 6, 3)).astype("float32"), np.array([[True] * 6, [True] * 4 + [False] * 2])
    ids = np.array([[2, 5, 9, 4], [2, 7, 3, 0]], "int32")
    layer = TextDecoder(11, 4, cell, 5, 2, attention, block="residual")
    together = layer(ids, memory, mask)
    context, states = layer.start(ids, memory, mask)
    for step in range(ids.shape[1]):
        logits, states = layer.step(ids[:, step], context, states)
        np.testing.assert_allclose(logits, together[:, step], atol=1e-5)


@pytest.mark.parametrize("cell", ["lru", pytest.param("gru", marks=pytest.mark.slow)])
def test_a_language_model_of_residual_blocks_streams(cell):
    language = task("language_modeling", "text", tokens="characters")
    options = {"cell": cell, "units": 4, "num_layers": 2, "block": "residual"}
    run = untrained("sync_many_to_many", language, embedding_dim=3, causal=True, **options)
    opened, text = stream(run), b"not dull"
    for count in range(len(text) + 1):
        answer = opened.feed(text[count - 1 : count])
        logits = run.model(language.model_inputs(tf.constant([text[:count]])))
        expected = language.trim_answer(
            {name: value[0].numpy() for name, value in language.decode_next(logits[:, count]).items()}
        )
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


@pytest.mark.parametrize("pooling", ["last", pytest.param("mean", marks=pytest.mark.slow)])
def test_a_stack_of_residual_blocks_streams(pooling):
    answering = task("classification", "series", ("a", "b"))
    options = {"cell": "mamba", "units": 4, "num_layers": 2, "block": "residual", "bidirectional": False}
    run = untrained("many_to_one", answering, pooling=pooling, **options)
    whole = RANDOM.normal(size=(40, 2)).astype("float32")
    opened = stream(run)
    for start, end in ((0, 7), (7, 7), (7, 33), (33, 40)):
        assert_same(opened.feed(whole[start:end]), run.predict([whole[:end]])[0])
