"""Attention: for each query, a weighted mean of the encoder's outputs."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class SequenceAttention(keras.layers.Layer):
    """Attends to a memory (the encoder's outputs) `(batch, time, features)`.

    Args:
        score: how to score a query against a step of the memory: `"luong"` is a bilinear product (Luong et al. 2015,
            "general"); `"bahdanau"` is a layer of `tanh` units over both (Bahdanau et al. 2014, additive attention).
        units: features of a query.

    Example:
        >>> attention = SequenceAttention("luong", units=8)
        >>> memory, mask = keras.ops.ones((2, 5, 6)), keras.ops.ones((2, 5), "bool")
        >>> attention.build(memory.shape)
        >>> queries = keras.ops.ones((2, 3, 8))
        >>> attended, weights = attention(queries, attention.keys(memory), memory, mask)
        >>> tuple(attended.shape), tuple(weights.shape)
        ((2, 3, 6), (2, 3, 5))
    """

    def __init__(self, score, units, **kwargs):
        super().__init__(**kwargs)
        self.score_kind, self.units = score, units
        self.key_projection = keras.layers.Dense(units, use_bias=False, dtype=self.dtype_policy, name="key_projection")
        if score == "bahdanau":
            self.query_projection = keras.layers.Dense(units, dtype=self.dtype_policy, name="query_projection")
            self.score = keras.layers.Dense(1, use_bias=False, dtype=self.dtype_policy, name="score")

    def build(self, memory_shape):
        self.key_projection.build(memory_shape)
        if self.score_kind == "bahdanau":
            self.query_projection.build((None, None, self.units))
            self.score.build((None, self.units))

    def keys(self, memory):
        """Returns the keys `(batch, time, units)` of a memory; compute them once per sequence."""
        return self.key_projection(memory)

    def call(self, queries, keys, memory, memory_mask):
        """Attends to a memory.

        Args:
            queries: `(batch, steps, units)`.
            keys: the result of `keys(memory)`, `(batch, time, units)`.
            memory: `(batch, time, features)`.
            memory_mask: boolean `(batch, time)`, true at real steps.

        Returns:
            The attended vectors `(batch, steps, features)` and the attention weights `(batch, steps, time)`.
        """
        weights = self.attention_weights(queries, keys, memory_mask)
        return ops.matmul(weights, memory), weights

    def attention_weights(self, queries, keys, memory_mask):
        """Returns the weights `(batch, steps, time)`; arguments as of a call."""
        if self.score_kind == "bahdanau":
            both = ops.expand_dims(self.query_projection(queries), 2) + ops.expand_dims(keys, 1)
            # Reshape to a matrix: for tensors of rank four, Keras before 3.15 uses a TensorFlow op whose oneDNN kernel
            # reads and writes out of bounds.
            scores = self.score(ops.reshape(ops.tanh(both), (-1, self.units)))
            scores = ops.reshape(scores, ops.shape(both)[:3])  # (batch, steps, time)
        else:
            scores = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        scores = ops.where(ops.expand_dims(memory_mask, 1), scores, ops.cast(-1e4, scores.dtype))
        return ops.softmax(scores, axis=-1)

    def get_config(self):
        return {**super().get_config(), "score": self.score_kind, "units": self.units}
