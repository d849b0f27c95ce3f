import itertools

import keras
import numpy as np
import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.layers.decoder import TextDecoder, decode_from

CELLS = registry.cells.names()
RANDOM = np.random.default_rng(0)
IDS = np.array([[2, 5, 9, 4], [2, 7, 3, 0]], "int32")
MEMORY = RANDOM.normal(size=(2, 6, 3)).astype("float32")
MASK = np.array([[True] * 6, [True, True, False, True, False, False]])

FEW = ("simple_rnn", "gru", "lstm", "mingru", "minlstm")
VARIANTS = [
    pytest.param(*variant, marks=() if variant[0] in FEW or variant[1:] == ("luong", 2) else pytest.mark.slow)
    for variant in itertools.product(CELLS, ("none", "luong", "bahdanau"), (1, 2))
]
every_variant = pytest.mark.parametrize(("cell", "attention", "layers"), VARIANTS)


def decoder(cell="lstm", attention="none", num_layers=1, memory=True, **options):
    """Returns a decoder whose weights are all random and large enough to tell."""
    layer = TextDecoder(11, 4, cell, 5, num_layers, attention, **options)
    layer.build((None, None), *([(None, None, 3), (None, None)] if memory else []))
    for number, weight in enumerate(layer.trainable_weights):
        weight.assign(0.7 * np.random.default_rng(number).normal(size=weight.shape))
    return layer


def whole(layer, *inputs, **options):
    return keras.ops.convert_to_numpy(layer(*inputs, **options))


def step_by_step(layer, ids, *memory):
    context, states = layer.start(ids, *memory)
    logits = []
    for step in range(ids.shape[1]):
        written, states = layer.step(ids[:, step], context, states)
        logits.append(keras.ops.convert_to_numpy(written))
    return np.stack(logits, axis=1)


@every_variant
def test_step_by_step_gives_what_the_whole_text_gives(cell, attention, layers):
    layer = decoder(cell, attention, layers)
    together = whole(layer, IDS, MEMORY, MASK)
    assert together.shape == (2, 4, 11)
    np.testing.assert_allclose(step_by_step(layer, IDS, MEMORY, MASK), together, atol=1e-5)


@pytest.mark.parametrize(("cell", "layers"), list(itertools.product(CELLS, (1, 2))))
def test_step_by_step_gives_what_the_whole_text_gives_without_a_memory(cell, layers):
    layer = decoder(cell, num_layers=layers, memory=False)
    np.testing.assert_allclose(step_by_step(layer, IDS), whole(layer, IDS), atol=1e-5)


@every_variant
def test_padding_of_the_memory_changes_nothing(cell, attention, layers):
    layer = decoder(cell, attention, layers)
    padded = np.concatenate([np.where(MASK[..., None], MEMORY, 50), np.full((2, 3, 3), -80, "float32")], axis=1)
    together = whole(layer, IDS, padded, np.pad(MASK, [(0, 0), (0, 3)]))
    for row, real in enumerate(MASK):
        alone = whole(layer, IDS[row : row + 1], MEMORY[row, real][None], np.ones((1, real.sum()), bool))
        np.testing.assert_allclose(together[row], alone[0], atol=1e-5)


@pytest.mark.parametrize("attention", ["none", "luong", "bahdanau"])
def test_no_logit_depends_on_a_later_token(attention):
    layer = decoder("gru", attention, num_layers=2)
    before = whole(layer, IDS, MEMORY, MASK)
    changed = IDS.copy()
    changed[:, 2] = 6
    after = whole(layer, changed, MEMORY, MASK)
    np.testing.assert_array_equal(after[:, :2], before[:, :2])
    assert (np.abs(after - before)[:, 2:].max(axis=-1) > 1e-3).all()


@pytest.mark.parametrize("attention", ["none", "luong"])
def test_every_logit_depends_on_the_memory(attention):
    layer = decoder("gru", attention)
    changed = MEMORY.copy()
    changed[:, 1] += 1
    difference = whole(layer, IDS, changed, MASK) - whole(layer, IDS, MEMORY, MASK)
    assert (np.abs(difference).max(axis=-1) > 1e-3).all()


def softmax(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("attention", ["none", "luong"])
def test_logits_are_those_of_the_papers(attention):
    """Holds two layers of simple cells against a computation token by token."""
    layer = decoder("simple_rnn", attention, num_layers=2)
    weights = {weight.path.partition("/")[2]: weight.numpy() for weight in layer.trainable_weights}

    def dense(name, x):
        return np.tanh(x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"])

    def advance(name, x, state):
        cell = {part: weights[f"{name}/simple_rnn_cell/{part}"] for part in ("kernel", "recurrent_kernel", "bias")}
        return np.tanh(x @ cell["kernel"] + state @ cell["recurrent_kernel"] + cell["bias"])

    memory = MEMORY[1, MASK[1]]
    mean = memory.mean(axis=0)
    first, second = np.split(dense("bridge", mean), 2)
    logits = []
    for token in IDS[1]:
        embedded = 2 * weights["embedding/embeddings"][token]  # By the root of the number of its features.
        if attention == "none":
            read = mean
            first = advance("simple_rnn_1", np.concatenate([embedded, read]), first)
        else:
            first = advance("simple_rnn_1", embedded, first)
            read = softmax(memory @ weights["attention/key_projection/kernel"] @ first) @ memory
        second = advance("simple_rnn_2", np.concatenate([first, read]), second)
        joined = dense("joined", np.concatenate([second, read]))
        logits.append(weights["embedding/embeddings"] @ joined + weights["bias"])
    np.testing.assert_allclose(whole(layer, IDS, MEMORY, MASK)[1], logits, atol=1e-5)


def test_dropout_acts_in_training_alone():
    layer = decoder("gru", "luong", num_layers=2, dropout=0.5)
    plain = whole(decoder("gru", "luong", num_layers=2), IDS, MEMORY, MASK)
    np.testing.assert_array_equal(whole(layer, IDS, MEMORY, MASK), plain)
    np.testing.assert_allclose(step_by_step(layer, IDS, MEMORY, MASK), plain, atol=1e-5)
    assert np.abs(whole(layer, IDS, MEMORY, MASK, training=True) - plain).max() > 0.1


def test_a_decoder_is_restored_from_its_config():
    layer = decoder("lstm", "bahdanau", num_layers=2)
    again = TextDecoder.from_config(layer.get_config())
    again.build((None, None), (None, None, 3), (None, None))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(whole(again, IDS, MEMORY, MASK), whole(layer, IDS, MEMORY, MASK))


def test_decode_from_names_what_search_looks_for():
    memory, mask = keras.Input((None, 3), name="source"), keras.Input((None,), dtype="bool", name="real")
    target, logits = decode_from(memory, mask, vocabulary_size=11, embedding_dim=4, cell="gru", units=5)
    model = keras.Model({"source": memory, "real": mask, "target": target}, logits)
    assert model.output_shape == (None, None, 11)
    assert model.output.dtype == "float32"
    assert {"memory", "memory_mask", "decoder"} <= {layer.name for layer in model.layers}
    assert model.get_layer("memory_mask").output.dtype == "bool"


def test_a_cell_may_have_states_of_different_sizes(monkeypatch):
    @keras.saving.register_keras_serializable("tests")
    class Cell(keras.layers.Layer):
        units = output_size = 5
        state_size = (5, 2)

        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 5), name="kernel")

        def call(self, inputs, states):
            mean, extra = states
            now = keras.ops.tanh(keras.ops.matmul(inputs, self.kernel) + mean + keras.ops.sum(extra, -1, keepdims=True))
            return now, [now, extra * 0.5]

    entry = registry.Cell("uneven", lambda: lambda units, **options: keras.layers.RNN(Cell(), **options))
    monkeypatch.setattr(registry.cells, "get", {"uneven": entry}.get)
    layer = decoder("uneven", "luong", 2)
    assert layer.bridge.units == 14
    together = whole(layer, IDS, MEMORY, MASK)
    np.testing.assert_allclose(step_by_step(layer, IDS, MEMORY, MASK), together, atol=1e-5)
    alone = decoder("uneven", memory=False)
    np.testing.assert_allclose(step_by_step(alone, IDS), whole(alone, IDS), atol=1e-5)
