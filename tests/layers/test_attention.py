import keras
import numpy as np
import pytest

from keras_rnn_zoo.layers.attention import SequenceAttention

RANDOM = np.random.default_rng(0)
QUERIES = RANDOM.normal(size=(2, 4, 5)).astype("float32")
MEMORY = RANDOM.normal(size=(2, 6, 3)).astype("float32")
MASK = np.array([[True] * 6, [True, True, False, True, False, False]])

both_scores = pytest.mark.parametrize("score", ["luong", "bahdanau"])


def attention(score, **options):
    """Returns an attention with random weights, none of them zero."""
    layer = SequenceAttention(score, 5, **options)
    layer.build((None, None, 3))
    for number, weight in enumerate(layer.weights):
        weight.assign(np.random.default_rng(number).normal(size=weight.shape))
    return layer


def attended(layer, queries, memory, mask):
    found = layer(queries, layer.keys(memory), memory, mask)
    return tuple(keras.ops.convert_to_numpy(part) for part in found)


def expected(layer, queries, memory):
    """Returns what one query after another attends to in a memory without padding."""
    weights = {weight.path.split("/")[-2] + "/" + weight.name: weight.numpy() for weight in layer.weights}
    keys = memory @ weights["key_projection/kernel"]
    if layer.score_kind == "luong":
        scores = np.array([[query @ key for key in keys] for query in queries])
    else:
        projected = queries @ weights["query_projection/kernel"] + weights["query_projection/bias"]
        vector = weights["score/kernel"][:, 0]
        scores = np.array([[vector @ np.tanh(query + key) for key in keys] for query in projected])
    shares = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return shares @ memory, shares


@both_scores
def test_attention_is_a_weighted_mean_of_the_real_steps(score):
    layer = attention(score)
    found, weights = attended(layer, QUERIES, MEMORY, MASK)
    for row, real in enumerate(MASK):
        wanted, shares = expected(layer, QUERIES[row], MEMORY[row, real])
        np.testing.assert_allclose(found[row], wanted, atol=1e-5)
        np.testing.assert_allclose(weights[row][:, real], shares, atol=1e-5)
        assert (weights[row][:, ~real] == 0).all()


@both_scores
def test_padding_of_the_memory_changes_nothing(score):
    layer = attention(score)
    alone, _ = attended(layer, QUERIES, MEMORY, MASK)
    padded = np.concatenate([np.where(MASK[..., None], MEMORY, 50), np.full((2, 3, 3), -80, "float32")], axis=1)
    together, _ = attended(layer, QUERIES, padded, np.pad(MASK, [(0, 0), (0, 3)]))
    np.testing.assert_allclose(together, alone, atol=1e-5)


@both_scores
def test_queries_are_independent(score):
    layer = attention(score)
    together, weights = attended(layer, QUERIES, MEMORY, MASK)
    for step in range(4):
        alone, share = attended(layer, QUERIES[:, step : step + 1], MEMORY, MASK)
        np.testing.assert_allclose(alone[:, 0], together[:, step], atol=1e-6)
        np.testing.assert_allclose(share[:, 0], weights[:, step], atol=1e-6)


@pytest.fixture
def half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


@both_scores
def test_attention_in_half_precision_is_finite_and_respects_the_mask(score, half_precision):
    found, weights = attended(attention(score), (30 * QUERIES).astype("float16"), MEMORY.astype("float16"), MASK)
    assert found.dtype == weights.dtype == np.float16
    assert np.isfinite(found).all()
    assert (weights[np.broadcast_to(~MASK[:, None], weights.shape)] == 0).all()


@both_scores
def test_attention_is_restored_from_its_config(score):
    again = SequenceAttention.from_config(attention(score).get_config())
    again.build((None, None, 3))
    again.set_weights(attention(score).get_weights())
    np.testing.assert_array_equal(
        attended(again, QUERIES, MEMORY, MASK)[0], attended(attention(score), QUERIES, MEMORY, MASK)[0]
    )
